#include "record/price_list.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "place/shipped.hpp"

namespace joinedup::record {
namespace {

enum class PriceColumn { text, number };
struct ListShape {
  std::string_view name;  // of the list and its table
  std::string_view stem;  // of its file, without _illustrative.csv
  std::vector<std::pair<std::string_view, PriceColumn>> columns;
  std::size_t key_columns;
};

const std::vector<ListShape>& shapes() {
  using enum PriceColumn;
  static const std::vector<ListShape> all{
      {"hrg", "hrg_price",
       {{"hrg", text}, {"day_case_pence", number}, {"ordinary_elective_pence", number}, {"non_elective_pence", number},
        {"short_stay_emergency_percent", number}, {"trim_elective", number}, {"trim_emergency", number},
        {"long_stay_day_pence", number}, {"outpatient_pence", number}}, 1},
      {"hrg_default", "hrg_default",
       {{"admission", text}, {"pence", number}, {"trim_days", number}, {"long_stay_day_pence", number}}, 1},
      {"emergency", "emergency_price", {{"hrg", text}, {"type_1_2_pence", number}, {"type_3_4_pence", number}}, 1},
      {"outpatient", "outpatient_price",
       {{"treatment_function", text}, {"first_pence", number}, {"follow_up_pence", number},
        {"first_remote_pence", number}, {"follow_up_remote_pence", number}}, 1},
      {"contact", "contact_price",
       {{"setting", text}, {"kind", text}, {"worker", text}, {"pence_per_minute", number}, {"default_minutes", number}}, 2},
      {"prescription_default", "prescription_default", {{"bnf_chapter", text}, {"pence", number}}, 1},
      {"social_care_default", "social_care_default",
       {{"service_type", text}, {"service_component", text}, {"basis", text}, {"pence", number}}, 2},
      {"voluntary", "voluntary_price", {{"service", text}, {"pence", number}}, 1},
  };
  return all;
}

const ListShape* find_shape(std::string_view name) {
  for (const auto& shape : shapes())
    if (shape.name == name) return &shape;
  return nullptr;
}

bool whole_number(std::string_view text) {
  return !text.empty() && text.size() <= 15 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_folder(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".csv") continue;
    std::string stem = entry.path().stem().string();
    if (stem.ends_with("_illustrative")) stem.resize(stem.size() - 13);
    std::string known;
    bool found = stem == "hrg_price_base";
    for (const auto& shape : shapes()) {
      found = found || stem == shape.stem;
      known += (known.empty() ? "" : ", ") + std::string(shape.stem) + ".csv";
    }
    if (!found)
      return fail(ErrorCode::invalid_input, "This is no price list that Joinedup knows; the lists are " + known + ".",
                  "prices/" + entry.path().filename().string());
  }
  return {};
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv_records(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string field;
  bool quoted = false, any = false;
  const auto end_record = [&] {
    record.push_back(std::move(field));
    field.clear();
    records.push_back(std::move(record));
    record.clear();
    any = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') field += c;
      else if (i + 1 < text.size() && text[i + 1] == '"') field += text[++i];
      else quoted = false;
      continue;
    }
    if (c == '"') quoted = true, any = true;
    else if (c == ',') record.push_back(std::move(field)), field.clear(), any = true;
    else if (c == '\n') end_record();
    else if (c != '\r') field += c, any = true;
  }
  if (any) end_record();
  return records;
}

Result<PriceList> parse_price_list(std::string_view name, std::string_view text, const std::string& file) {
  const ListShape* shape = find_shape(name);
  JOINEDUP_INVARIANT(shape, "a price list has a shape");
  PriceList list{std::string(name), file, {}, file.find("illustrative") != std::string::npos, {}, {},
                 std::string(shape->stem) + ".csv"};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t line = 1;
  if (text.starts_with('#')) {
    const auto end = std::min(text.find('\n'), text.size());
    list.source = std::string(trim(text.substr(1, end - 1)));
    list.illustrative = list.illustrative || list.source.starts_with("ILLUSTRATIVE");
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
  }
  auto records = parse_csv_records(text);
  for (const auto& [column, kind] : shape->columns) list.columns.emplace_back(column);
  if (records.empty() || records[0] != list.columns) {
    std::string wanted;
    for (const auto& column : list.columns) wanted += (wanted.empty() ? "" : ",") + column;
    return fail(ErrorCode::invalid_input, "The header of this price list must be: " + wanted + ".", file);
  }
  std::set<std::vector<std::string>> seen;
  for (std::size_t i = 1; i < records.size(); ++i) {
    auto& row = records[i];
    const std::string where = file + ":" + std::to_string(line + i);
    if (row.size() == 1 && trim(row[0]).empty()) continue;
    if (row.size() != list.columns.size())
      return fail(ErrorCode::invalid_input, "This line has " + std::to_string(row.size()) + " fields; the list has " +
                                                std::to_string(list.columns.size()) + " columns.", where);
    for (std::size_t c = 0; c < row.size(); ++c) {
      row[c] = std::string(trim(row[c]));
      if (shape->columns[c].second == PriceColumn::number && !row[c].empty() && !whole_number(row[c]))
        return fail(ErrorCode::invalid_input, "The column " + list.columns[c] + " holds whole numbers (pence, days, minutes or percent), not negative.", where);
      if (c < shape->key_columns && row[c].empty())
        return fail(ErrorCode::invalid_input, "The column " + list.columns[c] + " must not be empty.", where);
    }
    if (!seen.insert({row.begin(), row.begin() + static_cast<std::ptrdiff_t>(shape->key_columns)}).second)
      return fail(ErrorCode::invalid_input, "This price is in the list twice; keep one of the lines.", where);
    list.rows.push_back(std::move(row));
  }
  if (list.rows.empty()) return fail(ErrorCode::invalid_input, "This price list has no prices.", file);
  return list;
}

Result<std::vector<PriceList>> read_price_lists(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool own = !folder.empty() && fs::is_directory(folder, ignored);
  if (own) JOINEDUP_CHECK(check_folder(folder));
  std::vector<PriceList> lists;
  for (const auto& shape : shapes()) {
    std::string text, file;
    for (const char* suffix : {".csv", "_illustrative.csv"}) {
      const std::string name = std::string(shape.stem) + suffix;
      if (own && text.empty() && fs::exists(folder + "/" + name, ignored)) {
        JOINEDUP_TRY(text, read_file(folder + "/" + name));
        file = "prices/" + name;
      }
    }
    for (const char* suffix : {".csv", "_illustrative.csv"}) {
      const std::string name = "prices/" + std::string(shape.stem) + suffix;
      const auto shipped = place::shipped_file(name);
      if (file.empty() && shipped) text = *shipped, file = "shipped " + name;
    }
    JOINEDUP_TRY(auto list, parse_price_list(shape.name, text, file));
    lists.push_back(std::move(list));
  }
  return lists;
}

Result<void> load_price_lists(engine::Connection& connection, const std::vector<PriceList>& lists) {
  std::string about = "CREATE TABLE price_list(list VARCHAR, file VARCHAR, illustrative BOOLEAN, prices INTEGER, source VARCHAR)";
  JOINEDUP_CHECK(connection.run(about));
  for (const auto& list : lists) {
    const ListShape* shape = find_shape(list.name);
    std::string sql = "CREATE OR REPLACE TEMPORARY TABLE price_" + list.name + "(";
    for (const auto& [column, kind] : shape->columns)
      sql += std::string(sql.back() == '(' ? "" : ", ") + std::string(column) +
             (kind == PriceColumn::text ? " VARCHAR" : " BIGINT");
    sql += "); INSERT INTO price_" + list.name + " VALUES ";
    for (std::size_t i = 0; i < list.rows.size(); ++i) {
      sql += i ? ", (" : "(";
      for (std::size_t c = 0; c < list.rows[i].size(); ++c) {
        const auto& value = list.rows[i][c];
        sql += std::string(c ? ", " : "") + (value.empty() ? "NULL"
                                             : shape->columns[c].second == PriceColumn::text ? engine::sql_text(value) : value);
      }
      sql += ")";
    }
    JOINEDUP_CHECK(connection.run(sql));
    JOINEDUP_CHECK(connection.run("INSERT INTO price_list VALUES (" + engine::sql_text(list.name) + ", " +
                                  engine::sql_text(list.file) + ", " + (list.illustrative ? "TRUE" : "FALSE") + ", " +
                                  std::to_string(list.rows.size()) + ", " + engine::sql_text(list.source) + ")"));
  }
  return {};
}

Result<void> write_price_list(const PriceList& list, const std::string& folder) {
  const ListShape* shape = find_shape(list.name);
  if (!shape) return fail(ErrorCode::wrong_usage, "There is no price list of this name.", list.name);
  std::string out = "# " + list.source + "\n";
  const auto line = [&](const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) out += (i ? "," : "") + csv_field(fields[i]);
    out += '\n';
  };
  line(list.columns);
  for (const auto& row : list.rows) line(row);
  JOINEDUP_CHECK(make_folder(folder));
  return write_file(folder + "/" + std::string(shape->stem) + ".csv", out);
}

}  // namespace joinedup::record
