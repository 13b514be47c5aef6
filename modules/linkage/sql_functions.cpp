#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <regex>

#include "base/date.hpp"
#include "base/text.hpp"
#include "linkage/kernels.hpp"
#include "linkage/phonetic.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {
namespace {

Value argument(const Node& node, const Scope& scope, std::size_t at) { return evaluate(*node.children[at], scope); }
Value text_argument(const Node& node, const Scope& scope, std::size_t at) { return to_text(argument(node, scope, at)); }
Value number_argument(const Node& node, const Scope& scope, std::size_t at) { return to_number(argument(node, scope, at)); }

template <double (*compute)(double)>
Value of_number(const Node& node, const Scope& scope) {
  const Value value = number_argument(node, scope, 0);
  if (value.is_null()) return {};
  const double result = compute(value.number);
  return std::isnan(result) ? Value{} : Value::of(result);
}
double radians(double x) { return x * M_PI / 180.0; }
double degrees(double x) { return x * 180.0 / M_PI; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double absolute(double x) { return std::fabs(x); }
double ceiling(double x) { return std::ceil(x); }
double flooring(double x) { return std::floor(x); }
double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double natural_log(double x) { return std::log(x); }
double log_two(double x) { return std::log2(x); }
double log_ten(double x) { return std::log10(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double tangent(double x) { return std::tan(x); }
double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }
double arc_tangent(double x) { return std::atan(x); }

template <double (*compute)(double, double)>
Value of_numbers(const Node& node, const Scope& scope) {
  const Value a = number_argument(node, scope, 0), b = number_argument(node, scope, 1);
  return a.is_null() || b.is_null() ? Value{} : Value::of(compute(a.number, b.number));
}
double power(double x, double y) { return std::pow(x, y); }
double arc_tangent_of(double y, double x) { return std::atan2(y, x); }
double remainder(double x, double y) { return std::fmod(x, y); }

Value round_to(const Node& node, const Scope& scope) {
  const Value value = number_argument(node, scope, 0);
  const Value places = node.children.size() > 1 ? number_argument(node, scope, 1) : Value::of(0.0);
  if (value.is_null() || places.is_null()) return {};
  const double scale = std::pow(10.0, places.number);
  return Value::of(std::round(value.number * scale) / scale);
}

template <double (*compute)(std::string_view, std::string_view)>
Value similarity(const Node& node, const Scope& scope) {
  const Value a = text_argument(node, scope, 0), b = text_argument(node, scope, 1);
  if (a.is_null() || b.is_null()) return {};
  const double value = compute(a.text, b.text);
  if (node.children.size() < 3) return Value::of(value);
  const Value cutoff = number_argument(node, scope, 2);
  return cutoff.is_null() ? Value{} : Value::of(value >= cutoff.number ? value : 0.0);
}

template <std::int64_t (*compute)(std::string_view, std::string_view)>
Value distance(const Node& node, const Scope& scope) {
  const Value a = text_argument(node, scope, 0), b = text_argument(node, scope, 1);
  return a.is_null() || b.is_null() ? Value{} : Value::of(static_cast<double>(compute(a.text, b.text)));
}
std::int64_t hamming(std::string_view a, std::string_view b) {
  std::int64_t count = std::abs(static_cast<std::int64_t>(a.size()) - static_cast<std::int64_t>(b.size()));
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] != b[i];
  return count;
}

// Positions count characters of UTF-8, as SQL's substring does.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}
std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}
std::string cut(std::string_view text, std::int64_t from, std::int64_t count) {  // from: 0 = first
  std::size_t at = 0;
  for (; from > 0 && at < text.size(); --from) at += character_bytes(text, at);
  std::size_t end = at;
  for (; count > 0 && end < text.size(); --count) end += character_bytes(text, end);
  return std::string(text.substr(at, end - at));
}
Value substring(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), start = number_argument(node, scope, 1);
  const Value count = node.children.size() > 2 ? number_argument(node, scope, 2) : Value::of(1e9);
  if (text.is_null() || start.is_null() || count.is_null()) return {};
  auto from = static_cast<std::int64_t>(start.number), length = static_cast<std::int64_t>(count.number);
  if (from < 0) from = std::max<std::int64_t>(0, characters(text.text) + from);
  else if (from == 0) --length;  // SQL counts a position before the first
  else --from;
  return Value::of(cut(text.text, from, std::max<std::int64_t>(0, length)));
}
Value left_of(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), count = number_argument(node, scope, 1);
  if (text.is_null() || count.is_null()) return {};
  auto length = static_cast<std::int64_t>(count.number);
  if (length < 0) length = std::max<std::int64_t>(0, characters(text.text) + length);
  return Value::of(cut(text.text, 0, length));
}
Value right_of(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), count = number_argument(node, scope, 1);
  if (text.is_null() || count.is_null()) return {};
  const auto all = characters(text.text);
  auto length = static_cast<std::int64_t>(count.number);
  if (length < 0) length = std::max<std::int64_t>(0, all + length);
  return Value::of(cut(text.text, std::max<std::int64_t>(0, all - length), length));
}

