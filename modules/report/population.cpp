// Who lives here: age and sex, deprivation, ethnicity.
#include <algorithm>

#include "place/ethnic_group.hpp"
#include "report/sections.hpp"

namespace joinedup::report {
namespace {

std::string band_of_five(std::int64_t band) {
  if (band >= 18) return "90 and over";
  return std::to_string(band * 5) + "–" + std::to_string(band * 5 + 4);
}

Result<Count> add_age_sex(Context& context) {
  JOINEDUP_TRY(const auto found, context.query("sql/20_age_sex.sql"));
  Counts counts(19, std::vector<std::int64_t>(2, 0));
  std::int64_t people = 0, left_out = 0;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const auto band = found.integer(row, 0);
    const auto& sex = found.rows[row][1];
    const auto number = found.integer(row, 2);
    people += number;
    if (band >= 0 && (sex == "F" || sex == "M")) counts[static_cast<std::size_t>(band)][sex == "M"] += number;
    else left_out += number;  // too few to tell apart by age: a column of them would cost the reader many other cells
  }
  const auto shown = protect(counts, Totals::both);
  const auto all = protect_one(people), both = shown.at(19, 2);
  std::vector<PyramidRow> rows;
  DataTable table{"age_sex", "People living here by age and sex", {{"Age", "age", Align::text}, {"Women and girls", "female"}, {"Men and boys", "male"}, {"Both", "all"}}, {}, LastRow::total};
  for (std::size_t band = 0; band <= 19; ++band) {
    const auto label = band == 19 ? "All ages" : band_of_five(static_cast<std::int64_t>(band));
    table.rows.push_back({word_cell(label), count_cell(shown.at(band, 0)), count_cell(shown.at(band, 1)), count_cell(shown.at(band, 2))});
    if (band < 19)
      rows.insert(rows.begin(), {label, value_of(shown.at(band, 0)), value_of(shown.at(band, 1)), count_text(shown.at(band, 0)), count_text(shown.at(band, 1))});
  }
  std::vector<Count> bands;
  for (std::size_t band = 0; band < 19; ++band) bands.push_back(shown.at(band, 2));
  const auto young = sum_of({bands.begin(), bands.begin() + 4}), old = sum_of({bands.begin() + 13, bands.end()});
  Figure figure;
  figure.id = "age-sex";
  figure.heading = "Age and sex";
  if (const auto older = ratio(old, both), children = ratio(young, both); older && children)
    figure.finding = percent_text(*older) + " of the " + people_text(all) + " who live here are 65 or over, and " + percent_text(*children) + " are under 20.";
  figure.draw = [rows](const Frame& frame) { return pyramid_chart(frame, "Women and girls", "Men and boys", rows); };
  figure.alternative = "A population pyramid by five-year age band, women and girls on the left, men and boys on the right. " + figure.finding;
  if (left_out > 0) figure.note = "Left out: " + people_text(protect_one(left_out)) + " whose age is not recorded, or whose sex is not recorded as female or male.";
  figure.table = table;
  context.page.add(figure);
  return all;
}

Result<void> add_deprivation(Context& context) {
  JOINEDUP_TRY(const auto found, context.query("sql/21_deprivation.sql"));
  std::vector<std::int64_t> counts(11, 0);
  for (std::size_t row = 0; row < found.rows.size(); ++row) counts[static_cast<std::size_t>(found.integer(row, 0))] += found.integer(row, 1);
  const auto shown = protect_line(counts);
  std::vector<Bar> bars;
  DataTable table{"deprivation", "People living here by deprivation of their area", {{"Deprivation decile of England", "imd_decile", Align::text}, {"People", "people"}, {"Share", "share_percent"}}, {}, LastRow::total};
  for (std::size_t decile = 1; decile <= 11; ++decile) {
    const auto index = decile % 11;  // not known (0) comes last
    const auto count = shown[index];
    const auto label = decile == 11 ? std::string("Not known") : decile == 1 ? "1 most deprived" : decile == 10 ? "10 least deprived" : std::to_string(decile);
    const auto share = ratio(count, shown[11]);
    table.rows.push_back({{label, decile == 11 ? "not known" : std::to_string(decile)}, count_cell(count), share_cell(share)});
    if (decile < 11 || counts[0] > 0)
      bars.push_back({label, share, share ? percent_text(*share) : count_text(count), decile == 11 ? Tone::grey : decile <= 2 ? Tone::rust : Tone::navy});
  }
  table.rows.push_back({word_cell("All"), count_cell(shown[11]), share_cell(ratio(shown[11], shown[11]))});
  Figure figure;
  figure.id = "deprivation";
  figure.heading = "Deprivation";
  if (const auto share = ratio(sum_of({shown[1], shown[2]}), shown[11]))
    figure.finding = percent_text(*share) + " of people live in the most deprived fifth of England’s areas, where 20% of England’s people would be expected.";
  figure.wide_width = half;
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars, {.reference = 0.1, .reference_text = "England: 10% each"}); };
  figure.alternative = "Bars of the share of people in each deprivation decile. " + figure.finding;
  figure.table = table;
  context.page.add(figure);
  return {};
}

Result<void> add_ethnicity(Context& context) {
  JOINEDUP_TRY(const auto found, context.query("sql/22_ethnicity.sql"));
  std::map<std::string, std::int64_t> groups;
  std::int64_t unknown = 0;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    const auto group = place::ethnic_group(found.rows[row][0]);
    if (group == "Not known") unknown += found.integer(row, 1);
    else groups[group] += found.integer(row, 1);
  }
  std::vector<std::pair<std::string, std::int64_t>> ordered(groups.begin(), groups.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  ordered.emplace_back("Not known", unknown);
  std::vector<std::int64_t> counts;
  for (const auto& [group, count] : ordered) counts.push_back(count);
  const auto shown = protect_line(counts);
  std::vector<Bar> bars;
  DataTable table{"ethnicity", "People living here by ethnic group", {{"Ethnic group", "ethnic_group", Align::text}, {"People", "people"}, {"Share", "share_percent"}}, {}, LastRow::total};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const auto share = ratio(shown[i], shown.back());
    table.rows.push_back({word_cell(ordered[i].first), count_cell(shown[i]), share_cell(share)});
    bars.push_back({ordered[i].first, share, share ? percent_text(*share) : count_text(shown[i]), i + 1 == ordered.size() ? Tone::grey : Tone::navy});
  }
  table.rows.push_back({word_cell("All"), count_cell(shown.back()), share_cell(ratio(shown.back(), shown.back()))});
  Figure figure;
  figure.id = "ethnicity";
  figure.heading = "Ethnicity";
  if (const auto share = ratio(shown[ordered.size() - 1], shown.back()))
    figure.finding = *share == 0 ? "Ethnicity is recorded for everybody." : "Ethnicity is recorded for " + percent_text(1 - *share) + " of people, so comparisons by ethnic group leave out " + percent_text(*share) + ".";
  figure.wide_width = half;
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars); };
  figure.alternative = "Bars of the share of people in each ethnic group. " + figure.finding;
  figure.table = table;
  context.page.add(figure);
  return {};
}

}  // namespace

Result<void> add_population(Context& context, Headlines& headlines) {
  JOINEDUP_TRY(const auto people, add_age_sex(context));
  headlines.tiles.emplace_back(count_text(people), "people are registered with a practice here");
  context.page.add("<div class=\"pair\">");
  JOINEDUP_CHECK(add_deprivation(context));
  JOINEDUP_CHECK(add_ethnicity(context));
  context.page.add("</div>\n");
  return {};
}

}  // namespace joinedup::report
