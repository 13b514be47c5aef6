// Releases with their Provenance, the palliative list, agreements that wind down, and one refresh or opening at a time.
#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "care_door/fixture.hpp"

namespace joinedup::care_door {
namespace {

std::string patient_with(const SharedPlace& place, const std::string& number) {
  return place.find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|" + number).at(0)["id"].get<std::string>();
}

}  // namespace

TEST(CareDoorCases, AReleaseSaysByWhomAndWhenAndIsWrittenOnce) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  place.find_person(place.often_seen(1)[0]);
  auto one = place.drafts.found.at(0);
  const auto& releaser = place.place.workers.at(0);
  {
    auto store = caseload::Store::open(place.place);
    ASSERT_TRUE(store) << store.error().text();
    caseload::Release release;
    release.list = "list-1", release.team = one.team, release.run = "r", release.index_date = place.drafts.index_date, release.by = releaser.code, release.role = "gp", release.risk_model = "test", release.found = 1;
    ASSERT_TRUE(store->release(release, {one}, {}));
  }
  place.drafts.found.clear();
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  const auto episode = place.find("EpisodeOfCare", "").at(0);
  const auto provenance = place.find("Provenance", "target=EpisodeOfCare/" + episode["id"].get<std::string>());
  ASSERT_EQ(provenance.size(), 1u);
  EXPECT_EQ(provenance[0]["target"].size(), 2 + place.find("Observation", "").size());
  const auto role = place.find("PractitionerRole", "identifier=urn:joinedup:worker|" + releaser.code).at(0);
  EXPECT_EQ(provenance[0]["agent"][0]["who"]["reference"], "PractitionerRole/" + role["id"].get<std::string>());
  EXPECT_EQ(provenance[0]["recorded"].get<std::string>().substr(0, 3), "202");
  const auto again = place.share_again();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->created + again->changed + again->removed + again->marked_wrong, 0u);
  const auto said = last_shared_json(place.place);
  ASSERT_TRUE(said) << said.error().text();
  const auto summary = Json::parse(*said);
  EXPECT_EQ(summary["people"], again->patients);
  EXPECT_EQ(summary["people_open"], 1);
  EXPECT_EQ(summary["by_type"]["EpisodeOfCare"], 1);
}

TEST(CareDoorCases, WhoIsOnTheEndOfLifeRegisterIsOnThePracticesListAndObjectorsAreNot) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  const auto numbers = place.often_seen(2);
  for (const auto& number : numbers) place.find_person(number);
  for (auto& one : place.drafts.found) {
    one.state = "palliative_coordination";
    one.reasons = {{"palliative", "end_of_life_register", "On the practice's end-of-life register", "practice", "2025-11-02", "palliative"}};
  }
  place.drafts.palliative = place.drafts.found;
  place.drafts.found.clear();
  ASSERT_TRUE(place.share_again());
  auto lists = place.find("List", "");
  ASSERT_EQ(lists.size(), 1u);
  EXPECT_EQ(lists[0]["entry"].size(), 2u);
  EXPECT_EQ(lists[0]["entry"][0]["date"], "2025-11-02");
  EXPECT_EQ(lists[0]["meta"]["security"][0]["code"], "R");
  EXPECT_TRUE(place.find("Encounter", "").empty()) << "the list opens nobody's record";
  const auto file = place.place.path(place.place.objections_file);
  ASSERT_TRUE(write_file(file, "nhs_number,purpose,from,until\n" + numbers[0] + ",case_finding,2020-01-01,\n"));
  ASSERT_TRUE(place.share_again());
  lists = place.find("List", "");
  ASSERT_EQ(lists.size(), 1u);
  ASSERT_EQ(lists[0]["entry"].size(), 1u);
  EXPECT_EQ(lists[0]["entry"][0]["item"]["reference"], "Patient/" + patient_with(place, numbers[1]));
  place.drafts.palliative.clear();
  ASSERT_TRUE(place.share_again());
  EXPECT_TRUE(place.find("List", "").empty());
}

TEST(CareDoorCases, WhileAnAgreementWindsDownWhatWasSharedOfPeopleInCareStaysAsItWas) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  const auto numbers = place.often_seen(2);
  place.find_person(numbers[0]);
  ASSERT_TRUE(place.share_again());
  const auto outpatient = "_source=urn:joinedup:partner:" + place.place.feeds.at("hes_op_sus").partner + ":feed:hes_op_sus";
  const auto before = place.find("Encounter", outpatient).size();
  ASSERT_GT(before, 0u);
  for (auto& agreement : place.place.agreements)
    if (agreement.partner == place.place.feeds.at("hes_op_sus").partner && agreement.purpose == "direct_care") agreement.until = today() - 1, agreement.wind_down_days = 30;
  place.find_person(numbers[1]);
  auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->people_open, 2u);
  EXPECT_EQ(place.find("Encounter", outpatient).size(), before) << "nothing new, nothing gone";
  EXPECT_EQ(place.find("Encounter", outpatient + "&patient=Patient/" + patient_with(place, numbers[0])).size(), before);
  for (const auto& feed : shared->feeds)
    if (feed.feed == "hes_op_sus") {
      EXPECT_EQ(feed.not_shared.at("the agreement for direct care winds down"), feed.rows_in);
    }
  // Who is in care no longer is no longer shown.
  place.drafts.found.erase(place.drafts.found.begin());
  shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_TRUE(place.find("Encounter", outpatient).empty());
}

TEST(CareDoorCases, ARecordIsNotOpenedInTheMiddleOfARefreshButWaitsForItsEnd) {
  SharedPlace place(200);
  ASSERT_TRUE(place.refresh());
  const auto patient = place.find("Patient", "active=true").at(0)["id"].get<std::string>();
  auto refreshing = vault::PlaceLock::take(place.place, std::chrono::seconds(0), "busy");
  ASSERT_TRUE(refreshing) << refreshing.error().text();
  const auto second = vault::PlaceLock::take(place.place, std::chrono::milliseconds(50), "A refresh is running.");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().sentence, "A refresh is running.");
  std::thread ends([held = std::move(*refreshing)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    const auto released = std::move(held);
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto opened = open_person(place.place, place.feeds, {.patient = patient, .who = "Nurse A. Example", .why = "accepted referral"});
  ends.join();
  EXPECT_TRUE(opened) << opened.error().text();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(300));
}

}  // namespace joinedup::care_door
