#include <cstring>

#include "ingest/scan.hpp"

namespace joinedup::ingest {
namespace {

bool ends_line(const char c) { return c == '\n' || c == '\r'; }

std::size_t after_line_end(const char* data, const std::size_t at, const std::size_t size) {
  return at + 1 < size && data[at] == '\r' && data[at + 1] == '\n' ? at + 2 : at + 1;
}

// Where the line after the one holding `from` begins; npos if the bytes end first.
constexpr auto nowhere = static_cast<std::size_t>(-1);
std::size_t next_line(const char* data, std::size_t from, const std::size_t size, const bool last) {
  while (from < size && !ends_line(data[from])) ++from;
  if (from == size) return last ? size : nowhere;
  if (data[from] == '\r' && from + 1 == size && !last) return nowhere;
  return after_line_end(data, from, size);
}

struct QuotedField {
  enum class End { closed, unclosed, incomplete } end = End::incomplete;
  std::size_t next = 0;  // after the closing quote
  bool stray = false;
};

QuotedField read_quoted(const char* data, const std::size_t begin, const std::size_t size, const bool last, const char separator,
                        const ScanLimits& limits, std::vector<std::size_t>& lines) {
  QuotedField field;
  for (std::size_t at = begin + 1;; ++at) {
    if (at - begin > limits.quoted_field) {
      field.end = QuotedField::End::unclosed;
      return field;
    }
    if (at >= size) {
      field.end = last ? QuotedField::End::unclosed : QuotedField::End::incomplete;
      return field;
    }
    if (ends_line(data[at])) {
      if (at + 1 == size && !last && data[at] == '\r') return field;
      const auto line = after_line_end(data, at, size);
      lines.push_back(line);
      at = line - 1;
      continue;
    }
    if (data[at] != '"') continue;
    if (at + 1 == size && !last) return field;
    if (at + 1 == size || data[at + 1] == separator || ends_line(data[at + 1])) {
      field.end = QuotedField::End::closed;
      field.next = at + 1;
      return field;
    }
    if (data[at + 1] == '"') ++at;
    else field.stray = true;
  }
}

}  // namespace

const char* record_fault_rule(const RecordFault fault) {
  static constexpr const char* rules[] = {"record.too_few_columns", "record.too_many_columns", "record.unclosed_quote", "record.too_long"};
  return rules[static_cast<int>(fault)];
}

LineLooks line_looks(const char* data, const std::size_t begin, const std::size_t size, const bool last, const Dialect& dialect) {
  std::uint32_t columns = 1;
  std::size_t at = begin;
  bool field_start = true;
  for (; at < size && !ends_line(data[at]); ++at) {
    if (data[at] == dialect.separator) {
      ++columns;
      field_start = true;
      continue;
    }
    if (data[at] == '"') {
      if (!field_start) return LineLooks::improper;
      for (++at;; ++at) {
        if (at >= size) return last ? LineLooks::improper : LineLooks::unknown;
        if (ends_line(data[at])) return LineLooks::improper;
        if (data[at] != '"') continue;
        if (at + 1 >= size) break;
        if (data[at + 1] == '"') ++at;
        else break;
      }
      if (at + 1 < size && data[at + 1] != dialect.separator && !ends_line(data[at + 1])) return LineLooks::improper;
    }
    field_start = false;
  }
  if (at >= size && !last) return LineLooks::unknown;
  if (at == begin) return LineLooks::improper;
  return columns == dialect.columns ? LineLooks::proper : LineLooks::improper;
}

CarefulRecord scan_carefully(const char* data, const std::size_t begin, const std::size_t size, const bool last, const Dialect& dialect,
                             const ScanLimits& limits, std::vector<Slice>& fields) {
  CarefulRecord record;
  fields.clear();
  std::vector<std::size_t> lines;  // where lines begin inside quoted fields
  std::size_t at = begin, columns = 0, unclosed_lines = 0;
  bool stray = false, unclosed = false, extra = false, complete = false;
  const auto lost = [&](const RecordFault fault, const std::size_t next) {
    if (next == nowhere) return record;
    record.state = CarefulRecord::State::fault;
    record.fault = fault;
    record.next = next;
    return record;
  };
  for (;;) {
    const auto start = at;
    if (at < size && data[at] == '"') {
      unclosed_lines = lines.size();
      const auto quoted = read_quoted(data, at, size, last, dialect.separator, limits, lines);
      stray = stray || quoted.stray;
      if (quoted.end == QuotedField::End::incomplete) {
        if (at - begin > limits.record) break;
        return record;
      }
      unclosed = quoted.end == QuotedField::End::unclosed;
      if (unclosed) break;
      at = quoted.next;
    } else {
      while (at < size && data[at] != dialect.separator && !ends_line(data[at])) ++at;
    }
    if (at - begin > limits.record) break;
    ++columns;
    if (columns <= dialect.columns) fields.push_back({static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(at - start)});
    else extra = extra || at > start;
    if (at >= size) {
      if (!last) return record;
      record.next = size;
      complete = true;
      break;
    }
    if (data[at] != dialect.separator) {
      if (data[at] == '\r' && at + 1 == size && !last) return record;
      record.next = after_line_end(data, at, size);
      complete = true;
      break;
    }
    ++at;
  }
  if (complete && columns == 1 && fields[0].size == 0) {
    record.state = CarefulRecord::State::blank;
    return record;
  }
  const bool fits = complete && (columns == dialect.columns || (columns > dialect.columns && !extra));
  if (unclosed || (complete && !lines.empty() && (stray || !fits))) {
    for (const auto line : lines) {
      const auto looks = line_looks(data, line, size, last, dialect);
      if (looks == LineLooks::unknown) {
        record.state = CarefulRecord::State::incomplete;
        return record;
      }
      if (looks == LineLooks::proper) return lost(RecordFault::unclosed_quote, line);
    }
    if (unclosed)
      return lost(RecordFault::unclosed_quote,
                  unclosed_lines < lines.size() ? lines[unclosed_lines] : next_line(data, at, size, last));
  }
  if (!complete) return lost(RecordFault::too_long, next_line(data, begin, size, last));
  if (!fits) return lost(columns < dialect.columns ? RecordFault::too_few_columns : RecordFault::too_many_columns, record.next);
  record.state = CarefulRecord::State::good;
  return record;
}

}  // namespace joinedup::ingest
