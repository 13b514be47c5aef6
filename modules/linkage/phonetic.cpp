#include "linkage/phonetic.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "linkage_embedded.hpp"

namespace joinedup::linkage {

std::string soundex(std::string_view name) {
  static constexpr std::string_view digits = "01230120022455012623010202";  // A … Z; 0: not coded
  std::string code;
  char last = '0';
  for (const char raw : name) {
    const char letter = raw >= 'a' && raw <= 'z' ? static_cast<char>(raw - 32) : raw;
    if (letter < 'A' || letter > 'Z') continue;
    const char digit = digits[static_cast<std::size_t>(letter - 'A')];
    if (code.empty()) code += letter;
    else if (digit != '0' && digit != last) code += digit;
    if (letter != 'H' && letter != 'W') last = digit;  // h and w do not part two equal sounds; vowels do
    if (code.size() == 4) break;
  }
  if (!code.empty()) code.resize(4, '0');
  return code;
}

std::string refined_soundex(std::string_view name) {
  static constexpr std::string_view digits = "01360240043788015936020505";  // A … Z
  std::string code;
  char last = 0;
  for (const char raw : name) {
    const char letter = raw >= 'a' && raw <= 'z' ? static_cast<char>(raw - 32) : raw;
    if (letter < 'A' || letter > 'Z') continue;
    if (code.empty()) code += letter;
    const char digit = digits[static_cast<std::size_t>(letter - 'A')];
    if (digit != last) code += digit;
    last = digit;
  }
  return code;
}

namespace {

using Sets = std::unordered_map<std::string, std::vector<std::uint32_t>>;

struct Nicknames {
  Sets sets;                       // name → the sets it belongs to
  std::vector<std::string> roots;  // the first name of each set
};

const Nicknames& nicknames() {
  static const Nicknames known = [] {
    Nicknames read;
    const auto text = find_embedded(embedded_linkage(), "data/nicknames.csv").value_or("");
    for (const auto line : split(text, '\n')) {
      if (line.empty() || line.front() == '#') continue;
      const auto set = static_cast<std::uint32_t>(read.roots.size());
      for (const auto field : split(line, ',')) {
        const auto name = lower_ascii(trim(field));
        if (name.empty()) continue;
        if (read.roots.size() == set) read.roots.push_back(name);
        auto& sets = read.sets[name];
        if (sets.empty() || sets.back() != set) sets.push_back(set);
      }
    }
    return read;
  }();
  return known;
}

}  // namespace

bool nicknames_match(std::string_view a, std::string_view b) {
  const auto left = lower_ascii(trim(a)), right = lower_ascii(trim(b));
  if (left == right) return true;
  const auto& known = nicknames();
  const auto x = known.sets.find(left), y = known.sets.find(right);
  if (x == known.sets.end() || y == known.sets.end()) return false;
  return std::find_first_of(x->second.begin(), x->second.end(), y->second.begin(), y->second.end()) != x->second.end();
}

std::string nickname_root(std::string_view name) {
  const auto lowered = lower_ascii(trim(name));
  const auto& known = nicknames();
  const auto found = known.sets.find(lowered);
  return found == known.sets.end() ? lowered : known.roots[found->second.front()];
}

}  // namespace joinedup::linkage
