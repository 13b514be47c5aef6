#include "base/nhs_number.hpp"

namespace joinedup {

int nhs_check_digit(std::uint64_t first_nine) {
  unsigned sum = 0;
  for (unsigned weight = 2; weight <= 10; ++weight) {
    sum += static_cast<unsigned>(first_nine % 10) * weight;
    first_nine /= 10;
  }
  const unsigned check = 11 - sum % 11;
  return static_cast<int>(check == 11 ? 0 : check);
}

NhsNumber read_nhs_number(std::string_view text) {
  std::uint64_t digits = 0;
  int count = 0;
  bool malformed = false, same = true;
  char first = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '\t') continue;
    if (c < '0' || c > '9' || ++count > 10) {
      malformed = true;
      break;
    }
    if (count == 1) first = c;
    same = same && c == first;
    digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (malformed || (count != 10 && count != 0)) return {0, NhsNumberStatus::malformed};
  if (count == 0) return {};
  if (same) return {digits, NhsNumberStatus::sentinel};
  const bool agrees = nhs_check_digit(digits / 10) == static_cast<int>(digits % 10);
  return {digits, agrees ? NhsNumberStatus::valid : NhsNumberStatus::bad_check};
}

std::string format_nhs_number(std::uint64_t digits) {
  std::string text = std::to_string(digits);
  text.insert(0, text.size() < 10 ? 10 - text.size() : 0, '0');
  return text.substr(0, 3) + " " + text.substr(3, 3) + " " + text.substr(6);
}

}  // namespace joinedup
