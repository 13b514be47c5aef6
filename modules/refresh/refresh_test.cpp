// The whole loop over a small synthetic place: it reconciles, repeats, survives being killed, and lets nobody's name out.
#include "refresh/refresh.hpp"
#include "risk/risk.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "refresh/leak_scan.hpp"
#include "refresh/publish.hpp"
#include "synth/synth.hpp"

namespace joinedup::refresh {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t people = 3000;

// One place for all tests of this file: made and refreshed once.
class LoopTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_progress_quiet(true);
    folder_ = (fs::temp_directory_path() / ("joinedup_loop_" + std::to_string(::getpid()))).string();
    fs::remove_all(folder_);
    synth::SynthOptions options;
    options.people = people;
    options.seed = 11;
    options.folder = folder_;
    const auto made = synth::generate_place(options);
    ASSERT_TRUE(made) << made.error().text();
    place_ = new place::Place(*place::read_place(folder_));
    const auto outcome = refresh_place(*place_, {});
    ASSERT_TRUE(outcome) << outcome.error().text();
    first_ = new RefreshOutcome(*outcome);
  }
  static void TearDownTestSuite() {
    fs::remove_all(folder_);
    delete place_;
    delete first_;
  }
  static std::map<std::string, std::string> sums(const Status& status) {
    std::map<std::string, std::string> all;
    for (const auto& table : status.tables) all[table.table] = table.sha256;
    return all;
  }
  static inline std::string folder_;
  static inline place::Place* place_ = nullptr;
  static inline RefreshOutcome* first_ = nullptr;
};

std::vector<std::vector<std::string>> read_csv(const std::string& file) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    rows.emplace_back();
    for (const auto field : split(line, ',')) rows.back().emplace_back(field);
  }
  return rows;
}

}  // namespace

TEST_F(LoopTest, EveryRowAndEveryPennyIsAccountedFor) {
  const auto& status = first_->status;
  EXPECT_TRUE(status.reconciled) << status.not_reconciled_because;
  EXPECT_GE(status.feeds.size(), 12u);
  for (const auto& feed : status.feeds) {
    EXPECT_EQ(feed.rows_in, feed.rows_kept + feed.rows_rejected + feed.rows_withheld) << feed.feed;
    EXPECT_GT(feed.rows_kept, 0u) << feed.feed;
  }
  std::int64_t cost = 0;
  for (const auto& [setting, pence] : status.cost_pence) cost += pence;
  EXPECT_GT(cost / 100 / static_cast<std::int64_t>(people), 1000) << "pounds a person over the period";
  EXPECT_TRUE(fs::exists(first_->report));
}

TEST_F(LoopTest, UnchangedInputsAreRecognised) {
  const auto again = refresh_place(*place_, {});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(again->was_unchanged);
  EXPECT_EQ(again->status.run, published_status(*place_)->run);
}

TEST_F(LoopTest, OneThreadAndTwoGiveTheSameSums) {
  const auto one = refresh_place(*place_, {.threads = 1, .unchanged = Unchanged::refresh_again});
  ASSERT_TRUE(one) << one.error().text();
  EXPECT_EQ(sums(one->status), sums(first_->status));
  const auto two = refresh_place(*place_, {.threads = 2, .unchanged = Unchanged::refresh_again});
  ASSERT_TRUE(two) << two.error().text();
  EXPECT_EQ(sums(two->status), sums(first_->status));
}

TEST_F(LoopTest, APublishedTableIsItsManifestSum) {
  const auto status = published_status(*place_);
  ASSERT_TRUE(status);
  for (const std::string name : {"person", "person_month", "hospital_spell"}) {
    Sha256 sum;
    bool header = true;
    ASSERT_TRUE(write_table(*place_, name, [&](std::string_view text) -> Result<void> {
      if (header) text.remove_prefix(text.find('\n') + 1);
      header = false;
      sum.update(text);
      return {};
    }));
    EXPECT_EQ(sum.finish_hex(), sums(*status)[name]) << name;
  }
  EXPECT_FALSE(write_table(*place_, "nowhere", [](std::string_view) -> Result<void> { return {}; }));
}

TEST_F(LoopTest, NobodysNameNumberPostcodeOrAddressIsPublished) {
  const auto identifiers = identifiers_of_feeds(folder_ + "/feeds");
  ASSERT_TRUE(identifiers) << identifiers.error().text();
  ASSERT_GT(identifiers->words.size(), people);
  auto database = engine::Database::open(folder_ + "/warehouse/current/warehouse.duckdb", {.read_only = true});
  ASSERT_TRUE(database) << database.error().text();
  auto connection = database->connect();
  const auto leaks = scan_tables(*connection, *identifiers);
  ASSERT_TRUE(leaks) << leaks.error().text();
  std::set<std::string> terms;  // of the shipped scores: "mi" is a condition there, and somebody's family name
  for (const auto& name : risk::published_score_names()) {
    const auto score = risk::published_score(name);
    ASSERT_TRUE(score);
    for (const auto& term : score->terms) terms.insert(term.name);
  }
  for (const auto& leak : *leaks)
    if (leak.where != "risk_score_term.term" || !terms.contains(leak.what)) ADD_FAILURE() << leak.where << " holds " << leak.what;
  for (const auto& below : {"/warehouse", "/reports"}) {
    const auto in_files = scan_files(folder_ + below, *identifiers);
    ASSERT_TRUE(in_files);
    for (const auto& leak : *in_files) ADD_FAILURE() << leak.where << " holds " << leak.what;
  }
}

