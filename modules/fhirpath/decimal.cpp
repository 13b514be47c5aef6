#include "fhirpath/decimal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace joinedup::fhirpath {

namespace {

constexpr int most_digits = 38;

Wide power_of_ten(int n) {
  Wide value = 1;
  for (int i = 0; i < n; ++i) value *= 10;
  return value;
}

std::optional<Wide> times(Wide a, Wide b) {
  Wide out;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<Wide> scaled(Wide digits, int by) {
  if (by == 0 || digits == 0) return digits;
  if (by > most_digits) return std::nullopt;
  return times(digits, power_of_ten(by));
}

int digit_count(Wide value) {
  int n = 0;
  if (value < 0) value = -value;
  for (; value != 0; value /= 10) ++n;
  return n;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal out;
  std::size_t at = 0;
  bool minus = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) minus = text[at++] == '-';
  bool point = false, any = false;
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (c == '.' && !point && any) {
      point = true;
      any = false;
    } else if (c >= '0' && c <= '9') {
      any = true;
      if (digit_count(out.digits) >= most_digits) {
        // Past 38 digits the decimals are dropped; a whole number that long does not fit.
        if (!point) return std::nullopt;
        continue;
      }
      out.digits = out.digits * 10 + (c - '0');
      if (point) ++out.decimals;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    ++at;
    bool small = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) small = text[at++] == '-';
    if (at == text.size() || text.size() - at > 4) return std::nullopt;
    int exponent = 0;
    for (; at < text.size(); ++at) {
      if (text[at] < '0' || text[at] > '9') return std::nullopt;
      exponent = exponent * 10 + (text[at] - '0');
    }
    out.decimals += small ? exponent : -exponent;
    if (out.decimals < 0) {
      auto whole = scaled(out.digits, -out.decimals);
      if (!whole) return std::nullopt;
      out.digits = *whole;
      out.decimals = 0;
    }
    if (out.decimals > most_digits) return std::nullopt;
  }
  if (minus) out.digits = -out.digits;
  return out;
}

std::optional<Decimal> Decimal::of(double value, int decimals) {
  if (!std::isfinite(value)) return std::nullopt;
  double scale = std::pow(10.0, decimals);
  if (std::abs(value) * scale > 1e37) return std::nullopt;
  long double scaled_value = std::round(static_cast<long double>(value) * static_cast<long double>(scale));
  return Decimal{static_cast<Wide>(scaled_value), decimals};
}

