// Where rows go: one buffer a file for each block of people, written in the order of blocks.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "synth/identity.hpp"
#include "synth/rows.hpp"

namespace joinedup::synth {

enum Table : std::size_t {
  t_organisation, t_patient, t_clinical_code, t_drug_code, t_consultation, t_observation, t_issue, t_inpatient, t_outpatient,
  t_ae, t_ecds, t_ecds_diagnosis, t_csds_person, t_csds_referral, t_csds_contact, t_mhsds_person, t_mhsds_referral,
  t_mhsds_contact, t_social_care, t_death, t_housing, t_voluntary, table_count
};
enum class Period { whole, year };
struct TableFile {
  std::string_view feed, stem, layout;
  Period period;
  std::string_view key_column;  // row_id of truth/person.csv; empty: not a table of people
};
const TableFile& table_file(Table table);

// What truth/identity.csv states, counted as rows are written.
struct FaultCount {
  std::uint64_t rows = 0, nhs_missing = 0, nhs_wrong = 0, birth = 0, sex = 0, old_postcode = 0, bad_rows = 0, duplicates = 0;
  std::uint64_t people = 0, people_name_fault = 0;
};

struct Tally {  // for truth/marginals.csv
  enum Measure : std::size_t { person_years, deaths, emergency_episodes, other_episodes, outpatient, measures };
  static constexpr std::size_t cells = 86 * 10;           // age 0…85 × sex × IMD quintile
  std::array<std::vector<double>, measures> by_cell;      // events
  std::array<std::vector<double>, measures> squares;      // of each person's events: for standard errors of clustered counts
  std::array<double, 10> attendances{}, attendance_squares{}, decile_years{};
  double attended = 0, reattended = 0;
  std::array<double, 12> gp_visits{}, gp_years{};         // band × sex
  double consultations = 0, issues = 0, observations = 0, list_years = 0;
  std::vector<double> alive;                              // on the last day: age 0…90 × sex × quintile
  std::vector<double> on_register, denominator;           // condition × decile
  std::array<double, 2> clients{}, adults{}, requests{}, adult_years{};  // 18–64, 65 and over
  double client_pence = 0;
  std::array<double, 4> frailty{};                        // 65–95
  std::array<double, 5> multimorbid{}, multimorbid_people{};
  double moves = 0, resident_years = 0;
  std::vector<float> hospital_pence;                      // of each person alive in the last year; age in the next list
  std::vector<std::uint8_t> hospital_age;
  Tally();
  void add(const Tally& other);
};

struct Plan {  // the files of a place
  explicit Plan(const World& world);
  struct File {
    Table table;
    std::string path;  // below the place's folder
  };
  std::vector<File> files;
  std::array<RowLayout, table_count> layouts;
  std::size_t file_of(Table table, Date day) const;
  bool wanted(Table table) const { return wanted_[table]; }
  const RowLayout& layout(Table table) const { return layouts[table]; }

 private:
  int first_year_ = 0, last_year_ = 0;  // financial years, by the year they begin
  std::array<bool, table_count> wanted_{};
  std::array<std::vector<std::size_t>, table_count> at_;
};

struct Output {
  explicit Output(const Plan& plan) : files(plan.files.size()), rows(plan.files.size(), 0) {}
  std::vector<Buffer> files;
  std::vector<std::uint64_t> rows;
  Buffer truth_person, truth_people, truth_risk, truth_programmes;
  Buffer objections;  // reference/objections.csv
  std::array<FaultCount, table_count> faults;
  Tally tally;
};

// The slots that writers fill, by table, as columns of the layout.
std::span<const std::string_view> slots_of(Table table);
Constants constants_of(Table table);

// One person's writing: the row goes to its file; a table of people also names the person in truth/person.csv.
class Writer {
 public:
  Writer(const World& world_in, const Plan& plan_in, const Block& block_in, Output& out_in)
      : world(world_in), plan(plan_in), block(block_in), out(out_in) {}
  void put(Table table, Date day, const Row& row);
  void truth(Table table, std::string_view row_id, std::uint64_t person);
  void count(Table table, const LocalRecord& record, const Address& shown, const Address& actual);
  void count_person(Table table, const LocalRecord& record);

  const World& world;
  const Plan& plan;
  const Block& block;
  Output& out;
};

int financial_year(Date day);               // the calendar year it begins in
std::string financial_year_text(int year);  // 2023 -> "2023-24"

// What each person does, feed by feed.
struct Care;
void write_registrations(Writer& writer, const Person& person);
void write_gp_static(Writer& writer);  // organisations and code tables, once
void write_gp_codes(Writer& writer);
void write_gp_events(Writer& writer, const Person& person, const Care& care);
void write_inpatient(Writer& writer, const Person& person, const Care& care);
void write_outpatient(Writer& writer, const Person& person, const Care& care);
void write_attendances(Writer& writer, const Person& person, const Care& care);
void write_community(Writer& writer, const Person& person, const Care& care);
void write_mental_health(Writer& writer, const Person& person, const Care& care);
void write_social_care(Writer& writer, const Person& person, const Care& care);
void write_death(Writer& writer, const Person& person, const Care& care);
void write_housing(Writer& writer, const Person& person);
void write_voluntary(Writer& writer, const Person& person, const Care& care);
void write_objection(Writer& writer, const Person& person);

}  // namespace joinedup::synth
