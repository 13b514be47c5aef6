#include <array>
#include <bit>
#include <cstdint>

#include "linkage/kernels.hpp"

namespace joinedup::linkage {

double jaccard(std::string_view a, std::string_view b) {
  std::array<std::uint64_t, 4> in_a{}, in_b{};
  for (const char c : a) in_a[static_cast<unsigned char>(c) >> 6] |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63);
  for (const char c : b) in_b[static_cast<unsigned char>(c) >> 6] |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63);
  int both = 0, either = 0;
  for (std::size_t word = 0; word < 4; ++word) {
    both += std::popcount(in_a[word] & in_b[word]);
    either += std::popcount(in_a[word] | in_b[word]);
  }
  return either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either);
}

}  // namespace joinedup::linkage
