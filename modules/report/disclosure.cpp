#include "report/disclosure.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"

namespace joinedup::report {
namespace {

std::int64_t rounded(std::int64_t value) { return (value + rounding_base / 2) / rounding_base * rounding_base; }
bool is_few(std::int64_t value) { return value > 0 && value < smallest_shown; }

// The table with its totals, and which cells are kept back.
struct Grid {
  std::size_t rows, columns;  // totals included
  bool total_row, total_column, masked;
  std::vector<std::int64_t> value;
  std::vector<bool> back;
  std::size_t index(std::size_t row, std::size_t column) const { return row * columns + column; }
};

// A line of cells of which the last is the sum of the others.
using Line = std::vector<std::size_t>;

// Keeps back the smallest neighbour in this line that is not zero; the total only as a last resort. True if there was one.
bool keep_another(Grid& grid, const Line& line) {
  const std::size_t none = grid.value.size();
  std::size_t choice = none;
  for (const auto cell : line) {
    if (grid.back[cell] || grid.value[cell] == 0) continue;
    if (cell == line.back() && choice != none) continue;
    if (choice == none || grid.value[cell] < grid.value[choice]) choice = cell;
  }
  if (choice == none) return false;
  grid.back[choice] = true;
  return true;
}

// The usual rule: what is kept back in a line is never alone, and is 10 or more together. True if something changed.
bool cover(Grid& grid, const Line& line) {
  std::size_t back = 0;
  std::int64_t sum_back = 0;
  for (const auto cell : line)
    if (grid.back[cell]) {
      ++back;
      if (cell != line.back()) sum_back += grid.value[cell];
    }
  const bool total_shown = !grid.back[line.back()];
  const bool sum_gives_away = back > 0 && total_shown && sum_back < smallest_shown;
  return (back == 1 || sum_gives_away) && keep_another(grid, line);
}

// What a reader knows of a cell who knows the rule and does all the sums.
struct Range {
  std::int64_t low, high;
};
constexpr std::int64_t unbounded = std::int64_t{1} << 50;

bool narrow(Range& range, std::int64_t low, std::int64_t high) {
  const bool changed = low > range.low || high < range.high;
  range = {std::max(range.low, low), std::min(range.high, high)};
  return changed;
}

bool narrow_line(std::vector<Range>& ranges, const Line& line) {
  std::int64_t low = 0, high = 0;
  for (const auto cell : line)
    if (cell != line.back()) low += ranges[cell].low, high = std::min(unbounded, high + ranges[cell].high);
  auto& total = ranges[line.back()];
  bool changed = narrow(total, low, high);
  for (const auto cell : line) {
    if (cell == line.back()) continue;
    auto& range = ranges[cell];
    std::int64_t others_high = 0;  // summed afresh: an unbounded neighbour must stay unbounded
    for (const auto other : line)
      if (other != cell && other != line.back()) others_high = std::min(unbounded, others_high + ranges[other].high);
    changed = narrow(range, total.low - others_high, total.high - (low - range.low)) || changed;
    low = 0;
    for (const auto other : line)
      if (other != line.back()) low += ranges[other].low;
  }
  return changed;
}

// Does the sums as a reader would. A cell kept back that four values or fewer would fit takes a neighbour with it.
bool cover_what_sums_give_away(Grid& grid, const std::vector<Line>& lines) {
  std::vector<Range> ranges;
  for (std::size_t cell = 0; cell < grid.value.size(); ++cell) {
    const auto value = grid.value[cell], round = rounded(value);
    if (grid.back[cell]) ranges.push_back(is_few(value) ? Range{1, smallest_shown - 1} : Range{grid.masked ? 1 : smallest_shown, unbounded});
    else if (value == 0) ranges.push_back({0, 0});
    else ranges.push_back({std::max(smallest_shown, round - rounding_base / 2), round + rounding_base / 2});
  }
  for (int pass = 0; pass < 100; ++pass) {
    bool changed = false;
    for (const auto& line : lines) changed = narrow_line(ranges, line) || changed;
    if (!changed) break;
  }
  bool covered = false;
  for (const auto& line : lines)
    for (const auto cell : line)
      if (grid.back[cell] && ranges[cell].high - ranges[cell].low < 4 && keep_another(grid, line)) {
        covered = true;
        break;
      }
  return covered;
}

std::vector<Line> lines_of(const Grid& grid) {
  std::vector<Line> lines;
  if (grid.total_column)
    for (std::size_t row = 0; row < grid.rows; ++row) {
      Line line;
      for (std::size_t column = 0; column < grid.columns; ++column) line.push_back(grid.index(row, column));
      lines.push_back(line);
    }
  if (grid.total_row)
    for (std::size_t column = 0; column < grid.columns; ++column) {
      Line line;
      for (std::size_t row = 0; row < grid.rows; ++row) line.push_back(grid.index(row, column));
      lines.push_back(line);
    }
  return lines;
}

Grid with_totals(const Counts& counts, Totals totals, const Mask& also_hide) {
  const std::size_t rows = counts.size(), columns = rows ? counts.front().size() : 0;
  Grid grid;
  grid.total_row = totals == Totals::rows || totals == Totals::both;
  grid.total_column = totals == Totals::columns || totals == Totals::both;
  grid.masked = !also_hide.empty();
  grid.rows = rows + grid.total_row;
  grid.columns = columns + grid.total_column;
  grid.value.assign(grid.rows * grid.columns, 0);
  grid.back.assign(grid.rows * grid.columns, false);
  for (std::size_t row = 0; row < rows; ++row) {
    JOINEDUP_INVARIANT(counts[row].size() == columns, "every row of counts has the same length");
    for (std::size_t column = 0; column < columns; ++column) {
      const auto value = counts[row][column];
      JOINEDUP_INVARIANT(value >= 0, "a count is not negative");
      grid.value[grid.index(row, column)] = value;
      if (!also_hide.empty() && also_hide[row][column]) grid.back[grid.index(row, column)] = value > 0;
      if (grid.total_column) grid.value[grid.index(row, columns)] += value;
      if (grid.total_row) grid.value[grid.index(rows, column)] += value;
      if (grid.total_row && grid.total_column) grid.value[grid.index(rows, columns)] += value;
    }
  }
  return grid;
}

}  // namespace

ProtectedCounts protect(const Counts& counts, Totals totals, const Mask& also_hide) {
  Grid grid = with_totals(counts, totals, also_hide);
  for (std::size_t cell = 0; cell < grid.value.size(); ++cell)
    if (is_few(grid.value[cell])) grid.back[cell] = true;
  const auto lines = lines_of(grid);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& line : lines) changed = cover(grid, line) || changed;
    if (!changed && std::find(grid.back.begin(), grid.back.end(), true) != grid.back.end()) changed = cover_what_sums_give_away(grid, lines);
  }
  ProtectedCounts shown(grid.rows, grid.columns);
  for (std::size_t row = 0; row < grid.rows; ++row)
    for (std::size_t column = 0; column < grid.columns; ++column) {
      const auto cell = grid.index(row, column);
      auto& count = shown.at(row, column);
      if (!grid.back[cell]) count = {rounded(grid.value[cell]), State::shown};
      else count = {0, is_few(grid.value[cell]) ? State::few : State::hidden};
    }
  return shown;
}

