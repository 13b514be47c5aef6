// Functions of text. Positions count characters of UTF-8; distances count bytes, as DuckDB's do.
#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "linkage/kernels.hpp"
#include "linkage/phonetic.hpp"
#include "linkage/sql_functions.hpp"
#include "linkage_embedded.hpp"

namespace joinedup::linkage {

std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}
std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}
std::string cut(std::string_view text, std::int64_t from, std::int64_t count) {
  std::size_t at = 0;
  for (; from > 0 && at < text.size(); --from) at += character_bytes(text, at);
  std::size_t end = at;
  for (; count > 0 && end < text.size(); --count) end += character_bytes(text, end);
  return std::string(text.substr(at, end - at));
}

namespace {

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
  return a.is_null() || b.is_null() ? Value{} : Value::whole(static_cast<double>(compute(a.text, b.text)));
}
std::int64_t hamming(std::string_view a, std::string_view b) {
  std::int64_t count = std::abs(static_cast<std::int64_t>(a.size()) - static_cast<std::int64_t>(b.size()));
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] != b[i];
  return count;
}

Value substring(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), start = number_argument(node, scope, 1);
  const Value count = node.children.size() > 2 ? number_argument(node, scope, 2) : Value::of(1e9);
  if (text.is_null() || start.is_null() || count.is_null()) return {};
  auto from = whole_of(start.number), length = whole_of(count.number);
  if (from < 0) {
    from += characters(text.text);
    if (from < 0) length += from, from = 0;  // what lies before the first counts
  }
  else if (from == 0) --length;  // SQL counts a position before the first
  else --from;
  if (count.number < 0) {  // backwards from there
    const std::int64_t end = from;
    from = std::max<std::int64_t>(0, from + length);
    length = end - from;
  }
  return Value::of(cut(text.text, from, std::max<std::int64_t>(0, length)));
}
Value left_of(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), count = number_argument(node, scope, 1);
  if (text.is_null() || count.is_null()) return {};
  auto length = whole_of(count.number);
  if (length < 0) length = std::max<std::int64_t>(0, characters(text.text) + length);
  return Value::of(cut(text.text, 0, length));
}
Value right_of(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), count = number_argument(node, scope, 1);
  if (text.is_null() || count.is_null()) return {};
  const auto all = characters(text.text);
  auto length = whole_of(count.number);
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
// Letters by the Unicode Character Database: simple case mappings, and the letter under its marks.
struct Letters {
  std::unordered_map<std::uint32_t, std::uint32_t> lower, upper, base;  // base 0: a mark, dropped
};
const Letters& letters() {
  static const Letters known = [] {
    Letters read;
    for (const auto line : split(find_embedded(embedded_linkage(), "data/unicode_letters.csv").value_or(""), '\n')) {
      const auto fields = split(line, ',');
      if (fields.size() != 5 || line.front() == '#' || fields[0] == "what") continue;
      std::int64_t value[4] = {0, 0, 1, 0};
      for (std::size_t i = 0; i < 4; ++i) std::from_chars(fields[i + 1].data(), fields[i + 1].data() + fields[i + 1].size(), value[i]);
      auto& into = fields[0] == "lower" ? read.lower : fields[0] == "upper" ? read.upper : read.base;
      for (std::int64_t code = value[0]; code <= value[1]; code += value[2])
        into[static_cast<std::uint32_t>(code)] = fields[0] == "mark" ? 0 : static_cast<std::uint32_t>(code + value[3]);
    }
    return read;
  }();
  return known;
}
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t at) { return at < character.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(character[at])) & 0x3F : 0; };
  const auto first = static_cast<std::uint32_t>(static_cast<unsigned char>(character[0]));
  if (first < 0x80) return first;
  if (first < 0xE0) return (first & 0x1F) << 6 | byte(1);
  if (first < 0xF0) return (first & 0x0F) << 12 | byte(1) << 6 | byte(2);
  return (first & 0x07) << 18 | byte(1) << 12 | byte(2) << 6 | byte(3);
}
void append_code_point(std::string& out, std::uint32_t code) {
  if (code < 0x80) out += static_cast<char>(code);
  else if (code < 0x800) out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  else if (code < 0x10000) out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  else out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)), static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
}
// Every letter of ASCII by `ascii`, every other by the table where it stands there.
template <class Ascii>
std::string map_letters(const std::string& text, const std::unordered_map<std::uint32_t, std::uint32_t>& table, Ascii ascii) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out += ascii(text[at++]);
      continue;
    }
    const std::size_t bytes = character_bytes(text, at);
    const auto character = std::string_view(text).substr(at, bytes);
    const auto found = table.find(code_point(character));
    if (found == table.end()) out += character;
    else if (found->second != 0) append_code_point(out, found->second);
    at += bytes;
  }
  return out;
}
std::string lowered(std::string text) {
  return map_letters(text, letters().lower, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}
std::string uppered(std::string text) {
  return map_letters(text, letters().upper, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}
std::string without_accents(std::string text) {
  return map_letters(text, letters().base, [](char c) { return c; });
}
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
  return Value::whole(static_cast<double>(value.kind == Kind::list ? static_cast<std::int64_t>(value.list->size()) : characters(to_text(value).text)));
}
Value bytes_of(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0);
  return text.is_null() ? Value{} : Value::whole(static_cast<double>(text.text.size()) * (node.name == "bit_length" ? 8 : 1));
}
Value first_code(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0);
  if (text.is_null()) return {};
  if (text.text.empty()) return Value::whole(node.name == "ascii" ? 0 : -1);
  return Value::whole(code_point(text.text));
}
Value character_of(const Node& node, const Scope& scope) {
  const Value code = number_argument(node, scope, 0);
  if (code.is_null() || !(code.number >= 0 && code.number <= 0x10FFFF)) return {};
  std::string out;
  append_code_point(out, static_cast<std::uint32_t>(code.number));
  return Value::of(std::move(out));
}
Value split_part(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), separator = text_argument(node, scope, 1), place = number_argument(node, scope, 2);
  if (text.is_null() || separator.is_null() || place.is_null()) return {};
  std::vector<std::string> parts;
  if (separator.text.empty()) parts.push_back(text.text);
  for (std::size_t at = 0; !separator.text.empty();) {
    const auto next = text.text.find(separator.text, at);
    parts.push_back(text.text.substr(at, next == std::string::npos ? next : next - at));
    if (next == std::string::npos) break;
    at = next + separator.text.size();
  }
  auto index = whole_of(place.number);
  if (index < 0) index += static_cast<std::int64_t>(parts.size()) + 1;
  return Value::of(index < 1 || index > static_cast<std::int64_t>(parts.size()) ? std::string() : parts[static_cast<std::size_t>(index - 1)]);
}
template <bool in_front>
Value padded(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), wanted = number_argument(node, scope, 1), with = text_argument(node, scope, 2);
  if (text.is_null() || wanted.is_null() || with.is_null()) return {};
  const auto length = std::clamp<std::int64_t>(whole_of(wanted.number), 0, 65536), have = characters(text.text);
  if (have >= length) return Value::of(cut(text.text, 0, length));
  if (with.text.empty()) return {};
  std::string pad;
  for (std::int64_t at = 0; at < length - have; ++at) pad += cut(with.text, at % characters(with.text), 1);
  return Value::of(in_front ? pad + text.text : text.text + pad);
}
Value translated(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), from = text_argument(node, scope, 1), to = text_argument(node, scope, 2);
  if (text.is_null() || from.is_null() || to.is_null()) return {};
  std::string out;
  for (std::size_t at = 0; at < text.text.size();) {
    const auto bytes = character_bytes(text.text, at);
    const auto character = std::string_view(text.text).substr(at, bytes);
    at += bytes;
    std::int64_t place = 0;
    std::size_t in = 0;
    for (; in < from.text.size() && std::string_view(from.text).substr(in, character_bytes(from.text, in)) != character; in += character_bytes(from.text, in)) ++place;
    if (in >= from.text.size()) out += character;
    else out += cut(to.text, place, 1);
  }
  return Value::of(std::move(out));
}
Value position_in(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), part = text_argument(node, scope, 1);
  if (text.is_null() || part.is_null()) return {};
  const auto at = text.text.find(part.text);
  return Value::whole(at == std::string::npos ? 0 : static_cast<double>(characters(std::string_view(text.text).substr(0, at)) + 1));
}
Value repeated(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), times = number_argument(node, scope, 1);
  if (text.is_null() || times.is_null()) return {};
  std::string out;
  for (double i = 0; i < std::min(times.number, 10000.0) && out.size() < 1000000; ++i) out += text.text;
  return Value::of(std::move(out));
}
Value slice(const Node& node, const Scope& scope) {  // text[from:to], list[from:to]; either end may be left out
  const Value whole = argument(node, scope, 0), from = argument(node, scope, 1), to = argument(node, scope, 2);
  if (whole.is_null()) return {};
  const bool is_list = whole.kind == Kind::list;
  const std::string text = is_list ? std::string() : to_text(whole).text;
  const std::int64_t size = is_list ? static_cast<std::int64_t>(whole.list->size()) : characters(text);
  const auto place = [&](const Value& end, std::int64_t otherwise) {
    const Value number = to_number(end);
    if (number.is_null()) return otherwise;
    return number.number < 0 ? whole_of(number.number) + size + 1 : whole_of(number.number);
  };
  const std::int64_t first = std::max<std::int64_t>(1, place(from, 1)), last = std::min(size, place(to, size));
  if (!is_list) return Value::of(last < first ? std::string() : cut(text, first - 1, last - first + 1));
  std::vector<Value> items;
  for (std::int64_t at = first; at <= last; ++at) items.push_back((*whole.list)[static_cast<std::size_t>(at - 1)]);
  return Value::of(std::move(items));
}
Value sounds_of(const Node& node, const Scope& scope) {  // one code, or two where others may say it otherwise
  const Value name = text_argument(node, scope, 0);
  if (name.is_null()) return {};
  const auto [first, second] = double_metaphone(name.text);
  std::vector<Value> codes;
  if (!first.empty()) codes.push_back(Value::of(first));
  if (!second.empty() && second != first) codes.push_back(Value::of(second));
  return Value::of(std::move(codes));
}

}  // namespace

