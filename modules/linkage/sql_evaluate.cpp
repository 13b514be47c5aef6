#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

Value all_of(const Node& node, const Scope& scope) {
  bool unknown = false;
  for (const auto& child : node.children) {
    const Value value = to_truth(evaluate(*child, scope));
    if (value.is_null()) unknown = true;
    else if (!value.is_true()) return Value::truth(false);
  }
  return unknown ? Value{} : Value::truth(true);
}

Value any_of(const Node& node, const Scope& scope) {
  bool unknown = false;
  for (const auto& child : node.children) {
    const Value value = to_truth(evaluate(*child, scope));
    if (value.is_null()) unknown = true;
    else if (value.is_true()) return Value::truth(true);
  }
  return unknown ? Value{} : Value::truth(false);
}

Value compare(const Node& node, const Scope& scope) {
  const int side = compare_values(evaluate(*node.children[0], scope), evaluate(*node.children[1], scope));
  if (side == 2) return {};
  switch (node.compare) {
    case Compare::equal: return Value::truth(side == 0);
    case Compare::unequal: return Value::truth(side != 0);
    case Compare::less: return Value::truth(side < 0);
    case Compare::at_most: return Value::truth(side <= 0);
    case Compare::greater: return Value::truth(side > 0);
    case Compare::at_least: return Value::truth(side >= 0);
  }
  return {};
}

// Of numbers without a fraction that floats the result is exact, and the double nearest to it.
std::optional<Value> exact(Op op, const Value& a, const Value& b) {
  if (!a.is_exact() || !b.is_exact() || a.form + b.form > 15) return std::nullopt;
  static constexpr double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const int places = op == Op::multiply ? a.form + b.form : std::max(a.form, b.form);
  const double x = std::nearbyint(a.number * powers[op == Op::multiply ? a.form : places]), y = std::nearbyint(b.number * powers[op == Op::multiply ? b.form : places]);
  constexpr double largest = 9007199254740992.0;
  if (std::fabs(x) > largest || std::fabs(y) > largest) return std::nullopt;
  double result = 0;
  if (op == Op::add) result = x + y;
  else if (op == Op::subtract) result = x - y;
  else if (op == Op::multiply) result = x * y;
  else if (op == Op::modulo && y != 0) result = std::fmod(x, y);
  else if (op == Op::integer_divide && y != 0 && places == 0) result = std::trunc(x / y);
  else return std::nullopt;
  if (std::fabs(result) > largest) return std::nullopt;
  return Value::decimal(result / powers[places], places);
}

Value with_instants(Op op, const Value& first, const Value& second) {
  const bool dates = first.form == Value::day && second.form == Value::day;
  if (first.kind == Kind::instant && second.kind == Kind::instant && op == Op::subtract)
    return dates ? Value::whole((first.number - second.number) / 86400.0) : Value::interval(0, 0, first.number - second.number);
  if (first.kind == Kind::instant && second.kind == Kind::interval && (op == Op::add || op == Op::subtract)) return move_instant(first, second, op == Op::add ? 1 : -1);
  if (first.kind == Kind::interval && second.kind == Kind::instant && op == Op::add) return move_instant(second, first, 1);
  if (first.kind == Kind::interval && second.kind == Kind::interval && (op == Op::add || op == Op::subtract)) {
    const double sign = op == Op::add ? 1 : -1;
    const auto part = [&](std::size_t at) { return (*first.list)[at].number + sign * (*second.list)[at].number; };
    return Value::interval(part(0), part(1), part(2));
  }
  if (first.kind == Kind::interval && second.kind == Kind::number && op == Op::multiply)
    return Value::interval((*first.list)[0].number * second.number, (*first.list)[1].number * second.number, (*first.list)[2].number * second.number);
  if (first.kind == Kind::instant && first.form == Value::day && second.kind == Kind::number && (op == Op::add || op == Op::subtract))
    return instant_within(Value::date(first.number + (op == Op::add ? 86400.0 : -86400.0) * std::trunc(second.number)));
  return {};
}

