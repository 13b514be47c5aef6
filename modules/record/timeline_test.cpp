// Patient timelines drawn in text (scenarios/record/*.timeline) and what the record must make of them.
//
//   # a comment                                  the story, in words
//   period 2023-04-01 2026-03-31                 optional; these are the defaults
//   person 7 born 1950-03 male                   born is the month; sex optional
//   2024-05-01 .. 2024-05-06  episode  provider=RX1 spell=S1 method=21       an event: day or stay, kind, fields
//   expect hospital_spell: provider, length_of_stay, cost_pence              in key order
//     RX1   5   435000                           one line a row; - is NULL; "…" where a value has spaces
//
// Kinds and the fields that have short names are listed below; any other name is a column of the staged table.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "record/fixture.hpp"

namespace joinedup::record {
namespace {

struct Kind {
  std::string table;
  std::vector<std::string> from, until;  // columns that take the event's first and last day
  Fixture::Row defaults;
};

const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all{
      {"episode", {"inpatient_episode", {"spell_start", "episode_start"}, {"spell_end", "episode_end"},
                   {{"episode_number", "1"}, {"patient_classification", "1"}, {"discharge_method", "1"}, {"discharge_destination", "19"}, {"source_of_admission", "19"}}}},
      {"outpatient", {"outpatient_appointment", {"appointment_date"}, {}, {{"attended", "5"}, {"provider", "RX1"}}}},
      {"ecds", {"ecds_attendance", {"arrival_date"}, {}, {{"provider", "RX1"}, {"department_type", "01"}}}},
      {"ae", {"ae_attendance", {"arrival_date"}, {}, {{"provider", "RX1"}, {"department_type", "01"}}}},
      {"consultation", {"gp_consultation", {"effective_date"}, {}, {}}},
      {"observation", {"gp_observation", {"effective_date"}, {}, {}}},
      {"issue", {"gp_issue", {"effective_date"}, {}, {}}},
      {"community", {"csds_contact", {"contact_date"}, {}, {{"attendance_status", "5"}, {"provider", "RC1"}}}},
      {"mental_health", {"mhsds_contact", {"contact_date"}, {}, {{"attendance_status", "5"}, {"provider", "RM1"}}}},
      {"mental_health_referral", {"mhsds_referral", {"received_on"}, {}, {{"service_request", "1"}}}},
      {"service", {"social_care_event", {"event_start"}, {"event_end"}, {{"event_type", "Service"}, {"local_authority", "LA1"}, {"event_reference", "E1"}}}},
      {"housing", {"housing_row", {"event_date"}, {}, {{"landlord", "H1"}}}},
      {"voluntary", {"voluntary_row", {"contact_date"}, {}, {{"organisation", "V1"}}}},
      {"registered", {"gp_registration", {"registered_on"}, {"deregistered_on"}, {}}},
      {"fhir_encounter", {"fhir_encounter", {"start_date"}, {"end_date"}, {{"status", "finished"}}}},
      {"fhir_condition", {"fhir_condition", {"onset_date"}, {"abatement_date"}, {{"code_system", "http://snomed.info/sct"}}}},
      {"fhir_procedure", {"fhir_procedure", {"performed_date"}, {}, {{"status", "completed"}}}},
      {"fhir_medication_request", {"fhir_medication_request", {"authored_date"}, {}, {{"status", "active"}}}},
      {"death", {"death_registration", {"date_of_death"}, {}, {}}},
  };
  return all;
}

const std::map<std::string, std::string> short_names{
    {"spell", "provider_spell"}, {"method", "admission_method"}, {"from", "source_of_admission"}, {"to", "discharge_destination"},
    {"class", "patient_classification"}, {"number", "attendance_number"}, {"component", "service_component"}, {"type", "service_type"},
    {"unit_cost", "unit_cost_pence"}, {"frequency", "cost_frequency"}, {"units", "planned_units_per_week"}, {"practice_id", "organisation_guid"},
    {"cost", "estimated_nhs_cost_pence"}, {"minutes", "duration_minutes"}, {"department", "department_type"}};

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted, any = true;
    else if (c == ' ' && !quoted) {
      if (any) out.push_back(word);
      word.clear(), any = false;
    } else word += c, any = true;
  }
  if (any) out.push_back(word);
  return out;
}

// Runs one timeline; every complaint names its line.
class Timeline {
 public:
  explicit Timeline(const std::string& path) : path_(path) {}

