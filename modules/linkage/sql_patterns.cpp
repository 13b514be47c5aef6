// Regular expressions and patterns: RE2, as in DuckDB.
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <memory>

#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

struct Settings {
  bool any_case = false, everywhere = false, dot_takes_newline = false, literal = false;
};
Settings settings_of(const Value& options) {
  Settings settings;
  for (const char letter : options.text) {
    if (letter == 'i') settings.any_case = true;
    if (letter == 'c') settings.any_case = false;
    if (letter == 'g') settings.everywhere = true;
    if (letter == 's') settings.dot_takes_newline = true;
    if (letter == 'l') settings.literal = true;
  }
  return settings;
}

// Compiled once a thread; null where the pattern is not one.
const RE2* compiled(const std::string& pattern, const Settings& settings) {
  static thread_local std::map<std::string, std::unique_ptr<RE2>> cache;
  const std::string key = pattern + '\x1f' + (settings.any_case ? 'i' : 'c') + (settings.dot_takes_newline ? 's' : 'n') + (settings.literal ? 'l' : 'p');
  auto& slot = cache[key];
  if (!slot) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!settings.any_case);
    options.set_dot_nl(settings.dot_takes_newline);
    options.set_literal(settings.literal);
    slot = std::make_unique<RE2>(pattern, options);
  }
  return slot->ok() ? slot.get() : nullptr;
}
Value options_argument(const Node& node, const Scope& scope, std::size_t at) {
  return node.children.size() > at ? text_argument(node, scope, at) : Value::of(std::string());
}

Value extract_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  const Value group = node.children.size() > 2 ? number_argument(node, scope, 2) : Value::whole(0);
  if (text.is_null() || pattern.is_null() || group.is_null()) return {};
  const RE2* expression = compiled(pattern.text, settings_of(options_argument(node, scope, 3)));
  const auto wanted = static_cast<int>(std::clamp<std::int64_t>(whole_of(group.number), -200000, 200000));
  if (!expression || wanted < 0 || wanted > expression->NumberOfCapturingGroups()) return {};
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(wanted) + 1);
  if (!expression->Match(text.text, 0, text.text.size(), RE2::UNANCHORED, groups.data(), wanted + 1)) return Value::of(std::string());
  return Value::of(groups.back().data() ? std::string(groups.back()) : std::string());
}
Value replace_pattern(const Node& node, const Scope& scope) {
  Value text = text_argument(node, scope, 0);
  const Value pattern = text_argument(node, scope, 1), with = text_argument(node, scope, 2);
  const Settings settings = settings_of(options_argument(node, scope, 3));
  if (text.is_null() || pattern.is_null() || with.is_null()) return {};
  const RE2* expression = compiled(pattern.text, settings);
  if (!expression) return {};
  if (settings.everywhere) RE2::GlobalReplace(&text.text, *expression, with.text);
  else RE2::Replace(&text.text, *expression, with.text);
  return Value::of(std::move(text.text));
}
template <bool whole>
Value matches_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  if (text.is_null() || pattern.is_null()) return {};
  const RE2* expression = compiled(pattern.text, settings_of(options_argument(node, scope, 2)));
  if (!expression) return {};
  return Value::truth(whole ? RE2::FullMatch(text.text, *expression) : RE2::PartialMatch(text.text, *expression));
}
Value matches_glob(const Node& node, const Scope& scope) {  // * any run, ? one character, [a-z] one of
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  if (text.is_null() || pattern.is_null()) return {};
  std::string expression;
  for (std::size_t at = 0; at < pattern.text.size(); ++at) {
    const char c = pattern.text[at];
    if (c == '*') expression += ".*";
    else if (c == '?') expression += ".";
    else if (c == '[') {
      const auto end = pattern.text.find(']', at + 2);
      if (end == std::string::npos) return Value::truth(false);
      std::string set = pattern.text.substr(at, end - at + 1);
      if (set[1] == '!') set[1] = '^';
      expression += set;
      at = end;
    } else expression += RE2::QuoteMeta(re2::StringPiece(&c, 1));
  }
  Settings settings;
  settings.dot_takes_newline = true;
  const RE2* found = compiled(expression, settings);
  return found ? Value::truth(RE2::FullMatch(text.text, *found)) : Value{};
}
Value split_by_pattern(const Node& node, const Scope& scope) {
  const Value text = text_argument(node, scope, 0), pattern = text_argument(node, scope, 1);
  const RE2* expression = text.is_null() || pattern.is_null() ? nullptr : compiled(pattern.text, {});
  if (!expression) return {};
  std::vector<Value> parts;
  std::size_t start = 0, at = 0;
  re2::StringPiece found;
  while (at <= text.text.size() && expression->Match(text.text, at, text.text.size(), RE2::UNANCHORED, &found, 1)) {
    const auto begin = static_cast<std::size_t>(found.data() - text.text.data());
    if (found.empty()) {
      if (begin >= text.text.size()) break;
      at = begin + 1;
      parts.push_back(Value::of(text.text.substr(start, at - start)));
      start = at;
      continue;
    }
    parts.push_back(Value::of(text.text.substr(start, begin - start)));
    start = at = begin + found.size();
  }
  parts.push_back(Value::of(text.text.substr(start)));
  return Value::of(std::move(parts));
}

}  // namespace

void enter_patterns(FunctionTable& table) {
  enter(table, {"regexp_extract"}, 2, 4, extract_pattern);
  enter(table, {"regexp_replace"}, 3, 4, replace_pattern);
  enter(table, {"regexp_matches"}, 2, 3, matches_pattern<false>);
  enter(table, {"regexp_full_match"}, 2, 3, matches_pattern<true>);
  enter(table, {"regexp_split_to_array", "string_split_regex", "str_split_regex"}, 2, 2, split_by_pattern);
  enter(table, {"~~~"}, 2, 2, matches_glob);
}

}  // namespace joinedup::linkage
