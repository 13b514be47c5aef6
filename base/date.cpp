#include "base/date.hpp"

#include <algorithm>
#include <cstdio>

namespace joinedup {

// Days from civil and back: H. Hinnant, "chrono-compatible low-level date algorithms" (public-domain formulas).
Date Date::from_civil(int year, int month, int day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return {era * 146097 + day_of_era - 719468};
}

CivilDay Date::civil() const {
  const int shifted = days + 719468;
  const int era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const int day_of_era = shifted - era * 146097;
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month_index = (5 * day_of_year + 2) / 153;
  const int day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const int month = month_index < 10 ? month_index + 3 : month_index - 9;
  return {year_of_era + era * 400 + (month <= 2), month, day};
}

std::string Date::to_iso() const {
  const auto c = civil();
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", c.year, c.month, c.day);
  return buffer;
}

Date Date::first_of_month() const {
  const auto c = civil();
  return from_civil(c.year, c.month, 1);
}

Date Date::add_months(int months) const {
  const auto c = civil();
  const int total = c.year * 12 + (c.month - 1) + months;
  const int year = total >= 0 ? total / 12 : (total - 11) / 12;
  const int month = total - year * 12 + 1;
  return from_civil(year, month, std::min(c.day, days_in_month(year, month)));
}

int days_in_month(int year, int month) {
  static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : lengths[month - 1];
}

std::optional<Date> make_date(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return {};
  return Date::from_civil(year, month, day);
}

std::optional<Date> parse_iso_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  int parts[3] = {0, 0, 0};
  static constexpr int first[] = {0, 5, 8}, last[] = {4, 7, 10};
  for (int part = 0; part < 3; ++part)
    for (int at = first[part]; at < last[part]; ++at) {
      if (text[at] < '0' || text[at] > '9') return {};
      parts[part] = parts[part] * 10 + (text[at] - '0');
    }
  return make_date(parts[0], parts[1], parts[2]);
}

int age_on(Date birth, Date day) {
  const auto b = birth.civil();
  const auto d = day.civil();
  return d.year - b.year - ((d.month < b.month || (d.month == b.month && d.day < b.day)) ? 1 : 0);
}

}  // namespace joinedup
