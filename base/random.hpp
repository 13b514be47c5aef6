// Counter-based randomness: every draw is a pure function of (seed, key, stream, position), so that any person can be
// generated or simulated alone, in any order, on any number of threads, with the same result.
//
//   CounterRandom draw(seed, person, Stream::hospital);
//   double u = draw.uniform();        // in (0, 1)
#pragma once
#include <cmath>
#include <cstdint>

#include "base/hash.hpp"

namespace joinedup {

class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, std::uint64_t key, std::uint64_t stream)
      : state_(mix64(mix64(seed, key), stream)) {}
  std::uint64_t bits() { return mix64(state_, ++position_); }
  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1.0p-53; }
  bool chance(double probability) { return uniform() < probability; }
  std::uint64_t below(std::uint64_t limit) {  // limit > 0; bias under 2^-32 for the sizes used here
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits()) * limit) >> 64);
  }
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::uint64_t>(high - low) + 1)); }
  double exponential(double mean) { return -mean * std::log(uniform()); }
  double normal() {  // Box–Muller, one of the pair
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::uint64_t state_;
  std::uint64_t position_ = 0;
};

}  // namespace joinedup
