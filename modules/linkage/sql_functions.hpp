// What the files of functions share: how a function reads its arguments, and the table they are entered in.
// A file is a subject: sql_numbers.cpp, sql_text.cpp, sql_patterns.cpp, sql_times.cpp, sql_lists.cpp.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

struct KnownFunction {
  std::size_t least, most;  // arguments
  Function function;
};
using FunctionTable = std::map<std::string, KnownFunction, std::less<>>;
constexpr std::size_t many_arguments = 1000;

inline void enter(FunctionTable& table, std::initializer_list<const char*> names, std::size_t least, std::size_t most, Function function) {
  for (const char* name : names) table.emplace(name, KnownFunction{least, most, function});
}
void enter_numbers(FunctionTable& table);
void enter_text(FunctionTable& table);
void enter_patterns(FunctionTable& table);
void enter_times(FunctionTable& table);
void enter_lists(FunctionTable& table);

// The integer part, kept within what an integer can be trusted with; of no number, 0.
inline std::int64_t whole_of(double number) {
  constexpr double most = 9e15;
  return number != number ? 0 : static_cast<std::int64_t>(number < -most ? -most : number > most ? most : number);
}

// Characters of UTF-8.
std::size_t character_bytes(std::string_view text, std::size_t at);
std::int64_t characters(std::string_view text);
std::string cut(std::string_view text, std::int64_t from, std::int64_t count);  // from: 0 = first
std::string lower_letters(const std::string& text);
std::string without_accents_text(const std::string& text);
Value instant_within(Value at);  // NULL where it lies beyond all calendars
Value move_instant(const Value& at, const Value& by, int sign);  // an interval later, or earlier

inline Value argument(const Node& node, const Scope& scope, std::size_t at) { return evaluate(*node.children[at], scope); }
inline Value text_argument(const Node& node, const Scope& scope, std::size_t at) { return to_text(argument(node, scope, at)); }
inline Value number_argument(const Node& node, const Scope& scope, std::size_t at) { return to_number(argument(node, scope, at)); }

}  // namespace joinedup::linkage