std::vector<Count> protect_line(const std::vector<std::int64_t>& counts, const std::vector<bool>& also_hide) {
  const auto shown = protect({counts}, Totals::columns, also_hide.empty() ? Mask{} : Mask{also_hide});
  std::vector<Count> line;
  for (std::size_t column = 0; column < shown.columns(); ++column) line.push_back(shown.at(0, column));
  return line;
}

ProtectedCounts protect_rows(const Counts& fates) {
  const auto coarse = [](std::int64_t value) { return (value + 50) / 100 * 100; };
  const std::size_t columns = fates.empty() ? 0 : fates.front().size();
  ProtectedCounts shown(fates.size() + 1, columns + 1);
  std::vector<std::int64_t> total(columns + 1, 0);
  std::vector<bool> small(columns + 1, false);
  for (std::size_t row = 0; row < fates.size(); ++row) {
    const auto line = protect_line(fates[row]);
    std::int64_t sum = 0, largest = 0;
    for (const auto fate : fates[row]) sum += fate, largest = std::max(largest, fate);
    for (std::size_t column = 0; column <= columns; ++column) {
      const auto value = column < columns ? fates[row][column] : sum;
      total[column] += value;
      auto& count = shown.at(row, column);
      // Where the largest fate and the total are both coarse, their difference is known to within 100 only.
      if (largest < 1000) count = line[column];
      else count = value >= 1000 ? Count{coarse(value), State::shown} : protect_one(value);
      small[column] = small[column] || !count.is_shown();
    }
  }
  for (std::size_t column = 0; column <= columns; ++column) {
    auto& count = shown.at(fates.size(), column);
    if (total[column] >= 100) count = {coarse(total[column]), State::shown};
    else if (is_few(total[column])) count = {0, State::few};
    else count = small[column] ? Count{0, State::hidden} : Count{rounded(total[column]), State::shown};
  }
  return shown;
}

Count protect_one(std::int64_t count) {
  if (is_few(count)) return {0, State::few};
  return {rounded(count), State::shown};
}

std::string count_text(Count count) {
  if (count.state == State::few) return "fewer than " + std::to_string(smallest_shown);
  if (count.state == State::hidden) return "not shown";
  return with_commas(count.value);
}

std::string count_csv(Count count) { return count.is_shown() ? std::to_string(count.value) : count_text(count); }

}  // namespace joinedup::report
