// Levenshtein by Myers' bit vectors in Hyyrö's form (2003): one machine word holds a column of the table.
// Damerau–Levenshtein, unrestricted, by Zhao and Sahinalp's row form (2020): two rows and the last row of each byte.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <vector>

#include "linkage/kernels.hpp"

namespace joinedup::linkage {
namespace {

void strip_common(std::string_view& a, std::string_view& b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
}

std::int64_t levenshtein_short(std::string_view a, std::string_view b) {  // 1 ≤ a.size() ≤ 64
  static thread_local std::array<std::uint64_t, 256> positions{};
  for (std::size_t i = 0; i < a.size(); ++i) positions[static_cast<unsigned char>(a[i])] |= std::uint64_t{1} << i;
  std::uint64_t rises = ~std::uint64_t{0}, falls = 0;
  const std::uint64_t last = std::uint64_t{1} << (a.size() - 1);
  auto distance = static_cast<std::int64_t>(a.size());
  for (const char c : b) {
    const std::uint64_t match = positions[static_cast<unsigned char>(c)];
    const std::uint64_t diagonal = (((match & rises) + rises) ^ rises) | match | falls;
    std::uint64_t up = falls | ~(diagonal | rises);
    std::uint64_t down = rises & diagonal;
    distance += (up & last) != 0;
    distance -= (down & last) != 0;
    up = (up << 1) | 1;
    down <<= 1;
    rises = down | ~(diagonal | up);
    falls = up & diagonal;
  }
  for (const char c : a) positions[static_cast<unsigned char>(c)] = 0;
  return distance;
}

std::int64_t levenshtein_long(std::string_view a, std::string_view b) {
  std::vector<std::int64_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<std::int64_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::int64_t diagonal = row[0];
    row[0] = static_cast<std::int64_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::int64_t damerau(std::string_view a, std::string_view b) {
  const auto far = static_cast<std::int32_t>(std::max(a.size(), b.size()) + 1);
  static thread_local std::array<std::int32_t, 256> last_row;
  last_row.fill(-1);
  const std::size_t width = b.size() + 2;
  static thread_local std::vector<std::int32_t> rows, before, above;
  rows.assign(width, far);    // this row, written over the one above as it goes
  before.assign(width, far);  // value before the last match in its column: the transposition's start
  above.assign(width, far);   // the row above the row above
  for (std::size_t j = 1; j < width; ++j) rows[j] = static_cast<std::int32_t>(j - 1);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(rows, above);
    // rows: row i-2 (being overwritten); above: row i-1. Index j+1 holds column j, index 0 the border.
    std::int32_t last_column = -1;
    std::int32_t two_up_left = rows[1];
    rows[1] = static_cast<std::int32_t>(i);
    std::int32_t start = far;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int32_t substituted = above[j] + (a[i - 1] != b[j - 1]);
      std::int32_t value = std::min({substituted, rows[j] + 1, above[j + 1] + 1});
      if (a[i - 1] == b[j - 1]) {
        last_column = static_cast<std::int32_t>(j);
        before[j + 1] = j >= 2 ? above[j - 1] : far;  // row i-1, column j-2
        start = two_up_left;                          // row i-2, column j-1
      } else {
        const std::int32_t row_of_match = last_row[static_cast<unsigned char>(b[j - 1])];
        const auto column = static_cast<std::int32_t>(j), line = static_cast<std::int32_t>(i);
        if (column - last_column == 1 && last_column > 0) value = std::min(value, before[j + 1] + (line - row_of_match));
        else if (line - row_of_match == 1 && row_of_match > 0) value = std::min(value, start + (column - last_column));
      }
      two_up_left = rows[j + 1];
      rows[j + 1] = value;
    }
    last_row[static_cast<unsigned char>(a[i - 1])] = static_cast<std::int32_t>(i);
  }
  return rows[b.size() + 1];
}

}  // namespace

std::int64_t levenshtein(std::string_view a, std::string_view b) {
  strip_common(a, b);
  if (a.size() > b.size()) std::swap(a, b);
  if (a.empty()) return static_cast<std::int64_t>(b.size());
  return a.size() <= 64 ? levenshtein_short(a, b) : levenshtein_long(a, b);
}

std::int64_t levenshtein_within(std::string_view a, std::string_view b, std::int64_t limit) {
  const auto gap = std::abs(static_cast<std::int64_t>(a.size()) - static_cast<std::int64_t>(b.size()));
  return gap > limit ? gap : levenshtein(a, b);
}

std::int64_t damerau_levenshtein(std::string_view a, std::string_view b) {
  strip_common(a, b);
  if (a.empty() || b.empty()) return static_cast<std::int64_t>(std::max(a.size(), b.size()));
  return damerau(a, b);
}

std::int64_t damerau_levenshtein_within(std::string_view a, std::string_view b, std::int64_t limit) {
  strip_common(a, b);
  const auto gap = std::abs(static_cast<std::int64_t>(a.size()) - static_cast<std::int64_t>(b.size()));
  if (gap > limit) return gap;
  if (a.empty() || b.empty()) return static_cast<std::int64_t>(std::max(a.size(), b.size()));
  if (limit == 1 && a.size() != b.size()) return a.size() + b.size() == 1 ? 1 : 2;  // what is left must be one insertion
  if (limit == 1) {
    if (a.size() == 1) return 1;
    return a.size() == 2 && a[0] == b[1] && a[1] == b[0] ? 1 : 2;  // or one substitution, or one transposition
  }
  return damerau(a, b);
}

}  // namespace joinedup::linkage
