// What clerks decided, found again among the records of today. A decision is kept by the identities it was made on (a hash of
// what the row says, the same in every refresh) and, should a row be corrected, by its fingerprint.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "vault/state.hpp"

namespace joinedup::vault {

std::uint64_t fingerprint_of(const IdentityRecord& record) {
  std::uint64_t print = 0;
  if (record.local_identifier) print = mix64(record.local_identifier, 7);
  else if (record.family_name && record.birth_date != no_date)
    print = mix64(mix64(record.family_name, record.given_name), mix64(static_cast<std::uint64_t>(record.birth_date), record.trust));
  else print = mix64(mix64(record.nhs_number, record.nhs_pseudonym), mix64(static_cast<std::uint64_t>(record.birth_date), record.postcode));
  return print >> 1 | 1;
}

std::string pair_id_of(std::int64_t identity_a, std::int64_t identity_b) {
  const auto [low, high] = std::minmax(identity_a, identity_b);
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(mix64(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high))));
  return text;
}

namespace {

// Records by fingerprint, made only where a decision's own identity is no longer there.
class Fingerprints {
 public:
  explicit Fingerprints(std::span<const IdentityRecord> records) : records_(records) {}
  std::vector<std::uint32_t> find(std::uint64_t print) {
    if (all_.empty())
      for (std::uint32_t i = 0; i < records_.size(); ++i) all_.emplace_back(fingerprint_of(records_[i]), i);
    if (!sorted_) std::sort(all_.begin(), all_.end());
    sorted_ = true;
    std::vector<std::uint32_t> found;
    for (auto at = std::lower_bound(all_.begin(), all_.end(), std::pair(print, std::uint32_t{0})); at != all_.end() && at->first == print; ++at) found.push_back(at->second);
    return found;
  }

 private:
  std::span<const IdentityRecord> records_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> all_;
  bool sorted_ = false;
};

}  // namespace

