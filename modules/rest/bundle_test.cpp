#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "fhirpath/fhirpath.hpp"
#include "rest/bulk_files.hpp"
#include "rest/links.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class BundleTest : public ApiTest {
 protected:
  Response post(const std::string& type, const std::string& entries, const std::vector<Header>& headers = {}) const {
    return send("POST /", R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entries + "]}", headers);
  }
};

TEST(Links, AllOtherBytesStay) {
  const std::string text = "{ \"resourceType\" : \"Observation\",\n\"valueDecimal\": 1.10, \"subject\":{\"reference\" : \"urn:uuid:1\"}, \"note\":\"reference\", "
                           "\"text\":{\"div\":\"<div><a href=\\\"urn:uuid:1\\\">x</a><img src='urn:uuid:2'/></div>\"}, \"valueUri\":\"urn:uuid:2\",\"valueString\":\"urn:uuid:1\"}";
  const auto out = replace_links(text, [](LinkPlace, std::string_view link) -> Result<std::optional<std::string>> {
    if (link == "urn:uuid:1") return std::optional<std::string>("Patient/9");
    if (link == "urn:uuid:2") return std::optional<std::string>("Media/8");
    return std::optional<std::string>();
  });
  EXPECT_EQ(*out, "{ \"resourceType\" : \"Observation\",\n\"valueDecimal\": 1.10, \"subject\":{\"reference\" : \"Patient/9\"}, \"note\":\"reference\", "
                  "\"text\":{\"div\":\"<div><a href=\\\"Patient/9\\\">x</a><img src='Media/8'/></div>\"}, \"valueUri\":\"Media/8\",\"valueString\":\"urn:uuid:1\"}");
}

const char* const two = R"({"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","gender":"female"},"request":{"method":"POST","url":"Patient"}},
  {"fullUrl":"urn:uuid:o","resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:p"}},"request":{"method":"POST","url":"Observation"}})";

TEST_F(BundleTest, ATransactionLinksItsOwnResources) {
  const auto done = post("transaction", two);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done, "type"), "transaction-response");
  EXPECT_EQ(at(done, "entry/0/response/status"), "201 Created");
  const auto patient = at(send("GET /Patient"), "entry/0/resource/id");
  EXPECT_EQ(at(send("GET /Observation?subject=Patient/" + patient), "entry/0/resource/subject/reference"), "Patient/" + patient);
  EXPECT_EQ(at(post("transaction", two, {{"Prefer", "return=representation"}}), "entry/1/resource/resourceType"), "Observation");
}

TEST_F(BundleTest, ATransactionIsWholeOrNotAtAll) {
  send("PUT /Patient/there", R"({"resourceType":"Patient","id":"there"})");
  const auto before = store_->figures().rows;
  const std::string good = two;
  for (const std::string bad : {
           R"({"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/y"}})",
           R"({"resource":{"resourceType":"Patient","id":"there"},"request":{"method":"PUT","url":"Patient/there","ifMatch":"W/\"7\""}})",
           R"({"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:nobody"}},"request":{"method":"POST","url":"Observation"}})",
           R"({"resource":{"resourceType":"Observation","subject":{"reference":"Patient?identifier=none"}},"request":{"method":"POST","url":"Observation"}})",
           R"({"request":{"method":"POST","url":"Patient"}})",
           R"({"resource":{"resourceType":"Patient"},"request":{"method":"BREW","url":"Patient"}})",
           R"({"request":{"method":"DELETE","url":"Patient/there"}},{"resource":{"resourceType":"Patient","id":"there"},"request":{"method":"PUT","url":"Patient/there"}})",
           R"({"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}})",
           R"({"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="},"request":{"method":"PATCH","url":"Patient/none"}})",
       }) {
    const auto refused = post("transaction", good + "," + bad);
    EXPECT_GE(refused.status, 400) << bad;
    EXPECT_EQ(at(refused, "resourceType"), "OperationOutcome");
    EXPECT_EQ(store_->figures().rows, before) << bad;
  }
}

