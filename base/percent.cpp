#include "base/percent.hpp"

namespace joinedup {

std::string percent_encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) out += c;
    else out += '%', out += digits[byte >> 4], out += digits[byte & 15];
  }
  return out;
}

}  // namespace joinedup
