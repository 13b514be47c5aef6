#include "fhir/values.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <vector>

#include "base/date.hpp"
#include "base/text.hpp"
#include "fhir_embedded.hpp"
#include "fhirpath/temporal.hpp"

namespace joinedup::fhir {

namespace {

// Code points of the first plane that are read as something else: by code point, an index into texts (0: itself).
struct Letters {
  std::vector<std::uint16_t> index;
  std::vector<std::string> texts{""};

  Letters() : index(0x10000) {
    for (auto line : split(find_embedded(embedded_fhir(), "data/letters.txt").value_or(""), '\n')) {
      if (line.empty() || line[0] == '#') continue;
      const auto gap = line.find(' ');
      unsigned code = 0;
      std::from_chars(line.data(), line.data() + (gap == line.npos ? line.size() : gap), code, 16);
      index[code & 0xFFFF] = static_cast<std::uint16_t>(texts.size());
      texts.emplace_back(gap == line.npos ? "" : line.substr(gap + 1));
    }
  }
};

std::size_t utf8_length(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

}  // namespace

void fold_into(std::string_view text, std::string& out) {
  static const Letters letters;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      ++at;
      continue;
    }
    const std::size_t n = std::min(utf8_length(c), text.size() - at);
    unsigned code = n == 2 ? c & 0x1FU : n == 3 ? c & 0x0FU : 0x10000;
    for (std::size_t i = 1; i < n; ++i) code = code < 0x10000 ? (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU) : code;
    if (code < 0x10000 && letters.index[code] != 0) out += letters.texts[letters.index[code]];
    else out.append(text.substr(at, n));
    at += n;
  }
}

std::string fold(std::string_view text) {
  std::string out;
  fold_into(text, out);
  return out;
}

std::optional<Period> date_period(std::string_view text) {
  const auto read = fhirpath::Temporal::parse_date_time(text);
  if (!read) return std::nullopt;
  const std::int64_t shift = read->has_zone ? std::int64_t{read->zone} * 60'000'000 : 0;
  return Period{read->micros - shift, read->last_micros() - shift};
}

std::string instant_text(std::int64_t micros) {
  constexpr std::int64_t day = 86'400'000'000;
  std::int64_t days = micros / day - (micros % day < 0);
  const std::int64_t rest = (micros - days * day) / 1000;
  const CivilDay day_of_year = Date{static_cast<std::int32_t>(days)}.civil();
  // Written by hand: every resource on every page carries one.
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, std::int64_t value) {
    for (; value > 0; value /= 10) out[end--] = static_cast<char>('0' + value % 10);
  };
  if (day_of_year.year < 0 || day_of_year.year > 9999) out.replace(0, 10, Date{static_cast<std::int32_t>(days)}.to_iso());
  else put(3, day_of_year.year), put(6, day_of_year.month), put(9, day_of_year.day);
  const std::size_t time = out.size() - 14;  // of the T
  put(time + 2, rest / 3'600'000), put(time + 5, rest / 60'000 % 60), put(time + 8, rest / 1000 % 60), put(time + 12, rest % 1000);
  return out;
}

std::optional<NumberText> NumberText::parse(std::string_view text) {
  auto value = fhirpath::Decimal::parse(text);
  if (!value) return std::nullopt;
  // The last digit as written: 5.40e2 is known to the unit of 10^0.
  int decimals = 0;
  const auto e = text.find_first_of("eE");
  const auto point = text.find('.');
  if (point != text.npos) decimals = static_cast<int>((e == text.npos ? text.size() : e) - point - 1);
  if (e != text.npos) {
    int exponent = 0;
    auto from = text.data() + e + 1;
    if (from < text.data() + text.size() && *from == '+') ++from;
    std::from_chars(from, text.data() + text.size(), exponent);
    decimals -= exponent;
  }
  fhirpath::Decimal half{5, decimals + 1};
  if (half.decimals < 0) {
    if (half.decimals < -30) return std::nullopt;
    for (; half.decimals < 0; ++half.decimals) half.digits *= 10;
  }
  auto low = value->subtract(half), high = value->add(half);
  if (!low || !high) return std::nullopt;
  return NumberText{*value, *low, *high};
}

std::int64_t sortable(double value) {
  if (value == 0) value = 0;  // one zero
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits < 0 ? static_cast<std::int64_t>(0x7FFF'FFFF'FFFF'FFFFULL) ^ bits : bits;
}

Prefix take_prefix(std::string_view& text) {
  static constexpr std::array<std::string_view, 9> names = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (text.size() > 2 && text.substr(0, 2) == names[i]) {
      text.remove_prefix(2);
      return static_cast<Prefix>(i);
    }
  return Prefix::eq;
}

bool prefix_holds(Prefix prefix, Period has, Period asked) {
  const bool within = asked.low <= has.low && has.high <= asked.high;
  switch (prefix) {
    case Prefix::eq: return within;
    case Prefix::ne: return !within;
    case Prefix::gt: return has.high > asked.high;
    case Prefix::lt: return has.low < asked.low;
    case Prefix::ge: return has.high > asked.high || within;
    case Prefix::le: return has.low < asked.low || within;
    case Prefix::sa: return has.low > asked.high;
    case Prefix::eb: return has.high < asked.low;
    case Prefix::ap: return has.low <= asked.high && asked.low <= has.high;
  }
  return false;
}

}  // namespace joinedup::fhir
