// For harnesses of fuzzing (x_fuzz.cpp) that try inputs of several kinds. An input's first byte says which kind it is; where
// JOINEDUP_FUZZ_KIND names one, every input is of that kind and has no such byte: so each kind can be given its own time and seeds.
//
//   const auto [kind, text] = fuzz_kind(data, size, {"document", "view", "fhirpath"});   // kind: a place in the list
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace joinedup {

inline std::pair<std::size_t, std::string_view> fuzz_kind(const std::uint8_t* data, std::size_t size, const std::vector<std::string_view>& names) {
  static const std::size_t only = [&] {
    const char* given = std::getenv("JOINEDUP_FUZZ_KIND");
    if (given == nullptr || *given == '\0') return names.size();
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == given) return i;
    std::fprintf(stderr, "JOINEDUP_FUZZ_KIND is none of this harness's kinds.\n");
    std::abort();
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (only < names.size()) return {only, text};
  if (text.empty()) return {0, text};
  return {static_cast<unsigned char>(text[0]) % names.size(), text.substr(1)};
}

}  // namespace joinedup
