// Published scores of everybody in the record, as of one day: the tables risk_score and risk_score_term.
#include <cmath>

#include "base/text.hpp"
#include "engine/dialect.hpp"
#include "risk/csv.hpp"
#include "risk/evaluate.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

constexpr double millionths = 1e6;

struct Window {
  const char* score;
  int months;                 // before the index date
  bool primary_of_emergency;  // only primary diagnoses of emergency admissions
  int least_age;              // the age it was made for; 0 for all
};
// Of hospital diagnoses. HFRS by its paper: two years, 75 and over. The paper of PARR-30 looks back two years for Charlson's groups:
// the same is used for Charlson and Elixhauser, whose papers looked at one admission.
constexpr Window windows[] = {{"hfrs", 24, false, 75}, {"charlson_quan2011", 24, false, 0}, {"elixhauser_vw", 24, false, 0}, {"acsc", 12, true, 0}};

std::string date_sql(Date day) { return "DATE '" + day.to_iso() + "'"; }
std::string points_sql(double points) { return std::to_string(std::llround(points * millionths)); }

// Rows of a VALUES list into a new temporary table.
class Rows {
 public:
  explicit Rows(std::string create) : create_(std::move(create)) {}
  void add(const std::string& row) { values_ += (values_.empty() ? "(" : ", (") + row + ")"; }
  Result<void> write(engine::Connection& connection) const {
    const auto name = create_.substr(0, create_.find('('));
    JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE " + create_));
    return values_.empty() ? Result<void>{} : connection.run("INSERT INTO " + name + " VALUES " + values_);
  }

 private:
  std::string create_, values_;
};

struct Lookup {
  Rows window{"risk_window(score_name VARCHAR, index_date DATE, after_date DATE, of_diagnoses BOOLEAN, primary_of_emergency BOOLEAN, from_birth_month DATE, version VARCHAR, status VARCHAR)"};
  Rows code_term{"risk_code_term(score_name VARCHAR, code VARCHAR, term VARCHAR, points_millionths BIGINT)"};
  Rows over{"risk_over(score_name VARCHAR, winner VARCHAR, loser VARCHAR)"};
  Rows condition_term{"risk_condition_term(score_name VARCHAR, condition VARCHAR, term VARCHAR, points_millionths BIGINT, after_date DATE)"};
  Rows index{"risk_index(index_date DATE)"};
};

void add_diagnoses(const PublishedScore& score, const Window& window, Date index_date, const std::vector<std::string>& codes, Lookup& to, PublishedScoreSummary& done) {
  const auto name = engine::sql_text(score.name);
  const auto born = window.least_age ? date_sql(index_date.add_months(-12 * window.least_age)) : "NULL";
  to.window.add(name + ", " + date_sql(index_date) + ", " + date_sql(index_date.add_months(-window.months)) + ", true, " + (window.primary_of_emergency ? "true" : "false") + ", " +
                born + ", " + engine::sql_text(score.version) + ", " + engine::sql_text(score.status));
  for (const auto& [winner, loser] : score.over)
    to.over.add(name + ", " + engine::sql_text(score.terms[winner].name) + ", " + engine::sql_text(score.terms[loser].name));
  const Evaluator evaluator(score);
  done.codes_not_icd10 = 0;
  for (const auto& code : codes) {
    const auto terms = evaluator.terms_of(code);
    done.codes_not_icd10 += !terms;
    for (std::size_t i = 0; terms && i < score.terms.size(); ++i)
      if (has(*terms, i)) to.code_term.add(name + ", " + engine::sql_text(code) + ", " + engine::sql_text(score.terms[i].name) + ", " + points_sql(score.terms[i].levels[0].points));
  }
}

