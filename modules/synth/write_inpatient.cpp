#include <algorithm>

#include "base/hash.hpp"
#include "synth/care.hpp"
#include "synth/hospital_identity.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {
namespace {

using namespace inpatient;

class InpatientWriter {
 public:
  InpatientWriter(Writer& writer, const Person& person)
      : writer_(writer), world_(writer.world), person_(person), row_(writer.plan.layout(t_inpatient)),
        draw_(random_for(writer.world, person.id * 4 + 1, Stream::emergency)),
        records_{observe(writer.world, person, Recorder::hospital), observe(writer.world, person, Recorder::second_hospital)} {
    for (std::size_t c = 0; c < condition_count; ++c)
      if (person.onset[c] <= world_.options.data_to && ever_coded(world_, person, c)) ill_.push_back(c);
  }

  void write(const Spell& spell, std::size_t number) {
    const LocalRecord& record = records_[static_cast<std::size_t>(spell.provider)];
    const Address& address = recorded_address(writer_.block, person_, record, spell.start);
    row_.clear();
    identify(spell, record, address);
    spell_columns(spell, number);
    const int days = spell.end - spell.start;
    Date start = spell.start;
    for (int episode = 1; episode <= spell.episodes; ++episode) {
      const bool last = episode == spell.episodes;
      const Date end = last ? spell.end : std::min(spell.end, start + 1 + days * 1 / spell.episodes);
      if (start > world_.options.data_to) break;
      episode_columns(spell, record, episode, start, end, last);
      row_.set(inpatient::record, static_cast<std::int64_t>(record_id(number, episode)));
      writer_.put(t_inpatient, end > world_.options.data_to ? world_.options.data_to : end, row_);
      writer_.truth(t_inpatient, row_.get(inpatient::record), person_.id);
      writer_.count(t_inpatient, record, address, address_on(writer_.block, person_, spell.start));
      if (draw_.chance(fault_rate(world_.options, .0008))) {  // sent twice
        writer_.put(t_inpatient, end > world_.options.data_to ? world_.options.data_to : end, row_);
        writer_.truth(t_inpatient, row_.get(inpatient::record), person_.id);
        ++writer_.out.faults[t_inpatient].duplicates;
      }
      start = end;
    }
  }

 private:
  std::uint64_t record_id(std::size_t number, int episode) const {
    return 100000000000ULL + person_.id * 20000 + number * 20 + static_cast<std::uint64_t>(episode);
  }

  void identify(const Spell& spell, const LocalRecord& record, const Address& address) {
    identify_patient<inpatient::Slot>(row_, writer_, person_, record, address, spell.provider, spell.start);
    row_.set(commissioner, "ZX9");
  }

  void spell_columns(const Spell& spell, std::size_t number) {
    const bool discharged = spell.end <= world_.options.data_to;
    const bool day = spell.kind == SpellKind::day_case;
    row_.set(classification, spell.kind == SpellKind::regular_day ? "3" : day ? "2" : spell.kind == SpellKind::delivery ? "5" : "1");
    switch (spell.kind) {
      case SpellKind::emergency: row_.set(method, draw_.chance(.78) ? "21" : draw_.chance(.6) ? "22" : "24"); break;
      case SpellKind::transfer: row_.set(method, "81"); break;
      case SpellKind::maternity:
      case SpellKind::delivery: row_.set(method, "31"); break;
      case SpellKind::birth: row_.set(method, "82"); break;
      default: row_.set(method, day || draw_.chance(.7) ? "11" : "12");
    }
    row_.set(source, spell.kind == SpellKind::transfer ? "51" : "19");
    row_.set(spell_number, static_cast<std::int64_t>(record_id(number, 0)));
    row_.set(spell_identifier, static_cast<std::int64_t>(record_id(number, 0)));
    row_.set_iso(spell_start, spell.start);
    row_.set(age, static_cast<std::int64_t>(person_.age(spell.start)));
    row_.set(spell_hrg, spell.hrg);
    if (!discharged) {
      row_.set(discharge_method, "8");
      row_.set(destination, "98");
      return;
    }
    row_.set_iso(spell_end, spell.end);
    row_.set_iso(discharge_date, spell.end);
    row_.set(stay, static_cast<std::int64_t>(spell.end - spell.start));
    row_.set(discharge_method, spell.died ? "4" : "1");
    row_.set(destination, spell.died ? "79" : spell.transferred_out ? "51" : spell.to_care_home ? "54" : "19");
    if (spell.delayed > 0) row_.set(delayed, static_cast<std::int64_t>(spell.delayed));
  }

