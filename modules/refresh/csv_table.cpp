#include "refresh/csv_table.hpp"

namespace joinedup::refresh {

Result<CsvTable> read_csv_table(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  CsvTable table;
  std::uint64_t line = 1;
  const auto wrong = [&](const std::string& what) { return fail(ErrorCode::invalid_input, what, file + ":" + std::to_string(line)); };
  for (std::size_t at = 0; at < text.size();) {
    CsvTable::Row row{line, {}};
    for (bool more = true; more;) {
      std::string field;
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          if (at >= text.size()) return wrong("A quote is opened and never closed.");
          if (text[at] == '"') {
            if (at + 1 >= text.size() || text[at + 1] != '"') break;
            ++at;
          }
          line += text[at] == '\n';
          field += text[at];
        }
        if (++at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') return wrong("Something follows a closing quote.");
      } else {
        while (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') {
          if (text[at] == '"') return wrong("A quote stands inside a field that does not begin with one.");
          field += text[at++];
        }
      }
      row.fields.push_back(std::move(field));
      more = at < text.size() && text[at] == ',';
      at += more;
    }
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') ++at;
    ++line;
    if (row.fields.size() == 1 && row.fields[0].empty()) continue;  // an empty line
    if (table.header.empty()) {
      table.header = std::move(row.fields);
      continue;
    }
    if (row.fields.size() != table.header.size())
      return fail(ErrorCode::invalid_input, "This row has " + std::to_string(row.fields.size()) + " fields where the header has " + std::to_string(table.header.size()) + ".",
                  file + ":" + std::to_string(row.line));
    table.rows.push_back(std::move(row));
  }
  if (table.header.empty()) return wrong("The file is empty.");
  return table;
}

}  // namespace joinedup::refresh
