#include "rest/patch.hpp"

#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <sstream>

#include "base/file.hpp"
#include "fhirpath/xml_to_json.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

TEST(JsonPatch, ThePublishedCasesPass) {
  const auto text = read_file(shared_data("fhir/fhir-test-cases/r4/patch/json-patch-tests.json"));
  if (!text) GTEST_SKIP() << "the FHIR test cases are not here (JOINEDUP_SHARED_DATA)";
  const auto cases = Json::parse(*text);
  ASSERT_TRUE(cases);
  EXPECT_EQ(cases->items.size(), 16U);
  for (const Json& one : cases->items) {
    const auto out = json_patch(one.find("doc")->text(), one.find("patch")->text(), 100);
    const std::string comment = one.find("comment")->string();
    if (one.find("error") != nullptr) {
      EXPECT_FALSE(out) << comment;
      continue;
    }
    ASSERT_TRUE(out) << comment << out.error().text();
    EXPECT_TRUE(same_json(*Json::parse(*out), *one.find("expected"))) << comment << *out;
  }
}

TEST(JsonPatch, NumbersAreComparedByValueAndKeptByDigits) {
  EXPECT_EQ(*json_patch(R"({"a":1.10,"b":[]})", R"([{"op":"test","path":"/a","value":1.1},{"op":"copy","from":"/a","path":"/b/-"}])", 9), R"({"a":1.10,"b":[1.10]})");
}

TEST(JsonPatch, CopiesThatDoubleAreStopped) {
  std::string patch = "[";
  for (int i = 0; i < 900; ++i) patch += std::string(i == 0 ? "" : ",") + R"({"op":"copy","from":"/a","path":"/a/-"})";
  const auto out = json_patch(R"({"a":[1]})", patch + "]", 1000);
  ASSERT_FALSE(out);
  std::string wide = "[";
  for (int i = 0; i < 60; ++i) wide += std::string(i == 0 ? "" : ",") + R"({"op":"copy","from":"","path":"/x)" + std::to_string(i) + "\"}";
  const auto stopped = json_patch(R"({"a":[1]})", wide + "]", 1000);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::too_large);
}

std::string json_of(const pugi::xml_node& node) {
  std::ostringstream text;
  node.print(text, "", pugi::format_raw);
  const auto json = fhirpath::xml_to_json(text.str());
  EXPECT_TRUE(json) << text.str();
  return json ? *json : "{}";
}

// One case gives a narrative once as XML, whose reader drops white space, and once as text, which has it.
std::string without_space(std::string text) {
  for (auto at = text.find("\\n"); at != text.npos; at = text.find("\\n", at)) text.erase(at, 2);
  std::erase(text, ' ');
  return text;
}

// FHIR's own cases; those of the mode "backwards" only say what a differ would write.
TEST(FhirPathPatch, ThePublishedCasesPass) {
  pugi::xml_document file;
  if (!file.load_file(shared_data("fhir/fhir-test-cases/r4/patch/fhir-patch-tests.xml").c_str(), pugi::parse_default | pugi::parse_ws_pcdata))
    GTEST_SKIP() << "the FHIR test cases are not here (JOINEDUP_SHARED_DATA)";
  int seen = 0;
  for (const auto& one : file.child("tests").children("case")) {
    const std::string name = one.attribute("name").value();
    ++seen;
    const auto out = fhirpath_patch(json_of(one.child("input").first_element_by_path("Patient")), json_of(one.child("diff").child("Parameters")), 100);
    if (one.child("error")) {
      EXPECT_FALSE(out) << name;
      continue;
    }
    ASSERT_TRUE(out) << name << ": " << out.error().text();
    const auto expected = json_of(one.child("output").first_element_by_path("Patient"));
    EXPECT_TRUE(same_json(*Json::parse(without_space(*out)), *Json::parse(without_space(expected)))) << name << "\n" << *out << "\n" << expected;
  }
  EXPECT_EQ(seen, 33);
}

std::string operation(const std::string& parts) {
  return R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)" + parts + "]}]}";
}

TEST(FhirPathPatch, ChoicesTakeTheNameOfTheirType) {
  const std::string patient = R"({"resourceType":"Patient","id":"a","deceasedDateTime":"2020-01-01","_deceasedDateTime":{"id":"x"}})";
  EXPECT_EQ(*fhirpath_patch(patient, operation(R"({"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.deceased"},{"name":"value","valueBoolean":true})"), 9),
            R"({"resourceType":"Patient","id":"a","deceasedBoolean":true})");
  EXPECT_EQ(*fhirpath_patch(R"({"resourceType":"Patient","id":"a"})", operation(R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"deceased"},{"name":"value","valueBoolean":true})"), 9),
            R"({"resourceType":"Patient","id":"a","deceasedBoolean":true})");
}

TEST(FhirPathPatch, ListsOfSimpleValuesKeepTheirExtensionsBesideThem) {
  const std::string patient = R"({"resourceType":"Patient","name":[{"given":["A",null,"C"],"_given":[null,{"id":"b"},null]}]})";
  EXPECT_EQ(*fhirpath_patch(patient, operation(R"({"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name.given[0]"})"), 9),
            R"({"resourceType":"Patient","name":[{"given":[null,"C"],"_given":[{"id":"b"},null]}]})");
}

TEST(FhirPathPatch, SaysWhatIsWrong) {
  const std::string patient = R"({"resourceType":"Patient","id":"a","gender":"male","name":[{"family":"A"},{"family":"B"}]})";
  for (const char* parts : {R"({"name":"type","valueCode":"brew"},{"name":"path","valueString":"Patient"})", R"({"name":"type","valueCode":"delete"})",
                            R"({"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name"})",
                            R"({"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient"})",
                            R"({"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.name[0"})",
                            R"({"name":"type","valueCode":"delete"},{"name":"path","valueString":"'text'"})",
                            R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"gender"},{"name":"value","valueCode":"female"})",
                            R"({"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient"},{"name":"name","valueString":"colour"},{"name":"value","valueCode":"red"})",
                            R"({"name":"type","valueCode":"move"},{"name":"path","valueString":"Patient.name"},{"name":"source","valueInteger":0},{"name":"destination","valueInteger":7})",
                            R"({"name":"type","valueCode":"insert"},{"name":"path","valueString":"Patient.name"},{"name":"index","valueInteger":-1},{"name":"value","valueHumanName":{}})"})
    EXPECT_FALSE(fhirpath_patch(patient, operation(parts), 9)) << parts;
}

}  // namespace
}  // namespace joinedup::rest
