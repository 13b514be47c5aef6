// Time on practices' lists, which GP events refer to by PatientGuid.
#pragma once
#include <vector>

#include "synth/people.hpp"

namespace joinedup::synth {

struct Registration {
  int practice = 0;
  Date from, until = never;  // until: the day taken off the list
  std::uint64_t guid_high = 0, guid_low = 0;
};
std::vector<Registration> registrations_of(const World& world, const Block& block, const Person& person);

}  // namespace joinedup::synth
