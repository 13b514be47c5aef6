// "Wrong person": a row is taken off its person at once, stays off through every refresh, and all that had stood beside it is listed.
#include <algorithm>
#include <ctime>
#include <set>

#include "base/clock.hpp"
#include "vault/state.hpp"

namespace joinedup::vault {
namespace {

Result<std::vector<const place::TableSpec*>> tables_of(const std::vector<place::FeedSpec>& feeds, const RowName& row) {
  for (const auto& feed : feeds) {
    if (feed.feed != row.feed) continue;
    std::vector<const place::TableSpec*> tables;
    for (const auto& table : feed.tables)
      if (table.person == place::PersonSource::identity && !table.row_id.empty() && table.stage_row_id) tables.push_back(&table);
    if (tables.empty())
      return fail(ErrorCode::unsupported, "Rows of feed " + row.feed + " name nobody themselves: they go with the registration they refer to. Unlink that row of the register instead.");
    return tables;
  }
  return fail(ErrorCode::not_found, "There is no feed \"" + row.feed + "\".");
}

std::int64_t fork_key(const std::string& table, const std::string& row_id) {
  return static_cast<std::int64_t>(hash64("row|" + table + "|" + row_id) >> 1);
}

std::string list_of(const std::vector<std::int64_t>& keys) {
  std::string text;
  for (const auto key : keys) text += (text.empty() ? "" : ", ") + std::to_string(key);
  return text;
}

struct Found {
  const place::TableSpec* table = nullptr;
  std::int64_t identity = 0, person_ref = 0;
  std::vector<std::int64_t> source_rows;
};

Result<Found> find_row(engine::Connection& connection, const std::vector<const place::TableSpec*>& tables, const RowName& row) {
  for (const auto* table : tables) {
    const std::string reference = table->reference.empty() ? "NULL" : "person_ref";
    JOINEDUP_TRY(const auto rows, connection.query("SELECT identity_key, " + reference + ", source_row FROM staging.main." + engine::sql_name(table->name) +
                                                   " WHERE row_id = " + engine::sql_text(row.row_id) + " ORDER BY source_row"));
    if (rows.rows.empty()) continue;
    Found found{table, rows.integer(0, 0), rows.integer(0, 1), {}};
    for (std::size_t i = 0; i < rows.rows.size(); ++i) found.source_rows.push_back(rows.integer(i, 2));
    return found;
  }
  return fail(ErrorCode::not_found, "Feed " + row.feed + " holds no row of this id now.");
}

// What stood on the person beside the row, and whom its log names.
Result<void> list_wrong_record(Vault::State& state, engine::Connection& connection, const std::vector<std::int64_t>& members, Unlinked& out) {
  JOINEDUP_TRY(const auto tables, connection.query("SELECT feed, staged_table, count(*), sum(\"rows\")::BIGINT FROM staging.main.identity_record WHERE identity_key IN (" + list_of(members) +
                                                   ") GROUP BY ALL ORDER BY ALL"));
  for (std::size_t i = 0; i < tables.rows.size(); ++i)
    out.wrong_record.push_back({tables.rows[i][0], tables.rows[i][1], static_cast<std::uint64_t>(tables.integer(i, 2)), static_cast<std::uint64_t>(tables.integer(i, 3))});
  std::set<std::string> seen;  // in order of time
  Statement of_person(state.handle, "SELECT at, who, action FROM access_log WHERE subject = 'person ' || ?");
  of_person.bind(1, out.old_person_key);
  while (of_person.row()) seen.insert(of_person.text(0) + " " + of_person.text(1) + ": " + of_person.text(2));
  for (const auto member : members) {
    Statement of_pair(state.handle, "SELECT l.at, l.who, l.action FROM access_log l JOIN (SELECT pair_id FROM decision WHERE ?1 IN (identity_a, identity_b) UNION "
                                    "SELECT pair_id FROM review_pair WHERE ?1 IN (identity_a, identity_b)) p ON l.subject = 'pair ' || p.pair_id");
    of_pair.bind(1, member);
    while (of_pair.row()) seen.insert(of_pair.text(0) + " " + of_pair.text(1) + ": " + of_pair.text(2));
  }
  out.seen.assign(seen.begin(), seen.end());
  return {};
}

Result<void> record_unlinking(Vault::State& state, const Found& found, const RowName& row, const std::vector<std::int64_t>& members,
                              const std::string& who, const std::string& reason, Unlinked& out) {
  auto* handle = state.handle;
  const auto now = instant_now();
  const auto fork = fork_key(found.table->name, row.row_id);
  Statement keep(handle, "INSERT INTO row_fork(identity_key, staged_table, row_id, who, made_at, reason) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(identity_key) DO UPDATE SET "
                         "who = excluded.who, made_at = excluded.made_at, reason = excluded.reason, undone_at = ''");
  keep.bind(1, fork);
  keep.bind(2, found.table->name);
  keep.bind(3, row.row_id);
  keep.bind(4, who);
  keep.bind(5, now);
  keep.bind(6, reason);
  JOINEDUP_CHECK(keep.run("keep the unlinking"));
  Statement decide(handle, "INSERT INTO decision(pair_id, identity_a, identity_b, fingerprint_a, fingerprint_b, verdict, who, decided_at, recorded_at, origin, reason) "
                           "VALUES (?, ?, ?, 0, 0, 'different', ?, ?, ?, 'unlink', ?)");
  for (const auto member : members) {
    decide.bind(1, pair_id_of(fork, member));
    decide.bind(2, fork);
    decide.bind(3, member);
    decide.bind(4, who);
    decide.bind(5, now);
    decide.bind(6, now);
    decide.bind(7, reason);
    JOINEDUP_CHECK(decide.run("keep the unlinking"));
  }
  const auto generation = static_cast<std::int64_t>(state.generation + 1);
  out.new_person_key = state.next_person_key;
  out.new_care_key = state.next_person_key + 1;
  Statement identity(handle, "INSERT INTO identity(identity_key, person_key, step, generation, care_key, class) VALUES (?, ?, ?, ?, ?, 'alone') ON CONFLICT(identity_key) DO UPDATE SET "
                             "person_key = excluded.person_key, step = excluded.step, generation = excluded.generation, care_key = excluded.care_key, class = 'alone'");
  identity.bind(1, fork);
  identity.bind(2, out.new_person_key);
  identity.bind(3, static_cast<std::int64_t>(LinkStep::new_person));
  identity.bind(4, generation);
  identity.bind(5, out.new_care_key);
  JOINEDUP_CHECK(identity.run("keep the unlinking"));
  Statement event(handle, "INSERT INTO person_history(generation, kind, from_key, to_key, of) VALUES (?, 'split', ?, ?, ?)");
  for (const auto& [of, from, to] : {std::tuple(std::string("person"), out.old_person_key, out.new_person_key), std::tuple(std::string("care"), out.old_care_key, out.new_care_key)}) {
    event.bind(1, generation);
    event.bind(2, from);
    event.bind(3, to);
    event.bind(4, of);
    JOINEDUP_CHECK(event.run("keep the unlinking"));
  }
  Statement made(handle, "INSERT INTO generation SELECT ?, coalesce(max(people), 0) + 1, ? FROM generation WHERE generation = ? - 1");
  made.bind(1, generation);
  made.bind(2, now);
  made.bind(3, generation);
  JOINEDUP_CHECK(made.run("keep the generation"));
  Statement set(handle, "UPDATE meta SET value = ? WHERE name = ?");
  set.bind(1, generation);
  set.bind(2, std::string("generation"));
  JOINEDUP_CHECK(set.run("keep the generation"));
  set.bind(1, out.new_care_key + 1);
  set.bind(2, std::string("next_person_key"));
  return set.run("keep the next key");
}

}  // namespace

Result<Unlinked> Vault::unlink_row(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const RowName& row,
                                   const std::string& who, const std::string& reason) {
  auto& state = *state_;
  JOINEDUP_TRY(const auto tables, tables_of(feeds, row));
  JOINEDUP_TRY(const auto found, find_row(connection, tables, row));
  Unlinked out;
  out.staged_table = found.table->name;
  out.source_rows = found.source_rows;
  {
    Statement forked(state.handle, "SELECT who, made_at FROM row_fork WHERE identity_key = ? AND undone_at = ''");
    forked.bind(1, fork_key(found.table->name, row.row_id));
    if (forked.row()) return fail(ErrorCode::conflict, "This row was taken off its person already, on " + forked.text(1) + " by " + forked.text(0) + ".");
  }
  std::vector<std::int64_t> members;
  {
    Statement one(state.handle, "SELECT i.person_key, i.care_key, i.step, g.made_at FROM identity i LEFT JOIN generation g ON g.generation = i.generation WHERE i.identity_key = ?");
    one.bind(1, found.identity);
    if (!one.row()) return fail(ErrorCode::not_found, "This row was not linked to anybody yet; `joinedup refresh` does it.");
    out.old_person_key = one.integer(0);
    out.old_care_key = one.integer(1);
    const auto step = static_cast<LinkStep>(one.integer(2));
    out.step = link_step_name(step);
    out.shared_for_care = link_class(step) == LinkClass::verified || link_class(step) == LinkClass::clerical;
    out.since = one.text(3);
    Statement all(state.handle, "SELECT identity_key FROM identity WHERE person_key = ? ORDER BY identity_key");
    all.bind(1, out.old_person_key);
    while (all.row()) members.push_back(all.integer(0));
  }
  JOINEDUP_TRY(const auto of_tuple, connection.count("SELECT coalesce(sum(\"rows\"), 0)::BIGINT FROM staging.main.identity_record WHERE identity_key = " + std::to_string(found.identity)));
  if (members.size() == 1 && of_tuple <= static_cast<std::int64_t>(found.source_rows.size()))
    return fail(ErrorCode::conflict, "This row stands alone already: nothing is linked to it.");
  if (found.person_ref) {
    // Rows of other tables that refer to this one go with it.
    for (const auto& feed : feeds)
      for (const auto& table : feed.tables) {
        if (table.person != place::PersonSource::reference || table.reference_scope != found.table->reference_scope) continue;
        JOINEDUP_TRY(const auto rows, connection.count("SELECT count(*) FROM staging.main." + engine::sql_name(table.name) + " WHERE person_ref = " + std::to_string(found.person_ref)));
        out.referring_rows += static_cast<std::uint64_t>(rows);
      }
  }
  JOINEDUP_CHECK(list_wrong_record(state, connection, members, out));
  JOINEDUP_CHECK(execute(state.handle, "BEGIN IMMEDIATE", "begin"));
  if (const auto kept = record_unlinking(state, found, row, members, who, reason, out); !kept) {
    static_cast<void>(execute(state.handle, "ROLLBACK", "go back"));
    return tl::unexpected(kept.error());
  }
  JOINEDUP_CHECK(log_access(who, "unlinked a row of " + row.feed, "person " + std::to_string(out.old_person_key), 1));
  JOINEDUP_CHECK(execute(state.handle, "COMMIT", "commit"));
  ++state.generation;
  state.next_person_key = out.new_care_key + 1;
  return out;
}

Result<void> Vault::relink_row(const std::vector<place::FeedSpec>& feeds, const RowName& row, const std::string& who, const std::string& reason) {
  auto& state = *state_;
  JOINEDUP_TRY(const auto tables, tables_of(feeds, row));
  for (const auto* table : tables) {
    const auto fork = fork_key(table->name, row.row_id);
    Statement undo(state.handle, "UPDATE row_fork SET undone_at = ? WHERE identity_key = ? AND undone_at = ''");
    undo.bind(1, instant_now());
    undo.bind(2, fork);
    JOINEDUP_CHECK(undo.run("withdraw the unlinking"));
    if (sqlite3_changes(state.handle) == 0) continue;
    Statement withdraw(state.handle, "INSERT INTO decision(pair_id, identity_a, identity_b, fingerprint_a, fingerprint_b, verdict, who, decided_at, recorded_at, origin, reason) "
                                     "SELECT DISTINCT pair_id, identity_a, identity_b, fingerprint_a, fingerprint_b, 'withdrawn', ?1, ?2, ?2, 'unlink', ?3 FROM decision "
                                     "WHERE origin = 'unlink' AND identity_a = ?4");
    withdraw.bind(1, who);
    withdraw.bind(2, instant_now());
    withdraw.bind(3, reason);
    withdraw.bind(4, fork);
    JOINEDUP_CHECK(withdraw.run("withdraw the unlinking"));
    return log_access(who, "withdrew the unlinking of a row of " + row.feed, "row", 1);
  }
  return fail(ErrorCode::not_found, "No row of this id was taken off its person.");
}

}  // namespace joinedup::vault
