// What care people use and what it costs: by setting, by service line, by month.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/svg.hpp"

namespace joinedup::report {

std::vector<SettingWords> known_settings() {
  return {{"inpatient", "Hospital stays", "stays"},
          {"outpatient", "Outpatient clinics", "attendances"},
          {"emergency_department", "Emergency department", "attendances"},
          {"general_practice", "General practice", "contacts"},
          {"prescribing", "Prescriptions", "items"},
          {"community", "Community health", "contacts"},
          {"mental_health", "Mental health", "contacts"},
          {"social_care", "Social care", "days of care"},
          {"housing", "Housing", "events"},
          {"voluntary", "Voluntary sector", "contacts"},
          {"case_management", "Case management", "contacts and tasks"}};
}

SettingWords words_of(const std::string& setting) {
  for (const auto& known : known_settings())
    if (known.setting == setting) return known;
  return {setting, title_of(setting), "units"};
}

namespace {

struct SettingRow {
  SettingWords words;
  std::int64_t people = 0, units = 0, cost = 0;
};

// The settings that the year has, in the house's order, then any others.
std::vector<SettingRow> setting_rows(const engine::Table& found) {
  std::vector<SettingRow> rows;
  for (const auto& known : known_settings())
    for (std::size_t row = 0; row < found.rows.size(); ++row)
      if (found.rows[row][0] == known.setting) rows.push_back({known, found.integer(row, 1), found.integer(row, 2), found.integer(row, 3)});
  for (std::size_t row = 0; row < found.rows.size(); ++row)
    if (words_of(found.rows[row][0]).units == "units")
      rows.push_back({words_of(found.rows[row][0]), found.integer(row, 1), found.integer(row, 2), found.integer(row, 3)});
  return rows;
}

// Money is shown where ten people or more are behind it, and not where it would follow by subtraction from the total.
struct MoneyLine {
  std::vector<Value> parts;
  Value total;
};
MoneyLine protect_money(const std::vector<std::int64_t>& pence, const std::vector<std::int64_t>& people) {
  std::vector<std::int64_t> stand_in;  // the rule runs on people; a cell without cost hides nothing
  for (std::size_t i = 0; i < pence.size(); ++i) stand_in.push_back(pence[i] == 0 ? 0 : std::max<std::int64_t>(people[i], 1));
  const auto shown = protect_line(stand_in);
  MoneyLine line;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < pence.size(); ++i) {
    sum += pence[i];
    line.parts.push_back(shown[i].is_shown() ? Value(static_cast<double>(pence[i])) : std::nullopt);
  }
  line.total = shown.back().is_shown() ? Value(static_cast<double>(sum)) : std::nullopt;
  return line;
}

std::string caution(const ReportInputs& inputs, Value defaulted_share) {
  std::string list;
  for (const auto& price : inputs.prices)
    if (!price.note.empty()) list += "<li><strong>" + html_text(title_of(price.list)) + "</strong>: " + html_text(price.note) + "</li>";
  std::string html;
  if (!list.empty()) html += "<p>These price lists are illustrative, made up near the size of real prices. A place’s own list replaces each:</p><ul>" + list + "</ul>";
  if (defaulted_share)
    html += "<p>" + (*defaulted_share == 0 ? std::string("No cost rests on a defaulted value.")
                                           : percent_text(*defaulted_share) + " of all cost rests on a defaulted value: the record did not say what was done, "
                                             "how long it took or what it cost, so a usual value stands in. Each such row is marked in the warehouse.") + "</p>";
  return html.empty() ? "" : "<div class=\"caution\"><h3>Before you read the costs</h3>" + html + "</div>\n";
}

// A service line in words. BNF chapters as the British National Formulary heads them.
std::string service_line_words(const std::string& code) {
  static const std::map<std::string, std::string> words = {
      {"gp", "GP"}, {"nurse", "Practice nurse"}, {"hca", "Healthcare assistant"}, {"follow_up_attendance", "Follow-up attendance"},
      {"type_1_department", "Type 1: major department"}, {"type_2_department", "Type 2: single specialty"},
      {"type_3_department", "Type 3: urgent treatment"}, {"type_4_department", "Type 4: walk-in centre"},
      {"bnf_chapter_01", "Gastro-intestinal"}, {"bnf_chapter_02", "Cardiovascular"}, {"bnf_chapter_03", "Respiratory"},
      {"bnf_chapter_04", "Central nervous system"}, {"bnf_chapter_05", "Infections"}, {"bnf_chapter_06", "Endocrine"},
      {"bnf_chapter_07", "Obstetric and urinary"}, {"bnf_chapter_08", "Malignant disease, immunity"}, {"bnf_chapter_09", "Nutrition and blood"},
      {"bnf_chapter_10", "Muscles and joints"}, {"bnf_chapter_11", "Eye"}, {"bnf_chapter_12", "Ear, nose and throat"}, {"bnf_chapter_13", "Skin"},
      {"bnf_chapter_14", "Vaccines"}, {"bnf_chapter_15", "Anaesthesia"}};
  const auto found = words.find(code);
  return found == words.end() ? title_of(code) : found->second;
}

struct ServiceLine {
  std::string code, name;
  std::int64_t people, units, cost, defaulted;
};
using ServiceLines = std::map<std::string, std::vector<ServiceLine>>;  // by setting, costliest first

ServiceLines service_lines(const engine::Table& found) {
  ServiceLines lines;
  for (std::size_t row = 0; row < found.rows.size(); ++row)
    lines[found.rows[row][0]].push_back({found.rows[row][1], service_line_words(found.rows[row][1]), found.integer(row, 2), found.integer(row, 3), found.integer(row, 4), found.integer(row, 5)});
  return lines;
}

void add_settings(Context& context, Headlines& headlines, const std::vector<SettingRow>& rows) {
  std::vector<std::int64_t> pence, people;
  for (const auto& row : rows) pence.push_back(row.cost), people.push_back(row.people);
  const auto money = protect_money(pence, people);
  std::vector<Bar> bars;
  DataTable table{"cost_by_setting", "Use and cost by setting, " + context.year_text(), {{"Setting", "setting", Align::text}, {"People", "people"}, {"Activity", "units"}, {"Counted in", "unit", Align::text}, {"Cost", "cost_pounds"}, {"Share of cost", "share_percent"}, {"Cost per person seen", "cost_per_person_seen_pounds"}}, {}, LastRow::total};
  std::size_t first = 0;
  double hospital = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto seen = protect_one(row.people), units = row.people < smallest_shown && row.people > 0 ? Count{0, State::hidden} : protect_one(row.units);
    const Value share = money.parts[i] && money.total && *money.total > 0 ? Value(*money.parts[i] / *money.total) : std::nullopt;
    const Value each = money.parts[i] && seen.is_shown() && seen.value > 0 ? Value(*money.parts[i] / static_cast<double>(seen.value)) : std::nullopt;
    table.rows.push_back({{row.words.title, row.words.setting}, count_cell(seen), count_cell(units), word_cell(row.words.units), pounds_cell(money.parts[i]), share_cell(share), each_cell(each)});
    bars.push_back({row.words.title, money.parts[i], money.parts[i] ? pounds_text(*money.parts[i]) : "not shown", i < 3 ? Tone::navy : i < 5 ? Tone::teal : i < 7 ? Tone::ochre : i == 7 ? Tone::rust : Tone::plum});
    if (money.parts[i].value_or(0) > money.parts[first].value_or(0)) first = i;
    if (row.words.setting == "inpatient" || row.words.setting == "outpatient" || row.words.setting == "emergency_department") hospital += money.parts[i].value_or(0);
  }
  table.rows.push_back({word_cell("All"), word_cell(""), word_cell(""), word_cell(""), pounds_cell(money.total), share_cell(money.total ? Value(1.0) : std::nullopt), word_cell("")});
  Figure figure;
  figure.id = "setting";
  figure.heading = "Cost by setting, " + context.year_text();
  if (money.total && *money.total > 0)
    figure.finding = "Care cost " + pounds_text(*money.total) + ". Hospitals took " + percent_text(hospital / *money.total) + " of it; the largest single setting was " + lower_ascii(rows[first].words.title) + ", at " + pounds_text(money.parts[first].value_or(0)) + ".";
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars); };
  figure.alternative = "Bars of cost by setting. " + figure.finding;
  figure.note = "All people known to any partner, whether or not they are registered with a practice here.";
  figure.table = table;
  context.page.add(figure);
  headlines.tiles.emplace_back(money.total ? pounds_text(*money.total) : "not shown", "is what care cost in " + context.year_text());
}

