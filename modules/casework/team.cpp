#include "casework/team.hpp"

#include <algorithm>
#include <map>

#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

std::string name_of(const Json& practitioner) {
  const auto text = text_at(practitioner, "name/0/text");
  if (!text.empty()) return text;
  const auto given = text_at(practitioner, "name/0/given/0"), family = text_at(practitioner, "name/0/family");
  return given.empty() ? family : family.empty() ? given : given + " " + family;
}

std::string role_code(const Json& role) {
  const auto* codes = node_at(role, "code");
  if (codes != nullptr)
    for (const auto& one : *codes)
      if (const auto* codings = node_at(one, "coding"))
        for (const auto& coding : *codings)
          if (text_at(coding, "system") == "urn:joinedup:role") return text_at(coding, "code");
  return {};
}

}  // namespace

Result<bool> works_in(const Ask& ask, const Json& care_team) {
  if (!ask.signs()) return true;
  std::set<std::string> who{ask.call.request.author};
  JOINEDUP_TRY(const auto roles, ask.search("PractitionerRole?practitioner=" + percent_encoded(ask.call.request.author)));
  for (const auto& role : roles)
    if (const auto* active = node_at(role.json, "active"); active == nullptr || *active != false) who.insert(role.reference());
  const auto today = ask.today.to_iso();
  if (const auto* participants = node_at(care_team, "participant"))
    for (const auto& one : *participants) {
      const auto start = text_at(one, "period/start").substr(0, 10), end = text_at(one, "period/end").substr(0, 10);
      if (who.contains(reference_at(one, "member")) && start <= today && (end.empty() || end >= today)) return true;
    }
  return false;
}

bool is_of_team(const Json& episode, const std::string& team_id) {
  const auto* teams = node_at(episode, "team");
  return teams != nullptr && std::any_of(teams->begin(), teams->end(), [&](const Json& one) { return local(text_at(one, "reference")) == "CareTeam/" + team_id; });
}

Result<Team> read_team(const Ask& ask, const std::string& reference) {
  Team team;
  JOINEDUP_TRY(team.care_team, ask.read(reference));
  const Json& care_team = team.care_team.json;
  team.id = text_at(care_team, "id");
  team.name = text_at(care_team, "name");
  if (const auto* identifiers = node_at(care_team, "identifier"))
    for (const auto& one : *identifiers)
      if (text_at(one, "system") == "urn:joinedup:team") team.name = text_at(one, "value");
  if (ask.room.place != nullptr)
    for (const auto& one : ask.room.place->teams)
      if (one.name == team.name) team.settings = &one;
  JOINEDUP_TRY(const auto services, ask.search("HealthcareService?identifier=" + percent_encoded("urn:joinedup:team|" + team.name)));
  if (!services.empty()) team.service = services.front().reference();
  std::string people;
  std::set<std::string> direct;
  if (const auto* participants = node_at(care_team, "participant"))
    for (const auto& one : *participants) {
      const auto member = reference_at(one, "member");
      if (member.starts_with("Practitioner/")) people += (people.empty() ? "" : ",") + percent_encoded(member);
      if (member.starts_with("PractitionerRole/")) direct.insert(member);
    }
  std::map<std::string, std::string> names;
  std::vector<Found> roles;
  const auto take = [&](const std::string& query) -> Result<void> {
    JOINEDUP_TRY(auto found, ask.search(query));
    for (auto& one : found)
      if (text_at(one.json, "resourceType") == "Practitioner") names[one.reference()] = name_of(one.json);
      else roles.push_back(std::move(one));
    return {};
  };
  if (!people.empty()) JOINEDUP_CHECK(take("PractitionerRole?practitioner=" + people + "&_include=PractitionerRole:practitioner"));
  for (const auto& one : direct) JOINEDUP_CHECK(take("PractitionerRole?_id=" + percent_encoded(one.substr(one.find('/') + 1)) + "&_include=PractitionerRole:practitioner"));
  for (const auto& role : roles) {
    if (const auto* active = node_at(role.json, "active"); active != nullptr && *active == false) continue;
    const auto practitioner = reference_at(role.json, "practitioner");
    team.members.push_back({role.reference(), practitioner, role_code(role.json), names[practitioner]});
  }
  return team;
}

Result<std::vector<Found>> cases_of(const Ask& ask, const std::string& team_id, const std::string& statuses, Reading reading) {
  JOINEDUP_TRY(auto all, ask.search(statuses.empty() ? "EpisodeOfCare" : "EpisodeOfCare?status=" + statuses, reading));
  std::erase_if(all, [&](const Found& one) { return !is_of_team(one.json, team_id); });
  return all;
}

Result<rest::Response> capacity_of_team(Ask& ask) {
  JOINEDUP_TRY(const auto team, read_team(ask, "CareTeam/" + ask.call.id));
  JOINEDUP_TRY(const auto cases, cases_of(ask, team.id, "waitlist,active,onhold", Reading::tallied));
  struct Load {
    std::int64_t cases = 0, overdue = 0;
  };
  std::map<std::string, Load> loads;
  std::int64_t active = 0, waiting = 0, nobody = 0;
  for (const auto& one : cases) {
    const bool waits = text_at(one.json, "status") == "waitlist";
    ++(waits ? waiting : active);
    const auto manager = reference_at(one.json, "careManager");
    if (manager.empty()) ++nobody;
    else ++loads[manager].cases;
  }
  std::string owners;
  for (const auto& member : team.members) owners += (owners.empty() ? "" : ",") + percent_encoded(member.role) + "," + percent_encoded(member.practitioner);
  if (!owners.empty()) {
    JOINEDUP_TRY(const auto tasks, ask.search("Task?owner=" + owners + "&status=" + std::string(open_task_statuses), Reading::tallied));
    const auto today = ask.today.to_iso();
    for (const auto& task : tasks) {
      const auto due = due_of(task.json), owner = reference_at(task.json, "owner");
      if (due.empty() || due >= today) continue;
      for (const auto& member : team.members)
        if (member.role == owner || member.practitioner == owner) {
          ++loads[member.role].overdue;
          break;  // a person of two roles is counted once
        }
    }
  }
  Json parameters = Json::array();
  const auto number = [&](const char* name, std::int64_t value) { parameters.push_back({{"name", name}, {"valueInteger", value}}); };
  if (team.settings != nullptr) number("capacity", team.settings->capacity);
  number("active", active), number("waiting", waiting), number("unassigned", nobody);
  for (const auto& member : team.members) {
    const auto load = loads[member.role];
    Json parts = Json::array();
    parts.push_back({{"name", "role"}, {"valueReference", {{"reference", member.role}, {"display", member.name}}}});
    parts.push_back({{"name", "name"}, {"valueString", member.name}});
    parts.push_back({{"name", "code"}, {"valueCode", member.code.empty() ? "unknown" : member.code}});
    parts.push_back({{"name", "cases"}, {"valueInteger", load.cases}});
    parts.push_back({{"name", "overdue"}, {"valueInteger", load.overdue}});
    if (member.name.empty()) parts.erase(1);
    parameters.push_back({{"name", "worker"}, {"part", std::move(parts)}});
  }
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = std::move(parameters);
  return answer_json(200, out);
}

}  // namespace joinedup::casework
