// Who the money is spent on: by age, by deprivation, and how concentrated it is.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/svg.hpp"

namespace joinedup::report {
namespace {

const std::vector<Segment>& segments() {
  static const std::vector<Segment> all = {{"Hospital", Tone::navy}, {"General practice and prescriptions", Tone::teal}, {"Community and mental health", Tone::ochre}, {"Social care", Tone::rust}, {"Housing, voluntary and other", Tone::plum}};
  return all;
}

std::size_t segment_of(const std::string& setting) {
  if (setting == "inpatient" || setting == "outpatient" || setting == "emergency_department") return 0;
  if (setting == "general_practice" || setting == "prescribing") return 1;
  if (setting == "community" || setting == "mental_health") return 2;
  if (setting == "social_care") return 3;
  return 4;
}

std::string band_of_ten(std::size_t band) {
  return band >= 9 ? "90 and over" : std::to_string(band * 10) + "–" + std::to_string(band * 10 + 9);
}

Result<void> add_age_cost(Context& context, Headlines& headlines) {
  JOINEDUP_TRY(const auto found, context.query("sql/32_age_cost.sql"));
  std::vector<std::int64_t> people(10, 0);
  std::vector<std::vector<double>> pence(10, std::vector<double>(5, 0));
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const auto band = static_cast<std::size_t>(found.integer(row, 0));
    people[band] = found.integer(row, 1);
    pence[band][segment_of(found.rows[row][2])] += found.number(row, 3);
  }
  const auto shown = protect_line(people);
  std::vector<StackedBar> bars;
  DataTable table{"cost_per_person_by_age", "Cost per person by age, " + context.year_text(), {{"Age", "age", Align::text}, {"People", "people"}}, {}};
  for (const auto& segment : segments()) table.columns.push_back({segment.name, lower_ascii(segment.name) + "_pounds_per_person"});
  for (auto& column : table.columns)
    for (char& c : column.csv_name)
      if (c == ' ' || c == ',') c = '_';
  table.columns.push_back({"All care", "all_pounds_per_person"});
  std::size_t dearest = 0;
  std::vector<double> each(10, 0);
  for (std::size_t band = 0; band < 10; ++band) {
    StackedBar bar{band_of_ten(band), {}, ""};
    std::vector<Cell> row = {word_cell(bar.label), count_cell(shown[band])};
    const bool enough = shown[band].is_shown() && shown[band].value > 0;
    for (std::size_t segment = 0; segment < 5; ++segment) {
      const Value value = enough ? Value(pence[band][segment] / static_cast<double>(shown[band].value)) : std::nullopt;
      bar.values.push_back(value);
      row.push_back(each_cell(value));
      each[band] += value.value_or(0);
    }
    row.push_back(each_cell(enough ? Value(each[band]) : std::nullopt));
    bar.text = enough ? each_text(each[band]) : shown[band].is_shown() ? "nobody" : "not shown";
    if (each[band] > each[dearest]) dearest = band;
    bars.push_back(bar);
    table.rows.push_back(row);
  }
  double all = 0;
  for (const auto& band : pence)
    for (const double cost : band) all += cost;
  if (shown.back().is_shown() && shown.back().value > 0)
    headlines.tiles.emplace_back(each_text(all / static_cast<double>(shown.back().value)), "is the average cost of a person’s care");
  Figure figure;
  figure.id = "age-cost";
  figure.heading = "Cost per person by age, " + context.year_text();
  const auto twenties = each[2];
  if (twenties > 0 && dearest != 2)
    figure.finding = "A person aged " + band_of_ten(dearest) + " cost " + each_text(each[dearest]) + " on average, " + decimals(each[dearest] / twenties, 1) + " times a person in their twenties.";
  figure.draw = [bars](const Frame& frame) { return stacked_bar_chart(frame, segments(), bars); };
  figure.alternative = "Stacked bars of the cost per person by ten-year age band and kind of care. " + figure.finding;
  figure.table = table;
  context.page.add(figure);
  return {};
}

Result<void> add_deprivation_cost(Context& context) {
  JOINEDUP_TRY(const auto found, context.query("sql/33_deprivation_cost.sql"));
  struct Cell2 {
    double people = 0, pence = 0;
  };
  std::vector<std::vector<Cell2>> cells(11, std::vector<Cell2>(10));
  std::vector<double> band_people(10, 0);
  std::vector<std::int64_t> people(11, 0);
  std::vector<double> pence(11, 0);
  double everybody = 0;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const auto decile = static_cast<std::size_t>(found.integer(row, 0)), band = static_cast<std::size_t>(found.integer(row, 1));
    cells[decile][band] = {found.number(row, 2), found.number(row, 3)};
    band_people[band] += found.number(row, 2), everybody += found.number(row, 2);
    people[decile] += found.integer(row, 2), pence[decile] += found.number(row, 3);
  }
  const auto shown = protect_line(people);
  const auto at_same_age = [&](std::size_t decile) -> Value {  // direct standardisation to the place's own ages
    double weights = 0, sum = 0;
    for (std::size_t band = 0; band < 10; ++band)
      if (cells[decile][band].people > 0) weights += band_people[band], sum += band_people[band] * cells[decile][band].pence / cells[decile][band].people;
    if (weights < 0.999 * everybody) return std::nullopt;  // an age band without people: no fair comparison
    return sum / weights;
  };
  std::vector<Bar> bars;
  DataTable table{"cost_per_person_by_deprivation", "Cost per person by deprivation, " + context.year_text(), {{"Deprivation decile of England", "imd_decile", Align::text}, {"People", "people"}, {"Cost per person", "cost_per_person_pounds"}, {"At the same ages", "age_standardised_pounds"}}, {}};
  std::vector<Value> standard(11);
  for (std::size_t i = 1; i <= 11; ++i) {
    const auto decile = i % 11;
    const bool enough = shown[decile].is_shown() && shown[decile].value > 0;
    const Value crude = enough ? Value(pence[decile] / static_cast<double>(shown[decile].value)) : std::nullopt;
    standard[decile] = enough ? at_same_age(decile) : std::nullopt;
    const auto label = i == 11 ? std::string("Not known") : i == 1 ? "1 most deprived" : i == 10 ? "10 least deprived" : std::to_string(i);
    table.rows.push_back({{label, i == 11 ? "not known" : std::to_string(i)}, count_cell(shown[decile]), each_cell(crude), each_cell(standard[decile])});
    if (i < 11) bars.push_back({label, standard[decile], standard[decile] ? each_text(*standard[decile]) : shown[decile].value == 0 && shown[decile].is_shown() ? "nobody" : "too few people", i <= 2 ? Tone::rust : Tone::navy});
  }
  Figure figure;
  figure.id = "deprivation-cost";
  figure.heading = "Cost per person by deprivation, at the same ages, " + context.year_text();
  if (standard[1] && standard[10] && *standard[10] > 0) {
    const auto more = *standard[1] / *standard[10] - 1;
    figure.finding = "Age for age, people in the most deprived tenth of areas cost " + (more >= 1 ? decimals(more + 1, 1) + " times as much as" : percent_text(std::abs(more)) + (more >= 0 ? " more than" : " less than")) + " those in the least deprived tenth.";
  }
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars); };
  figure.alternative = "Bars of the age-standardised cost per person by deprivation decile. " + figure.finding;
  figure.note = "Directly standardised by ten-year age band to the ages of this place, so that younger and older areas compare fairly.";
  figure.table = table;
  context.page.add(figure);
  return {};
}