TEST_F(LoopTest, AnIdentifierThatIsPlantedIsFound) {
  const auto identifiers = identifiers_of_feeds(folder_ + "/feeds");
  ASSERT_TRUE(identifiers);
  for (const auto& planted : {*identifiers->whole.begin(), "seen by Dr X, NHS " + *identifiers->words.begin() + ".", lower_ascii(*identifiers->whole.begin())}) {
    auto database = engine::Database::open("");
    auto connection = database->connect();
    ASSERT_TRUE(connection->run("CREATE TABLE t AS SELECT " + engine::sql_text(planted) + " AS a, 1 AS b"));
    EXPECT_FALSE(scan_tables(*connection, *identifiers)->empty()) << planted;
  }
}

TEST_F(LoopTest, NoDateInThePublishedTablesIsThePersonsBirthDate) {
  const auto links = export_links(*place_, 2);
  ASSERT_TRUE(links) << links.error().text();
  auto database = engine::Database::open("");
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("ATTACH '" + folder_ + "/warehouse/current/warehouse.duckdb' AS w (READ_ONLY)"));
  ASSERT_TRUE(connection->run("CREATE TABLE birth AS SELECT DISTINCT l.person_key::BIGINT AS person_key, g.DateOfBirth::DATE AS born FROM read_csv('" + *links +
                              "', all_varchar = true) l JOIN read_csv('" + folder_ + "/feeds/gp_registration/Admin_Patient*.csv', all_varchar = true, header = true) g "
                              "ON l.feed = 'gp_registration' AND l.row_id = g.PatientGuid WHERE try_cast(g.DateOfBirth AS DATE) IS NOT NULL AND day(g.DateOfBirth::DATE) > 1"));
  EXPECT_GT(*connection->count("SELECT count(*) FROM birth"), static_cast<std::int64_t>(people / 2));
  const auto columns = connection->query("SELECT table_name, column_name FROM duckdb_columns() c WHERE database_name = 'w' AND data_type = 'DATE' AND "
                                         "EXISTS (SELECT 1 FROM duckdb_columns() k WHERE k.database_name = 'w' AND k.table_name = c.table_name AND k.column_name = 'person_key')");
  ASSERT_TRUE(columns);
  EXPECT_GT(columns->rows.size(), 10u);
  for (const auto& row : columns->rows) {
    const auto found = connection->count("SELECT count(*) FROM w.main." + row[0] + " t JOIN birth b ON t.person_key = b.person_key AND t." + engine::sql_name(row[1]) + " = b.born");
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(*found, 0) << row[0] << "." << row[1];
  }
}

TEST_F(LoopTest, LinkageIsMeasuredAgainstTheKnownTruth) {
  const auto links = export_links(*place_, 2);
  ASSERT_TRUE(links) << links.error().text();
  std::map<std::string, std::string> truth;  // feed|row_id → true person
  for (const auto& row : read_csv(folder_ + "/truth/person.csv"))
    if (row.size() >= 3) truth[row[0] + "|" + row[1]] = row[2];
  std::map<std::string, std::map<std::string, int>> by_person, by_truth;
  int rows = 0;
  for (const auto& row : read_csv(*links)) {
    const auto found = truth.find(row[0] + "|" + row[1]);
    if (found == truth.end()) continue;
    ++rows;
    ++by_person[row[2]][found->second];
    ++by_truth[found->second][row[2]];
  }
  ASSERT_GT(rows, 10000);
  // Rows whose person is not the one that most of the person's rows belong to are wrongly linked.
  int wrong = 0, missed = 0;
  for (const auto& [key, members] : by_person) {
    int all = 0, most = 0;
    for (const auto& [who, n] : members) {
      all += n;
      most = std::max(most, n);
    }
    wrong += all - most;
  }
  for (const auto& [who, keys] : by_truth) {
    int all = 0, most = 0;
    for (const auto& [key, n] : keys) {
      all += n;
      most = std::max(most, n);
    }
    missed += all - most;
  }
  RecordProperty("wrong", wrong);
  RecordProperty("missed", missed);
  std::printf("linkage: %d rows, %.4f%% wrongly linked, %.3f%% apart from their person\n", rows, 100.0 * wrong / rows, 100.0 * missed / rows);
  EXPECT_LT(100.0 * wrong / rows, 0.05);
  EXPECT_LT(100.0 * missed / rows, 3.0);
}

