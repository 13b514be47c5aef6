// Who is one person for care. A probable link may guide a count; it never puts one person's history into another's record.
#include <numeric>

#include "vault/state.hpp"

namespace joinedup::vault {

std::vector<std::uint32_t> care_groups(std::span<const IdentityRecord> records, const LinkedIdentities& exact,
                                       std::span<const RecordDecision> decisions, std::uint32_t& groups) {
  constexpr std::uint32_t nobody = UINT32_MAX;
  std::vector<std::uint32_t> parent(records.size()), first(exact.people, nobody);
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](std::uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    a = root(a), b = root(b);
    if (a != b) parent[std::max(a, b)] = std::min(a, b);
  };
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    if (link_class(exact.step[i]) != LinkClass::verified) continue;
    auto& of_person = first[exact.person[i]];
    if (of_person == nobody) of_person = i;
    else join(of_person, i);
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> apart;
  for (const auto& decision : decisions)
    if (decision.verdict == Verdict::different) apart.emplace_back(decision.a, decision.b);
  for (const auto& decision : decisions) {
    if (decision.verdict != Verdict::same) continue;
    const auto a = root(decision.a), b = root(decision.b);
    const bool contradicted = std::any_of(apart.begin(), apart.end(), [&](const auto& pair) {
      const auto x = root(pair.first), y = root(pair.second);
      return (x == a && y == b) || (x == b && y == a);
    });
    if (!contradicted) join(a, b);
  }
  std::vector<std::uint32_t> group(records.size()), number(records.size(), nobody);
  groups = 0;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    auto& mine = number[root(i)];
    if (mine == nobody) mine = groups++;
    group[i] = mine;
  }
  return group;
}

Result<CarePerson> Vault::care_person(std::int64_t identity_key) const {
  const auto& state = *state_;
  CarePerson person;
  {
    Statement one(state.handle, "SELECT care_key, person_key FROM identity WHERE identity_key = ?");
    one.bind(1, identity_key);
    if (!one.row()) return fail(ErrorCode::not_found, "The vault knows no record of this identity.", "vault/identity.sqlite");
    person.care_key = one.integer(0);
    person.person_key = one.integer(1);
  }
  Statement members(state.handle, "SELECT identity_key FROM identity WHERE care_key = ? ORDER BY identity_key");
  members.bind(1, person.care_key);
  while (members.row()) person.identity_keys.push_back(members.integer(0));
  if (members.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return person;
}

Result<void> Vault::each_care_identity(const std::function<void(const CareIdentity&)>& on) const {
  const auto& state = *state_;
  Statement all(state.handle, "SELECT identity_key, care_key, person_key FROM identity");
  while (all.row()) on({all.integer(0), all.integer(1), all.integer(2)});
  if (all.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return {};
}

Result<void> Vault::each_identity_about(std::int64_t care_key, const std::function<void(const CareIdentity&)>& on) const {
  const auto& state = *state_;
  Statement all(state.handle, "SELECT identity_key, care_key, person_key FROM identity WHERE person_key IN (SELECT person_key FROM identity WHERE care_key = ?)");
  all.bind(1, care_key);
  while (all.row()) on({all.integer(0), all.integer(1), all.integer(2)});
  if (all.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return {};
}

Result<std::vector<CareFork>> Vault::care_forks() const {
  const auto& state = *state_;
  std::vector<CareFork> forks;
  Statement all(state.handle, "SELECT staged_table, row_id, identity_key FROM row_fork WHERE undone_at = '' ORDER BY identity_key");
  while (all.row()) forks.push_back({all.text(0), all.text(1), all.integer(2)});
  if (all.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return forks;
}

Result<std::string> Vault::care_secret() const { return secret_key(state_->place, "care_door", MissingKey::is_made); }

std::vector<std::int64_t> Vault::pseudonyms_of(const std::vector<std::int64_t>& person_keys) const {
  const HmacKey key(state_->pseudonym_key);
  std::vector<std::int64_t> pseudonyms;
  pseudonyms.reserve(person_keys.size());
  for (const auto person : person_keys) pseudonyms.push_back(pseudonym_under(key, person));
  return pseudonyms;
}

Result<std::vector<KeyEvent>> Vault::key_history() const {
  const auto& state = *state_;
  std::vector<KeyEvent> all;
  Statement events(state.handle, "SELECT generation, of, kind, from_key, to_key FROM person_history ORDER BY generation, of, kind, from_key, to_key");
  while (events.row())
    all.push_back({static_cast<std::uint64_t>(events.integer(0)), events.text(1), events.text(2), events.integer(3), events.integer(4)});
  if (events.failed()) return tl::unexpected(sqlite_error(state.handle, "be read"));
  return all;
}

}  // namespace joinedup::vault
