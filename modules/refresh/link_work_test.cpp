// What clerks do about links, over a small synthetic place: decisions outlive refreshes, a wrong row comes off at once.
#include "refresh/link_work.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "care_door/care_door.hpp"
#include "engine/engine.hpp"
#include "fhir/fhir.hpp"
#include "refresh/csv_table.hpp"
#include "refresh/refresh.hpp"
#include "synth/synth.hpp"

namespace joinedup::refresh {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

class LinkWorkTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_progress_quiet(true);
    folder_ = (fs::temp_directory_path() / ("joinedup_links_" + std::to_string(::getpid()))).string();
    fs::remove_all(folder_);
    synth::SynthOptions options;
    options.people = 3000;
    options.seed = 12;
    options.years = 1;
    options.folder = folder_;
    ASSERT_TRUE(synth::generate_place(options));
    place_ = new place::Place(*place::read_place(folder_));
    const auto outcome = refresh_place(*place_, {});
    ASSERT_TRUE(outcome) << outcome.error().text();
    first_ = new Status(outcome->status);
  }
  static void TearDownTestSuite() {
    fs::remove_all(folder_);
    delete place_;
    delete first_;
  }
  static void refresh_again() {
    const auto outcome = refresh_place(*place_, {});
    ASSERT_TRUE(outcome) << outcome.error().text();
    ASSERT_FALSE(outcome->was_unchanged) << "a decision is a reason to refresh";
  }
  // Person of every row, as feed|row → person.
  static std::map<std::string, std::string> people() {
    const auto file = export_links(*place_, 2);
    EXPECT_TRUE(file) << file.error().text();
    std::map<std::string, std::string> all;
    const auto text = read_file(*file);
    for (const auto line : split(*text, '\n')) {
      const auto fields = split(line, ',');
      if (fields.size() >= 4) all[std::string(fields[0]) + "|" + std::string(fields[1])] = std::string(fields[2]);
    }
    return all;
  }
  static CsvTable queue() {
    const auto written = export_review(*place_, folder_ + "/pairs.csv", "A. Clerk");
    EXPECT_TRUE(written) << written.error().text();
    return *read_csv_table(*read_file(folder_ + "/pairs.csv"), "pairs.csv");
  }
  static Result<vault::DecisionOutcome> decide(const std::string& pair, const std::string& verdict, const std::string& when, const std::string& who = "A. Clerk") {
    const auto file = folder_ + "/decided.csv";
    if (!write_file(file, "pair_id,decision,who,when\n" + pair + "," + verdict + "," + who + "," + when + "\n", FileMode::secret)) return fail(ErrorCode::internal, "no file");
    return import_review(*place_, file);
  }
  static std::string identity_person(std::int64_t identity) {
    auto vault = vault::Vault::open(*place_);
    return std::to_string(vault->care_person(identity)->person_key);
  }
  static inline std::string folder_;
  static inline place::Place* place_ = nullptr;
  static inline Status* first_ = nullptr;
};

std::size_t column(const CsvTable& table, const std::string& name) {
  return static_cast<std::size_t>(std::find(table.header.begin(), table.header.end(), name) - table.header.begin());
}

}  // namespace

