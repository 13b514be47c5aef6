// bounds: the most that a comparison can add to a pair's weight, from what is known so far about the two values.
#pragma once
#include <cstdint>
#include <limits>

#include "linkage/compiled.hpp"

namespace joinedup::linkage {

struct Known {  // about one comparison's single column
  enum Values : unsigned char { equal, both_null, left_null, right_null, different } values = different;
  bool dull = false;                 // no string comparison reaches its threshold
  std::uint32_t code = 0;            // of equal values
};

double most_frequency_part(const CompiledLevel& level, double unseen_log_frequency);  // whatever the values are
bool can_bound(const CompiledModel& compiled, const CompiledComparison& comparison);  // it reads one plain feature only
double most(const CompiledModel& compiled, const CompiledComparison& comparison, const Known& known);
double most(const CompiledModel& compiled, const CompiledComparison& comparison);     // nothing is known

}  // namespace joinedup::linkage
