// Who works here, in which teams, and what can be asked of whom.
#include <algorithm>

#include "living/room.hpp"

namespace joinedup::living {

Result<std::vector<json>> find(fhir::Store& store, const std::string& type, const std::string& query) {
  JOINEDUP_TRY(auto asked, fhir::parse_query(type, query));
  asked.count = 1000;
  std::vector<json> out;
  do {
    JOINEDUP_TRY(const auto page, store.search(asked, fhir::PermitAll()));
    for (const auto& entry : page.entries) out.push_back(json::parse(entry.version.body));
    asked.cursor = page.next;
  } while (!asked.cursor.empty());
  std::sort(out.begin(), out.end(), [](const json& a, const json& b) { return a["id"] < b["id"]; });
  return out;
}

const Worker* Team::of(std::string_view code, std::uint64_t nth) const {
  std::vector<const Worker*> all;
  for (const auto* worker : workers)
    if (worker->code == code) all.push_back(worker);
  return all.empty() ? workers.front() : all[nth % all.size()];
}

const Worker* Directory::anywhere(std::string_view code) const {
  const auto found = std::find_if(workers.begin(), workers.end(), [&](const Worker& one) { return one.code == code; });
  return found == workers.end() ? nullptr : &*found;
}

const Service* Directory::service_of(std::string_view kind, std::uint64_t nth) const {
  std::vector<const Service*> all;
  for (const auto& service : services)
    if (service.kind == kind) all.push_back(&service);
  return all.empty() ? nullptr : all[nth % all.size()];
}

Result<Directory> read_directory(fhir::Store& store) {
  Directory out;
  JOINEDUP_TRY(const auto roles, find(store, "PractitionerRole", "active=true"));
  for (const auto& role : roles)
    out.workers.push_back({"PractitionerRole/" + role["id"].get<std::string>(), role.value("/practitioner/reference"_json_pointer, ""),
                           role.value("/organization/reference"_json_pointer, ""), role.value("/code/0/coding/0/code"_json_pointer, "")});
  JOINEDUP_TRY(const auto services, find(store, "HealthcareService", ""));
  std::map<std::string, std::string> service_of_team;
  for (const auto& service : services) {
    const auto reference = "HealthcareService/" + service["id"].get<std::string>();
    if (service.value("/identifier/0/system"_json_pointer, "") == "urn:joinedup:team") service_of_team[service.value("/identifier/0/value"_json_pointer, "")] = reference;
    else out.services.push_back({reference, service.value("name", ""), service.value("/category/0/coding/0/code"_json_pointer, ""), service.value("/providedBy/reference"_json_pointer, "")});
  }
  JOINEDUP_TRY(const auto teams, find(store, "CareTeam", "status=active"));
  for (const auto& team : teams) {
    if (team.contains("subject")) continue;
    Team one{"CareTeam/" + team["id"].get<std::string>(), team.value("name", ""), {}, {}};
    one.service = service_of_team[one.name];
    for (const auto& participant : team.value("participant", json::array())) {
      const auto member = participant.value("/member/reference"_json_pointer, "");
      for (const auto& worker : out.workers)
        if (worker.practitioner == member || worker.role == member) one.workers.push_back(&worker);
    }
    if (!one.workers.empty()) out.teams.push_back(std::move(one));
  }
  std::sort(out.teams.begin(), out.teams.end(), [](const Team& a, const Team& b) { return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name; });
  return out;
}

}  // namespace joinedup::living
