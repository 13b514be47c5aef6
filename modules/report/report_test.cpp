// The place's report on a made-up warehouse: its structure, its sums, and that no small number leaves.
#include "report/report.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "report/fixture.hpp"

namespace joinedup::report {
namespace {

namespace fs = std::filesystem;

const Date from = *make_date(2022, 4, 1), to = *make_date(2025, 3, 31);

ReportInputs made_up_inputs() {
  ReportInputs inputs;
  inputs.feeds = {{"gp_registration", "GP registrations", 61240, 61236, 4, 0}, {"gp_event", "GP events", 2412300, 2398120, 9870, 4310},
                  {"hes_apc_sus", "Inpatient episodes", 48210, 47980, 212, 18}, {"hes_op_sus", "Outpatient attendances", 142300, 141990, 280, 30},
                  {"ecds", "Emergency attendances", 74010, 73650, 330, 30}, {"csds", "Community contacts", 131000, 128110, 2870, 20},
                  {"mhsds", "Mental health contacts", 46100, 45400, 690, 10}, {"asc_cld", "Adult social care", 71200, 69010, 2190, 0},
                  {"deaths", "Deaths", 1650, 1644, 6, 0}, {"housing", "Housing", 5200, 4890, 310, 0}, {"voluntary", "Voluntary sector", 4100, 3820, 280, 0}};
  int salt = 0;
  for (const auto& feed : inputs.feeds) {
    ++salt;
    for (const char* field : {"nhs_number", "postcode", "ethnicity"})
      inputs.quality.push_back({feed.feed, "2024", field, QualityCategory::completeness, "present", feed.rows_in, feed.rows_in * (salt % 7) * (field[0] == 'e' ? 3 : 1) / 90});
    inputs.quality.push_back({feed.feed, "2024", "event_date", QualityCategory::conformance, "date", feed.rows_in, feed.rows_rejected});
    inputs.quality.push_back({feed.feed, "2024", "event_date", QualityCategory::plausibility, "after birth", feed.rows_in, feed.rows_rejected / (2 + salt % 3)});
    for (int year = 2022; year <= 2024; ++year)
      inputs.submissions.push_back({feed.feed, std::to_string(year), feed.rows_in / 3 + (year - 2023) * feed.rows_in / (20 + salt * 3), feed.rows_rejected / 3});
    inputs.findings.push_back({feed.feed, "event_date", "date.no_such_day", QualityCategory::conformance, Severity::rejected, feed.rows_rejected});
    const auto identities = std::max<std::int64_t>(200, feed.rows_kept / 20);
    inputs.linkage.push_back({feed.feed, "number_and_birth_date", "NHS number and birth date", identities * (97 - 3 * salt) / 100});
    inputs.linkage.push_back({feed.feed, "number_and_name", "NHS number and name", identities * salt / 100});
    inputs.linkage.push_back({feed.feed, "name_birth_postcode", "Name, birth date and postcode", identities * 2 * salt / 100});
    inputs.linkage.push_back({feed.feed, "unlinked", "Not linked: a person of their own", identities * 2 / 100 + 3});
  }
  inputs.prices = {{"Hospital stays and attendances by HRG", "no public price list fits these years; prices/hrg_price.csv replaces it."},
                   {"Social care", "rates differ by council; prices/social_care_price.csv replaces it."},
                   {"Staff time in general practice and community care", ""}};
  return inputs;
}

struct Made {
  std::string folder;
  std::string html;
  std::map<std::string, std::string> files;  // name → text
};

engine::Database& warehouse(int people) {
  static auto& made = *new std::map<int, engine::Database>;  // the engine must not be closed after its library's own end
  if (!made.count(people)) {
    made.emplace(people, std::move(*engine::Database::open("", {.threads = 2})));
    const auto built = made.at(people).connect()->run(fixture_sql(people));
    EXPECT_TRUE(built) << built.error().text();
  }
  return made.at(people);
}

Made make_report(int people, const ReportInputs& inputs, const std::string& name, const std::string& extra_sql = "") {
  auto connection = warehouse(people).connect();
  EXPECT_TRUE(connection->run("SELECT 1;" + extra_sql));
  const char* keep = std::getenv("JOINEDUP_REPORT_FOLDER");  // to look at what the test made
  Made made;
  made.folder = (keep ? std::string(keep) : (fs::temp_directory_path() / ("report_test_" + std::to_string(::getpid()))).string()) + "/" + name;
  const auto done = write_report(*connection, inputs,
                                 {.place_name = "Northmere & District", .synthetic = Synthetic::yes, .data_from = from, .data_to = to, .run = "2025-04-20-01"}, made.folder);
  EXPECT_TRUE(done) << done.error().text();
  for (const auto& entry : fs::directory_iterator(made.folder)) made.files[entry.path().filename()] = *read_file(entry.path().string());
  made.html = made.files["index.html"];
  return made;
}

const Made& large() {
  static const Made made = make_report(60000, made_up_inputs(), "large");
  return made;
}

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      else if (c == ',' && !quoted) fields.emplace_back();
      else fields.back() += c;
    }
    rows.push_back(fields);
  }
  return rows;
}

