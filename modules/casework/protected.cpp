// Which of a team's numbers may leave: all of them at once, since months, years, fifths and measures add up to each other.
#include <cmath>
#include <memory>

#include "casework/published.hpp"

namespace joinedup::casework {

namespace {

using disclosure::Balance;
using disclosure::Cell;
using disclosure::Count;
using disclosure::State;

constexpr std::size_t all = fifths, columns = fifths + 1;
using Column = std::array<std::size_t, columns>;  // cells of one month or year, by fifth and, last, of all

struct Year {
  std::string name;  // of its last month
  std::size_t first, last;
};

// April to March, all of whose months are there: one that is over does not change with the day of publication.
std::vector<Year> years_of(const TeamMonths& months) {
  std::vector<Year> out;
  for (std::size_t m = 0; m + 11 < months.months.size(); ++m)
    if (months.months[m].from.civil().month == 4) out.push_back({months.months[m + 11].name, m, m + 11});
  return out;
}

// What is counted: all values, those that are 1 (done), those that are 0, or how many there are.
enum class Counting : std::uint8_t { sum, done, not_done, number };

// Measures that add up to each other. Of counts of people nothing rests on fewer people than it says.
enum class Of : std::uint8_t { people, events };

class Cells {
 public:
  Cells(const TeamMonths& months, Of of) : months_(months), of_(of), years_(years_of(months)) {}

  struct Placed {
    std::vector<Column> months, years;
  };
  Placed place(Measured measure, Counting counting) {
    const auto& series = months_.series[measure];
    Placed out;
    for (std::size_t m = 0; m < months_.months.size(); ++m) out.months.push_back(column(series, counting, m, m));
    for (const auto& year : years_) {
      out.years.push_back(column(series, counting, year.first, year.last));
      for (std::size_t f = 0; f < columns; ++f) {
        Balance sum;
        for (auto m = year.first; m <= year.last; ++m) sum.these.push_back(out.months[m][f]);
        sum.make = {out.years.back()[f]};
        balances_.push_back(std::move(sum));
      }
    }
    return out;
  }
  // What two measures come to is what two others come to, where it does: not where a case was closed otherwise than by finishing.
  void balance(std::vector<std::size_t> these, std::vector<std::size_t> make) {
    std::int64_t left = 0, right = 0;
    for (const auto cell : these) left += cells_[cell].value;
    for (const auto cell : make) right += cells_[cell].value;
    if (left == right) balances_.push_back({std::move(these), std::move(make)});
  }
  void protect() { shown_ = disclosure::protect_cells(cells_, balances_); }
  const Count& shown(std::size_t cell) const { return shown_[cell]; }

 private:
  Column column(const Series& series, Counting counting, std::size_t first, std::size_t last) {
    Column out{};
    std::int64_t total = 0;
    std::set<std::string> everybody;
    Balance sum;
    for (std::size_t f = 0; f < fifths; ++f) {
      std::int64_t count = 0;
      std::set<std::string> people;
      for (auto m = first; m <= last; ++m) {
        for (const double value : series.values[f][m])
          count += counting == Counting::sum ? std::llround(value) : counting == Counting::number || (value > 0) == (counting == Counting::done) ? 1 : 0;
        people.insert(series.people[f][m].begin(), series.people[f][m].end());
      }
      total += count;
      everybody.insert(people.begin(), people.end());
      out[f] = add(count, people.size());
      sum.these.push_back(out[f]);
    }
    out[all] = add(total, everybody.size());
    sum.make = {out[all]};
    balances_.push_back(std::move(sum));
    return out;
  }
  std::size_t add(std::int64_t value, std::size_t people) {
    cells_.push_back({value, of_ == Of::events && value > 0 && people < static_cast<std::size_t>(disclosure::smallest_shown)});
    return cells_.size() - 1;
  }

