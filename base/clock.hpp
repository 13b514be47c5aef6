// The clock, in UTC: the day and the second that it is now. Where a result must not depend on the machine, pass a Date instead.
//
//   if (agreement.until < today()) …
//   row.bind(1, instant_now());      // "2026-01-31T09:30:00Z"
#pragma once
#include <string>

#include "base/date.hpp"

namespace joinedup {

Date today();
std::string instant_now();

}  // namespace joinedup
