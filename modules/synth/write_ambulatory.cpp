// Outpatient appointments, and attendances at emergency departments: the old file, and the emergency care data set after it.
#include <algorithm>

#include "base/hash.hpp"
#include "synth/care.hpp"
#include "synth/hospital_identity.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {
namespace {

struct Clinic {
  std::string_view specialty;
  int share;  // of a thousand
};
constexpr Clinic clinics[] = {{"110", 130}, {"130", 110}, {"502", 80}, {"320", 70}, {"330", 70}, {"100", 65}, {"120", 55}, {"301", 50}, {"101", 50}, {"800", 50},
                              {"340", 45}, {"410", 45}, {"420", 40}, {"300", 40}, {"361", 30}, {"400", 30}, {"303", 20}, {"307", 20}};
std::string_view clinic_of(int thousandth, int age) {
  if (age < 16) return thousandth < 550 ? "420" : thousandth < 700 ? "120" : thousandth < 850 ? "110" : "130";
  int sum = 0;
  for (const Clinic& clinic : clinics)
    if (thousandth < (sum += clinic.share)) return clinic.specialty;
  return "300";
}

// The department's HRG: by what was done, dearer for those admitted.
std::string_view emergency_hrg(bool admitted, bool minor, CounterRandom& draw) {
  const double u = draw.uniform();
  if (minor) return u < .6 ? "VB11Z" : u < .9 ? "VB09Z" : "VB08Z";
  if (admitted) return u < .04 ? "VB01Z" : u < .18 ? "VB02Z" : u < .40 ? "VB03Z" : u < .65 ? "VB04Z" : u < .85 ? "VB07Z" : "VB08Z";
  return u < .10 ? "VB04Z" : u < .22 ? "VB06Z" : u < .42 ? "VB07Z" : u < .68 ? "VB08Z" : u < .88 ? "VB09Z" : "VB11Z";
}

constexpr std::string_view complaints[] = {"29857009", "21522001", "25064002", "267036007", "271594007", "417746004", "386661006", "161891005", "422400008", "62315008"};
constexpr std::string_view acuities[] = {"1064891000000107", "1064911000000105", "1064901000000103", "1077241000000103", "1077251000000100"};

}  // namespace

void write_outpatient(Writer& writer, const Person& person, const Care& care) {
  using namespace outpatient;
  if (!writer.plan.wanted(t_outpatient) || care.appointments.empty()) return;
  const World& world = writer.world;
  const LocalRecord records[] = {observe(world, person, Recorder::hospital), observe(world, person, Recorder::second_hospital)};
  auto draw = random_for(world, person.id * 4 + 1, Stream::outpatient);
  Row row(writer.plan.layout(t_outpatient));
  std::int64_t number = 200000000000 + static_cast<std::int64_t>(person.id) * 2000;
  for (const Appointment& appointment : care.appointments) {
    const int home = address_on(writer.block, person, appointment.day).area % 3 == 0 ? 1 : 0;
    const int hospital = draw.chance(.88) ? home : 1 - home;
    const Address& address = recorded_address(writer.block, person, records[hospital], appointment.day);
    identify_patient<Slot>(row, writer, person, records[hospital], address, hospital, appointment.day);
    ++number;
    row.set(record, number);
    row.set(attendance_id, number % 100000000);
    const double came = draw.uniform();
    const bool seen = came < .81;
    row.set(attended, came < .80 ? "5" : seen ? "6" : came < .885 ? "3" : came < .945 ? "2" : "4");
    const bool remote = draw.chance(.22);
    row.set(first, appointment.first ? (remote ? "3" : "1") : (remote ? "4" : "2"));
    if (seen) row.set(outcome, draw.chance(.3) ? "1" : "2");
    else row.clear(outcome);
    row.set_iso(date, appointment.day);
    row.set_iso(activity_date, appointment.day);
    const std::string_view clinic = clinic_of(appointment.specialty, person.age(appointment.day));
    row.set(specialty, clinic);
    row.set(function, clinic);
    row.set(source, draw.chance(.5) ? "03" : "01");
    row.set(hrg, appointment.first ? "WF01B" : "WF01A");
    if (draw.chance(fault_rate(world.options, .0009))) {
      row.set(date, draw.chance(.5) ? "31/02/2024" : "00/00/0000");
      ++writer.out.faults[t_outpatient].bad_rows;
    }
    const int copies = draw.chance(fault_rate(world.options, .0006)) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      writer.put(t_outpatient, appointment.day, row);
      writer.truth(t_outpatient, row.get(record), person.id);
      writer.count(t_outpatient, records[hospital], address, address_on(writer.block, person, appointment.day));
    }
    if (copies == 2) ++writer.out.faults[t_outpatient].duplicates;
  }
}