std::size_t occurrences(const std::string& text, const std::string& mark) {
  std::size_t found = 0;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + mark.size())) ++found;
  return found;
}

// Columns that count people, events or rows, in every CSV of the report.
const std::set<std::string> count_columns = {"people", "units", "rows", "rows_in", "rows_kept", "rows_rejected", "rows_withheld", "missing", "values_checked", "values_failed", "female", "male", "not_known", "all",
                                             "number_and_birth_date", "number_and_name", "name_birth_postcode", "unlinked"};

void expect_no_small_number(const Made& made) {
  std::size_t checked = 0;
  for (const auto& [name, text] : made.files) {
    if (name == "index.html") continue;
    const auto rows = csv_rows(text);
    ASSERT_FALSE(rows.empty()) << name;
    for (std::size_t column = 0; column < rows[0].size(); ++column) {
      if (!count_columns.count(rows[0][column])) continue;
      for (std::size_t row = 1; row < rows.size(); ++row) {
        ASSERT_EQ(rows[row].size(), rows[0].size()) << name << ":" << row;
        const auto& field = rows[row][column];
        if (field.empty() || field == "fewer than 10" || field == "not shown") continue;
        ASSERT_EQ(field.find_first_not_of("0123456789"), std::string::npos) << name << ":" << row << " " << field;
        const auto number = std::stoll(field);
        EXPECT_TRUE(number == 0 || number >= 10) << name << ":" << row << " " << rows[0][column] << " = " << field;
        EXPECT_EQ(number % 5, 0) << name << ":" << row;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 100u) << "the columns that hold counts are recognised";
}

}  // namespace

TEST(Report, IsOnePageThatFetchesNothingAndRunsNothing) {
  const auto& html = large().html;
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http:"), std::string::npos);
  EXPECT_EQ(html.find("https:"), std::string::npos);
  EXPECT_EQ(html.find("url("), std::string::npos);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_EQ(html.find("<link"), std::string::npos);
  EXPECT_EQ(html.find("@import"), std::string::npos);
  EXPECT_LT(html.size(), 1'000'000u);
}

TEST(Report, EveryPictureHasTitleAndDescriptionAndEveryTableACaption) {
  const auto& html = large().html;
  const auto pictures = occurrences(html, "<svg");
  EXPECT_GT(pictures, 20u);
  EXPECT_EQ(occurrences(html, "role=\"img\""), pictures);
  EXPECT_EQ(occurrences(html, "<title id="), pictures);
  EXPECT_EQ(occurrences(html, "<desc id="), pictures);
  EXPECT_EQ(html.find("></title>"), std::string::npos);
  EXPECT_EQ(html.find("></desc>"), std::string::npos);
  EXPECT_EQ(occurrences(html, "<table"), occurrences(html, "<caption>"));
  EXPECT_EQ(occurrences(html, "<details"), occurrences(html, "<table"));
  EXPECT_FALSE(std::regex_search(html, std::regex("[^a-z](nan|inf)[^a-z]"))) << "no number is missing";
  EXPECT_EQ(occurrences(html, "<h1"), 1u);
}

TEST(Report, IdsAreUniqueAndLinksLeadSomewhere) {
  const auto& made = large();
  std::set<std::string> ids;
  const std::regex id(" id=\"([^\"]+)\""), link(" href=\"([^\"]+)\""), label("aria-labelledby=\"([^\"]+)\"");
  for (std::sregex_iterator at(made.html.begin(), made.html.end(), id), end; at != end; ++at) EXPECT_TRUE(ids.insert((*at)[1]).second) << (*at)[1];
  for (std::sregex_iterator at(made.html.begin(), made.html.end(), link), end; at != end; ++at) {
    const std::string target = (*at)[1];
    if (target[0] == '#') EXPECT_TRUE(ids.count(target.substr(1))) << target;
    else EXPECT_TRUE(made.files.count(target)) << target;
  }
  for (std::sregex_iterator at(made.html.begin(), made.html.end(), label), end; at != end; ++at) {
    const std::string both = (*at)[1];
    for (const auto one : split(both, ' ')) EXPECT_TRUE(ids.count(std::string(one))) << one;
  }
}

TEST(Report, TagsAreClosedInOrder) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z][a-z0-9]*)([^>]*)>");
  const std::set<std::string> alone = {"meta", "rect", "line", "circle", "path"};
  for (std::sregex_iterator at(large().html.begin(), large().html.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2], rest = (*at)[3];
    if (alone.count(name)) continue;
    if ((*at)[1].length() == 0) open.push_back(name);
    else {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, SaysThatPeopleAreSyntheticAndPricesIllustrative) {
  const auto& html = large().html;
  EXPECT_NE(html.find("All people in this place are synthetic."), std::string::npos);
  EXPECT_NE(html.find("Some prices are illustrative."), std::string::npos);
  EXPECT_NE(html.find("rates differ by council"), std::string::npos);
  EXPECT_NE(html.find("Northmere &amp; District"), std::string::npos);
  EXPECT_EQ(html.find("Northmere & District"), std::string::npos);
}

TEST(Report, NoSmallNumberIsPublished) {
  expect_no_small_number(large());
  for (const int people : {40, 300, 2000}) expect_no_small_number(make_report(people, made_up_inputs(), "small" + std::to_string(people)));
}

// The same figures asked of the warehouse directly, in other words.
TEST(Report, FiguresAreThoseOfTheWarehouse) {
  auto connection = warehouse(60000).connect();
  const auto living = *connection->count("SELECT count(*) FROM person WHERE registered AND coalesce(date_of_death, DATE '9999-01-01') > DATE '2025-03-31'");
  const auto pounds = *connection->count("SELECT CAST(round(sum(cost_pence) / 100000.0) AS BIGINT) * 1000 FROM activity WHERE date BETWEEN DATE '2024-04-01' AND DATE '2025-03-31'");
  const auto ages = csv_rows(large().files.at("age_sex.csv"));
  const auto of_known_sex = *connection->count("SELECT count(*) FROM person WHERE registered AND coalesce(date_of_death, DATE '9999-01-01') > DATE '2025-03-31' AND sex IN ('F', 'M')");
  EXPECT_EQ(std::stoll(ages.back().back()), (of_known_sex + 2) / 5 * 5);
  const auto cost = csv_rows(large().files.at("cost_by_setting.csv"));
  EXPECT_EQ(std::stoll(cost.back()[4]), pounds);
  const auto known = csv_rows(large().files.at("partners_known.csv"));
  EXPECT_EQ(std::stoll(known.back()[1]), (living + 2) / 5 * 5);
  const auto top = *connection->query("SELECT round(100.0 * sum(cost) FILTER (WHERE place <= 0.05 * people) / sum(cost), 1) FROM (SELECT cost, row_number() OVER (ORDER BY cost DESC, person_key) AS place, count(*) OVER () AS people FROM (SELECT p.person_key, coalesce(sum(cost_pence) FILTER (WHERE month >= DATE '2024-04-01'), 0) AS cost FROM person p LEFT JOIN person_month USING (person_key) WHERE (registered AND coalesce(date_of_death, DATE '9999-01-01') > DATE '2025-03-31') OR date_of_death BETWEEN DATE '2024-04-01' AND DATE '2025-03-31' GROUP BY 1))");
  const auto tops = csv_rows(large().files.at("concentration_top.csv"));
  EXPECT_NEAR(std::stod(tops[2][1]), top.number(0, 0), 0.11) << "the report splits the person at the 5% mark; this query does not";
}

// A feed of 1,650 rows of which 6 were rejected: coarse counts once said that 94.1% of them were kept.
TEST(Report, TheShareKeptOfASmallFeedIsNotSpoiltByRounding) {
  std::map<std::string, std::string> kept;
  for (const auto& row : csv_rows(large().files.at("rows_by_feed.csv"))) kept[row[0]] = row[5];
  for (const auto& feed : made_up_inputs().feeds)
    EXPECT_NEAR(std::stod(kept.at(feed.feed)), 100.0 * static_cast<double>(feed.rows_kept) / static_cast<double>(feed.rows_in), 0.25) << feed.feed;
}

// What the whole loop hands over is less tidy than a test's own: long titles, a finding a file, diagnosis 2 to 13.
TEST(Report, LongTitlesRepeatedFindingsAndRepeatingFieldsAreHandled) {
  ReportInputs inputs;
  inputs.feeds = {{"ae_sus", "Emergency care data set of a great many words indeed (commissioner extract)", 15000, 14000, 1000, 0}};
  inputs.findings = {{"ae_sus", "identity", "nhs_number.bad_check", QualityCategory::conformance, Severity::note, 100},
                     {"ae_sus", "identity", "nhs_number.bad_check", QualityCategory::conformance, Severity::note, 50}};
  inputs.quality = {{"ae_sus", "2024", "diagnosis_02", QualityCategory::completeness, "present", 1000, 900},
                    {"ae_sus", "2024", "disposal", QualityCategory::completeness, "present", 1000, 250}};
  // A feed of yearly files and one snapshot: its 115 rows were once read as "100.0% fewer rows".
  inputs.submissions = {{"ae_sus", "2023-24", 5000, 0}, {"ae_sus", "2024-25", 5100, 0}, {"ae_sus", "2025-03", 115, 0}};
  const auto made = make_report(300, inputs, "untidy");
  EXPECT_NE(made.html.find("2.0% more rows."), std::string::npos);
  const auto findings = csv_rows(made.files.at("findings.csv"));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[1][5], "150");
  EXPECT_NE(made.html.find("The field most often missing is disposal (Emergency care data set of a great many words indeed): 25.0%"), std::string::npos);
  EXPECT_EQ(made.html.find("indeed (commissioner extract): 25.0%"), std::string::npos);
  EXPECT_NE(made.html.find("…</text>"), std::string::npos) << "a label too long for its panel is cut";
}

TEST(Report, TheSameWarehouseGivesTheSameBytes) {
  const auto again = make_report(60000, made_up_inputs(), "again", "SET threads = 1;");
  EXPECT_EQ(again.files, large().files);
}

TEST(Report, AnEmptyWarehouseGivesAPageAndSaysWhatIsAbsent) {
  const auto made = make_report(41, {}, "empty", "DELETE FROM person; DELETE FROM activity; DELETE FROM person_month;");
  EXPECT_NE(made.html.find("The record holds no care in this period."), std::string::npos);
  EXPECT_NE(made.html.find("No counts of rows were given"), std::string::npos);
}

TEST(Report, DaysInTheWrongOrderAreASentence) {
  auto database = engine::Database::open("");
  auto connection = database->connect();
  const auto done = write_report(*connection, {}, {.place_name = "A", .data_from = to, .data_to = from, .run = "1"}, "/nonexistent");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::invalid_input);
}

}  // namespace joinedup::report