template <std::string (*change)(std::string)>
Value of_text(const Node& node, const Scope& scope) {
  Value text = text_argument(node, scope, 0);
  return text.is_null() ? Value{} : Value::of(change(std::move(text.text)));
}
template <std::string (*change)(std::string)>
Value sound_of(const Node& node, const Scope& scope) {  // no letters, no sound
  Value text = text_argument(node, scope, 0);
  std::string code = text.is_null() ? std::string() : change(std::move(text.text));
  return code.empty() ? Value{} : Value::of(std::move(code));
}
// Case of Latin-1 Supplement, Latin Extended-A and basic Greek and Cyrillic letters besides ASCII.
std::string change_case(std::string text, bool up) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      out += static_cast<char>(up && c >= 'a' && c <= 'z' ? c - 32 : !up && c >= 'A' && c <= 'Z' ? c + 32 : c);
      ++at;
      continue;
    }
    const std::size_t bytes = character_bytes(text, at);
    if (bytes != 2) {
      out.append(text, at, bytes);
      at += bytes;
      continue;
    }
    unsigned code = ((c & 0x1Fu) << 6) | (static_cast<unsigned char>(text[at + 1]) & 0x3Fu);
    if (code >= 0xC0 && code <= 0xDE && code != 0xD7) code += up ? 0 : 32;
    else if (code >= 0xE0 && code <= 0xFE && code != 0xF7) code -= up ? 32 : 0;
    else if (code == 0xFF && up) code = 0x178;
    else if (code == 0x178 && !up) code = 0xFF;
    else if ((code >= 0x100 && code <= 0x137 && code != 0x130 && code != 0x131) || (code >= 0x14A && code <= 0x177)) code = up ? code & ~1u : code | 1u;
    else if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E)) code = up ? ((code + 1) & ~1u) - 1 : (code + 1) & ~1u;
    else if (code >= 0x391 && code <= 0x3A9 && code != 0x3A2) code += up ? 0 : 32;
    else if (code >= 0x3B1 && code <= 0x3C9 && code != 0x3C2) code -= up ? 32 : 0;
    else if (code >= 0x410 && code <= 0x42F) code += up ? 0 : 32;
    else if (code >= 0x430 && code <= 0x44F) code -= up ? 32 : 0;
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
    at += bytes;
  }
  return out;
}
std::string lowered(std::string text) { return change_case(std::move(text), false); }
std::string uppered(std::string text) { return change_case(std::move(text), true); }
std::string reversed(std::string text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto bytes = character_bytes(text, at);
    out.insert(0, text, at, bytes);
    at += bytes;
  }
  return out;
}
std::string soundex_of(std::string text) { return soundex(text); }
std::string refined_soundex_of(std::string text) { return refined_soundex(text); }
std::string nickname_of(std::string text) { return nickname_root(text); }
Value nicknames(const Node& node, const Scope& scope) {
  const Value a = text_argument(node, scope, 0), b = text_argument(node, scope, 1);
  return a.is_null() || b.is_null() ? Value{} : Value::truth(nicknames_match(a.text, b.text));
}

