// Small numbers: the attacker here knows the rule, the rounding and everything that is published, and still cannot tell.
#include "disclosure/disclosure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/random.hpp"
#include "disclosure/reference/solver.hpp"

namespace joinedup::disclosure {
namespace {

struct Range {
  std::int64_t low, high;
};

constexpr std::int64_t far = 1'000'000;

// What a reader knows of a cell before doing any sums.
Range known(const Count& count) {
  if (count.state == State::few) return {1, 9};
  if (count.state == State::hidden) return {10, far};  // no mask is used here
  if (count.value == 0) return {0, 0};
  return {std::max<std::int64_t>(10, count.value - 2), count.value + 2};
}

// Tightens every cell of a line whose last cell is the sum of the rest. True if a range became narrower.
bool tighten(std::vector<Range*>& line) {
  bool changed = false;
  std::int64_t low = 0, high = 0;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) low += line[i]->low, high += line[i]->high;
  Range& total = *line.back();
  const auto narrow = [&](Range& range, std::int64_t new_low, std::int64_t new_high) {
    if (new_low > range.low) range.low = new_low, changed = true;
    if (new_high < range.high) range.high = new_high, changed = true;
  };
  narrow(total, low, high);
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    Range& cell = *line[i];
    narrow(cell, total.low - (high - cell.high), total.high - (low - cell.low));
  }
  return changed;
}

// Interval propagation over all lines, to a fixed point.
std::vector<Range> attack(const ProtectedCounts& shown) {
  std::vector<Range> ranges;
  for (std::size_t row = 0; row < shown.rows(); ++row)
    for (std::size_t column = 0; column < shown.columns(); ++column) ranges.push_back(known(shown.at(row, column)));
  for (int pass = 0; pass < 500; ++pass) {
    bool changed = false;
    for (std::size_t row = 0; row < shown.rows(); ++row) {
      std::vector<Range*> line;
      for (std::size_t column = 0; column < shown.columns(); ++column) line.push_back(&ranges[row * shown.columns() + column]);
      changed = tighten(line) || changed;
    }
    for (std::size_t column = 0; column < shown.columns(); ++column) {
      std::vector<Range*> line;
      for (std::size_t row = 0; row < shown.rows(); ++row) line.push_back(&ranges[row * shown.columns() + column]);
      changed = tighten(line) || changed;
    }
    if (!changed) break;
  }
  return ranges;
}

}  // namespace

TEST(Disclosure, TheWorkedExampleOfTheMethodsPage) {
  const auto shown = protect({{4}, {120}, {63}}, Totals::rows);
  EXPECT_EQ(count_text(shown.at(0, 0)), "fewer than 10");
  EXPECT_EQ(count_text(shown.at(1, 0)), "120");
  EXPECT_EQ(count_text(shown.at(2, 0)), "not shown");
  EXPECT_EQ(count_text(shown.at(3, 0)), "185");
}

TEST(Disclosure, ZeroIsShownAndTenIsTheSmallestOther) {
  EXPECT_EQ(count_text(protect_one(0)), "0");
  EXPECT_EQ(count_text(protect_one(1)), "fewer than 10");
  EXPECT_EQ(count_text(protect_one(9)), "fewer than 10");
  EXPECT_EQ(count_text(protect_one(10)), "10");
  EXPECT_EQ(count_text(protect_one(12)), "10");
  EXPECT_EQ(count_text(protect_one(13)), "15");
  EXPECT_EQ(count_csv(protect_one(1234)), "1235");
}

TEST(Disclosure, TwoSmallCellsThatSumToUnderTenTakeAThirdWithThem) {
  const auto line = protect_line({1, 1, 40, 500});
  EXPECT_EQ(line[0].state, State::few);
  EXPECT_EQ(line[1].state, State::few);
  EXPECT_EQ(line[2].state, State::hidden) << "their sum, 2, would give both away";
  EXPECT_EQ(line[3].value, 500);
  EXPECT_EQ(line[4].value, 540);
}

TEST(Disclosure, ACountOnFewPeopleIsHiddenHoweverLarge) {
  const auto line = protect_line({300, 80, 45}, {false, true, false});
  EXPECT_EQ(line[1].state, State::hidden);
  EXPECT_EQ(line[2].state, State::hidden) << "or the 80 would follow by subtraction";
  EXPECT_TRUE(line[0].is_shown());
}

