#include "synth/identity.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/nhs_number.hpp"

namespace joinedup::synth {

ErrorRates error_rates(const World& world, Recorder recorder) {
  ErrorRates r{};
  switch (recorder) {
    case Recorder::gp: r = {.002, .0005, .060, .004, .001, .10}; break;
    case Recorder::hospital:
    case Recorder::second_hospital: r = {.013, .006, .060, .008, .004, .10}; break;
    case Recorder::community: r = {.020, .006, .060, .008, .005, .10}; break;
    case Recorder::mental_health: r = {.022, .007, .060, .009, .006, .12}; break;
    case Recorder::council: r = {.055, .015, .075, .015, .010, .15}; break;
    case Recorder::registrar: r = {.015, .004, .060, .008, .001, .06}; break;
    case Recorder::housing: r = {.440, .020, .090, .025, .030, .12}; break;
    case Recorder::voluntary: r = {.520, .025, .120, .040, .050, .18}; break;
  }
  const double m = world.options.error_multiplier;
  for (double* rate : {&r.nhs_missing, &r.nhs_wrong, &r.name, &r.birth_date, &r.sex_missing, &r.old_postcode}) *rate = std::min(.95, *rate * m);
  return r;
}

namespace {

std::string wrong_nhs_number(const World& world, const Person& person, CounterRandom& draw) {
  const double kind = draw.uniform();
  std::string text = std::to_string(person.nhs_number);
  if (kind < .45) {  // one digit wrong: the check fails
    auto& digit = text[3 + draw.below(7)];
    digit = static_cast<char>('0' + (digit - '0' + 1 + static_cast<int>(draw.below(9))) % 10);
  } else if (kind < .65) {  // two neighbours swapped
    const auto at = 4 + draw.below(5);
    if (text[at] == text[at + 1]) text[at] = text[at] == '9' ? '0' : static_cast<char>(text[at] + 1);
    else std::swap(text[at], text[at + 1]);
  } else if (kind < .90) {  // another person's
    const std::uint64_t other = draw.below(world.options.people);
    text = std::to_string(nhs_number_of(other == person.id ? (other + 1) % world.options.people : other, world.options));
  } else text = draw.chance(.5) ? "9999999999" : "0000000000";
  return text;
}

void spoil_name(const World& world, const Person& person, LocalRecord& record, CounterRandom& draw) {
  const double kind = draw.uniform();
  const std::string_view nickname = world.names.nickname(person.given, draw);
  if (kind < .22 && !nickname.empty()) record.given = nickname;
  else if (kind < .34) record.given = typing_error(record.given, draw);
  else if (kind < .52) record.surname = typing_error(record.surname, draw);
  else if (kind < .66) record.surname = phonetic_error(record.surname, draw);
  else if (kind < .72) std::swap(record.given, record.surname);
  else if (kind < .84 && person.birth_surname != person.surname) record.surname = person.birth_surname;
  else if (kind < .90 && !person.middle.empty() && person.middle != person.given) std::swap(record.given, record.middle);
  else if (kind < .95 && record.given.size() > 1) record.given = record.given.substr(0, 1);
  else if (record.surname.size() > 5) record.surname = record.surname.substr(0, record.surname.size() - 2);
  else record.surname = typing_error(record.surname, draw);
}

void spoil_birth_date(const World& world, LocalRecord& record, CounterRandom& draw) {
  const CivilDay day = record.birth.civil();
  const double kind = draw.uniform();
  Date other = record.birth;
  if (kind < .40 && day.day <= 12 && day.day != day.month) other = Date::from_civil(day.year, day.day, day.month);
  else if (kind < .60) other = record.birth.add_months(draw.chance(.5) ? 12 : -12);
  else if (kind < .75) other = Date::from_civil(day.year, 1, 1);
  else if (kind < .90) other = record.birth + (draw.chance(.5) ? 1 : -1);
  else other = record.birth.add_months(draw.chance(.5) ? 120 : -120);
  if (other > world.options.data_to || other < Date::from_civil(1905, 1, 1)) other = record.birth - 1;
  record.birth_fault = other != record.birth;
  record.birth = other;
}

}  // namespace

LocalRecord observe(const World& world, const Person& person, Recorder recorder) {
  const ErrorRates rates = error_rates(world, recorder);
  CounterRandom draw(world.options.seed, person.id, static_cast<std::uint64_t>(recorder));
  LocalRecord record;
  record.birth = person.birth;
  record.sex = person.sex;
  record.given = person.given;
  record.middle = person.middle;
  record.surname = person.surname;
  record.local_id = mix64(person.id * 16 + static_cast<std::uint64_t>(recorder) % 100, world.options.seed) % 900000000 + 100000000;
  // A fixed number of draws decides what goes wrong, so that a doubled rate keeps every error that was there.
  const double nhs = draw.uniform(), name = draw.uniform(), birth = draw.uniform(), sex = draw.uniform(), moved = draw.uniform();
  if (nhs < rates.nhs_wrong) {
    record.nhs_number = wrong_nhs_number(world, person, draw);
    record.nhs_fault = NhsFault::wrong;
  } else if (nhs > 1 - rates.nhs_missing) record.nhs_fault = NhsFault::missing;
  else record.nhs_number = std::to_string(person.nhs_number);
  if (name < rates.name) {
    spoil_name(world, person, record, draw);
    record.name_fault = record.given != person.given || record.surname != person.surname;
  }
  if (birth < rates.birth_date) spoil_birth_date(world, record, draw);
  if (sex < rates.sex_missing) {
    record.sex = 2;
    record.sex_fault = true;
  }
  record.keeps_old_address = moved < rates.old_postcode;
  return record;
}

const Address& recorded_address(const Block& block, const Person& person, const LocalRecord& record, Date day) {
  const auto& list = block.households[static_cast<std::size_t>(person.household)].addresses;
  if (record.keeps_old_address) return list.front();
  return address_on(block, person, day - 21);  // news takes three weeks
}

}  // namespace joinedup::synth
