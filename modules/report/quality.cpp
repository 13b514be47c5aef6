// What is missing from the data, in the categories of Kahn et al. 2016, and how records were joined.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/svg.hpp"

namespace joinedup::report {
namespace {

// The feeds' own titles without what they say in brackets; the name itself for a feed that has none.
std::string title_of_feed(const ReportInputs& inputs, const std::string& feed) {
  for (const auto& one : inputs.feeds)
    if (one.feed == feed && !one.title.empty()) return one.title.substr(0, one.title.find(" ("));
  return title_of(feed);
}

// Fields that most rows have no use for: the second and later of those that repeat, as diagnosis_02, and the end of what goes on.
bool is_empty_by_right(const std::string& field) {
  for (const char* end : {"end_date", "_end", "deregistered", "death", "discharged"})
    if (field.find(end) != std::string::npos) return true;
  const auto at = field.find_last_not_of("0123456789");
  return at != std::string::npos && at + 1 < field.size() && field[at] == '_' && std::atoi(field.c_str() + at + 1) >= 2;
}

// The share kept, from what was dropped as published (a count under 10 as 5): the kept and received counts are too coarse
// for it in a small feed. Absent where a count is not shown.
Value share_kept(const ProtectedCounts& shown, std::size_t row) {
  const auto& received = shown.at(row, 3);
  if (!received.is_shown() || received.value == 0) return std::nullopt;
  double dropped = 0;
  for (const std::size_t fate : {1, 2}) {
    const auto& count = shown.at(row, fate);
    if (count.state == State::hidden) return std::nullopt;
    dropped += count.state == State::few ? 5 : static_cast<double>(count.value);
  }
  return 1 - dropped / static_cast<double>(received.value);
}

std::string kept_text(double share) { return share < 1 && share > 0.9995 ? "over 99.9%" : percent_text(share); }

void add_rows(Context& context, Headlines& headlines) {
  const auto& feeds = context.inputs.feeds;
  Counts counts;
  for (const auto& feed : feeds) counts.push_back({feed.rows_kept, feed.rows_rejected, feed.rows_withheld});
  const auto shown = protect_rows(counts);
  DataTable table{"rows_by_feed", "Rows received from each feed: received = kept + rejected + withheld", {{"Feed", "feed", Align::text}, {"Received", "rows_in"}, {"Kept", "rows_kept"}, {"Rejected", "rows_rejected"}, {"Withheld", "rows_withheld"}, {"Share kept", "kept_percent"}}, {}, LastRow::total};
  std::vector<Bar> bars;
  for (std::size_t row = 0; row <= feeds.size(); ++row) {
    const bool all = row == feeds.size();
    const auto kept = share_kept(shown, row);
    table.rows.push_back({all ? Cell{"All feeds", "all"} : Cell{feeds[row].title, feeds[row].feed}, count_cell(shown.at(row, 3)), count_cell(shown.at(row, 0)), count_cell(shown.at(row, 1)), count_cell(shown.at(row, 2)), kept ? Cell{kept_text(*kept), *kept < 1 && *kept > 0.9995 ? "99.9" : share_cell(kept).csv} : share_cell(kept)});
    if (!all) bars.push_back({title_of_feed(context.inputs, feeds[row].feed), value_of(shown.at(row, 0)), count_text(shown.at(row, 0)) + (kept ? "  (" + kept_text(*kept) + ")" : "")});
  }
  const auto last = feeds.size();
  Figure figure;
  figure.id = "rows";
  figure.heading = "Rows received";
  if (const auto kept = share_kept(shown, last))
    figure.finding = "Of " + count_text(shown.at(last, 3)) + " rows received, " + kept_text(*kept) + " were kept. " + (shown.at(last, 1).state == State::shown && shown.at(last, 1).value == 0 ? std::string("None") : title_of(count_text(shown.at(last, 1)))) + " were rejected, each with a reason; " + (shown.at(last, 2).is_shown() && shown.at(last, 2).value == 0 ? std::string("none") : count_text(shown.at(last, 2))) + " were withheld by objection, opt-out or agreement.";
  if (const auto kept = share_kept(shown, last)) headlines.tiles.emplace_back(kept_text(*kept), "of the rows that partners sent could be used");
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars); };
  figure.alternative = "Bars of the rows kept from each feed. " + figure.finding;
  figure.note = "Counts of 1,000 and more are to the nearest 100 here. Exact counts, for those who may see them: joinedup status.";
  figure.table = table;
  context.page.add(figure);
}

