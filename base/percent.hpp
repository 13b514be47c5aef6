// A text as a part of an address: every byte but letters, digits and - . _ ~ as %XX (RFC 3986, section 2.3).
//
//   percent_encoded("a b|c") == "a%20b%7Cc"
#pragma once
#include <string>
#include <string_view>

namespace joinedup {

std::string percent_encoded(std::string_view text);

}  // namespace joinedup
