// Deaths, housing and voluntary organisations: layouts of ours, and records kept by people with other things to do.
#include <algorithm>
#include <cmath>

#include "synth/care.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {
namespace {

std::string street_line(const World& world, const Address& address) {
  return std::to_string(address.house) + " " + std::string(world.geography.street(address.street));
}

}  // namespace

void write_death(Writer& writer, const Person& person, const Care& care) {
  using namespace deaths;
  const World& world = writer.world;
  if (!writer.plan.wanted(t_death) || person.death > world.options.data_to) return;
  const LocalRecord record = observe(world, person, Recorder::registrar);
  auto draw = random_for(world, person.id * 4 + 1, Stream::death);
  const Address& address = recorded_address(writer.block, person, record, person.death);
  Row row(writer.plan.layout(t_death));
  row.set(id, static_cast<std::int64_t>(600000000000 + static_cast<std::int64_t>(person.id)));
  row.set(nhs, record.nhs_number);
  row.set_iso(birth, record.birth);
  row.set(sex, record.sex == 0 ? "F" : record.sex == 1 ? "M" : "");
  row.set(surname, record.surname);
  row.set(given, record.given);
  row.set(postcode, world.geography.postcode(address.area, address.postcode));
  row.set_iso(died, person.death);
  const bool in_hospital = std::any_of(care.spells.begin(), care.spells.end(), [](const Spell& s) { return s.died; });
  const bool in_home = !care.packages.empty() && care.packages[0].kind < 2;
  row.set(place, in_hospital ? "hospital" : in_home || draw.chance(.18) ? "care_home" : draw.chance(.09) ? "hospice" : draw.chance(.94) ? "home" : "elsewhere");
  std::size_t slot = cause;
  for (const std::size_t c : {cancer, dementia, coronary, copd, stroke, heart_failure, kidney, liver, diabetes, alcohol})
    if (slot <= contributory_3 && person.has(c, person.death) && draw.chance(.6)) row.set(slot++, conditions[c].icd10);
  if (slot == cause) row.set(cause, person.age(person.death) > 60 ? (draw.chance(.4) ? "J189" : "I219") : draw.chance(.4) ? "X599" : "C80X");
  const Date told = person.death + 2 + static_cast<int>(draw.exponential(7));
  row.set_iso(registered, std::min(told, world.options.data_to));
  if (draw.chance(fault_rate(world.options, .001))) {
    row.set(died, "31/02/2025");
    ++writer.out.faults[t_death].bad_rows;
  }
  writer.put(t_death, person.death, row);
  writer.truth(t_death, row.get(id), person.id);
  writer.count(t_death, record, address, address_on(writer.block, person, person.death));
  writer.count_person(t_death, record);
}

namespace {

class LandlordWriter {
 public:
  LandlordWriter(Writer& writer, const Person& person)
      : writer_(writer), world_(writer.world), person_(person), row_(writer.plan.layout(t_housing)), record_(observe(writer.world, person, Recorder::housing)),
        draw_(random_for(writer.world, person.id, Stream::housing)) {}

  void write() {
    using namespace housing;
    const auto& addresses = writer_.block.households[static_cast<std::size_t>(person_.household)].addresses;
    const Date last = std::min(world_.options.data_to, person_.death - 1);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const Date from = std::max(addresses[i].from, person_.birth.add_months(216));  // nobody is a tenant as a child
      if (from > last) break;
      const Date until = i + 1 < addresses.size() ? addresses[i + 1].from : never;
      event("tenancy_start", from, until <= last ? until : never, addresses[i]);
      if (until <= last) event("tenancy_end", until, never, addresses[i]);
      const Date start = std::max(from, world_.data_from), end = std::min(until, last + 1);
      if (end <= start) continue;
      const double years = (end - start) / 365.25;
      some("rent_arrears", .30, years, start, end, addresses[i]);
      some("repair_damp", .22, years, start, end, addresses[i]);
      some("antisocial_behaviour", .05, years, start, end, addresses[i]);
      if (person_.age(start) > 70 || person_.has(osteoarthritis, start)) some("adaptation", .12, years, start, end, addresses[i]);
      if (i > 0 && draw_.chance(.15)) event("homelessness_application", from - draw_.between(5, 60), never, addresses[i - 1]);
      if (i > 0 && draw_.chance(.08)) event("temporary_accommodation", from - 30, from, addresses[i - 1]);
    }
    if (seen_) writer_.count_person(t_housing, record_);
  }

 private:
  void some(std::string_view type, double rate, double years, Date start, Date end, const Address& address) {
    double at = draw_.exponential(1 / rate);
    while (at < years) {
      const Date day = start + static_cast<int>(at * 365.25);
      if (day >= end) break;
      event(type, day, draw_.chance(.6) ? day + draw_.between(7, 120) : never, address);
      at += draw_.exponential(1 / rate);
    }
  }

