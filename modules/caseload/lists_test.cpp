// Who is found, who waits, who is left out and why.
#include <gtest/gtest.h>

#include <algorithm>

#include "caseload/fixture.hpp"

namespace joinedup::caseload {
namespace {

bool has_reason(const Case& one, const std::string& dimension, const std::string& text) {
  return std::any_of(one.reasons.begin(), one.reasons.end(), [&](const Reason& r) { return r.dimension == dimension && r.text == text; });
}

std::int64_t excluded(const Found& found, const std::string& because) {
  std::int64_t people = 0;
  for (const auto& exclusion : found.exclusions)
    if (exclusion.because == because) people += exclusion.people;
  return people;
}

}  // namespace

TEST(Lists, ThreeNumbersWithReasonsAndAnOrderThatIsNotRisk) {
  Fixture fixture;
  fixture.needy(1, .9);  // high risk, gaps only
  fixture.needy(2, .3);  // lower risk, more that can be changed
  fixture.admitted(2, "2025-06-02", "2025-06-09", "J441");
  fixture.admitted(2, "2025-09-12", "2025-09-15");
  fixture.admitted(2, "2026-01-20", "2026-01-22");
  fixture.observed(2, "2024-02-02", "lives_alone");
  fixture.medicines(2, "2026-03-01", 11);
  fixture.build();
  const auto found = fixture.lists();
  const auto *first = case_of(found, 2), *second = case_of(found, 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->rank, 1);
  EXPECT_EQ(second->rank, 2);
  EXPECT_EQ(first->state, "found");
  EXPECT_EQ(first->risk, .3);
  EXPECT_EQ(first->impactability, 4);  // avoidable admission, repeated admissions, polypharmacy, lives alone
  EXPECT_EQ(first->care_gaps, 5);      // care plan (COPD is a second condition), condition review, medication review, influenza, contact after discharge
  EXPECT_TRUE(has_reason(*first, "risk", "3 emergency admissions since 2025-06-02"));
  EXPECT_TRUE(has_reason(*first, "impactability", "Lives alone"));
  EXPECT_TRUE(has_reason(*first, "impactability", "11 different medicines in the last 90 days"));
  EXPECT_TRUE(has_reason(*first, "impactability", "1 emergency admission for what good care in the community often prevents; last 2025-06-02"));
  EXPECT_TRUE(has_reason(*first, "care_gaps", "Left hospital 2026-01-22 and no contact with the practice since"));
  EXPECT_TRUE(has_reason(*first, "risk", "Of 100 people whom the model scores like this, about 30 are admitted as an emergency within a year"));
  for (const auto& reason : first->reasons) EXPECT_FALSE(reason.source.empty() || reason.label.empty()) << reason.text;
}

TEST(Lists, CapacityIsFilledAndTheRestWait) {
  Fixture fixture;
  for (long person = 1; person <= 5; ++person) fixture.needy(person, .2 + .1 * static_cast<double>(person));
  fixture.needy(6, .5, "2");
  fixture.build();
  const auto found = fixture.lists();
  EXPECT_EQ(found.teams[0].found, 2);
  EXPECT_EQ(found.teams[0].waiting, 3);
  EXPECT_EQ(found.teams[1].found, 1);
  EXPECT_EQ(case_of(found, 5)->state, "found");  // equal in what can be changed: by risk
  EXPECT_EQ(case_of(found, 1)->state, "waiting");
  EXPECT_EQ(case_of(found, 1)->excluded_because, "the_team_is_full");
  // A place that is held is not offered again; one that was declined is free.
  Current current{{5, {"North", "active", "2026-01-01", "x", ""}}, {4, {"North", "declined", "2026-01-01", "x", "prefers not"}}};
  const auto later = fixture.lists(current);
  EXPECT_EQ(later.teams[0].held, 1);
  EXPECT_EQ(later.teams[0].found, 1);
  EXPECT_EQ(case_of(later, 5)->state, "on_caseload");
  EXPECT_EQ(case_of(later, 4)->excluded_because, "declined_before");
  EXPECT_EQ(case_of(later, 3)->state, "found");
}

TEST(Lists, EveryExclusionIsCountedAndExplained) {
  Fixture fixture;
  fixture.needy(1, .5);
  fixture.needy(2, .5);
  fixture.objections = {{2, "case_finding"}};
  fixture.needy(3, .1);
  fixture.needy(4, .5, "3");  // no team looks after practice 3
  fixture.needy(5, .5);
  fixture.observed(5, "2026-02-01", "end_of_life_register");
  fixture.person(6, "2015-01-01");
  fixture.registered(6);
  fixture.risks.emplace_back(6, .5);
  fixture.person(7, "1990-01-01");  // at risk, nothing that care could change
  fixture.registered(7);
  fixture.risks.emplace_back(7, .5);
  fixture.person(8, "1940-01-01");  // no longer on a list
  fixture.registered(8, "2010-01-01", "2025-01-01");
  fixture.needy(9, .5);
  fixture.add("death_registration", {{"person_key", "9"}, {"date_of_death", "2026-03-01"}});
  fixture.build();
  const auto found = fixture.lists();
  EXPECT_EQ(found.basis.people, 7);
  EXPECT_EQ(case_of(found, 1)->state, "found");
  const auto* objects = case_of(found, 2);
  ASSERT_TRUE(objects);
  EXPECT_EQ(objects->excluded_because, "objects_to_case_finding");
  EXPECT_FALSE(objects->risk || objects->impactability || objects->care_gaps) << "who objects is not scored";
  EXPECT_TRUE(objects->reasons.empty());
  EXPECT_EQ(case_of(found, 5)->state, "palliative_coordination");
  EXPECT_EQ(found.teams[0].palliative, 1);
  EXPECT_EQ(excluded(found, "objects_to_case_finding"), 1);
  EXPECT_EQ(excluded(found, "risk_below_the_threshold"), 1);
  EXPECT_EQ(excluded(found, "no_team_for_the_practice"), 1);
  EXPECT_EQ(excluded(found, "too_young"), 1);
  EXPECT_EQ(excluded(found, "nothing_found_that_care_could_change"), 1);
  for (const auto& [person, words] : std::map<long, std::string>{{1, "On the list of team North, place 1"}, {2, "objects to being looked for"}, {3, "the risk, 0.1, is below the 0.2"},
                                                                 {4, "no team in place.toml"}, {5, "palliative co-ordination list"}, {6, "younger"}, {7, "nothing was found"}}) {
    const auto why = explain(fixture.connection(), found, person);
    ASSERT_TRUE(why);
    EXPECT_NE(why->answer.find(words), std::string::npos) << person << ": " << why->answer;
  }
  EXPECT_TRUE(explain(fixture.connection(), found, 2)->reasons.empty());
  for (const long gone : {8, 9}) EXPECT_FALSE(explain(fixture.connection(), found, gone)) << gone;
}

TEST(Lists, ANationalOptOutAloneRemovesNobodyUnlessThePlaceSaysSo) {
  Fixture fixture;
  fixture.needy(1, .5);
  fixture.objections = {{1, "national_data_opt_out"}};
  fixture.build();
  EXPECT_EQ(case_of(fixture.lists(), 1)->state, "found");
  fixture.place.case_finding.objections_that_remove.push_back("national_data_opt_out");
  EXPECT_EQ(case_of(fixture.lists(), 1)->excluded_because, "objects_to_case_finding");
}

TEST(Lists, ATeamWithoutPlacesOffersNoneAndSaysSo) {
  Fixture fixture;
  fixture.place.teams[0].capacity = 0;
  fixture.needy(1, .5);
  fixture.build();
  const auto found = fixture.lists();
  EXPECT_EQ(case_of(found, 1)->state, "waiting");
  EXPECT_EQ(case_of(found, 1)->excluded_because, "the_team_has_capacity_0");
  EXPECT_TRUE(std::any_of(found.basis.notes.begin(), found.basis.notes.end(), [](const auto& n) { return n == "Team North has capacity 0: nobody is offered a place, and 1 wait."; }));
}

TEST(Lists, NobodyAtAllIsASentence) {
  Fixture fixture;
  fixture.person(1, "1950-01-01");  // known to no practice
  fixture.build();
  const auto found = fixture.lists();
  EXPECT_TRUE(found.cases.empty());
  ASSERT_FALSE(found.basis.notes.empty());
  EXPECT_EQ(found.basis.notes.back(), "Nobody is on a practice's list on 2026-03-31: there is nobody to find.");
}

TEST(Lists, ADayOutsideTheDataAndAPlaceWithoutTeamsAreSentences) {
  Fixture fixture;
  fixture.build();
  const auto late = write_candidates(fixture.connection(), fixture.place, *parse_iso_date("2026-04-01"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().sentence, "People can be found as of a day within the data, 2023-04-01 to 2026-03-31; 2026-04-01 lies outside.");
  fixture.place.teams.clear();
  const auto teamless = write_candidates(fixture.connection(), fixture.place, fixture.place.data_to);
  ASSERT_FALSE(teamless);
  EXPECT_NE(teamless.error().sentence.find("add [[team]]"), std::string::npos);
}

TEST(Lists, NothingAfterTheDayIsLookedAt) {
  const auto numbers = [](bool planted) {
    Fixture fixture;
    fixture.random_people(120, 3);
    if (planted)
      for (long person = 1; person <= 120; ++person) {
        fixture.admitted(person, "2025-10-02", "2025-10-09", "J441");
        fixture.observed(person, "2025-10-03", "end_of_life_register");
        fixture.observed(person, "2025-10-03", "lives_alone");
        fixture.observed(person, "2025-10-03", "copd");
        fixture.medicines(person, "2025-10-05", 2);
      }
    fixture.build();
    const auto basis = write_candidates(fixture.connection(), fixture.place, *parse_iso_date("2025-10-01"));
    EXPECT_TRUE(basis);
    return fixture.csv("SELECT * FROM case_candidate ORDER BY person_key") + fixture.csv("SELECT * FROM case_fact ORDER BY person_key, fact");
  };
  const auto without = numbers(false);
  EXPECT_GT(without.size(), 2000u);
  EXPECT_EQ(without, numbers(true));
}

TEST(Lists, RiskWithoutAModelIsTheRateAmongPeopleAlike) {
  Fixture fixture;
  // A hundred alike: in the year before last nobody was admitted, in the last year 25 were.
  for (long person = 1; person <= 100; ++person) {
    fixture.person(person, "1950-06-01");
    fixture.registered(person);
    if (person <= 25) fixture.admitted(person, "2025-08-01", "2025-08-03");
  }
  fixture.build();
  const auto found = fixture.lists();
  EXPECT_EQ(fixture.count("SELECT count(*) FROM case_candidate WHERE risk = 0.25"), 75) << "who was not admitted is like those a year ago";
  EXPECT_EQ(fixture.count("SELECT count(*) FROM case_candidate WHERE risk IS NULL"), 25) << "nobody a year ago had an admission behind them: no rate, and no guess";
  EXPECT_EQ(found.basis.risk_model, "what happened here to people alike");
}

TEST(Lists, TheLotIsRepeatableStratifiedAndFair) {
  Fixture fixture;
  for (long person = 1; person <= 60; ++person) {
    fixture.needy(person, person % 2 ? .25 : .6);
    if (person % 3 == 0) fixture.observed(person, "2024-01-01", "lives_alone");
  }
  fixture.place.teams[0].capacity = 30;
  fixture.build();
  ListOptions options{};
  options.random = RandomAllocation{42, "Dr B. Example"};
  const auto once = fixture.lists({}, options);
  const auto again = fixture.lists({}, options);
  ASSERT_EQ(once.allocation.size(), 60u);
  std::map<std::string, std::pair<int, int>> strata;
  int offered = 0;
  for (std::size_t i = 0; i < once.allocation.size(); ++i) {
    EXPECT_EQ(once.allocation[i].person_key, again.allocation[i].person_key);
    EXPECT_EQ(once.allocation[i].arm, again.allocation[i].arm);
    auto& [places, people] = strata[once.allocation[i].stratum];
    ++people;
    places += once.allocation[i].arm == "offered";
    offered += once.allocation[i].arm == "offered";
  }
  EXPECT_EQ(offered, 30);
  EXPECT_EQ(strata.size(), 2u);
  for (const auto& [stratum, counts] : strata) EXPECT_EQ(counts.first * 2, counts.second) << stratum << ": half of each stratum";
  for (const auto& one : once.allocation) EXPECT_EQ(one.probability, .5);
  EXPECT_EQ(once.teams[0].list, again.teams[0].list);
  // Over many seeds everybody is drawn about as often.
  std::map<std::int64_t, int> drawn;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Current nobody;
    ListOptions other;
    other.random = RandomAllocation{seed, "x"};
    const auto found = make_lists(fixture.connection(), fixture.place, once.basis, nobody, other);
    ASSERT_TRUE(found);
    for (const auto& one : found->allocation) drawn[one.person_key] += one.arm == "offered";
  }
  for (const auto& [person, times] : drawn) EXPECT_NEAR(times, 100, 32) << person;  // 4.5 standard deviations
}

TEST(Lists, SensitiveReasonsCarryTheirLabel) {
  Fixture fixture;
  fixture.needy(1, .5);
  fixture.observed(1, "2024-01-01", "severe_mental_illness");
  fixture.observed(1, "2024-01-01", "alcohol_dependence");
  fixture.build();
  const auto found = fixture.lists();
  std::map<std::string, std::string> labels;
  for (const auto& reason : case_of(found, 1)->reasons) labels[reason.text] = reason.label;
  EXPECT_EQ(labels["Severe mental illness recorded"], "mental_health");
  EXPECT_EQ(labels["Alcohol dependence recorded"], "substance_use");
  EXPECT_EQ(labels["3 long-term conditions recorded"], "normal");
}

}  // namespace joinedup::caseload