// The Cambridge score from the record's conditions; what the record has no condition for is said in the status.
Result<void> add_conditions(Date index_date, Lookup& to) {
  JOINEDUP_TRY(const auto score, published_score("cambridge"));
  const auto text = find_embedded(embedded_risk(), "data/cambridge_from_record.csv");
  JOINEDUP_INVARIANT(text, "the list is compiled in");
  CsvCursor rows(*text);
  while (rows.next_line_is_comment()) rows.take_line();
  std::vector<std::string_view> fields;
  TermSet covered{};
  const auto name = engine::sql_text(score.name);
  JOINEDUP_TRY(const bool header, rows.next(fields, "cambridge_from_record.csv"));
  while (header && rows.split(fields)) {
    const auto at = score.index_of(fields[1]);
    if (at == score.terms.size()) return fail(ErrorCode::internal, "\"" + std::string(fields[1]) + "\" is none of the terms of cambridge.", "cambridge_from_record.csv");
    add(covered, at);
    const auto after = fields[2].empty() ? "NULL" : date_sql(index_date.add_months(-12 * std::stoi(std::string(fields[2]))));
    to.condition_term.add(name + ", " + engine::sql_text(fields[0]) + ", " + engine::sql_text(fields[1]) + ", " + points_sql(score.terms[at].levels[0].points) + ", " + after);
  }
  std::size_t absent = 0;
  for (std::size_t i = 0; i < score.terms.size(); ++i) absent += !has(covered, i);
  const auto status = "incomplete: " + std::to_string(absent) + " of " + std::to_string(score.terms.size()) + " conditions are not in the record; " + score.status;
  to.window.add(name + ", " + date_sql(index_date) + ", NULL, false, false, NULL, " + engine::sql_text(score.version) + ", " + engine::sql_text(status));
  return {};
}

}  // namespace

Result<void> within_the_data(const PublishedScoreOptions& options) {
  const bool before = options.data_from && options.index_date < *options.data_from, after = options.data_to && *options.data_to < options.index_date;
  if (!before && !after) return {};
  const auto said = [](const std::optional<Date>& day) { return day ? day->to_iso() : std::string("..."); };
  return fail(ErrorCode::invalid_input, "People can be scored as of a day within the data, " + said(options.data_from) + " to " + said(options.data_to) + "; " + options.index_date.to_iso() + " lies outside.");
}

Result<PublishedScoreSummary> write_published_scores(engine::Connection& connection, const PublishedScoreOptions& options) {
  PublishedScoreSummary done;
  JOINEDUP_CHECK(within_the_data(options));
  std::vector<std::string> codes;
  JOINEDUP_CHECK(connection.scan("SELECT DISTINCT icd10 FROM spell_diagnosis WHERE icd10 IS NOT NULL ORDER BY icd10", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.rows(); ++i) codes.emplace_back(batch.text(0, i));
    return {};
  }));
  Lookup lookup;
  lookup.index.add(date_sql(options.index_date));
  for (const auto& window : windows) {
    JOINEDUP_TRY(const auto score, published_score(window.score));
    add_diagnoses(score, window, options.index_date, codes, lookup, done);
  }
  JOINEDUP_CHECK(add_conditions(options.index_date, lookup));
  for (const auto* rows : {&lookup.window, &lookup.code_term, &lookup.over, &lookup.condition_term, &lookup.index}) JOINEDUP_CHECK(rows->write(connection));
  for (const auto* file : {"sql/published_score_term.sql", "sql/published_score_total.sql"}) {
    const auto text = find_embedded(embedded_risk(), file);
    JOINEDUP_INVARIANT(text, "the steps are compiled in");
    const auto ran = connection.run(engine::render_sql(*text, engine::Dialect::duckdb));
    if (!ran) return fail(ran.error().code, ran.error().sentence, std::string("risk/") + file);
  }
  JOINEDUP_CHECK(connection.run("ALTER TABLE risk_score_term DROP COLUMN points_millionths; DROP TABLE risk_window; DROP TABLE risk_code_term; DROP TABLE risk_over; "
                                "DROP TABLE risk_condition_term; DROP TABLE risk_index"));
  JOINEDUP_TRY(done.scores, connection.count("SELECT count(*) FROM risk_score"));
  JOINEDUP_TRY(done.terms, connection.count("SELECT count(*) FROM risk_score_term"));
  return done;
}

}  // namespace joinedup::risk
