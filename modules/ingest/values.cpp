#include "ingest/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/date.hpp"
#include "base/money.hpp"
#include "base/text.hpp"

namespace joinedup::ingest {
namespace {

constexpr int first_year = 1700, last_year = 2299;

// Days since 1970-01-01 of the day before each month's first, and its length, for the years that feeds hold.
struct MonthTable {
  std::array<std::int32_t, (last_year - first_year + 1) * 12> before;
  std::array<std::uint8_t, (last_year - first_year + 1) * 12> length;
  MonthTable() {
    for (int year = first_year; year <= last_year; ++year)
      for (int month = 1; month <= 12; ++month) {
        const auto at = static_cast<std::size_t>((year - first_year) * 12 + month - 1);
        before[at] = Date::from_civil(year, month, 1).days - 1;
        length[at] = static_cast<std::uint8_t>(days_in_month(year, month));
      }
  }
};
const MonthTable months;

ValueState day_of(const unsigned year, const unsigned month, const unsigned day, std::int32_t& days) {
  if (year < first_year || year > last_year) {
    const auto made = make_date(static_cast<int>(year), static_cast<int>(month), static_cast<int>(day));
    if (!made) return ValueState::no_such_day;
    days = made->days;
    return ValueState::good;
  }
  if (month - 1 > 11) return ValueState::no_such_day;
  const auto at = (year - first_year) * 12 + month - 1;
  if (day - 1 >= months.length[at]) return ValueState::no_such_day;
  days = months.before[at] + static_cast<std::int32_t>(day);
  return ValueState::good;
}

bool is_digit(const char c) { return static_cast<unsigned char>(c - '0') < 10; }
unsigned digit(const char c) { return static_cast<unsigned>(c - '0'); }

bool digits(std::string_view text, std::size_t at, std::size_t count, unsigned& value) {
  if (at + count > text.size()) return false;
  unsigned sum = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return false;
    sum = sum * 10 + digit(text[i]);
  }
  value = sum;
  return true;
}

int month_of_name(std::string_view text) {
  if (text.size() < 3) return 0;
  static constexpr const char* names[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
  const auto lower = lower_ascii(text);
  for (int i = 0; i < 12; ++i)
    if (lower == names[i] || lower == std::string_view(names[i]).substr(0, 3) || (i == 8 && lower == "sept")) return i + 1;
  return 0;
}

// The date at the start of text; `used` is how much of it is the date.
ValueState date_prefix(std::string_view text, std::int32_t& days, std::size_t& used) {
  unsigned year = 0, month = 0, day = 0;
  if (text.size() >= 10 && (text[4] == '-' || text[4] == '/') && text[7] == text[4] && digits(text, 0, 4, year) && digits(text, 5, 2, month) &&
      digits(text, 8, 2, day)) {
    used = 10;
    return day_of(year, month, day, days);
  }
  if (digits(text, 0, 8, year) && (text.size() == 8 || !is_digit(text[8]))) {
    used = 8;
    return day_of(year / 10000, year / 100 % 100, year % 100, days);
  }
  std::size_t at = 0;
  while (at < text.size() && at < 3 && is_digit(text[at])) day = day * 10 + digit(text[at++]);
  if (at == 0 || at > 2 || at >= text.size()) return ValueState::unreadable;
  const char separator = text[at++];
  if (separator != '/' && separator != '-' && separator != '.' && separator != ' ') return ValueState::unreadable;
  const auto month_at = at;
  while (at < text.size() && text[at] != separator) ++at;
  const auto word = text.substr(month_at, at - month_at);
  if (at++ >= text.size() || !digits(text, at, 4, year) || (at + 4 < text.size() && is_digit(text[at + 4]))) return ValueState::unreadable;
  used = at + 4;
  if (word.size() >= 1 && word.size() <= 2 && separator != ' ' && digits(word, 0, word.size(), month)) return day_of(year, month, day, days);
  month = static_cast<unsigned>(month_of_name(word));
  return month ? day_of(year, month, day, days) : ValueState::unreadable;
}

ValueState clock(std::string_view text, std::int64_t& minutes) {
  unsigned hour = 0, minute = 0, second = 0;
  std::size_t at = 0;
  if (text.size() >= 4 && (text[1] == ':' || text[2] == ':')) {
    const std::size_t colon = text[1] == ':' ? 1 : 2;
    if (!digits(text, 0, colon, hour) || !digits(text, colon + 1, 2, minute)) return ValueState::unreadable;
    at = colon + 3;
    if (at < text.size() && text[at] == ':') {
      if (!digits(text, at + 1, 2, second)) return ValueState::unreadable;
      at += 3;
      if (at < text.size() && text[at] == '.')
        for (++at; at < text.size() && is_digit(text[at]); ++at) {}
    }
    const auto rest = text.substr(at);  // a zone is accepted and not used: the feed's local clock is what counts
    if (!rest.empty() && rest != "Z" && rest[0] != '+' && rest[0] != '-') return ValueState::unreadable;
  } else if (text.size() == 4 || text.size() == 6) {
    if (!digits(text, 0, 2, hour) || !digits(text, 2, 2, minute) || (text.size() == 6 && !digits(text, 4, 2, second))) return ValueState::unreadable;
  } else {
    return ValueState::unreadable;
  }
  if (hour > 23 || minute > 59 || second > 60) return ValueState::unreadable;
  minutes = hour * 60 + minute;
  return ValueState::good;
}

}  // namespace

ValueState read_date(const std::string_view text, std::int32_t& days) {
  std::size_t used = 0;
  const auto state = date_prefix(text, days, used);
  if (state == ValueState::unreadable || used == text.size()) return state;
  if (text[used] != ' ' && text[used] != 'T') return ValueState::unreadable;
  std::int64_t minutes = 0;
  const auto rest = trim(text.substr(used + 1));
  if (!rest.empty() && clock(rest, minutes) != ValueState::good) return ValueState::unreadable;
  return state;
}

ValueState read_time(const std::string_view text, std::int64_t& minutes) {
  if (clock(text, minutes) == ValueState::good) return ValueState::good;
  std::int32_t days = 0;
  std::size_t used = 0;
  if (date_prefix(text, days, used) != ValueState::good || used >= text.size()) return ValueState::unreadable;
  if (text[used] != ' ' && text[used] != 'T') return ValueState::unreadable;
  return clock(trim(text.substr(used + 1)), minutes);
}

ValueState read_integer(std::string_view text, std::int64_t& value) {
  if (text.empty()) return ValueState::unreadable;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    for (std::size_t i = dot + 1; i < text.size(); ++i)
      if (text[i] != '0') return ValueState::unreadable;
    text = text.substr(0, dot);
  }
  if (text.empty() || text.size() > 18) return ValueState::unreadable;
  std::int64_t sum = 0;
  for (const char c : text) {
    if (!is_digit(c)) return ValueState::unreadable;
    sum = sum * 10 + (c - '0');
  }
  value = negative ? -sum : sum;
  return ValueState::good;
}