  const TeamMonths& months_;
  Of of_;
  std::vector<Year> years_;
  std::vector<Cell> cells_;
  std::vector<Balance> balances_;
  std::vector<Count> shown_;
};

PublishedValue value_of(const Count& count) {
  if (count.is_shown()) return {State::shown, static_cast<double>(count.value)};
  return {count.state, std::nullopt};
}

// From counts as they are published, so that it tells no more than they do.
PublishedValue share_of(const Count& done, const Count& due) {
  if (due.is_shown() && due.value == 0) return {State::shown, std::nullopt};
  if (!done.is_shown() || !due.is_shown()) return {due.state == State::few ? State::few : State::hidden, std::nullopt};
  return {State::shown, std::min(100.0, std::round(1000.0 * static_cast<double>(done.value) / static_cast<double>(due.value)) / 10), due.value};
}

}  // namespace

std::vector<PublishedMeasure> protect_team(const TeamMonths& months) {
  const auto count = months.months.size();
  const auto years = years_of(months);
  Cells people(months, Of::people), decided(months, Of::events);
  std::vector<std::unique_ptr<Cells>> events;
  std::array<const Cells*, measured> in{};
  std::array<Cells::Placed, measured> placed;
  for (const auto measure : {caseload, starts, ends}) placed[measure] = people.place(measure, Counting::sum), in[measure] = &people;
  placed[waits] = people.place(waits, Counting::number), in[waits] = &people;
  for (const auto measure : {reviews_overdue, contacts, admissions, bed_days}) {
    events.push_back(std::make_unique<Cells>(months, Of::events));
    placed[measure] = events.back()->place(measure, Counting::sum), in[measure] = events.back().get();
    events.back()->protect();
  }
  placed[decisions] = decided.place(decisions, Counting::number), in[decisions] = &decided;
  const auto done = decided.place(decisions, Counting::done), not_done = decided.place(decisions, Counting::not_done);
  // On the list at the end of one month, and who started, are those on the list at the end of a later one, and who finished.
  const auto came_and_went = [&](std::size_t f, std::size_t before, std::size_t after) {
    std::vector<std::size_t> these{placed[caseload].months[before][f]}, make{placed[caseload].months[after][f]};
    for (auto m = before + 1; m <= after; ++m) these.push_back(placed[starts].months[m][f]), make.push_back(placed[ends].months[m][f]);
    people.balance(std::move(these), std::move(make));
  };
  for (std::size_t f = 0; f < columns; ++f) {
    for (std::size_t m = 0; m < count; ++m) {
      for (std::size_t span = 1; span <= 3 && span <= m; ++span) came_and_went(f, m - span, m);
      decided.balance({done.months[m][f], not_done.months[m][f]}, {placed[decisions].months[m][f]});
    }
    for (std::size_t y = 0; y < years.size(); ++y) {
      const auto& year = years[y];
      if (year.first > 0) people.balance({placed[caseload].months[year.first - 1][f], placed[starts].years[y][f]}, {placed[caseload].months[year.last][f], placed[ends].years[y][f]});
    }
    for (std::size_t y = 0; y < years.size(); ++y) decided.balance({done.years[y][f], not_done.years[y][f]}, {placed[decisions].years[y][f]});
  }
  people.protect(), decided.protect();

  // The middle wait of at least ten, rounded to whole days; of a year it is made afresh.
  const auto middle = [&](std::size_t f, std::size_t first, std::size_t last, const Count& of) -> PublishedValue {
    if (!of.is_shown()) return {State::hidden, std::nullopt};
    std::vector<double> days;
    for (auto m = first; m <= last; ++m)
      for (std::size_t fifth = f == all ? 0 : f; fifth < (f == all ? std::size_t{fifths} : f + 1); ++fifth)
        days.insert(days.end(), months.series[waits].values[fifth][m].begin(), months.series[waits].values[fifth][m].end());
    if (days.empty()) return {State::shown, std::nullopt};
    return {State::shown, std::round(median_of(std::move(days)))};
  };
  std::vector<PublishedMeasure> out;
  for (std::size_t which = 0; which < measured; ++which) {
    PublishedMeasure one{static_cast<Measured>(which), {}};
    const auto row = [&](const std::string& name, std::size_t first, std::size_t last, const Column& at, const Column* at_done) {
      PublishedRow made{name, first != last, {}};
      for (std::size_t f = 0; f < columns; ++f) {
        const auto& counted = in[which]->shown(at[f]);
        if (which == waits) made.by[f] = middle(f, first, last, counted);
        else if (which == decisions) made.by[f] = share_of(decided.shown((*at_done)[f]), counted);
        else made.by[f] = value_of(counted);
      }
      one.rows.push_back(std::move(made));
    };
    for (std::size_t m = 0; m < count; ++m) row(months.months[m].name, m, m, placed[which].months[m], &done.months[m]);
    for (std::size_t y = 0; y < years.size(); ++y) row(years[y].name, years[y].first, years[y].last, placed[which].years[y], &done.years[y]);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace joinedup::casework
