// Value: what an expression gives. Text, number, truth, instant (seconds since 1970, UTC), list, or nothing (SQL's NULL).
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup::linkage {

enum class Kind : unsigned char { null, boolean, number, text, instant, list };

struct Value {
  Kind kind = Kind::null;
  double number = 0;  // also: truth as 0 or 1, instant as seconds
  std::string text;
  std::shared_ptr<const std::vector<Value>> list;

  static Value of(double number) { return {Kind::number, number, {}, {}}; }
  static Value of(std::string text) { return {Kind::text, 0, std::move(text), {}}; }
  static Value truth(bool yes) { return {Kind::boolean, yes ? 1.0 : 0.0, {}, {}}; }
  static Value instant(double seconds) { return {Kind::instant, seconds, {}, {}}; }
  static Value of(std::vector<Value> items) {
    return {Kind::list, 0, {}, std::make_shared<const std::vector<Value>>(std::move(items))};
  }
  bool is_null() const { return kind == Kind::null; }
  bool is_true() const { return kind == Kind::boolean && number != 0; }
};

// Three-valued comparison: -1, 0, 1, or 2 where either is NULL or the two cannot be compared.
int compare_values(const Value& a, const Value& b);
Value to_number(const Value& value);   // NULL where the text is not a number
Value to_text(const Value& value);     // NULL stays NULL; 12 is "12"
Value to_instant(const Value& value);  // ISO dates and timestamps
Value to_truth(const Value& value);

// A dictionary's text as a value of the column's kind. Lists travel as items joined by `list_separator`.
constexpr char list_separator = '\x1f';
enum class ColumnKind : unsigned char { text, number, boolean, instant, list };
Value from_dictionary(std::string_view text, ColumnKind kind);

}  // namespace joinedup::linkage