struct Tally {
  std::int64_t rows = 0, failed = 0;
};

// Each check as it came out in the last submission that it was made in: the tables of one feed may have periods of their own.
std::vector<QualityCheck> latest_checks(const ReportInputs& inputs) {
  using Key = std::tuple<std::string, std::string, QualityCategory, std::string>;
  const auto key = [](const QualityCheck& check) { return Key{check.feed, check.field, check.category, check.check}; };
  std::map<Key, std::string> last;
  for (const auto& check : inputs.quality) last[key(check)] = std::max(last[key(check)], check.period);
  std::vector<QualityCheck> checks;
  for (const auto& check : inputs.quality)
    if (check.period == last[key(check)]) checks.push_back(check);
  return checks;
}

// "2024-07" → "9999-99", and "2024-25", a financial year, → "year": years are not compared with months.
std::string form_of(std::string period) {
  if (period.size() == 7 && period[4] == '-' && std::atoi(period.c_str() + 5) == (std::atoi(period.c_str()) + 1) % 100) return "year";
  for (char& c : period)
    if (c >= '0' && c <= '9') c = '9';
  return period;
}

std::vector<std::string> feed_order(const ReportInputs& inputs) {
  std::vector<std::string> order;
  std::set<std::string> seen;
  const auto add = [&](const std::string& feed) {
    if (seen.insert(feed).second) order.push_back(feed);
  };
  for (const auto& feed : inputs.feeds) add(feed.feed);
  for (const auto& check : inputs.quality) add(check.feed);
  for (const auto& count : inputs.linkage) add(count.feed);
  return order;
}

std::string share_or_less(Value share, Count failed) {
  if (!share) return failed.state == State::few ? "fewer than 10" : "not shown";
  if (*share > 0 && *share < 0.0005) return "under 0.1%";
  return percent_text(*share);
}

void add_categories(Context& context) {
  const auto checks = latest_checks(context.inputs);
  std::map<std::pair<std::string, QualityCategory>, Tally> tallies;
  for (const auto& check : checks) {
    if (check.category == QualityCategory::completeness && is_empty_by_right(check.field)) continue;
    auto& tally = tallies[{check.feed, check.category}];
    tally.rows += check.rows, tally.failed += check.failed;
  }
  const std::pair<QualityCategory, std::pair<const char*, const char*>> categories[] = {
      {QualityCategory::conformance, {"Conformance", "values not of the agreed form or code"}},
      {QualityCategory::completeness, {"Completeness", "values that are missing"}},
      {QualityCategory::plausibility, {"Plausibility", "values that cannot be right"}}};
  DataTable table{"quality_by_feed", "Values checked and values that failed, by feed and category", {{"Feed", "feed", Align::text}, {"Category", "category", Align::text}, {"Values checked", "values_checked"}, {"Failed", "values_failed"}, {"Share failed", "failed_percent"}}, {}};
  std::vector<Panel> panels;
  std::string worst;
  double worst_share = 0;
  for (const auto& [category, words] : categories) {
    std::vector<Bar> bars;
    for (const auto& feed : feed_order(context.inputs)) {
      const auto at = tallies.find({feed, category});
      if (at == tallies.end() || at->second.rows == 0) continue;
      const auto pair = protect_line({at->second.failed, at->second.rows - at->second.failed});
      const auto share = ratio(pair[0], pair[2]);
      table.rows.push_back({{title_of_feed(context.inputs, feed), feed}, word_cell(words.first), count_cell(pair[2]), count_cell(pair[0]), share_cell(share)});
      bars.push_back({title_of_feed(context.inputs, feed), share, share_or_less(share, pair[0]), category == QualityCategory::completeness ? Tone::ochre : category == QualityCategory::conformance ? Tone::navy : Tone::rust});
      if (category == QualityCategory::completeness && share.value_or(0) > worst_share) worst_share = *share, worst = title_of_feed(context.inputs, feed);
    }
    if (!bars.empty())
      panels.push_back({words.first, words.second, bar_chart({std::string("quality-") + quality_category_name(category), std::string(words.first) + " by feed", std::string("Bars of the share of ") + words.second + ", by feed.", third}, bars)});
  }
  Figure figure;
  figure.id = "categories";
  figure.heading = "Faults by feed and kind, last submission of each";
  if (!worst.empty()) figure.finding = worst + " has the most gaps: " + percent_text(worst_share) + " of the values that were looked for are missing.";
  figure.note = "Categories of Kahn and others, 2016 (doi 10.13063/2327-9214.1244). Each panel has its own scale.";
  figure.table = table;
  context.page.add_panels(figure, panels);
}

