#include "disclosure/disclosure.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "base/text.hpp"

namespace joinedup::disclosure {
namespace {

std::int64_t rounded(std::int64_t value) { return (value + rounding_base / 2) / rounding_base * rounding_base; }
bool is_few(std::int64_t value) { return value > 0 && value < smallest_shown; }

// All cells, and which of them are kept back.
struct Grid {
  bool masked = false;
  std::vector<std::int64_t> value;
  std::vector<bool> back;
};

bool is_total(const Balance& line) { return line.make.size() == 1; }

// Keeps back the smallest neighbour in this line that is not zero; a total only as a last resort. True if there was one.
bool keep_another(Grid& grid, const Balance& line) {
  const std::size_t none = grid.value.size();
  std::size_t choice = none;
  const auto look = [&](const std::vector<std::size_t>& cells) {
    for (const auto cell : cells)
      if (!grid.back[cell] && grid.value[cell] != 0 && (choice == none || grid.value[cell] < grid.value[choice])) choice = cell;
  };
  look(line.these);
  if (!is_total(line) || choice == none) look(line.make);
  if (choice == none) return false;
  grid.back[choice] = true;
  return true;
}

// The usual rule of a total and its parts: what is kept back is never alone, and is 10 or more together. True if something changed.
bool cover(Grid& grid, const Balance& line) {
  if (!is_total(line)) return false;
  const bool total_shown = !grid.back[line.make[0]];
  std::size_t back = total_shown ? 0 : 1;
  std::int64_t sum_back = 0;
  for (const auto cell : line.these)
    if (grid.back[cell]) ++back, sum_back += grid.value[cell];
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

// Each cell of one side is what the other side comes to, less its neighbours.
bool narrow_side(std::vector<Range>& ranges, const std::vector<std::size_t>& side, const std::vector<std::size_t>& other_side) {
  bool changed = false;
  std::int64_t other_low = 0, other_high = 0;
  for (const auto cell : other_side) other_low += ranges[cell].low, other_high = std::min(unbounded, other_high + ranges[cell].high);
  for (const auto cell : side) {
    std::int64_t low = 0, high = 0;  // of the neighbours; summed afresh: an unbounded one must stay unbounded
    for (const auto neighbour : side)
      if (neighbour != cell) low += ranges[neighbour].low, high = std::min(unbounded, high + ranges[neighbour].high);
    changed = narrow(ranges[cell], other_low - high, other_high >= unbounded ? unbounded : other_high - low) || changed;
  }
  return changed;
}

std::vector<Range> what_is_known(const Grid& grid, const std::vector<Balance>& lines) {
  std::vector<Range> ranges;
  for (std::size_t cell = 0; cell < grid.value.size(); ++cell) {
    const auto value = grid.value[cell], round = rounded(value);
    if (grid.back[cell]) ranges.push_back(is_few(value) ? Range{1, smallest_shown - 1} : Range{grid.masked ? 1 : smallest_shown, unbounded});
    else if (value == 0) ranges.push_back({0, 0});
    else ranges.push_back({std::max(smallest_shown, round - rounding_base / 2), round + rounding_base / 2});
  }
  for (int pass = 0; pass < 100; ++pass) {
    bool changed = false;
    for (const auto& line : lines) {
      changed = narrow_side(ranges, line.make, line.these) || changed;
      changed = narrow_side(ranges, line.these, line.make) || changed;
    }
    if (!changed) break;
  }
  return ranges;
}

enum class Sums : std::uint8_t { of_totals, all };

// Does the sums as a reader would. A cell kept back that too few values would fit takes a neighbour with it: fewer than five by the
// totals of a table, fewer than three by whatever else is known to balance (a list that hardly changes says much about who came).
bool cover_what_sums_give_away(Grid& grid, const std::vector<Balance>& lines, Sums sums) {
  std::vector<Balance> totals;
  if (sums == Sums::of_totals)
    for (const auto& line : lines)
      if (is_total(line)) totals.push_back(line);
  const auto& used = sums == Sums::of_totals ? totals : lines;
  const auto ranges = what_is_known(grid, used);
  const std::int64_t least_width = sums == Sums::of_totals ? 4 : 2;
  bool covered = false;
  for (const auto& line : used)
    for (const auto* side : {&line.these, &line.make}) {
      const bool given_away = std::any_of(side->begin(), side->end(), [&](std::size_t cell) { return grid.back[cell] && ranges[cell].high - ranges[cell].low < least_width; });
      if (given_away && keep_another(grid, line)) {
        covered = true;
        break;
      }
    }
  return covered;
}

void keep_back(Grid& grid, const std::vector<Balance>& lines) {
  for (std::size_t cell = 0; cell < grid.value.size(); ++cell)
    if (is_few(grid.value[cell])) grid.back[cell] = true;
  const bool has_others = !std::all_of(lines.begin(), lines.end(), is_total);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& line : lines) changed = cover(grid, line) || changed;
    if (changed || std::find(grid.back.begin(), grid.back.end(), true) == grid.back.end()) continue;
    changed = cover_what_sums_give_away(grid, lines, Sums::of_totals) || (has_others && cover_what_sums_give_away(grid, lines, Sums::all));
  }
}

Count count_of(const Grid& grid, std::size_t cell) {
  if (!grid.back[cell]) return {rounded(grid.value[cell]), State::shown};
  return {0, is_few(grid.value[cell]) ? State::few : State::hidden};
}

// A table with its totals.
struct Table {
  std::size_t rows, columns;  // totals included
  bool total_row, total_column;
  Grid grid;
  std::size_t index(std::size_t row, std::size_t column) const { return row * columns + column; }
};

std::vector<Balance> lines_of(const Table& table) {
  std::vector<Balance> lines;
  if (table.total_column)
    for (std::size_t row = 0; row < table.rows; ++row) {
      Balance line;
      for (std::size_t column = 0; column + 1 < table.columns; ++column) line.these.push_back(table.index(row, column));
      line.make = {table.index(row, table.columns - 1)};
      lines.push_back(std::move(line));
    }
  if (table.total_row)
    for (std::size_t column = 0; column < table.columns; ++column) {
      Balance line;
      for (std::size_t row = 0; row + 1 < table.rows; ++row) line.these.push_back(table.index(row, column));
      line.make = {table.index(table.rows - 1, column)};
      lines.push_back(std::move(line));
    }
  return lines;
}

Table with_totals(const Counts& counts, Totals totals, const Mask& also_hide) {
  const std::size_t rows = counts.size(), columns = rows ? counts.front().size() : 0;
  Table table;
  table.total_row = totals == Totals::rows || totals == Totals::both;
  table.total_column = totals == Totals::columns || totals == Totals::both;
  table.rows = rows + table.total_row;
  table.columns = columns + table.total_column;
  auto& grid = table.grid;
  grid.masked = !also_hide.empty();
  grid.value.assign(table.rows * table.columns, 0);
  grid.back.assign(table.rows * table.columns, false);
  for (std::size_t row = 0; row < rows; ++row) {
    JOINEDUP_INVARIANT(counts[row].size() == columns, "every row of counts has the same length");
    for (std::size_t column = 0; column < columns; ++column) {
      const auto value = counts[row][column];
      JOINEDUP_INVARIANT(value >= 0, "a count is not negative");
      grid.value[table.index(row, column)] = value;
      if (table.total_column) grid.value[table.index(row, columns)] += value;
      if (table.total_row) grid.value[table.index(rows, column)] += value;
      if (table.total_row && table.total_column) grid.value[table.index(rows, columns)] += value;
    }
  }
  for (std::size_t row = 0; row < also_hide.size() && row < table.rows; ++row)
    for (std::size_t column = 0; column < also_hide[row].size() && column < table.columns; ++column)
      if (also_hide[row][column]) grid.back[table.index(row, column)] = grid.value[table.index(row, column)] > 0;
  return table;
}

}  // namespace

