// Population counts of intersections: AVX-512 VPOPCNTDQ, AVX2 by nibbles (Muła, Kurz, Lemire 2018), or plain words.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside the compiler's own header (GCC bug 105593)
#include <immintrin.h>

#include <bit>

#include "linkage/clk.hpp"

namespace joinedup::linkage {

void common_bits_portable(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out) {
  for (std::size_t i = 0; i < count; ++i, many += words) {
    std::uint32_t bits = 0;
    for (std::size_t word = 0; word < words; ++word) bits += static_cast<std::uint32_t>(std::popcount(one[word] & many[word]));
    out[i] = bits;
  }
}

namespace {

using Form = void (*)(const std::uint64_t*, const std::uint64_t*, std::size_t, std::size_t, std::uint32_t*);

__attribute__((target("avx512f,avx512vpopcntdq"))) void common_bits_512(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out) {
  if (words == 16) {
    const __m512i a = _mm512_loadu_si512(one), b = _mm512_loadu_si512(one + 8);
    for (std::size_t i = 0; i < count; ++i, many += 16) {
      const __m512i x = _mm512_popcnt_epi64(_mm512_and_si512(a, _mm512_loadu_si512(many)));
      const __m512i y = _mm512_popcnt_epi64(_mm512_and_si512(b, _mm512_loadu_si512(many + 8)));
      out[i] = static_cast<std::uint32_t>(_mm512_reduce_add_epi64(_mm512_add_epi64(x, y)));
    }
    return;
  }
  const std::size_t whole = words / 8 * 8;
  for (std::size_t i = 0; i < count; ++i, many += words) {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t word = 0; word < whole; word += 8)
      sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(_mm512_and_si512(_mm512_loadu_si512(one + word), _mm512_loadu_si512(many + word))));
    auto bits = static_cast<std::uint32_t>(_mm512_reduce_add_epi64(sum));
    for (std::size_t word = whole; word < words; ++word) bits += static_cast<std::uint32_t>(__builtin_popcountll(one[word] & many[word]));
    out[i] = bits;
  }
}

__attribute__((target("avx2,popcnt"))) void common_bits_256(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out) {
  const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  const std::size_t whole = words / 4 * 4;
  for (std::size_t i = 0; i < count; ++i, many += words) {
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t word = 0; word < whole; word += 4) {
      const __m256i both = _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(one + word)), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(many + word)));
      const __m256i halves = _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(both, low)),
                                             _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(both, 4), low)));
      sum = _mm256_add_epi64(sum, _mm256_sad_epu8(halves, _mm256_setzero_si256()));
    }
    alignas(32) std::uint64_t lanes[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
    std::uint64_t bits = lanes[0] + lanes[1] + lanes[2] + lanes[3];
    for (std::size_t word = whole; word < words; ++word) bits += static_cast<std::uint64_t>(__builtin_popcountll(one[word] & many[word]));
    out[i] = static_cast<std::uint32_t>(bits);
  }
}

struct Chosen {
  Form form;
  const char* name;
};
const Chosen& chosen() {
  static const Chosen best = [] {
    if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512f")) return Chosen{common_bits_512, "avx512"};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) return Chosen{common_bits_256, "avx2"};
    return Chosen{common_bits_portable, "portable"};
  }();
  return best;
}

}  // namespace

void common_bits(const std::uint64_t* one, const std::uint64_t* many, std::size_t words, std::size_t count, std::uint32_t* out) {
  chosen().form(one, many, words, count, out);
}
const char* popcount_form() { return chosen().name; }

}  // namespace joinedup::linkage
