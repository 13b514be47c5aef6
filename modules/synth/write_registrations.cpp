#include <algorithm>

#include "base/hash.hpp"
#include "synth/output.hpp"
#include "synth/registration.hpp"
#include "synth/slots.hpp"

namespace joinedup::synth {

// A person's time on each list: every change of practice ends one and begins another.
std::vector<Registration> registrations_of(const World& world, const Block& block, const Person& person) {
  std::vector<Registration> list;
  if (person.residence == Residence::visitor) return list;
  const auto& addresses = block.households[static_cast<std::size_t>(person.household)].addresses;
  auto draw = random_for(world, person.id, Stream::registration);
  Registration now;
  now.practice = addresses.front().practice;
  now.from = std::max(person.birth, addresses.front().from);
  const auto close = [&](Date end) {
    now.until = end;
    now.guid_high = mix64(world.options.seed * 31 + list.size(), person.id);
    now.guid_low = mix64(now.guid_high, 11);
    list.push_back(now);
  };
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    const Address& address = addresses[i];
    if (address.practice == now.practice || address.from <= person.birth || address.from >= person.death) {
      if (address.from <= person.birth) now.practice = address.practice;
      continue;
    }
    const Date change = address.from + draw.between(5, 60);
    if (change >= person.death || change > world.options.data_to || change <= now.from) continue;
    close(change);
    now.practice = address.practice;
    now.from = change;
    now.until = never;
  }
  if (list.empty() && person.birth > world.data_from) now.from = person.birth + draw.between(3, 30);
  if (now.from >= person.death) now.from = person.birth;
  close(person.death);
  // Now and then a list forgets to take somebody off: two practices hold the person at once.
  if (list.size() > 1 && draw.chance(.04)) list.front().until = never;
  return list;
}

namespace {

std::string_view title_of(const Person& person, CounterRandom& draw) {
  if (person.sex == 1) return draw.chance(.97) ? "Mr" : "Dr";
  const double u = draw.uniform();
  return u < .42 ? "Mrs" : u < .72 ? "Miss" : u < .97 ? "Ms" : "Dr";
}

}  // namespace

void write_registrations(Writer& writer, const Person& person) {
  if (!writer.plan.wanted(t_patient)) return;
  const World& world = writer.world;
  const LocalRecord record = observe(world, person, Recorder::gp);
  Row row(writer.plan.layout(t_patient));
  auto draw = random_for(world, person.id, Stream::registration);
  const auto spans = registrations_of(world, writer.block, person);
  if (spans.empty()) return;
  writer.count_person(t_patient, record);
  for (const Registration& span : spans) {
    using namespace patient;
    const Practice& practice = world.geography.practices()[static_cast<std::size_t>(span.practice)];
    const Date last = std::min({span.until, person.death, world.options.data_to});
    const Address& address = recorded_address(writer.block, person, record, last);
    row.clear();
    row.set_guid(guid, span.guid_high, span.guid_low);
    row.set_guid(organisation, practice.guid_high, practice.guid_low);
    row.set(sex, record.sex == 0 ? "F" : record.sex == 1 ? "M" : "U");
    row.set_iso(birth, record.birth);
    if (person.death <= world.options.data_to && draw.chance(.96)) row.set_iso(death, person.death);
    row.set(title, title_of(person, draw));
    row.set(given, title_case(record.given));
    row.set(middle, title_case(record.middle));
    row.set(surname, title_case(record.surname));
    row.set_iso(registered, span.from);
    row.set(nhs, record.nhs_number);
    row.set(number, static_cast<std::int64_t>(record.local_id % 100000));
    row.set(type, "Regular");
    const bool flat = address.street % 9 == 0;
    if (flat) row.set(house, "Flat " + std::to_string(address.house % 20 + 1));
    row.set(street, std::to_string(address.house) + " " + std::string(world.geography.street(address.street)));
    row.set(town, world.geography.town(address.area));
    row.set(postcode, world.geography.postcode(address.area, address.postcode));
    row.set(nhs_status, record.nhs_fault == NhsFault::none ? "Number present and verified" : "Number not present and trace not required");
    if (span.until <= world.options.data_to) row.set_iso(deactivated, span.until);
    const bool is_deleted = draw.chance(.001);
    row.set(deleted, is_deleted ? "true" : "false");
    if (draw.chance(fault_rate(world.options, .0006))) {  // a row that no system should have let out
      row.set(registered, "31/02/2024");
      ++writer.out.faults[t_patient].bad_rows;
    }
    writer.put(t_patient, span.from, row);
    writer.truth(t_patient, row.get(guid), person.id);
    writer.count(t_patient, record, address, address_on(writer.block, person, last));
  }
}

void write_gp_static(Writer& writer) {
  if (!writer.plan.wanted(t_organisation)) return;
  Row row(writer.plan.layout(t_organisation));
  for (const Practice& practice : writer.world.geography.practices()) {
    row.set_guid(0, practice.guid_high, practice.guid_low);
    row.set(1, practice.name);
    row.set(2, practice.code);
    row.set(3, "GP Practice");
    writer.put(t_organisation, writer.world.options.data_to, row);
  }
}

}  // namespace joinedup::synth
