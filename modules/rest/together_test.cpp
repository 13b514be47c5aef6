// Writes that share a flush, writes that exclude each other, and what a transaction leaves as it is.
#include <atomic>
#include <thread>

#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

// Counts the writes that reach the store.
class Counting final : public fhir::Store {
 public:
  explicit Counting(fhir::Store& to) : to_(to) {}
  Result<std::vector<fhir::Written>> write(const std::vector<fhir::Write>& writes) override {
    ++count;
    return to_.write(writes);
  }
  Result<fhir::Version> read(std::string_view type, std::string_view id, const fhir::Permit& permit) override { return to_.read(type, id, permit); }
  Result<fhir::Version> read_version(std::string_view type, std::string_view id, std::uint64_t version, const fhir::Permit& permit) override { return to_.read_version(type, id, version, permit); }
  Result<fhir::HistoryPage> history(const fhir::HistoryRequest& request, const fhir::Permit& permit) override { return to_.history(request, permit); }
  Result<fhir::SearchPage> search(const fhir::Query& query, const fhir::Permit& permit, fhir::SearchTrace* trace) override { return to_.search(query, permit, trace); }
  Result<fhir::ChangesPage> changes(std::uint64_t after, std::size_t most, const fhir::Permit& permit) override { return to_.changes(after, most, permit); }
  std::atomic<int> count{0};

 private:
  fhir::Store& to_;
};

std::string post(const std::string& type, const std::string& more = "") {
  return R"({"resource":{"resourceType":")" + type + "\"" + more + R"(},"request":{"method":"POST","url":")" + type + "\"}}";
}
std::string put(const std::string& id, const std::string& more = "") {
  return R"({"resource":{"resourceType":"Patient","id":")" + id + "\"" + more + R"(},"request":{"method":"PUT","url":"Patient/)" + id + "\"}}";
}
std::string bundle(const std::string& type, const std::string& entries) { return R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entries + "]}"; }

class TogetherTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    counting_ = std::make_unique<Counting>(*store_);
    api_ = std::make_unique<Api>(*counting_, options());
  }
  std::unique_ptr<Counting> counting_;
};

TEST_F(TogetherTest, ABatchsPlainWritesAreOneWriteAndAnsweredInOrder) {
  const auto answer = send("POST /", bundle("batch", post("Patient") + "," + put("a") + "," + post("Observation") + "," + put("b") + R"(,{"request":{"method":"GET","url":"Patient/b"}},)" + post("Patient")));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(counting_->count, 2);  // what comes before the read, and what comes after it
  const auto read = json(answer);
  EXPECT_EQ(entries(answer), 6U);
  for (const auto& [place, status, location] : {std::tuple("0", "201 Created", "/Patient/"), {"1", "201 Created", "/Patient/a/_history/1"}, {"2", "201 Created", "/Observation/"}, {"3", "201 Created", "/Patient/b/_history/1"}, {"5", "201 Created", "/Patient/"}}) {
    EXPECT_EQ(at(read, std::string("entry/") + place + "/response/status"), status);
    EXPECT_NE(at(read, std::string("entry/") + place + "/response/location").find(location), std::string::npos) << answer.body;
    EXPECT_EQ(at(read, std::string("entry/") + place + "/resource"), "(none)");
  }
  EXPECT_EQ(at(read, "entry/4/resource/id"), "b");
  EXPECT_EQ(at(send("POST /", bundle("batch", put("a", R"(,"active":true)")), {{"Prefer", "return=representation"}}), "entry/0/resource/active"), "true");
}

TEST_F(TogetherTest, ABatchsEntryThatIsRefusedRefusesNoOther) {
  const auto answer = send("POST /", bundle("batch", put("a") + "," + put("not an id") + "," + put("a", R"(,"active":true)") + "," + post("Nonsense") + R"(,{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/y"}},)" + put("c")));
  const auto read = json(answer);
  const char* statuses[] = {"201 Created", "4", "200 OK", "40", "400 Bad Request", "201 Created"};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(at(read, "entry/" + std::to_string(i) + "/response/status").starts_with(statuses[i])) << i << " " << answer.body;
  EXPECT_EQ(at(send("GET /Patient/a"), "active"), "true");
  EXPECT_EQ(at(send("GET /Patient/a"), "meta/versionId"), "2");
  EXPECT_EQ(send("GET /Patient/c").status, 200);
}

// Of a plain create and a conditional one at the same moment: the second to come sees the first.
TEST_F(TogetherTest, APlainCreateNeverMakesASecondMatchBehindAConditionalOne) {
  for (int round = 0; round < 40; ++round) {
    const std::string patient = R"({"resourceType":"Patient","identifier":[{"system":"s","value":")" + std::to_string(round) + R"("}]})";
    std::atomic<int> ready{0};
    std::atomic<std::uint64_t> conditional{0}, plain{0};
    const auto instant = [&](const Response& response) -> std::uint64_t {
      const auto number = at(response, "id");
      const auto kept = store_->read("Patient", number, everything_);
      return kept ? static_cast<std::uint64_t>(kept->instant) : 0;
    };
    int status = 0;
    std::thread other([&] {
      for (++ready; ready < 2;) {}
      plain = instant(send("POST /Patient", patient));
    });
    for (++ready; ready < 2;) {}
    const auto made = send("POST /Patient", patient, {{"If-None-Exist", "identifier=s|" + std::to_string(round)}});
    status = made.status;
    conditional = instant(made);
    other.join();
    // It creates only where it came first; where the plain one was there it finds it.
    if (status == 201) EXPECT_LE(conditional.load(), plain.load());
    else EXPECT_EQ(conditional.load(), plain.load());
  }
}

