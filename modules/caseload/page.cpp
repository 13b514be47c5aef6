// reports/…/cases.html: segments, lists, exclusions and fairness, for a board and the public. Small numbers are kept back.
#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "caseload/steps.hpp"
#include "report/page.hpp"

namespace joinedup::caseload {
namespace {

using report::Align;
using report::DataTable;
using report::Figure;
using report::LastRow;
using report::Page;

std::string words_of(const std::string& name) {
  static const std::map<std::string, std::string> words = {
      {"short_period_of_decline", "Short period of decline before dying"}, {"frailty", "Frailty, with or without dementia"}, {"limited_reserve", "Limited reserve and exacerbations"},
      {"stable_disability", "Stable but serious disability"}, {"maternal_and_infant", "Maternal and infant health"}, {"chronic_conditions", "Chronic conditions, normal function"},
      {"acutely_ill", "Acutely ill"}, {"healthy", "Healthy"}, {"died", "Died"}, {"left", "Left the place"}, {"joined", "Joined the place"}};
  const auto found = words.find(name);
  return found == words.end() ? report::title_of(name) : found->second;
}

report::Cell name_cell(const std::string& name) { return {words_of(name), name}; }

Result<void> add_segments(engine::Connection& connection, Page& page) {
  JOINEDUP_TRY(const auto now, connection.query("SELECT segment, frailty, condition_count_band, count(*) FROM person_segment WHERE month = (SELECT max(month) FROM segment_month) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"));
  const std::vector<std::string> order = {"healthy", "maternal_and_infant", "acutely_ill", "chronic_conditions", "stable_disability", "limited_reserve", "frailty", "short_period_of_decline"};
  const std::vector<std::string> levels = {"not_recorded", "mild", "moderate", "severe"}, bands = {"A", "B", "C", "D", "E"};
  std::vector<std::int64_t> counts(order.size(), 0);
  report::Counts cross(levels.size(), std::vector<std::int64_t>(bands.size(), 0));
  const auto place_in = [](const std::vector<std::string>& list, const std::string& name) { return static_cast<std::size_t>(std::find(list.begin(), list.end(), name) - list.begin()); };
  for (std::size_t i = 0; i < now.rows.size(); ++i) {
    counts[place_in(order, now.rows[i][0])] += now.integer(i, 3);
    cross[place_in(levels, now.rows[i][1])][place_in(bands, now.rows[i][2])] += now.integer(i, 3);
  }
  const auto shown = report::protect_line(counts);
  DataTable table{"segments", "People by segment in the last month of the data", {{"Segment", "segment", Align::text}, {"People", "people"}, {"Share", "share_percent"}}, {}, LastRow::total};
  std::vector<report::Bar> bars;
  for (std::size_t i = 0; i < order.size(); ++i) {
    report::Value share;
    if (shown[i].is_shown() && shown.back().is_shown() && shown.back().value > 0) share = static_cast<double>(shown[i].value) / static_cast<double>(shown.back().value);
    table.rows.push_back({name_cell(order[i]), report::count_cell(shown[i]), report::share_cell(share)});
    bars.push_back({words_of(order[i]), share, share ? report::percent_text(*share) : report::count_text(shown[i]), report::Tone::navy});
  }
  table.rows.push_back({report::word_cell("All"), report::count_cell(shown.back()), report::share_cell(report::Value(1.0))});
  Figure figure;
  figure.id = "segments";
  figure.heading = "Everybody is in one segment a month";
  if (bars[0].value) figure.finding = bars[0].text + " of people had none of what the other segments are for.";
  figure.draw = [bars](const report::Frame& frame) { return report::bar_chart(frame, bars); };
  figure.alternative = "Bars of the share of people in each segment. " + figure.finding;
  figure.note = "The segments are those of the Bridges to Health model (Lynn and others 2007); the rules that place people are Joinedup's own.";
  figure.table = table;
  page.add(figure);
  const auto protected_cross = report::protect(cross, report::Totals::both);
  DataTable crossed{"frailty_conditions", "People by recorded frailty and number of conditions", {{"Frailty", "frailty", Align::text}}, {}, LastRow::total};
  for (const auto* heading : {"0 or 1", "2", "3 to 5", "6 to 8", "9 and more", "All"}) crossed.columns.push_back({heading, heading == std::string("All") ? "all" : std::string("band_") + bands[crossed.columns.size() - 1]});
  for (std::size_t row = 0; row <= levels.size(); ++row) {
    std::vector<report::Cell> cells{row < levels.size() ? report::Cell{report::title_of(levels[row]), levels[row]} : report::word_cell("All")};
    for (std::size_t column = 0; column <= bands.size(); ++column) cells.push_back(report::count_cell(protected_cross.at(row, column)));
    crossed.rows.push_back(std::move(cells));
  }
  Figure cross_figure;
  cross_figure.id = "frailty-conditions";
  cross_figure.heading = "Frailty and number of long-term conditions";
  cross_figure.note = "Bands of conditions: year of care, Matthews 2014. Frailty is what practices recorded, not what an index would find.";
  cross_figure.table = crossed;
  page.add(cross_figure);
  JOINEDUP_TRY(const auto moves, connection.query("SELECT from_segment, to_segment, sum(people)::BIGINT FROM segment_movement WHERE from_segment <> to_segment AND month > (SELECT max(month) - INTERVAL 12 MONTH FROM segment_month) "
                                                  "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"));
  DataTable moved{"segment_movement", "Moves between segments in the last twelve months", {{"From", "from_segment", Align::text}, {"To", "to_segment", Align::text}, {"Moves", "moves"}}, {}, LastRow::ordinary};
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < moves.rows.size(); ++i) numbers.push_back(moves.integer(i, 2));
  // No total is published beside them, so each stands alone.
  for (std::size_t i = 0; i < moves.rows.size(); ++i) moved.rows.push_back({name_cell(moves.rows[i][0]), name_cell(moves.rows[i][1]), report::count_cell(report::protect_one(numbers[i]))});
  Figure movement;
  movement.id = "movement";
  movement.heading = "Who moved between segments";
  movement.note = "Each move counts, so one person may count more than once.";
  movement.table = moved;
  page.add(movement);
  return {};
}

void add_lists(const Found& found, Page& page) {
  DataTable table{"case_lists", "Lists by team", {{"Team", "team", Align::text}, {"Places", "capacity"}, {"Found", "found"}, {"Waiting", "waiting"}, {"Palliative co-ordination", "palliative"}}, {}, LastRow::ordinary};
  for (const auto& team : found.teams)
    table.rows.push_back({report::word_cell(team.team), {with_commas(team.capacity), std::to_string(team.capacity)}, report::count_cell(report::protect_one(team.found)),
                          report::count_cell(report::protect_one(team.waiting)), report::count_cell(report::protect_one(team.palliative))});
  Figure lists;
  lists.id = "lists";
  lists.heading = "Who was found, and who waits";
  std::int64_t places = 0, need = 0;
  for (const auto& team : found.teams) places += team.capacity, need += team.found + team.waiting;
  const auto people = report::protect_one(need);
  lists.finding = people.is_shown() ? report::people_text(people) + " could be helped by a plan and a named co-ordinator; teams hold " + with_commas(places) + " places." : "Teams hold " + with_commas(places) + " places.";
  lists.note = "A list is a draft until a named clinician releases it. Risk of an emergency admission within a year: " + found.basis.risk_model + ".";
  lists.table = table;
  page.add(lists);
  DataTable left{"case_exclusions", "Why people are on no list", {{"Team", "team", Align::text}, {"Reason", "excluded_because", Align::text}, {"People", "people"}}, {}, LastRow::ordinary};
  for (const auto& exclusion : found.exclusions)
    left.rows.push_back({report::word_cell(exclusion.team.empty() ? "None" : exclusion.team), {report::title_of(exclusion.because), exclusion.because}, report::count_cell(report::protect_one(exclusion.people))});
  Figure exclusions;
  exclusions.id = "exclusions";
  exclusions.heading = "Everybody else, and why";
  exclusions.note = "People with a national data opt-out may be found for their own care, and are not in this page's figures.";
  exclusions.table = left;
  page.add(exclusions);
}

void add_fairness(const Found& found, Page& page) {
  DataTable table{"case_fairness", "Who needs and who is listed", {{"By", "dimension", Align::text}, {"Group", "group", Align::text}, {"Adults", "people"}, {"In need", "in_need"}, {"Listed", "listed"},
                  {"Listed of 100 in need", "listed_per_100_in_need"}, {"Beside all in need", "relative"}}, {}, LastRow::ordinary};
  std::string worst;
  double least = 1;
  for (const auto& row : found.fairness) {
    const auto cell = [](std::optional<double> value) { return value ? report::Cell{format_number(static_cast<double>(static_cast<long>(*value * 100 + .5)) / 100), format_number(*value)} : report::Cell{"not shown", "not shown"}; };
    table.rows.push_back({report::word_cell(report::title_of(row.dimension)), report::word_cell(row.group), report::word_cell(row.people), report::word_cell(row.in_need), report::word_cell(row.listed),
                          cell(row.listed_per_100_in_need), cell(row.relative)});
    if (row.relative && *row.relative < least) least = *row.relative, worst = report::title_of(row.dimension) + ": " + row.group;
  }
  Figure figure;
  figure.id = "fairness";
  figure.heading = "Is the list fair?";
  figure.finding = worst.empty() ? "No group that can be shown is listed less often than all people in need."
                                 : "Of the groups that can be shown, “" + worst + "” is listed least often: " + format_number(static_cast<double>(static_cast<long>(least * 100 + .5)) / 100) + " times as often as all in need.";
  figure.note = "In need: adults at or above the place's risk threshold for whom something could be changed. Need that no partner recorded is not seen here: low use is not low need.";
  figure.table = table;
  page.add(figure);
}

}  // namespace

