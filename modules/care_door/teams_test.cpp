// Who works where and in which team: what access is decided by.
#include <set>

#include "care_door/fixture.hpp"

namespace joinedup::care_door {
namespace {

std::string reference(const Json& resource) { return resource["resourceType"].get<std::string>() + "/" + resource["id"].get<std::string>(); }

}  // namespace

TEST(CareDoorTeams, WorkersRolesAndMembershipsStandAsPlaceTomlSays) {
  SharedPlace place;
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  ASSERT_GT(place.place.workers.size(), 8u);
  EXPECT_EQ(place.find("Practitioner", "").size(), place.place.workers.size());
  for (const auto& partner : place.place.partners) EXPECT_EQ(place.find("Organization", "identifier=https://fhir.nhs.uk/Id/ods-organization-code|" + partner.code).size(), 1u) << partner.code;
  for (const auto& worker : place.place.workers) {
    const auto practitioners = place.find("Practitioner", "identifier=urn:joinedup:worker|" + worker.code);
    ASSERT_EQ(practitioners.size(), 1u) << worker.code;
    EXPECT_EQ(practitioners[0]["name"][0]["family"], worker.family_name);
    const auto roles = place.find("PractitionerRole", "practitioner=" + reference(practitioners[0]) + "&role=urn:joinedup:role|" + worker.role);
    ASSERT_EQ(roles.size(), 1u) << worker.code;
    const auto organisations = place.find("Organization", "identifier=https://fhir.nhs.uk/Id/ods-organization-code|" + worker.organisation);
    ASSERT_EQ(organisations.size(), 1u) << worker.organisation;
    EXPECT_EQ(roles[0]["organization"]["reference"], reference(organisations[0]));
    std::set<std::string> teams;
    for (const auto& team : place.find("CareTeam", "participant=" + reference(practitioners[0]))) {
      teams.insert(team["name"].get<std::string>());
      for (const auto& member : team["participant"])
        if (member["member"]["reference"] == reference(practitioners[0])) {
          EXPECT_EQ(member["onBehalfOf"]["reference"], reference(organisations[0]));
          EXPECT_EQ(member["role"][0]["coding"][0]["code"], worker.role);
        }
    }
    EXPECT_EQ(teams, std::set<std::string>(worker.teams.begin(), worker.teams.end()));
  }
  // A practice belongs to the partner whose register names it.
  const auto practice = place.find("Organization", "identifier=https://fhir.nhs.uk/Id/ods-organization-code|" + place.place.teams.at(0).practices.at(0)).at(0);
  const auto federation = place.find("Organization", "identifier=https://fhir.nhs.uk/Id/ods-organization-code|" + place.place.feeds.at("gp_registration").partner).at(0);
  EXPECT_EQ(practice["partOf"]["reference"], reference(federation));
  const auto service = place.find("HealthcareService", "organization=" + reference(practice)).at(0);
  EXPECT_EQ(place.find("Location", "organization=" + reference(practice)).at(0)["id"], service["location"][0]["reference"].get<std::string>().substr(9));
}

TEST(CareDoorTeams, WhoLeavesIsPutOutOfUseAndComesBackAsTheSame) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  const auto all = place.place.workers;
  const auto gone = all.front();
  place.place.workers.erase(place.place.workers.begin());
  auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->removed, 0u);
  const auto standing = place.find("Practitioner", "identifier=urn:joinedup:worker|" + gone.code);
  ASSERT_EQ(standing.size(), 1u) << "what was written names the worker still";
  EXPECT_EQ(standing[0]["active"], false);
  EXPECT_TRUE(place.find("CareTeam", "participant=" + reference(standing[0])).empty());
  place.place.workers = all;
  shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  const auto back = place.find("Practitioner", "identifier=urn:joinedup:worker|" + gone.code);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0]["id"], standing[0]["id"]);
  EXPECT_EQ(back[0]["active"], true);
  EXPECT_EQ(place.find("CareTeam", "participant=" + reference(back[0])).size(), gone.teams.size());
  shared = place.share_again();
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->created + shared->changed + shared->marked_wrong, 0u);
}

// An agreement is applied to a resource by whose data it is.
TEST(CareDoorTeams, EveryResourceSaysWhoseItIs) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  auto vault = vault::Vault::open(place.place);
  std::vector<std::int64_t> people;
  ASSERT_TRUE(vault->each_care_identity([&](const vault::CareIdentity& one) { people.push_back(one.person_key); }));
  for (std::size_t i = 0; i < people.size(); i += 5) {
    caseload::Case one;
    one.person_key = vault->pseudonyms_of({people[i]})[0], one.team = place.place.teams.at(0).name, one.practice = place.place.teams[0].practices.at(0), one.state = "found", one.risk = 0.25;
    place.drafts.found.push_back(one);
  }
  place.drafts.index_date = place.place.data_to.to_iso(), place.drafts.risk_model = "test";
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  std::set<std::string> sources = {"urn:joinedup:place", "urn:joinedup:caseload"};
  for (const auto& [feed, settings] : place.place.feeds) sources.insert("urn:joinedup:partner:" + settings.partner + ":feed:" + feed);
  for (const char* type : {"Organization", "Location", "HealthcareService", "Practitioner", "PractitionerRole", "CareTeam", "Patient", "Encounter", "Condition", "MedicationStatement", "ServiceRequest", "EpisodeOfCare",
                           "RiskAssessment"}) {
    const auto all = place.find(type, "");
    EXPECT_FALSE(all.empty()) << type;
    for (const auto& one : all) EXPECT_TRUE(one.contains("meta") && sources.contains(one["meta"].value("source", ""))) << one.dump().substr(0, 300);
  }
  std::map<std::string, std::size_t> unnamed;
  for (const auto& one : place.find("Encounter", ""))
    if (!one.contains("serviceProvider")) ++unnamed[one["meta"]["source"].get<std::string>()];
  EXPECT_TRUE(unnamed.empty()) << Json(unnamed).dump();
  std::set<std::string> coordinators;
  for (const auto& role : place.find("PractitionerRole", "role=care_coordinator")) coordinators.insert(reference(role));
  for (const auto& one : place.find("EpisodeOfCare", "")) {
    EXPECT_TRUE(one.contains("managingOrganization") && one.contains("team")) << one.dump();
    EXPECT_TRUE(coordinators.contains(one["careManager"]["reference"].get<std::string>()));
  }
  EXPECT_EQ(place.find("Encounter", "_source=urn:joinedup:partner:ZC1:feed:csds").size(), place.find("Encounter", "service-provider.identifier=https://fhir.nhs.uk/Id/ods-organization-code|ZC1").size());
}

}  // namespace joinedup::care_door
