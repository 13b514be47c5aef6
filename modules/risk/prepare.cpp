// What can be said of a file's columns without looking at outcomes: order of words, stems of codes, bands of numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "risk/encode.hpp"

namespace joinedup::risk {
namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t most_values_of_a_number = 200;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }

bool is_code(const std::string& text) {
  const auto dot = text.find('.');
  const std::string stem = text.substr(0, dot);
  if (stem.empty() || stem.size() > 4 || (dot != std::string::npos && (text.size() - dot > 5 || dot + 1 == text.size()))) return false;
  if (!digit(stem[0]) && !upper(stem[0])) return false;
  for (std::size_t i = 1; i < stem.size(); ++i)
    if (!digit(stem[i]) && !(i == 2 && upper(stem[i]))) return false;
  for (std::size_t i = dot == std::string::npos ? text.size() : dot + 1; i < text.size(); ++i)
    if (!digit(text[i]) && !upper(text[i])) return false;
  return upper(stem[0]) ? stem.size() >= 2 : true;
}

// Distinct values in their order: numbers by size, codes by stem and text, words by text; missing comes to no place.
std::vector<float> place_of(const FrameColumn& column, bool codes) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t w = 0; w < column.words.size(); ++w)
    if (!column.missing[w]) order.push_back(w);
  const auto stem = [&](std::uint32_t w) { return codes ? code_stem(column.words[w]) : std::isnan(column.number_of[w]) ? std::numeric_limits<double>::infinity() : column.number_of[w]; };
  std::vector<double> stems(column.words.size());
  for (const auto w : order) stems[w] = stem(w);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return stems[a] != stems[b] ? stems[a] < stems[b] : column.words[a] < column.words[b]; });
  std::vector<float> place(column.words.size(), nothing);
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<float>(i);
  return place;
}

Key key_of(const std::string& name, const FrameColumn& column, const std::vector<double>& value) {
  std::map<double, std::uint32_t> number;  // missing is a value like another
  std::vector<std::uint32_t> of_word(value.size());
  for (const double v : value) number.emplace(std::isnan(v) ? -1e300 : v, 0);
  std::uint32_t next = 0;
  for (auto& [v, n] : number) n = next++;
  for (std::size_t w = 0; w < value.size(); ++w) of_word[w] = number.at(std::isnan(value[w]) ? -1e300 : value[w]);
  Key key{name, column.name, {}, next};
  key.of_row.reserve(column.code.size());
  for (const auto code : column.code) key.of_row.push_back(of_word[code]);
  return key;
}

std::vector<double> as_double(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// A number's band: of ten with as many rows each, or its own value where it has few.
std::vector<double> bands(const FrameColumn& column) {
  std::vector<double> sorted;
  for (const auto code : column.code)
    if (!column.missing[code]) sorted.push_back(column.number_of[code]);
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> cut;
  for (std::size_t b = 1; b < 10 && !sorted.empty(); ++b) cut.push_back(sorted[sorted.size() * b / 10]);
  cut.erase(std::unique(cut.begin(), cut.end()), cut.end());
  std::vector<double> band;
  for (std::size_t w = 0; w < column.words.size(); ++w)
    band.push_back(column.missing[w] ? std::nan("") : static_cast<double>(std::upper_bound(cut.begin(), cut.end(), column.number_of[w]) - cut.begin()));
  return band;
}

void add_codes(Prepared& prepared, const FrameColumn& column, std::unordered_map<std::string, std::uint32_t>& all, std::map<double, std::uint32_t>& all_stems) {
  std::vector<double> stem;
  std::vector<std::uint32_t> number, stem_number;
  for (std::size_t w = 0; w < column.words.size(); ++w) {
    stem.push_back(column.missing[w] ? std::nan("") : code_stem(column.words[w]));
    number.push_back(all.emplace(column.missing[w] ? "" : column.words[w], static_cast<std::uint32_t>(all.size())).first->second);
    stem_number.push_back(all_stems.emplace(std::isnan(stem.back()) ? -1 : stem.back(), static_cast<std::uint32_t>(all_stems.size())).first->second);
  }
  std::vector<double> tens;
  for (const double s : stem) tens.push_back(std::floor(s / 10));
  prepared.keys.push_back(key_of(column.name + " (first three characters)", column, stem));
  prepared.keys.push_back(key_of(column.name + " (tens)", column, tens));
  std::vector<float> values;
  std::vector<std::uint32_t> codes, stems;
  for (const auto code : column.code) {
    values.push_back(static_cast<float>(stem[code]));
    codes.push_back(number[code]);
    stems.push_back(stem_number[code]);
  }
  prepared.number_names.push_back(column.name + " (first three characters)");
  prepared.numbers.push_back(std::move(values));
  prepared.bag.push_back(std::move(codes));
  prepared.stem_bag.push_back(std::move(stems));
  prepared.code_columns.push_back(column.name);
}

// How many of the columns of words hold something else than their commonest value: of medicines, how many are given.
std::vector<float> unusual(const std::vector<const FrameColumn*>& words, std::size_t rows) {
  std::vector<float> count(rows);
  for (const auto* column : words) {
    std::vector<std::size_t> times(column->words.size());
    for (const auto code : column->code) ++times[code];
    const auto commonest = static_cast<std::uint32_t>(std::max_element(times.begin(), times.end()) - times.begin());
    for (std::size_t row = 0; row < rows; ++row) count[row] += column->code[row] != commonest ? 1.0F : 0.0F;
  }
  return count;
}

}  // namespace

