#include "report/report.hpp"

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report_embedded.hpp"

namespace joinedup::report {
namespace {

void replace_all(std::string& text, std::string_view mark, const std::string& by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

std::string date_literal(Date day) { return "DATE '" + day.to_iso() + "'"; }

std::string day_text(Date day) {
  const auto civil = day.civil();
  return std::to_string(civil.day) + " " + month_text(civil.year, civil.month);
}

std::string banner(const ReportInputs& inputs, const ReportOptions& options) {
  bool illustrative = false;
  for (const auto& price : inputs.prices) illustrative = illustrative || !price.note.empty();
  std::string html;
  if (options.synthetic == Synthetic::yes)
    html += "<p><strong>All people in this place are synthetic.</strong> No figure here describes a real person or a real service.</p>";
  if (illustrative)
    html += "<p><strong>Some prices are illustrative.</strong> Costs show how the method works, not what care costs. "
            "<a href=\"#cost\">Which prices, and what replaces them</a>.</p>";
  return html.empty() ? "" : "<div class=\"banner\" role=\"region\" aria-label=\"About these figures\"><div>" + html + "</div></div>\n";
}

std::string more_pages(const ReportInputs& inputs) {
  std::string html;
  for (const auto& page : inputs.pages) html += (html.empty() ? "<p>Beside this page: " : ", ") + std::string("<a href=\"") + page.file + "\">" + html_text(page.title) + "</a>";
  return html.empty() ? "" : html + ".</p>";
}

std::string tiles(const Headlines& headlines) {
  std::string html = "<dl class=\"tiles\">";
  for (const auto& [figure, words] : headlines.tiles)
    html += "<div><dt>" + html_text(words) + "</dt><dd class=\"big\">" + html_text(figure) + "</dd></div>";
  return html + "</dl>";
}

std::string about(const ReportOptions& options) {
  return "<p>Figures come from run " + html_text(options.run) + " of this place's pseudonymised warehouse, which holds care from " +
         day_text(options.data_from) + " to " + day_text(options.data_to) +
         ". No name, NHS number, address or date of birth is held there.</p>"
         "<dl class=\"words\">"
         "<dt>Small numbers</dt><dd>A count of 1 to 9 is written “fewer than 10”. Every other count is rounded to the nearest 5. "
         "Where a small count could be worked out by subtraction, the next smallest count is “not shown” as well. "
         "Shares and averages are made from the rounded counts, so they may not add to exactly 100%.</dd>"
         "<dt>People living here</dt><dd>People registered with a practice of the place on the last day of the data.</dd>"
         "<dt>Population of the year</dt><dd>People living here, and those who died during the year. Costs per person, and how "
         "concentrated costs are, refer to them: leaving the dead out would hide much of what care near the end of life costs.</dd>"
         "<dt>Cost</dt><dd>What the care would be paid for at the price lists in use. It is not what partners spent.</dd>"
         "<dt>Deprivation decile</dt><dd>The Index of Multiple Deprivation of the area where a person lives, in tenths of England’s "
         "areas: 1 is the most deprived.</dd>"
         "<dt>Known to a partner</dt><dd>At least one record that the partner sent was linked to the person.</dd></dl>"
         "<h3>Every table of this report, as a file</h3><!--tables-->";
}

}  // namespace

std::string Context::sql(std::string_view file) const {
  std::string text(find_embedded(embedded_report(), file).value_or(""));
  JOINEDUP_INVARIANT(!text.empty(), "the report's SQL is compiled in");
  replace_all(text, "{{year_start}}", date_literal(year_start));
  replace_all(text, "{{data_from}}", date_literal(options.data_from.first_of_month()));
  replace_all(text, "{{data_to}}", date_literal(options.data_to));
  return text;
}

Result<engine::Table> Context::query(std::string_view file) const { return connection.query(sql(file)); }
Result<void> Context::run(std::string_view file) const { return connection.run(sql(file)); }

std::string Context::year_text() const {
  const auto to = options.data_to.civil();
  return (months == 12 ? "the year to " : "the " + std::to_string(months) + " months to ") + month_text(to.year, to.month);
}

Value ratio(Count part, Count whole) {
  if (!part.is_shown() || !whole.is_shown() || whole.value == 0) return std::nullopt;
  return static_cast<double>(part.value) / static_cast<double>(whole.value);
}

Value value_of(Count count) {
  if (!count.is_shown()) return std::nullopt;
  return static_cast<double>(count.value);
}

Count sum_of(const std::vector<Count>& counts) {
  Count sum;
  for (const auto& count : counts) {
    if (!count.is_shown()) return {0, State::hidden};
    sum.value += count.value;
  }
  return sum;
}

std::string list_words(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

Result<void> write_report(engine::Connection& connection, const ReportInputs& inputs, const ReportOptions& options,
                          const std::string& folder) {
  if (options.data_to < options.data_from)
    return fail(ErrorCode::invalid_input, "The report's last day lies before its first day.", options.data_to.to_iso());
  Page page({.title = options.place_name + ": care, cost and need"});
  Context context{connection, inputs, options, {}, 12, page};
  const auto first = options.data_from.first_of_month();
  context.year_start = std::max(first, (options.data_to + 1).add_months(-12).first_of_month());
  const auto from = context.year_start.civil(), to = options.data_to.civil();
  context.months = (to.year - from.year) * 12 + to.month - from.month + 1;
  if (context.months > 12) context.year_start = context.year_start.add_months(context.months - 12), context.months = 12;

  Headlines headlines;
  page.add(banner(inputs, options));
  page.add("<header><p class=\"kicker\">The joined record of " + html_text(options.place_name) + ", " + day_text(options.data_from) + " to " +
           day_text(options.data_to) + "</p><h1>" + html_text(options.place_name) + "</h1><p class=\"lede\">Who lives here, what care they "
           "use, what it costs and how well the services’ records join up. Costs and use are for " + context.year_text() +
           " unless a picture says otherwise.</p>" + more_pages(inputs) + "<!--tiles--><!--contents--></header>\n<main id=\"main\">\n");
  JOINEDUP_CHECK(context.run("sql/10_person.sql"));
  page.open_section("people", "Who lives here");
  JOINEDUP_CHECK(add_population(context, headlines));
  page.close_section();
  page.open_section("cost", "What care people use and what it costs");
  JOINEDUP_CHECK(add_cost(context, headlines));
  JOINEDUP_CHECK(add_trend(context));
  page.close_section();
  page.open_section("groups", "Who the money is spent on");
  JOINEDUP_CHECK(add_groups(context, headlines));
  JOINEDUP_CHECK(add_concentration(context, headlines));
  page.close_section();
  page.open_section("joined", "How far services know the same people");
  JOINEDUP_CHECK(add_partners(context, headlines));
  page.close_section();
  page.open_section("quality", "What is missing from the data");
  JOINEDUP_CHECK(add_quality(context, headlines));
  page.close_section();
  page.open_section("linkage", "How records were joined");
  JOINEDUP_CHECK(add_linkage(context));
  JOINEDUP_CHECK(add_linkage_groups(context));
  page.close_section();
  page.open_section("about", "About these figures");
  page.add(about(options));
  page.close_section();
  page.add("</main>\n<footer><p>Made by Joinedup, run " + html_text(options.run) + ".</p></footer>\n");
  page.fill("<!--tiles-->", tiles(headlines));
  return page.write(folder);
}

}  // namespace joinedup::report
