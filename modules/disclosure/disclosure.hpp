// disclosure: small numbers do not leave the house. Every count that a report or a team publishes goes through here first.
//
//   auto shown = protect({{4}, {120}, {63}}, Totals::rows);   // three groups and, as the last row, their total
//   shown.at(0, 0).state == State::few                        // 1 to 9: "fewer than 10"
//   shown.at(2, 0).state == State::hidden                     // or the 4 would follow from the total
//   shown.at(1, 0).value == 120                               // everything shown is rounded to 5
//
// The rule, its sources and a worked example are in docs/methods/small-numbers.md.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace joinedup::disclosure {

constexpr std::int64_t smallest_shown = 10;
constexpr std::int64_t rounding_base = 5;

enum class State : unsigned char {
  shown,   // zero, or 10 and more rounded to 5
  few,     // 1 to 9
  hidden   // 10 or more, or a count resting on fewer than 10 people; kept back so that no neighbour can be worked out
};

struct Count {
  std::int64_t value = 0;  // rounded; 0 unless shown
  State state = State::shown;
  bool is_shown() const { return state == State::shown; }
};

std::string count_text(Count count);  // "12,345", "fewer than 10", "not shown"
std::string count_csv(Count count);   // "12345", "fewer than 10", "not shown"

enum class Totals { none, rows, columns, both };  // rows: a last row holds each column's total; columns: a last column each row's

class ProtectedCounts {
 public:
  ProtectedCounts(std::size_t rows, std::size_t columns) : columns_(columns), cells_(rows * columns) {}
  Count& at(std::size_t row, std::size_t column) { return cells_[row * columns_ + column]; }
  const Count& at(std::size_t row, std::size_t column) const { return cells_[row * columns_ + column]; }
  std::size_t columns() const { return columns_; }
  std::size_t rows() const { return columns_ ? cells_.size() / columns_ : 0; }

 private:
  std::size_t columns_;
  std::vector<Count> cells_;
};

using Counts = std::vector<std::vector<std::int64_t>>;  // rows of equal length, without totals, none negative
using Mask = std::vector<std::vector<bool>>;            // same shape, or with the totals; true: the cell rests on too few people to be shown

// The counts with their totals, rounded, the small ones kept back and enough others that none can be worked out.
ProtectedCounts protect(const Counts& counts, Totals totals, const Mask& also_hide = {});

// One line of counts and their total, which is the last of the result.
std::vector<Count> protect_line(const std::vector<std::int64_t>& counts, const std::vector<bool>& also_hide = {});

// Cells that are joined otherwise than as one table: months, years, and what came and went between two days.
//
//   // on the list in May + started in June = on the list in June + finished in June
//   auto shown = protect_cells({{40}, {3}, {41}, {2}}, {{.these = {0, 1}, .make = {2, 3}}});
struct Cell {
  std::int64_t value = 0;      // not negative
  bool rests_on_few = false;   // however large, on fewer than ten people
};
// The sum of `these` is the sum of `make`; of a total and its parts `make` holds the total alone. Cells by their place in the list.
// Balances that follow from others are worth giving: the program does its sums line by line.
struct Balance {
  std::vector<std::size_t> these, make;
};
std::vector<Count> protect_cells(const std::vector<Cell>& cells, const std::vector<Balance>& balances);

// Rows of a feed and their fates: counts of 1,000 and more are rounded to 100, so that a small fate beside them stays unknown
// without anything else being kept back. The last of each line is its total; the last line is the total of all.
ProtectedCounts protect_rows(const Counts& fates);

// One count on its own.
Count protect_one(std::int64_t count);

}  // namespace joinedup::disclosure
