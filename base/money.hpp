// Money: an amount in whole pence. Sums are exact; nothing in the house holds pounds as a float.
//
//   Money::from_pounds_text("1,234.5")->pence == 123450
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joinedup {

struct Money {
  std::int64_t pence = 0;

  // "12", "12.3", "12.34", "£1,234.50", "-4.00"; more than two decimals are rounded half away from zero.
  static std::optional<Money> from_pounds_text(std::string_view text);
  std::string to_pounds() const;  // "£1,234.50"
  auto operator<=>(const Money&) const = default;
  Money operator+(Money other) const { return {pence + other.pence}; }
  Money operator-(Money other) const { return {pence - other.pence}; }
};

// pence × numerator ÷ denominator, rounded half away from zero; exact in 128 bits.
Money scale(Money amount, std::int64_t numerator, std::int64_t denominator);

}  // namespace joinedup
