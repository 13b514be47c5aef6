// What teams do for a person comes back: contacts, tasks, meetings and plans written in the shared record are activity with its cost after the next refresh.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/progress.hpp"
#include "engine/engine.hpp"
#include "fhir/fhir.hpp"
#include "refresh/refresh.hpp"
#include "synth/synth.hpp"

namespace joinedup::refresh {
namespace {
namespace fs = std::filesystem;

class CaseworkInTheLoop : public ::testing::Test {
 protected:
  void SetUp() override {
    set_progress_quiet(true);
    folder_ = (fs::temp_directory_path() / ("joinedup_casework_" + std::to_string(::getpid()))).string();
    fs::remove_all(folder_);
    synth::SynthOptions options;
    options.people = 600;
    options.seed = 31;
    options.years = 1;
    options.folder = folder_;
    ASSERT_TRUE(synth::generate_place(options));
    place_ = *place::read_place(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::vector<std::string>> rows(const std::string& sql) const {
    auto database = engine::Database::open(place_.path("warehouse/current/warehouse.duckdb"), {.threads = 1, .read_only = true});
    EXPECT_TRUE(database) << (database ? "" : database.error().text());
    auto connection = database->connect();
    const auto found = connection->query(sql);
    EXPECT_TRUE(found) << (found ? "" : found.error().text());
    return found ? found->rows : std::vector<std::vector<std::string>>();
  }

  std::string folder_;
  place::Place place_;
};

std::string create(fhir::Store& store, const std::string& type, const std::string& rest) {
  const auto written = store.write({{.kind = fhir::Write::Kind::create, .type = type, .body = R"({"resourceType":")" + type + "\"," + rest + "}"}});
  EXPECT_TRUE(written) << (written ? "" : written.error().text());
  return written ? written->at(0).id : std::string();
}

}  // namespace

TEST_F(CaseworkInTheLoop, ContactsTasksMeetingsAndPlansAreActivityWithItsCostAfterTheNextRefresh) {
  const auto first = refresh_place(place_, {});
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(rows("SELECT count(*) FROM activity WHERE setting = 'case_management'")[0][0], "0");
  const auto day = place_.data_to.to_iso();
  {
    auto store = fhir::open_store({.path = place_.path("shared-record.sqlite")});
    ASSERT_TRUE(store) << store.error().text();
    const auto page = (*store)->search(*fhir::parse_query("Patient", "active=true&_count=5"), fhir::PermitAll());
    ASSERT_TRUE(page && !page->entries.empty());
    const auto patient = R"({"reference":"Patient/)" + page->entries[0].version.id + "\"}";
    const auto role = [&](const std::string& code) { return create(**store, "PractitionerRole", R"("code":[{"coding":[{"system":"urn:joinedup:role","code":")" + code + "\"}]}]"); };
    const auto coordinator = role("care_coordinator"), doctor = role("general_practitioner");
    const auto by = [](const std::string& id) { return R"({"reference":"PractitionerRole/)" + id + "\"}"; };
    const auto attended = [&](const std::string& id, const std::string& was) {
      return R"({"status":"accepted","actor":)" + by(id) + R"(,"extension":[{"url":"urn:joinedup:attended","valueBoolean":)" + was + "}]}";
    };
    create(**store, "Encounter", R"("status":"finished","class":{"code":"HH"},"subject":)" + patient + R"(,"period":{"start":")" + day + R"("},"length":{"value":20,"unit":"min"},"participant":[{"individual":)" + by(coordinator) + "}]");
    // As EpisodeOfCare/[id]/$record-contact keeps a telephone call.
    const auto nurse = role("community_nurse");
    create(**store, "Encounter", R"("status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"VR"},"type":[{"coding":[{"system":"urn:joinedup:contact","code":"telephone"}],"text":"Telephone call"}],"subject":)" + patient +
                                     R"(,"period":{"start":")" + day + R"(","end":")" + day + R"("},"length":{"value":10,"unit":"min","system":"http://unitsofmeasure.org","code":"min"},"participant":[{"type":[{"coding":[{"system":"urn:joinedup:role","code":"community_nurse"}]}],"individual":)" +
                                     by(nurse) + R"(}],"reasonCode":[{"text":"How she sleeps"}])");
    create(**store, "Task", R"("status":"completed","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"action"}]},"for":)" + patient + R"(,"owner":)" + by(doctor) + R"(,"executionPeriod":{"end":")" + day +
                                R"("},"extension":[{"url":"urn:joinedup:minutes","valueInteger":4}])");
    const auto absent = role("pharmacist");
    const auto meeting = create(**store, "Appointment", R"("status":"fulfilled","participant":[)" + attended(coordinator, "true") + "," + attended(doctor, "true") + "," + attended(absent, "false") + "]");
    create(**store, "Task", R"("status":"completed","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"agenda-item"}]},"for":)" + patient + R"(,"groupIdentifier":{"system":"urn:joinedup:meeting","value":")" + meeting +
                                R"("},"executionPeriod":{"end":")" + day + R"("},"extension":[{"url":"urn:joinedup:minutes","valueInteger":6}])");
    create(**store, "Task", R"("status":"requested","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"action"}]},"for":)" + patient + R"(,"authoredOn":")" + day + "\"");
    create(**store, "CarePlan", R"("status":"active","intent":"plan","created":")" + day + R"(","subject":)" + patient);
  }
  const auto again = refresh_place(place_, {});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_FALSE(again->was_unchanged) << "casework is a reason to refresh";
  EXPECT_TRUE(again->status.reconciled) << again->status.not_reconciled_because;
  using Rows = std::vector<std::vector<std::string>>;
  // A navigator's 20 minutes at 65p; a nurse's 10 on the telephone at 73p; a GP's 4 at 370p; 6 minutes of a navigator and a GP who were there, none of a pharmacist who was not.
  EXPECT_EQ(rows("SELECT service_line, CAST(units AS VARCHAR), CAST(cost_pence AS VARCHAR), CAST(cost_defaulted AS VARCHAR) FROM activity WHERE setting = 'case_management' ORDER BY 1"),
            (Rows{{"care_coordinator", "1", "1300", "false"}, {"community_nurse", "1", "730", "false"}, {"meeting", "1", std::to_string(6 * (65 + 370)), "true"}, {"task", "1", "1480", "false"}}));
  EXPECT_EQ(rows("SELECT CAST(sum(cost_pence) AS VARCHAR), CAST(count(DISTINCT person_key) AS VARCHAR) FROM person_month WHERE setting = 'case_management'"), (Rows{{"6120", "1"}}));
  EXPECT_EQ(rows("SELECT status, intent, CAST(created_on AS VARCHAR) FROM case_plan"), (Rows{{"active", "plan", day}}));
  EXPECT_EQ(rows("SELECT CAST(count(*) AS VARCHAR) FROM case_contact WHERE NOT happened"), (Rows{{"1"}})) << "an open task is kept and is no activity";
}

}  // namespace joinedup::refresh