namespace {

// From this day major departments send the emergency care data set; all else stays in the old file.
Date first_day_of_ecds(const World& world) {
  const Date usual = Date::from_civil(2024, 4, 1);
  if (usual > world.data_from && usual < world.options.data_to) return usual;
  return world.data_from + (world.options.data_to - world.data_from) / 2;
}

void write_old(Writer& writer, const Person& person, const Attendance& a, const LocalRecord& record_here, int hospital, std::int64_t id, CounterRandom& draw) {
  using namespace ae;
  if (!writer.plan.wanted(t_ae)) return;
  const Address& address = recorded_address(writer.block, person, record_here, a.day);
  Row row(writer.plan.layout(t_ae));
  identify_patient<Slot>(row, writer, person, record_here, address, hospital, a.day);
  row.set(record, id);
  row.set(number, id % 100000000);
  row.set(mode, a.by_ambulance ? "1" : "2");
  row.set(category, a.reattended ? "2" : "1");
  row.set(disposal, a.admitted ? "01" : draw.chance(.4) ? "02" : "03");
  row.set_iso(date, a.day);
  row.set_iso(activity_date, a.day);
  row.set(time, clock_time(a.minute));
  row.set(departure, clock_time(std::min(1439, a.minute + draw.between(30, 280))));
  row.set(hrg, emergency_hrg(a.admitted, a.department > 2, draw));
  if (draw.chance(.6)) row.set(diagnosis, a.reason->icd10);
  row.set(department, a.department == 1 ? "01" : a.department == 3 ? "03" : "04");
  row.set(age, static_cast<std::int64_t>(person.age(a.day)));
  if (draw.chance(fault_rate(writer.world.options, .001))) {
    row.set(date, "31/02/2024");
    ++writer.out.faults[t_ae].bad_rows;
  }
  writer.put(t_ae, a.day, row);
  writer.truth(t_ae, row.get(record), person.id);
  writer.count(t_ae, record_here, address, address_on(writer.block, person, a.day));
}

void write_new(Writer& writer, const Person& person, const Attendance& a, const LocalRecord& record, int hospital, std::int64_t id, CounterRandom& draw,
               std::string& last_number, std::string& last_pseudonym) {
  using namespace ecds;
  if (!writer.plan.wanted(t_ecds)) return;
  const World& world = writer.world;
  const Address& address = recorded_address(writer.block, person, record, a.day);
  const Area& area_here = world.geography.areas()[static_cast<std::size_t>(address.area)];
  Row row(writer.plan.layout(t_ecds));
  row.set(ident, id);
  if (!record.nhs_number.empty()) {
    if (record.nhs_number != last_number) {
      last_number = record.nhs_number;
      last_pseudonym = to_hex(hmac_sha256(world.pseudonym_key, last_number)).substr(0, 16);
    }
    row.set(pseudonym, last_pseudonym);
  }
  const CivilDay born = record.birth.civil();
  row.set(year, static_cast<std::int64_t>(born.year));
  row.set(month, static_cast<std::int64_t>(born.month));
  row.set(ecds::sex, record.sex == 0 ? "2" : record.sex == 1 ? "1" : "9");
  row.set(lsoa, area_here.lsoa);
  row.set(decile, static_cast<std::int64_t>(area_here.decile));
  row.set(local_id, static_cast<std::int64_t>(record.local_id));
  row.set(local_organisation, hospital_providers[hospital]);
  row.set(provider, hospital_providers[hospital]);
  row.set(site, hospital_sites[hospital]);
  row.set(number, id % 100000000);
  row.set(department, "01");
  row.set(category, a.reattended ? "3" : "1");
  row.set_iso(date, a.day);
  row.set(time, clock_time(a.minute));
  row.set(mode, a.by_ambulance ? "1048031000000100" : "1048071000000103");
  const double sick = draw.uniform() - (a.admitted ? .25 : 0);
  row.set(acuity, acuities[sick < .01 ? 0 : sick < .18 ? 1 : sick < .60 ? 2 : sick < .93 ? 3 : 4]);
  row.set(complaint, complaints[draw.below(std::size(complaints))]);
  row.set(status, a.admitted || !draw.chance(.06) ? "182992009" : "1066311000000101");
  row.set(destination, a.admitted ? "306706006" : "306689006");
  if (person.residence == Residence::registered)
    row.set(practice, world.geography.practices()[static_cast<std::size_t>(address_on(writer.block, person, a.day).practice)].code);
  else row.set(practice, "V81997");
  row.set(ethnic, std::string_view(&person.ethnicity, 1));
  row.set(hrg, emergency_hrg(a.admitted, false, draw));
  row.set(age, static_cast<std::int64_t>(person.age(a.day)));
  const int left = a.minute + draw.between(45, 420);
  row.set_iso(departure_date, a.day + left / 1440);
  row.set(departure_time, clock_time(left % 1440));
  row.set(ecds::financial_year, financial_year_text(joinedup::synth::financial_year(a.day)));
  if (draw.chance(fault_rate(world.options, .0008))) {
    row.set(date, "2024-02-31");
    ++writer.out.faults[t_ecds].bad_rows;
  }
  writer.put(t_ecds, a.day, row);
  writer.truth(t_ecds, row.get(ident), person.id);
  writer.count(t_ecds, record, address, address_on(writer.block, person, a.day));

  if (!draw.chance(.85)) return;
  Row diagnosis(writer.plan.layout(t_ecds_diagnosis));
  diagnosis.set(d_ident, id);
  std::size_t slot = d_first;
  if (a.reason->condition >= 0 && person.has(static_cast<std::size_t>(a.reason->condition), a.day) &&
      ever_coded(world, person, static_cast<std::size_t>(a.reason->condition)))
    diagnosis.set(slot++, conditions[static_cast<std::size_t>(a.reason->condition)].snomed);
  else {
    constexpr std::int64_t usual[] = {54150009, 68566005, 125605004, 274640006, 82271004, 22253000, 25064002, 128045006};
    diagnosis.set(slot++, usual[draw.below(std::size(usual))]);
  }
  for (std::size_t c = 0; c < condition_count && slot < d_slots; ++c)
    if (person.has(c, a.day) && draw.chance(.15) && ever_coded(world, person, c)) diagnosis.set(slot++, conditions[c].snomed);
  writer.put(t_ecds_diagnosis, a.day, diagnosis);
}

}  // namespace

void write_attendances(Writer& writer, const Person& person, const Care& care) {
  if ((!writer.plan.wanted(t_ae) && !writer.plan.wanted(t_ecds)) || care.attendances.empty()) return;
  const World& world = writer.world;
  const LocalRecord records[] = {observe(world, person, Recorder::hospital), observe(world, person, Recorder::second_hospital)};
  const Date change = first_day_of_ecds(world);
  auto draw = random_for(world, person.id * 4 + 1, Stream::attendance);
  std::string number, pseudonym;
  std::int64_t id = 300000000000 + static_cast<std::int64_t>(person.id) * 1000;
  for (const Attendance& a : care.attendances) {
    const int home = address_on(writer.block, person, a.day).area % 3 == 0 ? 1 : 0;
    const int hospital = a.department == 1 && draw.chance(.07) ? 1 - home : home;
    ++id;
    if (a.department == 1 && a.day >= change) write_new(writer, person, a, records[hospital], hospital, id, draw, number, pseudonym);
    else write_old(writer, person, a, records[hospital], hospital, id, draw);
  }
}

}  // namespace joinedup::synth