Value arithmetic(const Node& node, const Scope& scope) {
  const Value first = evaluate(*node.children[0], scope);
  const Value second = evaluate(*node.children[1], scope);
  const auto of_time = [](const Value& value) { return value.kind == Kind::instant || value.kind == Kind::interval; };
  if (of_time(first) || of_time(second)) {  // a CSV file's dates are texts
    const auto meant = [&](const Value& value, const Value& other) { return value.kind == Kind::text && of_time(other) ? to_instant(value) : value; };
    return with_instants(node.op, meant(first, second), meant(second, first));
  }
  if (node.op == Op::subtract && first.kind == Kind::text && second.kind == Kind::text && to_number(first).is_null() && to_number(second).is_null()) {
    const Value a = to_instant(first), b = to_instant(second);
    if (!a.is_null() && !b.is_null()) return with_instants(node.op, a, b);
  }
  const Value a = to_number(first), b = to_number(second);
  if (a.is_null() || b.is_null()) return {};
  if (node.op != Op::divide && node.op != Op::power)
    if (auto found = exact(node.op, a, b)) return *found;
  const bool singles = (a.form == Value::single || b.form == Value::single) && a.form != Value::floating && b.form != Value::floating;
  const auto made = [&](double result) { return singles ? Value::rounded_to_single(result) : Value::of(result); };
  switch (node.op) {
    case Op::add: return made(a.number + b.number);
    case Op::subtract: return made(a.number - b.number);
    case Op::multiply: return made(a.number * b.number);
    case Op::power: return Value::of(std::pow(a.number, b.number));
    case Op::divide: return made(a.number / b.number);  // IEEE: by zero gives infinity or NaN
    case Op::integer_divide: return b.number == 0 ? Value{} : made(a.number / b.number);  // of integers: in exact(); else DuckDB divides
    default: return b.number == 0 && a.is_exact() && b.is_exact() ? Value{} : made(std::fmod(a.number, b.number));
  }
}

Value cast_value(const Value& value, const std::string& type) {
  if (type == "text") return to_text(value);
  if (type == "boolean") return to_truth(value);
  if (type == "instant") {
    const Value instant = to_instant(value);
    return instant.is_null() ? Value{} : Value::instant(instant.number);
  }
  if (type == "date") {
    const Value instant = to_instant(value);
    return instant.is_null() ? Value{} : Value::date(std::floor(instant.number / 86400) * 86400);
  }
  const Value number = to_number(value);
  if (number.is_null()) return {};
  if (type == "number") return Value::of(number.number);
  if (type == "single") return Value::rounded_to_single(number.number);
  if (!std::isfinite(number.number)) return {};
  const bool floats = number.form < 0 && value.kind == Kind::number;  // half to even; texts and decimals: half away from zero
  if (type == "integer") return Value::whole(floats ? std::nearbyint(number.number) : std::round(number.number));
  const int places = std::clamp(static_cast<int>(std::strtol(type.c_str() + 7, nullptr, 10)), 0, 38);  // "decimal2"
  const double scale = std::pow(10.0, places);
  return Value::decimal(std::round(number.number * scale) / scale, places);
}

Value cast(const Node& node, const Scope& scope) {
  const Value value = evaluate(*node.children[0], scope);
  if (value.is_null()) return {};
  if (!node.name.ends_with("[]")) return cast_value(value, node.name);
  if (value.kind != Kind::list) return {};
  const std::string type = node.name.substr(0, node.name.size() - 2);
  std::vector<Value> items;
  for (const auto& item : *value.list) items.push_back(item.is_null() ? Value{} : cast_value(item, type));
  return Value::of(std::move(items));
}

bool matches_like(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, in_pattern = 0, star = std::string_view::npos, retry = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '%') {
      star = in_pattern++;
      retry = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == '_') {
      at += character_bytes(text, at);
      ++in_pattern;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
      ++in_pattern, ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      retry += character_bytes(text, retry);
      at = retry;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

Value in_list(const Node& node, const Scope& scope) {
  const Value subject = evaluate(*node.children[0], scope);
  if (subject.is_null()) return {};
  bool unknown = false;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const int side = compare_values(subject, evaluate(*node.children[i], scope));
    if (side == 0) return Value::truth(true);
    unknown = unknown || side == 2;
  }
  return unknown ? Value{} : Value::truth(false);
}