template <bool front, bool back>
Value trimmed(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0);
  const Value set = node.children.size() > 1 ? text_argument(node, scope, 1) : Value::of(std::string(" "));
  if (text.is_null() || set.is_null()) return {};
  std::string_view view = text.text;
  while (front && !view.empty() && set.text.find(view.front()) != std::string::npos) view.remove_prefix(1);
  while (back && !view.empty() && set.text.find(view.back()) != std::string::npos) view.remove_suffix(1);
  return Value::of(std::string(view));
}
Value concat(const Node& node, const Scope& scope) {
  std::string out;
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (const Value part = text_argument(node, scope, i); !part.is_null()) out += part.text;
  return Value::of(std::move(out));
}
Value concat_with(const Node& node, const Scope& scope) {
  const Value separator = text_argument(node, scope, 0);
  if (separator.is_null()) return {};
  std::string out;
  bool first = true;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const Value part = text_argument(node, scope, i);
    if (part.is_null()) continue;
    if (!first) out += separator.text;
    out += part.text;
    first = false;
  }
  return Value::of(std::move(out));
}
Value replace(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), from = text_argument(node, scope, 1), to = text_argument(node, scope, 2);
  if (text.is_null() || from.is_null() || to.is_null()) return {};
  if (from.text.empty()) return text;
  std::string out = text.text;
  for (std::size_t at = 0; (at = out.find(from.text, at)) != std::string::npos; at += to.text.size()) out.replace(at, from.text.size(), to.text);
  return Value::of(std::move(out));
}
template <int where>  // 0 contains, 1 starts, 2 ends
Value has_text(const Node& node, const Scope& scope) {
  const Value from = argument(node, scope, 0), part = argument(node, scope, 1);
  if (from.is_null() || part.is_null()) return {};
  if (from.kind == Kind::list)
    return Value::truth(std::any_of(from.list->begin(), from.list->end(), [&](const Value& item) { return compare_values(item, part) == 0; }));
  const auto text = to_text(from).text, sought = to_text(part).text;
  return Value::truth(where == 0 ? text.find(sought) != std::string::npos : where == 1 ? text.starts_with(sought) : text.ends_with(sought));
}
Value length_of(const Node& node, const Scope& scope) {
  const Value value = argument(node, scope, 0);
  if (value.is_null()) return {};
  return Value::of(static_cast<double>(value.kind == Kind::list ? static_cast<std::int64_t>(value.list->size()) : characters(to_text(value).text)));
}

const std::regex* compiled(const std::string& pattern, bool any_case) {
  static thread_local std::map<std::pair<std::string, bool>, std::optional<std::regex>> cache;
  const auto [at, fresh] = cache.try_emplace({pattern, any_case});
  if (fresh) {
    try {
      at->second.emplace(pattern, any_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript);
    } catch (const std::regex_error&) {
      at->second.reset();
    }
  }
  return at->second ? &*at->second : nullptr;
}
constexpr std::size_t longest_for_patterns = 4096;  // the library's matcher recurses
bool searchable(const Value& text, const Value& pattern) { return !text.is_null() && !pattern.is_null() && text.text.size() <= longest_for_patterns; }
Value extract_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  const Value group = node.children.size() > 2 ? number_argument(node, scope, 2) : Value::of(0.0);
  const auto* expression = searchable(text, pattern) ? compiled(pattern.text, false) : nullptr;
  if (!expression || group.is_null()) return {};
  std::smatch found;
  if (!std::regex_search(text.text, found, *expression) || group.number >= static_cast<double>(found.size())) return Value::of(std::string());
  return Value::of(found[static_cast<std::size_t>(group.number)].str());
}
Value replace_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  Value with = text_argument(node, scope, 2);
  const Value options = node.children.size() > 3 ? text_argument(node, scope, 3) : Value::of(std::string());
  const auto* expression = searchable(text, pattern) ? compiled(pattern.text, options.text.find('i') != std::string::npos) : nullptr;
  if (!expression || with.is_null()) return {};
  for (std::size_t at = 0; (at = with.text.find('\\', at)) != std::string::npos; ++at) with.text[at] = '$';
  const bool everywhere = options.text.find('g') != std::string::npos;
  return Value::of(std::regex_replace(text.text, *expression, with.text, everywhere ? std::regex_constants::format_default : std::regex_constants::format_first_only));
}
template <bool whole>
Value matches_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  const auto* expression = searchable(text, pattern) ? compiled(pattern.text, false) : nullptr;
  if (!expression) return {};
  return Value::truth(whole ? std::regex_match(text.text, *expression) : std::regex_search(text.text, *expression));
}