  void run() {
    const auto text = read_file(path_);
    ASSERT_TRUE(text) << text.error().text();
    std::istringstream lines(*text);
    std::string line;
    std::vector<std::string> read;
    while (std::getline(lines, line)) read.push_back(line);
    std::string from = "2023-04-01", to = "2026-03-31";
    for (const auto& each : read)
      if (each.starts_with("period ")) from = words(each)[1], to = words(each)[2];
    fixture_ = std::make_unique<Fixture>(from, to);
    fixture_->add("gp_organisation", {{"organisation_guid", "1"}, {"ods_code", "Y00001"}});
    fixture_->add("gp_organisation", {{"organisation_guid", "2"}, {"ods_code", "Y00002"}});
    fixture_->add("clinical_code", {{"code_id", "1"}, {"snomed_concept", "84114007"}});
    fixture_->add("drug_code", {{"code_id", "1"}, {"bnf_chapter", "02"}});
    for (number_ = 0; number_ < read.size(); ++number_) event(read[number_]);
    const auto built = fixture_->build();
    ASSERT_TRUE(built) << built.error().text();
    for (number_ = 0; number_ < read.size(); ++number_)
      if (read[number_].starts_with("expect ")) expectation(read);
    EXPECT_GT(expectations_, 0) << path_ << " expects nothing";
    const auto check = reconcile(fixture_->connection());
    ASSERT_TRUE(check);
    for (const auto& difference : check->differences) ADD_FAILURE() << path_ << ": " << difference;
  }

 private:
  void event(const std::string& line) {
    const auto parts = words(line);
    if (parts.empty() || parts[0][0] == '#' || line[0] == ' ' || parts[0] == "expect" || parts[0] == "period") return;
    if (parts[0] == "person") {
      person_ = parts[1];
      std::string sex = "F";
      for (const auto& part : parts) if (part == "male") sex = "M";
      fixture_->person(std::stol(person_), parts[3] + "-01", sex);
      return;
    }
    std::size_t at = 1;
    std::string until;
    if (parts.size() > 2 && parts[1] == "..") until = parts[2], at = 3;
    ASSERT_LT(at, parts.size()) << where();
    const auto found = kinds().find(parts[at]);
    ASSERT_NE(found, kinds().end()) << where() << "no kind of event called " << parts[at];
    std::map<std::string, std::string> fields;
    for (const auto& [column, value] : found->second.defaults) fields[column] = value;
    for (const auto& column : found->second.from) fields[column] = parts[0];
    if (!until.empty())
      for (const auto& column : found->second.until) fields[column] = until;
    fields["person_key"] = person_;
    for (++at; at < parts.size(); ++at) {
      const auto equals = parts[at].find('=');
      ASSERT_NE(equals, std::string::npos) << where() << parts[at];
      const auto name = parts[at].substr(0, equals);
      const auto full = found->first.starts_with("fhir_") ? short_names.end() : short_names.find(name);
      fields[full == short_names.end() ? name : full->second] = parts[at].substr(equals + 1);
    }
    fixture_->add(found->second.table, {fields.begin(), fields.end()});
  }

  void expectation(const std::vector<std::string>& read) {
    ++expectations_;
    const auto& line = read[number_];
    const auto colon = line.find(':');
    const std::string table(trim(std::string_view(line).substr(7, colon - 7)));
    std::string key;
    for (const auto& listed : record_tables())
      if (listed.name == table)
        for (const auto& column : listed.key) key += (key.empty() ? "" : ", ") + column;
    ASSERT_FALSE(key.empty()) << where() << "no table " << table;
    std::vector<std::vector<std::string>> expected;
    for (std::size_t i = number_ + 1; i < read.size() && read[i].starts_with("  "); ++i) expected.push_back(words(read[i]));
    const auto got = fixture_->connection().query("SELECT " + line.substr(colon + 1) + " FROM " + table + " ORDER BY " + key);
    ASSERT_TRUE(got) << where() << got.error().text();
    std::vector<std::vector<std::string>> rows;
    for (std::size_t i = 0; i < got->rows.size(); ++i) {
      rows.emplace_back();
      for (std::size_t c = 0; c < got->rows[i].size(); ++c) rows.back().push_back(got->nulls[i][c] ? "-" : got->rows[i][c]);
    }
    EXPECT_EQ(expected, rows) << where() << line;
  }

  std::string where() const { return path_ + ":" + std::to_string(number_ + 1) + ": "; }

  std::string path_, person_ = "1";
  std::size_t number_ = 0;
  int expectations_ = 0;
  std::unique_ptr<Fixture> fixture_;
};

std::vector<std::string> timelines() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(JOINEDUP_SOURCE_DIR "/scenarios/record"))
    if (entry.path().extension() == ".timeline") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

class RecordTimeline : public testing::TestWithParam<std::string> {};

TEST_P(RecordTimeline, GivesWhatItExpects) { Timeline(GetParam()).run(); }

INSTANTIATE_TEST_SUITE_P(Scenarios, RecordTimeline, testing::ValuesIn(timelines()), [](const auto& information) {
  std::string name = std::filesystem::path(information.param).stem().string();
  for (auto& c : name) if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace joinedup::record