void add_missing_fields(Context& context) {
  std::map<std::pair<std::string, std::string>, Tally> fields;
  for (const auto& check : latest_checks(context.inputs))
    if (check.category == QualityCategory::completeness) {
      auto& tally = fields[{check.feed, check.field}];
      tally.rows += check.rows, tally.failed += check.failed;
    }
  struct Field {
    std::string feed, field;
    Count rows, failed;
    Value share;
  };
  std::vector<Field> ordered;
  for (const auto& [key, tally] : fields) {
    if (tally.rows == 0) continue;
    const auto pair = protect_line({tally.failed, tally.rows - tally.failed});
    ordered.push_back({key.first, key.second, pair[2], pair[0], ratio(pair[0], pair[2])});
  }
  if (ordered.empty()) return;
  std::stable_sort(ordered.begin(), ordered.end(), [](const Field& a, const Field& b) { return a.share.value_or(0) > b.share.value_or(0); });
  DataTable table{"missing_by_field", "Missing values by feed and field, last submission of each feed", {{"Feed", "feed", Align::text}, {"Field", "field", Align::text}, {"Values looked for", "rows"}, {"Missing", "missing"}, {"Share missing", "missing_percent"}}, {}};
  std::vector<Bar> bars;
  const Field* worst = nullptr;
  for (const auto& field : ordered) {
    const auto feed = title_of_feed(context.inputs, field.feed);
    table.rows.push_back({{feed, field.feed}, word_cell(field.field), count_cell(field.rows), count_cell(field.failed), share_cell(field.share)});
    if (bars.size() < 10 && field.share.value_or(0) > 0 && field.share.value_or(0) < 0.95 && !is_empty_by_right(field.field)) {
      if (!worst) worst = &field;
      bars.push_back({feed + ": " + lower_ascii(title_of(field.field)), field.share, percent_text(*field.share), Tone::ochre});
    }
  }
  if (bars.empty()) return;
  Figure figure;
  figure.id = "missing";
  figure.heading = "Fields most often missing";
  figure.finding = "The field most often missing is " + lower_ascii(title_of(worst->field)) + " (" + title_of_feed(context.inputs, worst->feed) + "): " + percent_text(worst->share.value_or(0)) + " of rows lack it.";
  figure.draw = [bars](const Frame& frame) { return bar_chart(frame, bars, {.maximum = 1.0}); };
  figure.alternative = "Bars of the share of rows that lack a field, for the ten fields most often missing. " + figure.finding;
  figure.note = "A full bar would be 100%. Some fields are empty by right where they do not apply. In the table only: ends of what may still go on, the second and later of fields that repeat (diagnosis 2, 3 …), and fields that 95% of rows or more lack.";
  figure.table = table;
  context.page.add(figure);
}