std::string lower_letters(const std::string& text) { return lowered(text); }
std::string without_accents_text(const std::string& text) { return without_accents(text); }

void enter_text(FunctionTable& table) {
  enter(table, {"jaro_winkler_similarity", "jaro_winkler", "jaro_winkler_sim", "jaro_winkler_udf"}, 2, 3, similarity<jaro_winkler_similarity>);
  enter(table, {"jaro_similarity", "jaro_sim", "jaro"}, 2, 3, similarity<jaro_similarity>);
  enter(table, {"jaccard", "jaccard_sim"}, 2, 2, similarity<jaccard>);
  enter(table, {"levenshtein", "editdist3"}, 2, 2, distance<levenshtein>);
  enter(table, {"damerau_levenshtein", "damerau_lev"}, 2, 2, distance<damerau_levenshtein>);
  enter(table, {"hamming", "mismatches"}, 2, 2, distance<hamming>);
  enter(table, {"lower", "lcase"}, 1, 1, of_text<lowered>);
  enter(table, {"upper", "ucase"}, 1, 1, of_text<uppered>);
  enter(table, {"strip_accents"}, 1, 1, of_text<without_accents>);
  enter(table, {"reverse"}, 1, 1, of_text<reversed>);
  enter(table, {"soundex"}, 1, 1, sound_of<soundex_of>);
  enter(table, {"refined_soundex"}, 1, 1, sound_of<refined_soundex_of>);
  enter(table, {"double_metaphone"}, 1, 1, sounds_of);
  enter(table, {"nickname_root"}, 1, 1, of_text<nickname_of>);
  enter(table, {"nicknames_match"}, 2, 2, nicknames);
  enter(table, {"trim"}, 1, 2, trimmed<true, true>);
  enter(table, {"ltrim"}, 1, 2, trimmed<true, false>);
  enter(table, {"rtrim"}, 1, 2, trimmed<false, true>);
  enter(table, {"substr", "substring"}, 2, 3, substring);
  enter(table, {"left"}, 2, 2, left_of);
  enter(table, {"right"}, 2, 2, right_of);
  enter(table, {"concat"}, 1, many_arguments, concat);
  enter(table, {"concat_ws"}, 2, many_arguments, concat_with);
  enter(table, {"replace"}, 3, 3, replace);
  enter(table, {"contains", "list_contains", "array_contains", "list_has", "array_has"}, 2, 2, has_text<0>);
  enter(table, {"starts_with", "prefix"}, 2, 2, has_text<1>);
  enter(table, {"ends_with", "suffix"}, 2, 2, has_text<2>);
  enter(table, {"length", "len", "char_length", "character_length", "array_length", "array_size", "size", "list_length"}, 1, 2, length_of);
  enter(table, {"strlen", "bit_length", "octet_length"}, 1, 1, bytes_of);
  enter(table, {"ascii", "unicode", "ord"}, 1, 1, first_code);
  enter(table, {"chr"}, 1, 1, character_of);
  enter(table, {"split_part"}, 3, 3, split_part);
  enter(table, {"lpad"}, 3, 3, padded<true>);
  enter(table, {"rpad"}, 3, 3, padded<false>);
  enter(table, {"translate"}, 3, 3, translated);
  enter(table, {"strpos", "instr", "position"}, 2, 2, position_in);
  enter(table, {"repeat"}, 2, 2, repeated);
  enter(table, {"array_slice", "list_slice"}, 3, 3, slice);
}

}  // namespace joinedup::linkage
