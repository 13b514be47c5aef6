// A record opened for one person, and sharing while another process serves the record.
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "care_door/fixture.hpp"
#include "rest/rest.hpp"

namespace joinedup::care_door {
namespace {

// Another process that has the record and answers refreshes, as `joinedup serve` does, until it is destroyed.
class ServingProcess {
 public:
  explicit ServingProcess(const SharedPlace& place) : path_(place.place.path("shared-record.sock")) {
    child_ = ::fork();
    if (child_ == 0) {
      auto store = fhir::open_store({.path = place.place.path("shared-record.sqlite")});
      if (!store) ::_exit(1);
      const rest::Api api(**store, {.base_url = "http://127.0.0.1/fhir"});
      const fhir::PermitAll permit;
      auto backend = Backend::listen(place.folder, [&](const std::string& method, const std::string& path, std::string body) {
        const auto mark = path.find('?');
        auto response = api.handle({.method = method, .path = path.substr(0, mark), .query = mark == std::string::npos ? std::string() : path.substr(mark + 1), .headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}}, .body = std::move(body), .permit = &permit});
        return std::pair(response.status, std::move(response.body));
      });
      sigset_t signals;
      sigemptyset(&signals);
      sigaddset(&signals, SIGTERM);
      sigprocmask(SIG_BLOCK, &signals, nullptr);
      int received = 0;
      if (backend) sigwait(&signals, &received);
      backend->reset();
      (*store)->settle();
      store->reset();
      ::_exit(0);
    }
    for (int i = 0; i < 500 && !std::filesystem::exists(path_); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ~ServingProcess() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }

 private:
  std::string path_;
  pid_t child_ = -1;
};

}  // namespace

TEST(CareDoorOpen, ARecordOpenedIsFilledAtOnceLoggedAndKeptUp) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  ASSERT_TRUE(place.find("Encounter", "").empty());
  std::string patient;
  std::size_t tried = 0, written = 0;
  // Somebody of whom the feeds tell something.
  for (const auto& one : place.find("Patient", "active=true")) {
    patient = one["id"].get<std::string>();
    const auto begun = std::chrono::steady_clock::now();
    const auto opened = open_person(place.place, place.feeds, {.patient = patient, .who = "Nurse A. Example", .why = "accepted referral"});
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
    written += opened->written;
    if (++tried == 5 || written > 5) break;
  }
  ASSERT_GT(written, 0u);
  const auto encounters = place.find("Encounter", "patient=Patient/" + patient).size();
  const auto standing = place.find("Encounter", "").size() + place.find("MedicationStatement", "").size() + place.find("Condition", "").size() + place.find("ServiceRequest", "").size();
  EXPECT_EQ(standing, written);
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->people_open, tried) << "who was opened stays open";
  EXPECT_EQ(shared->created + shared->changed + shared->removed, 0u) << "and a refresh says the same of them";
  EXPECT_EQ(place.find("Encounter", "patient=Patient/" + patient).size(), encounters);
  EXPECT_FALSE(open_person(place.place, place.feeds, {.patient = "nobody", .who = "X", .why = "y"}));
  EXPECT_EQ(open_person(place.place, place.feeds, {.patient = patient, .who = "", .why = ""}).error().code, ErrorCode::wrong_usage);
}

TEST(CareDoorOpen, WhileAnotherProcessServesTheRecordSharingGoesThroughIt) {
  SharedPlace place;
  ASSERT_TRUE(place.link());
  std::uint64_t patients = 0;
  {
    const ServingProcess serving(place);
    const auto shared = place.share_again();
    ASSERT_TRUE(shared) << shared.error().text();
    EXPECT_EQ(shared->way, "through the running server");
    EXPECT_GT(shared->created, 300u);
    patients = shared->patients;
    const auto again = place.share_again();
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->created + again->changed, 0u);
  }
  EXPECT_EQ(place.find("Patient", "").size(), patients);
  const auto alone = place.share_again();
  ASSERT_TRUE(alone) << alone.error().text();
  EXPECT_EQ(alone->way, "in this process");
  EXPECT_EQ(alone->created + alone->changed, 0u);
}

TEST(CareDoorLoop, WhatTeamsWriteComesBackAsAFeedOfTheRightPerson) {
  SharedPlace place;
  ASSERT_TRUE(place.refresh());
  const auto patient = place.find("Patient", "active=true").at(3);
  const auto id = patient["id"].get<std::string>();
  {
    auto store = place.store();
    const std::string subject = R"("subject":{"reference":"Patient/)" + id + "\"}";
    ASSERT_TRUE(store->write({{.kind = fhir::Write::Kind::create, .type = "CarePlan", .body = R"({"resourceType":"CarePlan","status":"active","intent":"plan","created":"2026-03-02",)" + subject + "}"},
                              {.kind = fhir::Write::Kind::create, .type = "Encounter", .body = R"({"resourceType":"Encounter","status":"finished","class":{"code":"HH"},"period":{"start":"2026-03-05"},)" + subject + "}"},
                              {.kind = fhir::Write::Kind::create, .type = "Task", .body = R"({"resourceType":"Task","status":"requested","intent":"order","authoredOn":"2026-03-03","for":{"reference":"Patient/)" + id + "\"}}"}}));
  }
  for (const bool served : {false, true}) {
    std::unique_ptr<ServingProcess> serving;
    if (served) serving = std::make_unique<ServingProcess>(place);
    const auto exported = export_team_written(place.place);
    ASSERT_TRUE(exported) << exported.error().text();
    EXPECT_EQ(*exported, 3u);
  }
  const auto plans = place.place.path("feeds/shared_record/CarePlan.ndjson");
  const auto written = std::filesystem::last_write_time(plans);
  ASSERT_TRUE(export_team_written(place.place));
  EXPECT_EQ(std::filesystem::last_write_time(plans), written) << "the same text is not written again";
  const auto shared = place.refresh();
  ASSERT_TRUE(shared) << shared.error().text();
  EXPECT_EQ(shared->created + shared->changed + shared->removed, 0u) << "what teams wrote is not written back to them";
  auto database = engine::Database::open("", {.threads = 1});
  auto connection = database->connect();
  ASSERT_TRUE(connection->run("ATTACH " + engine::sql_text(place.place.path("vault/staging/staging.duckdb")) + " AS staging (READ_ONLY)"));
  std::map<std::int64_t, std::int64_t> care_key_of;
  auto vault = vault::Vault::open(place.place);
  ASSERT_TRUE(vault->each_care_identity([&](const vault::CareIdentity& one) { care_key_of[one.identity_key] = one.care_key; }));
  for (const char* table : {"shared_care_plan", "shared_encounter", "shared_task"}) {
    const auto whose = connection->query("SELECT i.identity_key, g.identity_key FROM staging.main." + std::string(table) + " t JOIN staging.main.reference_identity r ON r.reference_scope = 'shared' AND r.person_ref = t.person_ref "
                                         "JOIN staging.main.identity_record i ON i.identity_key = r.identity_key JOIN staging.main.identity_record g ON g.staged_table = 'gp_registration' AND g.nhs_number = i.nhs_number");
    ASSERT_TRUE(whose) << whose.error().text();
    ASSERT_EQ(whose->rows.size(), 1u) << table;
    EXPECT_EQ(care_key_of.at(whose->integer(0, 0)), care_key_of.at(whose->integer(0, 1))) << "surely the same person";
  }
}

}  // namespace joinedup::care_door
