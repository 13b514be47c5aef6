// What is shared of people whose care record is open, and what becomes of it when that ends.
#include <set>

#include "care_door/fixture.hpp"
#include "care_door/names.hpp"

namespace joinedup::care_door {
namespace {

const std::vector<std::string> fact_types = {"Encounter", "Condition", "MedicationStatement", "ServiceRequest", "EpisodeOfCare", "RiskAssessment", "Observation"};

std::size_t count_all(const SharedPlace& place) {
  std::size_t all = 0;
  for (const auto& type : fact_types) all += place.find(type, "").size();
  return all;
}

}  // namespace

TEST(CareDoorFacts, OnlyOfThoseFoundEachWithProvenanceAndGoneWithTheDraft) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  const auto number = place.often_seen(1)[0];
  place.find_person(number);
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->people_open, 1u);
  const auto patient = place.find("Patient", "identifier=" + number).at(0)["id"].get<std::string>();
  const auto encounters = place.find("Encounter", "");
  EXPECT_GT(encounters.size(), 3u);
  for (const auto& type : {"Encounter", "Condition", "MedicationStatement", "ServiceRequest", "RiskAssessment", "Observation"})
    for (const auto& one : place.find(type, "")) EXPECT_EQ(one["subject"]["reference"], "Patient/" + patient) << type;
  const auto first = encounters[0]["id"].get<std::string>();
  const auto provenance = place.find("Provenance", "target=Encounter/" + first);
  ASSERT_EQ(provenance.size(), 1u);
  for (const auto& target : provenance[0]["target"]) EXPECT_NE(target["reference"].get<std::string>().substr(0, 8), "Patient/") << "one person's facts only";
  // Rows are accounted for, feed by feed.
  for (const auto& feed : shared->feeds) {
    std::uint64_t all = feed.shared;
    for (const auto& [reason, rows] : feed.not_shared) all += rows;
    EXPECT_EQ(all, feed.rows_in) << feed.feed;
  }
  // Case finding's own: three numbers apart, each reason by itself with its label.
  const auto risk = place.find("RiskAssessment", "").at(0);
  EXPECT_EQ(risk["status"], "preliminary");
  EXPECT_EQ(risk["prediction"].size(), 1u);
  EXPECT_EQ(risk["basis"].size(), 2u);
  std::set<std::string> labels;
  for (const auto& reason : place.find("Observation", ""))
    if (reason["meta"].contains("security")) labels.insert(reason["meta"]["security"][0]["code"].get<std::string>());
  EXPECT_EQ(labels, std::set<std::string>{"MH"});
  EXPECT_EQ(place.find("EpisodeOfCare", "").at(0)["status"], "planned");
  const auto again = place.refresh();
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->created + again->changed + again->removed + again->marked_wrong, 0u);
  // Not found any more, and nobody took the person on: nothing stays behind.
  place.drafts = {};
  const auto dropped = place.share_again();
  ASSERT_TRUE(dropped) << dropped.error().text();
  EXPECT_EQ(count_all(place), 0u);
  EXPECT_EQ(place.find("Patient", "identifier=" + number).size(), 1u);
}

TEST(CareDoorFacts, ARowTakenBackByItsSenderIsMarkedAsEnteredInError) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  const auto number = place.often_seen(1)[0];
  place.find_person(number);
  ASSERT_TRUE(place.share_again());
  const auto before = place.find("Encounter", "status=finished").size();
  for (const auto& entry : std::filesystem::directory_iterator(place.place.path("feeds/hes_op_sus"))) {
    const auto file = "feeds/hes_op_sus/" + entry.path().filename().string();
    auto lines = place.lines(file);
    const auto kept = lines.size();
    std::erase_if(lines, [&](const auto& line) { return line.find(number) != std::string::npos; });
    if (lines.size() < kept) place.write_lines(file, lines);
  }
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_GT(shared->marked_wrong, 0u);
  EXPECT_EQ(place.find("Encounter", "status=entered-in-error").size(), shared->marked_wrong);
  EXPECT_EQ(place.find("Encounter", "status=finished").size(), before - shared->marked_wrong);
}

TEST(CareDoorFacts, AFeedWhoseAgreementEndsIsTakenOut) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  place.find_person(place.often_seen(1)[0]);
  ASSERT_TRUE(place.share_again());
  const auto hospital = place.place.feeds.at("hes_op_sus").partner;
  for (auto& agreement : place.place.agreements)
    if (agreement.partner == hospital && agreement.purpose == "direct_care") agreement.until = agreement.from;
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_GT(shared->removed, 0u);
  EXPECT_TRUE(place.find("Encounter", "type:text=outpatient").empty());
  for (const auto& feed : shared->feeds) {
    if (feed.feed != "hes_op_sus") continue;
    EXPECT_EQ(feed.not_shared.at("no agreement for direct care"), feed.rows_in);
  }
}

