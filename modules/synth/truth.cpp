#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "synth/marginals.hpp"

namespace joinedup::synth {

void write_truth(Writer& writer, const Person& person, const Care& care) {
  const World& world = writer.world;
  const auto& geography = world.geography;
  const Date last = std::min(world.options.data_to, person.death);
  const Address& address = address_on(writer.block, person, last);
  const std::string id = std::to_string(person.id);
  std::string line = id + "," + std::to_string(person.nhs_number) + "," + person.birth.to_iso() + "," + (person.sex == 0 ? "F" : "M") + "," +
                     person.surname + "," + person.given + "," + person.middle + "," + person.birth_surname + "," +
                     geography.postcode(address.area, address.postcode) + "," + geography.areas()[static_cast<std::size_t>(address.area)].lsoa + "," +
                     std::to_string(person.decile) + "," + (person.residence == Residence::registered ? "true" : "false") + "," +
                     (person.death <= world.options.data_to ? person.death.to_iso() : "") + "," +
                     std::to_string(writer.block.number * people_per_block + static_cast<std::uint64_t>(person.household)) + "," +
                     (person.twin >= 0 ? std::to_string(writer.block.people[static_cast<std::size_t>(person.twin)].id) : "") + "\n";
  writer.out.truth_people.append(line);
  if (care.at_risk && person.residence == Residence::registered)
    writer.out.truth_risk.append(id + ",emergency_admission_in_last_12_months," + format_number(care.risk) + "\n");
  if (person.enrolled <= world.options.data_to)
    writer.out.truth_programmes.append("case_management," + id + "," + person.enrolled.to_iso() + "," + format_number(world.options.programme.effect) + "\n");
}

// Who objects to what; as real files do, it gives the number that the person has, not the one that a feed mistyped.
void write_objection(Writer& writer, const Person& person) {
  const World& world = writer.world;
  if (person.residence != Residence::registered || person.death <= world.options.data_to || person.birth > world.options.data_to) return;
  auto draw = random_for(world, person.id, Stream::objection);
  const bool finding = draw.chance(world.options.case_finding_objections), opt_out = draw.chance(world.options.national_opt_outs);
  const Date from = world.data_from - draw.between(30, 900);
  const std::string start = std::to_string(person.nhs_number) + ",", end = "," + from.to_iso() + ",\n";
  if (finding && person.age(world.options.data_to) >= 18) writer.out.objections.append(start + "case_finding" + end);
  if (opt_out) writer.out.objections.append(start + "national_data_opt_out" + end);
}

Result<void> write_identity_faults(const std::array<FaultCount, table_count>& faults, const std::string& path) {
  std::string text = "feed,table,measure,of,affected,total\n";
  for (std::size_t t = 0; t < table_count; ++t) {
    const FaultCount& f = faults[t];
    if (f.rows == 0) continue;
    const TableFile& file = table_file(static_cast<Table>(t));
    const auto line = [&](const char* measure, const char* of, std::uint64_t affected, std::uint64_t total) {
      text += std::string(file.feed) + "," + std::string(file.stem) + "," + measure + "," + of + "," + std::to_string(affected) + "," + std::to_string(total) + "\n";
    };
    line("nhs_number_missing", "rows", f.nhs_missing, f.rows);
    line("nhs_number_wrong", "rows", f.nhs_wrong, f.rows);
    line("birth_date_wrong", "rows", f.birth, f.rows);
    line("sex_missing", "rows", f.sex, f.rows);
    line("old_postcode", "rows", f.old_postcode, f.rows);
    line("bad_row", "rows", f.bad_rows, f.rows);
    line("duplicate_row", "rows", f.duplicates, f.rows);
    if (f.people > 0) line("name_wrong", "people", f.people_name_fault, f.people);
  }
  return write_file(path, text);
}

}  // namespace joinedup::synth