void add_submissions(Context& context) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> forms;  // a feed's periods, by their form
  for (const auto& one : context.inputs.submissions) forms[one.feed][form_of(one.period)].insert(one.period);
  std::map<std::string, std::map<std::string, Tally>> by_feed;
  for (const auto& one : context.inputs.submissions) {
    const auto& of_feed = forms[one.feed];
    const auto usual = std::max_element(of_feed.begin(), of_feed.end(), [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (form_of(one.period) != usual->first) continue;  // a lone snapshot beside yearly files is no trend
    auto& tally = by_feed[one.feed][one.period];
    tally.rows += one.rows_in, tally.failed += one.rows_rejected;
  }
  DataTable table{"rows_by_submission", "Rows received by feed and submission", {{"Feed", "feed", Align::text}, {"Submission", "period", Align::text}, {"Received", "rows_in"}, {"Rejected", "rows_rejected"}, {"Share rejected", "rejected_percent"}}, {}};
  std::vector<Panel> panels;
  std::string finding;
  double most = 0;
  for (const auto& feed : feed_order(context.inputs)) {
    const auto at = by_feed.find(feed);
    if (at == by_feed.end() || at->second.size() < 2) continue;
    const auto title = title_of_feed(context.inputs, feed);
    Series series{"", {}, Tone::navy};
    std::vector<std::string> labels;
    Count last, before;
    for (const auto& [period, tally] : at->second) {
      const auto line = protect_line({tally.failed, tally.rows - tally.failed});
      before = last, last = line[2];
      series.values.push_back(value_of(line[2]));
      labels.push_back(period);
      table.rows.push_back({{title, feed}, word_cell(period), count_cell(line[2]), count_cell(line[0]), share_cell(ratio(line[0], line[2]))});
    }
    if (const auto change = ratio(last, before); change && std::abs(*change - 1) > std::abs(most)) {
      most = *change - 1;
      finding = title + " changed most between its last two submissions: " + percent_text(std::abs(most)) + (most > 0 ? " more" : " fewer") + " rows.";
    }
    panels.push_back({title, "rows a submission", line_chart({"submission-" + feed, title + ": rows by submission", "A line of rows received, " + labels.front() + " to " + labels.back() + ".", third}, {series}, {.height = 116, .labels = {labels.front(), labels.back()}})});
  }
  if (panels.empty()) return;
  Figure figure;
  figure.id = "submissions";
  figure.heading = "Rows by submission";
  figure.finding = finding;
  figure.note = "A sudden fall is more often a lost file than a change in care. Each panel has its own scale, from zero.";
  figure.table = table;
  context.page.add_panels(figure, panels);
}

void add_findings(Context& context) {
  std::vector<FindingRow> findings;  // of all files together
  for (const auto& one : context.inputs.findings) {
    const auto same = std::find_if(findings.begin(), findings.end(), [&](const FindingRow& other) {
      return std::tie(one.feed, one.field, one.rule, one.category, one.severity) == std::tie(other.feed, other.field, other.rule, other.category, other.severity);
    });
    if (same == findings.end()) findings.push_back(one);
    else same->count += one.count;
  }
  if (findings.empty()) return;
  std::stable_sort(findings.begin(), findings.end(), [](const FindingRow& a, const FindingRow& b) { return a.count > b.count; });
  constexpr std::size_t most = 60;
  DataTable table{"findings", "What was found wrong with the data, the most frequent first", {{"Feed", "feed", Align::text}, {"Field", "field", Align::text}, {"Rule broken", "rule", Align::text}, {"Category", "category", Align::text}, {"Then", "severity", Align::text}, {"Rows", "rows"}}, {}};
  std::int64_t all = 0;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const auto& one = findings[i];
    all += one.count;
    if (i >= most) continue;
    const char* then = one.severity == Severity::rejected ? "row rejected" : one.severity == Severity::repaired ? "value dropped or defaulted" : one.severity == Severity::withheld ? "row withheld" : "kept as it is";
    table.rows.push_back({{title_of_feed(context.inputs, one.feed), one.feed}, word_cell(one.field), word_cell(one.rule), word_cell(quality_category_name(one.category)), {then, severity_name(one.severity)}, count_cell(protect_one(one.count))});
  }
  Figure figure;
  figure.id = "findings";
  figure.heading = "Every rule that was broken";
  figure.finding = count_text(protect_one(all)) + " findings under " + std::to_string(findings.size()) + (findings.size() == 1 ? " rule." : " rules and fields.");
  figure.note = findings.size() > most ? "The table holds the " + std::to_string(most) + " most frequent." : "";
  figure.table = table;
  context.page.add(figure);
}

}  // namespace

