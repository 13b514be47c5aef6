// What the feeds tell of the people whose care record is open: found, on a caseload, or opened by somebody who cares for them.
#include <algorithm>

#include "base/text.hpp"
#include "care_door/resources.hpp"
#include "care_door/work.hpp"
#include "place/shipped.hpp"

namespace joinedup::care_door {
namespace {

Result<void> load_conditions(engine::Connection& connection) {
  const auto text = place::shipped_file("codes/condition_snomed.csv");
  JOINEDUP_INVARIANT(text, "the code lists are compiled in");
  std::string sql = "CREATE TABLE code_condition(snomed_concept BIGINT, condition VARCHAR);INSERT INTO code_condition VALUES ";
  std::size_t line_number = 0;
  for (const auto line : split(*text, '\n')) {
    if (++line_number < 3 || line.empty()) continue;  // the source, the header
    const auto fields = split(line, ',');
    sql += (line_number > 3 ? ", (" : "(") + std::string(fields[0]) + ", " + engine::sql_text(fields[1]) + ")";
  }
  return connection.run(sql);
}

// The people of scope, by identity and by the references that feeds know them by.
Result<void> fill_scope(Work& work, const std::vector<std::int64_t>& scope) {
  auto& connection = work.connection;
  JOINEDUP_CHECK(connection.run("CREATE TABLE scope(care_key BIGINT)"));
  for (std::size_t from = 0; from < scope.size(); from += 5000) {
    std::string values;
    for (std::size_t i = from; i < std::min(from + 5000, scope.size()); ++i) values += (values.empty() ? "(" : ", (") + std::to_string(scope[i]) + ")";
    JOINEDUP_CHECK(connection.run("INSERT INTO scope VALUES " + values));
  }
  std::string forked_refs;
  for (const auto& feed : work.feeds)
    for (const auto& table : feed.tables)
      if (table.person == place::PersonSource::identity && !table.reference_scope.empty() && !table.row_id.empty() && table.stage_row_id)
        forked_refs += std::string(forked_refs.empty() ? "" : " UNION ALL ") + "SELECT " + engine::sql_text(table.reference_scope) + " AS reference_scope, t.person_ref, f.identity_key FROM row_fork f JOIN staging.main." +
                       engine::sql_name(table.name) + " t ON f.staged_table = " + engine::sql_text(table.name) + " AND f.row_id = t.row_id";
  // sure: the vault is certain for care. Otherwise linked to one of these people by probability only: never shown, but counted.
  return connection.run(
      "CREATE TABLE scope_identity AS SELECT c.identity_key, c.care_key FROM care_identity c JOIN scope s ON s.care_key = c.care_key;"
      "CREATE TABLE unsure_identity AS SELECT c.identity_key FROM care_identity c WHERE c.person_key IN (SELECT person_key FROM care_identity JOIN scope USING (care_key)) "
      "AND c.care_key NOT IN (SELECT care_key FROM scope);"
      "CREATE TABLE forked_ref AS " + forked_refs + ";"
      "CREATE TABLE scope_ref AS SELECT r.reference_scope, r.person_ref, s.care_key FROM staging.main.reference_identity r LEFT JOIN forked_ref f ON f.reference_scope = r.reference_scope "
      "AND f.person_ref = r.person_ref JOIN scope_identity s ON s.identity_key = coalesce(f.identity_key, r.identity_key);"
      "CREATE TABLE unsure_ref AS SELECT r.reference_scope, r.person_ref FROM staging.main.reference_identity r LEFT JOIN forked_ref f ON f.reference_scope = r.reference_scope "
      "AND f.person_ref = r.person_ref JOIN unsure_identity s ON s.identity_key = coalesce(f.identity_key, r.identity_key);"
      "CREATE TABLE practice_of AS SELECT r.person_ref, min(o.ods_code) AS practice FROM registration r JOIN staging.main.gp_organisation o ON o.organisation_guid = r.organisation_guid GROUP BY r.person_ref");
}

struct TableCount {
  std::int64_t rows = 0, open = 0, unsure = 0;
};

// care_<table>: the rows of people in scope. Empty where the feed may not be used for care.
Result<TableCount> take_table(Work& work, const place::FeedSpec& feed, const place::TableSpec& table) {
  auto& connection = work.connection;
  const std::string staged = "staging.main." + engine::sql_name(table.name) + " t", mine = engine::sql_name("care_" + table.name);
  TableCount count;
  JOINEDUP_TRY(count.rows, connection.count("SELECT count(*) FROM " + staged));
  const bool of_identity = table.person == place::PersonSource::identity;
  const bool by_row = of_identity && !table.row_id.empty() && table.stage_row_id;
  const std::string fork = by_row ? " LEFT JOIN row_fork f ON f.staged_table = " + engine::sql_text(table.name) + " AND f.row_id = t.row_id" : "";
  const std::string key = by_row ? "coalesce(f.identity_key, t.identity_key)" : "t.identity_key";
  const std::string scope = " AND s.reference_scope = " + engine::sql_text(table.reference_scope);
  const std::string join = of_identity ? fork + " JOIN scope_identity s ON s.identity_key = " + key : " JOIN scope_ref s ON s.person_ref = t.person_ref" + scope;
  JOINEDUP_CHECK(connection.run("CREATE TABLE " + mine + " AS SELECT s.care_key, t.* FROM " + staged + join + (work.may_use(feed.feed) ? "" : " WHERE false")));
  if (!work.may_use(feed.feed)) return count;
  JOINEDUP_TRY(count.open, connection.count("SELECT count(*) FROM " + mine));
  JOINEDUP_TRY(const auto unsure, connection.count("SELECT count(*) FROM unsure_identity"));
  if (unsure > 0) {
    const std::string unsure_join = of_identity ? fork + " JOIN unsure_identity s ON s.identity_key = " + key : " JOIN unsure_ref s ON s.person_ref = t.person_ref" + scope;
    JOINEDUP_TRY(count.unsure, connection.count("SELECT count(*) FROM " + staged + unsure_join));
  }
  return count;
}

Fact fact_of(const Work& work, const engine::Batch& batch, std::size_t row) {
  const auto text = [&](std::size_t column) { return batch.is_null(column, row) ? std::string() : std::string(batch.text(column, row)); };
  const auto date = [&](std::size_t column) { return batch.is_null(column, row) ? std::string() : Date{static_cast<std::int32_t>(batch.integer(column, row))}.to_iso(); };
  Fact fact;
  fact.feed = text(1), fact.source = work.source_of(fact.feed), fact.kind = text(2);
  fact.status = text(4), fact.klass = text(5), fact.type = text(6), fact.code_system = text(7), fact.code = text(8), fact.display = text(9);
  fact.starts = date(10), fact.ends = date(11);
  fact.provider_code = text(12);
  fact.provider_id = work.organization_id(fact.provider_code);
  fact.label = text(13);
  fact.id = work.names.id(fact_type(fact.kind), fact.feed, text(3));
  // ICD-10 is staged without its dot.
  if (fact.code_system.ends_with("icd-10") && fact.code.size() > 3 && fact.code[3] != '.') fact.code.insert(3, ".");
  return fact;
}

}  // namespace

Result<void> write_facts(Work& work, Writer& writer) {
  std::vector<std::int64_t> scope;
  for (const auto care_key : work.open_care_keys)
    if (work.people.patient_of.contains(care_key) && !work.objecting.contains(care_key)) {
      scope.push_back(care_key);
      work.open_patients.insert(work.people.patient_of.at(care_key));
    }
  work.people_open = scope.size();
  if (scope.empty() || !work.may_use("gp_registration")) return {};
  std::sort(scope.begin(), scope.end());
  JOINEDUP_CHECK(load_conditions(work.connection));
  JOINEDUP_CHECK(fill_scope(work, scope));
  std::map<std::string, std::int64_t> open_rows;
  for (const auto& feed : work.feeds) {
    if (feed.feed == "gp_registration" || feed.feed == "deaths" || feed.feed == "shared_record") continue;
    auto& share = work.feed_shares[feed.feed];
    share.feed = feed.feed;
    for (const auto& table : feed.tables) {
      if (table.person == place::PersonSource::none) continue;
      JOINEDUP_TRY(const auto count, take_table(work, feed, table));
      share.rows_in += static_cast<std::uint64_t>(count.rows);
      open_rows[feed.feed] += count.open;
      if (!work.may_use(feed.feed)) {
        if (count.rows) share.not_shared[work.winding_down.contains(feed.feed) ? "the agreement for direct care winds down" : "no agreement for direct care"] += static_cast<std::uint64_t>(count.rows);
        continue;
      }
      if (count.unsure) share.not_shared["linked, but not surely theirs"] += static_cast<std::uint64_t>(count.unsure);
      if (count.rows > count.open + count.unsure) share.not_shared["the person's care record is not open"] += static_cast<std::uint64_t>(count.rows - count.open - count.unsure);
    }
  }
  JOINEDUP_CHECK(work.run_sql("sql/20_fact.sql"));
  std::map<std::string, std::int64_t> shared_rows;
  JOINEDUP_CHECK(work.connection.scan("SELECT * FROM fact ORDER BY care_key, feed, kind, source_key", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      auto fact = fact_of(work, batch, row);
      fact.patient_id = work.people.patient_of.at(batch.integer(0, row));
      shared_rows[fact.feed] += batch.integer(14, row);
      JOINEDUP_CHECK(writer.want({.type = fact_type(fact.kind), .id = fact.id, .feed = fact.feed, .patient = fact.patient_id, .body = fact_body(fact)}));
    }
    return {};
  }));
  for (auto& [feed, share] : work.feed_shares) {
    if (feed == "gp_registration") continue;
    share.shared = static_cast<std::uint64_t>(shared_rows[feed]);
    if (open_rows[feed] > shared_rows[feed]) share.not_shared["of a kind that is not shared"] += static_cast<std::uint64_t>(open_rows[feed] - shared_rows[feed]);
  }
  return {};
}

}  // namespace joinedup::care_door
