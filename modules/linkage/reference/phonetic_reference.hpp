// The slow, obvious twins of phonetic.hpp, rule by rule. Tests hold the two equal.
#pragma once
#include <string>
#include <string_view>

namespace joinedup::linkage::reference {

std::string soundex(std::string_view name);
std::string refined_soundex(std::string_view name);
bool nicknames_match(std::string_view a, std::string_view b, std::string_view sets);  // sets: data/nicknames.csv

}  // namespace joinedup::linkage::reference
