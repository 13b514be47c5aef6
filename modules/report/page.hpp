// page: one self-contained HTML file made of figures. A figure is a finding in a sentence, a picture, and a table of the
// same figures, which is also written as CSV.
//
//   Page page({.title = "Northmere", .language = "en-GB"});
//   page.add("<section>…</section>");
//   page.add(figure_html({.id = "age", .heading = "Age and sex", .finding = "…", .draw = draw, .table = table}));
//   JOINEDUP_CHECK(page.write(folder));
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "disclosure/disclosure.hpp"
#include "report/chart.hpp"

namespace joinedup::report {

using namespace disclosure;  // NOLINT: which numbers may be shown, by its own words

struct Cell {
  std::string text;  // for people: "£12.3 million"
  std::string csv;   // for programs: "12300000"
};
Cell word_cell(std::string words);
Cell count_cell(Count count);
Cell pounds_cell(Value pence);   // rounded to £1,000; "not shown" if absent
Cell each_cell(Value pence);     // an amount per person, rounded to £1
Cell share_cell(Value share);    // 0.123 → "12.3%" and "12.3"

enum class Align { text, number };
struct DataColumn {
  std::string heading;
  std::string csv_name;
  Align align = Align::number;
};
enum class LastRow { ordinary, total };
struct DataTable {
  std::string name;  // the CSV's, without its ending; unique in the report
  std::string caption;
  std::vector<DataColumn> columns;
  std::vector<std::vector<Cell>> rows;
  LastRow last_row = LastRow::ordinary;
};
std::string table_html(const DataTable& table);
std::string table_csv(const DataTable& table);

struct Figure {
  std::string id;
  std::string heading;
  std::string finding;                              // the sentence; may be empty for a table without a chart
  std::function<std::string(const Frame&)> draw;    // called for a wide and for a narrow screen; none: table only
  std::string alternative;                          // what the picture shows, for those who cannot see it
  double wide_width = wide;
  std::string note;                                 // under the picture, small
  DataTable table;
};

// Small multiples: the same chart once a panel, side by side where there is room.
struct Panel {
  std::string heading;
  std::string note;
  std::string svg;
};
std::string panels_html(const std::vector<Panel>& panels);

struct PageOptions {
  std::string title;
  std::string language = "en-GB";
};

class Page {
 public:
  explicit Page(PageOptions options) : options_(std::move(options)) {}
  void add(const std::string& html) { body_ += html; }
  void add(const Figure& figure);
  void add_panels(const Figure& figure, const std::vector<Panel>& panels);  // panels in place of figure.draw
  void open_section(const std::string& id, const std::string& heading);
  void fill(const std::string& mark, const std::string& html);  // puts html where the mark was added
  void close_section() { body_ += "</section>\n"; }
  std::string html() const;
  Result<void> write(const std::string& folder, const std::string& file = "index.html") const;  // and the tables' CSVs
  std::string list_of_tables() const;                   // links to the CSVs, as HTML
  std::string contents() const;                         // links to the sections, as HTML

 private:
  void open_figure(const Figure& figure);
  void close_figure(const Figure& figure);
  PageOptions options_;
  std::string body_;
  std::vector<DataTable> tables_;
  std::vector<std::pair<std::string, std::string>> sections_;
};

// Amounts and shares in words.
std::string pounds_text(double pence);                // "£12.3 million", "£812,000", "£540"
std::string each_text(double pence);                  // "£1,234"
std::string percent_text(double share);               // "12.3%"
std::string people_text(Count count);                 // "1,235 people", "fewer than 10 people"
std::string month_text(int year, int month);          // "March 2025"
std::string title_of(const std::string& snake_case);  // "emergency_department" → "Emergency department"

}  // namespace joinedup::report