Result<void> write_case_page(engine::Connection& connection, const place::Place& place, const Found& found, const std::string& run, const std::string& folder) {
  Page page({.title = place.name + ": segments and case finding"});
  std::string banner;
  if (place.people == place::People::synthetic)
    banner = "<div class=\"banner\" role=\"region\" aria-label=\"About these figures\"><div><p><strong>All people in this place are synthetic.</strong> No figure here describes a real person or a real service.</p></div></div>\n";
  page.add(banner + "<header><p class=\"when\">" + html_text(found.basis.index_date.to_iso()) + "</p><h1>" + html_text(place.name) + ": segments and case finding</h1><p class=\"lede\">Which parts of the population need what, "
           "whom the teams could offer care next, who waits, and whether the lists are fair. <strong>" + not_for + "</strong></p><p><a href=\"index.html\">The place's report</a></p><!--contents--></header>\n<main id=\"main\">\n");
  if (!found.basis.notes.empty()) {
    std::string notes = "<ul>";
    for (const auto& note : found.basis.notes) notes += "<li>" + html_text(note) + "</li>";
    page.add(notes + "</ul>\n");
  }
  page.open_section("segments-section", "Segments of the population");
  JOINEDUP_CHECK(add_segments(connection, page));
  page.close_section();
  page.open_section("case-finding", "Case finding");
  add_lists(found, page);
  page.close_section();
  page.open_section("fairness-section", "Fairness");
  add_fairness(found, page);
  page.close_section();
  page.add("<section id=\"about\"><h2>About these figures</h2><p>A count of 1 to 9 is written “fewer than 10”, every other count is rounded to the nearest 5. Risk, impactability and gaps in care are three numbers; no page adds them up. " +
           std::string(not_for) + "</p><!--tables--></section></main>\n<footer><p>Made by Joinedup, run " + html_text(run) + ".</p></footer>\n");
  return page.write(folder, "cases.html");
}

}  // namespace joinedup::caseload
