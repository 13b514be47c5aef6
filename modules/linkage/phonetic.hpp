// phonetic: codes under which names that sound alike fall together, and sets of names that one person goes by.
//
//   soundex("Robert") == "R163"          // American Soundex, National Archives (2007): h and w do not separate
//   refined_soundex("braz") == "B1905"   // one of more, smaller groups of letters, vowels kept as 0, any length
//   double_metaphone("Smith") == {"SM0", "XMT"}
//   nicknames_match("kate", "catherine") // they share a set in data/nicknames.csv
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace joinedup::linkage {

std::string soundex(std::string_view name);  // empty where there is no letter
std::string refined_soundex(std::string_view name);  // likewise
std::pair<std::string, std::string> double_metaphone(std::string_view name);  // as it is said, and as others may say it
bool nicknames_match(std::string_view a, std::string_view b);  // also true where equal, whatever the case
std::string nickname_root(std::string_view name);              // the first name of its first set; itself where it has none

}  // namespace joinedup::linkage