void add_service_lines(Context& context, const std::vector<SettingRow>& settings, const ServiceLines& lines) {
  constexpr std::size_t most = 6;
  std::vector<Panel> panels;
  DataTable table{"cost_by_service_line", "Use and cost by setting and service line, " + context.year_text(), {{"Setting", "setting", Align::text}, {"Service line", "service_line", Align::text}, {"People", "people"}, {"Activity", "units"}, {"Cost", "cost_pounds"}}, {}};
  std::string finding;
  double largest = 0;
  for (const auto& setting : settings) {
    const auto at = lines.find(setting.words.setting);
    if (at == lines.end()) continue;
    std::vector<std::int64_t> pence, people, units;
    std::vector<bool> few;
    for (const auto& line : at->second) {
      pence.push_back(line.cost), people.push_back(line.people), units.push_back(line.units);
      few.push_back(line.people < smallest_shown);
    }
    const auto money = protect_money(pence, people);
    const auto activity = protect_line(units, few);
    std::vector<Bar> bars;
    double rest = 0;
    std::size_t others = 0;
    for (std::size_t i = 0; i < at->second.size(); ++i) {
      const auto& line = at->second[i];
      table.rows.push_back({{setting.words.title, setting.words.setting}, {line.name, line.code}, count_cell(protect_one(line.people)), count_cell(activity[i]), pounds_cell(money.parts[i])});
      if (i < most && money.parts[i]) bars.push_back({line.name, money.parts[i], pounds_text(*money.parts[i])});
      else rest += money.parts[i].value_or(0), ++others;
      if (money.parts[i].value_or(0) > largest) {
        largest = *money.parts[i];
        finding = "The costliest service line is “" + line.name + "”" + " (" + lower_ascii(setting.words.title) + "), at " + pounds_text(largest) + ".";
      }
    }
    if (rest > 0) bars.push_back({std::to_string(others) + (others == 1 ? " other" : " others"), rest, pounds_text(rest), Tone::grey});
    if (bars.empty() || !money.total || *money.total == 0) continue;
    panels.push_back({setting.words.title, money.total ? pounds_text(*money.total) : "",
                      bar_chart({"line-" + setting.words.setting, setting.words.title + " by service line", "Bars of cost by service line, the costliest first.", third}, bars)});
  }
  Figure figure;
  figure.id = "service-line";
  figure.heading = "Cost by service line, " + context.year_text();
  figure.finding = finding;
  figure.note = "Each panel has its own scale. Settings without a price are in the table only.";
  figure.table = table;
  context.page.add_panels(figure, panels);
}

}  // namespace

