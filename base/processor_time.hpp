// What work costs, for benchmarks: processor time, which a busy machine neither flatters nor blames.
//
//   const double from = processor_seconds();
//   work();
//   print(processor_seconds() - from);
#pragma once
#include <ctime>

namespace joinedup {

inline double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
inline double processor_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }        // of all threads of this process
inline double thread_processor_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }  // of this thread

}  // namespace joinedup
