// clk: cryptographic long-term keys (Schnell, Bachteler, Reiher 2009): each record becomes a Bloom filter of the n-grams of
// its fields under a shared secret. Filters are compared by Dice's coefficient; names never leave the partner.
//
//   auto made = encode_records(specification, secret, "people.csv");    // Clks, one a row, in the file's order
//   write_clks(*made, "clks.json"); auto read = read_clks("clks.json"); // anonlink's form: {"clks": ["base64", …]}
//   auto pairs = match_clks(a, b, 0.8, threads);                        // Dice ≥ 0.8, best first
//   keep_one_to_one(*pairs);                                            // greedy: each record once
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

struct Clks {
  std::size_t words = 0;  // 64-bit words a filter
  std::vector<std::uint64_t> bits;
  std::size_t size() const { return words == 0 ? 0 : bits.size() / words; }
  const std::uint64_t* row(std::size_t at) const { return bits.data() + at * words; }
};

struct ClkPair {
  std::uint32_t left = 0, right = 0;
  double dice = 0;
};

Result<Clks> read_clks(const std::string& path);
std::string clks_json(const Clks& clks);
Result<Clks> encode_records(const std::string& specification, const std::string& secret_file, const std::string& input, unsigned threads);
Result<std::vector<ClkPair>> match_clks(const Clks& a, const Clks& b, double threshold, unsigned threads);
void keep_one_to_one(std::vector<ClkPair>& pairs);  // of pairs sorted best first

// Bits set in both `one` and each of `count` filters that lie end to end. The fastest form this processor has.
void common_bits(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out);
void common_bits_portable(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out);
const char* popcount_form();

}  // namespace joinedup::linkage
