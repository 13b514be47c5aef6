// kernels: string comparison, bit-parallel. Strings are bytes, as in DuckDB's functions of the same names, whose results
// these equal to the last bit; values longer than 64 bytes take a plain path. Each has a slow twin in reference/.
//
//   jaro_winkler_similarity("martha", "marhta") == 0.9611…
//   levenshtein("kitten", "sitting") == 3
//   damerau_levenshtein("ca", "abc") == 2          // unrestricted: a transposed pair may be edited between
//   jaccard("duck", "luck") == 0.6                 // of the sets of bytes
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace joinedup::linkage {

double jaro_similarity(std::string_view a, std::string_view b);
double jaro_winkler_similarity(std::string_view a, std::string_view b);
std::int64_t levenshtein(std::string_view a, std::string_view b);
// The distance where it is at most `limit`; some number above `limit` where it is not. Cheaper than the full distance.
std::int64_t levenshtein_within(std::string_view a, std::string_view b, std::int64_t limit);
std::int64_t damerau_levenshtein(std::string_view a, std::string_view b);
std::int64_t damerau_levenshtein_within(std::string_view a, std::string_view b, std::int64_t limit);
double jaccard(std::string_view a, std::string_view b);  // 0 where either is empty

}  // namespace joinedup::linkage