ProtectedCounts protect(const Counts& counts, Totals totals, const Mask& also_hide) {
  Table table = with_totals(counts, totals, also_hide);
  keep_back(table.grid, lines_of(table));
  ProtectedCounts shown(table.rows, table.columns);
  for (std::size_t row = 0; row < table.rows; ++row)
    for (std::size_t column = 0; column < table.columns; ++column) shown.at(row, column) = count_of(table.grid, table.index(row, column));
  return shown;
}

std::vector<Count> protect_cells(const std::vector<Cell>& cells, const std::vector<Balance>& balances) {
  Grid grid;
  for (const auto& cell : cells) {
    JOINEDUP_INVARIANT(cell.value >= 0, "a count is not negative");
    grid.masked = grid.masked || cell.rests_on_few;
    grid.value.push_back(cell.value);
    grid.back.push_back(cell.rests_on_few && cell.value > 0);
  }
  for (const auto& line : balances)
    for (const auto* side : {&line.these, &line.make})
      for (const auto cell : *side) JOINEDUP_INVARIANT(cell < cells.size(), "a balance names cells that are there");
  keep_back(grid, balances);
  std::vector<Count> shown;
  for (std::size_t cell = 0; cell < cells.size(); ++cell) shown.push_back(count_of(grid, cell));
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

}  // namespace joinedup::disclosure
