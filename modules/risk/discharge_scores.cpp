// PARR-30 of every discharge in the record, as far as the record can give it: risk_discharge_score.
#include "engine/dialect.hpp"
#include "risk/evaluate.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

const char* const status_in_the_record =
    "incomplete: hospital terms and the deprivation score of 2007 absent; conditions by the Charlson groups of Quan 2005; transcribed second-hand";

// The Charlson group of each code of the record, as a temporary table.
Result<void> write_code_terms(engine::Connection& connection) {
  JOINEDUP_TRY(const auto charlson, published_score("charlson_quan2011"));
  const Evaluator groups(charlson);
  std::vector<std::string> codes;
  JOINEDUP_CHECK(connection.scan("SELECT DISTINCT icd10 FROM spell_diagnosis WHERE icd10 IS NOT NULL ORDER BY icd10", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.rows(); ++i) codes.emplace_back(batch.text(0, i));
    return {};
  }));
  std::string values;
  for (const auto& code : codes) {
    const auto terms = groups.terms_of(code);
    for (std::size_t i = 0; terms && i < charlson.terms.size(); ++i)
      if (has(*terms, i)) values += (values.empty() ? "(" : ", (") + engine::sql_text(code) + ", " + engine::sql_text(charlson.terms[i].name) + ")";
  }
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE risk_code_term(code VARCHAR, term VARCHAR)"));
  return values.empty() ? Result<void>{} : connection.run("INSERT INTO risk_code_term VALUES " + values);
}

}  // namespace

Result<std::int64_t> write_discharge_scores(engine::Connection& connection, const PublishedScoreOptions& options) {
  JOINEDUP_CHECK(within_the_data(options));
  JOINEDUP_TRY(const auto parr30, published_score("parr30"));
  const Evaluator evaluator(parr30);
  JOINEDUP_CHECK(write_code_terms(connection));
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE risk_index AS SELECT DATE '" + options.index_date.to_iso() + "' AS index_date, DATE '" + options.discharged_from.to_iso() + "' AS discharged_from"));
  const auto text = find_embedded(embedded_risk(), "sql/parr30_input.sql");
  JOINEDUP_INVARIANT(text, "the steps are compiled in");
  const auto ran = connection.run(engine::render_sql(*text, engine::Dialect::duckdb));
  if (!ran) return fail(ran.error().code, ran.error().sentence, "risk/sql/parr30_input.sql");
  struct Row {
    std::int64_t source, source_row, person_key, discharge_date;
    std::optional<double> score;
  };
  std::vector<Row> rows;
  double constant = 0;
  for (const auto& term : parr30.terms)
    if (term.rule == Rule::constant) constant = term.levels[0].points;
  JOINEDUP_CHECK(connection.scan("SELECT * FROM risk_parr30_input ORDER BY source, source_row", [&](const engine::Batch& batch) -> Result<void> {
    std::vector<std::size_t> term_of;  // of the columns after the first four
    for (std::size_t c = 4; c < batch.columns().size(); ++c) {
      term_of.push_back(parr30.index_of(batch.columns()[c].name));
      if (term_of.back() == parr30.terms.size())
        return fail(ErrorCode::internal, "Column \"" + batch.columns()[c].name + "\" is none of the terms of parr30.", "risk/sql/parr30_input.sql");
    }
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      Row row{batch.integer(0, i), batch.integer(1, i), batch.integer(2, i), batch.integer(3, i), std::nullopt};
      double sum = constant;
      bool known = true;
      for (std::size_t t = 0; t < term_of.size(); ++t) {
        known &= !batch.is_null(t + 4, i);
        if (known) sum += static_cast<double>(batch.integer(t + 4, i)) * parr30.terms[term_of[t]].levels[0].points;
      }
      if (known) row.score = evaluator.total(sum);
      rows.push_back(row);
    }
    return {};
  }));
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_discharge_score(source SMALLINT, source_row BIGINT, person_key BIGINT, discharge_date DATE, score_name VARCHAR, "
                                "score DOUBLE, version VARCHAR, status VARCHAR)"));
  JOINEDUP_TRY(auto out, connection.append_to("risk_discharge_score"));
  std::size_t at = 0;
  for (const auto& row : rows) {
    out.set_integer(0, at, row.source);
    out.set_integer(1, at, row.source_row);
    out.set_integer(2, at, row.person_key);
    out.set_integer(3, at, row.discharge_date);
    out.set_text(4, at, parr30.name);
    if (row.score) out.set_number(5, at, *row.score);
    else out.set_null(5, at);
    out.set_text(6, at, parr30.version);
    out.set_text(7, at, row.score ? status_in_the_record : "not scored: the age is not known");
    if (++at == engine::Appender::capacity) {
      JOINEDUP_CHECK(out.flush(at));
      at = 0;
    }
  }
  if (at > 0) JOINEDUP_CHECK(out.flush(at));
  JOINEDUP_CHECK(out.close());
  JOINEDUP_CHECK(connection.run("DROP TABLE risk_parr30_input; DROP TABLE risk_code_term; DROP TABLE risk_index"));
  return static_cast<std::int64_t>(rows.size());
}

}  // namespace joinedup::risk