// Cumulative shares at 0, 1, … 100% of people from the cheapest to the dearest, and what follows from them.
struct Concentration {
  std::vector<double> shares;
  double gini = 0, none = 0;
  double top(int percent) const { return 1 - shares[static_cast<std::size_t>(100 - percent)]; }
};

Concentration concentration(std::vector<std::int64_t> pence) {
  std::sort(pence.begin(), pence.end());
  const auto people = pence.size();
  double sum = 0, weighted = 0, zero = 0;
  std::vector<double> running(people + 1, 0);
  for (std::size_t i = 0; i < people; ++i) {
    const auto value = static_cast<double>(pence[i]);
    sum += value, weighted += value * static_cast<double>(i + 1), zero += value == 0;
    running[i + 1] = sum;
  }
  Concentration found;
  const auto n = static_cast<double>(people);
  for (int percent = 0; percent <= 100; ++percent) {  // a step that ends within a person takes that part of the person
    const double at = n * percent / 100;
    const auto whole = std::min(static_cast<std::size_t>(at), people);
    const double part = whole < people ? (at - static_cast<double>(whole)) * static_cast<double>(pence[whole]) : 0;
    found.shares.push_back(sum > 0 ? (running[whole] + part) / sum : 0);
  }
  found.gini = sum > 0 ? 2 * weighted / (n * sum) - (n + 1) / n : 0;
  found.none = zero / n;
  return found;
}

}  // namespace

