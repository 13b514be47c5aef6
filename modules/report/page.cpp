#include "report/page.hpp"

#include <cmath>

#include "base/file.hpp"
#include "base/text.hpp"
#include "report/svg.hpp"
#include "report_embedded.hpp"

namespace joinedup::report {

std::string pounds_text(double pence) {
  const double pounds = pence / 100;
  if (std::abs(pounds) >= 9.995e8) return "£" + decimals(pounds / 1e9, 2) + " billion";
  if (std::abs(pounds) >= 9.995e5) return "£" + decimals(pounds / 1e6, std::abs(pounds) >= 1e8 ? 0 : 1) + " million";
  if (std::abs(pounds) >= 1000) return "£" + with_commas(std::llround(pounds / 1000) * 1000);
  return pounds == 0 ? "£0" : "under £1,000";
}

std::string each_text(double pence) { return "£" + with_commas(std::llround(pence / 100)); }
std::string percent_text(double share) { return (share == 0 || share == 1 ? fixed(share * 100) : decimals(share * 100, 1)) + "%"; }
std::string people_text(Count count) { return count_text(count) + " people"; }

std::string month_text(int year, int month) {
  static constexpr const char* names[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
  return std::string(names[month - 1]) + " " + std::to_string(year);
}

std::string title_of(const std::string& snake_case) {
  std::string words = snake_case;
  for (char& c : words)
    if (c == '_') c = ' ';
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 32);
  return words;
}

Cell word_cell(std::string words) { return {words, words}; }
Cell count_cell(Count count) { return {count_text(count), count_csv(count)}; }
Cell pounds_cell(Value pence) {
  if (!pence) return word_cell("not shown");
  const auto thousands = std::llround(*pence / 100000);
  return {"£" + with_commas(thousands * 1000), std::to_string(thousands * 1000)};
}
Cell each_cell(Value pence) {
  if (!pence) return word_cell("not shown");
  return {each_text(*pence), std::to_string(std::llround(*pence / 100))};
}
Cell share_cell(Value share) {
  if (!share) return word_cell("not shown");
  return {percent_text(*share), fixed(*share * 100, 1)};
}

std::string table_html(const DataTable& table) {
  std::string html = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + html_text(table.caption) +
                     "\"><table><caption>" + html_text(table.caption) + "</caption><thead><tr>";
  const auto css = [&](std::size_t column) { return table.columns[column].align == Align::number ? " class=\"number\"" : ""; };
  for (std::size_t column = 0; column < table.columns.size(); ++column)
    html += std::string("<th scope=\"col\"") + css(column) + ">" + html_text(table.columns[column].heading) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const bool total = table.last_row == LastRow::total && row + 1 == table.rows.size();
    html += total ? "<tr class=\"total\">" : "<tr>";
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      const auto words = html_text(table.rows[row][column].text);
      if (column == 0) html += "<th scope=\"row\">" + words + "</th>";
      else html += std::string("<td") + css(column) + ">" + words + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string table_csv(const DataTable& table) {
  std::string csv;
  for (std::size_t column = 0; column < table.columns.size(); ++column)
    csv += (column ? "," : "") + csv_field(table.columns[column].csv_name);
  csv += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t column = 0; column < row.size(); ++column) csv += (column ? "," : "") + csv_field(row[column].csv);
    csv += '\n';
  }
  return csv;
}

std::string panels_html(const std::vector<Panel>& panels) {
  std::string html = "<div class=\"panels\">";
  for (const auto& panel : panels) {
    html += "<div class=\"panel\"><h4>" + html_text(panel.heading) + "</h4>";
    if (!panel.note.empty()) html += "<p class=\"panel-note\">" + html_text(panel.note) + "</p>";
    html += panel.svg + "</div>";
  }
  return html + "</div>";
}

void Page::open_figure(const Figure& figure) {
  body_ += "<article class=\"figure\" id=\"" + figure.id + "\"><h3>" + html_text(figure.heading) + "</h3>";
  if (!figure.finding.empty()) body_ += "<p class=\"finding\">" + html_text(figure.finding) + "</p>";
}

void Page::close_figure(const Figure& figure) {
  if (!figure.note.empty()) body_ += "<p class=\"note\">" + html_text(figure.note) + "</p>";
  const auto file = figure.table.name + ".csv";
  body_ += "<details><summary>The figures as a table<span class=\"hidden\">: " + html_text(figure.heading) + "</span></summary>" +
           table_html(figure.table) + "<p class=\"note\"><a href=\"" + file + "\">" + file + "</a></p></details></article>\n";
  tables_.push_back(figure.table);
}

void Page::add(const Figure& figure) {
  open_figure(figure);
  if (figure.draw) {
    const auto make = [&](const char* suffix, double width) {
      return figure.draw({figure.id + suffix, figure.heading, figure.alternative.empty() ? figure.finding : figure.alternative, width});
    };
    body_ += "<div class=\"wide\">" + make("-w", figure.wide_width) + "</div><div class=\"narrow\">" + make("-n", narrow) + "</div>";
  }
  close_figure(figure);
}

void Page::add_panels(const Figure& figure, const std::vector<Panel>& panels) {
  open_figure(figure);
  body_ += panels_html(panels);
  close_figure(figure);
}

void Page::open_section(const std::string& id, const std::string& heading) {
  sections_.emplace_back(id, heading);
  body_ += "<section id=\"" + id + "\" aria-labelledby=\"" + id + "-h\"><h2 id=\"" + id + "-h\">" + html_text(heading) + "</h2>\n";
}

void Page::fill(const std::string& mark, const std::string& html) {
  if (const auto at = body_.find(mark); at != std::string::npos) body_.replace(at, mark.size(), html);
}

std::string Page::contents() const {
  std::string html = "<nav aria-label=\"Contents\"><ol>";
  for (const auto& [id, heading] : sections_) html += "<li><a href=\"#" + id + "\">" + html_text(heading) + "</a></li>";
  return html + "</ol></nav>";
}

std::string Page::list_of_tables() const {
  std::string html = "<ul class=\"files\">";
  for (const auto& table : tables_) html += "<li><a href=\"" + table.name + ".csv\">" + table.name + ".csv</a>: " + html_text(table.caption) + "</li>";
  return html + "</ul>";
}

std::string Page::html() const {
  const auto style = find_embedded(embedded_report(), "style.css").value_or("");
  std::string body = body_;
  for (const auto& [mark, words] : {std::pair<std::string, std::string>{"<!--contents-->", contents()}, {"<!--tables-->", list_of_tables()}})
    if (const auto at = body.find(mark); at != std::string::npos) body.replace(at, mark.size(), words);
  return "<!DOCTYPE html>\n<html lang=\"" + options_.language + "\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light\">"
         "<title>" + html_text(options_.title) + "</title><style>\n" + std::string(style) + "</style></head>\n<body>"
         "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n" + body + "</body></html>\n";
}

Result<void> Page::write(const std::string& folder, const std::string& file) const {
  JOINEDUP_CHECK(make_folder(folder));
  for (const auto& table : tables_) JOINEDUP_CHECK(write_file(folder + "/" + table.name + ".csv", table_csv(table)));
  return write_file(folder + "/" + file, html());
}

}  // namespace joinedup::report
