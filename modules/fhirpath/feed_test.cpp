// Files into resources into views: the Synthea hospital bundles, and files that are wrong.
#include "fhirpath/feed.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <map>
#include <set>

#include "fhirpath/fhirpath.hpp"
#include "fhirpath/test_support.hpp"

namespace joinedup::fhirpath {
namespace {

namespace fs = std::filesystem;

struct Loaded {
  ViewDefinition view;
  ColumnBatch batch;
};

std::map<std::string, Loaded> shipped_views() {
  std::map<std::string, Loaded> views;
  for (const auto& file : fs::directory_iterator(JOINEDUP_SOURCE_DIR "/modules/place/feeds/fhir_r4")) {
    if (file.path().extension() != ".json") continue;
    auto view = ViewDefinition::parse(*read_file(file.path()));
    EXPECT_TRUE(view) << file.path() << ": " << (view ? "" : view.error().text());
    if (view) views.emplace(file.path().stem(), Loaded{*view, ColumnBatch(*view)});
  }
  return views;
}

std::size_t column_of(const ColumnBatch& batch, const std::string& name) {
  for (std::size_t i = 0; i < batch.column_count(); ++i)
    if (batch.column(i).name == name) return i;
  ADD_FAILURE() << "no column " << name;
  return 0;
}

std::set<std::string> values_of(const ColumnBatch& batch, const std::string& name) {
  std::set<std::string> out;
  std::size_t column = column_of(batch, name);
  for (std::size_t row = 0; row < batch.rows(); ++row)
    if (auto text = batch.text(column, row)) out.emplace(*text);
  return out;
}

std::size_t filled(const ColumnBatch& batch, const std::string& name) {
  std::size_t n = 0, column = column_of(batch, name);
  for (std::size_t row = 0; row < batch.rows(); ++row) n += batch.text(column, row).has_value();
  return n;
}

std::size_t filled_of(std::map<std::string, Loaded>& views, const std::string& view, const std::string& column) {
  return filled(views.at(view).batch, column);
}

// Counted once with another tool (Python's json over the same files).
TEST(Feed, SyntheaBundlesGiveEveryRow) {
  std::string folder = shared_data("fhir/synthea");
  if (!present(folder)) GTEST_SKIP() << "The Synthea bundles are not beside the source tree.";
  auto views = shipped_views();
  std::uint64_t read = 0, resources = 0, rejected = 0, files = 0;
  Context context;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() != ".bz2") continue;
    ++files;
    auto counts = read_fhir_file(file.path(), {
        .on_resource = [&](const FhirResource& r) {
          for (auto& one : views) {  // no structured binding: Clang 14 cannot hand one on to a lambda
            const auto& name = one.first;
            auto& loaded = one.second;
            if (loaded.view.resource() != r.type) continue;
            auto done = loaded.view.run(r.value(), context, [&](ViewRow row) { loaded.batch.append(row); });
            EXPECT_TRUE(done) << name << ": " << (done ? "" : done.error().text());
          }
        },
        .on_fault = [&](const FeedFault& fault) { ADD_FAILURE() << fault.file << " " << fault.number << " " << fault.reason; }});
    ASSERT_TRUE(counts) << counts.error().text();
    read += counts->read;
    resources += counts->resources;
    rejected += counts->rejected;
  }
  EXPECT_EQ(files, 62U);
  EXPECT_EQ(read, 49722U);
  EXPECT_EQ(resources, 49722U);
  EXPECT_EQ(rejected, 0U);
  auto rows = [&](const std::string& name) { return views.at(name).batch.rows(); };
  EXPECT_EQ(rows("patient"), 60U);
  EXPECT_EQ(rows("encounter"), 2484U);
  EXPECT_EQ(rows("condition"), 781U);
  EXPECT_EQ(rows("procedure"), 1990U);
  EXPECT_EQ(rows("medication_request"), 2962U);
  EXPECT_EQ(rows("medication"), 273U);
  EXPECT_EQ(rows("observation"), 22925U);
  EXPECT_EQ(rows("observation_component"), 806U * 2 + 33 * 3 + 3 * 11);
  EXPECT_EQ(rows("immunization"), 835U);
  EXPECT_EQ(rows("organization"), 194U);