TEST_F(LinkWorkTest, PrecisionAndRecallAgainstTheKnownTruth) {
  const auto text = link_quality_json(*place_, folder_ + "/truth/person.csv", 2);
  ASSERT_TRUE(text) << text.error().text();
  const auto quality = Json::parse(*text);
  const auto& all = quality["all"][0];
  std::printf("3,000 people: links precise %.4f%%, found %.3f%%; rows precise %.4f%%, found %.3f%%; pairs of rows precise %.4f%%, found %.3f%%; threshold %.2f\n",
              100 * all["precision"]["value"].get<double>(), 100 * all["recall"]["value"].get<double>(), 100 * all["precision_of_rows"].get<double>(),
              100 * all["recall_of_rows"].get<double>(), 100 * quality["row_pairs"]["precision"].get<double>(), 100 * quality["row_pairs"]["recall"].get<double>(),
              first_->linkage_model.threshold_weight);
  EXPECT_GE(all["precision_of_rows"].get<double>(), 0.9995);
  EXPECT_GE(all["recall_of_rows"].get<double>(), 0.99);
  EXPECT_LE(all["precision"]["low"].get<double>(), all["precision"]["value"].get<double>());
  for (const auto* by : {"by_step", "by_feed", "by_age", "by_sex", "by_deprivation_fifth", "by_ethnicity"}) EXPECT_GE(quality[by].size(), 2u) << by;
  std::int64_t rows = 0;
  for (const auto& feed : quality["by_feed"]) rows += feed["rows"].get<std::int64_t>();
  EXPECT_EQ(rows, all["rows"].get<std::int64_t>());
  const auto rates = link_quality_json(*place_, "", 2);
  ASSERT_TRUE(rates) << rates.error().text();
  EXPECT_FALSE(Json::parse(*rates)["all"][0].contains("precision")) << "no truth, no precision";
}

TEST_F(LinkWorkTest, TheQueueIsForTheOwnerOnlyAndLogged) {
  const auto pairs = queue();
  ASSERT_GT(pairs.rows.size(), 5u);
  EXPECT_LE(pairs.rows.size(), 200u);
  struct stat status {};
  ASSERT_EQ(::stat((folder_ + "/pairs.csv").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(export_review(*place_, folder_ + "/other.csv", "")) << "nobody takes pairs without a name";
  for (const auto& row : pairs.rows) EXPECT_FALSE(row.fields[column(pairs, "pair_id")].empty());
}

TEST_F(LinkWorkTest, DecisionsOutliveRefreshesAndAreUndoneByLaterOnes) {
  const auto pairs = queue();
  // A pair of two who hold no two numbers: "same" makes them one.
  const auto reason = column(pairs, "reason");
  std::string pair;
  for (const auto& row : pairs.rows)
    if (row.fields[reason] == "near_threshold") pair = row.fields[0];
  ASSERT_FALSE(pair.empty());
  auto vault = vault::Vault::open(*place_);
  const auto cases = *vault->review_queue();
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const auto& one) { return one.pair_id == pair; });
  ASSERT_NE(found, cases.end());
  const auto one = *found;
  vault = fail(ErrorCode::internal, "closed");
  EXPECT_NE(identity_person(one.identity_a), identity_person(one.identity_b));

  ASSERT_TRUE(decide(pair, "same", "2026-04-01"));
  refresh_again();
  EXPECT_EQ(identity_person(one.identity_a), identity_person(one.identity_b));
  {
    auto open = vault::Vault::open(*place_);
    const auto care = open->care_person(one.identity_a);
    ASSERT_TRUE(care);
    EXPECT_TRUE(std::binary_search(care->identity_keys.begin(), care->identity_keys.end(), one.identity_b)) << "a clerk's word holds for care";
  }
  ASSERT_TRUE(refresh_place(*place_, {.unchanged = Unchanged::refresh_again}));
  EXPECT_EQ(identity_person(one.identity_a), identity_person(one.identity_b)) << "outlives a refresh";
  for (const auto& row : queue().rows) EXPECT_NE(row.fields[0], pair) << "decided, not asked again";

  const auto undone = decide(pair, "different", "2026-04-02", "B. Second");
  ASSERT_TRUE(undone) << undone.error().text();
  ASSERT_EQ(undone->notes.size(), 1u);
  EXPECT_NE(undone->notes[0].find("replaces same by A. Clerk"), std::string::npos) << undone->notes[0];
  refresh_again();
  EXPECT_NE(identity_person(one.identity_a), identity_person(one.identity_b));
  const auto again = decide(pair, "different", "2026-04-02", "B. Second");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->known, 1u) << "the same file twice is one decision";
  const auto history = Json::parse(*key_history_json(*place_));
  bool merged = false, split_again = false;
  for (const auto& event : history) {
    merged = merged || event["kind"] == "merge";
    split_again = split_again || event["kind"] == "split";
  }
  EXPECT_TRUE(merged && split_again);
}

