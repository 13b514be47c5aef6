// phonetic: codes under which names that sound alike fall together, and sets of names that one person goes by.
//
//   soundex("Robert") == "R163"          // American Soundex, National Archives (2007): h and w do not separate
//   double_metaphone("Smith").first == "SM0", .second == "XMT"
//   nicknames_match("kate", "catherine") // they share a set in data/nicknames.csv
#pragma once
#include <string>
#include <string_view>

namespace joinedup::linkage {

std::string soundex(std::string_view name);  // empty where there is no letter
struct MetaphoneCodes {
  std::string first, second;  // second equals first where there is one way only to say it
};
MetaphoneCodes double_metaphone(std::string_view name, std::size_t longest = 4);
bool nicknames_match(std::string_view a, std::string_view b);  // also true where equal, whatever the case
std::string nickname_root(std::string_view name);              // the first name of its first set; itself where it has none

}  // namespace joinedup::linkage