  void episode_columns(const Spell& spell, const LocalRecord& record, int number, Date start, Date end, bool last) {
    row_.set(episode, static_cast<std::int64_t>(number));
    row_.set(last_episode, end > world_.options.data_to ? "9" : last ? "1" : "2");
    row_.set_iso(episode_start, start);
    if (end <= world_.options.data_to) row_.set_iso(episode_end, end);
    else row_.clear(episode_end);
    row_.set_iso(activity_date, end);
    row_.set(episode_hrg, spell.hrg);
    const std::string_view specialty_code = spell.reason != nullptr ? spell.reason->specialty
                                            : spell.kind == SpellKind::birth ? "422" : "501";
    row_.set(specialty, specialty_code);
    row_.set(function, specialty_code);
    row_.set(critical_2, static_cast<std::int64_t>(number == 1 ? spell.critical_level_2 : 0));
    row_.set(critical_3, static_cast<std::int64_t>(number == 1 ? spell.critical_level_3 : 0));
    diagnoses(spell, start);
    maternity(spell, record);
    if (draw_.chance(fault_rate(world_.options, .0010))) {
      row_.set(episode_start, draw_.chance(.5) ? "31/02/2024" : "not known");
      ++writer_.out.faults[t_inpatient].bad_rows;
    }
  }

  void diagnoses(const Spell& spell, Date day) {
    std::size_t slot = diagnosis_1;
    const auto add = [&](std::string_view code) {
      if (slot <= diagnosis_10) row_.set(slot++, code);
    };
    if (spell.kind == SpellKind::birth) add("Z380");
    else if (spell.kind == SpellKind::delivery) add("O800"), add("Z370");
    else if (spell.kind == SpellKind::maternity) add("O479");
    else add(spell.reason->icd10);
    for (std::size_t c : ill_)  // conditions known by then are mostly, not always, coded
      if (person_.onset[c] <= day && conditions[c].icd10 != row_.get(diagnosis_1) && draw_.chance(.78)) add(conditions[c].icd10);
    while (slot <= diagnosis_10) row_.clear(slot++);
  }

  void maternity(const Spell& spell, const LocalRecord& record) {
    if (spell.baby < 0) return;
    const Person& child = writer_.block.people[static_cast<std::size_t>(spell.baby)];
    if (spell.kind == SpellKind::birth && child.mother >= 0) {
      const Person& mother = writer_.block.people[static_cast<std::size_t>(child.mother)];
      row_.set(nhs_mother, std::to_string(mother.nhs_number));
      row_.set_iso(birth_mother, mother.birth);
      if (record.nhs_fault == NhsFault::none && draw_.chance(.10)) row_.clear(nhs);  // not yet issued
    } else {
      row_.set(nhs_baby, std::to_string(child.nhs_number));
      row_.set_iso(birth_baby, child.birth);
    }
    row_.set(live, "1");
  }

  Writer& writer_;
  const World& world_;
  const Person& person_;
  Row row_;
  CounterRandom draw_;
  std::array<LocalRecord, 2> records_;
  std::vector<std::size_t> ill_;
};

}  // namespace

void write_inpatient(Writer& writer, const Person& person, const Care& care) {
  if (!writer.plan.wanted(t_inpatient) || care.spells.empty()) return;
  InpatientWriter inpatient(writer, person);
  for (std::size_t i = 0; i < care.spells.size(); ++i) inpatient.write(care.spells[i], i + 1);
}

}  // namespace joinedup::synth
