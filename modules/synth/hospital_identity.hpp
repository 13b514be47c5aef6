// The columns by which the raw SUS files name a person; the three files call them by the same names.
#pragma once
#include "synth/output.hpp"

namespace joinedup::synth {

inline constexpr std::string_view hospital_providers[] = {"ZA1", "ZA2"};
inline constexpr std::string_view hospital_sites[] = {"ZA101", "ZA201"};

// Slot is the table's enumeration: local_id, local_organisation, nhs, nhs_status, birth, sex, ethnic, postcode, practice, provider, site.
template <class Slot>
void identify_patient(Row& row, Writer& writer, const Person& person, const LocalRecord& record, const Address& address, int provider, Date day) {
  row.set(Slot::local_id, static_cast<std::int64_t>(record.local_id));
  row.set(Slot::local_organisation, hospital_providers[provider]);
  row.set(Slot::nhs, record.nhs_number);
  row.set(Slot::nhs_status, record.nhs_fault == NhsFault::none ? "01" : record.nhs_fault == NhsFault::wrong ? "02" : "03");
  row.set_iso(Slot::birth, record.birth);
  row.set(Slot::sex, record.sex == 0 ? "2" : record.sex == 1 ? "1" : "0");
  row.set(Slot::ethnic, std::string_view(&person.ethnicity, 1));
  row.set(Slot::postcode, writer.world.geography.postcode(address.area, address.postcode));
  row.set(Slot::provider, hospital_providers[provider]);
  row.set(Slot::site, hospital_sites[provider]);
  if (person.residence == Residence::registered)
    row.set(Slot::practice, writer.world.geography.practices()[static_cast<std::size_t>(address_on(writer.block, person, day).practice)].code);
  else row.set(Slot::practice, "V81997");  // no registered practice
}

inline std::string clock_time(int minute) {
  std::string text = "00:00";
  text[0] = static_cast<char>('0' + minute / 600), text[1] = static_cast<char>('0' + minute / 60 % 10);
  text[3] = static_cast<char>('0' + minute % 60 / 10), text[4] = static_cast<char>('0' + minute % 10);
  return text;
}

}  // namespace joinedup::synth
