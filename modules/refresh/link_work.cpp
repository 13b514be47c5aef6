#include "refresh/link_work.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "record/record.hpp"
#include "refresh/csv_table.hpp"
#include "refresh/publish.hpp"
#include "refresh/share_step.hpp"

namespace joinedup::refresh {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

// The vault, and a connection with the staged rows attached, under the place's lock.
struct Desk {
  vault::PlaceLock lock;
  engine::Database database;
  engine::Connection connection;
  vault::Vault vault;
  std::vector<place::FeedSpec> feeds;

  static Result<Desk> open(const place::Place& place) {
    JOINEDUP_TRY(auto lock, lock_place(place));
    const auto staging = place.path("vault/staging/staging.duckdb");
    if (!fs::exists(staging)) return fail(ErrorCode::not_found, "Nothing has been staged here yet; `joinedup refresh` does it.", staging);
    JOINEDUP_TRY(auto feeds, place::shipped_feeds());
    JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 1}));
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(staging) + " AS staging (READ_ONLY)"));
    JOINEDUP_TRY(auto vault, vault::Vault::open(place));
    return Desk{std::move(lock), std::move(database), std::move(connection), std::move(vault), std::move(feeds)};
  }
};

constexpr const char* side_columns[] = {"feed", "nhs_number", "birth_date", "sex", "family_name", "given_name", "middle_names", "house", "address_line_1", "town", "postcode", "local_id", "local_id_organisation"};

using SideOf = std::map<std::int64_t, std::vector<std::string>>;

Result<SideOf> read_sides(engine::Connection& connection, const std::vector<vault::ReviewCase>& cases) {
  std::string keys, columns;
  for (const auto& one : cases) keys += (keys.empty() ? "" : ", ") + std::to_string(one.identity_a) + ", " + std::to_string(one.identity_b);
  for (const auto* name : side_columns) columns += std::string(", ") + name;
  SideOf sides;
  if (keys.empty()) return sides;
  JOINEDUP_TRY(const auto rows, connection.query("SELECT identity_key" + columns + " FROM staging.main.identity_record WHERE identity_key IN (" + keys + ")"));
  for (std::size_t i = 0; i < rows.rows.size(); ++i) sides[rows.integer(i, 0)] = {rows.rows[i].begin() + 1, rows.rows[i].end()};
  return sides;
}

Json row_json(const vault::Unlinked& done) {
  Json out;
  out["staged_table"] = done.staged_table;
  out["was_linked_by"] = done.step;
  out["was_linked_since"] = done.since;
  out["old_person_key"] = done.old_person_key;
  out["new_person_key"] = done.new_person_key;
  out["old_care_key"] = done.old_care_key;
  out["new_care_key"] = done.new_care_key;
  out["may_have_been_in_the_shared_record"] = done.shared_for_care;
  out["referring_rows"] = done.referring_rows;
  out["wrong_record"] = Json::array();
  for (const auto& table : done.wrong_record)
    out["wrong_record"].push_back({{"feed", table.feed}, {"table", table.staged_table}, {"identities", table.identities}, {"rows", table.rows}});
  out["seen_by"] = done.seen;
  return out;
}

// Rows of the published version that came from this row of a feed.
Result<Json> published_rows(const place::Place& place, const vault::Unlinked& done) {
  Json out = Json::array();
  const auto file = place.path("warehouse/current/warehouse.duckdb");
  if (!fs::exists(file)) return out;
  JOINEDUP_TRY(auto database, engine::Database::open(file, {.threads = 1, .read_only = true}));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_TRY(const auto tables, connection.query("SELECT table_name FROM duckdb_columns() WHERE schema_name = 'main' AND column_name IN ('source', 'source_row') GROUP BY 1 HAVING count(*) = 2 ORDER BY 1"));
  std::string rows;
  for (const auto row : done.source_rows) rows += (rows.empty() ? "" : ", ") + std::to_string(row);
  for (const auto& table : tables.rows) {
    JOINEDUP_TRY(const auto count, connection.count("SELECT count(*) FROM main." + engine::sql_name(table[0]) + " t JOIN main.source s ON s.source = t.source WHERE s.staged_table = " +
                                                    engine::sql_text(done.staged_table) + " AND t.source_row IN (" + rows + ")"));
    if (count) out.push_back({{"table", table[0]}, {"rows", count}});
  }
  return out;
}

}  // namespace