TEST(Disclosure, RowsOfALargeFeedAreCoarseSoThatAFewRejectedHideNothingElse) {
  const auto shown = protect_rows({{61236, 4, 0}, {300, 7, 60}});
  EXPECT_EQ(shown.at(0, 0).value, 61200);
  EXPECT_EQ(shown.at(0, 1).state, State::few);
  EXPECT_EQ(shown.at(0, 3).value, 61200);
  EXPECT_EQ(shown.at(1, 1).state, State::few);
  EXPECT_EQ(shown.at(1, 2).state, State::hidden) << "a small feed is not coarse: the usual rule holds";
  EXPECT_EQ(shown.at(2, 1).state, State::hidden) << "11 rejected in all: 4 and 7 would follow nearly";
  EXPECT_EQ(shown.at(2, 3).value, 61600);
}

// 4,000 random tables: no small number is shown, and what is kept back stays ambiguous to somebody who does all the sums.
TEST(Disclosure, NothingKeptBackCanBeWorkedOutBySubtraction) {
  int kept = 0, narrow = 0;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    CounterRandom draw(20240601, trial, 1);
    const std::size_t rows = 1 + draw.below(6), columns = 1 + draw.below(5);
    const int size = 1 + static_cast<int>(draw.below(4));  // from mostly tiny to mostly large
    Counts counts(rows, std::vector<std::int64_t>(columns));
    for (auto& row : counts)
      for (auto& cell : row)
        cell = draw.chance(0.15) ? 0 : static_cast<std::int64_t>(draw.exponential(size == 1 ? 5.0 : size == 2 ? 25.0 : size == 3 ? 200.0 : 5000.0));
    const auto shown = protect(counts, Totals::both);
    ASSERT_EQ(shown.rows(), rows + 1);
    for (std::size_t row = 0; row <= rows; ++row)
      for (std::size_t column = 0; column <= columns; ++column) {
        const auto& count = shown.at(row, column);
        if (count.is_shown()) { ASSERT_TRUE(count.value == 0 || count.value >= 10) << trial; }
      }
    if (rows < 2 || columns < 2) continue;  // a line of one cell equals its total: both are few or neither
    const auto ranges = attack(shown);
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t column = 0; column < columns; ++column) {
        if (shown.at(row, column).is_shown()) continue;
        const auto range = ranges[row * shown.columns() + column];
        ASSERT_LE(range.low, counts[row][column]) << "the attack itself must be sound, trial " << trial;
        ASSERT_GE(range.high, counts[row][column]) << "the attack itself must be sound, trial " << trial;
        narrow += range.high - range.low < 3;
        ++kept;
        ASSERT_GT(range.high, range.low) << "trial " << trial << " row " << row << " column " << column;
      }
  }
  EXPECT_GT(kept, 10000);
  EXPECT_LT(narrow * 1000, kept) << "where a whole table is kept back, nothing is left to take with it";
}

TEST(Disclosure, TwoOfNineAreNotSolvedFromTheirSumOfEighteen) {
  const auto line = protect_line({9, 9, 0, 0, 120});
  EXPECT_EQ(line[0].state, State::few);
  EXPECT_EQ(line[1].state, State::few);
  EXPECT_EQ(line[4].state, State::hidden) << "9 and 9 are the only two numbers under 10 that make 18";
  EXPECT_TRUE(line[5].is_shown());
  const auto alone = protect_line({9, 9});
  EXPECT_EQ(alone[2].state, State::hidden) << "nothing else is left but the total";
}

TEST(Disclosure, WhoCameAndWentBetweenTwoDaysDoesNotGiveAwayWhoWent) {
  // 33 + 13 = 37 + 9: shown as 35, 15 and 35, it could be nothing but 9.
  const auto shown = protect_cells({{33}, {13}, {37}, {9}}, {{.these = {0, 1}, .make = {2, 3}}});
  EXPECT_EQ(shown[3].state, State::few);
  EXPECT_EQ(shown[1].state, State::hidden) << "or the 9 would follow";
  EXPECT_EQ(shown[0].value, 35);
  EXPECT_EQ(shown[2].value, 35);
}

TEST(Disclosure, ATotalOnFewPeopleIsKeptBackToo) {
  const auto shown = protect({{40, 0}}, Totals::columns, {{true, false, true}});
  EXPECT_EQ(shown.at(0, 0).state, State::hidden);
  EXPECT_EQ(shown.at(0, 2).state, State::hidden);
}

