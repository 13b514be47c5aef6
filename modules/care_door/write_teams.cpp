// Who offers care here: what each organisation and team offers and where, who works there in which role, and who is in which team.
#include <algorithm>

#include "care_door/resources.hpp"
#include "care_door/work.hpp"

namespace joinedup::care_door {
namespace {

Result<void> want(Writer& writer, const char* type, const std::string& id, std::string body) {
  return writer.want({.type = type, .id = id, .feed = "joinedup", .patient = {}, .body = std::move(body)});
}

// Everybody but a register office offers care.
Result<void> write_services(Work& work, Writer& writer) {
  for (const auto& [code, organisation] : work.organizations) {
    if (organisation.type == "registration") continue;
    const auto& name = organisation.name.empty() ? organisation.code : organisation.name;
    const auto location = work.names.id("Location", "organisation", code), service = work.names.id("HealthcareService", "organisation", code);
    JOINEDUP_CHECK(want(writer, "Location", location, location_body(location, name, organisation.id)));
    JOINEDUP_CHECK(want(writer, "HealthcareService", service,
                        healthcare_service_body({.id = service, .team = {}, .provider_id = organisation.id, .name = name, .type = organisation.type, .comment = {}, .location_id = location})));
  }
  for (const auto& team : work.place.teams) {
    const auto service = work.names.id("HealthcareService", "team", team.name);
    JOINEDUP_CHECK(want(writer, "HealthcareService", service,
                        healthcare_service_body({.id = service, .team = team.name, .provider_id = {}, .name = team.name, .type = {},
                                                 .comment = "A neighbourhood team: holds a caseload of people found or referred.", .location_id = {}})));
  }
  return {};
}

WorkerFacts facts_of(const Work& work, const place::Worker& worker) {
  WorkerFacts facts;
  facts.practitioner_id = work.names.id("Practitioner", "worker", worker.code);
  facts.role_id = work.names.id("PractitionerRole", "worker", worker.code);
  facts.code = worker.code, facts.given_name = worker.given_name, facts.family_name = worker.family_name, facts.role = worker.role;
  facts.organization_id = work.organization_id(worker.organisation);
  if (const auto organisation = work.organizations.find(worker.organisation); organisation != work.organizations.end() && organisation->second.type != "registration")
    facts.location_id = work.names.id("Location", "organisation", worker.organisation);
  for (const auto& team : worker.teams) facts.service_ids.push_back(work.names.id("HealthcareService", "team", team));
  return facts;
}

}  // namespace

Result<void> write_teams(Work& work, Writer& writer) {
  JOINEDUP_CHECK(write_services(work, writer));
  std::vector<WorkerFacts> workers;
  for (const auto& worker : work.place.workers) {
    workers.push_back(facts_of(work, worker));
    const auto& facts = workers.back();
    JOINEDUP_CHECK(want(writer, "Practitioner", facts.practitioner_id, practitioner_body(facts)));
    JOINEDUP_CHECK(want(writer, "PractitionerRole", facts.role_id, practitioner_role_body(facts)));
    if (worker.role == "care_coordinator")
      for (const auto& team : worker.teams) work.coordinators[team].push_back(facts.role_id);
  }
  for (const auto& team : work.place.teams) {
    TeamFacts facts{work.names.id("CareTeam", "team", team.name), team.name, {}, {}};
    for (const auto& practice : team.practices)
      if (auto organization = work.organization_id(practice); !organization.empty()) facts.practice_ids.push_back(std::move(organization));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const auto& teams = work.place.workers[i].teams;
      if (std::find(teams.begin(), teams.end(), team.name) != teams.end()) facts.members.push_back(&workers[i]);
    }
    work.team_ids[team.name] = facts.id;
    JOINEDUP_CHECK(want(writer, "CareTeam", facts.id, care_team_body(facts)));
  }
  return {};
}

}  // namespace joinedup::care_door