Value coalesce(const Node& node, const Scope& scope) {
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (Value value = argument(node, scope, i); !value.is_null()) return value;
  return {};
}
Value null_if(const Node& node, const Scope& scope) {
  Value value = argument(node, scope, 0);
  return compare_values(value, argument(node, scope, 1)) == 0 ? Value{} : value;
}
Value if_else(const Node& node, const Scope& scope) { return argument(node, scope, to_truth(argument(node, scope, 0)).is_true() ? 1 : 2); }
template <int wanted>
Value extreme(const Node& node, const Scope& scope) {  // NULLs are passed over
  Value best;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    Value value = argument(node, scope, i);
    if (!value.is_null() && (best.is_null() || compare_values(value, best) == wanted)) best = std::move(value);
  }
  return best;
}

Value parse_time(const Node& node, const Scope& scope);
Value epoch(const Node& node, const Scope& scope) {
  const Value at = to_instant(argument(node, scope, 0));
  return at.is_null() ? Value{} : Value::of(at.number);
}
struct Moment {
  CivilDay day;
  std::int64_t days = 0;
  double seconds = 0;  // into the day
};
Moment moment(const Value& at) {
  const auto days = static_cast<std::int64_t>(std::floor(at.number / 86400));
  return {Date{static_cast<std::int32_t>(days)}.civil(), days, at.number - 86400.0 * static_cast<double>(days)};
}
std::optional<double> part_of(const std::string& name, const Moment& at) {
  if (name == "year" || name == "years" || name == "y") return at.day.year;
  if (name == "month" || name == "months" || name == "mon") return at.day.month;
  if (name == "day" || name == "days" || name == "d") return at.day.day;
  if (name == "hour" || name == "hours") return std::floor(at.seconds / 3600);
  if (name == "minute" || name == "minutes") return std::floor(std::fmod(at.seconds, 3600) / 60);
  if (name == "second" || name == "seconds") return std::floor(std::fmod(at.seconds, 60));
  if (name == "epoch") return static_cast<double>(at.days) * 86400 + at.seconds;
  return std::nullopt;
}
Value date_part(const Node& node, const Scope& scope) {
  const Value name = text_argument(node, scope, 0), at = to_instant(argument(node, scope, 1));
  if (name.is_null() || at.is_null()) return {};
  const auto part = part_of(lower_ascii(name.text), moment(at));
  return part ? Value::of(*part) : Value{};
}
Value named_part(const Node& node, const Scope& scope) {
  const Value at = to_instant(argument(node, scope, 0));
  return at.is_null() ? Value{} : Value::of(*part_of(node.name, moment(at)));
}
Value date_diff(const Node& node, const Scope& scope) {  // boundaries crossed
  const Value unit = text_argument(node, scope, 0), from = to_instant(argument(node, scope, 1)), to = to_instant(argument(node, scope, 2));
  if (unit.is_null() || from.is_null() || to.is_null()) return {};
  const Moment a = moment(from), b = moment(to);
  std::string name = lower_ascii(unit.text);
  if (name.ends_with('s')) name.pop_back();
  const int months = (b.day.year - a.day.year) * 12 + b.day.month - a.day.month;
  if (name == "year") return Value::of(static_cast<double>(b.day.year - a.day.year));
  if (name == "month") return Value::of(static_cast<double>(months));
  if (name == "quarter") return Value::of(static_cast<double>((b.day.year - a.day.year) * 4 + (b.day.month - 1) / 3 - (a.day.month - 1) / 3));
  if (name == "day") return Value::of(static_cast<double>(b.days - a.days));
  if (name == "week") return Value::of(std::floor(static_cast<double>(b.days + 3) / 7) - std::floor(static_cast<double>(a.days + 3) / 7));
  const double size = name == "hour" ? 3600 : name == "minute" ? 60 : name == "second" ? 1 : 0;
  return size == 0 ? Value{} : Value::of(std::floor(to.number / size) - std::floor(from.number / size));
}

