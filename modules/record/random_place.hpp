// Door tables filled by counter-based SQL: the same on any machine, any size. For property tests and the benchmark.
#pragma once
#include <string>

namespace joinedup::record {

// Statements that fill an empty door (made by complete_door) with `people` people and one year of activity each, in the volumes
// a place has. `faults` is the share (percent) of odd rows: no person, deleted, duplicates, dates outside the period.
std::string random_door_sql(long people, int faults);

}  // namespace joinedup::record
