#include "governance/reidentify.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace joinedup::governance {
namespace {

constexpr std::array<std::string_view, 5> caring_roles{"co_ordinator", "gp", "nurse", "social_worker", "team_lead"};
constexpr std::int64_t hour = 3'600'000'000;
constexpr std::size_t shortest_reason = 10;
constexpr const char* not_their_person = "No released list gives this person to your team or practice.";
constexpr const char* not_their_list = "No list of this name was released to your team.";

std::size_t people_in(const audit::Event& event) {
  return static_cast<std::size_t>(std::count_if(event.resources.begin(), event.resources.end(), [](const std::string& one) { return one.starts_with("Pseudonym/"); }));
}
bool is_list(const audit::Event& event) {
  return std::any_of(event.resources.begin(), event.resources.end(), [](const std::string& one) { return one.starts_with("ReleasedList/"); });
}

}  // namespace

audit::Event Reidentification::event_for(const std::string& reason) const {
  return {.kind = "reidentify", .outcome = "allowed", .user = parts_.asker.user, .organisation = parts_.asker.organisation, .purpose = "direct_care", .roles = parts_.asker.roles, .rule = "released-to-them", .reason = reason};
}

Result<void> Reidentification::refuse(audit::Event event, const std::string& rule, Error error) {
  event.outcome = "denied";
  event.rule = rule;
  JOINEDUP_CHECK(parts_.log->append_and_wait(std::move(event)));
  return tl::unexpected<Error>(std::move(error));
}

Result<void> Reidentification::look_at_asker(const audit::Event& event, const char* no_relationship) {
  const auto& asker = parts_.asker;
  if (asker.account != Asker::Account::in_use)
    return refuse(event, asker.account == Asker::Account::suspended ? "account-suspended" : "no-such-account", {ErrorCode::forbidden, no_relationship, {}});
  const bool has_role = std::any_of(asker.roles.begin(), asker.roles.end(), [](const std::string& role) { return std::find(caring_roles.begin(), caring_roles.end(), role) != caring_roles.end(); });
  if (asker.user.empty() || !has_role)
    return refuse(event, "no-caring-role", {ErrorCode::forbidden, "Only somebody of the team or the registered practice who cares for people may know who this is. Analysts never.", {}});
  if (event.reason.size() < shortest_reason) return refuse(event, "no-reason", {ErrorCode::wrong_usage, "Say why in a few words; the guardian reads it.", "--reason"});
  return {};
}

Result<void> Reidentification::look_at_pace(const audit::Event& event) {
  const auto now = parts_.now != 0 ? parts_.now : std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  JOINEDUP_TRY(const auto before, parts_.reader->find({.user = parts_.asker.user, .kind = "reidentify", .outcome = "allowed", .from = now - 24 * hour, .count = 10'000}));
  std::size_t people = 0, lists = 0;
  for (const auto& kept : before) {
    lists += is_list(kept.event) ? 1 : 0;
    if (!is_list(kept.event) && kept.event.instant > now - hour) people += people_in(kept.event);
  }
  if (is_list(event) ? lists >= parts_.lists_a_day : people + people_in(event) > parts_.people_an_hour)
    return refuse(event, "too-many", {ErrorCode::forbidden, "You have asked who people are too often for now. Ask for a released list, or wait; the guardian sees this.", {}});
  return {};
}

Result<std::vector<NamedPerson>> Reidentification::tell(audit::Event event, const std::vector<std::int64_t>& people) {
  JOINEDUP_CHECK(look_at_pace(event));
  JOINEDUP_CHECK(parts_.log->append_and_wait(std::move(event)));  // before anything is read
  std::vector<NamedPerson> out;
  for (const auto person : people) {
    JOINEDUP_TRY(auto named, parts_.name(person));
    out.push_back({person, std::move(named)});
  }
  return out;
}

Result<std::vector<NamedPerson>> Reidentification::one(std::int64_t pseudonym, const std::string& reason) {
  auto event = event_for(reason);
  event.resources = {"Pseudonym/" + std::to_string(pseudonym)};
  JOINEDUP_CHECK(look_at_asker(event, not_their_person));
  bool is_theirs = false;
  if (!parts_.asker.organisation.empty()) { JOINEDUP_TRY(is_theirs, parts_.is_released_at(pseudonym, parts_.asker.organisation)); }
  if (!is_theirs) {
    JOINEDUP_TRY(const auto teams, parts_.teams());
    for (const auto& team : teams) {
      JOINEDUP_TRY(const bool to_team, parts_.is_released_to(pseudonym, team));
      is_theirs = is_theirs || to_team;
    }
  }
  if (!is_theirs) { JOINEDUP_CHECK(refuse(event, "not-released-to-them", {ErrorCode::forbidden, not_their_person, {}})); }
  return tell(std::move(event), {pseudonym});
}

Result<std::vector<NamedPerson>> Reidentification::list(const std::string& name, const std::string& reason) {
  auto event = event_for(reason);
  event.resources = {"ReleasedList/" + name};
  JOINEDUP_CHECK(look_at_asker(event, not_their_list));
  const auto released = parts_.list(name);
  // A list of another team's and one that there is not are the same to who asks.
  if (!released && released.error().code != ErrorCode::not_found) return tl::unexpected(released.error());
  JOINEDUP_TRY(const auto teams, parts_.teams());
  if (!released || std::find(teams.begin(), teams.end(), released->team) == teams.end()) {
    JOINEDUP_CHECK(refuse(event, "not-released-to-them", {ErrorCode::forbidden, not_their_list, {}}));
    return std::vector<NamedPerson>{};
  }
  for (const auto person : released->people) event.resources.push_back("Pseudonym/" + std::to_string(person));
  return tell(std::move(event), released->people);
}

}  // namespace joinedup::governance
