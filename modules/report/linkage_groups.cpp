// Whom linkage finds, by age, sex, deprivation and ethnicity: links that are missed hide the people who matter most.
#include "base/text.hpp"
#include "place/ethnic_group.hpp"
#include "report/sections.hpp"

namespace joinedup::report {

constexpr const char* not_known = "Not known";

Result<void> add_linkage_groups(Context& context) {
  if (!context.inputs.linkage_note.empty()) context.page.add("<p>" + html_text(context.inputs.linkage_note) + "</p>\n");
  JOINEDUP_TRY(const auto found, context.query("sql/60_linkage_group.sql"));
  static constexpr std::pair<const char*, const char*> kinds[] = {{"Age", "age"}, {"Sex", "sex"}, {"Deprivation fifth of England (1 is the most deprived)", "deprivation_fifth"}, {"Ethnic group", "ethnic_group"}};
  DataTable table{"linkage_by_group", "People whom a partner other than general practice knows, and whether their records found them on the register of GP patients",
                  {{"By", "by", Align::text}, {"Group", "group", Align::text}, {"Found on the register", "on_register"}, {"Not found", "not_on_register"}, {"All", "all"}, {"Share found", "share_found_percent"}}, {}};
  Value least, most;
  std::string least_group;
  for (std::int64_t kind = 1; kind <= 4; ++kind) {
    std::map<std::string, std::vector<std::int64_t>> people;
    for (std::size_t row = 0; row < found.rows.size(); ++row) {
      if (found.integer(row, 0) != kind) continue;
      auto& group = people[kind == 4 ? place::ethnic_group(found.rows[row][1]) : found.rows[row][1]];
      group.resize(2);
      for (std::size_t i = 0; i < 2; ++i) group[i] += found.integer(row, 2 + i);
    }
    Counts counts;
    std::vector<std::string> groups;
    for (const auto& [group, count] : people) {
      // A handful whose group is not known would hide their neighbours' counts: left out, and no total is shown without them.
      if (group == not_known && count[0] + count[1] < smallest_shown) continue;
      groups.push_back(group);
      counts.push_back(count);
    }
    if (counts.empty()) continue;
    const auto shown = protect(counts, Totals::both);
    for (std::size_t group = 0; group < groups.size(); ++group) {
      const auto share = ratio(shown.at(group, 0), shown.at(group, 2));
      const auto& [title, name] = kinds[kind - 1];
      table.rows.push_back({{title, name}, word_cell(groups[group]), count_cell(shown.at(group, 0)), count_cell(shown.at(group, 1)), count_cell(shown.at(group, 2)), share_cell(share)});
      if (!share || groups[group] == not_known) continue;
      if (!least || *share < *least) least = share, least_group = std::string(lower_ascii(title).substr(0, lower_ascii(title).find(" (")) + ": " + groups[group]);
      if (!most || *share > *most) most = share;
    }
  }
  if (table.rows.empty()) return {};
  Figure figure;
  figure.id = "linkage-groups";
  figure.heading = "Whom linkage finds";
  if (least && most)
    figure.finding = "Between " + percent_text(*least) + " (" + least_group + ") and " + percent_text(*most) + " of people whom other partners know were found on the register.";
  figure.note = "Somebody not found is a visitor, or a person whose records did not find them. Where the truth is known, as in a synthetic place, `joinedup link quality` gives precision and recall for the same groups.";
  figure.table = table;
  context.page.add(figure);
  return {};
}

}  // namespace joinedup::report
