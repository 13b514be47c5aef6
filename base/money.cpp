#include "base/money.hpp"

#include <limits>

namespace joinedup {

std::optional<Money> Money::from_pounds_text(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.starts_with("\xC2\xA3")) text.remove_prefix(2);
  else if (text.starts_with("\xA3")) text.remove_prefix(1);
  std::int64_t pence = 0;
  int digits = 0, decimals = -1;
  bool round_up = false;
  for (const char c : text) {
    if (c == '.' && decimals < 0) decimals = 0;
    else if (c == ',' && decimals < 0 && digits > 0) continue;
    else if (c >= '0' && c <= '9') {
      ++digits;
      if (decimals >= 0 && ++decimals > 2) {
        if (decimals == 3) round_up = c >= '5';
        continue;
      }
      if (pence > std::numeric_limits<std::int64_t>::max() / 1000) return {};
      pence = pence * 10 + (c - '0');
    } else return {};
  }
  if (digits == 0) return {};
  for (int have = decimals < 0 ? 0 : (decimals > 2 ? 2 : decimals); have < 2; ++have) pence *= 10;
  pence += round_up ? 1 : 0;
  return Money{negative ? -pence : pence};
}

std::string Money::to_pounds() const {
  const bool negative = pence < 0;
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(pence) : static_cast<std::uint64_t>(pence);
  std::string whole = std::to_string(magnitude / 100);
  for (int at = static_cast<int>(whole.size()) - 3; at > 0; at -= 3) whole.insert(static_cast<std::size_t>(at), ",");
  const auto rest = magnitude % 100;
  return std::string(negative ? "-" : "") + "\xC2\xA3" + whole + "." + static_cast<char>('0' + rest / 10) +
         static_cast<char>('0' + rest % 10);
}

Money scale(Money amount, std::int64_t numerator, std::int64_t denominator) {
  __extension__ using Wide = __int128;
  const Wide product = static_cast<Wide>(amount.pence) * numerator * 2;
  const Wide twice = static_cast<Wide>(denominator) * 2;
  const Wide half = (product < 0) == (denominator < 0) ? denominator : -denominator;
  return {static_cast<std::int64_t>((product + half) / twice)};
}

}  // namespace joinedup
