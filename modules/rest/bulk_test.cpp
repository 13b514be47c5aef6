#include <fstream>
#include <thread>

#include "rest/bulk_files.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class BulkTest : public ApiTest {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const auto folder = folder_ / "in";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / name) << text;
    return folder.string();
  }
  static std::string body_of(const Response& response) {
    std::string out = response.body, piece;
    if (!response.more) return out;
    for (bool more = true; more;) {
      auto got = response.more(piece);
      EXPECT_TRUE(got);
      more = got.value_or(false);
      out += piece;
    }
    return out;
  }
  Response wait_for(const std::string& status) const {
    for (int i = 0; i < 1000; ++i) {
      auto response = send("GET " + status);
      if (response.status != 202) return response;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }
  std::string kick_off(const std::string& line, const std::string& body = {}) const {
    const auto started = send(line, body, {{"Prefer", "respond-async"}});
    EXPECT_EQ(started.status, 202) << started.body;
    return std::string(started.header("Content-Location")).substr(std::string(base).size());
  }
};

TEST_F(BulkTest, NdjsonIsReadAndWhatIsWrongIsSaidByLine) {
  const auto folder = file("a.ndjson", R"({"resourceType":"Patient","id":"a","multipleBirthInteger":1}
{"resourceType":"Patient","id":"a"

{"resourceType":"Nothing"}
{"resourceType":"Patient","gender":"female"}
{"resourceType":"Patient","id":"not an id"}
)");
  const auto done = import_files(*store_, *api_, {.folder = folder});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->read, 5U);
  EXPECT_EQ(done->stored, 2U);
  ASSERT_EQ(done->rejected_count, 3U);
  std::vector<std::uint64_t> lines;
  for (const auto& one : done->rejected) lines.push_back(one.line);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{2, 4, 6}));
  EXPECT_EQ(done->rejected[0].file, "a.ndjson");
  EXPECT_EQ(send("GET /Patient/a").status, 200);
  const auto strict = import_files(*store_, *api_, {.folder = file("a.ndjson", R"({"resourceType":"Patient","id":"b","gender":"blue"})"), .validation = Validation::reject});
  ASSERT_TRUE(strict);
  EXPECT_EQ(strict->rejected_count, 1U);
  EXPECT_EQ(import_files(*store_, *api_, {.folder = "/nowhere"}).error().code, ErrorCode::not_found);
}

TEST_F(BulkTest, BundlesWaitForThoseTheyReferTo) {
  file("a.json", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"performer":[{"reference":"Practitioner?identifier=s|1"}]},"request":{"method":"POST","url":"Observation"}}]})");
  file("b.json", R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Practitioner","identifier":[{"system":"s","value":"1"}]},"request":{"method":"POST","url":"Practitioner","ifNoneExist":"identifier=s|1"}},{"request":{"method":"GET","url":"Patient/none"}}]})");
  file("c.json", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","performer":[{"reference":"Practitioner?identifier=s|2"}]},"request":{"method":"POST","url":"Observation"}}]})");
  const auto folder = file("d.json", R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"a"}},{"fullUrl":"x"}]})");
  const auto done = import_files(*store_, *api_, {.form = ImportOptions::Form::bundles, .folder = folder});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->read, 6U);
  EXPECT_EQ(done->stored, 3U);
  EXPECT_EQ(done->rejected_count, 3U);
  EXPECT_EQ(at(send("GET /Observation?_total=accurate"), "total"), "1");
}

TEST_F(BulkTest, ExportedFilesAreWhatWasImported) {
  const std::string lines = "{\"resourceType\":\"Patient\",\"id\":\"a\",\n\"multipleBirthInteger\":1}";
  send("PUT /Patient/a", lines);
  send("PUT /Organization/o", R"({"resourceType":"Organization","id":"o","name":"line\nend"})");
  const auto out = (folder_ / "out").string();
  const auto files = export_files(*store_, {.folder = out, .types = {}, .since = {}}, everything_);
  ASSERT_TRUE(files) << files.error().text();
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[1].count, 1U);
  std::ifstream patients(out + "/Patient.ndjson");
  std::string line, more;
  std::getline(patients, line);
  EXPECT_FALSE(std::getline(patients, more));
  EXPECT_EQ(line, [&] { auto text = send("GET /Patient/a").body; std::replace(text.begin(), text.end(), '\n', ' '); return text; }());
  const auto perms = std::filesystem::status(out + "/Patient.ndjson").permissions();
  EXPECT_EQ(perms & (std::filesystem::perms::group_all | std::filesystem::perms::others_all), std::filesystem::perms::none);
}