Result<void> add_groups(Context& context, Headlines& headlines) {
  JOINEDUP_CHECK(add_age_cost(context, headlines));
  return add_deprivation_cost(context);
}

Result<void> add_concentration(Context& context, Headlines& headlines) {
  std::vector<std::int64_t> all, hospital;
  JOINEDUP_CHECK(context.connection.scan(context.sql("sql/40_person_cost.sql"), [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) all.push_back(batch.integer(0, row)), hospital.push_back(batch.integer(1, row));
    return {};
  }));
  if (all.size() < 100 * static_cast<std::size_t>(smallest_shown)) {
    context.page.add("<p>How concentrated costs are is not shown: one in a hundred of these people is fewer than 10 people.</p>\n");
    return {};
  }
  const auto total = concentration(std::move(all)), stays = concentration(std::move(hospital));
  if (total.shares.back() == 0) return {};
  headlines.tiles.emplace_back(percent_text(total.top(5)), "of all cost is for the costliest 5% of people");
  DataTable curve{"concentration", "Cumulative share of cost, people ordered from the least to the most costly, " + context.year_text(), {{"Share of people", "people_percent"}, {"Share of all cost", "all_cost_percent"}, {"Share of hospital cost", "hospital_cost_percent"}}, {}};
  for (std::size_t percent = 0; percent <= 100; ++percent)
    curve.rows.push_back({share_cell(static_cast<double>(percent) / 100), share_cell(total.shares[percent]), share_cell(stays.shares[percent])});
  Figure lorenz;
  lorenz.id = "lorenz";
  lorenz.heading = "How concentrated cost is, " + context.year_text();
  lorenz.finding = "The costliest 1% of people account for " + percent_text(total.top(1)) + " of all cost and the costliest 5% for " + percent_text(total.top(5)) + ". Of hospital cost alone, the costliest 1% account for " + percent_text(stays.top(1)) + ".";
  lorenz.wide_width = half;
  lorenz.draw = [total, stays](const Frame& frame) {
    return lorenz_chart(frame, {{"All care", total.shares, Tone::navy}, {"Hospital", stays.shares, Tone::rust}}, "Share of people, least to most costly", "Share of cost");
  };
  lorenz.alternative = "Lorenz curves of all cost and of hospital cost, far below the line of equality. " + lorenz.finding;
  lorenz.note = "Gini coefficient: " + decimals(total.gini, 2) + " for all care, " + decimals(stays.gini, 2) + " for hospital care (0: everybody costs the same; 1: one person costs everything). " + percent_text(total.none) + " of people had no cost in the year.";
  lorenz.table = curve;
  DataTable tops{"concentration_top", "Share of cost for the costliest people, " + context.year_text(), {{"Costliest", "costliest_percent", Align::text}, {"All cost", "all_cost_percent"}, {"Hospital cost", "hospital_cost_percent"}}, {}};
  std::vector<Bar> bars;
  for (const int percent : {1, 5, 10, 20}) {
    tops.rows.push_back({{std::to_string(percent) + "% of people", std::to_string(percent)}, share_cell(total.top(percent)), share_cell(stays.top(percent))});
    bars.push_back({percent == 1 ? "Costliest 1%: all care" : std::to_string(percent) + "%: all care", total.top(percent), percent_text(total.top(percent)), Tone::navy});
    bars.push_back({"hospital", stays.top(percent), percent_text(stays.top(percent)), Tone::rust});
  }
  Figure top;
  top.id = "top";
  top.heading = "The costliest people’s share of cost";
  top.finding = "Half of all cost is for the costliest " + [&] {
    for (int percent = 1; percent <= 100; ++percent)
      if (total.top(percent) >= 0.5) return std::to_string(percent);
    return std::string("100");
  }() + "% of people.";
  top.wide_width = half;
  top.draw = [bars](const Frame& frame) { return bar_chart(frame, bars, {.maximum = 1.0}); };
  top.alternative = "Bars of the share of all cost and of hospital cost for the costliest 1%, 5%, 10% and 20% of people. " + top.finding;
  top.note = "The costliest people of one year are not all the costliest of the next: some recover and some die.";
  top.table = tops;
  context.page.add("<div class=\"pair\">");
  context.page.add(lorenz);
  context.page.add(top);
  context.page.add("</div>\n");
  return {};
}

}  // namespace joinedup::report