TEST_F(LoopTest, TwoRefreshesAtOnceAreOne) {
  {
    const auto held = lock_place(*place_);  // as another refresh holds it
    ASSERT_TRUE(held) << held.error().text();
    const auto second = refresh_place(*place_, {.unchanged = Unchanged::refresh_again});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
  }
  EXPECT_TRUE(refresh_place(*place_, {}));
}

// Killed at random moments: the published version goes on serving, and a rerun gives the same sums.
TEST_F(LoopTest, AKilledRefreshLosesNothing) {
  const char* wanted = std::getenv("JOINEDUP_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 4;
  CounterRandom draw(99, 1, 1);
  const auto timed = std::chrono::steady_clock::now();
  ASSERT_TRUE(refresh_place(*place_, {.unchanged = Unchanged::refresh_again}));
  const auto whole = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - timed).count();
  int killed = 0;
  for (int i = 0; i < kills; ++i) {
    const auto serving = published_status(*place_);
    ASSERT_TRUE(serving);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto outcome = refresh_place(*place_, {.unchanged = Unchanged::refresh_again});
      ::_exit(outcome ? 0 : 1);
    }
    ::usleep(static_cast<useconds_t>(draw.uniform() * whole));
    ::kill(child, SIGKILL);
    int state = 0;
    ::waitpid(child, &state, 0);
    killed += WIFSIGNALED(state);
    const auto after = published_status(*place_);
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_EQ(sums(*after), sums(first_->status));
    auto database = engine::Database::open(folder_ + "/warehouse/current/warehouse.duckdb", {.read_only = true});
    ASSERT_TRUE(database) << database.error().text();
    EXPECT_GT(*database->connect()->count("SELECT count(*) FROM person"), 0);
  }
  const auto rerun = refresh_place(*place_, {.unchanged = Unchanged::refresh_again});
  ASSERT_TRUE(rerun) << rerun.error().text();
  EXPECT_EQ(sums(rerun->status), sums(first_->status));
  std::printf("killed %d of %d refreshes before they ended\n", killed, kills);
  EXPECT_GT(killed, 0);
}

// Real input: the Synthea hospital bundles go round the same loop into the same tables.
TEST(FhirLoop, TheSyntheaBundlesBecomeARecord) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  const std::string bundles = (given ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR) + "/../shared/data") + "/fhir/synthea";
  if (!fs::exists(bundles)) GTEST_SKIP() << "the Synthea bundles are not beside this checkout: " << bundles;
  set_progress_quiet(true);
  const std::string folder = (fs::temp_directory_path() / ("joinedup_fhir_" + std::to_string(::getpid()))).string();
  fs::remove_all(folder);
  fs::create_directories(folder + "/feeds/fhir_r4");
  for (const auto& file : fs::directory_iterator(bundles)) fs::copy(file.path(), folder + "/feeds/fhir_r4/" + file.path().filename().string());
  ASSERT_TRUE(write_file(folder + "/place.toml",
                         "format = 1\n[place]\nname = \"Synthea\"\nsynthetic = true\ndata_from = 1920-01-01\ndata_to = 2021-12-31\n"
                         "[[partner]]\ncode = \"SY\"\nname = \"Synthea\"\ntype = \"hospital\"\n[feeds.fhir_r4]\npartner = \"SY\"\n"));
  const auto place = place::read_place(folder);
  ASSERT_TRUE(place) << place.error().text();
  const auto outcome = refresh_place(*place, {});
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_TRUE(outcome->status.reconciled) << outcome->status.not_reconciled_because;
  EXPECT_EQ(outcome->status.people, 60u);
  auto database = engine::Database::open(folder + "/warehouse/current/warehouse.duckdb", {.read_only = true});
  auto connection = database->connect();
  const auto count = [&](const std::string& sql) { return connection->count(sql).value_or(-1); };
  const auto encounters = "(SELECT count(*) FROM hospital_spell) + (SELECT count(*) FROM emergency_attendance) + (SELECT count(*) FROM outpatient_attendance) + (SELECT count(*) FROM gp_contact)";
  EXPECT_EQ(count(std::string("SELECT ") + encounters), 2484);
  EXPECT_EQ(count("SELECT count(*) FROM condition"), 781);
  EXPECT_EQ(count("SELECT count(*) FROM \"procedure\""), 1990);
  EXPECT_EQ(count("SELECT count(*) FROM prescription_item"), 2962);
  EXPECT_GT(count("SELECT sum(cost_pence)::BIGINT FROM activity"), 0);
  fs::remove_all(folder);
}

}  // namespace joinedup::refresh
