#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "base/file.hpp"
#include "base/sqlite.hpp"
#include "base/text.hpp"
#include "messages/hl7.hpp"
#include "messages/test_support.hpp"
#include "validation/validation.hpp"

namespace joinedup::messages {
namespace {

class InboxTest : public InboxFixture {
 protected:
  // Faults of what was written, by the published definitions.
  void expect_valid(const std::vector<std::string>& types) {
    for (const auto& type : types) {
      int shown = 0, looked_at = 0;
      for (const auto& one : find(type, "")) {
        const auto text = one.dump();
        fhirpath::Document document;
        ASSERT_TRUE(document.parse(text));
        ++looked_at;
        for (const auto& issue : validation::Validator::r4().validate(document))
          if (issue.severity <= validation::Severity::error && ++shown < 4) ADD_FAILURE() << type << ": " << issue.expression << ": " << issue.sentence << "\n" << text.substr(0, 1200);
      }
      EXPECT_GT(looked_at, 0) << type;
    }
  }
};

TEST_F(InboxTest, AnAdmissionMakesAnUnlinkedPatientAndAnEncounter) {
  apply({});
  const auto patient = one("Patient");
  EXPECT_EQ(patient["name"][0]["family"], "SHAH");
  EXPECT_EQ(patient["birthDate"], "1980-02-01");
  EXPECT_EQ(patient["identifier"][0]["value"], "M1");
  const auto encounter = one("Encounter");
  EXPECT_EQ(encounter["status"], "in-progress");
  EXPECT_EQ(encounter["class"]["code"], "IMP");
  EXPECT_EQ(encounter["period"]["start"], "2026-01-01T11:30:00+00:00");
  EXPECT_EQ(encounter["subject"]["reference"], "Patient/" + patient["id"].get<std::string>());
  EXPECT_EQ(encounter["location"][0]["location"]["display"], "Ward 1, room 2, bed A, RXX");
  const auto provenance = one("Provenance");
  EXPECT_EQ(provenance["target"].size(), 2u);
  EXPECT_EQ(std::filesystem::status(folder_.file("messages/kept.sqlite")).permissions() & std::filesystem::perms(077), std::filesystem::perms::none);
}

TEST_F(InboxTest, TransferDischargeAndTheirCancellations) {
  apply({});
  apply({.trigger = "A02", .control = "2", .recorded = "202601021200", .location = "Ward 9^1^C^RXX"});
  EXPECT_EQ(one("Encounter")["location"].size(), 2u);
  EXPECT_EQ(one("Encounter")["location"][1]["status"], "active");
  apply({.trigger = "A12", .control = "3", .recorded = "202601021300"});
  EXPECT_EQ(one("Encounter")["location"].size(), 1u);
  apply({.trigger = "A03", .control = "4", .recorded = "202601031200", .discharged = "202601031145"});
  EXPECT_EQ(one("Encounter")["status"], "finished");
  EXPECT_EQ(one("Encounter")["period"]["end"], "2026-01-03T11:45:00+00:00");
  apply({.trigger = "A13", .control = "5", .recorded = "202601031300"});
  EXPECT_EQ(one("Encounter")["status"], "in-progress");
  EXPECT_FALSE(one("Encounter")["period"].contains("end"));
  apply({.trigger = "A11", .control = "6", .recorded = "202601031400"});
  EXPECT_EQ(one("Encounter")["status"], "cancelled");
}

TEST_F(InboxTest, AnyOrderOfArrivalGivesTheSame) {
  std::vector<Adt> all = {{.control = "1"},
                          {.trigger = "A02", .control = "2", .recorded = "202601021200", .location = "Ward 9^1^C^RXX"},
                          {.trigger = "A12", .control = "3", .recorded = "202601021300"},
                          {.trigger = "A08", .control = "4", .recorded = "202601021400", .name = "SHAH-KHAN^Amina"},
                          {.trigger = "A03", .control = "5", .recorded = "202601031200", .name = "", .discharged = "202601031145"},
                          {.trigger = "A13", .control = "6", .recorded = "202601031300", .name = ""},
                          {.trigger = "A03", .control = "7", .recorded = "202601041200", .name = "", .discharged = "202601041145"}};
  std::mt19937 random(7);
  std::string expected_encounter, expected_patient;
  for (int round = 0; round < 12; ++round) {
    const auto visit = "V" + std::to_string(round), number = "M" + std::to_string(round) + "^^^RXX^MR";
    for (auto& one : all) one.visit = visit, one.pid3 = number, one.control = std::to_string(round) + "-" + one.recorded;
    for (const auto& one : all) EXPECT_EQ(send(one.text()), "AA");
    inbox_->settle();
    auto encounter = one("Encounter", "identifier=" + visit), patient = one("Patient", "identifier=M" + std::to_string(round));
    for (auto* body : {&encounter, &patient})
      for (const char* changing : {"id", "meta", "identifier", "subject"}) body->erase(changing);
    if (round == 0) expected_encounter = encounter.dump(), expected_patient = patient.dump();
    EXPECT_EQ(encounter.dump(), expected_encounter) << round;
    EXPECT_EQ(patient.dump(), expected_patient) << round;
    std::shuffle(all.begin(), all.end(), random);
  }
  EXPECT_NE(expected_patient.find("SHAH-KHAN"), std::string::npos);
  EXPECT_NE(expected_encounter.find("2026-01-04"), std::string::npos);
}

TEST_F(InboxTest, AnUpdateErasesNothingThatItDoesNotSend) {
  apply({});
  Adt update{.trigger = "A08", .control = "2", .recorded = "202601021200", .name = ""};
  auto text = update.text();
  text.replace(text.find("1 High Street^^Leeds^^LS1 1AA"), 29, "");
  text.replace(text.find("0113 496 0000"), 13, "\"\"");
  EXPECT_EQ(send(text), "AA");
  inbox_->settle();
  const auto patient = one("Patient");
  EXPECT_EQ(patient["name"][0]["family"], "SHAH");
  EXPECT_EQ(patient["address"][0]["city"], "Leeds");
  EXPECT_FALSE(patient.contains("telecom")) << "two quotation marks take it away";
}

TEST_F(InboxTest, AMessageThatComesAgainIsAnsweredAlikeAndChangesNothing) {
  const Adt message;
  apply(message);
  const auto first = inbox_->receive(message.text());
  ASSERT_TRUE(first);
  EXPECT_EQ(acknowledgement_code(*first), "AA");
  Adt later = message;
  later.sent = "202601011300";  // the same message, sent again an hour later
  EXPECT_EQ(send(later.text()), "AA");
  inbox_->settle();
  const auto history = store_->history({.type = "Encounter", .id = one("Encounter")["id"].get<std::string>(), .since = {}, .cursor = {}}, fhir::PermitAll());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->versions.size(), 1u);
  const auto spoke = senders(folder_.path());
  ASSERT_EQ(spoke->size(), 1u);
  EXPECT_EQ(spoke->at(0).kept, 1u);
  EXPECT_EQ(spoke->at(0).repeated, 2u);
  EXPECT_EQ(spoke->at(0).applied, 1u);
}

// Each sender has its own pace: what is silence of a busy line is a quiet night of another.
TEST_F(InboxTest, ASenderThatFellSilentIsSaidByItsOwnPace) {
  constexpr std::int64_t minute = 60'000'000, hour = 60 * minute, begun = 1'700'000'000'000'000;
  std::int64_t now = begun;
  inbox_.reset();
  inbox_ = *Inbox::open({.place = &place_, .clock = [&] { return now; }}, *store_);
  EXPECT_TRUE(senders(folder_.path())->empty());
  for (int i = 0; i < 30; ++i, now += 40 * minute) EXPECT_EQ(send(Adt{.control = "C" + std::to_string(i)}.text() + "ZZZ|" + std::to_string(i) + "\r"), "AA");
  const auto last = now - 40 * minute;
  auto busy = senders(folder_.path())->at(0);
  EXPECT_EQ(busy.kept, 30u);
  EXPECT_EQ(busy.last, last);
  EXPECT_EQ(busy.silent_after, 80 * minute);
  EXPECT_EQ(silence_of(busy, last + 79 * minute), "");
  EXPECT_NE(silence_of(busy, last + 2 * hour).find("for 2 hours, longer than it pauses"), std::string::npos);
  EXPECT_NE(silence_of(busy, last + 72 * hour).find("for 3 days"), std::string::npos);
  // A line of seconds waits an hour, one with a long night a day at the most.
  busy.silent_after = hour;
  EXPECT_EQ(silence_of(busy, last + hour), "");
  now += 30 * hour;
  EXPECT_EQ(send(Adt{.control = "later"}.text() + "ZZZ|later\r"), "AA");
  EXPECT_EQ(senders(folder_.path())->at(0).silent_after, 24 * hour);
}

TEST_F(InboxTest, TheSameControlIdOverOtherContentIsAnotherMessage) {
  apply({.control = "MSG00001"});
  apply({.trigger = "A03", .control = "MSG00001", .recorded = "202601031200", .discharged = "202601031145"});
  EXPECT_EQ(one("Encounter")["status"], "finished");
}

TEST_F(InboxTest, ANumberWithItsBirthDateFindsTheRegisteredPersonAndChangesNothingOfThem) {
  register_person("p1", "9990000018", "1980-02-01");
  apply({.pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  EXPECT_EQ(one("Encounter")["subject"]["reference"], "Patient/p1");
  EXPECT_EQ(one("Patient")["name"][0]["family"], "Registered");
  apply({.trigger = "A03", .control = "2", .recorded = "202601031200"});  // by the sender's number alone
  EXPECT_EQ(one("Encounter")["subject"]["reference"], "Patient/p1");
}

TEST_F(InboxTest, ANumberWithAnotherBirthDateIsForReviewAndWritesNothing) {
  register_person("p1", "9990000018", "1980-02-02");
  apply({.pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  EXPECT_TRUE(find("Encounter", "").empty());
  ASSERT_EQ(for_review().size(), 1u);
  EXPECT_EQ(for_review()[0].state, State::review);
  register_person("p1", "9990000018", "1980-02-01");  // the register was wrong
  EXPECT_EQ(inbox_->retry().value_or(0), 1u);
  inbox_->settle();
  EXPECT_EQ(one("Encounter")["subject"]["reference"], "Patient/p1");
  EXPECT_TRUE(for_review().empty());
}

TEST_F(InboxTest, ANumberThatFailsItsCheckMatchesNobody) {
  register_person("p1", "9990000019", "1980-02-01");
  apply({.pid3 = "M1^^^RXX^MR~9990000019^^^NHS^NH"});
  EXPECT_NE(one("Encounter")["subject"]["reference"], "Patient/p1");
  ASSERT_EQ(for_review().size(), 1u);
  EXPECT_EQ(for_review()[0].state, State::applied) << "it was applied, and says so";
}

TEST_F(InboxTest, AnUnlinkedPersonIsLinkedOnceTheirNumberComes) {
  register_person("p1", "9990000018", "1980-02-01");
  apply({});
  const auto own = one("Patient", "identifier=M1")["id"].get<std::string>();
  EXPECT_NE(own, "p1");
  apply({.trigger = "A08", .control = "2", .recorded = "202601011300", .pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  EXPECT_EQ(one("Encounter")["subject"]["reference"], "Patient/p1");
  const auto linked = one("Patient", "identifier=M1");
  EXPECT_EQ(linked["link"][0]["type"], "replaced-by");
  EXPECT_EQ(linked["link"][0]["other"]["reference"], "Patient/p1");
  EXPECT_EQ(linked["active"], false);
}

TEST_F(InboxTest, OneNumberForTwoPeopleIsForReview) {
  register_person("p1", "9990000018", "1980-02-01");
  register_person("p2", "9990000026", "1980-02-01");
  apply({.pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  apply({.control = "2", .pid3 = "M1^^^RXX^MR~9990000026^^^NHS^NH", .visit = "V2"});
  EXPECT_EQ(find("Encounter", "").size(), 1u);
  ASSERT_EQ(for_review().size(), 1u);
}

TEST_F(InboxTest, AMergeLinksAndIsUndone) {
  apply({.control = "1", .pid3 = "OLD^^^RXX^MR", .visit = "V1"});
  apply({.control = "2", .pid3 = "NEW^^^RXX^MR", .visit = "V2"});
  const auto old_id = one("Patient", "identifier=OLD")["id"].get<std::string>(), new_id = one("Patient", "identifier=NEW")["id"].get<std::string>();
  apply({.trigger = "A40", .control = "3", .recorded = "202601021200", .pid3 = "NEW^^^RXX^MR", .merged = "OLD^^^RXX^MR"});
  EXPECT_EQ(one("Patient", "identifier=OLD")["link"][0]["other"]["reference"], "Patient/" + new_id);
  EXPECT_EQ(one("Patient", "identifier=OLD")["link"][0]["type"], "replaced-by");
  EXPECT_EQ(one("Patient", "identifier=OLD")["active"], false);
  EXPECT_EQ(one("Patient", "identifier=NEW")["link"][0]["type"], "replaces");
  apply({.control = "4", .recorded = "202601031200", .pid3 = "OLD^^^RXX^MR", .visit = "V3"});
  EXPECT_EQ(one("Encounter", "identifier=V3")["subject"]["reference"], "Patient/" + new_id);
  const auto listed = for_review();
  ASSERT_EQ(listed.size(), 1u);
  ASSERT_TRUE(listed[0].is_merge);
  ASSERT_TRUE(inbox_->undo_merge(listed[0].message));
  EXPECT_FALSE(one("Patient", "identifier=OLD").contains("link"));
  EXPECT_EQ(one("Patient", "identifier=OLD")["active"], true);
  EXPECT_FALSE(one("Patient", "identifier=NEW").contains("link"));
  apply({.control = "5", .recorded = "202601041200", .pid3 = "OLD^^^RXX^MR", .visit = "V4"});
  EXPECT_EQ(one("Encounter", "identifier=V4")["subject"]["reference"], "Patient/" + old_id);
}

TEST_F(InboxTest, AMergeOfTwoRegisteredPeopleIsNotDoneHere) {
  register_person("p1", "9990000018", "1980-02-01");
  register_person("p2", "9990000026", "1980-02-01");
  apply({.control = "1", .pid3 = "OLD^^^RXX^MR~9990000018^^^NHS^NH", .visit = "V1"});
  apply({.control = "2", .pid3 = "NEW^^^RXX^MR~9990000026^^^NHS^NH", .visit = "V2"});
  apply({.trigger = "A40", .control = "3", .pid3 = "NEW^^^RXX^MR", .merged = "OLD^^^RXX^MR"});
  for (const auto& patient : find("Patient", "")) EXPECT_FALSE(patient.contains("link"));
  ASSERT_EQ(for_review().size(), 1u);
  EXPECT_EQ(for_review()[0].state, State::review);
}

TEST_F(InboxTest, WhoIsOnACaseloadHasTheirCoordinatorTold) {
  register_person("p1", "9990000018", "1980-02-01");
  put("EpisodeOfCare", "e1", {{"status", "active"}, {"patient", {{"reference", "Patient/p1"}}}, {"managingOrganization", {{"display", "x"}}}, {"careManager", {{"reference", "Practitioner/c1"}}}, {"team", {{{"reference", "CareTeam/t1"}}}}});
  apply({.pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  const auto told = one("Communication");
  EXPECT_EQ(told["subject"]["reference"], "Patient/p1");
  EXPECT_EQ(told["recipient"].size(), 2u);
  EXPECT_NE(told["payload"][0]["contentString"].get<std::string>().find("Admitted to hospital"), std::string::npos);
  EXPECT_EQ(one("Flag")["status"], "active");
  apply({.trigger = "A03", .control = "2", .recorded = "202601031200", .discharged = "202601031145"});
  EXPECT_EQ(find("Communication", "").size(), 2u);
  EXPECT_EQ(one("Flag")["status"], "inactive");
  apply({.trigger = "A13", .control = "3", .recorded = "202601031300"});
  EXPECT_EQ(one("Flag")["status"], "active");
  // An older event that comes late tells nobody that the person is in hospital.
  apply({.trigger = "A03", .control = "4", .recorded = "202601021200"});
  EXPECT_EQ(find("Communication", "").size(), 3u);
  apply({.control = "9", .pid3 = "M7^^^RXX^MR", .visit = "V7"});
  EXPECT_EQ(find("Communication", "").size(), 3u) << "nobody's caseload, nobody told";
}

TEST_F(InboxTest, ASenderWithoutAnAgreementIsHeldUntilThereIsOne) {
  inbox_.reset();
  place_.partners.push_back({.code = "RXX", .name = "A hospital", .type = "hospital"});
  place_.agreements.push_back({.partner = "RYY", .purpose = "direct_care", .from = *parse_iso_date("2020-01-01"), .until = {}});
  open_inbox();
  apply({});
  EXPECT_TRUE(find("Encounter", "").empty());
  ASSERT_EQ(for_review().size(), 1u);
  EXPECT_EQ(for_review()[0].state, State::held);
  place_.agreements.push_back({.partner = "RXX", .purpose = "direct_care", .from = *parse_iso_date("2020-01-01"), .until = {}});
  EXPECT_EQ(inbox_->retry().value_or(0), 1u);
  inbox_->settle();
  EXPECT_EQ(find("Encounter", "").size(), 1u);
}

// What is kept as messages come is what counting them all would give; and a file of before is counted once.
TEST_F(InboxTest, CountsOfSendersAreThoseOfTheMessages) {
  inbox_.reset();
  place_.partners.push_back({.code = "RXX", .name = "A hospital", .type = "hospital"});
  place_.agreements.push_back({.partner = "RXX", .purpose = "direct_care", .from = *parse_iso_date("2020-01-01"), .until = {}});
  std::int64_t now = 1'700'000'000'000'000;
  inbox_ = *Inbox::open({.place = &place_, .clock = [&] { return now; }}, *store_);
  std::minstd_rand random(7);
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i, now += static_cast<std::int64_t>(random() % 7'200) * 1'000'000) {
    const auto n = std::to_string(i);
    if (i % 9 == 8) static_cast<void>(send(sent[random() % sent.size()]));  // comes again
    else if (i % 10 == 0) static_cast<void>(send("MSH|^~\\&|PAS|RXX|||1||ORU^R01|" + n + "|P|2.4\rPID|1||1\r"));
    else if (i % 31 == 0) static_cast<void>(send("MSH|^~\\&|PAS|RXX|||1||ADT^A01|" + n + "|P|2.4\rEVN|A01\r"));
    else {
      sent.push_back(Adt{.control = n, .pid3 = "M" + std::to_string(i % 40) + "^^^RXX^MR", .visit = "V" + n, .facility = i % 3 == 0 ? "RYY" : "RXX"}.text());  // RYY: held
      static_cast<void>(send(sent.back()));
    }
  }
  inbox_->settle();
  const auto told = [&] {
    std::string out;
    const auto all = senders(folder_.path());
    if (!all) return all.error().text();
    for (const auto& one : *all) {
      for (const auto number : {one.kept, one.applied, one.review, one.not_taken, one.unreadable, one.repeated, one.waiting}) out += std::to_string(number) + " ";
      out += one.sender + " " + std::to_string(one.last) + " " + std::to_string(one.silent_after) + "\n";
    }
    return out;
  };
  const auto counted = [&] {  // by hand, over all of them
    std::string out;
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(folder_.file("messages/kept.sqlite").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, ("ATTACH '" + folder_.file("messages/applied.sqlite") + "' AS became").c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    const char* all = "SELECT count(*) || ' ' || sum(coalesce(o.state = 1, 0)) || ' ' || sum(coalesce(o.state IN (2, 3), 0)) || ' ' || sum(m.code = 'AR') || ' ' || sum(m.code = 'AE') || ' ' || sum(coalesce(r.times, 0))"
                      " || ' ' || sum(m.code = 'AA' AND coalesce(o.state, 0) = 0) || ' ' || m.sender || ' ' || max(max(m.received), coalesce(max(r.last), 0))"
                      " FROM message m LEFT JOIN became.outcome o ON o.message = m.id LEFT JOIN repeated r ON r.message = m.id GROUP BY m.sender ORDER BY m.sender";
    EXPECT_EQ(sqlite3_exec(handle, all, [](void* to, int, char** text, char**) { return *static_cast<std::string*>(to) += std::string(text[0]) + "\n", 0; }, &out, nullptr), SQLITE_OK);
    sqlite3_close(handle);
    return out;
  };
  const auto now_told = told();
  std::string without_patience;
  for (const auto line : split(now_told, '\n'))
    if (!line.empty()) without_patience += std::string(line.substr(0, line.rfind(' '))) + "\n";
  EXPECT_EQ(without_patience, counted());
  EXPECT_GT(std::count(without_patience.begin(), without_patience.end(), '\n'), 1);
  inbox_.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("messages/kept.sqlite").c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "DROP TRIGGER message_counted; DROP TRIGGER repeated_counted; DROP TRIGGER repeated_again; DROP TABLE sender; DROP TABLE sender_day", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  EXPECT_EQ(told(), now_told) << "a file of before";
}

TEST_F(InboxTest, WhatAPartnersMessageWroteIsItsOwn) {
  apply({.control = "1"});
  EXPECT_EQ(find("Encounter", "")[0]["meta"]["source"], "urn:joinedup:messages") << "a sender that is no partner";
  inbox_.reset();
  place_.partners.push_back({.code = "RXX", .name = "A hospital", .type = "hospital"});
  open_inbox();
  apply({.control = "2", .pid3 = "M2^^^RXX^MR", .visit = "V2"});
  std::size_t own = 0;
  for (const auto* type : {"Encounter", "Patient"})
    for (const auto& one : find(type, "")) own += one["meta"]["source"] == "urn:joinedup:messages:RXX";
  EXPECT_EQ(own, 2u);
}

TEST_F(InboxTest, WhatCannotBeReadOrIsNotTakenIsKeptAsItCame) {
  EXPECT_EQ(send("this is no message"), "AE");
  EXPECT_EQ(send("MSH|^~\\&|PAS|RXX|||1||ORU^R01|5|P|2.4\rPID|1||1\r"), "AR");
  EXPECT_EQ(send("MSH|^~\\&|PAS|RXX|||1||ADT^A01|6|P|2.4\rEVN|A01\r"), "AE");
  const auto listed = for_review();
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[0].state, State::unreadable);
  EXPECT_EQ(listed[1].state, State::not_taken);
  EXPECT_EQ(*kept_message(folder_.path(), listed[0].message), "this is no message");
  for (const auto& one : listed) EXPECT_FALSE(one.reason.empty());
}

TEST_F(InboxTest, AProgramThatEndsAfterTheRecordHasAMessageAppliesItOnce) {
  apply({});
  inbox_.reset();
  // As if it had ended before it noted what became of the message.
  std::filesystem::remove(folder_.file("messages/applied.sqlite-wal"));
  std::filesystem::remove(folder_.file("messages/applied.sqlite-shm"));
  const auto encounter = one("Encounter")["id"].get<std::string>();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("messages/applied.sqlite").c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "DELETE FROM outcome; DELETE FROM identity; DELETE FROM own_patient; DELETE FROM written;", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  open_inbox();
  inbox_->settle();
  const auto history = store_->history({.type = "Encounter", .id = encounter, .since = {}, .cursor = {}}, fhir::PermitAll());
  EXPECT_EQ(history->versions.size(), 1u);
  apply({.trigger = "A03", .control = "2", .recorded = "202601031200"});
  EXPECT_EQ(one("Encounter")["status"], "finished");
  EXPECT_EQ(find("Patient", "").size(), 1u);
}

TEST_F(InboxTest, NinetyNineSamplesAreAnsweredAsTheyShouldBeAndAllAreKept) {
  const auto samples = shared_data("fhir/hl7v2");
  if (!std::filesystem::exists(samples)) GTEST_SKIP() << "The sample messages are not here.";
  std::map<std::string, int> codes;
  int files = 0;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(samples))
    if (entry.path().extension() == ".hl7") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    ++files;
    const auto bytes = read_file(path);
    const auto messages = messages_of_file(*bytes);
    ASSERT_EQ(messages.size(), 1u) << path;
    const auto code = send(messages[0]);
    ++codes[code];
    // What the answer should be, read from the bytes without our parser: MSH-9 is the ninth field of the line that begins with MSH.
    const auto begin = bytes->find("MSH|");
    const auto line = bytes->substr(begin, bytes->find_first_of("\r\n", begin) - begin);
    std::size_t at = 0;
    for (int i = 0; i < 8; ++i) at = line.find('|', at) + 1;
    const auto kind = line.substr(at, 7);
    const std::set<std::string> nine = {"ADT^A01", "ADT^A02", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A11", "ADT^A12", "ADT^A13", "ADT^A40"};
    EXPECT_EQ(code, nine.contains(kind) ? "AA" : "AR") << path << " " << kind;
  }
  EXPECT_EQ(files, 99);
  inbox_->settle();
  EXPECT_EQ(codes["AA"], 24);
  EXPECT_EQ(codes["AR"], 75);
  std::uint64_t kept = 0;
  const auto all_senders = senders(folder_.path());
  ASSERT_TRUE(all_senders);
  for (const auto& sender : *all_senders) kept += sender.kept + sender.repeated;
  EXPECT_EQ(kept, 99u);
  EXPECT_GE(find("Encounter", "").size(), 6u);
  expect_valid({"Patient", "Encounter", "Provenance"});
}

TEST_F(InboxTest, WhatIsWrittenIsValidFhir) {
  register_person("p1", "9990000018", "1980-02-01");
  put("EpisodeOfCare", "e1", {{"status", "active"}, {"patient", {{"reference", "Patient/p1"}}}, {"careManager", {{"reference", "Practitioner/c1"}}}});
  apply({.pid3 = "M1^^^RXX^MR~9990000018^^^NHS^NH"});
  apply({.trigger = "A03", .control = "2", .recorded = "202601031200", .discharged = "202601031145"});
  apply({.control = "3", .pid3 = "M2^^^RXX^MR~9990000026^^^NHS^NH", .visit = "V2"});
  apply({.trigger = "A40", .control = "4", .pid3 = "M2^^^RXX^MR", .merged = "M9^^^RXX^MR"});
  expect_valid({"Encounter", "Provenance", "Communication", "Flag"});
}

}  // namespace
}  // namespace joinedup::messages
