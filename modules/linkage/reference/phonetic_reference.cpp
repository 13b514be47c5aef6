#include "linkage/reference/phonetic_reference.hpp"

#include <cctype>
#include <set>
#include <vector>

#include "base/text.hpp"

namespace joinedup::linkage::reference {
namespace {

std::string letters_of(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x80 && std::isalpha(static_cast<unsigned char>(c))) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}
char group_of(char letter, const std::vector<std::string>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i].find(letter) != std::string::npos) return static_cast<char>('0' + i);
  return '?';
}

}  // namespace

// The National Archives' four rules in turn: letters to digits; h and w vanish; equal neighbours become one; vowels vanish.
std::string soundex(std::string_view name) {
  const std::string letters = letters_of(name);
  if (letters.empty()) return "";
  static const std::vector<std::string> groups = {"AEIOUY", "BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"};
  std::string digits;
  for (const char letter : letters)
    if (letter != 'H' && letter != 'W') digits += group_of(letter, groups);
    else if (digits.empty()) digits += '*';  // the first letter, an h or w, sounds like nothing that follows
  std::string single;
  for (const char digit : digits)
    if (single.empty() || single.back() != digit) single += digit;
  std::string code(1, letters[0]);
  for (std::size_t i = 1; i < single.size(); ++i)
    if (single[i] != '0') code += single[i];
  code += "000";
  return code.substr(0, 4);
}

std::string refined_soundex(std::string_view name) {
  const std::string letters = letters_of(name);
  if (letters.empty()) return "";
  static const std::vector<std::string> groups = {"AEHIOUWY", "BP", "FV", "CKS", "GJ", "QXZ", "DT", "L", "MN", "R"};
  std::string code(1, letters[0]), digits;
  for (const char letter : letters) digits += group_of(letter, groups);
  for (std::size_t i = 0; i < digits.size(); ++i)
    if (i == 0 || digits[i] != digits[i - 1]) code += digits[i];
  return code;
}

bool nicknames_match(std::string_view a, std::string_view b, std::string_view sets) {
  const std::string left = lower_ascii(trim(a)), right = lower_ascii(trim(b));
  if (left == right) return true;
  for (const auto line : split(sets, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    std::set<std::string> names;
    for (const auto name : split(line, ',')) names.insert(lower_ascii(trim(name)));
    if (names.count(left) && names.count(right) && !left.empty() && !right.empty()) return true;
  }
  return false;
}

}  // namespace joinedup::linkage::reference