TEST(CareDoorFacts, WhatATeamChangedInTheRecordIsTheTeams) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  place.find_person(place.often_seen(1)[0]);
  ASSERT_TRUE(place.share_again());
  auto episode = place.find("EpisodeOfCare", "").at(0);
  episode["status"] = "active";
  {
    auto store = place.store();
    ASSERT_TRUE(store->write({{.kind = fhir::Write::Kind::update, .type = "EpisodeOfCare", .id = episode["id"].get<std::string>(), .body = episode.dump(), .if_match = {}}}));
  }
  place.drafts.found[0].risk = 0.4;
  place.drafts.index_date = "2026-03-01";
  const auto found_again = place.share_again();
  ASSERT_TRUE(found_again) << found_again.error().text();
  EXPECT_EQ(found_again->left_to_teams, 1u);
  EXPECT_EQ(place.find("EpisodeOfCare", "").at(0)["status"], "active");
  const auto encounters = place.find("Encounter", "").size();
  place.drafts = {};
  ASSERT_TRUE(place.share_again());
  EXPECT_EQ(place.find("EpisodeOfCare", "status=active").size(), 1u) << "case finding does not end what a team began";
  EXPECT_EQ(place.find("Encounter", "").size(), encounters) << "and the team keeps its view of the person";
}

// Everybody is found: then every appointment is in the record if, and only if, the vault is certain for care whose it is.
TEST(CareDoorFacts, ALikelyLinkNeverPutsOnePersonsFactsInAnothersRecord) {
  SharedPlace place(1200);
  ASSERT_TRUE(place.link());
  std::map<std::int64_t, vault::CareIdentity> identities;
  auto vault = vault::Vault::open(place.place);
  ASSERT_TRUE(vault->each_care_identity([&](const vault::CareIdentity& one) { identities[one.identity_key] = one; }));
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("ATTACH " + engine::sql_text(place.place.path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY)"));
  const auto registered = connection->query("SELECT DISTINCT identity_key FROM staging.main.gp_registration WHERE NOT coalesce(deleted, false)");
  std::set<std::int64_t> on_register;
  std::vector<std::int64_t> people;
  for (std::size_t i = 0; i < registered->rows.size(); ++i) {
    const auto& one = identities.at(registered->integer(i, 0));
    if (on_register.insert(one.care_key).second) people.push_back(one.person_key);
  }
  for (const auto pseudonym : vault->pseudonyms_of(people)) {
    caseload::Case one;
    one.person_key = pseudonym, one.team = place.place.teams.at(0).name, one.state = "found";
    place.drafts.found.push_back(one);
  }
  place.drafts.index_date = place.place.data_to.to_iso();
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  std::map<std::string, std::int64_t> care_key_of;  // by Patient
  const Names names(*vault->care_secret());
  for (const auto care_key : on_register) care_key_of["Patient/" + names.id("Patient", "care", care_key)] = care_key;
  std::map<std::string, std::string> subject_of;
  for (const auto& one : place.find("Encounter", "")) subject_of[one["id"].get<std::string>()] = one["subject"]["reference"].get<std::string>();
  const auto appointments = connection->query("SELECT row_id, max(identity_key), count(DISTINCT identity_key) FROM staging.main.outpatient_appointment WHERE attended IN ('5', '6') GROUP BY 1");
  std::size_t seen = 0, left_out = 0, likely_only = 0;
  std::set<std::int64_t> people_of_register(people.begin(), people.end());
  for (std::size_t i = 0; i < appointments->rows.size(); ++i) {
    if (appointments->integer(i, 2) != 1) continue;
    const auto& whose = identities.at(appointments->integer(i, 1));
    const auto found = subject_of.find(names.id("Encounter", "hes_op_sus", appointments->rows[i][0]));
    if (found == subject_of.end()) {
      ++left_out;
      likely_only += !on_register.contains(whose.care_key) && people_of_register.contains(whose.person_key);
      continue;
    }
    ++seen;
    EXPECT_EQ(care_key_of.at(found->second), whose.care_key);
  }
  EXPECT_GT(seen, 500u);
  EXPECT_GT(likely_only, 0u) << "the place has rows that are linked, but not surely: the test must have seen some";
  EXPECT_GE(left_out, likely_only);
}

}  // namespace joinedup::care_door