TEST_F(BundleTest, DeletesThenCreatesThenUpdatesThenReads) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a","identifier":[{"system":"s","value":"1"}]})");
  send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b","gender":"male"})");
  const auto done = post("transaction", R"(
    {"request":{"method":"GET","url":"Patient/b"}},
    {"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6ImZlbWFsZSJ9XQ=="},"request":{"method":"PATCH","url":"Patient/b"}},
    {"request":{"method":"DELETE","url":"Patient?identifier=s|1"}},
    {"resource":{"resourceType":"Patient","identifier":[{"system":"s","value":"2"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|2"}},
    {"resource":{"resourceType":"Patient","identifier":[{"system":"s","value":"2"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|2"}},
    {"request":{"method":"GET","url":"Patient?_count=1&_summary=count"}})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done, "entry/0/resource/gender"), "female");  // read after the patch
  EXPECT_EQ(at(done, "entry/2/response/status"), "204 No Content");
  EXPECT_EQ(at(done, "entry/3/response/status"), "201 Created");
  EXPECT_EQ(at(done, "entry/4/response/status"), "200 OK");
  EXPECT_EQ(at(done, "entry/3/response/location"), at(done, "entry/4/response/location"));
  EXPECT_EQ(at(done, "entry/5/resource/total"), "2");
  EXPECT_EQ(send("GET /Patient/a").status, 410);
}

TEST_F(BundleTest, RelativeReferencesMeanTheServerTheyCameFrom) {
  const auto done = post("transaction", R"(
    {"fullUrl":"http://old/fhir/Patient/7","resource":{"resourceType":"Patient","id":"7"},"request":{"method":"POST","url":"Patient"}},
    {"fullUrl":"http://old/fhir/Observation/8","resource":{"resourceType":"Observation","id":"8","status":"final","subject":{"reference":"Patient/7"},"focus":[{"reference":"Patient/elsewhere"},{"reference":"#c"},{"reference":"Patient/7/_history/1"}],"contained":[{"resourceType":"Patient","id":"c"}]},"request":{"method":"POST","url":"Observation"}})");
  ASSERT_EQ(done.status, 200) << done.body;
  const auto observation = json(send("GET /Observation"));
  EXPECT_EQ(at(observation, "entry/0/resource/subject/reference"), "Patient/" + at(send("GET /Patient"), "entry/0/resource/id"));
  EXPECT_EQ(at(observation, "entry/0/resource/focus/0/reference"), "Patient/elsewhere");
  EXPECT_EQ(at(observation, "entry/0/resource/focus/1/reference"), "#c");
  EXPECT_EQ(at(observation, "entry/0/resource/focus/2/reference"), "Patient/7/_history/1");
}

TEST_F(BundleTest, ReferencesMayGoInCircles) {
  const auto done = post("transaction", R"(
    {"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:b"},"type":"seealso"}]},"request":{"method":"POST","url":"Patient"}},
    {"fullUrl":"urn:uuid:b","resource":{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:a"},"type":"seealso"}]},"request":{"method":"POST","url":"Patient"}})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(entries(send("GET /Patient?link:missing=false&_include:iterate=Patient:link")), 2U);
}

TEST_F(BundleTest, ABatchAnswersEachEntryAlone) {
  const auto done = post("batch", R"(
    {"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}},
    {"request":{"method":"GET","url":"Patient/none"}},
    {"request":{"method":"GET","url":"/Patient/a"}},
    {"resource":{"resourceType":"Bundle","type":"batch"},"request":{"method":"POST","url":""}})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(done, "entry/0/response/status"), "201 Created");
  EXPECT_EQ(at(done, "entry/1/response/status"), "404 Not Found");
  EXPECT_EQ(at(done, "entry/1/response/outcome/resourceType"), "OperationOutcome");
  EXPECT_EQ(at(done, "entry/2/resource/id"), "a");
  EXPECT_EQ(at(done, "entry/3/response/status"), "400 Bad Request");
  EXPECT_EQ(send("POST /", R"({"resourceType":"Bundle","type":"searchset"})").status, 400);
  EXPECT_EQ(send("POST /", R"({"resourceType":"Patient"})").status, 400);
}

TEST_F(BundleTest, TwoConditionalCreatesNeverBothCreate) {
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"s","value":"1"}]})";
  std::atomic<int> created{0};
  std::vector<std::thread> crew;
  for (int i = 0; i < 8; ++i)
    crew.emplace_back([&, i] {
      Response response;
      if (i % 2 == 0) response = send("POST /Patient", body, {{"If-None-Exist", "identifier=s|1"}});
      else response = post("transaction", R"({"resource":)" + body + R"(,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|1"}})");
      created += response.status == 201 || response.body.find("201 Created") != std::string::npos;
    });
  for (auto& worker : crew) worker.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(at(send("GET /Patient?_summary=count"), "total"), "1");
}