Value element(const Value& from, const Value& position) {
  const Value index = to_number(position);
  if (from.is_null() || index.is_null()) return {};
  const std::string text = from.kind == Kind::list ? std::string() : to_text(from).text;
  const auto size = from.kind == Kind::list ? from.list->size() : static_cast<std::size_t>(characters(text));
  auto at = whole_of(index.number);
  if (at < 0) at += static_cast<std::int64_t>(size) + 1;
  if (at < 1 || at > static_cast<std::int64_t>(size)) return from.kind == Kind::list ? Value{} : Value::of(std::string());
  if (from.kind == Kind::list) return (*from.list)[static_cast<std::size_t>(at - 1)];
  return Value::of(cut(text, at - 1, 1));
}

Value variable(const Node& node, const Scope& scope) {
  for (const Scope* at = &scope; at; at = at->outer)
    if (at->bound && at->variable == node.name) return *at->bound;
  return {};
}

Value case_of(const Node& node, const Scope& scope) {
  const std::size_t pairs = node.children.size() / 2;
  for (std::size_t i = 0; i < pairs; ++i)
    if (to_truth(evaluate(*node.children[2 * i], scope)).is_true()) return evaluate(*node.children[2 * i + 1], scope);
  return node.flag ? evaluate(*node.children.back(), scope) : Value{};
}

}  // namespace

Value evaluate(const Node& node, const Scope& scope) {
  switch (node.op) {
    case Op::literal: return node.literal;
    case Op::column: {
      const Scope* at = &scope;
      while (at->outer) at = at->outer;
      return at->column(node.side, node.name);
    }
    case Op::input: {
      const Scope* at = &scope;
      while (at->outer) at = at->outer;
      return *at->inputs[node.index];
    }
    case Op::variable: return variable(node, scope);
    case Op::call: return node.function(node, scope);
    case Op::all_of: return all_of(node, scope);
    case Op::any_of: return any_of(node, scope);
    case Op::negate: {
      const Value value = to_truth(evaluate(*node.children[0], scope));
      return value.is_null() ? Value{} : Value::truth(!value.is_true());
    }
    case Op::compare: return compare(node, scope);
    case Op::distinct: {
      const Value a = evaluate(*node.children[0], scope), b = evaluate(*node.children[1], scope);
      const bool differ = a.is_null() || b.is_null() ? a.is_null() != b.is_null() : compare_values(a, b) != 0;
      return Value::truth(differ != node.flag);
    }
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::integer_divide:
    case Op::modulo:
    case Op::power: return arithmetic(node, scope);
    case Op::minus: {
      Value value = to_number(evaluate(*node.children[0], scope));
      value.number = -value.number;
      return value;
    }
    case Op::concatenate: {
      const Value a = evaluate(*node.children[0], scope), b = evaluate(*node.children[1], scope);
      if (a.is_null() || b.is_null()) return {};
      if (a.kind == Kind::list && b.kind == Kind::list) {
        std::vector<Value> items = *a.list;
        items.insert(items.end(), b.list->begin(), b.list->end());
        return Value::of(std::move(items));
      }
      return Value::of(to_text(a).text + to_text(b).text);
    }
    case Op::is_null: return Value::truth(evaluate(*node.children[0], scope).is_null() != node.flag);
    case Op::case_of: return case_of(node, scope);
    case Op::in_list: return in_list(node, scope);
    case Op::like: {
      const Value text = to_text(evaluate(*node.children[0], scope)), pattern = to_text(evaluate(*node.children[1], scope));
      if (text.is_null() || pattern.is_null()) return {};
      return Value::truth(node.flag ? matches_like(lower_letters(text.text), lower_letters(pattern.text)) : matches_like(text.text, pattern.text));
    }
    case Op::cast: return cast(node, scope);
    case Op::element: return element(evaluate(*node.children[0], scope), evaluate(*node.children[1], scope));
    case Op::list: {
      std::vector<Value> items;
      for (const auto& child : node.children) items.push_back(evaluate(*child, scope));
      return Value::of(std::move(items));
    }
    case Op::lambda: return {};  // only its function looks inside
  }
  return {};
}

}  // namespace joinedup::linkage