ValueState read_decimal(std::string_view text, double& value) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  // Short plain decimals are exact: an integer below 2^53 divided by a power of ten below 10^22 rounds once.
  static constexpr double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (text.size() <= 15 && !text.empty()) {
    std::int64_t mantissa = 0;
    std::size_t at = text[0] == '-', decimals = 0, count = 0;
    bool point = false;
    for (; at < text.size(); ++at) {
      if (is_digit(text[at])) {
        mantissa = mantissa * 10 + (text[at] - '0');
        decimals += point;
        ++count;
      } else if (text[at] == '.' && !point) point = true;
      else break;
    }
    if (at == text.size() && count > 0) {
      const double magnitude = static_cast<double>(mantissa) / powers[decimals];
      value = text[0] == '-' ? -magnitude : magnitude;
      return ValueState::good;
    }
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return ValueState::unreadable;
  return ValueState::good;
}

ValueState read_pounds(const std::string_view text, std::int64_t& pence) {
  std::int64_t sum = 0;
  std::size_t at = 0;
  while (at < text.size() && at < 12 && is_digit(text[at])) sum = sum * 10 + (text[at++] - '0');
  if (at > 0) {
    if (at == text.size()) return pence = sum * 100, ValueState::good;
    if (at + 3 == text.size() && text[at] == '.' && is_digit(text[at + 1]) && is_digit(text[at + 2]))
      return pence = sum * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0'), ValueState::good;
  }
  const auto money = Money::from_pounds_text(text);
  if (!money) return ValueState::unreadable;
  pence = money->pence;
  return ValueState::good;
}

ValueState read_flag(const std::string_view text, std::int64_t& value) {
  static constexpr const char* yes[] = {"true", "yes", "y", "t", "1"};
  static constexpr const char* no[] = {"false", "no", "n", "f", "0"};
  const auto lower = lower_ascii(text);
  for (int i = 0; i < 5; ++i) {
    if (lower == yes[i]) return value = 1, ValueState::good;
    if (lower == no[i]) return value = 0, ValueState::good;
  }
  return ValueState::unreadable;
}

std::string_view field_value(std::string_view raw, std::string& scratch) {
  if (raw.size() >= 2 && raw.front() == '"' && raw.back() == '"') {
    raw = raw.substr(1, raw.size() - 2);
    if (std::memchr(raw.data(), '"', raw.size())) {
      scratch.clear();
      for (std::size_t i = 0; i < raw.size(); ++i) {
        scratch += raw[i];
        if (raw[i] == '"' && i + 1 < raw.size() && raw[i + 1] == '"') ++i;
      }
      raw = scratch;
    }
  }
  const auto blank = [](const char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!raw.empty() && blank(raw.front())) raw.remove_prefix(1);
  while (!raw.empty() && blank(raw.back())) raw.remove_suffix(1);
  return raw;
}

}  // namespace joinedup::ingest
