// Who opened an alert, under the permits that the policy gives.
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using AlertsTest = CaseworkTest;

TEST_F(AlertsTest, WhoOpenedItFirstStands) {
  accepted("ann");
  put("Communication", "c", R"("status":"completed","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/communication-category","code":"alert"}]}],"subject":{"reference":"Patient/ann"},)"
                            R"("sent":"2026-06-01T11:00:00Z","payload":[{"contentString":"Admitted to hospital."}])");
  EXPECT_EQ(call(out(), "Communication/c/$opened").status, 404) << "not theirs to see, not theirs to open";
  const auto opened = call(cora(), "Communication/c/$opened");
  ASSERT_EQ(opened.status, 200) << opened.json.dump();
  EXPECT_EQ(text_at(opened.json, "received"), "2026-06-01T12:00:00Z");
  EXPECT_EQ(text_at(opened.json, "extension/0/url"), "urn:joinedup:opened-by");
  EXPECT_EQ(text_at(opened.json, "extension/0/valueReference/reference"), "Practitioner/cora");
  EXPECT_EQ(find("Provenance", "target=Communication/c").size(), 1U);
  // The second to press the button changes nothing, and is told who was first.
  now_ += an_hour;
  const auto again = call(lea(), "Communication/c/$opened");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(text_at(again.json, "extension/0/valueReference/reference"), "Practitioner/cora");
  EXPECT_EQ(text_at(stored("Communication/c"), "received"), "2026-06-01T12:00:00Z");
}

}  // namespace
}  // namespace joinedup::casework