std::optional<Value> read_time(std::string_view text, std::string_view format) {
  static constexpr std::string_view months[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
  int year = 1900, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  double fraction = 0;
  bool afternoon = false, twelve = false;
  std::size_t at = 0;
  const auto number = [&](std::size_t most, int& out) {
    const std::size_t start = at;
    out = 0;
    while (at < text.size() && at - start < most && text[at] >= '0' && text[at] <= '9') out = out * 10 + (text[at++] - '0');
    return at > start;
  };
  while (at < text.size() && text[at] == ' ') ++at;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (at >= text.size() || text[at] != format[i]) return std::nullopt;
      ++at;
      continue;
    }
    if (format[++i] == '-' && i + 1 < format.size()) ++i;
    bool read = true;
    switch (format[i]) {
      case 'Y': read = number(4, year); break;
      case 'y': read = number(2, year); year += year < 69 ? 2000 : 1900; break;
      case 'm': read = number(2, month); break;
      case 'd': read = number(2, day); break;
      case 'H': read = number(2, hour); break;
      case 'I': read = number(2, hour); twelve = true; break;
      case 'M': read = number(2, minute); break;
      case 'S': read = number(2, second); break;
      case 'f': {
        int digits = 0;
        const std::size_t start = at;
        read = number(6, digits);
        fraction = digits / std::pow(10.0, static_cast<double>(at - start));
        break;
      }
      case 'p': {
        const auto half = lower_ascii(text.substr(std::min(at, text.size()), 2));
        read = half == "am" || half == "pm";
        afternoon = half == "pm";
        at += 2;
        break;
      }
      case 'b':
      case 'B': {
        read = false;
        for (int candidate = 0; candidate < 12 && !read; ++candidate) {
          const auto name = format[i] == 'b' ? months[candidate].substr(0, 3) : months[candidate];
          read = lower_ascii(text.substr(std::min(at, text.size()), name.size())) == name;
          if (read) month = candidate + 1, at += name.size();
        }
        break;
      }
      case '%': read = at < text.size() && text[at++] == '%'; break;
      default: return std::nullopt;
    }
    if (!read) return std::nullopt;
  }
  while (at < text.size() && text[at] == ' ') ++at;
  if (at != text.size() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (twelve) hour = hour % 12 + (afternoon ? 12 : 0);
  const auto date = make_date(year, month, day);
  if (!date) return std::nullopt;
  return Value::instant(86400.0 * date->days + hour * 3600 + minute * 60 + second + fraction);
}
Value parse_time(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), format = argument(node, scope, 1);
  if (text.is_null() || format.is_null()) return {};
  if (format.kind == Kind::list) {
    for (const auto& one : *format.list)
      if (auto found = read_time(text.text, one.text)) return *found;
    return {};
  }
  return read_time(text.text, to_text(format).text).value_or(Value{});
}
Value format_time(const Node& node, const Scope& scope) {
  Value first = argument(node, scope, 0), second = argument(node, scope, 1);
  const bool swapped = first.kind == Kind::text && first.text.find('%') != std::string::npos;
  const Value at = to_instant(swapped ? second : first), format = to_text(swapped ? first : second);
  if (at.is_null() || format.is_null()) return {};
  const auto when = moment(at);
  std::string out;
  for (std::size_t i = 0; i < format.text.size(); ++i) {
    if (format.text[i] != '%' || i + 1 == format.text.size()) { out += format.text[i]; continue; }
    char buffer[16];
    switch (format.text[++i]) {
      case 'Y': std::snprintf(buffer, sizeof buffer, "%04d", when.day.year); break;
      case 'y': std::snprintf(buffer, sizeof buffer, "%02d", when.day.year % 100); break;
      case 'm': std::snprintf(buffer, sizeof buffer, "%02d", when.day.month); break;
      case 'd': std::snprintf(buffer, sizeof buffer, "%02d", when.day.day); break;
      case 'H': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) / 3600); break;
      case 'M': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) / 60 % 60); break;
      case 'S': std::snprintf(buffer, sizeof buffer, "%02d", static_cast<int>(when.seconds) % 60); break;
      default: buffer[0] = format.text[i], buffer[1] = 0;
    }
    out += buffer;
  }
  return Value::of(std::move(out));
}