Result<std::uint64_t> export_review(const place::Place& place, const std::string& file, const std::string& who) {
  if (who.empty()) return fail(ErrorCode::wrong_usage, "Say who takes these identifiable pairs, with --who; it is logged.");
  JOINEDUP_TRY(auto desk, Desk::open(place));
  JOINEDUP_TRY(const auto cases, desk.vault.review_queue());
  JOINEDUP_TRY(const auto sides, read_sides(desk.connection, cases));
  std::string text = "pair_id,reason,weight,probability,reach";
  for (const char side : {'a', 'b'})
    for (const auto* name : side_columns) text += std::string(",") + side + "_" + name;
  text += ",decision,who,when\n";
  std::uint64_t written = 0;
  for (const auto& one : cases) {
    const auto a = sides.find(one.identity_a), b = sides.find(one.identity_b);
    if (a == sides.end() || b == sides.end()) continue;  // received no more, or a row that was taken off
    text += one.pair_id + "," + one.reason + "," + format_number(one.weight) + "," + format_number(one.probability) + "," + std::to_string(one.reach);
    for (const auto& side : {a->second, b->second})
      for (const auto& value : side) text += "," + csv_field(value);
    text += ",,,\n";
    ++written;
  }
  // The log first: nobody holds the pairs without it.
  JOINEDUP_CHECK(desk.vault.log_access(who, "exported the review queue", "review", written));
  for (const auto& one : cases) JOINEDUP_CHECK(desk.vault.log_access(who, "exported a pair for review", "pair " + one.pair_id, 2));
  JOINEDUP_CHECK(write_file(file, text, FileMode::secret));
  return written;
}

Result<vault::DecisionOutcome> import_review(const place::Place& place, const std::string& file) {
  JOINEDUP_TRY(const auto text, read_file(file));
  JOINEDUP_TRY(const auto table, read_csv_table(text, file));
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < table.header.size(); ++i) at.emplace(lower_ascii(trim(table.header[i])), i);
  for (const char* needed : {"pair_id", "decision", "who", "when"})
    if (!at.contains(needed)) return fail(ErrorCode::invalid_input, std::string("There is no column \"") + needed + "\"; the file must have pair_id, decision, who and when.", file);
  std::vector<vault::ClericalDecision> decisions;
  for (const auto& row : table.rows) {
    const auto field = [&](const char* name) { return std::string(trim(row.fields[at.at(name)])); };
    vault::ClericalDecision decision{field("pair_id"), lower_ascii(field("decision")), field("who"), field("when"), row.line};
    if (!decision.verdict.empty()) decisions.push_back(std::move(decision));
  }
  JOINEDUP_TRY(const auto lock, lock_place(place));
  JOINEDUP_TRY(auto vault, vault::Vault::open(place));
  auto outcome = vault.decide(decisions);
  if (!outcome) {
    auto error = outcome.error();
    error.context = file + (error.context.empty() ? "" : ", " + error.context);
    return tl::unexpected(error);
  }
  for (const auto& decision : decisions) JOINEDUP_CHECK(vault.log_access(decision.who, "decided a pair: " + decision.verdict, "pair " + decision.pair_id, 2));
  return outcome;
}

std::string outcome_json(const vault::DecisionOutcome& outcome) {
  return Json{{"recorded", outcome.recorded}, {"known_already", outcome.known}, {"notes", outcome.notes}}.dump(2) + "\n";
}

Result<std::string> unlink_row(const place::Place& place, const vault::RowName& row, const std::string& who, const std::string& reason) {
  if (who.empty() || reason.empty()) return fail(ErrorCode::wrong_usage, "Say who decides it and why, with --who and --reason; both are kept.");
  JOINEDUP_TRY(auto desk, Desk::open(place));
  JOINEDUP_TRY(const auto done, desk.vault.unlink_row(desk.connection, desk.feeds, row, who, reason));
  Json out = row_json(done);
  out["feed"] = row.feed;
  out["row_id"] = row.row_id;
  JOINEDUP_TRY(out["published_rows"], published_rows(place, done));
  out["published_until_next_refresh"] = !out["published_rows"].empty();
  if (const auto shared = share_decision(place, desk.feeds); !shared.empty()) out["shared_record"] = Json::parse(shared);
  return out.dump(2) + "\n";
}

Result<std::string> relink_row(const place::Place& place, const vault::RowName& row, const std::string& who, const std::string& reason) {
  if (who.empty() || reason.empty()) return fail(ErrorCode::wrong_usage, "Say who decides it and why, with --who and --reason; both are kept.");
  JOINEDUP_TRY(auto desk, Desk::open(place));
  JOINEDUP_CHECK(desk.vault.relink_row(desk.feeds, row, who, reason));
  Json out{{"feed", row.feed}, {"row_id", row.row_id}, {"withdrawn", true}};
  if (const auto shared = share_decision(place, desk.feeds); !shared.empty()) out["shared_record"] = Json::parse(shared);
  return out.dump(2) + "\n";
}

Result<std::string> key_history_json(const place::Place& place) {
  JOINEDUP_TRY(const auto vault, vault::Vault::open(place));
  JOINEDUP_TRY(const auto events, vault.key_history());
  Json out = Json::array();
  for (const auto& event : events)
    out.push_back({{"generation", event.generation}, {"of", event.of}, {"kind", event.kind}, {"from_key", event.from_key}, {"to_key", event.to_key}});
  return out.dump(2) + "\n";
}

}  // namespace joinedup::refresh