Result<std::vector<RecordDecision>> decisions_on_records(const Vault::State& state) {
  std::vector<RecordDecision> all;
  Fingerprints prints(state.records);
  const auto where = [&](std::int64_t identity, std::uint64_t print, bool by_print) {
    const auto record = state.record_of(identity);
    if (record != UINT32_MAX) return std::vector<std::uint32_t>{record};
    return by_print ? prints.find(print) : std::vector<std::uint32_t>{};
  };
  // The latest decision of each pair holds.
  Statement read(state.handle, "SELECT decision_id, identity_a, identity_b, fingerprint_a, fingerprint_b, verdict, origin FROM ("
                               "SELECT *, row_number() OVER (PARTITION BY pair_id ORDER BY decided_at DESC, decision_id DESC) AS place FROM decision) "
                               "WHERE place = 1 AND verdict <> 'withdrawn' ORDER BY decision_id");
  if (!read.good()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  while (read.row()) {
    const auto verdict = read.text(5);
    // A row that was taken off is itself or gone: its like must not be taken off in its stead.
    const bool unlinked = read.text(6) == "unlink";
    const auto left = where(read.integer(1), static_cast<std::uint64_t>(read.integer(3)), !unlinked);
    const auto right = where(read.integer(2), static_cast<std::uint64_t>(read.integer(4)), true);
    for (const auto a : left)
      for (const auto b : right)
        if (a != b) all.push_back({a, b, verdict == "same" ? Verdict::same : verdict == "different" ? Verdict::different : Verdict::unsure, read.integer(0)});
  }
  if (read.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return all;
}

Result<void> read_forks(Vault::State& state, engine::Connection& connection, const std::vector<place::FeedSpec>& feeds) {
  Statement read(state.handle, "SELECT identity_key, staged_table, row_id FROM row_fork WHERE undone_at = '' ORDER BY identity_key");
  if (!read.good()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  while (read.row()) {
    RowFork fork{read.integer(0), read.text(1), read.text(2), 0, 0, {}};
    const place::TableSpec* table = nullptr;
    for (const auto& feed : feeds)
      for (const auto& one : feed.tables)
        if (one.name == fork.staged_table) table = &one;
    if (!table) continue;
    const bool refers = !table->reference.empty();
    JOINEDUP_TRY(const auto row, connection.query("SELECT identity_key, " + std::string(refers ? "person_ref" : "NULL") + " FROM staging.main." + engine::sql_name(table->name) +
                                                  " WHERE row_id = " + engine::sql_text(fork.row_id) + " ORDER BY source_row LIMIT 1"));
    if (row.rows.empty()) continue;  // no longer sent
    fork.shown_identity = row.integer(0, 0);
    if (refers) {
      fork.person_ref = row.integer(0, 1);
      fork.reference_scope = table->reference_scope;
    }
    state.forks.push_back(std::move(fork));
  }
  if (read.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return {};
}

void add_forked_records(Vault::State& state) {
  if (state.forks.empty()) return;
  for (const auto& fork : state.forks) {
    const auto shown = state.record_of(fork.shown_identity);
    if (shown == UINT32_MAX) continue;
    auto copy = state.records[shown];
    copy.identity_key = fork.identity_key;
    copy.rows = 1;
    if (state.records[shown].rows) --state.records[shown].rows;
    const auto at = std::lower_bound(state.records.begin(), state.records.end(), copy.identity_key,
                                     [](const IdentityRecord& record, std::int64_t key) { return record.identity_key < key; }) - state.records.begin();
    const auto table = state.record_table[shown];
    const auto area = state.record_area[shown];
    state.records.insert(state.records.begin() + at, copy);
    state.record_table.insert(state.record_table.begin() + at, table);
    state.record_area.insert(state.record_area.begin() + at, area);
  }
  // A tuple whose every row was taken off describes nobody any more.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < state.records.size(); ++i) {
    if (state.records[i].rows == 0) continue;
    state.records[kept] = state.records[i];
    state.record_table[kept] = state.record_table[i];
    state.record_area[kept++] = state.record_area[i];
  }
  state.records.resize(kept);
  state.record_table.resize(kept);
  state.record_area.resize(kept);
}

Result<void> Vault::State::write_review() {
  JOINEDUP_CHECK(execute(handle, "DELETE FROM review_pair", "keep the review queue"));
  Statement put(handle, "INSERT OR IGNORE INTO review_pair VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  std::int64_t place_in_queue = 0;
  for (const auto& pair : review) {
    const auto &a = records[pair.record_a], &b = records[pair.record_b];
    put.bind(1, pair_id_of(a.identity_key, b.identity_key));
    put.bind(2, a.identity_key);
    put.bind(3, b.identity_key);
    put.bind(4, static_cast<std::int64_t>(fingerprint_of(a)));
    put.bind(5, static_cast<std::int64_t>(fingerprint_of(b)));
    put.bind(6, pair.weight);
    put.bind(7, pair.probability);
    put.bind(8, static_cast<std::int64_t>(pair.reach));
    put.bind(9, std::string(review_reason_name(pair.reason)));
    put.bind(10, ++place_in_queue);
    put.bind(11, static_cast<std::int64_t>(generation + 1));
    JOINEDUP_CHECK(put.run("keep the review queue"));
  }
  return {};
}

std::string decisions_print(const place::Place& place) {
  sqlite3* handle = nullptr;
  std::string print;
  if (sqlite3_open_v2(place.path("vault/identity.sqlite").c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK) {
    Statement read(handle, "SELECT (SELECT coalesce(max(decision_id), 0) FROM decision), (SELECT count(*) || max(undone_at) FROM row_fork)");
    if (read.good() && read.row() && read.integer(0)) print = "decisions " + read.text(0) + " forks " + read.text(1);
  }
  sqlite3_close(handle);
  return print;
}

}  // namespace joinedup::vault
