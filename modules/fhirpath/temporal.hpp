// Temporal: a date, a date and time, or a time of day, known to some precision. Inside this room only.
//
//   auto a = Temporal::parse_date("2018-03"), b = Temporal::parse_date("2018-03-01");
//   a->compare(*b) == std::nullopt;      // not known: March, or its first day
//
// FHIRPath 2.0.0 §6.2 compares part by part; seconds and their decimals are one part.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joinedup::fhirpath {

enum class Precision : std::uint8_t { year, month, day, hour, minute, second, fraction };

struct Temporal {
  std::int64_t micros = 0;  // local time since 1970-01-01T00:00; of a time of day: since midnight
  std::int16_t zone = 0;    // minutes east of UTC
  bool has_zone = false;
  Precision precision = Precision::day;
  std::uint8_t fraction_digits = 0;

  static std::optional<Temporal> parse_date(std::string_view text);       // 2015, 2015-02, 2015-02-04
  static std::optional<Temporal> parse_date_time(std::string_view text);  // also 2015T, 2015-02-04T14, …Z, …+10:00
  static std::optional<Temporal> parse_time(std::string_view text);       // 14, 14:34, 14:34:28.123
  static Temporal from_system_clock(std::int64_t micros_utc, int zone_minutes);

  std::string date_text() const;
  std::string date_time_text() const;
  std::string time_text() const;

  // <0, 0, >0; nothing where the precision or a missing zone leaves it open.
  std::optional<int> compare(const Temporal& other) const;
  bool equivalent(const Temporal& other) const;

  // The earliest (latest) instant it may mean, written to `digits` digits (4, 6, 8 … 17); nothing if that is no precision.
  std::optional<Temporal> low_boundary(int digits, bool is_time, bool is_date) const;
  std::optional<Temporal> high_boundary(int digits, bool is_time, bool is_date) const;
  int precision_digits(bool is_time) const;

  enum class Unit : std::uint8_t { year, month, week, day, hour, minute, second, millisecond };
  std::optional<Temporal> add(std::int64_t amount, Unit unit, bool is_time) const;
  Temporal date_part() const;
  std::int64_t last_micros() const;  // the last microsecond it may mean
};

}  // namespace joinedup::fhirpath
