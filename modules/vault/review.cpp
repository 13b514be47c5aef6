// Clerical review: what is asked, what was answered, and who looked.
#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/date.hpp"
#include "vault/state.hpp"

namespace joinedup::vault {
namespace {

constexpr const char* now_sql = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";

bool is_when(const std::string& text) {
  if (!parse_iso_date(text.substr(0, 10))) return false;
  if (text.size() == 10) return true;
  static constexpr char form[] = "T00:00:00Z";
  if (text.size() != 20) return false;
  for (std::size_t i = 0; i < 10; ++i)
    if (form[i] == '0' ? text[10 + i] < '0' || text[10 + i] > '9' : text[10 + i] != form[i]) return false;
  return true;
}

struct PairSides {
  std::int64_t identity_a = 0, identity_b = 0, fingerprint_a = 0, fingerprint_b = 0;
};

Result<std::optional<PairSides>> find_pair(sqlite3* handle, const std::string& pair_id) {
  Statement read(handle, "SELECT identity_a, identity_b, fingerprint_a, fingerprint_b FROM review_pair WHERE pair_id = ?1 UNION ALL "
                         "SELECT identity_a, identity_b, fingerprint_a, fingerprint_b FROM decision WHERE pair_id = ?1 LIMIT 1");
  if (!read.good()) return tl::unexpected(sqlite_error(handle, "be read"));
  read.bind(1, pair_id);
  if (!read.row()) return std::optional<PairSides>{};
  return std::optional<PairSides>(PairSides{read.integer(0), read.integer(1), read.integer(2), read.integer(3)});
}

std::string at_line(const ClericalDecision& decision) { return "line " + std::to_string(decision.line); }

Result<void> check(const std::vector<ClericalDecision>& decisions) {
  std::map<std::pair<std::string, std::string>, const ClericalDecision*> seen;  // pair and time
  for (const auto& decision : decisions) {
    if (decision.verdict != "same" && decision.verdict != "different" && decision.verdict != "unsure")
      return fail(ErrorCode::invalid_input, "The decision must be same, different or unsure. Nothing was recorded.", at_line(decision));
    if (decision.who.empty()) return fail(ErrorCode::invalid_input, "A decision without who made it cannot be kept. Nothing was recorded.", at_line(decision));
    if (!is_when(decision.when))
      return fail(ErrorCode::invalid_input, "The time of the decision must be a date as 2026-01-31, or 2026-01-31T09:30:00Z. Nothing was recorded.", at_line(decision));
    const auto [at, fresh] = seen.emplace(std::pair(decision.pair_id, decision.when), &decision);
    if (!fresh && at->second->verdict != decision.verdict)
      return fail(ErrorCode::conflict, "Pair " + decision.pair_id + " is decided twice at the same time, differently, here and in " + at_line(*at->second) +
                                           ". Keep one. Nothing was recorded.", at_line(decision));
  }
  return {};
}

// "Different" within what "same" decisions tie together: the two cannot both hold.
Result<void> name_contradictions(sqlite3* handle, std::vector<std::string>& notes) {
  std::unordered_map<std::int64_t, std::int64_t> parent;
  const auto root = [&](std::int64_t key) {
    while (parent.contains(key) && parent[key] != key) key = parent[key];
    return key;
  };
  Statement read(handle, "SELECT pair_id, identity_a, identity_b, verdict FROM (SELECT *, row_number() OVER (PARTITION BY pair_id ORDER BY decided_at DESC, decision_id DESC) AS place "
                         "FROM decision) WHERE place = 1 AND verdict IN ('same', 'different') ORDER BY verdict DESC, decision_id");
  while (read.row()) {  // all of "same" come first
    const auto a = root(read.integer(1)), b = root(read.integer(2));
    if (read.text(3) == "same") parent[std::max(a, b)] = parent[std::min(a, b)] = std::min(a, b);
    else if (a == b)
      notes.push_back("Pair " + read.text(0) + " is decided different, but other decisions say both are the same as a third. The pair stays apart; decide again which is wrong.");
  }
  if (read.failed()) return tl::unexpected(sqlite_error(handle, "be read"));
  return {};
}

Result<void> keep_decision(sqlite3* handle, const ClericalDecision& decision, DecisionOutcome& outcome) {
  JOINEDUP_TRY(const auto sides, find_pair(handle, decision.pair_id));
  if (!sides)
    return fail(ErrorCode::not_found, "Pair " + decision.pair_id + " was never offered for review here: is the file from another place? Nothing was recorded.", at_line(decision));
  {
    Statement latest(handle, "SELECT verdict, who, decided_at FROM decision WHERE pair_id = ? ORDER BY decided_at DESC, decision_id DESC LIMIT 1");
    latest.bind(1, decision.pair_id);
    Statement same(handle, "SELECT 1 FROM decision WHERE pair_id = ? AND verdict = ? AND who = ? AND decided_at = ?");
    same.bind(1, decision.pair_id);
    same.bind(2, decision.verdict);
    same.bind(3, decision.who);
    same.bind(4, decision.when);
    if (same.row()) {
      ++outcome.known;
      return {};
    }
    if (latest.row() && latest.text(0) != decision.verdict && latest.text(0) != "withdrawn") {
      const bool newer = decision.when >= latest.text(2);
      outcome.notes.push_back("Pair " + decision.pair_id + ": " + decision.verdict + " by " + decision.who + (newer ? " replaces " : " is older than, and does not replace, ") +
                              latest.text(0) + " by " + latest.text(1) + " of " + latest.text(2) + ".");
    }
  }
  Statement put(handle, (std::string("INSERT INTO decision(pair_id, identity_a, identity_b, fingerprint_a, fingerprint_b, verdict, who, decided_at, recorded_at, origin, reason) "
                                     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ") + now_sql + ", 'review', '')").c_str());
  put.bind(1, decision.pair_id);
  put.bind(2, sides->identity_a);
  put.bind(3, sides->identity_b);
  put.bind(4, sides->fingerprint_a);
  put.bind(5, sides->fingerprint_b);
  put.bind(6, decision.verdict);
  put.bind(7, decision.who);
  put.bind(8, decision.when);
  JOINEDUP_CHECK(put.run("keep a decision"));
  ++outcome.recorded;
  return {};
}

}  // namespace

Result<std::vector<ReviewCase>> Vault::review_queue() const {
  std::vector<ReviewCase> all;
  // A pair that was decided since the last refresh is not asked again.
  Statement read(state_->handle, "SELECT pair_id, identity_a, identity_b, weight, probability, reach, reason FROM review_pair r WHERE NOT EXISTS "
                                 "(SELECT 1 FROM decision d WHERE d.pair_id = r.pair_id AND d.verdict <> 'withdrawn') ORDER BY place");
  if (!read.good()) return tl::unexpected(sqlite_error(state_->handle, "be read"));
  while (read.row()) all.push_back({read.text(0), read.text(6), read.integer(1), read.integer(2), read.number(3), read.number(4), static_cast<std::uint64_t>(read.integer(5))});
  if (read.failed()) return tl::unexpected(sqlite_error(state_->handle, "be read"));
  return all;
}

Result<DecisionOutcome> Vault::decide(const std::vector<ClericalDecision>& decisions) {
  JOINEDUP_CHECK(check(decisions));
  auto ordered = decisions;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& x, const auto& y) { return x.when < y.when; });
  DecisionOutcome outcome;
  auto* handle = state_->handle;
  JOINEDUP_CHECK(execute(handle, "BEGIN IMMEDIATE", "begin"));
  for (const auto& decision : ordered)
    if (const auto kept = keep_decision(handle, decision, outcome); !kept) {
      static_cast<void>(execute(handle, "ROLLBACK", "go back"));
      return tl::unexpected(kept.error());
    }
  JOINEDUP_CHECK(name_contradictions(handle, outcome.notes));
  JOINEDUP_CHECK(execute(handle, "COMMIT", "commit"));
  return outcome;
}

Result<void> Vault::log_access(const std::string& who, const std::string& action, const std::string& subject, std::uint64_t count) {
  Statement put(state_->handle, (std::string("INSERT INTO access_log VALUES (") + now_sql + ", ?, ?, ?, ?)").c_str());
  if (!put.good()) return tl::unexpected(sqlite_error(state_->handle, "keep its log"));
  put.bind(1, who);
  put.bind(2, action);
  put.bind(3, subject);
  put.bind(4, static_cast<std::int64_t>(count));
  return put.run("keep its log");
}

}  // namespace joinedup::vault
