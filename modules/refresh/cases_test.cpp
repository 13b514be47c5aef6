// Finding people, in the loop: who opted out of secondary use is in no table and on no page, and may be found for their own care.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/nhs_number.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "caseload/caseload.hpp"
#include "refresh/leak_scan.hpp"
#include "refresh/refresh.hpp"
#include "synth/synth.hpp"
#include "vault/vault.hpp"

namespace joinedup::refresh {
namespace {
namespace fs = std::filesystem;

class CasesInTheLoop : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_progress_quiet(true);
    folder_ = (fs::temp_directory_path() / ("joinedup_cases_" + std::to_string(::getpid()))).string();
    fs::remove_all(folder_);
    synth::SynthOptions options;
    options.people = 4000;
    options.seed = 5;
    options.folder = folder_;
    options.national_opt_outs = .08;
    options.case_finding_objections = .02;
    const auto made = synth::generate_place(options);
    ASSERT_TRUE(made) << made.error().text();
    // One more objects to both; nobody may find this person.
    const auto objections = read_file(folder_ + "/reference/objections.csv");
    for (const auto line : split(*objections, '\n'))
      if (line.find("national_data_opt_out") != std::string_view::npos) both_ = std::string(line.substr(0, line.find(',')));
    ASSERT_TRUE(write_file(folder_ + "/reference/objections.csv", *objections + both_ + ",case_finding,2020-01-01,\n", FileMode::secret));
    place_ = new place::Place(*place::read_place(folder_));
    const auto outcome = refresh_place(*place_, {});
    ASSERT_TRUE(outcome) << outcome.error().text();
  }
  static void TearDownTestSuite() {
    fs::remove_all(folder_);
    delete place_;
  }
  static inline std::string folder_, both_;
  static inline place::Place* place_ = nullptr;
};

caseload::Found found_now(const place::Place& place, caseload::Opened& opened) {
  const auto basis = caseload::write_candidates(opened.connection, place, place.data_to);
  EXPECT_TRUE(basis) << (basis ? "" : basis.error().text());
  auto found = caseload::make_lists(opened.connection, place, *basis, {}, {});
  EXPECT_TRUE(found) << (found ? "" : found.error().text());
  return *found;
}

}  // namespace

