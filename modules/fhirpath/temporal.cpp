#include "fhirpath/temporal.hpp"

#include <algorithm>

#include "base/date.hpp"

namespace joinedup::fhirpath {

namespace {

constexpr std::int64_t second = 1000000, minute = 60 * second, hour = 60 * minute, day_length = 24 * hour;

// Reads exactly `n` digits.
std::optional<int> digits(std::string_view& text, std::size_t n) {
  if (text.size() < n) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(n);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t micros_of(int year, int month, int day) {
  return std::int64_t{Date::from_civil(year, month, day).days} * day_length;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

CivilDay civil(std::int64_t micros) {
  return Date{static_cast<std::int32_t>(floor_div(micros, day_length))}.civil();
}

std::int64_t time_of_day(std::int64_t micros) {
  return micros - floor_div(micros, day_length) * day_length;
}

bool read_date(std::string_view& text, Temporal& out) {
  auto year = digits(text, 4);
  if (!year || *year == 0) return false;
  int month = 1, day = 1;
  out.precision = Precision::year;
  if (take(text, '-')) {
    auto m = digits(text, 2);
    if (!m || *m < 1 || *m > 12) return false;
    month = *m;
    out.precision = Precision::month;
    if (take(text, '-')) {
      auto d = digits(text, 2);
      if (!d || *d < 1 || *d > days_in_month(*year, month)) return false;
      day = *d;
      out.precision = Precision::day;
    }
  }
  out.micros = micros_of(*year, month, day);
  return true;
}

bool read_time(std::string_view& text, Temporal& out) {
  auto h = digits(text, 2);
  if (!h || *h > 24) return false;
  out.precision = Precision::hour;
  out.micros += *h * hour;
  if (!take(text, ':')) return *h < 24;
  auto m = digits(text, 2);
  if (!m || *m > 59) return false;
  out.precision = Precision::minute;
  out.micros += *m * minute;
  if (!take(text, ':')) return *h < 24;
  auto s = digits(text, 2);
  if (!s || *s > 60) return false;
  out.precision = Precision::second;
  out.micros += *s * second;
  if (take(text, '.')) {
    out.precision = Precision::fraction;
    std::int64_t unit = second / 10;
    int count = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), unit /= 10, ++count)
      out.micros += (text[0] - '0') * unit;
    if (count == 0) return false;
    out.fraction_digits = static_cast<std::uint8_t>(std::min(count, 6));
  }
  return *h < 24;
}

bool read_zone(std::string_view& text, Temporal& out) {
  if (text.empty()) return true;
  out.has_zone = true;
  if (take(text, 'Z')) return text.empty();
  bool west = text[0] == '-';
  if (!west && text[0] != '+') return false;
  text.remove_prefix(1);
  auto h = digits(text, 2);
  if (!h || *h > 14 || !take(text, ':')) return false;
  auto m = digits(text, 2);
  if (!m || *m > 59 || !text.empty()) return false;
  int zone = *h * 60 + *m;
  out.zone = static_cast<std::int16_t>(west ? -zone : zone);
  return true;
}

void two(std::string& out, std::int64_t value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

int level(Precision p) { return p == Precision::fraction ? static_cast<int>(Precision::second) : static_cast<int>(p); }

}  // namespace

std::optional<Temporal> Temporal::parse_date(std::string_view text) {
  Temporal out;
  if (!read_date(text, out) || !text.empty()) return std::nullopt;
  return out;
}

std::optional<Temporal> Temporal::parse_date_time(std::string_view text) {
  Temporal out;
  if (!read_date(text, out)) return std::nullopt;
  if (text.empty()) return out;
  if (!take(text, 'T')) return std::nullopt;
  if (text.empty()) return out;
  if (out.precision != Precision::day || !read_time(text, out) || !read_zone(text, out)) return std::nullopt;
  return out;
}

std::optional<Temporal> Temporal::parse_time(std::string_view text) {
  Temporal out;
  if (!read_time(text, out) || !text.empty()) return std::nullopt;
  return out;
}

Temporal Temporal::from_system_clock(std::int64_t micros_utc, int zone_minutes) {
  Temporal out;
  out.micros = micros_utc / 1000 * 1000 + zone_minutes * minute;
  out.zone = static_cast<std::int16_t>(zone_minutes);
  out.has_zone = true;
  out.precision = Precision::fraction;
  out.fraction_digits = 3;
  return out;
}

std::string Temporal::date_text() const {
  auto c = civil(micros);
  std::string year = std::to_string(c.year), out(4 - std::min<std::size_t>(4, year.size()), '0');
  out += year;
  if (precision >= Precision::month) out += '-', two(out, c.month);
  if (precision >= Precision::day) out += '-', two(out, c.day);
  return out;
}

std::string Temporal::time_text() const {
  std::int64_t t = time_of_day(micros);
  std::string out;
  two(out, t / hour);
  if (precision >= Precision::minute) out += ':', two(out, t / minute % 60);
  if (precision >= Precision::second) out += ':', two(out, t / second % 60);
  if (precision == Precision::fraction) {
    out += '.';
    std::int64_t rest = t % second, unit = second / 10;
    for (int i = 0; i < fraction_digits; ++i, unit /= 10) out += static_cast<char>('0' + rest / unit % 10);
  }
  return out;
}

std::string Temporal::date_time_text() const {
  std::string out = date_text();
  if (precision >= Precision::hour) out += 'T' + time_text();
  if (has_zone) {
    if (zone == 0) return out + 'Z';
    int z = zone < 0 ? -zone : zone;
    out += zone < 0 ? '-' : '+';
    two(out, z / 60);
    out += ':';
    two(out, z % 60);
  }
  return out;
}

std::int64_t Temporal::last_micros() const {
  switch (precision) {
    case Precision::year: return micros_of(civil(micros).year, 12, 31) + day_length - 1;
    case Precision::month: {
      auto c = civil(micros);
      return micros_of(c.year, c.month, days_in_month(c.year, c.month)) + day_length - 1;
    }
    case Precision::day: return micros + day_length - 1;
    case Precision::hour: return micros + hour - 1;
    case Precision::minute: return micros + minute - 1;
    default: return micros;
  }
}

std::optional<int> Temporal::compare(const Temporal& other) const {
  if (has_zone != other.has_zone) {
    // The one without a zone may lie anywhere from UTC+14 to UTC-12.
    auto low = [](const Temporal& t) { return t.micros - (t.has_zone ? t.zone : 14 * 60) * minute; };
    auto high = [](const Temporal& t) { return t.last_micros() - (t.has_zone ? t.zone : -12 * 60) * minute; };
    if (high(*this) < low(other)) return -1;
    if (low(*this) > high(other)) return 1;
    return std::nullopt;
  }
  std::int64_t a = micros - (has_zone ? zone * minute : 0), b = other.micros - (has_zone ? other.zone * minute : 0);
  int common = std::min(level(precision), level(other.precision));
  int order = 0;
  auto by = [&](std::int64_t x, std::int64_t y) {
    if (order == 0) order = x < y ? -1 : x > y ? 1 : 0;
  };
  if (common <= static_cast<int>(Precision::day)) {
    auto x = civil(a), y = civil(b);
    by(x.year, y.year);
    if (common >= 1) by(x.month, y.month);
    if (common >= 2) by(x.day, y.day);
  } else {
    std::int64_t unit = common == 3 ? hour : common == 4 ? minute : 1;
    by(floor_div(a, unit), floor_div(b, unit));
  }
  if (order != 0) return order;
  if (level(precision) != level(other.precision)) return std::nullopt;
  return 0;
}

bool Temporal::equivalent(const Temporal& other) const {
  if (level(precision) != level(other.precision)) return false;
  auto order = compare(other);
  return order && *order == 0;
}

int Temporal::precision_digits(bool is_time) const {
  static constexpr int date_digits[] = {4, 6, 8, 10, 12, 14, 17};
  static constexpr int time_digits[] = {0, 0, 0, 2, 4, 6, 9};
  return (is_time ? time_digits : date_digits)[static_cast<int>(precision)];
}

namespace {

std::optional<Precision> precision_of(int digit_count, bool is_time, bool is_date) {
  static constexpr int date_digits[] = {4, 6, 8, 10, 12, 14, 17};
  for (int p = is_time ? 3 : 0; p <= (is_date ? 2 : 6); ++p)
    if (date_digits[p] - (is_time ? 8 : 0) == digit_count) return static_cast<Precision>(p);
  return std::nullopt;
}

}  // namespace

std::optional<Temporal> Temporal::low_boundary(int digit_count, bool is_time, bool is_date) const {
  auto wanted = precision_of(digit_count, is_time, is_date);
  if (!wanted) return std::nullopt;
  Temporal out = *this;
  out.precision = *wanted;
  out.fraction_digits = 3;
  if (*wanted <= Precision::day) {
    out.has_zone = false;
    out.zone = 0;
  } else if (!is_time && !has_zone) {
    out.has_zone = true;
    out.zone = 14 * 60;
  }
  return out;
}

std::optional<Temporal> Temporal::high_boundary(int digit_count, bool is_time, bool is_date) const {
  auto out = low_boundary(digit_count, is_time, is_date);
  if (!out) return std::nullopt;
  if (precision != Precision::fraction) {
    // An hour alone (which FHIR does not allow) reads as its first minute, as the suite asks.
    Temporal known = *this;
    if (precision == Precision::hour) known.precision = Precision::minute;
    out->micros = precision == Precision::second ? micros + second - 1000 : known.last_micros() - 999;
  }
  if (out->has_zone && !has_zone) out->zone = -12 * 60;
  return out;
}

Temporal Temporal::date_part() const {
  Temporal out = *this;
  out.micros = floor_div(micros, day_length) * day_length;
  out.precision = std::min(precision, Precision::day);
  out.has_zone = false;
  out.zone = 0;
  return out;
}

std::optional<Temporal> Temporal::add(std::int64_t amount, Unit unit, bool is_time) const {
  Temporal out = *this;
  constexpr std::int64_t most = 400000000000LL;  // beyond any year that is written with four digits
  if (amount > most || amount < -most) return std::nullopt;
  std::int64_t months = 0, micros_more = 0;
  switch (unit) {
    case Unit::year: months = amount * 12; break;
    case Unit::month: months = amount; break;
    case Unit::week: micros_more = 7; break;
    case Unit::day: micros_more = 1; break;
    case Unit::hour: micros_more = hour; break;
    case Unit::minute: micros_more = minute; break;
    case Unit::second: micros_more = second; break;
    case Unit::millisecond: micros_more = 1000; break;
  }
  bool clock = unit >= Unit::hour;
  if (is_time) {
    if (!clock) return std::nullopt;
    out.micros = time_of_day(micros + (amount % (day_length / micros_more)) * micros_more);
    return out;
  }
  // An amount finer than the precision counts in whole units of it: 30 days a month, 365 a year.
  if (months == 0) {
    __extension__ typedef __int128 Long;
    Long total = static_cast<Long>(amount) * micros_more * (clock ? 1 : day_length);
    std::int64_t days = static_cast<std::int64_t>(total / day_length);
    if (precision == Precision::year) {
      months = days / 365 * 12;
    } else if (precision == Precision::month) {
      months = days / 30;
    } else {
      Long step = 1;
      if (precision == Precision::day) step = day_length;
      if (precision == Precision::hour) step = hour;
      if (precision == Precision::minute) step = minute;
      Long moved = static_cast<Long>(micros) + total / step * step;
      if (moved > static_cast<Long>(4000000) * day_length || moved < static_cast<Long>(-1000000) * day_length)
        return std::nullopt;
      out.micros = static_cast<std::int64_t>(moved);
    }
  } else if (precision == Precision::year) {
    months = months / 12 * 12;
  }
  if (months != 0) {
    auto c = civil(micros);
    std::int64_t at = std::int64_t{c.year} * 12 + c.month - 1 + months;
    if (at < 12 || at >= 120000) return std::nullopt;
    int year = static_cast<int>(at / 12), month = static_cast<int>(at % 12) + 1;
    out.micros = micros_of(year, month, std::min(c.day, days_in_month(year, month))) + time_of_day(micros);
  }
  auto c = civil(out.micros);
  if (c.year < 1 || c.year > 9999) return std::nullopt;
  return out;
}

}  // namespace joinedup::fhirpath