// May write and see the patients named, and nothing else.
struct OnlyThese final : fhir::Permit {
  std::set<std::string> ids;
  bool everything() const override { return false; }
  bool allows(fhir::Action, const fhir::Asked& asked) const override { return asked.type == "Patient" && (asked.id.empty() || ids.contains(std::string(asked.id))); }
};

TEST_F(BundleTest, OneEntryThatMayNotBeWrittenRefusesAll) {
  const std::string body = R"("identifier":[{"system":"s","value":")";
  for (const char* id : {"ann", "bob"}) {
    const std::string name = id;
    send("PUT /Patient/" + name, R"({"resourceType":"Patient","id":")" + name + "\"," + body + name + "\"}]}");
  }
  const auto before = store_->figures().rows;
  OnlyThese these;
  these.ids = {"ann", "new"};
  permit_ = &these;
  const auto put = [](const std::string& id) { return R"({"resource":{"resourceType":"Patient","id":")" + id + R"("},"request":{"method":"PUT","url":"Patient/)" + id + "\"}}"; };
  EXPECT_EQ(post("transaction", put("ann") + "," + put("bob")).status, 403);
  EXPECT_EQ(post("transaction", put("ann") + R"(,{"resource":{"resourceType":"Organization"},"request":{"method":"POST","url":"Organization"}})").status, 403);
  // Whom the caller may not see matches no condition of theirs.
  EXPECT_EQ(post("transaction", put("ann") + R"(,{"resource":{"resourceType":"Patient","link":[{"other":{"reference":"Patient?identifier=s|bob"},"type":"seealso"}]},"request":{"method":"POST","url":"Patient"}})").status, 412);
  EXPECT_EQ(store_->figures().rows, before);
  // Denied and absent are one: to delete either is nothing to do, to patch either is not found.
  for (const char* id : {"bob", "never"}) {
    const std::string name = id;
    EXPECT_EQ(at(post("transaction", R"({"request":{"method":"DELETE","url":"Patient/)" + name + "\"}}"), "entry/0/response/status"), "204 No Content");
    EXPECT_EQ(post("transaction", R"({"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="},"request":{"method":"PATCH","url":"Patient/)" + name + "\"}}").status, 404);
  }
  EXPECT_EQ(store_->figures().rows, before);
  const auto good = post("transaction", put("ann") + "," + put("new") + R"(,{"request":{"method":"GET","url":"Patient/bob"}})");
  ASSERT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(at(good, "entry/2/response/status"), "404 Not Found");
  EXPECT_EQ(at(good, "entry/1/response/status"), "201 Created");
}

// --- the Synthea bundles ---

