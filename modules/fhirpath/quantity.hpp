// Units: what a UCUM unit or a calendar word amounts to in base units. Inside this room only.
//
//   auto gram = unit_scale("mg", UnitKind::ucum);      // factor 0.001, dimension mass
//   same_dimension(*gram, *unit_scale("kg", UnitKind::ucum))
//
// Calendar years and months have a dimension of their own: FHIRPath does not equate them with UCUM's a and mo.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fhirpath/decimal.hpp"

namespace joinedup::fhirpath {

enum class UnitKind : std::uint8_t { ucum, calendar };

struct QuantityData {
  Decimal value;
  std::string_view unit;  // a UCUM code, or a calendar word as written
  UnitKind kind = UnitKind::ucum;
};

struct UnitScale {
  long double factor = 1;
  long double offset = 0;  // degrees Celsius and Fahrenheit: base = (value + offset) * factor
  std::array<std::int8_t, 8> dimension{};  // UCUM's seven base units; calendar months
};

std::optional<UnitScale> unit_scale(std::string_view unit, UnitKind kind);
bool is_calendar_word(std::string_view word);                        // year, years … millisecond, milliseconds
std::string_view singular_calendar_word(std::string_view word);
inline bool same_dimension(const UnitScale& a, const UnitScale& b) { return a.dimension == b.dimension; }

// <0, 0, >0; nothing where the units do not compare.
std::optional<int> compare_quantities(const QuantityData& a, const QuantityData& b);
// FHIRPath's ~: equal once rounded to the less precise of the two.
bool equivalent_quantities(const QuantityData& a, const QuantityData& b);

}  // namespace joinedup::fhirpath