Value intersection(const Node& node, const Scope& scope) {
  const Value a = argument(node, scope, 0), b = argument(node, scope, 1);
  std::vector<Value> both;
  if (a.kind != Kind::list || b.kind != Kind::list) return a.kind == Kind::list && b.is_null() ? Value::of(std::move(both)) : Value{};  // DuckDB's own way with NULL
  const auto holds = [](const std::vector<Value>& list, const Value& item) {
    return std::any_of(list.begin(), list.end(), [&](const Value& other) { return compare_values(item, other) == 0; });
  };
  for (const auto& item : *a.list)
    if (!item.is_null() && holds(*b.list, item) && !holds(both, item)) both.push_back(item);
  return Value::of(std::move(both));
}
template <bool every>
Value list_has(const Node& node, const Scope& scope) {
  const Value a = argument(node, scope, 0), b = argument(node, scope, 1);
  if (a.kind != Kind::list || b.kind != Kind::list) return {};
  for (const auto& item : *b.list) {
    if (item.is_null()) continue;
    const bool found = std::any_of(a.list->begin(), a.list->end(), [&](const Value& other) { return compare_values(item, other) == 0; });
    if (found != every) return Value::truth(!every);
  }
  return Value::truth(every);
}
template <int wanted>
Value list_extreme(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  Value best;
  for (const auto& item : *list.list)
    if (!item.is_null() && (best.is_null() || compare_values(item, best) == wanted)) best = item;
  return best;
}
Value list_distinct(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  std::vector<Value> out;
  for (const auto& item : *list.list)
    if (!item.is_null() && std::none_of(out.begin(), out.end(), [&](const Value& other) { return compare_values(item, other) == 0; })) out.push_back(item);
  return Value::of(std::move(out));
}
Value flatten(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  std::vector<Value> out;
  for (const auto& inner : *list.list)
    if (inner.kind == Kind::list) out.insert(out.end(), inner.list->begin(), inner.list->end());
  return Value::of(std::move(out));
}
template <bool filter>
Value transform(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list || node.children[1]->op != Op::lambda) return {};
  std::vector<Value> out;
  for (const auto& item : *list.list) {
    Scope inner;
    inner.outer = &scope;
    inner.variable = node.children[1]->name;
    inner.bound = &item;
    Value value = evaluate(*node.children[1]->children[0], inner);
    if (!filter) out.push_back(std::move(value));
    else if (to_truth(value).is_true()) out.push_back(item);
  }
  return Value::of(std::move(out));
}
Value split_text(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), separator = text_argument(node, scope, 1);
  if (text.is_null() || separator.is_null() || separator.text.empty()) return {};
  std::vector<Value> out;
  for (std::size_t at = 0;;) {
    const std::size_t next = text.text.find(separator.text, at);
    out.push_back(Value::of(text.text.substr(at, next == std::string::npos ? next : next - at)));
    if (next == std::string::npos) return Value::of(std::move(out));
    at = next + separator.text.size();
  }
}
Value list_value(const Node& node, const Scope& scope) {
  std::vector<Value> items;
  for (std::size_t i = 0; i < node.children.size(); ++i) items.push_back(argument(node, scope, i));
  return Value::of(std::move(items));
}
Value list_element(const Node& node, const Scope& scope) {
  Node element;
  element.op = Op::element;
  element.children = node.children;
  return evaluate(element, scope);
}
Value cosine_similarity(const Node& node, const Scope& scope) {
  const Value a = argument(node, scope, 0), b = argument(node, scope, 1);
  if (a.kind != Kind::list || b.kind != Kind::list || a.list->size() != b.list->size()) return {};
  double dot = 0, size_a = 0, size_b = 0;
  for (std::size_t i = 0; i < a.list->size(); ++i) {
    const double x = to_number((*a.list)[i]).number, y = to_number((*b.list)[i]).number;
    dot += x * y, size_a += x * x, size_b += y * y;
  }
  return size_a == 0 || size_b == 0 ? Value{} : Value::of(std::clamp(dot / std::sqrt(size_a * size_b), -1.0, 1.0));
}