bool looks_like_codes(const FrameColumn& column) {
  if (column.numeric || column.words.size() < 100) return false;
  std::size_t codes = 0, present = 0, lettered = 0;
  for (std::size_t w = 0; w < column.words.size(); ++w) {
    if (column.missing[w]) continue;
    ++present;
    codes += is_code(column.words[w]);
    lettered += upper(column.words[w][0]);
  }
  return lettered > 0 && codes * 20 >= present * 19;
}

double code_stem(const std::string& code) {
  if (code.empty()) return std::nan("");
  if (digit(code[0])) return std::floor(std::strtod(code.c_str(), nullptr));
  double tail = 0;
  for (std::size_t i = 1; i < code.size() && i < 3 && digit(code[i]); ++i) tail = tail * 10 + (code[i] - '0');
  return 1000 + 100 * (code[0] - 'A') + tail;
}

Prepared prepare(const Frame& frame, std::span<const std::size_t> columns, std::span<const float> earlier_rows) {
  Prepared prepared;
  prepared.frame = &frame;
  prepared.rows = frame.rows;
  std::unordered_map<std::string, std::uint32_t> all_codes;
  std::map<double, std::uint32_t> all_stems;
  std::vector<const FrameColumn*> words;
  for (const auto at : columns) {
    const FrameColumn& column = frame.columns[at];
    const bool codes = looks_like_codes(column);
    std::vector<float> value(column.words.size());
    const auto place = column.numeric ? std::vector<float>{} : place_of(column, codes);
    for (std::size_t w = 0; w < value.size(); ++w) value[w] = column.numeric ? static_cast<float>(column.number_of[w]) : place[w];
    std::vector<float> numbers;
    for (const auto code : column.code) numbers.push_back(value[code]);
    prepared.number_names.push_back(column.name);
    prepared.numbers.push_back(std::move(numbers));
    if (column.words.size() > 2 && (!column.numeric || column.words.size() <= most_values_of_a_number)) prepared.keys.push_back(key_of(column.name, column, as_double(value)));
    if (codes) add_codes(prepared, column, all_codes, all_stems);
    else prepared.categories.push_back(key_of(column.name, column, column.numeric && column.words.size() > 30 ? bands(column) : as_double(value)));
    if (!column.numeric && !codes) words.push_back(&column);
  }
  prepared.bag_size = static_cast<std::uint32_t>(all_codes.size());
  prepared.stem_bag_size = static_cast<std::uint32_t>(all_stems.size());
  if (words.size() >= 5) {
    prepared.number_names.push_back("columns that differ from their commonest value");
    prepared.numbers.push_back(unusual(words, frame.rows));
  }
  if (!earlier_rows.empty()) {
    prepared.number_names.push_back("earlier rows of the same cluster");
    prepared.numbers.emplace_back(earlier_rows.begin(), earlier_rows.end());
    Key key{"earlier rows of the same cluster", "earlier rows", {}, 11};
    for (const float n : earlier_rows) key.of_row.push_back(static_cast<std::uint32_t>(std::min(n, 10.0F)));
    prepared.keys.push_back(key);
    prepared.categories.push_back(std::move(key));
  }
  return prepared;
}

}  // namespace joinedup::risk
