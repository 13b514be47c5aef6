#include "synth/output.hpp"

#include <algorithm>

#include "synth/tables.hpp"

namespace joinedup::synth {
namespace {

constexpr std::array<TableFile, table_count> table_files{{
    {"gp_registration", "Admin_Organisation", "emis_Admin_Organisation", Period::whole, ""},
    {"gp_registration", "Admin_Patient", "emis_Admin_Patient", Period::whole, "PatientGuid"},
    {"gp_event", "Coding_ClinicalCode", "emis_Coding_ClinicalCode", Period::whole, ""},
    {"gp_event", "Coding_DrugCode", "emis_Coding_DrugCode", Period::whole, ""},
    {"gp_event", "CareRecord_Consultation", "emis_CareRecord_Consultation", Period::year, ""},
    {"gp_event", "CareRecord_Observation", "emis_CareRecord_Observation", Period::year, ""},
    {"gp_event", "Prescribing_IssueRecord", "emis_Prescribing_IssueRecord", Period::year, ""},
    {"hes_apc_sus", "IP_pbr_preprocess_EP", "sus_ip_ep", Period::year, "Generated Record ID"},
    {"hes_op_sus", "OP_pbr_preprocess_OP", "sus_op", Period::year, "Generated Record ID"},
    {"ae_sus", "AE_pbr_preprocess_EM", "sus_ae_em", Period::year, "Generated Record ID"},
    {"ecds", "tbl_Data_SUS_EC", "ecds", Period::year, "EC_Ident"},
    {"ecds", "tbl_Data_SUS_EC_Diagnosis", "ecds_diagnosis", Period::year, ""},
    {"csds", "CYP001MPI", "csds_CYP001MPI", Period::whole, "UniqueID_CYP001"},
    {"csds", "CYP101Referral", "csds_CYP101Referral", Period::year, ""},
    {"csds", "CYP201CareContact", "csds_CYP201CareContact", Period::year, ""},
    {"mhsds", "MHS001MPI", "mhsds_MHS001MPI", Period::whole, "MHS001UniqID"},
    {"mhsds", "MHS101Referral", "mhsds_MHS101Referral", Period::year, ""},
    {"mhsds", "MHS201CareContact", "mhsds_MHS201CareContact", Period::year, ""},
    {"asc_cld", "asc_cld", "asc_cld", Period::year, "Event Reference"},
    {"deaths", "deaths", "deaths", Period::year, "death_id"},
    {"housing", "housing", "housing", Period::year, "event_id"},
    {"voluntary", "voluntary", "voluntary", Period::year, "contact_id"},
}};

}  // namespace

const TableFile& table_file(Table table) { return table_files[table]; }

int financial_year(Date day) {
  const CivilDay civil = day.civil();
  return civil.month >= 4 ? civil.year : civil.year - 1;
}
std::string financial_year_text(int year) { return std::to_string(year) + "-" + std::to_string(year + 1).substr(2); }

Plan::Plan(const World& world) {
  first_year_ = financial_year(world.data_from);
  last_year_ = financial_year(world.options.data_to);
  const std::string month = world.options.data_to.to_iso().substr(0, 7);
  const auto& feeds = world.options.feeds;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<Table>(t);
    const TableFile& file = table_file(table);
    wanted_[t] = feeds.empty() || std::find(feeds.begin(), feeds.end(), file.feed) != feeds.end();
    if (slots_of(table).empty()) wanted_[t] = false;
    if (!wanted_[t]) continue;
    layouts[t] = RowLayout(place_file("layouts/" + std::string(file.layout) + ".csv"), slots_of(table), constants_of(table));
    const std::string start = "feeds/" + std::string(file.feed) + "/" + std::string(file.stem) + "_";
    const int count = file.period == Period::whole ? 1 : last_year_ - first_year_ + 1;
    for (int i = 0; i < count; ++i) {
      at_[t].push_back(files.size());
      files.push_back({table, start + (file.period == Period::whole ? month : financial_year_text(first_year_ + i)) + ".csv"});
    }
  }
}

std::size_t Plan::file_of(Table table, Date day) const {
  const auto& list = at_[table];
  const int year = std::clamp(financial_year(day) - first_year_, 0, static_cast<int>(list.size()) - 1);
  return list[static_cast<std::size_t>(year)];
}

void Writer::put(Table table, Date day, const Row& row) {
  const auto file = plan.file_of(table, day);
  row.append_to(out.files[file]);
  ++out.rows[file];
}

void Writer::truth(Table table, std::string_view row_id, std::uint64_t person) {
  const std::string_view feed = table_file(table).feed;
  char* at = out.truth_person.room(feed.size() + row_id.size() + 32);
  std::memcpy(at, feed.data(), feed.size());
  at += feed.size();
  *at++ = ',';
  std::memcpy(at, row_id.data(), row_id.size());
  at += row_id.size();
  *at++ = ',';
  char digits[20];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + person % 10);
  while ((person /= 10) > 0);
  while (n > 0) *at++ = digits[--n];
  *at++ = '\n';
  out.truth_person.filled_to(at);
}

void Writer::count(Table table, const LocalRecord& record, const Address& shown, const Address& actual) {
  FaultCount& f = out.faults[table];
  ++f.rows;
  if (record.nhs_fault == NhsFault::missing) ++f.nhs_missing;
  if (record.nhs_fault == NhsFault::wrong) ++f.nhs_wrong;
  if (record.birth_fault) ++f.birth;
  if (record.sex_fault) ++f.sex;
  if (&shown != &actual) ++f.old_postcode;
}

void Writer::count_person(Table table, const LocalRecord& record) {
  ++out.faults[table].people;
  if (record.name_fault) ++out.faults[table].people_name_fault;
}

Tally::Tally() : alive(91 * 10, 0), on_register(condition_count * 10, 0), denominator(condition_count * 10, 0) {
  for (std::size_t m = 0; m < measures; ++m) {
    by_cell[m].assign(cells, 0);
    squares[m].assign(cells, 0);
  }
}

namespace {
template <class List>
void add_each(List& to, const List& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}
}  // namespace

void Tally::add(const Tally& other) {
  for (std::size_t m = 0; m < measures; ++m) {
    add_each(by_cell[m], other.by_cell[m]);
    add_each(squares[m], other.squares[m]);
  }
  add_each(attendances, other.attendances);
  add_each(attendance_squares, other.attendance_squares);
  add_each(decile_years, other.decile_years);
  add_each(gp_visits, other.gp_visits);
  add_each(gp_years, other.gp_years);
  add_each(alive, other.alive);
  add_each(on_register, other.on_register);
  add_each(denominator, other.denominator);
  add_each(clients, other.clients);
  add_each(adults, other.adults);
  add_each(requests, other.requests);
  add_each(adult_years, other.adult_years);
  add_each(frailty, other.frailty);
  add_each(multimorbid, other.multimorbid);
  add_each(multimorbid_people, other.multimorbid_people);
  attended += other.attended, reattended += other.reattended;
  consultations += other.consultations, issues += other.issues, observations += other.observations, list_years += other.list_years;
  client_pence += other.client_pence, moves += other.moves, resident_years += other.resident_years;
  hospital_pence.insert(hospital_pence.end(), other.hospital_pence.begin(), other.hospital_pence.end());
  hospital_age.insert(hospital_age.end(), other.hospital_age.begin(), other.hospital_age.end());
}

}  // namespace joinedup::synth
