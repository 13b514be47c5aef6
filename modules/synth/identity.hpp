// What one partner's system holds about a person: mostly the truth, with the errors that such systems really have.
// The same partner makes the same error in all its rows; partners err apart from one another.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "synth/people.hpp"

namespace joinedup::synth {

struct ErrorRates {  // shares of that partner's records of people
  double nhs_missing, nhs_wrong;
  double name;          // any of the forms: typing, sound, short form, swapped, birth name, cut off
  double birth_date;    // day and month swapped, a year out, the first of January
  double sex_missing;
  double old_postcode;  // of people who moved: the partner never heard
};
ErrorRates error_rates(const World& world, Recorder recorder);

enum class NhsFault { none, missing, wrong };

struct LocalRecord {
  std::string nhs_number;  // ten digits, or empty
  NhsFault nhs_fault = NhsFault::none;
  Date birth;
  int sex = 0;             // 0 female, 1 male, 2 not recorded
  std::string given, middle, surname;  // upper case, UTF-8
  bool name_fault = false, birth_fault = false, sex_fault = false;
  bool keeps_old_address = false;
  std::uint64_t local_id = 0;
};
LocalRecord observe(const World& world, const Person& person, Recorder recorder);

// The address this record shows on a day: the one before the last move for those whose move was never told.
const Address& recorded_address(const Block& block, const Person& person, const LocalRecord& record, Date day);

}  // namespace joinedup::synth
