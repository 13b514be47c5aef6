// Date: a civil day, as days since 1970-01-01 (proleptic Gregorian). No time zone, no clock.
//
//   auto day = parse_iso_date("2024-02-29");      // std::optional<Date>, nothing for 31 February
//   day->add_months(12).to_iso() == "2025-02-28"
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joinedup {

struct CivilDay {
  int year = 1970;
  int month = 1;
  int day = 1;
};

struct Date {
  std::int32_t days = 0;  // since 1970-01-01

  static Date from_civil(int year, int month, int day);  // day must exist; see make_date
  CivilDay civil() const;
  std::string to_iso() const;
  Date first_of_month() const;
  Date add_months(int months) const;  // clamped to the month's last day
  auto operator<=>(const Date&) const = default;
  Date operator+(int n) const { return {days + n}; }
  Date operator-(int n) const { return {days - n}; }
  int operator-(Date other) const { return days - other.days; }
};

int days_in_month(int year, int month);
std::optional<Date> make_date(int year, int month, int day);
std::optional<Date> parse_iso_date(std::string_view text);  // YYYY-MM-DD only; feeds' other forms: ingest
int age_on(Date birth, Date day);                           // completed years

}  // namespace joinedup
