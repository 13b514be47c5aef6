// Whom to consider: facts, rules, the three numbers, and why everybody else is left out.
#include <filesystem>

#include "base/text.hpp"
#include "caseload/steps.hpp"
#include "risk/risk.hpp"

namespace joinedup::caseload {
namespace {

Result<void> load_rules(engine::Connection& connection, const place::Place& place) {
  std::vector<std::vector<std::string>> rules, teams, removes;
  int order = 0;
  for (const auto& row : data_rows("data/case_rules.csv"))
    rules.push_back({std::to_string(++order), row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]});
  JOINEDUP_CHECK(fill_table(connection, "case_rule",
                            "rule_order INTEGER, dimension VARCHAR, rule VARCHAR, fact VARCHAR, at_least INTEGER, absent VARCHAR, label VARCHAR, "
                            "sentence VARCHAR, because VARCHAR", rules));
  for (const auto& team : place.teams)
    for (const auto& practice : team.practices) teams.push_back({team.name, practice});
  JOINEDUP_CHECK(fill_table(connection, "case_team", "team VARCHAR, practice VARCHAR", teams));
  for (const auto& purpose : place.case_finding.objections_that_remove) removes.push_back({purpose});
  JOINEDUP_CHECK(fill_table(connection, "case_objection_removes", "purpose VARCHAR", removes));
  // The conditions of the published score. J20 counts beside J41 to J44 or J47 only, and one diagnosis is all that is read here.
  JOINEDUP_TRY(const auto acsc, risk::published_score("acsc"));
  std::vector<std::vector<std::string>> codes;
  for (const auto& term : acsc.terms)
    for (const auto& code : term.codes)
      if (code != "J20") codes.push_back({code});
  return fill_table(connection, "code_avoidable", "icd10 VARCHAR", codes);
}

constexpr const char* stratum_model = "what happened here to people alike";

// A model that knows the whole of a day dates its scores the day itself or the morning after.
std::string scored_for(Date day) { return "index_date IN (DATE '" + day.to_iso() + "', DATE '" + (day + 1).to_iso() + "')"; }

// case_risk: the trained model of this place where it has scored these people for this day, else the rate among people alike.
Result<void> choose_risk(engine::Connection& connection, Basis& basis) {
  JOINEDUP_CHECK(run_step(connection, "sql/32_case_stratum.sql"));
  JOINEDUP_TRY(const auto trained, has_table(connection, "risk_prediction"));
  std::string model;
  if (trained) {
    JOINEDUP_TRY(const auto models, connection.query("SELECT model, outcome, count(*) FROM risk_prediction WHERE outcome LIKE 'emergency_admission%' AND outcome NOT LIKE '%30%' AND " + scored_for(basis.index_date) +
                                                     " GROUP BY model, outcome ORDER BY count(*) DESC, model DESC LIMIT 1"));
    if (!models.rows.empty()) model = models.rows[0][0];
  }
  if (model.empty()) {
    basis.risk_model = stratum_model;
    basis.notes.push_back(trained ? "No trained model has scored people for " + basis.index_date.to_iso() + ": risk is the rate of emergency admission among people alike a year earlier."
                                  : "No trained model has scored this place: risk is the rate of emergency admission among people alike a year earlier.");
    return connection.run("CREATE OR REPLACE TEMPORARY TABLE case_risk AS SELECT person_key, risk, " + engine::sql_text(stratum_model) +
                          " AS model, people_alike FROM case_stratum_risk WHERE risk IS NOT NULL");
  }
  basis.risk_model = model;
  return connection.run("CREATE OR REPLACE TEMPORARY TABLE case_risk AS SELECT person_key, max(probability) AS risk, " + engine::sql_text(model) +
                        " AS model, CAST(NULL AS BIGINT) AS people_alike FROM risk_prediction WHERE model = " + engine::sql_text(model) +
                        " AND outcome LIKE 'emergency_admission%' AND outcome NOT LIKE '%30%' AND " + scored_for(basis.index_date) + " GROUP BY person_key;"
                        // Whom the model has not scored (with a national opt-out they are not in the warehouse) has the rate among people alike.
                        "INSERT INTO temp.main.case_risk SELECT person_key, risk, " + engine::sql_text(stratum_model) + ", people_alike FROM case_stratum_risk s "
                        "WHERE risk IS NOT NULL AND NOT EXISTS (SELECT 1 FROM case_risk r WHERE r.person_key = s.person_key)");
}

void replace_all(std::string& text, std::string_view mark, const std::string& by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

}  // namespace

Result<Basis> write_candidates(engine::Connection& connection, const place::Place& place, Date index_date) {
  if (place.teams.empty())
    return fail(ErrorCode::invalid_input, "This place has no teams, so nobody can be offered care: add [[team]] with its name, practices and capacity to place.toml.", "place.toml");
  if (index_date < place.data_from || place.data_to < index_date)
    return fail(ErrorCode::wrong_usage, "People can be found as of a day within the data, " + place.data_from.to_iso() + " to " + place.data_to.to_iso() + "; " +
                                            index_date.to_iso() + " lies outside.");
  Basis basis;
  basis.index_date = index_date;
  JOINEDUP_CHECK(write_setting(connection, place, index_date));
  JOINEDUP_CHECK(load_rules(connection, place));
  JOINEDUP_TRY(const auto objections, has_table(connection, "case_objection"));
  if (!objections) JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE case_objection(person_key BIGINT, purpose VARCHAR)"));
  JOINEDUP_TRY(const auto withheld, has_table(connection, "case_withheld"));
  if (!withheld) JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE case_withheld(excluded_because VARCHAR, people BIGINT)"));
  JOINEDUP_CHECK(run_step(connection, "sql/30_case_fact.sql"));
  JOINEDUP_CHECK(choose_risk(connection, basis));
  JOINEDUP_CHECK(run_step(connection, "sql/34_case_candidate.sql"));
  JOINEDUP_CHECK(run_step(connection, "sql/36_case_exclusion.sql"));
  JOINEDUP_TRY(basis.people, connection.count("SELECT count(*) FROM case_candidate"));
  JOINEDUP_TRY(const auto scored, connection.count("SELECT count(*) FROM case_candidate WHERE risk IS NOT NULL"));
  if (basis.people == 0) basis.notes.push_back("Nobody is on a practice's list on " + index_date.to_iso() + ": there is nobody to find.");
  else if (scored == 0)
    basis.notes.push_back("No risk could be worked out: without a trained model it needs two years of data before " + index_date.to_iso() + ". Only the palliative co-ordination list is complete.");
  return basis;
}

Result<void> write_no_candidates(engine::Connection& connection) {
  return connection.run("CREATE TABLE case_candidate(person_key BIGINT, team VARCHAR, practice VARCHAR, age INTEGER, sex VARCHAR, ethnicity VARCHAR, imd_decile INTEGER, risk DOUBLE, "
                        "risk_model VARCHAR, impactability INTEGER, care_gaps INTEGER, state VARCHAR, excluded_because VARCHAR);"
                        "CREATE TABLE case_exclusion(team VARCHAR, excluded_because VARCHAR, people BIGINT)");
}

Result<std::map<std::int64_t, std::vector<Reason>>> reasons_of_shown(engine::Connection& connection, const Basis& basis) {
  std::map<std::int64_t, std::vector<Reason>> all;
  // What the risk number says comes first, in words.
  JOINEDUP_TRY(const auto risks, connection.query("SELECT r.person_key, round(100 * r.risk), r.people_alike, r.model FROM case_risk r JOIN case_shown s ON s.person_key = r.person_key "
                                                  "JOIN case_candidate c ON c.person_key = r.person_key WHERE c.risk IS NOT NULL ORDER BY r.person_key"));
  for (std::size_t i = 0; i < risks.rows.size(); ++i) {
    const auto hundred = std::to_string(static_cast<long>(risks.number(i, 1)));
    const std::string alike = risks.nulls[i][2] ? "Of 100 people whom the model scores like this, about " + hundred + " are admitted as an emergency within a year"
                                                : "Of people here of like age, emergency admissions and conditions a year ago, " + hundred + " in 100 were admitted as an emergency in the year that followed (" +
                                                      with_commas(risks.integer(i, 2)) + " people)";
    all[risks.integer(i, 0)].push_back({"risk", "likelihood", alike, risks.nulls[i][2] ? "this place's model of " + risks.rows[i][3] : risks.rows[i][3], basis.index_date.to_iso(), "normal"});
  }
  JOINEDUP_TRY(const auto hits, connection.query(
      "SELECT h.person_key, h.dimension, h.rule, r.sentence, h.n, h.first_on, h.last_on, h.source, r.label FROM case_rule_hit h JOIN case_shown s ON s.person_key = h.person_key "
      "JOIN case_candidate c ON c.person_key = h.person_key JOIN case_rule r ON r.rule_order = h.rule_order "
      "WHERE coalesce(c.excluded_because, '') <> 'objects_to_case_finding' ORDER BY h.person_key, h.rule_order"));
  for (std::size_t i = 0; i < hits.rows.size(); ++i) {
    const auto& row = hits.rows[i];
    std::string text = row[3];
    replace_all(text, "{n}", row[4]);
    replace_all(text, "{s}", row[4] == "1" ? "" : "s");
    replace_all(text, "{first}", row[5]);
    replace_all(text, "{last}", row[6]);
    all[hits.integer(i, 0)].push_back({row[1], row[2], text, row[7], row[6], row[8]});
  }
  JOINEDUP_TRY(const auto ending, connection.query("SELECT f.person_key, f.last_on, f.source FROM case_fact f JOIN case_shown s ON s.person_key = f.person_key JOIN case_candidate c ON c.person_key = f.person_key "
                                                   "WHERE f.fact = 'end_of_life_register' AND c.state = 'palliative_coordination' ORDER BY f.person_key"));
  for (std::size_t i = 0; i < ending.rows.size(); ++i) {
    auto& reasons = all[ending.integer(i, 0)];
    reasons.insert(reasons.begin(), {"palliative", "end_of_life_register", "On the practice's end-of-life register", ending.rows[i][2], ending.rows[i][1], "palliative"});
  }
  return all;
}

Result<Opened> open_published(const place::Place& place, unsigned threads) {
  namespace fs = std::filesystem;
  const std::string file = place.path("warehouse/current/warehouse.duckdb");
  if (!fs::exists(file)) return fail(ErrorCode::not_found, "Nothing has been published here yet; `joinedup refresh` does it.", file);
  std::error_code error;
  if (!place.objections_file.empty() && fs::last_write_time(place.path(place.objections_file), error) > fs::last_write_time(place.path("warehouse/current/manifest.json"), error))
    return fail(ErrorCode::conflict, "Objections have changed since the last refresh; run `joinedup refresh` first, so that they are honoured.", place.objections_file);
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = threads}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(file) + " AS published (READ_ONLY)"));
  const std::string apart_file = place.path("vault/case_finding.duckdb");
  const bool apart = fs::exists(apart_file);
  if (apart) JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(apart_file) + " AS apart (READ_ONLY)"));
  JOINEDUP_TRY(const auto tables, connection.query("SELECT table_name, database_name FROM duckdb_tables() WHERE database_name IN ('published', 'apart') ORDER BY 1, 2 DESC"));
  std::map<std::string, std::string> views;
  for (const auto& row : tables.rows) {
    if (row[0].starts_with("case_") && row[0] != "case_objection" && row[0] != "case_withheld") continue;  // made anew, with the settings of today
    auto& view = views[row[0]];
    view += (view.empty() ? "" : " UNION ALL BY NAME ") + std::string("SELECT * FROM ") + row[1] + ".main." + engine::sql_name(row[0]);
  }
  for (const auto& [name, select] : views) JOINEDUP_CHECK(connection.run("CREATE VIEW " + engine::sql_name(name) + " AS " + select));
  const auto run = fs::read_symlink(place.path("warehouse/current"), error).filename().string();
  return Opened{std::move(database), std::move(connection), run};
}

}  // namespace joinedup::caseload
