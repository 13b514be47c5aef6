#include "ingest/views.hpp"

#include <cstdlib>

#include "ingest/fixture.hpp"

namespace joinedup::ingest {
namespace {

std::string shared_data() {
  const auto* set = std::getenv("JOINEDUP_SHARED_DATA");
  return set ? set : JOINEDUP_SOURCE_DIR "/../shared/data";
}

class Views : public IngestFixture {
 protected:
  void fhir() {
    shipped();
    std::erase_if(options_.feeds, [](const auto& feed) { return feed.feed != "fhir_r4"; });
    ASSERT_EQ(options_.feeds.size(), 1u);
  }
};

}  // namespace

// The counts were taken with another tool (Python's json over the same files).
TEST_F(Views, SyntheaBundlesAreStagedWithEveryResourceAccountedFor) {
  const auto folder = shared_data() + "/fhir/synthea";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "The Synthea bundles are not beside the source tree.";
  fhir();
  std::filesystem::create_directories(folder_ / "feeds/fhir_r4");
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".bz2") std::filesystem::create_symlink(file.path(), folder_ / "feeds/fhir_r4" / file.path().filename());
  const auto summary = ingest();
  EXPECT_EQ(summary.files.size(), 62u);
  EXPECT_TRUE(summary.refused.empty());
  EXPECT_EQ(rows("SELECT (SELECT count(*) FROM fhir_patient), (SELECT count(*) FROM fhir_encounter), (SELECT count(*) FROM fhir_condition), "
                 "(SELECT count(*) FROM fhir_procedure), (SELECT count(*) FROM fhir_medication_request), (SELECT count(*) FROM fhir_medication), "
                 "(SELECT count(*) FROM fhir_observation), (SELECT count(*) FROM fhir_immunization)"),
            "60|2484|781|1990|2962|273|22925|835\n");
  EXPECT_EQ(summary.rows_rejected, 0u);
  // 49,722 resources were received: staged ones and those of types without a table.
  EXPECT_EQ(summary.rows_kept + count("resource.no_table"), 49722u);
  EXPECT_EQ(rows("SELECT count(*) FROM fhir_encounter e JOIN reference_identity r ON r.reference_scope = 'fhir' AND r.person_ref = e.person_ref "
                 "JOIN identity_record i ON i.identity_key = r.identity_key"), "2484\n");
  EXPECT_EQ(rows("SELECT count(*) FROM fhir_condition c JOIN fhir_encounter e ON e.encounter = c.encounter"), "781\n");
  EXPECT_EQ(rows("SELECT count(*) FROM fhir_medication_request q LEFT JOIN fhir_medication m ON m.medication = q.medication "
                 "WHERE coalesce(q.code, m.code) IS NOT NULL"), "2962\n");
  // Fewer files, once on one thread and once on three: the same rows.
  std::size_t kept = 0;
  for (const auto& file : summary.files)
    if (++kept > 4) std::filesystem::remove(folder_ / "feeds" / file.file);
  ingest();
  const auto sums = rows("SELECT count(*), sum(hash(e)), (SELECT sum(hash(i)) FROM identity_record i) FROM fhir_encounter e");
  options_.threads = 1;
  ingest();
  EXPECT_EQ(rows("SELECT count(*), sum(hash(e)), (SELECT sum(hash(i)) FROM identity_record i) FROM fhir_encounter e"), sums);
}

TEST_F(Views, BadResourcesAreCountedAndTheRestIsRead) {
  fhir();
  file("fhir_r4/patients.ndjson", R"({"resourceType":"Patient","id":"a","birthDate":"1950-02-01","gender":"female","name":[{"family":"Smith"}]}
{"resourceType":"Patient","id":
{"resourceType":"Encounter","id":"e1","subject":{"reference":"Patient/a"},"status":"finished","class":{"code":"IMP"},"period":{"start":"2024-05-01T10:30:00+01:00"}}
{"resourceType":"Encounter","id":"e2","subject":{"reference":"Patient/a"},"status":"finished","class":{"code":"IMP"}}
{"resourceType":"Claim","id":"c"}
)");
  const auto summary = ingest();
  EXPECT_EQ(summary.rows_in, 4u);
  EXPECT_EQ(summary.rows_kept, 2u);
  EXPECT_EQ(count("resource.unreadable"), 1u);
  EXPECT_EQ(count("required.missing", "start_date"), 1u);
  EXPECT_EQ(count("resource.no_table", "Claim"), 1u);
  EXPECT_EQ(rows("SELECT row_id, class, start_date, start_time, source_row & 1048575 FROM fhir_encounter"), "e1|IMP|2024-05-01|630|3\n");
  file("fhir_r4/broken.json", "{\"resourceType\":");
  EXPECT_EQ(ingest().refused.size(), 1u);
  EXPECT_EQ(rows("SELECT count(*) FROM fhir_encounter"), "1\n");
}

}  // namespace joinedup::ingest
