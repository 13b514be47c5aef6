// Jaro (1989) and Winkler (1990). Matching characters are found greedily within a window; with at most 64 bytes a side the
// window, the free positions and the positions of a character are each one machine word.
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "linkage/kernels.hpp"

namespace joinedup::linkage {
namespace {

constexpr double boost_threshold = 0.7;  // Winkler's prefix bonus applies above this, as in DuckDB
constexpr double prefix_weight = 0.1;
constexpr std::size_t longest_prefix = 4;

double from_counts(std::size_t matches, std::size_t transposed, std::size_t length_a, std::size_t length_b) {
  const auto m = static_cast<double>(matches);
  double similarity = 0;
  similarity += m / static_cast<double>(length_a);
  similarity += m / static_cast<double>(length_b);
  similarity += (m - static_cast<double>(transposed / 2)) / m;
  return similarity / 3.0;
}

double jaro_short(std::string_view a, std::string_view b, std::size_t window) {
  static thread_local std::array<std::uint64_t, 256> positions{};
  for (std::size_t i = 0; i < a.size(); ++i) positions[static_cast<unsigned char>(a[i])] |= std::uint64_t{1} << i;
  std::uint64_t taken_a = 0, taken_b = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    const std::size_t low = j > window ? j - window : 0;
    const std::size_t high = std::min(j + window, a.size() - 1);
    if (low >= a.size()) break;
    const std::uint64_t mask = (~std::uint64_t{0} >> (63 - (high - low))) << low;
    const std::uint64_t found = positions[static_cast<unsigned char>(b[j])] & mask & ~taken_a;
    taken_a |= found & (0 - found);
    taken_b |= static_cast<std::uint64_t>(found != 0) << j;
  }
  const auto matches = static_cast<std::size_t>(std::popcount(taken_a));
  std::size_t transposed = 0;
  for (std::uint64_t left = taken_a, right = taken_b; left; left &= left - 1, right &= right - 1)
    transposed += a[static_cast<std::size_t>(std::countr_zero(left))] != b[static_cast<std::size_t>(std::countr_zero(right))];
  for (const char c : a) positions[static_cast<unsigned char>(c)] = 0;
  return matches ? from_counts(matches, transposed, a.size(), b.size()) : 0.0;
}

double jaro_long(std::string_view a, std::string_view b, std::size_t window) {
  std::vector<char> taken(a.size(), 0);
  std::string matched_b;
  for (std::size_t j = 0; j < b.size(); ++j) {
    const std::size_t low = j > window ? j - window : 0;
    const std::size_t high = std::min(j + window + 1, a.size());
    for (std::size_t i = low; i < high; ++i) {
      if (taken[i] || a[i] != b[j]) continue;
      taken[i] = 1;
      matched_b += b[j];
      break;
    }
  }
  std::size_t transposed = 0, at = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (taken[i]) transposed += a[i] != matched_b[at++];
  return at ? from_counts(at, transposed, a.size(), b.size()) : 0.0;
}

}  // namespace

double jaro_similarity(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return 0.0;  // also of two empty texts, as in DuckDB
  if (a.size() == 1 && b.size() == 1) return a[0] == b[0] ? 1.0 : 0.0;
  const std::size_t half = std::max(a.size(), b.size()) / 2;
  const std::size_t window = half > 0 ? half - 1 : 0;
  return a.size() <= 64 && b.size() <= 64 ? jaro_short(a, b, window) : jaro_long(a, b, window);
}

double jaro_winkler_similarity(std::string_view a, std::string_view b) {
  double similarity = jaro_similarity(a, b);
  if (similarity > boost_threshold) {
    std::size_t prefix = 0;
    const std::size_t limit = std::min({a.size(), b.size(), longest_prefix});
    while (prefix < limit && a[prefix] == b[prefix]) ++prefix;
    similarity += static_cast<double>(prefix) * prefix_weight * (1.0 - similarity);
  }
  return similarity;
}

}  // namespace joinedup::linkage
