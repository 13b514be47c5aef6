// A small place for this room's tests: people with their events, teams, and what a model would have said of their risk.
#pragma once
#include <unistd.h>

#include <filesystem>

#include "base/random.hpp"
#include "caseload/steps.hpp"
#include "record/fixture.hpp"

namespace joinedup::caseload {

class Fixture : public record::Fixture {
 public:
  Fixture() {
    place.name = "Fixture";
    place.data_from = *parse_iso_date("2023-04-01");
    place.data_to = *parse_iso_date("2026-03-31");
    place.teams = {{"North", {"Y00001"}, 2}, {"South", {"Y00002"}, 1}};
    add("gp_organisation", {{"organisation_guid", "1"}, {"ods_code", "Y00001"}});
    add("gp_organisation", {{"organisation_guid", "2"}, {"ods_code", "Y00002"}});
    add("gp_organisation", {{"organisation_guid", "3"}, {"ods_code", "Y00003"}});
    add("drug_code", {{"code_id", "1"}, {"bnf_chapter", "02"}});
    // The practice system's code numbers are the concepts themselves here.
    for (const auto& [name, concept_id] : concepts()) add("clinical_code", {{"code_id", concept_id}, {"snomed_concept", concept_id}});
  }
  static const std::map<std::string, std::string>& concepts() {
    static const std::map<std::string, std::string> all{
        {"end_of_life_register", "526631000000108"}, {"care_plan", "734163000"}, {"medication_review", "182836005"}, {"influenza_vaccination", "86198006"},
        {"lives_alone", "105529008"}, {"fall", "217082002"}, {"lives_in_care_home", "160734000"}, {"mild_frailty", "925791000000100"},
        {"moderate_frailty", "925831000000107"}, {"severe_frailty", "925861000000102"}, {"long_term_condition_review", "170777000"},
        {"heart_failure", "84114007"}, {"copd", "13645005"}, {"diabetes", "73211009"}, {"dementia", "52448006"}, {"severe_mental_illness", "58214004"},
        {"hypertension", "38341003"}, {"learning_disability", "110359009"}, {"asthma", "195967001"}, {"alcohol_dependence", "7200002"}};
    return all;
  }
  void registered(long person, const std::string& from = "2010-01-01", const std::string& until = {}, const std::string& practice = "1") {
    record::Fixture::Row row{{"person_key", std::to_string(person)}, {"organisation_guid", practice}, {"registered_on", from}};
    if (!until.empty()) row.emplace_back("deregistered_on", until);
    add("gp_registration", row);
  }
  void observed(long person, const std::string& day, const std::string& what) {
    add("gp_observation", {{"person_key", std::to_string(person)}, {"effective_date", day}, {"code_id", concepts().at(what)}});
  }
  void admitted(long person, const std::string& from, const std::string& until, const std::string& diagnosis = "R101", const std::string& method = "21") {
    ++spell_;
    add("inpatient_episode", {{"person_key", std::to_string(person)}, {"provider", "RX1"}, {"provider_spell", "S" + std::to_string(spell_)}, {"spell_start", from}, {"spell_end", until},
                              {"episode_start", from}, {"episode_end", until}, {"episode_number", "1"}, {"patient_classification", "1"}, {"admission_method", method},
                              {"discharge_method", "1"}, {"discharge_destination", "19"}, {"source_of_admission", "19"}, {"diagnosis_01", diagnosis}});
  }
  void medicines(long person, const std::string& day, int different) {
    for (int i = 1; i <= different; ++i) add("gp_issue", {{"person_key", std::to_string(person)}, {"effective_date", day}, {"code_id", std::to_string(i)}});
  }
  // A person of 80 at practice 1 whom a list would have: a risk, a condition, nothing done.
  void needy(long person, double risk, const std::string& practice = "1") {
    this->person(person, "1945-06-01");
    registered(person, "2010-01-01", {}, practice);
    observed(person, "2020-01-01", "heart_failure");
    risks.emplace_back(person, risk);
  }
  void build() {
    const auto built = record::Fixture::build();
    ASSERT_TRUE(built) << built.error().text();
    run("CREATE TABLE case_objection(person_key BIGINT, purpose VARCHAR)");
    for (const auto& [person, purpose] : objections) run("INSERT INTO case_objection VALUES (" + std::to_string(person) + ", '" + purpose + "')");
    if (risks.empty()) return;
    run("CREATE TABLE risk_prediction(person_key BIGINT, index_date DATE, model VARCHAR, outcome VARCHAR, probability DOUBLE, expected_cost_pence BIGINT, percentile DOUBLE)");
    for (const auto& [person, risk] : risks)
      run("INSERT INTO risk_prediction VALUES (" + std::to_string(person) + ", DATE '2026-03-31', 'test model', 'emergency_admission_12_months', " + std::to_string(risk) + ", NULL, NULL)");
  }
  Found lists(const Current& current = {}, const ListOptions& options = {}) {
    const auto basis = write_candidates(connection(), place, place.data_to);
    EXPECT_TRUE(basis) << (basis ? "" : basis.error().text());
    if (!basis) return {};
    auto found = make_lists(connection(), place, *basis, current, options);
    EXPECT_TRUE(found) << (found ? "" : found.error().text());
    return found ? *found : Found{};
  }
  void random_people(int people, std::uint64_t seed) {
    const std::vector<std::string> findings = {"end_of_life_register", "mild_frailty", "moderate_frailty", "severe_frailty", "lives_in_care_home", "fall"};
    const std::vector<std::string> conditions = {"heart_failure", "copd", "diabetes", "dementia", "severe_mental_illness", "hypertension", "learning_disability", "asthma"};
    for (int i = 1; i <= people; ++i) {
      CounterRandom draw(seed, static_cast<std::uint64_t>(i), 1);
      const auto day = [&](int from_year) { return (Date::from_civil(from_year, 1, 1) + draw.between(0, 365 * (2026 - from_year) + 60)).to_iso(); };
      const auto born = Date::from_civil(draw.between(1930, 2025), draw.between(1, 12), 1);
      person(i, born.to_iso(), draw.chance(.5) ? "F" : "M");
      const Date start = std::max(born, Date::from_civil(draw.between(2015, 2025), draw.between(1, 12), draw.between(1, 28)));
      const bool leaves = draw.chance(.3);
      const Date end = start + draw.between(40, 2000);
      registered(i, start.to_iso(), leaves ? end.to_iso() : "");
      if (leaves && draw.chance(.5)) registered(i, (end + draw.between(1, 200)).to_iso(), "", "2");
      if (draw.chance(.1)) add("death_registration", {{"person_key", std::to_string(i)}, {"date_of_death", (Date::from_civil(2023, 5, 1) + draw.between(0, 1000)).to_iso()}});
      for (const auto& name : conditions)
        if (draw.chance(.15)) observed(i, day(2012), name);
      for (const auto& name : findings)
        if (draw.chance(.08)) observed(i, day(2020), name);
      for (int n = draw.between(0, 2); n > 0; --n) {
        const Date in = Date::from_civil(2023, 4, 10) + draw.between(0, 1000);
        admitted(i, in.to_iso(), (in + draw.between(0, 40)).to_iso(), "R101", draw.chance(.8) ? "21" : "31");
      }
    }
  }

  place::Place place;
  std::vector<std::pair<long, double>> risks;
  std::vector<std::pair<long, std::string>> objections;

 private:
  int spell_ = 0;
};

inline const Case* case_of(const Found& found, std::int64_t person) {
  for (const auto& one : found.cases)
    if (one.person_key == person) return &one;
  return nullptr;
}

}  // namespace joinedup::caseload
