#include "care_door/json_text.hpp"

namespace joinedup::care_door {

void JsonText::quote(std::string_view value) {
  static constexpr char digits[] = "0123456789abcdef";
  out_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += "\\u00";
      out_ += digits[(c >> 4) & 0xF];
      out_ += digits[c & 0xF];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

}  // namespace joinedup::care_door
