#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/hash.hpp"
#include "synth/care.hpp"
#include "synth/output.hpp"
#include "synth/registration.hpp"
#include "synth/slots.hpp"
#include "synth/tables.hpp"

namespace joinedup::synth {
namespace {

using namespace gp;

struct Measurement {  // what consultations record beside problems
  std::string_view term, unit;
  std::int64_t snomed;
  double mean, deviation;
  int decimals;
};
constexpr Measurement measurements[] = {
    {"Systolic blood pressure", "mmHg", 271649006, 134, 16, 0}, {"Diastolic blood pressure", "mmHg", 271650006, 79, 10, 0},
    {"Body weight", "kg", 27113001, 78, 15, 1},                 {"Body mass index", "kg/m2", 60621009, 27.5, 5, 1},
    {"Haemoglobin A1c level - IFCC standardised", "mmol/mol", 999791000000106, 48, 12, 0},
    {"Serum cholesterol level", "mmol/L", 1005671000000105, 4.9, 1.1, 1}, {"Haemoglobin estimation", "g/L", 1022431000000105, 135, 15, 0},
    {"Serum creatinine level", "umol/L", 1000731000000107, 82, 22, 0},    {"Serum sodium level", "mmol/L", 1000661000000107, 139, 3, 0},
    {"Pulse rate", "beats/min", 78564009, 75, 11, 0}};
struct Noted {
  std::string_view term;
  std::int64_t snomed;
};
constexpr Noted findings[] = {
    {"Smoker", 77176002}, {"Ex-smoker", 8517006}, {"Never smoked tobacco", 266919005}, {"Medication review done", 182836005}, {"Cough", 49727002},
    {"Backache", 161891005}, {"Upper respiratory infection", 54150009}, {"Urinary tract infectious disease", 68566005}, {"Dermatitis", 182782007},
    {"Abdominal pain", 21522001}, {"Headache", 25064002}, {"Fall", 217082002}, {"Patient reviewed", 270427003}, {"Joint pain", 57676002},
    {"Mild frailty", 925791000000100}, {"Moderate frailty", 925831000000107}, {"Severe frailty", 925861000000102},
    {"Lives alone", 105529008}, {"On end of life care register", 526631000000108}, {"Care plan", 734163000}, {"Influenza vaccination", 86198006},
    {"Housebound", 160689007}, {"Lives in care home", 248171000000108}};
constexpr std::size_t mild_frailty = 14, fall = 11;
enum Circumstance : int { lives_alone = 3017, end_of_life_register, care_plan, influenza_vaccination, housebound, lives_in_care_home };
struct Drug {
  std::string_view term, chapter;
  int pence;
};
constexpr Drug acute_drugs[] = {
    {"Amoxicillin 500mg capsules", "5", 130}, {"Paracetamol 500mg tablets", "4", 110}, {"Omeprazole 20mg gastro-resistant capsules", "1", 120},
    {"Ibuprofen 400mg tablets", "10", 150}, {"Codeine 30mg tablets", "4", 210}, {"Flucloxacillin 500mg capsules", "5", 240}, {"Prednisolone 5mg tablets", "6", 130},
    {"Levonorgestrel 30microgram tablets", "7", 180}, {"Emollient cream", "13", 560}, {"Cetirizine 10mg tablets", "3", 90}, {"Nitrofurantoin 100mg capsules", "5", 650},
    {"Colecalciferol 800unit capsules", "9", 340}};
// Beside the first drug of a condition: what else its people take.
constexpr Drug companion_drugs[] = {{"Simvastatin 40mg tablets", "2", 110}, {"Aspirin 75mg dispersible tablets", "2", 80}, {"Lansoprazole 30mg gastro-resistant capsules", "1", 130},
                                    {"Bisoprolol 2.5mg tablets", "2", 90}, {"Co-codamol 30mg/500mg tablets", "4", 320}, {"Folic acid 5mg tablets", "9", 100},
                                    {"Amitriptyline 10mg tablets", "4", 110}, {"Senna 7.5mg tablets", "1", 150}};
constexpr std::string_view gp_kinds[] = {"GP Surgery", "Telephone Consultation", "Online Consultation", "Home Visit"};
constexpr std::string_view other_kinds[] = {"Nurse Consultation", "Blood Test", "Health Care Assistant", "Long Term Condition Review", "Pharmacist Consultation", "Administration"};
constexpr double repeat_scale = 1.78, companion_share = .45, acute_issues = .95;  // items a consultation with a GP

// Code numbers: conditions' concepts from 1,000; measurements from 2,000; findings from 3,000. Drugs from 100.
struct ClinicalCodes {
  std::array<std::vector<int>, condition_count> of_condition;
  struct Code {
    int id;
    std::string_view term, snomed;
  };
  std::vector<Code> condition_codes;
  ClinicalCodes() {
    int id = 1000;
    for (const auto& row : place_table_rows("codes/condition_snomed.csv")) {
      condition_codes.push_back({id, row[2], row[0]});
      for (std::size_t c = 0; c < condition_count; ++c)
        if (conditions[c].name == row[1]) of_condition[c].push_back(id);
      ++id;
    }
  }
};
const ClinicalCodes& clinical_codes() {
  static const ClinicalCodes codes;
  return codes;
}

class GpWriter {
 public:
  GpWriter(Writer& writer, const Person& person)
      : writer_(writer), world_(writer.world), person_(person), spans_(registrations_of(writer.world, writer.block, person)),
        consultation_(writer.plan.layout(t_consultation)), observation_(writer.plan.layout(t_observation)), issue_(writer.plan.layout(t_issue)),
        draw_(random_for(writer.world, person.id, Stream::gp)), guid_(mix64(person.id, writer.world.options.seed)) {
    for (Row* row : {&consultation_, &observation_, &issue_}) row->clear();
    consultation_.set(c_deleted, "false");
    observation_.set(o_deleted, "false");
    issue_.set(i_deleted, "false");
  }