  void event(std::string_view kind, Date day, Date until, const Address& address) {
    using namespace housing;
    ++number_;
    row_.clear();
    row_.set(id, static_cast<std::int64_t>(700000000000 + static_cast<std::int64_t>(person_.id) * 500 + number_));
    row_.set(tenant, "T" + std::to_string(record_.local_id % 10000000));
    row_.set(nhs, record_.nhs_number);
    row_.set(surname, to_windows_1252(title_case(record_.surname)));
    row_.set(given, to_windows_1252(title_case(record_.given)));
    row_.set_british(birth, record_.birth);
    row_.set(sex, record_.sex == 0 ? "F" : record_.sex == 1 ? "M" : "");
    row_.set(housing::address, street_line(world_, address));
    row_.set(town, world_.geography.town(address.area));
    row_.set(postcode, world_.geography.postcode(address.area, address.postcode));
    row_.set(type, kind);
    row_.set_british(date, day);
    if (until <= world_.options.data_to) row_.set_british(end, until);
    row_.set(tenure, record_.local_id % 7 < 5 ? "Secure" : "Assured shorthold");
    row_.set(rent, std::to_string(82 + record_.local_id / 7 % 60 + address.street % 9) + ".50");
    row_.set(landlord, record_.local_id % 5 < 3 ? "ZH1" : "ZH2");
    if (draw_.chance(fault_rate(world_.options, .0015))) {
      row_.set(date, draw_.chance(.5) ? "31/02/2024" : "n/k");
      ++writer_.out.faults[t_housing].bad_rows;
    }
    writer_.put(t_housing, day, row_);
    writer_.truth(t_housing, row_.get(id), person_.id);
    writer_.count(t_housing, record_, address, address);
    seen_ = true;
  }

  Writer& writer_;
  const World& world_;
  const Person& person_;
  Row row_;
  LocalRecord record_;
  CounterRandom draw_;
  int number_ = 0;
  bool seen_ = false;
};

}  // namespace

void write_housing(Writer& writer, const Person& person) {
  if (!writer.plan.wanted(t_housing) || person.age(writer.world.data_from) < 18) return;
  const auto& home = writer.block.households[static_cast<std::size_t>(person.household)];
  if (&writer.block.people[static_cast<std::size_t>(home.members[0])] != &person) return;  // the tenant is the first of the home
  auto draw = random_for(writer.world, person.id * 4 + 1, Stream::housing);
  if (!draw.chance(.38 * std::pow(.80, person.decile - 1))) return;  // about a sixth of homes are rented from a social landlord
  LandlordWriter(writer, person).write();
}

void write_voluntary(Writer& writer, const Person& person, const Care& care) {
  using namespace voluntary;
  if (!writer.plan.wanted(t_voluntary)) return;
  const World& world = writer.world;
  auto draw = random_for(world, person.id, Stream::voluntary);
  const int years_old = person.age(world.options.data_to);
  const double share = years_old < 18 ? .002 : years_old < 65 ? .016 : years_old < 80 ? .05 : .10;
  const double known = share * std::min(3.0, .5 + .5 * care.gp_multiplier.back()) * (1.35 - .07 * (person.decile - 1));
  if (!draw.chance(known)) return;
  const LocalRecord record = observe(world, person, Recorder::voluntary);
  const Date first = std::max(world.data_from, person.birth), last = std::min(world.options.data_to, person.death - 1);
  if (last <= first) return;
  constexpr std::string_view older[] = {"befriending", "transport", "day_activity", "social_prescribing", "carer_support"};
  constexpr std::string_view younger[] = {"food_support", "debt_advice", "social_prescribing", "carer_support"};
  const std::string_view kind = years_old >= 65 ? older[draw.below(std::size(older))] : younger[draw.below(std::size(younger))];
  const std::string_view here = kind == "carer_support" ? "ZV2" : kind == "food_support" || kind == "debt_advice" ? "ZV3" : "ZV1";
  Row row(writer.plan.layout(t_voluntary));
  Date day = first + static_cast<int>(draw.below(static_cast<std::uint64_t>(last - first)));
  const int contacts = 1 + static_cast<int>(draw.exponential(9));
  for (int i = 0; i < contacts && day <= last; ++i, day = day + 3 + static_cast<int>(draw.exponential(14))) {
    const Address& address = recorded_address(writer.block, person, record, day);
    row.clear();
    row.set(id, static_cast<std::int64_t>(800000000000 + static_cast<std::int64_t>(person.id) * 500 + i));
    row.set(client, "C" + std::to_string(record.local_id % 10000000));
    row.set(organisation, here);
    row.set(nhs, record.nhs_number);
    row.set(surname, title_case(record.surname));
    row.set(given, title_case(record.given));
    row.set_british(birth, record.birth);
    row.set(sex, record.sex == 0 ? "F" : record.sex == 1 ? "M" : "");
    row.set(voluntary::address, street_line(world, address));
    row.set(town, world.geography.town(address.area));
    if (draw.chance(.93)) row.set(postcode, world.geography.postcode(address.area, address.postcode));
    row.set_british(date, day);
    row.set(service, kind);
    row.set(type, draw.chance(.6) ? "Face to face" : draw.chance(.7) ? "Telephone" : "Group");
    if (draw.chance(.8)) row.set(minutes, static_cast<std::int64_t>(15 * draw.between(1, 8)));
    if (draw.chance(fault_rate(world.options, .0018))) {
      row.set(date, "31/02/2024");
      ++writer.out.faults[t_voluntary].bad_rows;
    }
    writer.put(t_voluntary, day, row);
    writer.truth(t_voluntary, row.get(id), person.id);
    writer.count(t_voluntary, record, address, address_on(writer.block, person, day));
  }
  writer.count_person(t_voluntary, record);
}

}  // namespace joinedup::synth
