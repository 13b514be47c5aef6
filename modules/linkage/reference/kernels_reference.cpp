#include "linkage/reference/kernels_reference.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace joinedup::linkage::reference {

double jaro_similarity(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return 0;
  if (a.size() == 1 && b.size() == 1) return a == b;
  const int window = std::max(0, static_cast<int>(std::max(a.size(), b.size())) / 2 - 1);
  std::vector<bool> taken_a(a.size()), taken_b(b.size());
  for (int j = 0; j < static_cast<int>(b.size()); ++j)
    for (int i = std::max(0, j - window); i <= std::min(j + window, static_cast<int>(a.size()) - 1); ++i)
      if (!taken_a[static_cast<std::size_t>(i)] && a[static_cast<std::size_t>(i)] == b[static_cast<std::size_t>(j)]) {
        taken_a[static_cast<std::size_t>(i)] = taken_b[static_cast<std::size_t>(j)] = true;
        break;
      }
  std::string matched_a, matched_b;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (taken_a[i]) matched_a += a[i];
  for (std::size_t j = 0; j < b.size(); ++j)
    if (taken_b[j]) matched_b += b[j];
  if (matched_a.empty()) return 0;
  int out_of_order = 0;
  for (std::size_t i = 0; i < matched_a.size(); ++i) out_of_order += matched_a[i] != matched_b[i];
  const auto m = static_cast<double>(matched_a.size());
  return (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) + (m - out_of_order / 2) / m) / 3.0;
}

double jaro_winkler_similarity(std::string_view a, std::string_view b) {
  const double jaro = reference::jaro_similarity(a, b);
  if (jaro <= 0.7) return jaro;
  int prefix = 0;
  while (prefix < 4 && prefix < static_cast<int>(std::min(a.size(), b.size())) && a[static_cast<std::size_t>(prefix)] == b[static_cast<std::size_t>(prefix)]) ++prefix;
  return jaro + prefix * 0.1 * (1 - jaro);
}

std::int64_t levenshtein(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::int64_t>> table(a.size() + 1, std::vector<std::int64_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j)
      if (i == 0 || j == 0) table[i][j] = static_cast<std::int64_t>(i + j);
      else table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
  return table[a.size()][b.size()];
}

// Lowrance and Wagner 1975: the unrestricted distance by the full table and the last row of each byte.
std::int64_t damerau_levenshtein(std::string_view a, std::string_view b) {
  const auto far = static_cast<std::int64_t>(a.size() + b.size());
  std::vector<std::vector<std::int64_t>> table(a.size() + 2, std::vector<std::int64_t>(b.size() + 2, far));
  std::map<char, std::size_t> last_row;
  for (std::size_t i = 0; i <= a.size(); ++i) table[i + 1][1] = static_cast<std::int64_t>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) table[1][j + 1] = static_cast<std::int64_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t last_column = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t row = last_row.contains(b[j - 1]) ? last_row[b[j - 1]] : 0, column = last_column;
      const bool same = a[i - 1] == b[j - 1];
      if (same) last_column = j;
      table[i + 1][j + 1] = std::min({table[i][j] + !same, table[i + 1][j] + 1, table[i][j + 1] + 1,
                                      table[row][column] + static_cast<std::int64_t>(i - row - 1) + 1 + static_cast<std::int64_t>(j - column - 1)});
    }
    last_row[a[i - 1]] = i;
  }
  return table[a.size() + 1][b.size() + 1];
}

double jaccard(std::string_view a, std::string_view b) {
  const std::set<char> in_a(a.begin(), a.end()), in_b(b.begin(), b.end());
  std::set<char> both, either = in_a;
  for (const char c : in_b) either.insert(c), in_a.contains(c) ? void(both.insert(c)) : void();
  return either.empty() ? 0 : static_cast<double>(both.size()) / static_cast<double>(either.size());
}

}  // namespace joinedup::linkage::reference
