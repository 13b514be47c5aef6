#include "synth/names.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "synth/tables.hpp"

namespace joinedup::synth {

Names::Weighted Names::read(std::string_view table) {
  Weighted list;
  double sum = 0;
  for (const auto& row : table_rows(table)) {
    sum += number_of(row[1]);
    list.names.push_back(row[0]);
    list.cumulative.push_back(sum);
  }
  for (double& c : list.cumulative) c /= sum;
  return list;
}

Names::Names() : surname_(read("data/surname.csv")), female_(read("data/given_female.csv")), male_(read("data/given_male.csv")) {
  for (const auto& row : table_rows("data/nickname.csv")) nicknames_[row[0]] = split(row[1], ' ');
}

std::string_view Names::Weighted::at(double u) const {
  const auto found = std::lower_bound(cumulative.begin(), cumulative.end() - 1, u);
  return names[static_cast<std::size_t>(found - cumulative.begin())];
}

std::string_view Names::surname(double u) const { return surname_.at(u); }
std::string_view Names::given(int sex, double u) const { return sex == 0 ? female_.at(u) : male_.at(u); }

std::string_view Names::nickname(std::string_view given, CounterRandom& draw) const {
  const auto found = nicknames_.find(given);
  if (found == nicknames_.end()) return {};
  return found->second[draw.below(found->second.size())];
}

std::string typing_error(std::string_view name, CounterRandom& draw) {
  std::string text(name);
  if (text.size() < 3) return text + text.back();
  const auto at = 1 + draw.below(text.size() - 2);
  switch (draw.below(4)) {
    case 0: text.erase(at, 1); break;
    case 1: text.insert(at, 1, text[at]); break;
    case 2:
      if (text[at] == text[at + 1]) text.erase(at, 1);
      else std::swap(text[at], text[at + 1]);
      break;
    default: {
      const char other = static_cast<char>('A' + draw.below(26));
      text[at] = text[at] == other ? (other == 'Z' ? 'A' : static_cast<char>(other + 1)) : other;
    }
  }
  return text;
}

std::string phonetic_error(std::string_view name, CounterRandom& draw) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 20> alike{{
      {"PH", "F"}, {"CK", "K"}, {"EY", "IE"}, {"IE", "Y"}, {"Y", "I"}, {"C", "K"}, {"S", "Z"}, {"EA", "EE"}, {"OU", "OW"}, {"TH", "T"},
      {"SMI", "SMY"}, {"LL", "L"}, {"NN", "N"}, {"TT", "T"}, {"RR", "R"}, {"KN", "N"}, {"AI", "AY"}, {"OO", "U"}, {"E", "EE"}, {"A", "E"}}};
  std::string text(name);
  const auto start = draw.below(alike.size());
  for (std::size_t i = 0; i < alike.size(); ++i) {
    const auto& [from, to] = alike[(start + i) % alike.size()];
    const auto at = text.find(from, 1);
    if (at == text.npos) continue;
    text.replace(at, from.size(), to);
    return text;
  }
  return typing_error(name, draw);
}

std::string title_case(std::string_view upper) {
  std::string text = lower_ascii(upper);
  bool start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char& c = text[i];
    const auto byte = static_cast<unsigned char>(c);  // É and its like: the second byte of UTF-8
    if (i > 0 && static_cast<unsigned char>(text[i - 1]) == 0xC3 && byte >= 0x80 && byte <= 0x9E) c = static_cast<char>(byte + 0x20);
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    start = c == ' ' || c == '-' || c == '\'';
  }
  return text;
}

std::string accented(std::string_view upper) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> forms{{
      {"JOSE", "JOSÉ"}, {"ZOE", "ZOË"}, {"CHLOE", "CHLOË"}, {"RENEE", "RENÉE"}, {"ANDRE", "ANDRÉ"}, {"GARCIA", "GARCÍA"}, {"MARTINEZ", "MARTÍNEZ"},
      {"RODRIGUEZ", "RODRÍGUEZ"}, {"LOPEZ", "LÓPEZ"}, {"GONZALEZ", "GONZÁLEZ"}, {"HERNANDEZ", "HERNÁNDEZ"}, {"PEREZ", "PÉREZ"}}};
  for (const auto& [plain, form] : forms)
    if (plain == upper) return std::string(form);
  return std::string(upper);
}

std::string to_windows_1252(std::string_view utf8) {
  std::string text;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80 || i + 1 == utf8.size()) text += utf8[i];
    else text += static_cast<char>(((byte & 3) << 6) | (static_cast<unsigned char>(utf8[++i]) & 63));
  }
  return text;
}

}  // namespace joinedup::synth