  void write(const Care& care) {
    if (spans_.empty()) return;
    for (std::size_t c = 0; c < condition_count; ++c)
      if (person_.onset[c] <= std::min(world_.options.data_to, person_.death) && ever_coded(world_, person_, c)) {
        known_.push_back(c);
        observe_code(std::max(person_.onset[c], person_.birth), condition_code(c));
      }
    for (int y = 0; y < world_.options.years; ++y) year(y, care);
    circumstances(care);
  }

 private:
  // How somebody lives and what was done for them. Shares are the model's own; a draw of its own, so that it disturbs nothing else.
  void circumstances(const Care& care) {
    CounterRandom own(world_.options.seed, person_.id, static_cast<std::uint64_t>(Stream::circumstance));
    const Date first = std::max(world_.data_from, person_.birth), last = std::min(world_.options.data_to, person_.death - 1);
    if (last <= first) return;
    const auto note = [&](Date day, int code) {
      if (day >= first && day <= last) observe_code(day, code);
    };
    const auto some_day = [&] { return first + static_cast<int>(own.below(static_cast<std::uint64_t>(last - first))); };
    const int age = person_.age(last);
    const int frail = age >= 65 ? world_.model.frailty_level(person_.frailty, age, person_.id) : 0;
    const auto long_term = known_.size();
    const auto& members = writer_.block.households[static_cast<std::size_t>(person_.household)].members;
    if (age >= 18 && members.size() == 1 && own.chance(.6)) note(some_day(), lives_alone);
    if (own.chance(frail >= 2 ? .35 : long_term >= 4 ? .15 : .005)) note(some_day(), care_plan);
    if (frail == 3 && own.chance(.5)) note(some_day(), housebound);
    // A register is for those whose dying is foreseen: some of those who die, and a few who live on.
    if (person_.death <= world_.options.data_to) {
      if (age >= 40 && own.chance(.35)) note(person_.death - own.between(20, 270), end_of_life_register);
    } else if (own.chance(frail == 3 ? .06 : person_.has(cancer, last) && age >= 70 ? .015 : 0)) note(last - own.between(5, 200), end_of_life_register);
    for (const Package& package : care.packages)
      if (package.kind < 2 && own.chance(.8)) note(package.start + own.between(3, 60), lives_in_care_home);
    for (int year = first.civil().year; year <= last.civil().year; ++year)
      if (own.chance(age >= 65 ? .78 : long_term > 0 ? .42 : .04)) note(Date::from_civil(year, 9, 15) + own.between(0, 90), influenza_vaccination);
  }

  int condition_code(std::size_t condition) {
    const auto& codes = clinical_codes().of_condition[condition];
    return draw_.chance(.7) ? codes.front() : codes[draw_.below(codes.size())];
  }

