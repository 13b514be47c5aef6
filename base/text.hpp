// Text for people and programs: numbers as JSON and CSV write them, escapes, small helpers. No care words.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup {

std::string format_number(double value);            // 10 significant digits, no trailing zeros; "null" if not finite
std::string with_commas(std::int64_t value);        // 1,234,567
std::string csv_field(std::string_view text);       // quoted where RFC 4180 asks for it
std::string html_text(std::string_view text);       // & < > " ' escaped
std::string lower_ascii(std::string_view text);
std::string_view trim(std::string_view text);       // ASCII white space
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace joinedup
