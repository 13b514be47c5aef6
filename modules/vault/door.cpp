// The analysis door: what of the staged rows may be seen by whoever builds the warehouse. Identifying columns have no view.
#include <algorithm>
#include <bit>
#include <ctime>
#include <functional>

#include "base/clock.hpp"
#include "base/nhs_number.hpp"
#include "vault/state.hpp"
#include "vault/vault.hpp"

namespace joinedup::vault {
namespace {

// People who object, and to what, found by their NHS number. Who objects to secondary use, or holds a national data opt-out,
// is withheld; who objects to case finding only is in the warehouse, and is not looked for.
Result<void> read_objections(Vault::State& state, engine::Connection& connection) {
  state.person_withheld.assign(state.linked.people, false);
  state.person_objects.assign(state.linked.people, 0);
  if (state.place.objections_file.empty()) return {};
  JOINEDUP_TRY(const auto said, objections_in_force(state.place, connection));
  FlatMap objecting;
  for (const auto& one : said) {
    std::uint32_t purpose = 0;
    for (std::size_t i = 0; i < std::size(objection_purposes); ++i)
      if (one.purpose == objection_purposes[i]) purpose = 1u << i;
    if (!purpose) continue;
    if (const auto [held, fresh] = objecting.put_if_absent(one.nhs_number, purpose); !fresh) *held |= purpose;
  }
  for (std::size_t i = 0; i < state.records.size(); ++i)
    if (state.records[i].nhs_number)
      if (const auto* purposes = objecting.find(state.records[i].nhs_number)) state.person_objects[state.linked.person[i]] |= static_cast<std::uint8_t>(*purposes);
  for (std::size_t p = 0; p < state.person_objects.size(); ++p) state.person_withheld[p] = (state.person_objects[p] & 3u) != 0;
  return {};
}

// door.person_objection: who of those let through objects to what.
Result<void> fill_objections(const Vault::State& state, engine::Connection& connection, const std::vector<bool>& kept_out) {
  JOINEDUP_TRY(auto rows, connection.append_to("person_objection"));
  std::size_t at = 0;
  for (std::uint32_t p = 0; p < state.linked.people; ++p) {
    if (kept_out[p] || !state.person_objects[p]) continue;
    for (std::size_t i = 0; i < std::size(objection_purposes); ++i) {
      if (!(state.person_objects[p] >> i & 1u)) continue;
      rows.set_integer(0, at, state.pseudonym[p]);
      rows.set_text(1, at, objection_purposes[i]);
      if (++at < engine::Appender::capacity) continue;
      JOINEDUP_CHECK(rows.flush(at));
      at = 0;
    }
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  return rows.close();
}

Result<void> fill_identity_person(const Vault::State& state, engine::Connection& connection, const std::vector<bool>& kept_out) {
  JOINEDUP_TRY(auto rows, connection.append_to("identity_person"));
  std::size_t at = 0;
  for (std::size_t i = 0; i < state.records.size(); ++i) {
    const auto person = state.linked.person[i];
    rows.set_integer(0, at, state.records[i].identity_key);
    if (kept_out[person]) rows.set_null(1, at);
    else rows.set_integer(1, at, state.pseudonym[person]);
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  return rows.close();
}

Result<void> fill_attributes(const Vault::State& state, engine::Connection& connection, const std::vector<bool>& kept_out) {
  JOINEDUP_TRY(auto rows, connection.append_to("person_attribute"));
  std::size_t at = 0;
  for (std::uint32_t p = 0; p < state.linked.people; ++p) {
    if (kept_out[p]) continue;
    const auto& facts = state.attributes[p];
    const auto& area = state.areas.area(facts.area);
    rows.set_integer(0, at, state.pseudonym[p]);
    rows.set_text(1, at, {&facts.sex, 1});
    if (facts.birth_month == no_date) rows.set_null(2, at);
    else rows.set_integer(2, at, facts.birth_month);
    if (area.lsoa.empty()) rows.set_null(3, at);
    else rows.set_text(3, at, area.lsoa);
    if (area.imd_decile == 0) rows.set_null(4, at);
    else rows.set_integer(4, at, area.imd_decile);
    rows.set_integer(5, at, static_cast<std::int64_t>(mix64(static_cast<std::uint64_t>(state.pseudonym[p])) % 64));
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  return rows.close();
}

// Rows that a clerk took off their person; a table without any is joined as it is.
bool has_forks(const Vault::State& state, const place::TableSpec& table) {
  return std::any_of(state.forks.begin(), state.forks.end(), [&](const RowFork& fork) { return fork.staged_table == table.name; });
}

std::string join_identity(const Vault::State& state, const place::TableSpec& table, const std::string& database) {
  if (!has_forks(state, table)) return " JOIN " + database + "identity_person p ON p.identity_key = t.identity_key";
  return " LEFT JOIN " + database + "row_fork f ON f.staged_table = " + engine::sql_text(table.name) + " AND f.row_id = t.row_id JOIN " + database +
         "identity_person p ON p.identity_key = coalesce(f.identity_key, t.identity_key)";
}

std::string fork_rows(const Vault::State& state) {
  std::string values;
  for (const auto& fork : state.forks)
    values += (values.empty() ? "(" : ", (") + engine::sql_text(fork.staged_table) + ", " + engine::sql_text(fork.row_id) + ", " + std::to_string(fork.identity_key) + ", " +
              (fork.reference_scope.empty() ? "NULL, NULL)" : engine::sql_text(fork.reference_scope) + ", " + std::to_string(fork.person_ref) + ")");
  return "row_fork(staged_table VARCHAR, row_id VARCHAR, identity_key BIGINT, reference_scope VARCHAR, person_ref BIGINT);" +
         (values.empty() ? std::string() : "INSERT INTO row_fork VALUES " + values + ";");
}

std::string view_of(const Vault::State& state, const place::TableSpec& table, bool withheld) {
  std::string columns = "t.source_row";
  if (!table.row_id.empty() && table.stage_row_id && table.person == place::PersonSource::none) columns += ", t.row_id";
  for (const auto& column : table.columns)
    if (!column.identifying) columns += ", t." + engine::sql_name(column.name);
  std::string from = " FROM staging.main." + engine::sql_name(table.name) + " t";
  if (table.person == place::PersonSource::identity) {
    columns = "p.person_key, " + columns;
    from += join_identity(state, table, "door.main.");
  } else if (table.person == place::PersonSource::reference) {
    columns = "p.person_key, " + columns;
    from += " JOIN door.main." + engine::sql_name("reference_" + table.reference_scope) + " p ON p.person_ref = t.person_ref";
  }
  const char* where = withheld ? " WHERE false" : table.person == place::PersonSource::none ? "" : " WHERE p.person_key IS NOT NULL";
  return "CREATE VIEW door.main." + engine::sql_name(table.name) + " AS SELECT " + columns + from + where + ";";
}

// How many staged rows of a table the door keeps back, and how many refer to nobody.
Result<void> count_kept_back(engine::Connection& connection, const Vault::State& state, const std::string& feed, const place::TableSpec& table, bool no_agreement, Withheld& withheld) {
  const std::string staged = "staging.main." + engine::sql_name(table.name) + " t";
  if (no_agreement) {
    JOINEDUP_TRY(const auto count, connection.count("SELECT count(*) FROM " + staged));
    withheld.rows_by_feed[feed] += static_cast<std::uint64_t>(count);
    return {};
  }
  if (table.person == place::PersonSource::none) return {};
  if (table.person == place::PersonSource::identity) {
    if (withheld.people == 0) return {};
    JOINEDUP_TRY(const auto count, connection.count("SELECT count(*) FROM " + staged + join_identity(state, table, "") + " WHERE p.person_key IS NULL"));
    withheld.rows_by_feed[feed] += static_cast<std::uint64_t>(count);
    return {};
  }
  JOINEDUP_TRY(const auto counts, connection.query("SELECT count(*) FILTER (p.person_ref IS NULL), count(*) FILTER (p.person_ref IS NOT NULL AND p.person_key IS NULL) FROM " +
                                                   staged + " LEFT JOIN " + engine::sql_name("reference_" + table.reference_scope) + " p ON p.person_ref = t.person_ref"));
  if (const auto unknown = static_cast<std::uint64_t>(counts.integer(0, 0))) withheld.unknown_by_feed[feed] += unknown;
  withheld.rows_by_feed[feed] += static_cast<std::uint64_t>(counts.integer(0, 1));
  return {};
}

}  // namespace

Result<std::vector<ObjectionInForce>> objections_in_force(const place::Place& place, engine::Connection& connection) {
  std::vector<ObjectionInForce> all;
  if (place.objections_file.empty()) return all;
  const auto file = place.path(place.objections_file);
  JOINEDUP_CHECK(connection.scan("SELECT nhs_number, purpose, \"from\", \"until\" FROM read_csv(" + engine::sql_text(file) + ", header = true, all_varchar = true)", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const auto text = [&](std::size_t column) { return batch.is_null(column, row) ? std::string_view{} : batch.text(column, row); };
      if (text(1) != "direct_care" && std::find(std::begin(objection_purposes), std::end(objection_purposes), text(1)) == std::end(objection_purposes)) continue;
      const auto from = parse_iso_date(text(2)), until = parse_iso_date(text(3));
      if ((from && today() < *from) || (until && *until < today())) continue;
      const auto number = read_nhs_number(text(0));
      if (!number.usable())
        return fail(ErrorCode::invalid_input, "An objection carries an NHS number that fails its check; correct it, so that the objection is honoured.", file);
      all.push_back({number.digits, std::string(text(1))});
    }
    return {};
  }));
  return all;
}

namespace {

// The schema `door`, empty of views: who may be seen through it, and what is known of them.
Result<void> make_door(const Vault::State& state, engine::Connection& connection, const std::vector<bool>& kept_out) {
  JOINEDUP_CHECK(connection.run("ATTACH ':memory:' AS door; USE door;"
                                "CREATE TABLE identity_person(identity_key BIGINT, person_key BIGINT);"
                                "CREATE TABLE person_objection(person_key BIGINT, purpose VARCHAR);"
                                "CREATE TABLE person_attribute(person_key BIGINT, sex VARCHAR, birth_month DATE, lsoa VARCHAR, imd_decile INTEGER, bucket INTEGER);"
                                "CREATE TABLE place_period AS SELECT DATE '" + state.place.data_from.to_iso() + "' AS data_from, DATE '" +
                                state.place.data_to.to_iso() + "' AS data_to; CREATE TABLE " + fork_rows(state)));
  JOINEDUP_CHECK(fill_identity_person(state, connection, kept_out));
  JOINEDUP_CHECK(fill_attributes(state, connection, kept_out));
  return fill_objections(state, connection, kept_out);
}

// A view a staged table; `see` is told of each, after it is made.
Result<void> make_views(const Vault::State& state, engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const std::string& purpose,
                        const std::function<Result<void>(const std::string&, const place::TableSpec&, bool)>& see) {
  std::string scopes;
  for (const auto& feed : feeds) {
    const auto settings = state.place.feeds.find(feed.feed);
    const bool no_agreement = settings != state.place.feeds.end() && state.place.lacks_agreement(settings->second.partner, purpose, today(), feed.feed);
    for (const auto& table : feed.tables) {
      if (!table.reference_scope.empty() && scopes.find(" " + table.reference_scope + " ") == std::string::npos) {
        scopes += " " + table.reference_scope + " ";
        JOINEDUP_CHECK(connection.run("CREATE TABLE " + engine::sql_name("reference_" + table.reference_scope) +
                                      " AS SELECT r.person_ref, p.person_key FROM staging.main.reference_identity r "
                                      "LEFT JOIN row_fork f ON f.reference_scope = r.reference_scope AND f.person_ref = r.person_ref "
                                      "JOIN identity_person p ON p.identity_key = coalesce(f.identity_key, r.identity_key) WHERE r.reference_scope = " +
                                      engine::sql_text(table.reference_scope)));
      }
      JOINEDUP_CHECK(connection.run(view_of(state, table, no_agreement)));
      JOINEDUP_CHECK(see(feed.feed, table, no_agreement));
    }
  }
  return {};
}

// The purposes of objections that take a person out of case finding, as the bits of State::person_objects.
std::uint8_t purposes_that_remove(const place::Place& place) {
  std::uint8_t removing = 0;
  for (const auto& purpose : place.case_finding.objections_that_remove)
    for (std::size_t i = 0; i < std::size(objection_purposes); ++i)
      if (purpose == objection_purposes[i]) removing |= static_cast<std::uint8_t>(1u << i);
  return removing;
}

}  // namespace

Result<Withheld> Vault::open_door(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds) {
  auto& state = *state_;
  JOINEDUP_CHECK(read_objections(state, connection));
  JOINEDUP_CHECK(make_door(state, connection, state.person_withheld));
  Withheld withheld;
  const auto removing = purposes_that_remove(state.place);
  for (std::size_t p = 0; p < state.person_withheld.size(); ++p) {
    if (!state.person_withheld[p]) continue;
    ++withheld.people;
    const auto why = static_cast<unsigned>(state.person_objects[p] & removing);
    if (why != 0) ++withheld.never_found[std::string(objection_purposes[std::countr_zero(why)])];
  }
  JOINEDUP_CHECK(make_views(state, connection, feeds, "secondary_use", [&](const std::string& feed, const place::TableSpec& table, bool no_agreement) {
    return count_kept_back(connection, state, feed, table, no_agreement, withheld);
  }));
  return withheld;
}

Result<std::uint64_t> Vault::open_case_finding_door(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds) {
  auto& state = *state_;
  const auto removing = purposes_that_remove(state.place);
  std::uint64_t people = 0;
  std::vector<bool> kept_out(state.person_withheld.size(), true);
  for (std::size_t p = 0; p < kept_out.size(); ++p) {
    if (!state.person_withheld[p] || (state.person_objects[p] & removing)) continue;
    kept_out[p] = false;
    ++people;
  }
  if (people == 0) return people;
  JOINEDUP_CHECK(make_door(state, connection, kept_out));
  JOINEDUP_CHECK(make_views(state, connection, feeds, "direct_care", [](const std::string&, const place::TableSpec&, bool) -> Result<void> { return {}; }));
  return people;
}

Result<std::uint64_t> Vault::blur_birth_dates(engine::Connection& connection, const std::string& database) {
  auto& state = *state_;
  const Date recent = state.place.data_from.add_months(-12);
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMP TABLE birth_all(person_key BIGINT, born DATE)"));
  JOINEDUP_TRY(auto rows, connection.append_to("birth_all", "temp.main"));
  std::size_t at = 0;
  // Every birth date that any row gives: a mistyped one would be as telling as the true one.
  for (std::size_t i = 0; i < state.records.size(); ++i) {
    const auto& record = state.records[i];
    if (record.birth_date == no_date) continue;
    rows.set_integer(0, at, state.pseudonym[state.linked.person[i]]);
    rows.set_integer(1, at, record.birth_date);
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  JOINEDUP_CHECK(rows.close());
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMP TABLE birth_recent AS SELECT * FROM temp.main.birth_all WHERE born >= DATE '" + recent.to_iso() + "'"));
  JOINEDUP_TRY(const auto columns, connection.query("SELECT c.table_name, c.column_name FROM duckdb_columns() c WHERE c.database_name = " + engine::sql_text(database) +
                                                    " AND c.data_type = 'DATE' AND c.column_name <> 'birth_month' AND EXISTS (SELECT 1 FROM duckdb_columns() k WHERE k.database_name = c.database_name"
                                                    " AND k.table_name = c.table_name AND k.column_name = 'person_key') ORDER BY 1, 2"));
  std::uint64_t changed = 0;
  for (const auto& row : columns.rows) {
    const std::string column = engine::sql_name(row[1]), table = engine::sql_name(database) + ".main." + engine::sql_name(row[0]);
    // Most columns begin with the place's period: only those born since can have their birth date there.
    JOINEDUP_TRY(const auto old, connection.count("SELECT CASE WHEN min(" + column + ") < DATE '" + recent.to_iso() + "' THEN 1 ELSE 0 END FROM " + table));
    const std::string births = old ? "birth_all" : "birth_recent";
    JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMP TABLE birth_hit AS SELECT DISTINCT t.rowid AS hit FROM " + table + " t JOIN temp.main." + births +
                                  " b ON b.person_key = t.person_key AND b.born = t." + column + " WHERE day(t." + column + ") > 1"));
    JOINEDUP_TRY(const auto found, connection.count("SELECT count(*) FROM temp.main.birth_hit"));
    if (found == 0) continue;
    changed += static_cast<std::uint64_t>(found);
    JOINEDUP_CHECK(connection.run("UPDATE " + table + " SET " + column + " = CAST(date_trunc('month', " + column + ") AS DATE) WHERE rowid IN (SELECT hit FROM temp.main.birth_hit)"));
  }
  JOINEDUP_CHECK(connection.run("DROP TABLE temp.main.birth_all; DROP TABLE temp.main.birth_recent; DROP TABLE IF EXISTS temp.main.birth_hit"));
  return changed;
}

Result<void> Vault::export_links(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const std::string& file) {
  const auto& state = *state_;
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMP TABLE identity_decision(identity_key BIGINT, person_key BIGINT, step VARCHAR)"));
  JOINEDUP_TRY(auto rows, connection.append_to("identity_decision", "temp.main"));
  std::size_t at = 0;
  for (std::size_t i = 0; i < state.records.size(); ++i) {
    rows.set_integer(0, at, state.records[i].identity_key);
    rows.set_integer(1, at, state.pseudonym[state.linked.person[i]]);
    rows.set_text(2, at, link_step_name(state.linked.step[i]));
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  JOINEDUP_CHECK(rows.close());
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMP TABLE " + fork_rows(state)));
  std::string all;
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables) {
      if (table.person != place::PersonSource::identity || table.row_id.empty() || !table.stage_row_id) continue;
      all += all.empty() ? "" : " UNION ALL ";
      all += "SELECT " + engine::sql_text(feed.feed) + " AS feed, t.row_id, d.person_key, d.step FROM staging.main." + engine::sql_name(table.name) +
             " t LEFT JOIN row_fork f ON f.staged_table = " + engine::sql_text(table.name) + " AND f.row_id = t.row_id JOIN identity_decision d "
             "ON d.identity_key = coalesce(f.identity_key, t.identity_key)";
    }
  return connection.run("COPY (" + all + ") TO " + engine::sql_text(file) + " (FORMAT csv, HEADER)");
}

}  // namespace joinedup::vault