  void year(int y, const Care& care) {
    const Date start = std::max(world_.year_start[static_cast<std::size_t>(y)], person_.birth);
    const Date end = std::min(world_.year_start[static_cast<std::size_t>(y) + 1], person_.death);
    if (end <= start) return;
    const int length = end - start;
    const double years = length / 365.25;
    const int age = person_.age(start + length / 2);
    const double rate = world_.model.gp_visits(age, person_.sex) * care.gp_multiplier[static_cast<std::size_t>(y)];
    const auto some_day = [&] { return start + static_cast<int>(draw_.below(static_cast<std::uint64_t>(length))); };
    for (int i = count(rate * years); i > 0; --i) {
      const double kind = draw_.uniform();
      const Date day = some_day();
      ++writer_.out.tally.gp_visits[visit_band(age) * 2 + static_cast<std::size_t>(person_.sex)];
      consult(day, gp_kinds[kind < .60 ? 0 : kind < .88 ? 1 : kind < .96 || age < 70 ? 2 : 3]);
      record(day, age, 2.1);
      for (int n = count(acute_issues); n > 0; --n) prescribe_acute(day);
    }
    for (int i = count(rate * world_.model.other_consultations() * years); i > 0; --i) {
      const double kind = draw_.uniform();
      const Date day = some_day();
      const std::size_t at = kind < .34 ? 0 : kind < .56 ? 1 : kind < .72 ? 2 : kind < .84 ? (known_.empty() ? 0 : 3) : kind < .92 ? 4 : 5;
      consult(day, other_kinds[at]);
      record(day, age, at == 1 || at == 3 ? 6.8 : 4.5);
    }
    if (age >= 65 && draw_.chance(.55)) {
      const int level = world_.model.frailty_level(person_.frailty, age, person_.id);
      if (level > 0) observe_code(some_day(), 3000 + static_cast<int>(mild_frailty) + level - 1);
    }
    for (const std::size_t c : known_) repeats(c, start, end);
  }

  int count(double mean) {
    if (mean > 30) return std::max(0, static_cast<int>(std::lround(mean + std::sqrt(mean) * draw_.normal())));
    int n = 0;
    for (double left = std::exp(-mean), product = draw_.uniform(); product > left; product *= draw_.uniform()) ++n;
    return n;
  }

  // The list the person is on that day; outside all of them nothing is recorded here.
  const Registration* list_on(Date day) const {
    for (const Registration& span : spans_)
      if (day < span.until || span.until == never) return &span;
    return &spans_.back();
  }

  void consult(Date day, std::string_view kind) {
    ++writer_.out.tally.consultations;
    address(consultation_, c_guid, day);
    consultation_.set(c_type, kind);
    if (draw_.chance(.0015)) consultation_.set(c_deleted, "true");
    spoil(consultation_, t_consultation);
    writer_.put(t_consultation, day, consultation_);
    consultation_.set(c_deleted, "false");
  }

  void record(Date day, int age, double mean) {
    const int n = count(mean);
    for (int i = 0; i < n; ++i) {
      const double kind = draw_.uniform();
      if (kind < .12 && !known_.empty()) {
        const std::size_t c = known_[draw_.below(known_.size())];
        if (person_.onset[c] <= day) observe_code(day, condition_code(c));
      } else if (kind < .40 || age < 16) {
        const std::size_t at = draw_.below(mild_frailty);
        observe_code(day, 3000 + static_cast<int>(at == fall && age < 60 ? 4 : at));
      } else measure(day);
    }
  }

  void measure(Date day) {
    const std::size_t at = draw_.below(std::size(measurements));
    const Measurement& m = measurements[at];
    const double value = std::max(m.mean * .3, m.mean + m.deviation * draw_.normal());
    if (m.decimals == 0) observation_.set(o_value, static_cast<std::int64_t>(std::lround(value)));
    else {
      char text[24];
      const auto tenths = std::lround(value * 10);
      const auto [stop, error] = std::to_chars(text, text + sizeof text - 2, tenths / 10);
      stop[0] = '.';
      stop[1] = static_cast<char>('0' + tenths % 10);
      observation_.set(o_value, std::string_view(text, static_cast<std::size_t>(stop + 2 - text)));
    }
    observation_.set(o_unit, m.unit);
    observe_code(day, 2000 + static_cast<int>(at));
    observation_.clear(o_value);
    observation_.clear(o_unit);
  }

  void observe_code(Date day, int code) {
    address(observation_, o_guid, day);
    observation_.set(o_code, static_cast<std::int64_t>(code));
    if (draw_.chance(.0015)) observation_.set(o_deleted, "true");
    spoil(observation_, t_observation);
    writer_.put(t_observation, day, observation_);
    observation_.set(o_deleted, "false");
    ++writer_.out.tally.observations;
  }