Result<void> add_quality(Context& context, Headlines& headlines) {
  if (context.inputs.feeds.empty()) context.page.add("<p>No counts of rows were given to this report.</p>\n");
  else add_rows(context, headlines);
  if (!context.inputs.quality.empty()) {
    add_categories(context);
    add_missing_fields(context);
  }
  add_submissions(context);
  add_findings(context);
  return {};
}

Result<void> add_linkage(Context& context) {
  const auto& given = context.inputs.linkage;
  if (given.empty()) {
    context.page.add("<p>No counts of links were given to this report.</p>\n");
    return {};
  }
  std::vector<std::string> feeds, steps;
  std::map<std::string, std::string> titles;
  for (const auto& one : given) {
    if (std::find(steps.begin(), steps.end(), one.step) == steps.end()) steps.push_back(one.step);
    titles[one.step] = one.step_title.empty() ? title_of(one.step) : one.step_title;
  }
  std::map<std::string, std::int64_t> size;
  for (const auto& one : given) size[one.step] += one.records;
  std::stable_sort(steps.begin(), steps.end(), [&](const std::string& a, const std::string& b) { return size[a] > size[b]; });
  for (const auto& feed : feed_order(context.inputs))
    if (std::any_of(given.begin(), given.end(), [&](const LinkageCount& one) { return one.feed == feed; })) feeds.push_back(feed);
  Counts counts(feeds.size(), std::vector<std::int64_t>(steps.size(), 0));
  for (const auto& one : given)
    counts[static_cast<std::size_t>(std::find(feeds.begin(), feeds.end(), one.feed) - feeds.begin())][static_cast<std::size_t>(std::find(steps.begin(), steps.end(), one.step) - steps.begin())] += one.records;
  const auto shown = protect(counts, Totals::both);
  constexpr Tone tones[] = {Tone::navy, Tone::teal, Tone::ochre, Tone::plum, Tone::rust, Tone::grey};
  const std::size_t drawn = std::min<std::size_t>(steps.size(), 6);
  std::vector<Segment> segments;
  for (std::size_t step = 0; step < drawn; ++step) segments.push_back({step == 5 && steps.size() > 6 ? "Other steps" : titles[steps[step]], tones[step]});
  DataTable table{"linkage_by_step", "Rows of each feed that name a person, by the step that decided who it is", {{"Feed", "feed", Align::text}}, {}, LastRow::total};
  for (const auto& step : steps) table.columns.push_back({titles[step], step});
  table.columns.push_back({"All", "all"});
  std::vector<StackedBar> bars;
  for (std::size_t row = 0; row <= feeds.size(); ++row) {
    const bool all = row == feeds.size();
    const auto title = all ? std::string("All feeds") : title_of_feed(context.inputs, feeds[row]);
    std::vector<Cell> cells = {{title, all ? "all" : feeds[row]}};
    StackedBar bar{title, std::vector<Value>(drawn, 0.0), ""};
    for (std::size_t step = 0; step < steps.size(); ++step) {
      cells.push_back(count_cell(shown.at(row, step)));
      auto& value = bar.values[std::min(step, drawn - 1)];
      value = value.value_or(0) + value_of(shown.at(row, step)).value_or(0);
    }
    cells.push_back(count_cell(shown.at(row, steps.size())));
    bar.text = count_text(shown.at(row, steps.size()));
    bars.push_back(bar);
    table.rows.push_back(cells);
  }
  Figure figure;
  figure.id = "linkage-steps";
  figure.heading = "The step that decided, by feed";
  if (const auto first = ratio(shown.at(feeds.size(), 0), shown.at(feeds.size(), steps.size())))
    figure.finding = percent_text(*first) + " of " + count_text(shown.at(feeds.size(), steps.size())) + " rows that name a person were decided by “" + titles[steps.front()] + "”, more than by any other step.";
  figure.draw = [segments, bars](const Frame& frame) { return stacked_bar_chart(frame, segments, bars, Stacking::shares); };
  figure.alternative = "Stacked bars of the share of each feed’s rows that each linkage step decided. " + figure.finding;
  figure.note = "Steps are shown by how much they decide. They are tried in a fixed order, the surest first. Parts under 10 rows are not drawn.";
  figure.table = table;
  context.page.add(figure);
  return {};
}

}  // namespace joinedup::report
