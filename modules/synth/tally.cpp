// Counts what each person did, for the comparison with what is published.
#include <algorithm>

#include "synth/hrg.hpp"
#include "synth/marginals.hpp"
#include "synth/registration.hpp"

namespace joinedup::synth {
namespace {

struct Life {
  const World& world;
  const Person& person;
  struct Year {
    Date start, end;
    int age;
    double years;
  };
  // As care.cpp has it: the age is that on the middle of the year, had they lived.
  Year year(int y) const {
    const Date whole = world.year_start[static_cast<std::size_t>(y + 1)];
    Year out;
    out.start = std::max(world.year_start[static_cast<std::size_t>(y)], person.birth);
    out.end = std::min(whole, person.death);
    out.age = person.age(out.start + std::max(0, (whole - out.start) / 2));
    out.years = std::max(0, out.end - out.start) / 365.25;
    return out;
  }
  int year_of(Date day) const {
    int y = world.options.years - 1;
    while (y > 0 && day < world.year_start[static_cast<std::size_t>(y)]) --y;
    return y;
  }
  std::size_t cell(int y) const {
    return static_cast<std::size_t>((std::min(year(y).age, 85) * 2 + person.sex) * 5 + person.quintile);
  }
};

void tally_hospital(Tally& t, const Life& life, const Care& care) {
  std::array<double, Tally::measures> own{};
  const auto add = [&](Tally::Measure measure, Date day, double n) {
    t.by_cell[measure][life.cell(life.year_of(day))] += n;
    own[measure] += n;
  };
  for (const Spell& spell : care.spells) {
    if (spell.kind == SpellKind::emergency) add(Tally::emergency_episodes, spell.start, spell.episodes);
    else if (spell.kind != SpellKind::birth && spell.kind != SpellKind::regular_day) add(Tally::other_episodes, spell.start, spell.episodes);
  }
  for (const Appointment& a : care.appointments) add(Tally::outpatient, a.day, 1);
  if (life.person.death <= life.world.options.data_to) add(Tally::deaths, life.person.death, 1);
  const std::size_t last = life.cell(life.year_of(std::min(life.person.death, life.world.options.data_to)));
  for (std::size_t m = 0; m < Tally::measures; ++m) t.squares[m][last] += own[m] * own[m];
  const auto decile = static_cast<std::size_t>(life.person.decile - 1);
  const auto seen = static_cast<double>(care.attendances.size());
  t.attendances[decile] += seen;
  t.attendance_squares[decile] += seen * seen;
  t.attended += seen;
  for (const Attendance& a : care.attendances) t.reattended += a.reattended ? 1 : 0;
}

Admission admission_of(const Spell& spell, const Person& person) {
  switch (spell.kind) {
    case SpellKind::day_case: return Admission::day_case;
    case SpellKind::regular_day: return Admission::regular;
    case SpellKind::elective: return Admission::elective;
    case SpellKind::maternity:
    case SpellKind::delivery: return Admission::maternity;
    case SpellKind::birth: return Admission::birth;
    default: return person.age(spell.start) < 19 ? Admission::child_emergency : Admission::emergency;
  }
}

// By the price list of the place, in the year of discharge; departments and clinics at its typical prices.
void tally_cost(Tally& t, const Life& life, const Care& care) {
  const Date from = life.world.year_start[static_cast<std::size_t>(life.world.options.years - 1)], to = life.world.options.data_to;
  if (life.person.death < from) return;
  double pence = 0;
  for (const Spell& spell : care.spells) {
    const bool ended = spell.end <= to;
    if ((ended ? spell.end : spell.start) < from) continue;
    pence += static_cast<double>(hrg_price(spell.hrg, admission_of(spell, life.person), ended ? Discharge::done : Discharge::awaited,
                                           spell.end - spell.start, spell.critical_level_2 + spell.critical_level_3));
  }
  for (const Attendance& a : care.attendances)
    if (a.day >= from) pence += a.department > 2 ? 8500 : a.admitted ? 28400 : 18100;
  for (const Appointment& a : care.appointments)
    if (a.day >= from) pence += .81 * (a.first ? 14100 : 7850);
  t.hospital_pence.push_back(static_cast<float>(pence));
  t.hospital_age.push_back(static_cast<std::uint8_t>(std::clamp(life.person.age(life.world.options.data_to), 0, 255)));
}

void tally_alive(Tally& t, const World& world, const Person& person) {
  const Date to = world.options.data_to;
  if (person.death <= to || person.birth > to) return;
  const int age = person.age(to);
  t.alive[static_cast<std::size_t>((std::min(age, 90) * 2 + person.sex) * 5 + person.quintile)] += 1;
  std::size_t ill = 0;
  for (std::size_t c = 0; c < condition_count; ++c) {
    const bool has = person.has(c, to);
    ill += has ? 1 : 0;
    if (age < conditions[c].minimum_age) continue;
    const auto at = c * 10 + static_cast<std::size_t>(person.decile - 1);
    t.denominator[at] += 1;
    t.on_register[at] += has ? 1 : 0;
  }
  if (age >= 65 && age <= 95) t.frailty[static_cast<std::size_t>(world.model.frailty_level(person.frailty, age, person.id))] += 1;
  const std::size_t band = age < 25 ? 0 : age < 45 ? 1 : age < 65 ? 2 : age < 85 ? 3 : 4;
  t.multimorbid_people[band] += 1;
  t.multimorbid[band] += ill >= 2 ? 1 : 0;
  if (age >= 18) t.adults[age >= 65] += 1;
}

void tally_social_care(Tally& t, const Life& life, const Care& care) {
  const Date to = life.world.options.data_to;
  const Date from = life.world.year_start[static_cast<std::size_t>(life.world.options.years - 1)];
  const std::size_t old = life.person.age(std::min(to, life.person.death)) >= 65;
  for (const Package& p : care.packages) {
    if (p.start > to || p.end < from) continue;
    t.clients[old] += 1;
    t.client_pence += p.pence / 7.0 * (std::min(p.end, to + 1) - std::max(p.start, from));
  }
  for (const Date day : care.requests) t.requests[life.person.age(day) >= 65] += 1;
  for (const Package& p : care.packages)
    if (p.start - 55 >= life.world.data_from) t.requests[life.person.age(p.start) >= 65] += 1;
}

}  // namespace

void tally_person(Writer& writer, const Person& person, const Care& care) {
  Tally& t = writer.out.tally;
  const Life life{writer.world, person};
  for (int y = 0; y < writer.world.options.years; ++y) {
    const Life::Year year = life.year(y);
    if (year.years <= 0) continue;
    t.by_cell[Tally::person_years][life.cell(y)] += year.years;
    t.decile_years[static_cast<std::size_t>(person.decile - 1)] += year.years;
    if (year.age >= 18) t.adult_years[year.age >= 65] += year.years;
    t.resident_years += year.years;
    if (person.residence == Residence::visitor) continue;
    t.list_years += year.years;
    t.gp_years[visit_band(year.age) * 2 + static_cast<std::size_t>(person.sex)] += year.years;
  }
  for (const Address& address : writer.block.households[static_cast<std::size_t>(person.household)].addresses)
    if (address.from >= writer.world.data_from && address.from > person.birth && address.from < person.death) t.moves += 1;
  tally_hospital(t, life, care);
  tally_cost(t, life, care);
  tally_alive(t, writer.world, person);
  tally_social_care(t, life, care);
}

}  // namespace joinedup::synth
