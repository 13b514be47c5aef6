// sections: the parts of the place's report, each reads what it needs and adds its figures to the page. Inside this room only.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/page.hpp"
#include "report/report.hpp"

namespace joinedup::report {

// What every part needs to know.
struct Context {
  engine::Connection& connection;
  const ReportInputs& inputs;
  const ReportOptions& options;
  Date year_start;  // first day of the first of the last twelve months
  int months = 12;  // fewer where there are not so many
  Page& page;

  Result<engine::Table> query(std::string_view file) const;  // a file of sql/, with the dates filled in
  Result<void> run(std::string_view file) const;
  std::string sql(std::string_view file) const;
  std::string year_text() const;  // "the year to March 2025"
};

// The figures at the top, gathered by the parts and drawn last.
struct Headlines {
  std::vector<std::pair<std::string, std::string>> tiles;  // big figure, what it is
};

Result<void> add_population(Context& context, Headlines& headlines);
Result<void> add_cost(Context& context, Headlines& headlines);
Result<void> add_trend(Context& context);
Result<void> add_groups(Context& context, Headlines& headlines);
Result<void> add_concentration(Context& context, Headlines& headlines);
Result<void> add_partners(Context& context, Headlines& headlines);
Result<void> add_quality(Context& context, Headlines& headlines);
Result<void> add_linkage(Context& context);
Result<void> add_linkage_groups(Context& context);

// A setting of the record, in the field's own words.
struct SettingWords {
  std::string setting, title, units;  // "inpatient", "Hospital stays", "stays"
};
std::vector<SettingWords> known_settings();
SettingWords words_of(const std::string& setting);

// Published numbers made from published numbers only, so that they tell no more than those do.
Value ratio(Count part, Count whole);
Value value_of(Count count);
Count sum_of(const std::vector<Count>& counts);  // hidden where any of them is kept back
std::string list_words(const std::vector<std::string>& words);  // "a, b and c"

}  // namespace joinedup::report