TEST_F(LinkWorkTest, FaultyDecisionsAreNamedAndNothingIsRecorded) {
  const auto pair = queue().rows.at(0).fields[0];
  const auto expect = [&](const std::string& text, const std::string& sentence) {
    ASSERT_TRUE(write_file(folder_ + "/decided.csv", text, FileMode::secret));
    const auto done = import_review(*place_, folder_ + "/decided.csv");
    ASSERT_FALSE(done) << text;
    EXPECT_NE(done.error().text().find(sentence), std::string::npos) << done.error().text();
  };
  const std::string header = "pair_id,decision,who,when\n";
  expect(header + pair + ",perhaps,A,2026-04-01\n", "same, different or unsure");
  expect(header + pair + ",same,,2026-04-01\n", "who made it");
  expect(header + pair + ",same,A,yesterday\n", "must be a date");
  expect(header + "0000000000000000,same,A,2026-04-01\n", "never offered");
  expect(header + pair + ",same,A,2026-04-01\n" + pair + ",different,B,2026-04-01\n", "decided twice at the same time");
  expect("pair_id,decision\n" + pair + ",same\n", "no column \"who\"");
  expect(header + pair + ",same,A\n", "3 fields");
  expect(header + "\"" + pair + ",same,A,2026-04-01\n", "never closed");
  for (const auto& row : queue().rows)
    if (row.fields[0] == pair) return;
  FAIL() << "the pair is no longer asked: a faulty file was recorded";
}

TEST_F(LinkWorkTest, AWrongRowComesOffAtOnceStaysOffAndListsWhatItStoodBeside) {
  // A hospital row of somebody with several.
  const auto before = people();
  std::map<std::string, std::vector<std::string>> rows_of;
  for (const auto& [row, person] : before) rows_of[person].push_back(row);
  std::string row;
  for (const auto& [person, rows] : rows_of)
    if (rows.size() > 5 && rows.front().starts_with("ae_sus|")) row = rows.front();
  ASSERT_FALSE(row.empty());
  const vault::RowName name{"ae_sus", row.substr(row.find('|') + 1)};
  EXPECT_FALSE(unlink_row(*place_, name, "", "x"));
  const auto text = unlink_row(*place_, name, "A. Clerk", "another of the same name");
  ASSERT_TRUE(text) << text.error().text();
  const auto done = Json::parse(*text);
  EXPECT_NE(done["old_person_key"], done["new_person_key"]);
  EXPECT_FALSE(done["wrong_record"].empty());
  ASSERT_FALSE(done["published_rows"].empty());
  bool in_attendances = false;
  for (const auto& table : done["published_rows"]) in_attendances = in_attendances || (table["table"] == "emergency_attendance" && table["rows"] == 1);
  EXPECT_TRUE(in_attendances) << *text;
  EXPECT_EQ(done["shared_record"]["done"], true) << *text;
  EXPECT_FALSE(unlink_row(*place_, name, "A. Clerk", "again")) << "taken off already";
  refresh_again();
  const auto after = people();
  const auto alone = after.at(row);
  EXPECT_NE(alone, before.at(row));
  for (const auto& [other, person] : after) {
    EXPECT_TRUE(other == row || person != alone) << other;
    if (other == row || before.at(other) != before.at(row)) continue;
    EXPECT_EQ(person, before.at(row)) << "the others keep their key";
  }
  const auto status = published_status(*place_);
  EXPECT_TRUE(status->reconciled) << status->not_reconciled_because;
  ASSERT_TRUE(refresh_place(*place_, {.unchanged = Unchanged::refresh_again}));
  EXPECT_EQ(people().at(row), alone) << "stays off, with its key";

  ASSERT_TRUE(relink_row(*place_, name, "A. Clerk", "it was right"));
  refresh_again();
  EXPECT_EQ(people().at(row), before.at(row));
  EXPECT_FALSE(unlink_row(*place_, {"gp_event", "1"}, "A. Clerk", "x")) << "rows of events go with their registration";
  EXPECT_FALSE(unlink_row(*place_, {"ae_sus", "no such row"}, "A. Clerk", "x"));
}

