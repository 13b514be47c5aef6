#include "casework/deprivation.hpp"

#include <algorithm>
#include <fstream>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::casework {

namespace {

std::uint64_t key_of(std::string_view postcode) {
  std::string plain;
  for (const char c : postcode)
    if (c != ' ') plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return hash64(plain) & ~std::uint64_t{15};
}

}  // namespace

void Deprivation::read() {
  if (file_.empty()) return;
  std::ifstream in(file_);
  std::string line;
  std::size_t postcode_at = 0, decile_at = 2;
  if (!std::getline(in, line)) return;
  const auto names = split(line, ',');
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (trim(names[i]) == "postcode") postcode_at = i;
    if (trim(names[i]) == "imd_decile") decile_at = i;
  }
  while (std::getline(in, line)) {
    const auto fields = split(line, ',');
    if (fields.size() <= std::max(postcode_at, decile_at)) continue;
    int decile = 0;
    for (const char c : trim(fields[decile_at])) decile = c >= '0' && c <= '9' && decile < 100 ? decile * 10 + (c - '0') : 1000;
    if (decile >= 1 && decile <= 10) known_.push_back(key_of(trim(fields[postcode_at])) | static_cast<std::uint64_t>(decile));
  }
  std::sort(known_.begin(), known_.end());
}

int Deprivation::fifth(std::string_view postcode) {
  std::call_once(once_, [this] { read(); });
  const auto key = key_of(postcode);
  const auto found = std::lower_bound(known_.begin(), known_.end(), key);
  if (found == known_.end() || (*found & ~std::uint64_t{15}) != key) return 0;
  return static_cast<int>(((*found & 15) + 1) / 2);
}

}  // namespace joinedup::casework
