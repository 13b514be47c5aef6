// The care door over a small synthetic place: what is shared, what is written again, what is withdrawn.
#include <sys/wait.h>

#include <set>

#include "care_door/fixture.hpp"

namespace joinedup::care_door {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> all;
  for (const auto field : split(line, ',')) all.emplace_back(field);
  return all;
}

std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i ? "," : "") + fields[i];
  return line;
}

constexpr std::size_t at_dob = 4, at_given = 7, at_surname = 9, at_nhs = 11, at_ended = 32;

// A line of the register of somebody on a list today, alive, with a valid number, who is the only one with it; 0: nobody.
std::size_t somebody(const std::vector<std::string>& lines, std::size_t from) {
  for (std::size_t i = from; i < lines.size(); ++i) {
    const auto fields = fields_of(lines[i]);
    if (fields.size() < 34 || fields[at_nhs].size() != 10 || !fields[5].empty() || !fields[at_ended].empty() || fields[at_dob].size() != 10) continue;
    const auto same = std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.find(fields[at_nhs]) != std::string::npos; });
    if (same == 1) return i;
  }
  return 0;
}

Json patient_of_number(const SharedPlace& place, const std::string& number) {
  const auto found = place.find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|" + number);
  EXPECT_LE(found.size(), 1u);
  return found.empty() ? Json() : found[0];
}

}  // namespace

TEST(CareDoor, EverybodyOnAListHasOnePatientAndASecondSharingWritesNothing) {
  SharedPlace place;
  const auto first = place.refresh();
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_GT(first->patients, 300u);
  std::uint64_t standing = 0;
  for (const auto& [type, resources] : first->standing) standing += resources;
  EXPECT_EQ(first->created, standing);
  EXPECT_EQ(place.find("CareTeam", "").size(), place.place.teams.size());
  const auto patients = place.find("Patient", "");
  EXPECT_EQ(patients.size(), first->patients);
  std::set<std::string> practices, numbers;
  for (const auto& organisation : place.find("Organization", "")) practices.insert("Organization/" + organisation["id"].get<std::string>());
  for (const auto& patient : patients) {
    EXPECT_TRUE(practices.contains(patient["managingOrganization"]["reference"].get<std::string>()));
    if (patient.contains("identifier")) {
      EXPECT_EQ(patient["identifier"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"].get<std::string>().size(), 2u);
      EXPECT_TRUE(numbers.insert(patient["identifier"][0]["value"].get<std::string>()).second) << "two Patients with one number";
    }
  }
  for (const auto& feed : first->feeds) {
    std::uint64_t not_shared = 0;
    for (const auto& [reason, rows] : feed.not_shared) not_shared += rows;
    EXPECT_EQ(feed.rows_in, feed.shared + not_shared) << feed.feed;
  }
  const auto again = place.refresh();
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->created + again->changed + again->removed + again->marked_wrong, 0u);
  EXPECT_EQ(again->patients, first->patients);
}

TEST(CareDoor, AChangedRowMakesOneVersionWithItsProvenance) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  auto lines = place.lines(place.register_file());
  const auto at = somebody(lines, 1);
  ASSERT_NE(at, 0u);
  auto fields = fields_of(lines[at]);
  const auto before = patient_of_number(place, fields[at_nhs]);
  ASSERT_TRUE(before.is_object());
  fields[at_given] = "Changed";
  lines[at] = line_of(fields);
  place.write_lines(place.register_file(), lines);
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->created, 0u);
  EXPECT_EQ(shared->changed, 1u);
  const auto after = patient_of_number(place, fields[at_nhs]);
  EXPECT_EQ(after["id"], before["id"]);
  EXPECT_EQ(after["name"][0]["given"][0], "Changed");
  EXPECT_EQ(after["meta"]["versionId"], "2");
  EXPECT_EQ(place.find("Provenance", "target=Patient/" + after["id"].get<std::string>()).size(), 2u);
}

TEST(CareDoor, AMergeShowsAsALinkAndIsUndoneWhole) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  auto lines = place.lines(place.register_file());
  const auto one = somebody(lines, 1), other = somebody(lines, one + 1);
  ASSERT_NE(other, 0u);
  const auto kept = fields_of(lines[one]), was = fields_of(lines[other]);
  const auto first = patient_of_number(place, kept[at_nhs]), second = patient_of_number(place, was[at_nhs]);
  ASSERT_TRUE(first.is_object() && second.is_object());
  const auto original = lines[other];
  // The other practice corrects number, names and birth date: it was the same person all along.
  auto fields = was;
  for (const auto field : {std::size_t{3}, at_dob, at_given, std::size_t{8}, at_surname, at_nhs}) fields[field] = kept[field];
  lines[other] = line_of(fields);
  place.write_lines(place.register_file(), lines);
  ASSERT_TRUE(place.refresh());
  auto store = place.store();
  const auto read = [&](const Json& patient) { return Json::parse(store->read("Patient", patient["id"].get<std::string>(), fhir::PermitAll())->body); };
  auto now_first = read(first), now_second = read(second);
  const bool first_stands = now_first["active"].get<bool>();
  auto& stands = first_stands ? now_first : now_second;
  auto& replaced = first_stands ? now_second : now_first;
  EXPECT_EQ(stands["link"][0]["type"], "replaces");
  EXPECT_EQ(stands["link"][0]["other"]["reference"], "Patient/" + replaced["id"].get<std::string>());
  EXPECT_EQ(replaced["link"][0]["type"], "replaced-by");
  EXPECT_EQ(replaced["active"], false);
  EXPECT_FALSE(replaced.contains("identifier"));
  store.reset();
  // It was not: the correction is taken back, and each has the Patient they had before.
  lines[other] = original;
  place.write_lines(place.register_file(), lines);
  ASSERT_TRUE(place.refresh());
  store = place.store();
  now_first = read(first), now_second = read(second);
  for (const auto& [now, before] : {std::pair(now_first, first), std::pair(now_second, second)}) {
    EXPECT_FALSE(now.contains("link"));
    EXPECT_EQ(now["active"], true);
    EXPECT_EQ(now["identifier"][0]["value"], before["identifier"][0]["value"]);
    EXPECT_EQ(now["name"], before["name"]);
  }
}

