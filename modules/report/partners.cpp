// How far services know the same people: how many partners know each person, and which together.
#include <algorithm>

#include "base/text.hpp"
#include "report/sections.hpp"

namespace joinedup::report {
namespace {

const std::vector<std::string>& partner_names() {
  static const std::vector<std::string> names = {"General practice", "Hospital", "Community", "Mental health", "Social care", "Housing", "Voluntary"};
  return names;
}

struct Group {
  std::vector<bool> members;
  std::int64_t people = 0;
  std::size_t partners() const { return static_cast<std::size_t>(std::count(members.begin(), members.end(), true)); }
  std::string words() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < members.size(); ++i)
      if (members[i]) names.push_back(i ? lower_ascii(partner_names()[i]) : partner_names()[i]);
    return names.empty() ? "No partner" : list_words(names);
  }
};

void add_number_of_partners(Context& context, Headlines& headlines, const std::vector<Group>& groups) {
  std::vector<std::int64_t> counts(8, 0);
  for (const auto& group : groups) counts[group.partners()] += group.people;
  const auto shown = protect_line(counts);
  const auto fewer = ratio(sum_of({shown[0], shown[1]}), shown[8]);
  const double several = fewer ? 1 - *fewer : -1;
  std::vector<Bar> bars;
  DataTable table{"partners_known", "People living here by how many partners know them", {{"Known to", "partners", Align::text}, {"People", "people"}, {"Share", "share_percent"}}, {}, LastRow::total};
  for (std::size_t number = 0; number < 8; ++number) {
    const auto label = number == 0 ? std::string("No partner") : std::to_string(number) + (number == 1 ? " partner" : " partners");
    const auto share = ratio(shown[number], shown[8]);
    table.rows.push_back({{label, std::to_string(number)}, count_cell(shown[number]), share_cell(share)});
    if ((number == 0 || number > 4) && counts[number] == 0) continue;
    bars.push_back({label, value_of(shown[number]), shown[number].is_shown() ? count_text(shown[number]) + (share ? "  (" + percent_text(*share) + ")" : "") : count_text(shown[number]), number < 2 ? Tone::grey : Tone::navy});
  }
  table.rows.push_back({{"All", "all"}, count_cell(shown[8]), share_cell(ratio(shown[8], shown[8]))});
  Figure figure;
  figure.id = "partners";
  figure.heading = "Partners that know each person";
  if (several >= 0) {
    figure.finding = percent_text(several) + " of people are known to two partners or more.";
    headlines.tiles.emplace_back(percent_text(several), "of people are known to two partners or more");
  }
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars); };
  figure.alternative = "Bars of people by the number of partners that know them. " + figure.finding;
  figure.note = "Over the whole period of the data.";
  figure.table = table;
  context.page.add(figure);
}

void add_combinations(Context& context, const std::vector<Group>& groups) {
  constexpr std::size_t most = 12;
  std::vector<std::int64_t> counts;
  std::int64_t rest = 0;
  std::size_t listed = 0, others = 0;
  for (const auto& group : groups) {  // ordered by people; small groups are never listed one by one
    if (listed < most && group.people >= smallest_shown) counts.push_back(group.people), ++listed;
    else rest += group.people, ++others;
  }
  if (rest > 0) counts.push_back(rest);
  const auto shown = protect_line(counts);
  std::vector<Combination> rows;
  DataTable table{"partner_combinations", "People living here by the partners that know them together", {{"Known to", "partners", Align::text}, {"People", "people"}, {"Share", "share_percent"}}, {}, LastRow::total};
  std::string top;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool other = i >= listed;
    const auto words = other ? std::to_string(others) + " other combinations" : groups[i].words();
    table.rows.push_back({word_cell(words), count_cell(shown[i]), share_cell(ratio(shown[i], shown.back()))});
    rows.push_back({other ? std::vector<bool>(7, false) : groups[i].members, other ? "others" : "no partner", value_of(shown[i]), count_text(shown[i])});
    if (top.empty() && !other && groups[i].partners() >= 2)
      if (const auto share = ratio(shown[i], shown.back())) top = groups[i].words() + " together know " + percent_text(*share) + " of people, the most common combination of partners.";
  }
  table.rows.push_back({word_cell("All"), count_cell(shown.back()), share_cell(ratio(shown.back(), shown.back()))});
  Figure figure;
  figure.id = "combinations";
  figure.heading = "Which partners know the same people";
  figure.finding = top;
  figure.draw = [rows](const Frame& frame) { return combination_chart(frame, partner_names(), rows); };
  figure.alternative = "Each row joins the partners that know a group of people, beside a bar of how many people that is. " + figure.finding;
  figure.table = table;
  context.page.add(figure);
}

}  // namespace

Result<void> add_partners(Context& context, Headlines& headlines) {
  JOINEDUP_TRY(const auto found, context.query("sql/50_partner.sql"));
  std::vector<Group> groups;
  for (std::size_t row = 0; row < found.rows.size(); ++row) {
    Group group;
    for (std::size_t partner = 0; partner < 7; ++partner) group.members.push_back(found.rows[row][partner] == "true");
    group.people = found.integer(row, 7);
    groups.push_back(group);
  }
  if (groups.empty()) {
    context.page.add("<p>The record holds nobody who lives here.</p>\n");
    return {};
  }
  add_number_of_partners(context, headlines, groups);
  add_combinations(context, groups);
  return {};
}

}  // namespace joinedup::report
