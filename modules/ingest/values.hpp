// Values: text of a feed's field as a typed value. Each reader says why it refused; nothing is guessed.
//
//   std::int32_t days; read_date("29-FEB-2024", days) == ValueState::good
//   read_date("31/02/2024", days) == ValueState::no_such_day
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace joinedup::ingest {

enum class ValueState : std::uint8_t { good, unreadable, no_such_day };

// 2024-02-29 · 2024-02-29 00:00:00(.000) · 2024-02-29T00:00:00Z · 29/02/2024 · 29-02-2024 · 29.02.2024 · 29/02/2024 00:00 ·
// 20240229 · 29-FEB-2024 · 29 Feb 2024 · 29-Feb-24 never: a two-digit year is unreadable. Days since 1970-01-01.
ValueState read_date(std::string_view text, std::int32_t& days);
// 10:30 · 10:30:59(.123) · 1030 · 103059 · any date form followed by one of these. Minutes since midnight.
ValueState read_time(std::string_view text, std::int64_t& minutes);
ValueState read_integer(std::string_view text, std::int64_t& value);   // 12 · -12 · +12 · 12.0
ValueState read_decimal(std::string_view text, double& value);         // 12 · -1.5 · .5 · 1e3
ValueState read_pounds(std::string_view text, std::int64_t& pence);    // as Money::from_pounds_text
ValueState read_flag(std::string_view text, std::int64_t& value);      // true false yes no y n t f 1 0, in any case

// The value inside a raw field: quotes taken off, doubled quotes single (into scratch when needed), white space trimmed.
std::string_view field_value(std::string_view raw, std::string& scratch);

// UTF-8 faults and characters.
bool is_plain_ascii(std::string_view text);  // no byte >= 0x80 and no NUL
bool is_valid_utf8(std::string_view text);
std::string windows_1252_to_utf8(std::string_view text);       // bytes without a meaning there become U+FFFD
std::string replace_invalid_utf8(std::string_view text);       // each maximal bad sequence becomes U+FFFD
std::string upper_case(std::string_view utf8);                 // ASCII, Latin-1 Supplement, Latin Extended-A; the rest as it is

}  // namespace joinedup::ingest
