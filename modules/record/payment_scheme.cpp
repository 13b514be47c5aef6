// The NHS payment scheme's price workbook, one sheet saved as CSV. Its sheets open with titles and notes, then a heading row whose
// cells run over several lines (and, for outpatients, a row of group headings above), then one row a code, then footnotes.
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "base/file.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "record/price_list.hpp"

namespace joinedup::record {
namespace {

using Records = std::vector<std::vector<std::string>>;

// Lower case, white space and line breaks as one space each.
std::string heading_text(std::string_view text) {
  std::string out;
  for (const char c : lower_ascii(text)) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return std::string(trim(out));
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

enum class Sheet { admitted, outpatient, emergency };
struct Headings {
  Sheet sheet = Sheet::admitted;
  std::size_t row = 0;                                // the heading row
  std::map<std::string, std::size_t> columns;         // our column → theirs
};

std::string our_column(Sheet sheet, const std::string& h) {
  const bool trim_point = has(h, "trim") && !has(h, "per day");
  const bool non_elective = has(h, "non-elective") || has(h, "non elective");
  if (sheet == Sheet::admitted) {
    if (has(h, "short stay emergency")) return has(h, "%") || has(h, "percent") ? "short_stay_emergency_percent" : "";
    if (has(h, "per day") && has(h, "long stay")) return "long_stay_day_pence";
    if (trim_point) return non_elective ? "trim_emergency" : has(h, "elective") ? "trim_elective" : "";
    if (has(h, "outpatient procedure")) return "outpatient_pence";
    if (has(h, "combined")) return "combined";
    if (non_elective) return "non_elective_pence";
    if (has(h, "day case")) return "day_case_pence";
    if (has(h, "elective")) return "ordinary_elective_pence";
  } else if (sheet == Sheet::outpatient) {
    if (has(h, "multi")) return "";  // one list price a function: single professional
    const bool follow_up = has(h, "follow up") || has(h, "follow-up") || has(h, "subsequent");
    const bool remote = has(h, "non face") || has(h, "non-face") || has(h, "remote") || has(h, "telephone");
    if (follow_up) return remote ? "follow_up_remote_pence" : "follow_up_pence";
    if (has(h, "first")) return remote ? "first_remote_pence" : "first_pence";
  } else {
    if (has(h, "type 1")) return "type_1_2_pence";
    if (has(h, "type 3")) return "type_3_4_pence";
  }
  return "";
}

// The heading row is the first that has a cell "HRG code" or "Treatment function code".
std::optional<Headings> find_headings(const Records& records) {
  for (std::size_t row = 0; row < records.size(); ++row) {
    for (std::size_t column = 0; column < records[row].size(); ++column) {
      const auto cell = heading_text(records[row][column]);
      const bool hrg = cell == "hrg code" || cell == "hrg" || cell == "currency code";
      if (!hrg && cell != "treatment function code" && cell != "treatment code" && cell != "tfc") continue;
      Headings found;
      found.row = row;
      std::string all;
      for (const auto& each : records[row]) all += heading_text(each) + " ";
      found.sheet = !hrg ? Sheet::outpatient : has(all, "type 1") || has(all, "type 3") ? Sheet::emergency : Sheet::admitted;
      std::string group;
      for (std::size_t c = 0; c < records[row].size(); ++c) {
        if (row > 0 && c < records[row - 1].size() && !trim(records[row - 1][c]).empty()) group = heading_text(records[row - 1][c]);
        if (c == column) continue;
        const std::string own = heading_text(records[row][c]);
        if (own.empty()) continue;
        std::string ours = our_column(found.sheet, own);
        if (ours.empty() && found.sheet == Sheet::outpatient) ours = our_column(found.sheet, group + " " + own);
        if (!ours.empty()) found.columns.emplace(ours, c);
      }
      found.columns["code"] = column;
      return found;
    }
  }
  return std::nullopt;
}

bool is_code(Sheet sheet, std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const auto letter = [&](std::size_t i) { return text[i] >= 'A' && text[i] <= 'Z'; };
  if (sheet == Sheet::outpatient) return text.size() == 3 && digit(0) && digit(1) && digit(2);
  return text.size() == 5 && letter(0) && letter(1) && digit(2) && digit(3) && letter(4);
}

bool none(std::string_view text) {
  const auto lower = lower_ascii(text);
  return text.empty() || text == "-" || text == "–" || lower == "n/a" || lower == "na" || lower == "none" || lower == "£ -" || lower == "£-";
}

// "£1,234", "30%", "0.3", "45": as the column wants it; nothing where it cannot be read.
std::optional<std::string> read_value(const std::string& column, std::string_view text) {
  if (none(text)) return std::string{};
  if (column == "short_stay_emergency_percent") {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const auto hundredths = Money::from_pounds_text(trim(text));  // two decimals, read exactly
    if (!hundredths || hundredths->pence < 0) return std::nullopt;
    const auto value = percent || hundredths->pence > 100 ? hundredths->pence / 100 : hundredths->pence;
    return value <= 100 ? std::optional(std::to_string(value)) : std::nullopt;
  }
  const auto amount = Money::from_pounds_text(text);
  if (!amount || amount->pence < 0) return std::nullopt;
  if (column.starts_with("trim_")) return amount->pence % 100 == 0 ? std::optional(std::to_string(amount->pence / 100)) : std::nullopt;
  return std::to_string(amount->pence);
}

const std::vector<std::string>& columns_of(Sheet sheet) {
  static const std::vector<std::string> admitted{"hrg", "day_case_pence", "ordinary_elective_pence", "non_elective_pence", "short_stay_emergency_percent",
                                                 "trim_elective", "trim_emergency", "long_stay_day_pence", "outpatient_pence"};
  static const std::vector<std::string> outpatient{"treatment_function", "first_pence", "follow_up_pence", "first_remote_pence", "follow_up_remote_pence"};
  static const std::vector<std::string> emergency{"hrg", "type_1_2_pence", "type_3_4_pence"};
  return sheet == Sheet::admitted ? admitted : sheet == Sheet::outpatient ? outpatient : emergency;
}

Result<void> check_headings(const Headings& headings, const std::string& file) {
  const auto missing = [&](const char* column) { return !headings.columns.contains(column); };
  std::string lacks;
  if (headings.sheet == Sheet::admitted) {
    if (missing("non_elective_pence")) lacks = "the non-elective spell price";
    else if (missing("combined") && (missing("day_case_pence") || missing("ordinary_elective_pence"))) lacks = "day case and ordinary elective prices";
  } else if (headings.sheet == Sheet::outpatient) {
    if (missing("first_pence") || missing("follow_up_pence")) lacks = "first and follow-up attendance prices";
  } else if (missing("type_1_2_pence")) {
    lacks = "the price in type 1 and 2 departments";
  }
  if (lacks.empty()) return {};
  return fail(ErrorCode::invalid_input, "This sheet's headings lack " + lacks + "; save the price workbook's sheet as CSV without changing it.", file);
}

}  // namespace

Result<PriceList> parse_payment_scheme_csv(std::string_view text, const std::string& file) {
  const auto records = parse_csv_records(text);
  const auto headings = find_headings(records);
  if (!headings)
    return fail(ErrorCode::invalid_input, "This is no sheet of the payment scheme's price workbook: no heading reads \"HRG code\" or \"Treatment function code\".", file);
  JOINEDUP_CHECK(check_headings(*headings, file));
  const auto& columns = columns_of(headings->sheet);
  PriceList list{headings->sheet == Sheet::admitted ? "hrg" : headings->sheet == Sheet::outpatient ? "outpatient" : "emergency", file,
                 "NHS payment scheme price workbook, imported from " + file, false, columns, {}};
  std::map<std::string, std::size_t> seen;
  for (std::size_t r = headings->row + 1; r < records.size(); ++r) {
    const auto cell = [&](const std::string& column) -> std::string_view {
      const auto at = headings->columns.find(column);
      return at == headings->columns.end() || at->second >= records[r].size() ? std::string_view{} : trim(records[r][at->second]);
    };
    const std::string code(cell("code"));
    if (!is_code(headings->sheet, code)) continue;  // a note, a chapter heading, an empty row
    if (const auto [first, fresh] = seen.emplace(code, r + 1); !fresh)
      return fail(ErrorCode::invalid_input, code + " is priced twice, in records " + std::to_string(first->second) + " and " + std::to_string(r + 1) + ".", file);
    std::vector<std::string> row{code};
    for (std::size_t c = 1; c < columns.size(); ++c) {
      std::string_view value = cell(columns[c]);
      if (none(value) && (columns[c] == "day_case_pence" || columns[c] == "ordinary_elective_pence")) value = cell("combined");
      const auto read = read_value(columns[c], value);
      if (!read)
        return fail(ErrorCode::invalid_input, "The value \"" + std::string(value) + "\" of " + code + " (" + columns[c] + ") is not a price, a percentage or a number of days.", file);
      row.push_back(*read);
    }
    if (headings->sheet == Sheet::admitted && row[4].empty()) row[4] = "100";
    if (headings->sheet == Sheet::outpatient) {  // no price of its own for remote contacts: the face-to-face price
      if (row[3].empty()) row[3] = row[1];
      if (row[4].empty()) row[4] = row[2];
    }
    list.rows.push_back(std::move(row));
  }
  if (list.rows.empty()) return fail(ErrorCode::invalid_input, "This sheet has headings and no prices.", file);
  return list;
}

Result<PriceList> import_payment_scheme_csv(const std::string& path) {
  JOINEDUP_TRY(const auto text, read_file(path));
  return parse_payment_scheme_csv(text, std::filesystem::path(path).filename().string());
}

}  // namespace joinedup::record