Result<void> add_cost(Context& context, Headlines& headlines) {
  JOINEDUP_TRY(const auto found, context.query("sql/30_setting.sql"));
  JOINEDUP_TRY(const auto found_lines, context.query("sql/31_service_line.sql"));
  const auto rows = setting_rows(found);
  const auto lines = service_lines(found_lines);
  double cost = 0, defaulted = 0;
  for (const auto& [setting, of_setting] : lines)
    for (const auto& line : of_setting) cost += static_cast<double>(line.cost), defaulted += static_cast<double>(line.defaulted);
  context.page.add(caution(context.inputs, cost > 0 ? Value(defaulted / cost) : std::nullopt));
  if (rows.empty()) {
    context.page.add("<p>The record holds no care in this period.</p>\n");
    return {};
  }
  add_settings(context, headlines, rows);
  add_service_lines(context, rows, lines);
  return {};
}

Result<void> add_trend(Context& context) {
  JOINEDUP_TRY(const auto found, context.query("sql/34_month.sql"));
  const auto from = context.options.data_from.civil(), to = context.options.data_to.civil();
  const auto first = from.year * 12 + from.month - 1;
  const auto months = static_cast<std::size_t>(to.year * 12 + to.month - 1 - first + 1);
  struct Line {
    std::vector<std::int64_t> units, people, cost;
  };
  std::map<std::string, Line> by_setting;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    auto& line = by_setting[found.rows[row][0]];
    if (line.units.empty()) line.units.resize(months), line.people.resize(months), line.cost.resize(months);
    const auto at = static_cast<std::size_t>(found.integer(row, 1) - first);
    line.people[at] = found.integer(row, 2), line.units[at] = found.integer(row, 3), line.cost[at] = found.integer(row, 4);
  }
  auto order = known_settings();
  for (const auto& [setting, line] : by_setting)
    if (words_of(setting).units == "units") order.push_back(words_of(setting));
  std::vector<std::string> labels, iso;
  for (std::size_t i = 0; i < months; ++i) {
    const auto number = first + static_cast<int>(i);
    labels.push_back(month_text(number / 12, number % 12 + 1));
    iso.push_back(make_date(number / 12, number % 12 + 1, 1)->to_iso().substr(0, 7));
  }
  std::vector<Panel> panels;
  DataTable table{"activity_by_month", "Activity and cost by setting and month", {{"Setting", "setting", Align::text}, {"Month", "month", Align::text}, {"Activity", "units"}, {"Cost", "cost_pounds"}}, {}};
  std::string most;
  double most_change = 0;
  for (const auto& words : order) {
    const auto at = by_setting.find(words.setting);
    if (at == by_setting.end()) continue;
    const auto& line = at->second;
    Series series{"", {}, Tone::navy};
    std::vector<Count> shown(months);
    std::vector<Value> money(months);
    // Protected in years that end with the data: the last one's total is published with the settings.
    for (std::size_t end = months; end > 0;) {
      const std::size_t begin = end > 12 ? end - 12 : 0;
      const auto part = [&](const std::vector<std::int64_t>& all) { return std::vector<std::int64_t>(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(end)); };
      std::vector<bool> few;
      for (std::size_t i = begin; i < end; ++i) few.push_back(line.people[i] < smallest_shown);
      const auto counts = protect_line(part(line.units), few);
      const auto pounds = protect_money(part(line.cost), part(line.people));
      for (std::size_t i = begin; i < end; ++i) shown[i] = counts[i - begin], money[i] = pounds.parts[i - begin];
      end = begin;
    }
    for (std::size_t i = 0; i < months; ++i) {
      series.values.push_back(value_of(shown[i]));
      table.rows.push_back({{words.title, words.setting}, {labels[i], iso[i]}, count_cell(shown[i]), pounds_cell(money[i])});
    }
    if (months >= 24) {  // the last twelve months against the twelve before
      const auto last = sum_of({shown.end() - 12, shown.end()}), before = sum_of({shown.end() - 24, shown.end() - 12});
      if (const auto change = ratio(last, before); change && std::abs(*change - 1) > std::abs(most_change)) {
        most_change = *change - 1;
        most = "Use changed most in “" + words.title + "”: " + words.units + (most_change > 0 ? " rose by " : " fell by ") + percent_text(std::abs(most_change)) + " on the year before.";
      }
    }
    panels.push_back({words.title, words.units + " a month", line_chart({"month-" + words.setting, words.title + " by month", "A line of " + words.units + " a month, " + labels.front() + " to " + labels.back() + ".", third}, {series}, {.labels = {labels.front(), labels.back()}})});
  }
  if (panels.empty()) return {};
  Figure figure;
  figure.id = "month";
  figure.heading = "Activity by month";
  figure.finding = most.empty() ? "Activity by month in each setting." : most;
  figure.note = "Each panel has its own scale, from zero.";
  figure.table = table;
  context.page.add_panels(figure, panels);
  return {};
}

}  // namespace joinedup::report