std::string Decimal::to_text() const {
  Wide value = digits;
  bool minus = value < 0;
  std::string out;
  for (int i = 0; value != 0 || i <= decimals; ++i) {
    if (i == decimals && decimals > 0) out += '.';
    int digit = static_cast<int>(value % 10);
    out += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  }
  if (minus) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

double Decimal::to_double() const {
  return static_cast<double>(static_cast<long double>(digits) / static_cast<long double>(power_of_ten(decimals)));
}

std::optional<Decimal> Decimal::add(const Decimal& other) const {
  int places = std::max(decimals, other.decimals);
  auto a = scaled(digits, places - decimals), b = scaled(other.digits, places - other.decimals);
  Wide out;
  if (!a || !b || __builtin_add_overflow(*a, *b, &out)) return std::nullopt;
  return Decimal{out, places};
}

std::optional<Decimal> Decimal::multiply(const Decimal& other) const {
  auto out = times(digits, other.digits);
  if (!out) return std::nullopt;
  return Decimal{*out, decimals + other.decimals}.with_decimals(std::min(decimals + other.decimals, most_digits));
}

std::optional<Decimal> Decimal::divide(const Decimal& other) const {
  if (other.digits == 0) return std::nullopt;
  // digits / 10^d ÷ other: widen the numerator as far as it goes, at most to 16 decimals of the answer.
  int want = 16 + other.decimals - decimals;
  Wide top = digits;
  int widened = 0;
  while (widened < want) {
    auto next = times(top, 10);
    if (!next) break;
    top = *next;
    ++widened;
  }
  Wide out = top / other.digits;
  Wide rest = top % other.digits;
  Wide half = other.digits < 0 ? -other.digits : other.digits;
  if ((rest < 0 ? -rest : rest) >= half - (rest < 0 ? -rest : rest)) out += ((top < 0) != (other.digits < 0)) ? -1 : 1;
  Decimal result{out, decimals + widened - other.decimals};
  if (result.decimals < 0) {
    auto whole = scaled(result.digits, -result.decimals);
    if (!whole) return std::nullopt;
    result = {*whole, 0};
  }
  return result.trimmed();
}

std::optional<Decimal> Decimal::quotient(const Decimal& other) const {
  if (other.digits == 0) return std::nullopt;
  int places = std::max(decimals, other.decimals);
  auto a = scaled(digits, places - decimals), b = scaled(other.digits, places - other.decimals);
  if (!a || !b) return std::nullopt;
  return Decimal{*a / *b, 0};
}

std::optional<Decimal> Decimal::remainder(const Decimal& other) const {
  if (other.digits == 0) return std::nullopt;
  int places = std::max(decimals, other.decimals);
  auto a = scaled(digits, places - decimals), b = scaled(other.digits, places - other.decimals);
  if (!a || !b) return std::nullopt;
  return Decimal{*a % *b, places};
}

int Decimal::compare(const Decimal& other) const {
  if (decimals == other.decimals) return digits < other.digits ? -1 : digits > other.digits ? 1 : 0;
  Decimal a = trimmed(), b = other.trimmed();
  if ((a.digits < 0) != (b.digits < 0) || a.digits == 0 || b.digits == 0)
    return a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0;
  int places = std::max(a.decimals, b.decimals);
  auto x = scaled(a.digits, places - a.decimals), y = scaled(b.digits, places - b.decimals);
  // The one that does not fit is the larger in size.
  if (!x) return a.digits < 0 ? -1 : 1;
  if (!y) return b.digits < 0 ? 1 : -1;
  return *x < *y ? -1 : *x > *y ? 1 : 0;
}

bool Decimal::is_whole() const {
  return trimmed().decimals == 0;
}

Decimal Decimal::trimmed() const {
  Decimal out = *this;
  while (out.decimals > 0 && out.digits % 10 == 0) {
    out.digits /= 10;
    --out.decimals;
  }
  return out;
}

std::optional<Decimal> Decimal::with_decimals(int to_decimals) const {
  if (to_decimals >= decimals) {
    auto out = scaled(digits, to_decimals - decimals);
    if (!out) return std::nullopt;
    return Decimal{*out, to_decimals};
  }
  if (decimals - to_decimals > most_digits) return Decimal{0, to_decimals};
  return Decimal{digits / power_of_ten(decimals - to_decimals), to_decimals};
}

std::optional<Decimal> Decimal::rounded(int to_decimals) const {
  if (to_decimals >= decimals) return with_decimals(to_decimals);
  Decimal out = *with_decimals(to_decimals);
  if (decimals - to_decimals > most_digits) return out;
  Wide unit = power_of_ten(decimals - to_decimals), rest = digits % unit;
  if (rest < 0) rest = -rest;
  if (rest >= unit - rest) out.digits += digits < 0 ? -1 : 1;
  return out;
}

std::optional<Decimal> Decimal::floor_at(int to_decimals) const {
  auto out = with_decimals(to_decimals);
  if (out && digits < 0 && out->compare(*this) != 0) out->digits -= 1;
  return out;
}

std::optional<Decimal> Decimal::ceiling_at(int to_decimals) const {
  auto out = with_decimals(to_decimals);
  if (out && digits > 0 && out->compare(*this) != 0) out->digits += 1;
  return out;
}

std::optional<std::int64_t> Decimal::to_integer() const {
  Wide whole = with_decimals(0)->digits;
  if (whole > std::numeric_limits<std::int64_t>::max() || whole < std::numeric_limits<std::int64_t>::min())
    return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

}  // namespace joinedup::fhirpath