struct Known {
  std::size_t least, most;
  Function function;
};
constexpr std::size_t many = 1000;

const std::map<std::string, Known, std::less<>>& known_functions() {
  static const std::map<std::string, Known, std::less<>> functions = [] {
    std::map<std::string, Known, std::less<>> all;
    const auto add = [&](std::initializer_list<const char*> names, std::size_t least, std::size_t most, Function function) {
      for (const char* name : names) all.emplace(name, Known{least, most, function});
    };
    add({"jaro_winkler_similarity", "jaro_winkler", "jaro_winkler_sim", "jaro_winkler_udf"}, 2, 3, similarity<jaro_winkler_similarity>);
    add({"jaro_similarity", "jaro_sim", "jaro"}, 2, 3, similarity<jaro_similarity>);
    add({"jaccard", "jaccard_sim"}, 2, 2, similarity<jaccard>);
    add({"levenshtein", "editdist3"}, 2, 2, distance<levenshtein>);
    add({"damerau_levenshtein", "damerau_lev"}, 2, 2, distance<damerau_levenshtein>);
    add({"hamming", "mismatches"}, 2, 2, distance<hamming>);
    add({"abs"}, 1, 1, of_number<absolute>);
    add({"ceil", "ceiling"}, 1, 1, of_number<ceiling>);
    add({"floor"}, 1, 1, of_number<flooring>);
    add({"sqrt"}, 1, 1, of_number<square_root>);
    add({"exp"}, 1, 1, of_number<exponential>);
    add({"ln"}, 1, 1, of_number<natural_log>);
    add({"log2"}, 1, 1, of_number<log_two>);
    add({"log10", "log"}, 1, 1, of_number<log_ten>);
    add({"sin"}, 1, 1, of_number<sine>);
    add({"cos"}, 1, 1, of_number<cosine>);
    add({"tan"}, 1, 1, of_number<tangent>);
    add({"asin"}, 1, 1, of_number<arc_sine>);
    add({"acos"}, 1, 1, of_number<arc_cosine>);
    add({"atan"}, 1, 1, of_number<arc_tangent>);
    add({"atan2"}, 2, 2, of_numbers<arc_tangent_of>);
    add({"radians"}, 1, 1, of_number<radians>);
    add({"degrees"}, 1, 1, of_number<degrees>);
    add({"sign"}, 1, 1, of_number<sign>);
    add({"pow", "power"}, 2, 2, of_numbers<power>);
    add({"mod"}, 2, 2, of_numbers<remainder>);
    add({"round"}, 1, 2, round_to);
    add({"greatest"}, 1, many, extreme<1>);
    add({"least"}, 1, many, extreme<-1>);
    add({"lower", "lcase"}, 1, 1, of_text<lowered>);
    add({"upper", "ucase"}, 1, 1, of_text<uppered>);
    add({"reverse"}, 1, 1, of_text<reversed>);
    add({"soundex"}, 1, 1, sound_of<soundex_of>);
    add({"refined_soundex"}, 1, 1, sound_of<refined_soundex_of>);
    add({"nickname_root"}, 1, 1, of_text<nickname_of>);
    add({"nicknames_match"}, 2, 2, nicknames);
    add({"trim"}, 1, 2, trimmed<true, true>);
    add({"ltrim"}, 1, 2, trimmed<true, false>);
    add({"rtrim"}, 1, 2, trimmed<false, true>);
    add({"substr", "substring"}, 2, 3, substring);
    add({"left"}, 2, 2, left_of);
    add({"right"}, 2, 2, right_of);
    add({"concat"}, 1, many, concat);
    add({"concat_ws"}, 2, many, concat_with);
    add({"replace"}, 3, 3, replace);
    add({"contains", "list_contains", "array_contains", "list_has", "array_has"}, 2, 2, has_text<0>);
    add({"starts_with", "prefix"}, 2, 2, has_text<1>);
    add({"ends_with", "suffix"}, 2, 2, has_text<2>);
    add({"length", "len", "strlen", "char_length", "character_length", "array_length", "array_size", "size", "cardinality", "list_length"}, 1, 2, length_of);
    add({"regexp_extract"}, 2, 4, extract_pattern);
    add({"regexp_replace"}, 3, 4, replace_pattern);
    add({"regexp_matches"}, 2, 3, matches_pattern<false>);
    add({"regexp_full_match"}, 2, 3, matches_pattern<true>);
    add({"coalesce"}, 1, many, coalesce);
    add({"ifnull"}, 2, 2, coalesce);
    add({"nullif"}, 2, 2, null_if);
    add({"if"}, 3, 3, if_else);
    add({"try_strptime", "strptime"}, 2, 2, parse_time);
    add({"strftime"}, 2, 2, format_time);
    add({"epoch"}, 1, 1, epoch);
    add({"date_part", "datepart"}, 2, 2, date_part);
    add({"year", "month", "day", "hour", "minute", "second"}, 1, 1, named_part);
    add({"date_diff", "datediff"}, 3, 3, date_diff);
    add({"list_intersect", "array_intersect"}, 2, 2, intersection);
    add({"list_has_any", "array_has_any"}, 2, 2, list_has<false>);
    add({"list_has_all", "array_has_all"}, 2, 2, list_has<true>);
    add({"list_max", "array_max"}, 1, 1, list_extreme<1>);
    add({"list_min", "array_min"}, 1, 1, list_extreme<-1>);
    add({"list_distinct", "array_distinct"}, 1, 1, list_distinct);
    add({"list_transform", "array_transform", "list_apply", "array_apply", "apply"}, 2, 2, transform<false>);
    add({"list_filter", "array_filter", "filter"}, 2, 2, transform<true>);
    add({"flatten"}, 1, 1, flatten);
    add({"list_value", "list_pack"}, 0, many, list_value);
    add({"list_extract", "list_element", "array_extract"}, 2, 2, list_element);
    add({"string_split", "str_split", "split", "string_to_array"}, 2, 2, split_text);
    add({"array_cosine_similarity", "list_cosine_similarity"}, 2, 2, cosine_similarity);
    return all;
  }();
  return functions;
}

}  // namespace

Function find_function(std::string_view name, std::size_t arguments, std::string& why_not) {
  const auto& functions = known_functions();
  const auto found = functions.find(name);
  if (found == functions.end()) {
    why_not = "The function '" + std::string(name) + "' is not known here.";
    return nullptr;
  }
  if (arguments < found->second.least || arguments > found->second.most) {
    why_not = "The function '" + std::string(name) + "' does not take " + std::to_string(arguments) + " arguments.";
    return nullptr;
  }
  return found->second.function;
}

}  // namespace joinedup::linkage
