#include "validation/primitive.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace joinedup::validation {

namespace {

constexpr std::size_t longest_string = 1024 * 1024;  // FHIR R4: strings SHALL NOT exceed 1 MB

bool digit(char c) { return c >= '0' && c <= '9'; }
bool digits(std::string_view text) {
  for (char c : text)
    if (!digit(c)) return false;
  return !text.empty();
}
int two(std::string_view text, std::size_t at) {
  return digit(text[at]) && digit(text[at + 1]) ? (text[at] - '0') * 10 + (text[at + 1] - '0') : -1;
}
bool space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// No white space; the allowed characters of a URI are wider than people think, so no more is asked.
bool is_uri(std::string_view text) {
  for (char c : text)
    if (space(c)) return false;
  return !text.empty();
}

bool is_string(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 && !space(c)) return false;
  return true;
}

// [^\s]+(\s[^\s]+)*
bool is_code(std::string_view text) {
  if (text.empty() || space(text.front()) || space(text.back())) return false;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (space(text[i]) && space(text[i - 1])) return false;
  return true;
}

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text)
    if (!digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-' && c != '.') return false;
  return true;
}

bool is_oid(std::string_view text) {
  constexpr std::string_view prefix = "urn:oid:";
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  if (text.empty() || text[0] < '0' || text[0] > '2') return false;
  std::size_t arcs = 0;
  while (!text.empty()) {
    auto dot = text.find('.');
    auto arc = text.substr(0, dot);
    if (!digits(arc) || (arc.size() > 1 && arc[0] == '0') || (arcs == 0 && arc.size() != 1)) return false;
    ++arcs;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
    if (text.empty()) return false;
  }
  return arcs > 1;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view prefix = "urn:uuid:";
  if (text.size() != prefix.size() + 36 || text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
    } else if (!digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f') && !(text[i] >= 'A' && text[i] <= 'F')) {
      return false;
    }
  }
  return true;
}

// Groups of four; white space may stand between characters.
bool is_base64(std::string_view text) {
  std::size_t count = 0, pads = 0;
  for (char c : text) {
    if (space(c)) continue;
    if (c == '=') {
      ++pads;
    } else {
      if (pads > 0) return false;
      if (!digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '+' && c != '/') return false;
    }
    ++count;
  }
  return count > 0 && count % 4 == 0 && pads <= 2;
}

