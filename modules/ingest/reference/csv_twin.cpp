#include "ingest/reference/csv_twin.hpp"

namespace joinedup::ingest::reference {
namespace {

struct Attempt {
  std::vector<std::string> fields;
  std::vector<std::size_t> lines_in_quotes;  // starts of lines inside quoted fields
  std::size_t first_line_of_open_field = std::string::npos;
  std::size_t open_field = 0, next = 0;
  bool stray = false, unclosed = false, too_long = false, text_beyond = false;
};

bool line_end_at(std::string_view text, std::size_t at, std::size_t& length) {
  if (at >= text.size()) return false;
  if (text.substr(at, 2) == "\r\n") return length = 2, true;
  if (text[at] == '\n' || text[at] == '\r') return length = 1, true;
  return false;
}

Attempt attempt(std::string_view text, std::size_t begin, const Dialect& dialect, const ScanLimits& limits) {
  Attempt result;
  std::size_t at = begin, length = 0;
  for (;;) {
    std::string value;
    const std::size_t start = at;
    if (at < text.size() && text[at] == '"') {
      result.open_field = at;
      result.first_line_of_open_field = std::string::npos;
      ++at;
      for (bool open = true; open;) {
        if (at - start > limits.quoted_field || at >= text.size()) {
          result.unclosed = true;
          return result;
        }
        if (line_end_at(text, at, length)) {
          value += text.substr(at, length);
          at += length;
          result.lines_in_quotes.push_back(at);
          if (result.first_line_of_open_field == std::string::npos) result.first_line_of_open_field = at;
        } else if (text[at] != '"') {
          value += text[at++];
        } else if (at + 1 == text.size() || text[at + 1] == dialect.separator || line_end_at(text, at + 1, length)) {
          open = false;
          ++at;
        } else {
          value += '"';
          if (text[at + 1] == '"') at += 2;
          else ++at, result.stray = true;
        }
      }
    } else {
      while (at < text.size() && text[at] != dialect.separator && !line_end_at(text, at, length)) value += text[at++];
    }
    if (at - begin > limits.record) {
      result.too_long = true;
      return result;
    }
    if (result.fields.size() >= dialect.columns && at > start) result.text_beyond = true;
    result.fields.push_back(value);
    if (at >= text.size()) return result.next = at, result;
    if (line_end_at(text, at, length)) return result.next = at + length, result;
    ++at;
  }
}

bool proper_line(std::string_view text, std::size_t begin, const Dialect& dialect) {
  std::size_t end = begin, length = 0;
  while (end < text.size() && !line_end_at(text, end, length)) ++end;
  const auto line = text.substr(begin, end - begin);
  if (line.empty()) return false;
  enum { start, plain, quoted, after } state = start;
  std::uint32_t columns = 1;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (state == quoted) {
      if (c == '"') {
        if (i + 1 < line.size() && line[i + 1] == '"') ++i;
        else state = after;
      }
    } else if (c == dialect.separator) {
      ++columns;
      state = start;
    } else if (c == '"') {
      if (state != start) return false;
      state = quoted;
    } else if (state == after) {
      return false;
    } else {
      state = plain;
    }
  }
  return state != quoted && columns == dialect.columns;
}

std::size_t following_line(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  while (at < text.size() && !line_end_at(text, at, length)) ++at;
  return at < text.size() ? at + length : at;
}

}  // namespace

std::vector<TwinRecord> read_csv(std::string_view text, const Dialect& dialect, const ScanLimits& limits) {
  std::vector<TwinRecord> records;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    if (line_end_at(text, at, length)) {
      at += length;
      continue;
    }
    auto found = attempt(text, at, dialect, limits);
    const auto count = found.fields.size();
    const bool fits = count == dialect.columns || (count > dialect.columns && !found.text_beyond);
    std::size_t resume = found.next;
    TwinRecord record;
    if (found.unclosed || (!found.too_long && (found.stray || !fits))) {
      for (const auto line : found.lines_in_quotes)
        if (!record.fault && proper_line(text, line, dialect)) {
          record.fault = RecordFault::unclosed_quote;
          resume = line;
        }
      if (found.unclosed && !record.fault) {
        record.fault = RecordFault::unclosed_quote;
        resume = found.first_line_of_open_field != std::string::npos ? found.first_line_of_open_field : following_line(text, found.open_field);
      }
    }
    if (!record.fault && found.too_long) {
      record.fault = RecordFault::too_long;
      resume = following_line(text, at);
    }
    if (!record.fault && !fits) record.fault = count < dialect.columns ? RecordFault::too_few_columns : RecordFault::too_many_columns;
    if (!record.fault) {
      record.fields = std::move(found.fields);
      record.fields.resize(dialect.columns);
      // A record of one column that holds two quotes only is an empty value, not an empty line.
    }
    records.push_back(std::move(record));
    at = resume;
  }
  return records;
}

}  // namespace joinedup::ingest::reference