TEST_F(TogetherTest, ADefinitionsOwnAddressIsNotALink) {
  const std::string set = R"({"fullUrl":"http://x/ValueSet/v","resource":{"resourceType":"ValueSet","url":"http://x/ValueSet/v","status":"active"},"request":{"method":"POST","url":"ValueSet"}})";
  const std::string form = R"({"fullUrl":"urn:uuid:9d1b3f2e-0000-4000-8000-000000000001","resource":{"resourceType":"Questionnaire","status":"active","extension":[{"url":"http://x/e","valueUri":"http://x/ValueSet/v"}],"item":[{"linkId":"1","type":"choice","answerValueSet":"http://x/ValueSet/v|2.0"}]},"request":{"method":"POST","url":"Questionnaire"}})";
  const std::string answers = R"({"resource":{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://x/ValueSet/v|1.0","subject":{"reference":"http://x/ValueSet/v"}},"request":{"method":"POST","url":"QuestionnaireResponse"}})";
  const auto made = send("POST /", bundle("transaction", set + "," + form + "," + answers), {{"Prefer", "return=representation"}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(at(made, "entry/0/resource/url"), "http://x/ValueSet/v");
  EXPECT_EQ(at(made, "entry/1/resource/item/0/answerValueSet"), "http://x/ValueSet/v|2.0");
  EXPECT_EQ(at(made, "entry/1/resource/extension/0/valueUri"), "http://x/ValueSet/v");
  EXPECT_EQ(at(made, "entry/2/resource/questionnaire"), "http://x/ValueSet/v|1.0");
  EXPECT_EQ(at(made, "entry/2/resource/subject/reference"), "ValueSet/" + at(made, "entry/0/resource/id"));
}

TEST_F(TogetherTest, AHistoryCanBeAskedForAMoment) {
  for (int i = 0; i < 3; ++i) {
    send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto moment = [&](const char* version) { return at(send("GET /Patient/a/_history/" + std::string(version)), "meta/lastUpdated"); };
  const auto second = moment("2"), third = moment("3");
  const auto shown = [&](const std::string& query) {
    std::string out;
    for (const auto& one : send("GET /Patient/a/_history?" + query).shown) out += std::to_string(one.version);
    return out;
  };
  EXPECT_EQ(shown("_at=2100"), "3");
  EXPECT_EQ(shown("_at=" + second.substr(0, 4)), "321");
  EXPECT_EQ(shown("_at=1999"), "");
  EXPECT_EQ(send("GET /Patient/a/_history?_at=1999").status, 200);
  EXPECT_EQ(send("GET /Patient/a/_history?_at=" + second).status, 200);
  EXPECT_LE(shown("_at=" + second).size(), 2U) << second << " " << third;
  EXPECT_EQ(send("GET /Patient/a/_history?_at=soon").status, 400);
  EXPECT_EQ(send("GET /Patient/_history?_at=2020").status, 400);
  send("DELETE /Patient/a");
  EXPECT_EQ(shown("_at=2100"), "");
}

TEST_F(TogetherTest, AHistoryThatIsWithheldIsAbsentAtEveryTime) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
  struct Nobody final : fhir::Permit {
    bool everything() const override { return false; }
    bool allows(fhir::Action, const fhir::Asked&) const override { return false; }
  } const nobody;
  permit_ = &nobody;
  for (const char* query : {"", "?_since=2000", "?_at=2000", "?_at=2100"}) {
    const auto denied = send(std::string("GET /Patient/a/_history") + query), absent = send(std::string("GET /Patient/b/_history") + query);
    EXPECT_EQ(denied.status, 404) << query;
    EXPECT_EQ(denied.body, absent.body) << query;
  }
  permit_ = &everything_;
}

TEST_F(TogetherTest, ABinaryIsGivenAsWhatItHoldsToWhoAsksForThat) {
  send("PUT /Binary/b", R"({"resourceType":"Binary","id":"b","contentType":"text/plain;charset=utf-8","data":"aGVsbG8="})");
  const auto raw = send("GET /Binary/b", {}, {{"Accept", "text/plain"}});
  EXPECT_EQ(raw.status, 200);
  EXPECT_EQ(raw.body, "hello");
  EXPECT_EQ(raw.header("Content-Type"), "text/plain");
  EXPECT_EQ(raw.header("X-Content-Type-Options"), "nosniff");
  EXPECT_NE(raw.header("Content-Security-Policy").find("sandbox"), std::string_view::npos);
  EXPECT_EQ(raw.shown.size(), 1U);
  EXPECT_EQ(send("GET /Binary/b/_history/1", {}, {{"Accept", "text/*"}}).body, "hello");
  for (const char* accept : {"", "*/*", "application/fhir+json", "text/plain, application/fhir+json"}) EXPECT_EQ(at(send("GET /Binary/b", {}, {{"Accept", accept}}), "data"), "aGVsbG8=") << accept;
  EXPECT_EQ(send("GET /Binary/b", {}, {{"Accept", "image/png"}}).status, 406);
  EXPECT_EQ(send("GET /Binary/none", {}, {{"Accept", "image/png"}}).status, 404);
  EXPECT_EQ(send("GET /Patient/none", {}, {{"Accept", "text/plain"}}).status, 406);
  // What it says of itself becomes a header only where it is a media type.
  send("PUT /Binary/c", R"({"resourceType":"Binary","id":"c","contentType":"text/plain\r\nSet-Cookie: a=b","data":"aGVsbG8="})");
  EXPECT_EQ(send("GET /Binary/c", {}, {{"Accept", "text/*"}}).status, 406);
}

}  // namespace
}  // namespace joinedup::rest
