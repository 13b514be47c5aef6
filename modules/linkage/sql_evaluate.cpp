#include <cmath>

#include "base/text.hpp"
#include "linkage/sql_expression.hpp"

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

Value arithmetic(const Node& node, const Scope& scope) {
  const Value first = evaluate(*node.children[0], scope);
  const Value second = evaluate(*node.children[1], scope);
  if (first.kind == Kind::instant && second.kind == Kind::instant && node.op == Op::subtract)
    return Value::of((first.number - second.number) / 86400.0);  // dates give days
  const Value a = to_number(first), b = to_number(second);
  if (a.is_null() || b.is_null()) return {};
  switch (node.op) {
    case Op::add: return Value::of(a.number + b.number);
    case Op::subtract: return Value::of(a.number - b.number);
    case Op::multiply: return Value::of(a.number * b.number);
    case Op::divide: return Value::of(a.number / b.number);  // IEEE: by zero gives infinity or NaN
    case Op::integer_divide: return b.number == 0 ? Value{} : Value::of(std::trunc(a.number / b.number));
    default: return b.number == 0 ? Value{} : Value::of(std::fmod(a.number, b.number));
  }
}

Value cast(const Node& node, const Scope& scope) {
  const Value value = evaluate(*node.children[0], scope);
  if (node.name == "text") return to_text(value);
  if (node.name == "number") return to_number(value);
  if (node.name == "boolean") return to_truth(value);
  if (node.name == "instant") return to_instant(value);
  if (node.name == "integer") {
    const Value number = to_number(value);
    return number.is_null() ? Value{} : Value::of(std::nearbyint(number.number));
  }
  if (node.name == "date") {
    const Value instant = to_instant(value);
    return instant.is_null() ? Value{} : Value::instant(std::floor(instant.number / 86400) * 86400);
  }
  return value.kind == Kind::list ? value : Value{};
}

bool matches_like(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, in_pattern = 0, star = std::string_view::npos, retry = 0;
  while (at < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '%') {
      star = in_pattern++;
      retry = at;
    } else if (in_pattern < pattern.size() && (pattern[in_pattern] == '_' || pattern[in_pattern] == text[at])) {
      ++in_pattern, ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++retry;
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
  const auto size = from.kind == Kind::list ? from.list->size() : from.text.size();
  auto at = static_cast<std::int64_t>(index.number);
  if (at < 0) at += static_cast<std::int64_t>(size) + 1;
  if (at < 1 || at > static_cast<std::int64_t>(size)) return from.kind == Kind::list ? Value{} : Value::of(std::string());
  if (from.kind == Kind::list) return (*from.list)[static_cast<std::size_t>(at - 1)];
  return Value::of(std::string(1, from.text[static_cast<std::size_t>(at - 1)]));
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
    case Op::modulo: return arithmetic(node, scope);
    case Op::minus: {
      const Value value = to_number(evaluate(*node.children[0], scope));
      return value.is_null() ? Value{} : Value::of(-value.number);
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
      return Value::truth(node.flag ? matches_like(lower_ascii(text.text), lower_ascii(pattern.text)) : matches_like(text.text, pattern.text));
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