  void repeats(std::size_t condition, Date start, Date end) {
    const Date from = std::max(start, person_.onset[condition]);
    if (from >= end) return;
    const double years = (end - from) / 365.25;
    const Condition& c = conditions[condition];
    CounterRandom own(world_.options.seed, person_.id * 32 + condition, static_cast<std::uint64_t>(Stream::prescribing));
    const bool companion = own.chance(companion_share);
    const int packs = own.between(1, 2) * 28;
    const auto line = [&](int code, int pence) {
      for (int n = count(c.items_a_year * repeat_scale * years); n > 0; --n)
        prescribe(from + static_cast<int>(draw_.below(static_cast<std::uint64_t>(end - from))), code, packs, pence * packs / 28);
    };
    line(100 + static_cast<int>(condition), c.pence_an_item);
    if (!companion) return;
    const auto which = own.below(std::size(companion_drugs));
    line(200 + static_cast<int>(which), companion_drugs[which].pence);
  }
  void prescribe_acute(Date day) {
    const auto which = draw_.below(std::size(acute_drugs));
    prescribe(day, 150 + static_cast<int>(which), 21, acute_drugs[which].pence);
  }
  void prescribe(Date day, int code, int quantity, int pence) {
    address(issue_, i_guid, day);
    issue_.set(i_code, static_cast<std::int64_t>(code));
    issue_.set(i_quantity, static_cast<std::int64_t>(quantity));
    issue_.set(i_unit, "tablet");
    issue_.set(i_days, static_cast<std::int64_t>(quantity));
    char text[16];
    const auto [stop, error] = std::to_chars(text, text + 12, pence / 100);
    stop[0] = '.', stop[1] = static_cast<char>('0' + pence / 10 % 10), stop[2] = static_cast<char>('0' + pence % 10);
    if (draw_.chance(.02)) issue_.clear(i_cost);
    else issue_.set(i_cost, std::string_view(text, static_cast<std::size_t>(stop + 3 - text)));
    if (draw_.chance(.0012)) issue_.set(i_deleted, "true");
    spoil(issue_, t_issue);
    writer_.put(t_issue, day, issue_);
    issue_.set(i_deleted, "false");
    ++writer_.out.tally.issues;
  }

  // Guid, patient, practice and dates stand in the same first five places of all three tables.
  void address(Row& row, std::size_t guid_slot, Date day) {
    static_assert(c_patient == 1 && o_patient == 1 && i_patient == 1 && c_effective == 3 && o_effective == 3 && i_effective == 3);
    const Registration* span = list_on(day);
    const std::uint64_t high = mix64(guid_, ++number_);
    row.set_guid(guid_slot, high, mix64(high, 3));
    row.set_guid(c_patient, span->guid_high, span->guid_low);
    const Practice& practice = world_.geography.practices()[static_cast<std::size_t>(span->practice)];
    row.set_guid(c_organisation, practice.guid_high, practice.guid_low);
    row.set_iso(c_effective, day);
    row.set_iso(c_entered, day);
  }
  void spoil(Row& row, Table table) {
    if (!draw_.chance(fault_rate(world_.options, .0007))) return;
    row.set(c_effective, draw_.chance(.5) ? "31/02/2024" : "");
    ++writer_.out.faults[table].bad_rows;
  }

  Writer& writer_;
  const World& world_;
  const Person& person_;
  std::vector<Registration> spans_;
  Row consultation_, observation_, issue_;
  CounterRandom draw_;
  std::uint64_t guid_, number_ = 0;
  std::vector<std::size_t> known_;
};

void put_clinical_code(Writer& writer, Row& row, int id, std::string_view term, std::string_view snomed, std::string_view category) {
  row.set(cc_id, static_cast<std::int64_t>(id));
  row.set(cc_term, term);
  row.set(cc_snomed, snomed);
  row.set(cc_category, category);
  writer.put(t_clinical_code, writer.world.options.data_to, row);
}

}  // namespace

void write_gp_codes(Writer& writer) {
  if (!writer.plan.wanted(t_clinical_code)) return;
  Row row(writer.plan.layout(t_clinical_code));
  for (const auto& code : clinical_codes().condition_codes) put_clinical_code(writer, row, code.id, code.term, code.snomed, "Problem");
  int id = 2000;
  for (const auto& m : measurements) put_clinical_code(writer, row, id++, m.term, std::to_string(m.snomed), "Value");
  id = 3000;
  for (const auto& f : findings) put_clinical_code(writer, row, id++, f.term, std::to_string(f.snomed), "Observation");
  Row drug(writer.plan.layout(t_drug_code));
  const auto put = [&](int code, std::string_view term, std::string_view chapter) {
    drug.set(dc_id, static_cast<std::int64_t>(code));
    drug.set(dc_term, term);
    drug.set(dc_chapter, chapter);
    writer.put(t_drug_code, writer.world.options.data_to, drug);
  };
  for (std::size_t c = 0; c < condition_count; ++c) put(100 + static_cast<int>(c), conditions[c].drug, conditions[c].chapter);
  id = 150;
  for (const auto& d : acute_drugs) put(id++, d.term, d.chapter);
  id = 200;
  for (const auto& d : companion_drugs) put(id++, d.term, d.chapter);
}

void write_gp_events(Writer& writer, const Person& person, const Care& care) {
  if (!writer.plan.wanted(t_consultation) || person.residence == Residence::visitor) return;
  GpWriter(writer, person).write(care);
}

}  // namespace joinedup::synth
