// Decimal: an exact decimal number that keeps its digits: 1.10 is 110 with 2 decimals. Inside this room only.
//
//   auto a = Decimal::parse("1.20"), b = Decimal::parse("1.8");
//   a->add(*b)->to_text() == "3.00";   a->compare(*b) < 0;
//
// At most 38 digits. What does not fit gives nothing; the evaluator answers with the empty collection or an error.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joinedup::fhirpath {

__extension__ typedef __int128 Wide;

struct Decimal {
  Wide digits = 0;  // the number without its point
  int decimals = 0;

  static std::optional<Decimal> parse(std::string_view text);  // also 1e3
  static Decimal of(std::int64_t value) { return {value, 0}; }
  static std::optional<Decimal> of(double value, int decimals);
  std::string to_text() const;
  double to_double() const;

  std::optional<Decimal> add(const Decimal& other) const;
  std::optional<Decimal> subtract(const Decimal& other) const { return add(other.negated()); }
  std::optional<Decimal> multiply(const Decimal& other) const;
  std::optional<Decimal> divide(const Decimal& other) const;  // to 16 decimals at least where they fit
  std::optional<Decimal> quotient(const Decimal& other) const;  // truncated
  std::optional<Decimal> remainder(const Decimal& other) const;
  Decimal negated() const { return {-digits, decimals}; }
  int compare(const Decimal& other) const;
  bool is_whole() const;
  Decimal trimmed() const;                                      // without trailing zeros after the point
  std::optional<Decimal> rounded(int to_decimals) const;        // half away from zero
  std::optional<Decimal> floor_at(int to_decimals) const;       // towards minus infinity
  std::optional<Decimal> ceiling_at(int to_decimals) const;
  std::optional<Decimal> with_decimals(int to_decimals) const;  // truncated, or padded with zeros
  std::optional<std::int64_t> to_integer() const;               // truncated
};

}  // namespace joinedup::fhirpath