TEST_F(BulkTest, ExportIsStartedAskedForReadAndDeleted) {
  for (int i = 0; i < 50; ++i) send("PUT /Patient/p" + std::to_string(i), R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + "\"}");
  send("PUT /Observation/of", R"({"resourceType":"Observation","id":"of","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}})");
  send("PUT /Observation/other", R"({"resourceType":"Observation","id":"other","status":"final","code":{"text":"x"},"subject":{"reference":"Location/l"}})");
  send("PUT /Location/l", R"({"resourceType":"Location","id":"l"})");
  EXPECT_EQ(send("GET /$export").status, 400);  // not asynchronous

  const auto status = kick_off("GET /Patient/$export");
  const auto done = wait_for(status);
  ASSERT_EQ(done.status, 200) << done.body;
  const auto manifest = json(done);
  ASSERT_EQ(manifest.find("output")->items.size(), 2U);
  EXPECT_EQ(at(manifest, "output/0/type"), "Observation");
  EXPECT_EQ(at(manifest, "output/0/count"), "1");  // the one about a place is nobody's
  EXPECT_EQ(at(manifest, "output/1/count"), "50");
  const auto address = at(manifest, "output/1/url").substr(std::string(base).size());
  const auto lines = body_of(send("GET " + address));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 50);
  const auto rest = send("GET " + address, {}, {{"Range", "bytes=100-"}});
  EXPECT_EQ(rest.status, 206);
  EXPECT_EQ(body_of(rest), lines.substr(100));
  EXPECT_EQ(send("GET " + address, {}, {{"Range", "bytes=99999999-"}}).status, 416);
  EXPECT_EQ(send("GET /$export-file/" + status.substr(status.rfind('/') + 1) + "/job.json").status, 404);
  EXPECT_EQ(send("DELETE " + status).status, 202);
  EXPECT_EQ(send("GET " + status).status, 404);
  EXPECT_EQ(send("GET " + address).status, 404);

  const auto all = json(wait_for(kick_off("POST /$export", R"({"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Location,Observation"}]})")));
  EXPECT_EQ(all.find("output")->items.size(), 2U);
  EXPECT_EQ(at(json(wait_for(kick_off("GET /$export?_since=2100-01-01T00:00:00Z"))), "output"), "[]");
  EXPECT_EQ(send("GET /$export?_typeFilter=Patient%3Fgender%3Dmale", {}, {{"Prefer", "respond-async"}}).status, 400);
}

TEST_F(BulkTest, AGroupsExportIsOfItsMembersOnly) {
  for (const char* id : {"a", "b", "c"}) {
    const std::string name = id;
    send("PUT /Patient/" + name, R"({"resourceType":"Patient","id":")" + name + "\"}");
    send("PUT /Observation/" + name, R"({"resourceType":"Observation","id":")" + name + R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + name + "\"}}");
  }
  send("PUT /Group/g", R"({"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"},"inactive":true}]})");
  const auto manifest = json(wait_for(kick_off("GET /Group/g/$export?_type=Patient,Observation")));
  ASSERT_EQ(manifest.find("output")->items.size(), 2U);
  for (int i = 0; i < 2; ++i) {
    const auto line = body_of(send("GET " + at(manifest, "output/" + std::to_string(i) + "/url").substr(std::string(base).size())));
    EXPECT_EQ(at(*Json::parse(line), "id"), "a");
  }
  EXPECT_EQ(send("GET /Group/none/$export", {}, {{"Prefer", "respond-async"}}).status, 404);
}

struct Nobody final : fhir::Permit {
  bool everything() const override { return false; }
  bool allows(fhir::Action, const fhir::Asked&) const override { return false; }
};

TEST_F(BulkTest, NotWithoutLeave) {
  const auto status = kick_off("GET /$export");
  wait_for(status);
  const Nobody nobody;
  permit_ = &nobody;
  EXPECT_EQ(send("GET /$export", {}, {{"Prefer", "respond-async"}}).status, 403);
  EXPECT_EQ(send("GET " + status).status, 403);
  EXPECT_EQ(send("DELETE " + status).status, 403);
}

// Sees one patient, and may export.
struct OnlyA final : fhir::Permit {
  bool everything() const override { return false; }
  bool allows(fhir::Action action, const fhir::Asked& asked) const override { return action == fhir::Action::everything_export || asked.id == "a"; }
};

TEST_F(BulkTest, AnExportHoldsWhatItsAskerMaySeeAndIsTheirsAlone) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
  send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b"})");
  auto with = options();
  with.export_permit = [](const std::string& principal) -> Result<std::unique_ptr<fhir::Permit>> {
    if (principal != "u-1") return fail(ErrorCode::forbidden, "Whoever began this export may not any more.");
    return std::make_unique<OnlyA>();
  };
  api_.reset();
  api_ = std::make_unique<Api>(*store_, with);
  principal_ = "u-1";
  const auto status = kick_off("GET /$export?_type=Patient");
  const auto manifest = json(wait_for(status));
  EXPECT_EQ(at(manifest, "output/0/count"), "1");
  const auto address = at(manifest, "output/0/url").substr(std::string(base).size());
  EXPECT_EQ(body_of(send("GET " + address)).find("\"b\""), std::string::npos);
  principal_ = "u-2";
  EXPECT_EQ(send("GET " + status).status, 404);
  EXPECT_EQ(send("GET " + address).status, 404);
  EXPECT_EQ(send("DELETE " + status).status, 404);
  EXPECT_EQ(wait_for(kick_off("GET /$export?_type=Patient")).status, 500) << "who may not any more gets nothing";
}

TEST_F(BulkTest, AnExportGoesOnAfterARestart) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
  const auto folder = folder_ / "exports" / "j";
  std::filesystem::create_directories(folder);
  // As a server leaves it that was ended while it wrote the second of two types.
  std::ofstream(folder / "job.json") << R"({"format":1,"address":"x","instant":"2024-01-01T00:00:00.000Z","since":"","of":"everybody","state":"waiting","fault":"","ended":0,"types":["Organization","Patient"],"files":[{"type":"Organization","name":"Organization.ndjson","count":7}]})";
  api_.reset();
  api_ = std::make_unique<Api>(*store_, options());
  const auto manifest = json(wait_for("/$export-status/j"));
  EXPECT_EQ(at(manifest, "output/0/count"), "7");  // not written again
  EXPECT_EQ(at(manifest, "output/1/count"), "1");
}

}  // namespace
}  // namespace joinedup::rest
