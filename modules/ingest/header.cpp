#include "ingest/header.hpp"

#include <algorithm>
#include <unordered_map>

#include "ingest/values.hpp"

namespace joinedup::ingest {
namespace {

using Headers = std::unordered_map<std::string, std::uint32_t>;

std::vector<std::string> first_record(const char* text, std::size_t begin, std::size_t size, bool whole, char separator, std::size_t& next) {
  std::vector<Slice> fields;
  const ScanLimits limits;
  std::vector<std::string> values;
  CarefulRecord record;
  for (;;) {
    record = scan_carefully(text, begin, size, whole, {separator, 1u << 20}, limits, fields);
    if (record.state != CarefulRecord::State::blank) break;
    begin = record.next;
    if (begin >= size) return values;
  }
  // The real number of columns is not known yet, so the record counts as short; its fields are what matters.
  if (record.state == CarefulRecord::State::incomplete) return values;
  next = record.next;
  std::string scratch;
  for (const auto& field : fields) {
    const auto value = field_value({text + field.at, field.size}, scratch);
    values.push_back(is_valid_utf8(value) ? std::string(value) : windows_1252_to_utf8(value));
  }
  return values;
}

std::size_t recognised(const std::vector<std::string>& values, const Headers& known) {
  std::size_t count = 0;
  for (const auto& value : values) count += !value.empty() && known.contains(header_key(value));
  return count;
}

Headers known_headers(const place::TableSpec& table, const std::vector<std::string>& layout) {
  Headers known;
  const auto add = [&](const std::string& name) {
    if (!name.empty()) known.emplace(header_key(name), 0);
  };
  for (const auto& name : layout) add(name);
  add(table.row_id);
  add(table.reference);
  for (const auto& source : table.identity) add(source.from);
  for (const auto& column : table.columns) {
    add(column.from);
    for (const auto& alias : column.aliases) add(alias);
  }
  return known;
}

}  // namespace

std::string header_key(const std::string_view header) {
  std::string key;
  for (const char c : header) {
    if (c >= 'A' && c <= 'Z') key += static_cast<char>(c + 32);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) key += c;
  }
  return key;
}

Result<ColumnMap> map_columns(const std::vector<std::string>& headers, const place::TableSpec& table,
                              const std::vector<std::string>& layout) {
  ColumnMap map;
  map.columns = static_cast<std::uint32_t>(headers.size());
  Headers exact, loose;
  for (std::uint32_t i = 0; i < headers.size(); ++i) {
    exact.emplace(headers[i], i);
    loose.emplace(header_key(headers[i]), i);
  }
  std::vector<std::uint32_t> wanted;
  const auto find = [&](const std::string& name, const std::vector<std::string>& aliases = {}) -> int {
    if (name.empty()) return -1;
    auto at = exact.find(name);
    if (at == exact.end() && (at = loose.find(header_key(name))) == loose.end()) {
      at = loose.end();
      for (const auto& alias : aliases)
        if ((at = loose.find(header_key(alias))) != loose.end()) break;
      if (at == loose.end()) return -1;
    }
    wanted.push_back(at->second);
    return static_cast<int>(at->second);
  };
  std::string lacking;
  const auto lack = [&](const std::string& name) { lacking += (lacking.empty() ? "\"" : ", \"") + name + "\""; };
  map.row_id = find(table.row_id);
  map.reference = find(table.reference);
  if (map.reference < 0 && table.person == place::PersonSource::reference) lack(table.reference);
  map.identity.fill(-1);
  bool anyone = table.identity.empty();
  for (const auto& source : table.identity) {
    auto& at = map.identity[static_cast<std::size_t>(source.field)];
    at = find(source.from);
    if (at < 0) map.missing.push_back(source.from);
    else anyone = true;
  }
  if (!anyone) lack(table.identity[0].from);
  for (const auto& column : table.columns) {
    map.column.push_back(find(column.from, column.aliases));
    if (map.column.back() >= 0) continue;
    if (column.required) lack(column.from);
    else map.missing.push_back(column.from);
  }
  if (!lacking.empty())
    return fail(ErrorCode::invalid_input, "The header lacks " + lacking + ", which the feed " + table.name + " needs.");
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  const auto slot = [&](int& at) {
    if (at >= 0) at = static_cast<int>(std::lower_bound(wanted.begin(), wanted.end(), static_cast<std::uint32_t>(at)) - wanted.begin());
  };
  slot(map.row_id);
  slot(map.reference);
  for (auto& at : map.identity) slot(at);
  for (auto& at : map.column) slot(at);
  const auto known = known_headers(table, layout);
  for (const auto& header : headers)
    if (!known.contains(header_key(header))) map.extra.push_back(header);
  map.wanted = std::move(wanted);
  return map;
}

Result<FileHeader> read_header(const char* text, const std::size_t size, const bool whole, const place::TableSpec& table,
                               const std::vector<std::string>& layout) {
  FileHeader header;
  std::size_t begin = std::string_view(text, size).starts_with("\xEF\xBB\xBF") ? 3 : 0;
  const auto known = known_headers(table, layout);
  std::vector<std::string> best;
  std::size_t best_known = 0, best_next = 0;
  for (const char separator : {',', '\t', '|', ';'}) {
    std::size_t next = begin;
    auto values = first_record(text, begin, size, whole, separator, next);
    const auto count = recognised(values, known);
    const bool better = best.empty() || count > best_known || (count == best_known && values.size() > best.size() && values.size() == layout.size());
    if (!better || values.empty()) continue;
    best = std::move(values);
    best_known = count;
    best_next = next;
    header.dialect.separator = separator;
  }
  if (best.empty()) return fail(ErrorCode::invalid_input, "The first line of the file cannot be read as a header or a row.");
  header.positional = best_known * 2 < std::min(best.size(), layout.size() ? layout.size() : best.size()) && best_known < 3;
  if (header.positional) {
    if (best.size() != layout.size() || layout.empty())
      return fail(ErrorCode::invalid_input, "The first line is neither the header of " + table.name + " nor a row of its " +
                                                std::to_string(layout.size()) + " columns (it has " + std::to_string(best.size()) + ").");
    JOINEDUP_TRY(header.map, map_columns(layout, table, layout));
    header.begin = begin;
  } else {
    JOINEDUP_TRY(header.map, map_columns(best, table, layout));
    header.begin = best_next;
  }
  header.dialect.columns = header.map.columns;
  return header;
}

}  // namespace joinedup::ingest