// The shared record follows an unlinking at once, and its undoing: the attendance is the person's no longer, then the very same again.
TEST_F(LinkWorkTest, TheSharedRecordFollowsAnUnlinkingAtOnceAndItsUndoing) {
  std::string number, row_id;
  {
    auto database = engine::Database::open("", {.threads = 1});
    auto connection = database->connect();
    ASSERT_TRUE(connection->run("ATTACH " + engine::sql_text(place_->path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY)"));
    const auto found = connection->query(
        "SELECT CAST(i.nhs_number AS VARCHAR), min(t.row_id) FROM staging.main.ae_attendance t JOIN staging.main.identity_record i ON i.identity_key = t.identity_key "
        "JOIN staging.main.identity_record g ON g.staged_table = 'gp_registration' AND g.nhs_number = i.nhs_number AND g.birth_date = i.birth_date "
        "JOIN staging.main.gp_registration r ON r.identity_key = g.identity_key AND r.deregistered_on IS NULL AND r.date_of_death IS NULL AND NOT coalesce(r.deleted, false) "
        "WHERE i.nhs_status = 'valid' GROUP BY 1 HAVING count(DISTINCT t.row_id) >= 2 ORDER BY 1 LIMIT 1");
    ASSERT_TRUE(found && !found->rows.empty());
    number = found->rows[0][0], row_id = found->rows[0][1];
  }
  const auto search = [&](const std::string& type, const std::string& query) {
    std::vector<std::string> ids;
    const auto store = fhir::open_store({.path = place_->path("shared-record.sqlite")});
    EXPECT_TRUE(store) << store.error().text();
    const auto page = (*store)->search(*fhir::parse_query(type, query + "&_count=500"), fhir::PermitAll());
    EXPECT_TRUE(page) << page.error().text();
    for (const auto& entry : page->entries) ids.push_back(entry.version.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  const auto patient = search("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|" + number).at(0);
  const auto feeds = place::shipped_feeds();
  ASSERT_TRUE(care_door::open_person(*place_, *feeds, {.patient = patient, .who = "Nurse A. Example", .why = "accepted referral"}));
  const auto attendances = "patient=Patient/" + patient + "&_source=urn:joinedup:partner:" + place_->feeds.at("ae_sus").partner + ":feed:ae_sus";
  const auto before = search("Encounter", attendances);
  ASSERT_GE(before.size(), 2u);
  const auto unlinked = unlink_row(*place_, {"ae_sus", row_id}, "A. Clerk", "another of the same name");
  ASSERT_TRUE(unlinked) << unlinked.error().text();
  const auto said = Json::parse(*unlinked)["shared_record"];
  EXPECT_EQ(said["done"], true) << *unlinked;
  EXPECT_EQ(said["removed"].get<int>() + said["marked_wrong"].get<int>(), 1) << *unlinked;
  const auto standing = search("Encounter", attendances + "&status:not=entered-in-error");
  EXPECT_EQ(standing.size(), before.size() - 1);
  const auto relinked = relink_row(*place_, {"ae_sus", row_id}, "A. Clerk", "it was right");
  ASSERT_TRUE(relinked) << relinked.error().text();
  EXPECT_EQ(Json::parse(*relinked)["shared_record"]["done"], true) << *relinked;
  EXPECT_EQ(search("Encounter", attendances + "&status:not=entered-in-error"), before) << "the very same again";
  const auto status = published_status(*place_);
  ASSERT_TRUE(status);
  EXPECT_GT(Json::parse(status->shared_record)["people"].get<int>(), 2000);
  refresh_again();
  EXPECT_EQ(search("Encounter", attendances + "&status:not=entered-in-error"), before);
}

// The bars of linkage inside a place. Long: the full suite sets JOINEDUP_LONG_TESTS=1.
TEST(LinkageBars, SixtyThousandPeopleAndAgainWithDoubledErrors) {
  if (std::getenv("JOINEDUP_LONG_TESTS") == nullptr) GTEST_SKIP() << "a long test: set JOINEDUP_LONG_TESTS=1";
  set_progress_quiet(true);
  for (const double errors : {1.0, 2.0}) {
    const std::string folder = (fs::temp_directory_path() / ("joinedup_bars_" + std::to_string(::getpid()))).string();
    fs::remove_all(folder);
    synth::SynthOptions options;
    options.people = 60000;
    options.folder = folder;
    options.error_multiplier = errors;
    ASSERT_TRUE(synth::generate_place(options));
    const auto place = place::read_place(folder);
    const auto outcome = refresh_place(*place, {});
    ASSERT_TRUE(outcome) << outcome.error().text();
    const auto text = link_quality_json(*place, folder + "/truth/person.csv", 2);
    ASSERT_TRUE(text) << text.error().text();
    const auto quality = Json::parse(*text);
    std::printf("60,000 people, error rates x %.0f, threshold %.2f\n", errors, outcome->status.linkage_model.threshold_weight);
    for (const auto* by : {"all", "by_step", "by_feed"})
      for (const auto& group : quality[by])
        std::printf("  %-34s %9lld rows  precision %s recall %s\n", group["group"].get<std::string>().c_str(), static_cast<long long>(group["rows"].get<std::int64_t>()),
                    group["precision_of_rows"].dump().c_str(), group["recall_of_rows"].dump().c_str());
    std::printf("  pairs of rows: %s\n", quality["row_pairs"].dump().c_str());
    const auto& all = quality["all"][0];
    EXPECT_GE(all["precision_of_rows"].get<double>(), 0.9995);
    EXPECT_GE(all["precision"]["value"].get<double>(), 0.9995);
    EXPECT_GE(quality["row_pairs"]["precision"].get<double>(), 0.9995);
    if (errors == 1.0) {
      EXPECT_GE(all["recall_of_rows"].get<double>(), 0.995);
      EXPECT_GE(all["recall"]["value"].get<double>(), 0.995);
      EXPECT_GE(quality["row_pairs"]["recall"].get<double>(), 0.995);
    }
    fs::remove_all(folder);
  }
}

// People for care are made of verified and clerical links only, whatever the probabilistic step says.
TEST_F(LinkWorkTest, AProbableLinkNeverMergesTwoPeopleForCare) {
  ASSERT_GT(first_->linkage_model.joins, 0u);
  auto database = engine::Database::open("");
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("ATTACH '" + folder_ + "/vault/staging/staging.duckdb' AS staging (READ_ONLY)"));
  const auto rows = connection->query("SELECT identity_key, CASE WHEN nhs_status = 'valid' THEN nhs_number END FROM staging.main.identity_record ORDER BY identity_key");
  ASSERT_TRUE(rows);
  std::map<std::int64_t, std::string> number;
  for (std::size_t i = 0; i < rows->rows.size(); ++i) number[rows->integer(i, 0)] = rows->rows[i][1];
  auto vault = vault::Vault::open(*place_);
  std::map<std::int64_t, std::int64_t> care_of;
  std::size_t shared = 0;
  for (const auto& [identity, own] : number) {
    if (identity % 7) continue;  // a seventh of them
    const auto care = vault->care_person(identity);
    ASSERT_TRUE(care) << care.error().text();
    ASSERT_TRUE(std::binary_search(care->identity_keys.begin(), care->identity_keys.end(), identity));
    if (care->identity_keys.size() == 1) continue;
    ++shared;
    for (const auto other : care->identity_keys) ASSERT_EQ(number[other], own) << "without a clerk, one verified NHS number";
    ASSERT_FALSE(own.empty());
  }
  EXPECT_GT(shared, 100u);
}

}  // namespace joinedup::refresh
