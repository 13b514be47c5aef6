// What runs a harness of fuzzing where libFuzzer is not at hand: seeds, and edits of them, for a time. Unguided, but the same
// inputs for the same seed number, so that what it finds can be found again: it writes each input down before it is tried.
//
//   rest_fuzz -max_total_time=30 [-seed=1] [-keep=FILE] seeds…      files or folders; one file and no time: that input only
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using joinedup::CounterRandom;

constexpr std::size_t longest = 4096;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> read_seeds(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) files.emplace_back(path);
    else
      for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> out;
  for (const auto& file : files) out.push_back(read(file));
  return out;
}

// One edit: a byte, a piece left out, a piece of this or another seed put in, a number made odd, a piece repeated.
void edit(std::string& text, const std::vector<std::string>& seeds, CounterRandom& random) {
  static const char* odd[] = {"-1", "0", "9223372036854775808", "1e400", "1e-400", "\\u0000", "\xff", "\xed\xa0\x80", "{", "[", "\"", "(", "%", "null", "\r\n", "&", "..", "''"};
  const auto at = text.empty() ? 0 : random.below(text.size());
  switch (random.below(6)) {
    case 0:
      if (!text.empty()) text[at] = static_cast<char>(random.below(256));
      break;
    case 1: text.erase(at, random.below(12) + 1); break;
    case 2:
      if (!text.empty()) text.insert(at, text.substr(random.below(text.size()), random.below(24)));
      break;
    case 3: {
      const auto& other = seeds[random.below(seeds.size())];
      if (!other.empty()) text.insert(at, other.substr(random.below(other.size()), random.below(40)));
      break;
    }
    case 4: text.insert(at, odd[random.below(std::size(odd))]); break;
    default: {
      const auto piece = text.substr(at, random.below(6) + 1);
      for (auto times = random.below(40); times > 0 && text.size() < longest; --times) text.insert(at, piece);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string keep;
  double seconds = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string given = argv[i];
    if (given.starts_with("-max_total_time=")) seconds = std::atof(given.c_str() + 16);
    else if (given.starts_with("-seed=")) seed = std::strtoull(given.c_str() + 6, nullptr, 10);
    else if (given.starts_with("-keep=")) keep = given.substr(6);
    else if (!given.starts_with("-")) paths.push_back(given);
  }
  if (const char* set = std::getenv("JOINEDUP_FUZZ_SECONDS"); set != nullptr && seconds > 0) seconds = std::atof(set);
  auto seeds = read_seeds(paths);
  if (seeds.empty()) seeds.emplace_back();
  const auto tried = [&](const std::string& text) {
    if (!keep.empty()) std::ofstream(keep, std::ios::binary | std::ios::trunc) << text;
    // Exactly as large as it says, so that a sanitizer sees one byte too far.
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  };
  for (const auto& text : seeds) tried(text);
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t count = 0;
  for (; std::chrono::steady_clock::now() < until; ++count) {
    CounterRandom random(seed, count, 1);
    std::string text = seeds[random.below(seeds.size())];
    for (auto edits = random.below(7) + 1; edits > 0; --edits) edit(text, seeds, random);
    text.resize(std::min(text.size(), longest));
    tried(text);
  }
  std::printf("%zu seeds and %llu edits of them in %.0f s: no harm\n", seeds.size(), static_cast<unsigned long long>(count), seconds);
  if (!keep.empty()) std::filesystem::remove(keep);
  return seeds.size() == 1 && seeds[0].empty() && !paths.empty() ? 1 : 0;
}
