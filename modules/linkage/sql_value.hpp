// Value: what an expression gives. Text, number, truth, instant (seconds since 1970, UTC), interval, list, or nothing (SQL's
// NULL). `form` tells apart what DuckDB's types tell apart: 1.10 from 1.1, a date from a timestamp, FLOAT from DOUBLE.
//
//   compare_values(Value::of(2.5), Value::whole(2)) == 1
//   to_text(Value::decimal(1.1, 2)).text == "1.10"
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joinedup::linkage {

enum class Kind : unsigned char { null, boolean, number, text, instant, list, interval };

struct Value {
  // Of a number: how many decimals it has exactly (an integer none), or that it floats. Of an instant: a day, or a moment.
  // Of a text: typed, or a CSV file's, where a number is only a text that looks like one.
  static constexpr std::int8_t floating = -1, single = -2, untyped = -3, day = 0;

  Kind kind = Kind::null;
  double number = 0;  // also: truth as 0 or 1, instant and interval as seconds (a month as 30 days)
  std::string text;
  std::shared_ptr<const std::vector<Value>> list;  // of an interval: its months, days and seconds
  std::int8_t form = floating;

  static Value of(double number) { return {Kind::number, number, {}, {}}; }
  static Value of(std::string text) { return {Kind::text, 0, std::move(text), {}}; }
  static Value whole(double number) { return {Kind::number, number, {}, {}, 0}; }
  static Value decimal(double number, int places) { return {Kind::number, number, {}, {}, static_cast<std::int8_t>(places)}; }
  static Value rounded_to_single(double number) { return {Kind::number, static_cast<double>(static_cast<float>(number)), {}, {}, single}; }
  static Value truth(bool yes) { return {Kind::boolean, yes ? 1.0 : 0.0, {}, {}}; }
  static Value instant(double seconds) { return {Kind::instant, seconds, {}, {}}; }
  static Value date(double seconds) { return {Kind::instant, seconds, {}, {}, day}; }
  static Value interval(double months, double days, double seconds) {
    return {Kind::interval, (months * 30 + days) * 86400 + seconds, {}, std::make_shared<const std::vector<Value>>(std::vector<Value>{of(months), of(days), of(seconds)})};
  }
  static Value of(std::vector<Value> items) {
    return {Kind::list, 0, {}, std::make_shared<const std::vector<Value>>(std::move(items))};
  }
  bool is_null() const { return kind == Kind::null; }
  bool is_true() const { return kind == Kind::boolean && number != 0; }
  bool is_exact() const { return kind == Kind::number && form >= 0; }
};

// Three-valued comparison: -1, 0, 1, or 2 where either is NULL or the two cannot be compared.
int compare_values(const Value& a, const Value& b);
Value to_number(const Value& value);   // NULL where the text is not a number
Value to_text(const Value& value);     // NULL stays NULL; 12 is "12"
Value to_instant(const Value& value);  // ISO dates and timestamps
Value to_truth(const Value& value);
std::string number_key(double number);  // equal for equal numbers, whatever their form

// A dictionary's text as a value of the column's kind. Of a list's items each begins with `list_separator`; one that is
// `null_item` alone is NULL.
constexpr char list_separator = '\x1f', null_item = '\x1e';
enum class ColumnKind : unsigned char { text, untyped, exact, number, single, boolean, instant, date, text_list, exact_list, number_list, date_list };
constexpr bool is_list(ColumnKind kind) { return kind >= ColumnKind::text_list; }
Value from_dictionary(std::string_view text, ColumnKind kind);

}  // namespace joinedup::linkage