  // Every clinical row names a patient that is there, and every row of a visit names its encounter.
  auto patients = values_of(views.at("patient").batch, "id"), encounters = values_of(views.at("encounter").batch, "id");
  EXPECT_EQ(patients.size(), 60U);
  for (const char* name : {"encounter", "condition", "procedure", "medication_request", "observation", "immunization"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(filled_of(views, name, "patient_id"), rows(name));
    for (const auto& id : values_of(views.at(name).batch, "patient_id")) EXPECT_TRUE(patients.count(id)) << id;
    if (std::string(name) == "encounter") continue;
    EXPECT_EQ(filled_of(views, name, "encounter_id"), rows(name));
    for (const auto& id : values_of(views.at(name).batch, "encounter_id")) EXPECT_TRUE(encounters.count(id)) << id;
  }
  // The providers are named by conditional references: each joins to one identifier of one organisation.
  auto identifiers = values_of(views.at("organization_identifier").batch, "identifier");
  EXPECT_EQ(filled_of(views, "encounter", "service_provider_identifier"), 2484U);
  for (const auto& one : values_of(views.at("encounter").batch, "service_provider_identifier"))
    EXPECT_TRUE(identifiers.count(one)) << one;
  // Codes: in the request, or in the medication it refers to.
  EXPECT_EQ(filled_of(views, "medication_request", "code"), 2689U);
  EXPECT_EQ(filled_of(views, "medication_request", "medication_id"), 273U);
  auto medications = values_of(views.at("medication").batch, "id");
  for (const auto& id : values_of(views.at("medication_request").batch, "medication_id")) EXPECT_TRUE(medications.count(id));
  for (const char* name : {"condition", "procedure", "immunization", "medication"})
    EXPECT_EQ(filled_of(views, name, "code"), rows(name)) << name;
  EXPECT_EQ(filled_of(views, "patient", "deceased_date"), 14U);
  EXPECT_EQ(filled_of(views, "patient", "medical_record_number"), 60U);
  EXPECT_EQ(filled_of(views, "encounter", "start_date"), 2484U);
  EXPECT_EQ(filled_of(views, "observation", "value_quantity"), 19770U);
  EXPECT_EQ(filled_of(views, "observation", "value_code"), 2308U);
  EXPECT_EQ(filled_of(views, "observation", "value_text"), 5U);
}

TEST(Feed, ShippedViewsReadAnNhsPatient) {
  auto views = shipped_views();
  auto document = parse_document(R"({"resourceType":"Patient","id":"9000000009","identifier":[
      {"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}],
      "name":[{"use":"usual","given":["Janie"],"family":"Old"},{"use":"official","given":["Jane","Marie"],"family":"Smith"}],
      "gender":"female","birthDate":"2010-10-22","deceasedDateTime":"2010-10",
      "address":[{"use":"temp","postalCode":"ZZ1 1ZZ"},{"use":"home","postalCode":"LS1 6AE"}],
      "generalPractitioner":[{"type":"Organization","identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"Y12345"}}]})");
  ASSERT_TRUE(document);
  auto& patient = views.at("patient");
  Context context;
  ASSERT_TRUE(patient.view.run(document->root_value(), context, [&](ViewRow row) { patient.batch.append(row); }));
  auto text = [&](const std::string& name) { return patient.batch.text(column_of(patient.batch, name), 0); };
  EXPECT_EQ(text("nhs_number"), "9000000009");
  EXPECT_EQ(text("family"), "Smith");
  EXPECT_EQ(text("given"), "Jane Marie");
  EXPECT_EQ(text("postcode"), "LS1 6AE");
  EXPECT_EQ(text("deceased_date"), std::nullopt);  // a month is no day
  EXPECT_EQ(text("deceased_text"), "2010-10");
  EXPECT_EQ(text("general_practitioner_identifier"), "https://fhir.nhs.uk/Id/ods-organization-code|Y12345");
}

class FeedFiles : public testing::Test {
 protected:
  FeedFiles() : folder_(fs::temp_directory_path() / ("joinedup_feed_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~FeedFiles() override { fs::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& text) {
    std::string path = folder_ / name;
    EXPECT_TRUE(write_file(path, text));
    return path;
  }
  Result<FeedCounts> read(const std::string& path, const FeedLimits& limits = {}) {
    ids_.clear();
    faults_.clear();
    return read_fhir_file(path, {.on_resource = [&](const FhirResource& r) {
                                   ids_.push_back(std::to_string(r.number) + ":" + std::string(r.document->text_of(r.node, "id")));
                                 },
                                 .on_fault = [&](const FeedFault& f) { faults_.push_back(std::to_string(f.number)); }}, limits);
  }
  fs::path folder_;
  std::vector<std::string> ids_, faults_;
};

using Texts = std::vector<std::string>;

TEST_F(FeedFiles, NdjsonReportsBadLinesAndReadsTheRest) {
  std::string path = put("p.ndjson",
                         "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n"
                         "{\"resourceType\":\"Patient\",\"id\":\n"
                         "\n"
                         "{\"id\":\"no type\"}\n"
                         "{\"resourceType\":\"Patent\",\"id\":\"c\"}\r\n"
                         "[1]\n"
                         "\xff\xfe\n"
                         "{\"resourceType\":\"Patient\",\"id\":\"z\"}");
  auto counts = read(path);
  ASSERT_TRUE(counts);
  EXPECT_EQ(ids_, (Texts{"1:a", "8:z"}));
  EXPECT_EQ(faults_, (Texts{"2", "4", "5", "6", "7"}));
  EXPECT_EQ(counts->read, 7U);
  EXPECT_EQ(counts->read, counts->resources + counts->rejected);
}

TEST_F(FeedFiles, AnOverlongLineIsOneFaultAndTheNextIsRead) {
  std::string path = put("p.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"" + std::string(600000, 'x') + "\"}\n" +
                                         "{\"resourceType\":\"Patient\",\"id\":\"b\"}\n");
  auto counts = read(path, {.longest_line = 1000});
  ASSERT_TRUE(counts);
  EXPECT_EQ(ids_, (Texts{"2:b"}));
  EXPECT_EQ(faults_, (Texts{"1"}));
  EXPECT_EQ(counts->read, 2U);
}

TEST_F(FeedFiles, LinesAcrossBlocksAreWhole) {
  std::string text;
  for (int i = 0; i < 3000; ++i)
    text += "{\"resourceType\":\"Patient\",\"id\":\"" + std::to_string(i) + "\",\"x\":\"" + std::string(static_cast<std::size_t>(i % 700), 'y') + "\"}\n";
  auto counts = read(put("p.ndjson", text));
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->resources, 3000U);
  EXPECT_EQ(ids_.back(), "3000:2999");
}

TEST_F(FeedFiles, BundleEntriesWithoutAResourceAreReported) {
  auto counts = read(put("b.json", R"({"resourceType":"Bundle","type":"transaction","entry":[
      {"request":{"method":"DELETE","url":"Patient/1"}}, 7, {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"1"}}]})"));
  ASSERT_TRUE(counts);
  EXPECT_EQ(ids_, (Texts{"3:1"}));
  EXPECT_EQ(faults_, (Texts{"1", "2"}));
  EXPECT_EQ(counts->read, 3U);
}

TEST_F(FeedFiles, ASingleResourceIsRead) {
  auto counts = read(put("p.json", R"({"id":"1","resourceType":"Patient"})"));
  ASSERT_TRUE(counts);
  EXPECT_EQ(ids_, (Texts{"1:1"}));
}

TEST_F(FeedFiles, LinesInAJsonFileAreReadAsLines) {
  auto counts = read(put("p.json", "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n{\"resourceType\":\"Patient\"\n"
                                   "{\"resourceType\":\"Patient\",\"id\":\"c\"}\n"));
  ASSERT_TRUE(counts);
  EXPECT_EQ(ids_, (Texts{"1:a", "3:c"}));
  EXPECT_EQ(faults_, (Texts{"2"}));
}

TEST_F(FeedFiles, TruncatedGzipIsOneClearError) {
  std::string path = folder_ / "b.json.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  std::string text = R"({"resourceType":"Patient","id":"1","x":")";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919);
  text += "\"}";
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  ASSERT_TRUE(read(path));
  EXPECT_EQ(ids_, (Texts{"1:1"}));
  fs::resize_file(path, fs::file_size(path) / 2);
  auto counts = read(path);
  ASSERT_FALSE(counts);
  EXPECT_NE(counts.error().sentence.find("ends too early"), std::string::npos);
}

TEST_F(FeedFiles, AnAbsentFileAnEmptyFileAndAnotherFormatAreErrors) {
  EXPECT_FALSE(read(folder_ / "none.json"));
  EXPECT_FALSE(read(put("e.json", "")));
  EXPECT_FALSE(read(put("c.json", "PK\x03\x04")));
  auto empty = read(put("e.ndjson", ""));
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->read, 0U);
}

TEST_F(FeedFiles, AFileThatUnpacksBeyondTheLimitIsAnError) {
  std::string path = folder_ / "bomb.json.gz";
  gzFile file = gzopen(path.c_str(), "wb9");
  std::string zeros(1 << 20, ' ');
  for (int i = 0; i < 50; ++i) gzwrite(file, zeros.data(), static_cast<unsigned>(zeros.size()));
  gzclose(file);
  auto counts = read(path, {.largest_file = 4 << 20});
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace joinedup::fhirpath
