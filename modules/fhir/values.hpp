// What a search compares: folded strings, periods of dates, exact numbers with their precision. Inside this room only.
//
//   fold("Zoë ÅNGSTRÖM") == "zoe angstrom"
//   date_period("2024-02")        // the first and the last microsecond of that February, UTC
//   NumberText::parse("5.40")     // 5.40, standing for [5.395, 5.405)
//
// A date and time without a zone is read as UTC. A period's open end is the furthest microsecond there is.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "fhirpath/decimal.hpp"

namespace joinedup::fhir {

void fold_into(std::string_view text, std::string& out);  // appends
std::string fold(std::string_view text);

inline constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t latest = std::numeric_limits<std::int64_t>::max();

struct Period {
  std::int64_t low = earliest, high = latest;  // microseconds UTC, both within
  bool operator==(const Period&) const = default;
};
std::optional<Period> date_period(std::string_view text);
std::string instant_text(std::int64_t micros);  // 2024-02-29T10:00:00.123Z

// A search value's number: itself, and the half-open range that its digits stand for (R4: 100 is [99.5, 100.5)).
struct NumberText {
  fhirpath::Decimal value, low, high;
  static std::optional<NumberText> parse(std::string_view text);
};

// A total order of doubles as signed integers.
std::int64_t sortable(double value);

enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap };
// Takes a prefix off the front; eq where there is none.
Prefix take_prefix(std::string_view& text);

// R4 §3.1.1.4.5 and .6: what a prefix asks of the range `has` of a resource's value, given the range searched for.
// The rule is on the integers as they stand, so it serves every ordered kind.
bool prefix_holds(Prefix prefix, Period has, Period asked);

}  // namespace joinedup::fhir