class SyntheaTest : public BundleTest {
 protected:
  // Posts the bundles of patients whose place in the list fits; gives how many resources were in those posted.
  std::size_t load(std::size_t most_patients) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    for (const auto& file : fs::directory_iterator(shared_data("fhir/synthea"))) files.push_back(file.path().string());
    std::sort(files.begin(), files.end());
    std::size_t resources = 0, posted = 0;
    for (const auto& file : files) {
      const bool partners = file.find("/0-") != std::string::npos;
      if (!partners && posted >= most_patients) continue;
      posted += !partners;
      std::string text;
      fhirpath::FeedHandler handler;
      handler.on_resource = [&](const fhirpath::FhirResource& one) {
        ++resources;
        if (text.empty()) text = one.document->text(one.document->root());
      };
      EXPECT_TRUE(fhirpath::read_fhir_file(file, handler));
      for (std::size_t from = text.find("\"reference\""); from != text.npos; from = text.find("\"reference\"", from + 1)) {
        const auto colon = text.find('"', from + 11), end = text.find('"', colon + 1);
        conditional_ += text.substr(colon, end - colon).find('?') != std::string::npos;
      }
      const auto answer = send("POST /", text);
      EXPECT_EQ(answer.status, 200) << file << " " << answer.body.substr(0, 300);
      EXPECT_EQ(answer.body.find("\"outcome\""), std::string::npos) << file;
    }
    return resources;
  }
  // Every version in the record: how many, how many references are not of the form Type/id, and how many lead nowhere.
  void inspect(std::size_t& stored, std::size_t& odd, std::size_t& dangling, std::size_t& conditional_resolved) {
    fhir::HistoryRequest request;
    request.count = 1000;
    std::set<std::string> there;
    std::vector<std::string> links;
    do {
      auto page = store_->history(request, everything_);
      ASSERT_TRUE(page);
      for (const auto& version : page->versions) {
        ++stored;
        there.insert(version.type + "/" + version.id);
        static_cast<void>(replace_links(version.body, [&](LinkPlace place, std::string_view link) -> Result<std::optional<std::string>> {
          if (place == LinkPlace::reference && !link.starts_with('#')) links.emplace_back(link);
          return std::optional<std::string>();
        }));
      }
      request.cursor = page->next;
    } while (!request.cursor.empty());
    for (const auto& link : links) {
      odd += link.find(':') != std::string::npos || link.find('?') != std::string::npos;  // a urn or a condition that is left
      dangling += !there.contains(link);
      const auto type = link.substr(0, link.find('/'));
      conditional_resolved += type == "Practitioner" || type == "Organization" || type == "Location";
    }
  }
  std::size_t conditional_ = 0;
};

TEST_F(SyntheaTest, BundlesLoadAsTransactionsWithNothingLost) {
  if (!std::filesystem::exists(shared_data("fhir/synthea"))) GTEST_SKIP() << "the Synthea bundles are not here (JOINEDUP_SHARED_DATA)";
  const bool all = std::getenv("JOINEDUP_LONG_TESTS") != nullptr;
  const std::size_t resources = load(all ? 1000 : 4);
  std::size_t stored = 0, odd = 0, dangling = 0, resolved = 0;
  inspect(stored, odd, dangling, resolved);
  EXPECT_EQ(stored, resources);
  EXPECT_EQ(odd, 0U);
  EXPECT_EQ(dangling, 0U);
  if (all) {
    EXPECT_EQ(stored, 49'722U);
    EXPECT_EQ(conditional_, 43'987U);
    EXPECT_EQ(resolved, 43'987U);
  }
  // The other way in: out as NDJSON, and into an empty record.
  const auto out = (folder_ / "out").string();
  const auto files = export_files(*store_, {.folder = out, .types = {}, .since = {}}, everything_);
  ASSERT_TRUE(files) << files.error().text();
  auto other = fhir::open_store({.path = (folder_ / "other.sqlite").string(), .base_url = base, .clock = {}, .new_id = {}});
  ASSERT_TRUE(other);
  api_ = std::make_unique<Api>(**other, options());
  const auto done = import_files(**other, *api_, {.folder = out});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->read, resources);
  EXPECT_EQ(done->stored, resources);
  std::size_t again = 0, odd_again = 0, dangling_again = 0, resolved_again = 0;
  store_ = std::move(*other);
  inspect(again, odd_again, dangling_again, resolved_again);
  EXPECT_EQ(again, resources);
  EXPECT_EQ(dangling_again, 0U);
  EXPECT_EQ(resolved_again, resolved);
  std::printf("%zu resources, %zu conditional references, %zu that lead to partners\n", stored, conditional_, resolved);
}

}  // namespace
}  // namespace joinedup::rest
