// The slow, obvious twins of kernels.hpp: full tables, no bit tricks. Tests hold the two equal.
#pragma once
#include <cstdint>
#include <string_view>

namespace joinedup::linkage::reference {

double jaro_similarity(std::string_view a, std::string_view b);
double jaro_winkler_similarity(std::string_view a, std::string_view b);
std::int64_t levenshtein(std::string_view a, std::string_view b);
std::int64_t damerau_levenshtein(std::string_view a, std::string_view b);
double jaccard(std::string_view a, std::string_view b);

}  // namespace joinedup::linkage::reference