namespace {

// A team's months as they are published: fifths and their total, months and their year, who came and went.
struct Months {
  std::vector<Cell> cells;
  std::vector<Balance> balances;
};
Months random_months(CounterRandom& draw) {
  const std::size_t groups = 2 + draw.below(2), months = 2;
  const double size = draw.chance(0.5) ? 6.0 : 20.0;
  Months out;
  const auto add = [&](std::int64_t value) { return out.cells.push_back({value}), out.cells.size() - 1; };
  const auto some = [&] { return draw.chance(0.2) ? std::int64_t{0} : static_cast<std::int64_t>(draw.exponential(size)); };
  std::vector<std::vector<std::size_t>> list(groups + 1), came(groups + 1), went(groups + 1);
  std::vector<std::int64_t> all_list(months + 1), all_came(months), all_went(months);
  for (std::size_t group = 0; group < groups; ++group) {
    auto now = some();
    list[group].push_back(add(now)), all_list[0] += now;
    for (std::size_t month = 0; month < months; ++month) {
      const auto more = some(), less = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(std::min<std::int64_t>(now + more, 12)) + 1));
      now += more - less;
      list[group].push_back(add(now)), came[group].push_back(add(more)), went[group].push_back(add(less));
      all_list[month + 1] += now, all_came[month] += more, all_went[month] += less;
    }
  }
  for (std::size_t month = 0; month <= months; ++month) list[groups].push_back(add(all_list[month]));
  for (std::size_t month = 0; month < months; ++month) came[groups].push_back(add(all_came[month])), went[groups].push_back(add(all_went[month]));
  for (const auto* measure : {&list, &came, &went})
    for (std::size_t month = 0; month < (*measure)[0].size(); ++month) {
      Balance line;
      for (std::size_t group = 0; group < groups; ++group) line.these.push_back((*measure)[group][month]);
      line.make = {(*measure)[groups][month]};
      out.balances.push_back(line);
    }
  std::vector<std::vector<std::size_t>> of_year(groups + 1);
  for (const auto* measure : {&came, &went}) {  // the year
    std::vector<std::size_t> years;
    for (const auto& one : *measure) {
      std::int64_t sum = 0;
      for (const auto cell : one) sum += out.cells[cell].value;
      years.push_back(add(sum));
      out.balances.push_back({one, {years.back()}});
    }
    const auto total = years.back();
    for (std::size_t group = 0; group <= groups; ++group) of_year[group].push_back(years[group]);
    years.pop_back();
    out.balances.push_back({years, {total}});
  }
  for (std::size_t group = 0; group <= groups; ++group) out.balances.push_back({{list[group].front(), of_year[group][0]}, {list[group].back(), of_year[group][1]}});
  for (std::size_t group = 0; group <= groups; ++group)
    for (std::size_t month = 0; month < months; ++month) out.balances.push_back({{list[group][month], came[group][month]}, {list[group][month + 1], went[group][month]}});
  return out;
}

}  // namespace

// Everything that a reader could work out, by trying every table that fits: each number kept back could be another one too.
TEST(Disclosure, NoNumberOfATeamsMonthsCanBeSolved) {
  std::size_t kept = 0, solved = 0, shown_cells = 0;
  const char* wanted = std::getenv("JOINEDUP_DISCLOSURE_TRIALS");
  const std::uint64_t trials = wanted == nullptr ? 400 : static_cast<std::uint64_t>(std::atoll(wanted));
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    CounterRandom draw(20261122, trial, 7);
    const auto months = random_months(draw);
    const auto shown = protect_cells(months.cells, months.balances);
    const reference::Solver solver(shown, months.balances);
    for (std::size_t cell = 0; cell < shown.size(); ++cell) {
      const auto truth = months.cells[cell].value;
      ASSERT_TRUE(solver.fits(cell, truth)) << "the solver itself must be sound, trial " << trial;
      if (shown[cell].is_shown()) {
        ASSERT_TRUE(truth == 0 || truth >= 10) << trial;
        ++shown_cells;
        continue;
      }
      ++kept;
      bool another = false;
      for (std::int64_t away = 1; away < 40 && !another; ++away) another = solver.fits(cell, truth + away) || solver.fits(cell, truth - away);
      solved += another ? 0U : 1U;
      std::string all;
      if (!another)
        for (const auto& line : months.balances)
          if (std::count(line.these.begin(), line.these.end(), cell) + std::count(line.make.begin(), line.make.end(), cell) > 0) {
            for (const auto* side : {&line.these, &line.make}) {
              for (const auto one : *side) all += " " + std::to_string(one) + ":" + std::to_string(months.cells[one].value) + "=" + count_csv(shown[one]);
              all += side == &line.these ? " |" : "\n";
            }
          }
      EXPECT_TRUE(another) << "trial " << trial << " cell " << cell << " is " << truth << "\n" << all;
    }
  }
  EXPECT_EQ(solved, 0U);
  EXPECT_GT(kept, 10 * trials);
  EXPECT_GT(shown_cells, 5 * trials);
}

}  // namespace joinedup::disclosure