TEST(CareDoor, WhoObjectsToSharingIsTakenOutAndCountedAndComesBack) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  const auto lines = place.lines(place.register_file());
  const auto number = fields_of(lines[somebody(lines, 1)])[at_nhs];
  ASSERT_TRUE(patient_of_number(place, number).is_object());
  const auto objections = place.lines(place.place.objections_file);
  auto more = objections;
  more.push_back(number + ",direct_care,2020-01-01,");
  place.write_lines(place.place.objections_file, more);
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->removed, 1u);
  EXPECT_TRUE(patient_of_number(place, number).is_null());
  EXPECT_EQ(shared->feeds[0].not_shared.at("objection to sharing for care"), 1u);
  place.write_lines(place.place.objections_file, objections);
  ASSERT_TRUE(place.refresh());
  EXPECT_TRUE(patient_of_number(place, number).is_object());
}

TEST(CareDoor, WithoutAnAgreementNothingIsShared) {
  SharedPlace place;
  place.place.agreements.clear();
  const auto none = place.refresh();
  ASSERT_TRUE(none) << none.error().text();
  EXPECT_EQ(none->patients, 0u);
  EXPECT_TRUE(place.find("Patient", "").empty());
  place.place.agreements = {{"ZP001", "secondary_use", *parse_iso_date("2020-01-01"), {}}};
  EXPECT_EQ(place.share_again()->patients, 0u) << "an agreement for planning is none for care";
  place.place.agreements = {{"ZP001", "direct_care", *parse_iso_date("2020-01-01"), *parse_iso_date("2021-01-01")}};
  EXPECT_EQ(place.share_again()->patients, 0u) << "it has ended";
  place.place.agreements = {{"ZP001", "direct_care", *parse_iso_date("2020-01-01"), {}}};
  EXPECT_GT(place.share_again()->patients, 300u);
  place.place.agreements.clear();
  const auto withdrawn = place.share_again();
  ASSERT_TRUE(withdrawn) << withdrawn.error().text();
  EXPECT_TRUE(place.find("Patient", "").empty()) << "an agreement that ends takes back what rested on it";
}

TEST(CareDoor, AfterAKillInTheMiddleTheNextSharingCompletesItAndWritesNothingTwice) {
  SharedPlace place(1500);
  ASSERT_TRUE(place.link());
  for (int round = 0; round < 6; ++round) {
    place.next_run();  // on a fast machine a round may be over before its kill: the next must not take it for its own
    const auto child = ::fork();
    if (child == 0) {
      static_cast<void>(place.share_again());
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(15'000 * (round + 1)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_FALSE(shared->was_current);
  const auto patients = place.find("Patient", "");
  EXPECT_GT(patients.size(), 1000u);
  EXPECT_EQ(patients.size(), shared->patients);
  for (const auto& patient : patients) EXPECT_EQ(patient["meta"]["versionId"], "1");
  const auto again = place.refresh();
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->created + again->changed, 0u);
}

TEST(CareDoor, WhereNothingIsToBeDoneItStillSaysHowManyStand) {
  SharedPlace place(300);
  ASSERT_TRUE(place.link());
  const auto first = place.share_as("the same");
  const auto second = place.share_as("the same");
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(second->was_current);
  EXPECT_GT(first->patients, 200u);
  EXPECT_EQ(second->patients, first->patients);
  EXPECT_EQ(second->people_open, first->people_open);
}

TEST(CareDoor, AnOlderSharedRecordIsFilledUpAgain) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  const auto before = place.find("Patient", "").size();
  for (const char* file : {"shared-record.sqlite", "shared-record.sqlite-wal", "shared-record.sqlite-shm", "shared-record.sqlite.index"}) std::filesystem::remove_all(place.place.path(file));
  const auto shared = place.share_again();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(place.find("Patient", "").size(), before);
}

TEST(CareDoor, AMissingKeyIsNotMadeAnewOverWhatItNamed) {
  SharedPlace place(300);
  place.place.people = place::People::real;
  ASSERT_TRUE(place.refresh());
  const auto key = place.place.path("vault/keys/care_door.key");
  const auto kept = *read_file(key);
  std::filesystem::remove(key);
  const auto refused = place.share_again();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence.find("Restore vault/keys"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(key));
  ASSERT_TRUE(write_file(key, kept, FileMode::secret));
  const auto again = place.share_again();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->created + again->changed + again->removed, 0U);
}

}  // namespace joinedup::care_door
