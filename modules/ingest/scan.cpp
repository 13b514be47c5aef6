#include "ingest/scan.hpp"

#include <algorithm>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace joinedup::ingest {

struct ScanKernel {
  static const char* data(const RecordScanner& s) { return s.data_; }
  static std::size_t size(const RecordScanner& s) { return s.size_; }
  static std::size_t at(const RecordScanner& s) { return s.at_; }
  static std::span<const std::uint32_t> wanted(const RecordScanner& s) { return s.wanted_; }
  static const ScanLimits& limits(const RecordScanner& s) { return s.limits_; }
  static std::uint32_t columns(const RecordScanner& s) { return s.dialect_.columns; }
  static char separator(const RecordScanner& s) { return s.dialect_.separator; }
  static CarefulRecord careful(RecordScanner& s, const std::size_t begin) {
    return scan_carefully(s.data_, begin, s.size_, s.last_, s.dialect_, s.limits_, s.fields_);
  }
  static Slice field(const RecordScanner& s, const std::size_t column) { return s.fields_[column]; }
  static void set(RecordScanner& s, const std::size_t at, const std::uint32_t records) {
    s.at_ = at;
    s.records_ = records;
  }
};

namespace {
struct BlockBits {
  std::uint64_t separators, quotes, line_feeds, returns;
};

namespace portable {
BlockBits read_block(const char* bytes, const char separator) {
  BlockBits bits{};
  for (unsigned i = 0; i < 64; ++i) {
    bits.separators |= static_cast<std::uint64_t>(bytes[i] == separator) << i;
    bits.quotes |= static_cast<std::uint64_t>(bytes[i] == '"') << i;
    bits.line_feeds |= static_cast<std::uint64_t>(bytes[i] == '\n') << i;
    bits.returns |= static_cast<std::uint64_t>(bytes[i] == '\r') << i;
  }
  return bits;
}
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift <<= 1) bits ^= bits << shift;
  return bits;
}
std::uint64_t nth_bit(std::uint64_t bits, unsigned n) {
  while (--n) bits &= bits - 1;
  return bits & (0 - bits);
}
#include "ingest/scan_kernel.inc"
}  // namespace portable

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,pclmul,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,pclmul,popcnt,lzcnt")
#endif
namespace avx2 {
inline std::uint64_t equal_bits(const __m256i low, const __m256i high, const __m256i wanted) {
  const auto a = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  const auto b = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return a | static_cast<std::uint64_t>(b) << 32;
}
inline BlockBits read_block(const char* bytes, const char separator) {
  const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
  return {equal_bits(low, high, _mm256_set1_epi8(separator)), equal_bits(low, high, _mm256_set1_epi8('"')),
          equal_bits(low, high, _mm256_set1_epi8('\n')), equal_bits(low, high, _mm256_set1_epi8('\r'))};
}
inline std::uint64_t prefix_xor(const std::uint64_t bits) {
  const auto product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}
inline std::uint64_t nth_bit(const std::uint64_t bits, const unsigned n) { return _pdep_u64(std::uint64_t{1} << (n - 1), bits); }
#include "ingest/scan_kernel.inc"
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
                      __builtin_cpu_supports("popcnt");
#endif
}  // namespace

RecordScanner::RecordScanner(const char* data, const std::size_t size, const bool last, const Dialect& dialect,
                             const std::span<const std::uint32_t> wanted, const ScanLimits& limits, const ScanPath path)
    : data_(data), size_(size), last_(last), dialect_(dialect), wanted_(wanted), limits_(limits), path_(path) {}

bool RecordScanner::next(SlicedRows& rows, std::vector<FaultyRecord>& faults) {
#if defined(__x86_64__)
  if (path_ == ScanPath::fastest && has_avx2) return avx2::scan_rows(*this, rows, faults);
#endif
  return portable::scan_rows(*this, rows, faults);
}

}  // namespace joinedup::ingest