// -?(0|[1-9][0-9]*) within 32 bits.
bool is_integer(std::string_view text, std::int64_t least) {
  bool minus = !text.empty() && text[0] == '-';
  if (minus) text.remove_prefix(1);
  if (!digits(text) || text.size() > 10 || (text.size() > 1 && text[0] == '0')) return false;
  std::int64_t value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  if (minus) value = -value;
  return value >= least && value >= -2147483648LL && value <= 2147483647LL;
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? is JSON's own number; FHIR asks for 18 digits, more are let through up to 100.
bool is_decimal(std::string_view text) {
  return text.size() <= 100;
}

int days_in(int year, int month) {
  static constexpr std::array<int, 13> days{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) return 29;
  return days[static_cast<std::size_t>(month)];
}

// YYYY, YYYY-MM or YYYY-MM-DD from the front; gives how much was read, 0 if none.
std::size_t read_date(std::string_view text) {
  if (text.size() < 4 || !digits(text.substr(0, 4))) return 0;
  int year = two(text, 0) * 100 + two(text, 2);
  if (year == 0) return 0;
  if (text.size() == 4) return 4;
  if (text.size() < 7 || text[4] != '-') return 0;
  int month = two(text, 5);
  if (month < 1 || month > 12) return 0;
  if (text.size() == 7) return 7;
  if (text.size() < 10 || text[7] != '-') return 0;
  int day = two(text, 8);
  return day >= 1 && day <= days_in(year, month) ? 10 : 0;
}

// hh:mm:ss(.s+)? from the front; gives how much was read, 0 if none.
std::size_t read_time(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return 0;
  int hour = two(text, 0), minute = two(text, 3), second = two(text, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return 0;
  std::size_t at = 8;
  if (at < text.size() && text[at] == '.') {
    std::size_t from = ++at;
    while (at < text.size() && digit(text[at])) ++at;
    if (at == from || at - from > 18) return 0;
  }
  return at;
}

bool is_zone(std::string_view text) {
  if (text == "Z") return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  int hour = two(text, 1), minute = two(text, 4);
  return hour >= 0 && minute >= 0 && minute <= 59 && (hour <= 13 || (hour == 14 && minute == 0));
}

bool is_instant(std::string_view text) {
  if (text.size() < 20 || read_date(text.substr(0, 10)) != 10 || text[10] != 'T') return false;
  auto rest = text.substr(11);
  std::size_t used = read_time(rest);
  return used > 0 && is_zone(rest.substr(used));
}

}  // namespace

Form form_of(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, Form>, 20> names{{
      {"boolean", Form::boolean}, {"integer", Form::integer}, {"unsignedInt", Form::unsigned_int},
      {"positiveInt", Form::positive_int}, {"decimal", Form::decimal}, {"string", Form::string},
      {"markdown", Form::markdown}, {"code", Form::code}, {"id", Form::id}, {"uri", Form::uri}, {"url", Form::url},
      {"canonical", Form::canonical}, {"oid", Form::oid}, {"uuid", Form::uuid}, {"base64Binary", Form::base64},
      {"date", Form::date}, {"dateTime", Form::date_time}, {"instant", Form::instant}, {"time", Form::time},
      {"xhtml", Form::xhtml}}};
  for (const auto& [name, form] : names)
    if (name == type) return form;
  return Form::none;
}

Written written_as(Form form) {
  switch (form) {
    case Form::boolean: return Written::boolean;
    case Form::integer:
    case Form::unsigned_int:
    case Form::positive_int:
    case Form::decimal: return Written::number;
    default: return Written::text;
  }
}

bool fits(Form form, std::string_view text) {
  switch (form) {
    case Form::none:
    case Form::boolean: return true;
    case Form::integer: return is_integer(text, -2147483648LL);
    case Form::unsigned_int: return is_integer(text, 0);
    case Form::positive_int: return is_integer(text, 1);
    case Form::decimal: return is_decimal(text);
    case Form::string:
    case Form::markdown: return text.size() <= longest_string && is_string(text);
    case Form::xhtml: return is_string(text);
    case Form::code: return is_code(text);
    case Form::id: return is_id(text);
    case Form::uri:
    case Form::url:
    case Form::canonical: return is_uri(text);
    case Form::oid: return is_oid(text);
    case Form::uuid: return is_uuid(text);
    case Form::base64: return is_base64(text);
    case Form::date: return read_date(text) == text.size() && text.size() >= 4;
    case Form::date_time: return text.size() <= 10 ? text.size() >= 4 && read_date(text) == text.size() : is_instant(text);
    case Form::instant: return is_instant(text);
    case Form::time: return !text.empty() && read_time(text) == text.size();
  }
  return true;
}

const char* form_sentence(Form form) {
  switch (form) {
    case Form::boolean: return "a boolean, true or false without quotes";
    case Form::integer: return "a whole number between -2147483648 and 2147483647, without quotes";
    case Form::unsigned_int: return "a whole number from 0 to 2147483647, without quotes";
    case Form::positive_int: return "a whole number from 1 to 2147483647, without quotes";
    case Form::decimal: return "a decimal number of at most 100 characters, without quotes";
    case Form::string:
    case Form::markdown:
    case Form::xhtml: return "a text that is not empty, holds no control characters and is at most 1 MB long";
    case Form::code: return "a code: no space at its ends, and no two spaces together";
    case Form::id: return "an id: 1 to 64 letters, digits, hyphens and full stops";
    case Form::uri:
    case Form::url:
    case Form::canonical: return "an address (URI) without spaces";
    case Form::oid: return "an OID in the form urn:oid:1.2.3";
    case Form::uuid: return "a UUID in the form urn:uuid:01234567-89ab-cdef-0123-456789abcdef";
    case Form::base64: return "base64";
    case Form::date: return "a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD";
    case Form::date_time: return "a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD, or a date and time with seconds and time zone";
    case Form::instant: return "a date and time with seconds and time zone";
    case Form::time: return "a time of day as hh:mm:ss";
    case Form::none: break;
  }
  return "a value of its type";
}

}  // namespace joinedup::validation