TEST_F(CasesInTheLoop, WhoOptedOutIsInNoTableAndMayBeFoundForTheirOwnCare) {
  auto opened = caseload::open_published(*place_, 2);
  ASSERT_TRUE(opened) << opened.error().text();
  auto& connection = opened->connection;
  const auto apart = connection.count("SELECT count(*) FROM apart.main.person");
  ASSERT_TRUE(apart);
  EXPECT_GT(*apart, 200) << "about 8% of 4,000";
  EXPECT_EQ(*connection.count("SELECT count(*) FROM apart.main.person a JOIN published.main.person p USING (person_key)"), 0);
  const auto status = published_status(*place_);
  EXPECT_TRUE(status->reconciled) << status->not_reconciled_because;
  std::uint64_t withheld = 0;
  for (const auto& feed : status->feeds) withheld += feed.rows_withheld;
  EXPECT_GT(withheld, 1000u);
  const auto found = found_now(*place_, *opened);
  std::set<std::int64_t> apart_keys;
  const auto keys = connection.query("SELECT person_key FROM apart.main.person");
  for (std::size_t i = 0; i < keys->rows.size(); ++i) apart_keys.insert(keys->integer(i, 0));
  int listed = 0;
  for (const auto& one : found.cases) listed += apart_keys.contains(one.person_key) && (one.state == "found" || one.state == "waiting");
  EXPECT_GT(listed, 0);
  struct stat file{};
  ASSERT_EQ(::stat(place_->path("vault/case_finding.duckdb").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  // The page counts the warehouse's people only.
  EXPECT_EQ(*connection.count("SELECT count(*) FROM published.main.case_candidate c JOIN apart.main.person a USING (person_key)"), 0);
}

TEST_F(CasesInTheLoop, WhoObjectsToCaseFindingIsOnNoList) {
  auto opened = caseload::open_published(*place_, 2);
  ASSERT_TRUE(opened);
  const auto found = found_now(*place_, *opened);
  int objecting = 0;
  for (const auto& one : found.cases)
    if (one.excluded_because == "objects_to_case_finding") {
      ++objecting;
      EXPECT_TRUE(one.reasons.empty() && !one.risk && !one.impactability);
    }
  EXPECT_GT(objecting, 30) << "2% of adults";
  // Everybody offered or waiting, by name: none is in the objections file for case finding.
  std::set<std::string> objections;
  const auto text = read_file(folder_ + "/reference/objections.csv");
  for (const auto line : split(*text, '\n'))
    if (line.find(",case_finding,") != std::string_view::npos) objections.insert(std::string(line.substr(0, line.find(','))));
  int named = 0;
  for (const auto& one : found.cases) {
    if (one.state != "found" || named > 25) continue;
    const auto person = vault::reidentify(*place_, one.person_key);
    ASSERT_TRUE(person) << person.error().text();
    EXPECT_FALSE(objections.contains(person->nhs_number));
    ++named;
  }
  EXPECT_GT(named, 5);
}

TEST_F(CasesInTheLoop, ANationalOptOutRemovesWhereThePlaceSaysSo) {
  auto place = *place_;
  place.case_finding.objections_that_remove.push_back("national_data_opt_out");
  ASSERT_TRUE(refresh_place(place, {.threads = 2, .unchanged = Unchanged::refresh_again}));
  EXPECT_FALSE(fs::exists(place.path("vault/case_finding.duckdb")));
  {  // They are in no list, and still counted with the reason.
    auto opened = caseload::open_published(place, 2);
    ASSERT_TRUE(opened) << opened.error().text();
    std::int64_t counted = 0;
    for (const auto& exclusion : found_now(place, *opened).exclusions)
      if (exclusion.because == "objects_to_national_data_opt_out") counted += exclusion.people;
    EXPECT_GT(counted, 200) << "about 8% of 4,000";
  }
  ASSERT_TRUE(refresh_place(*place_, {.threads = 2, .unchanged = Unchanged::refresh_again}));
  EXPECT_TRUE(fs::exists(place.path("vault/case_finding.duckdb")));
}

TEST_F(CasesInTheLoop, ThePageNamesNobodyAndShowsNoSmallNumber) {
  const auto identifiers = identifiers_of_feeds(folder_ + "/feeds");
  ASSERT_TRUE(identifiers);
  const auto leaks = scan_files(folder_ + "/reports", *identifiers);
  ASSERT_TRUE(leaks);
  for (const auto& leak : *leaks) ADD_FAILURE() << leak.where << " holds " << leak.what;
  const auto page = read_file(place_->path("reports/current/cases.html"));
  ASSERT_TRUE(page);
  EXPECT_NE(page->find(caseload::not_for), std::string::npos);
  EXPECT_NE(read_file(place_->path("reports/current/index.html"))->find("cases.html"), std::string::npos);
  for (const std::string table : {"segments", "frailty_conditions", "segment_movement", "case_fairness", "case_exclusions"}) {
    const auto csv = read_file(place_->path("reports/current/" + table + ".csv"));
    ASSERT_TRUE(csv) << table;
    int rows = 0;
    for (const auto line : split(*csv, '\n')) {
      if (rows++ == 0) continue;
      const auto fields = split(line, ',');
      for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool a_share = (table == "segments" && i == 2) || (table == "case_fairness" && i > 4);
        if (!a_share && fields[i].size() == 1 && fields[i][0] >= '1' && fields[i][0] <= '9' && !(table == "case_fairness" && i == 1)) ADD_FAILURE() << table << ": " << line;
      }
    }
    EXPECT_GT(rows, 3) << table;
  }
}

}  // namespace joinedup::refresh
