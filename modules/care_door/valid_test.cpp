// Everything that the care door writes is valid FHIR R4, and its Patients are UK Core's.
#include <cstdlib>

#include "care_door/fixture.hpp"
#include "care_door/names.hpp"
#include "validation/validation.hpp"

namespace joinedup::care_door {

TEST(CareDoorValid, WhatIsWrittenPassesTheValidatorAndUkCore) {
  SharedPlace place(900);
  ASSERT_TRUE(place.link());
  std::vector<std::int64_t> people;
  auto vault = vault::Vault::open(place.place);
  ASSERT_TRUE(vault->each_care_identity([&](const vault::CareIdentity& one) { people.push_back(one.person_key); }));
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  for (std::size_t i = 0; i < people.size(); i += 4) {
    caseload::Case one;
    one.person_key = vault->pseudonyms_of({people[i]})[0], one.team = place.place.teams.at(0).name, one.state = "found", one.risk = 0.25;
    one.reasons = {{"risk", "emergency_admissions", "1 emergency admission", "hospital stays", "2025-12-24", "normal"}, {"care_gaps", "no_review", "no review", "practice", "", "substance_use"}};
    place.drafts.found.push_back(one);
  }
  place.drafts.index_date = place.place.data_to.to_iso();
  place.drafts.risk_model = "test";
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  const std::string profiles = (given ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR) + "/../shared/data") + "/fhir/ukcore";
  const bool has_profiles = std::filesystem::exists(profiles);
  const auto with_profiles = has_profiles ? validation::Validator::with_profiles(profiles) : Result<validation::Validator>(validation::Validator::r4());
  ASSERT_TRUE(with_profiles) << with_profiles.error().text();
  std::map<std::string, int> looked_at;
  for (const char* type : {"Patient", "Organization", "CareTeam", "HealthcareService", "Location", "Practitioner", "PractitionerRole", "Encounter", "Condition", "MedicationStatement", "ServiceRequest", "EpisodeOfCare", "RiskAssessment",
                           "Observation", "Provenance", "Device"}) {
    int shown = 0;
    for (const auto& one : place.find(type, "")) {
      const auto text = one.dump();
      fhirpath::Document document;
      ASSERT_TRUE(document.parse(text));
      ++looked_at[type];
      for (const auto& issue : with_profiles->validate(document))
        if (issue.severity <= validation::Severity::error && ++shown < 5) ADD_FAILURE() << type << ": " << issue.expression << ": " << issue.sentence << "\n" << text.substr(0, 1500);
    }
    EXPECT_GT(looked_at[type], 0) << type;
  }
}

}  // namespace joinedup::care_door
