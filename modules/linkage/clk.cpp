#include "linkage/clk.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/parallel.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// False where the text is not base64 of a whole number of bytes.
bool decode_base64(std::string_view text, std::vector<std::uint8_t>& out) {
  static const auto value_of = [] {
    std::array<std::int8_t, 256> values;
    values.fill(-1);
    for (std::size_t i = 0; i < base64_letters.size(); ++i) values[static_cast<unsigned char>(base64_letters[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  out.clear();
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = value_of[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    held = held << 6 | static_cast<std::uint32_t>(value);
    if ((bits += 6) >= 8) out.push_back(static_cast<std::uint8_t>(held >> (bits -= 8)));
  }
  return text.size() % 4 != 1;
}

std::string encode_base64(const std::uint8_t* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; i += 3) {
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i] << 16) | static_cast<std::uint32_t>(i + 1 < size ? bytes[i + 1] << 8 : 0) | (i + 2 < size ? bytes[i + 2] : 0);
    for (int part = 0; part < 4; ++part) out += static_cast<std::size_t>(part) <= std::min<std::size_t>(size - i, 3) ? base64_letters[(group >> (18 - 6 * part)) & 63] : '=';
  }
  return out;
}

}  // namespace

Result<Clks> read_clks(const std::string& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (const auto error = parser.load(path).get(document); error != simdjson::SUCCESS) {
    if (error == simdjson::IO_ERROR) return fail(ErrorCode::not_found, "The file cannot be read.", path);
    return fail(ErrorCode::invalid_input, "This is not JSON of the form {\"clks\": [\"base64\", …]}.", path);
  }
  simdjson::dom::array list;
  if (document["clks"].get(list) != simdjson::SUCCESS) return fail(ErrorCode::invalid_input, "There is no list \"clks\" in the file.", path);
  Clks clks;
  std::vector<std::uint8_t> bytes;
  std::size_t at = 0, length = 0;
  for (const auto item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS || !decode_base64(text, bytes) || bytes.empty())
      return fail(ErrorCode::invalid_input, "Entry " + std::to_string(at + 1) + " of \"clks\" is not base64.", path);
    if (at == 0) length = bytes.size(), clks.words = (length + 7) / 8;
    if (bytes.size() != length)
      return fail(ErrorCode::invalid_input, "Entry " + std::to_string(at + 1) + " has " + std::to_string(8 * bytes.size()) + " bits where the first has " + std::to_string(8 * length) + ".", path);
    bytes.resize(clks.words * 8, 0);
    const std::size_t start = clks.bits.size();
    clks.bits.resize(start + clks.words);
    std::memcpy(clks.bits.data() + start, bytes.data(), bytes.size());
    ++at;
  }
  return clks;
}

std::string clks_json(const Clks& clks) {
  std::string out = "{\"clks\": [";
  for (std::size_t row = 0; row < clks.size(); ++row) {
    if (row) out += ", ";
    out += '"' + encode_base64(reinterpret_cast<const std::uint8_t*>(clks.row(row)), clks.words * 8) + '"';
  }
  return out + "]}\n";
}

Result<std::vector<ClkPair>> match_clks(const Clks& a, const Clks& b, double threshold, unsigned threads) {
  std::vector<ClkPair> pairs;
  if (a.size() == 0 || b.size() == 0) return pairs;
  if (a.words != b.words) return fail(ErrorCode::invalid_input, "The two files hold filters of different lengths: they were not made by one specification.");
  // Dice ≥ t needs t/(2-t) ≤ |x|/|y| ≤ (2-t)/t: with the right side in order of bits set, a window. Nothing is lost.
  const auto counts_of = [](const Clks& clks) {
    std::vector<std::uint32_t> counts(clks.size(), 0);
    for (std::size_t row = 0; row < counts.size(); ++row)
      for (std::size_t word = 0; word < clks.words; ++word) counts[row] += static_cast<std::uint32_t>(std::popcount(clks.row(row)[word]));
    return counts;
  };
  const auto counts_a = counts_of(a), counts_b = counts_of(b);
  std::vector<std::uint32_t> order(b.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto x, auto y) { return counts_b[x] != counts_b[y] ? counts_b[x] < counts_b[y] : x < y; });
  std::vector<std::uint64_t> sorted(b.bits.size());
  std::vector<std::uint32_t> sorted_counts(b.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::copy_n(b.row(order[i]), b.words, sorted.begin() + static_cast<std::ptrdiff_t>(i * b.words));
    sorted_counts[i] = counts_b[order[i]];
  }
  constexpr std::size_t rows_a_job = 64, tile = 2048;  // a tile of the right side stays in the nearest cache
  const std::size_t jobs = (a.size() + rows_a_job - 1) / rows_a_job;
  std::vector<std::vector<ClkPair>> found(jobs);
  JOINEDUP_CHECK(parallel_for(jobs, threads, [&](std::size_t job) -> Result<void> {
    std::array<std::uint32_t, tile> common;
    const std::size_t end = std::min(a.size(), (job + 1) * rows_a_job);
    for (std::size_t start = 0; start < b.size(); start += tile) {
      const std::size_t stop = std::min(b.size(), start + tile);
      for (std::size_t row = job * rows_a_job; row < end; ++row) {
        const double bits = counts_a[row];
        const double ratio = threshold > 0 ? threshold / (2 - threshold) : 0;
        const auto first = sorted_counts.begin() + static_cast<std::ptrdiff_t>(start), last = sorted_counts.begin() + static_cast<std::ptrdiff_t>(stop);
        const auto least = static_cast<std::uint32_t>(std::max(0.0, std::floor(bits * ratio - 1e-9)));
        const auto from = static_cast<std::size_t>(std::lower_bound(first, last, least) - sorted_counts.begin());
        const auto to = ratio > 0 ? static_cast<std::size_t>(std::upper_bound(first, last, static_cast<std::uint32_t>(std::ceil(bits / ratio + 1e-9))) - sorted_counts.begin()) : stop;
        if (from >= to) continue;
        common_bits(a.row(row), sorted.data() + from * b.words, b.words, to - from, common.data());
        for (std::size_t i = from; i < to; ++i) {
          const double total = bits + sorted_counts[i];
          if (total > 0 && 2.0 * common[i - from] >= threshold * total - 1e-12)
            found[job].push_back({static_cast<std::uint32_t>(row), order[i], 2.0 * common[i - from] / total});
        }
      }
    }
    return {};
  }));
  for (auto& part : found) pairs.insert(pairs.end(), part.begin(), part.end());
  std::sort(pairs.begin(), pairs.end(), [](const ClkPair& x, const ClkPair& y) {
    if (x.dice != y.dice) return x.dice > y.dice;
    return x.left != y.left ? x.left < y.left : x.right < y.right;
  });
  return pairs;
}

void keep_one_to_one(std::vector<ClkPair>& pairs) {
  std::vector<bool> left, right;
  std::size_t kept = 0;
  for (const auto& pair : pairs) {
    if (pair.left >= left.size()) left.resize(pair.left + 1, false);
    if (pair.right >= right.size()) right.resize(pair.right + 1, false);
    if (left[pair.left] || right[pair.right]) continue;
    left[pair.left] = right[pair.right] = true;
    pairs[kept++] = pair;
  }
  pairs.resize(kept);
}

}  // namespace joinedup::linkage
