// Functions of lists, those with a lambda among them.
#include <algorithm>
#include <cmath>

#include "linkage/sql_functions.hpp"

namespace joinedup::linkage {
namespace {

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
Value join_lists(const Node& node, const Scope& scope) {  // NULL counts as nothing
  std::vector<Value> out;
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (const Value list = argument(node, scope, i); list.kind == Kind::list) out.insert(out.end(), list.list->begin(), list.list->end());
  return Value::of(std::move(out));
}
template <bool falling>
Value sorted(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  std::vector<Value> out = *list.list;
  std::stable_sort(out.begin(), out.end(), [](const Value& a, const Value& b) {  // NULLs last
    if (a.is_null() || b.is_null()) return !a.is_null() && b.is_null();
    return compare_values(a, b) == (falling ? 1 : -1);
  });
  return Value::of(std::move(out));
}
Value turned(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  return Value::of(std::vector<Value>(list.list->rbegin(), list.list->rend()));
}
Value total_of(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  double sum = 0;
  std::size_t count = 0;
  bool exact = true;
  for (const auto& item : *list.list)
    if (const Value number = to_number(item); !number.is_null()) sum += number.number, ++count, exact = exact && number.form == 0;
  if (count == 0) return {};
  if (node.name.ends_with("avg")) return Value::of(sum / static_cast<double>(count));
  return exact ? Value::whole(sum) : Value::of(sum);
}
Value count_of(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list) return {};
  std::vector<Value> seen;
  std::size_t count = 0;
  for (const auto& item : *list.list) {
    if (item.is_null()) continue;
    ++count;
    if (node.name != "list_count" && node.name != "array_count" && std::none_of(seen.begin(), seen.end(), [&](const Value& other) { return compare_values(item, other) == 0; })) seen.push_back(item);
  }
  return Value::whole(static_cast<double>(node.name == "list_count" || node.name == "array_count" ? count : seen.size()));
}
Value place_of(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0), sought = argument(node, scope, 1);
  if (list.kind != Kind::list) return {};
  // DuckDB's own way: NULL is found, unless the list holds nothing else.
  const bool some = std::any_of(list.list->begin(), list.list->end(), [](const Value& item) { return !item.is_null(); });
  if (sought.is_null() && !some) return {};
  for (std::size_t i = 0; i < list.list->size(); ++i)
    if (const Value& item = (*list.list)[i]; sought.is_null() ? item.is_null() : compare_values(item, sought) == 0) return Value::whole(static_cast<double>(i + 1));
  return {};
}
Value joined_text(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0), separator = text_argument(node, scope, 1);
  if (list.kind != Kind::list || separator.is_null()) return {};
  std::string out;
  bool first = true;
  for (const auto& item : *list.list) {
    if (item.is_null()) continue;
    if (!first) out += separator.text;
    out += to_text(item).text;
    first = false;
  }
  return Value::of(std::move(out));
}
Value end_of(const Node& node, const Scope& scope) {
  const Value list = argument(node, scope, 0);
  if (list.kind != Kind::list || list.list->empty()) return {};
  return node.name == "list_first" ? list.list->front() : list.list->back();
}

}  // namespace

void enter_lists(FunctionTable& table) {
  enter(table, {"list_intersect", "array_intersect"}, 2, 2, intersection);
  enter(table, {"list_has_any", "array_has_any"}, 2, 2, list_has<false>);
  enter(table, {"list_has_all", "array_has_all"}, 2, 2, list_has<true>);
  enter(table, {"list_max", "array_max"}, 1, 1, list_extreme<1>);
  enter(table, {"list_min", "array_min"}, 1, 1, list_extreme<-1>);
  enter(table, {"list_distinct", "array_distinct"}, 1, 1, list_distinct);
  enter(table, {"list_unique", "array_unique", "list_count", "array_count"}, 1, 1, count_of);
  enter(table, {"list_sum", "array_sum", "list_avg", "array_avg"}, 1, 1, total_of);
  enter(table, {"list_sort", "array_sort"}, 1, 1, sorted<false>);
  enter(table, {"list_reverse_sort", "array_reverse_sort"}, 1, 1, sorted<true>);
  enter(table, {"list_reverse", "array_reverse"}, 1, 1, turned);
  enter(table, {"list_concat", "array_concat", "list_cat", "array_cat"}, 1, many_arguments, join_lists);
  enter(table, {"list_position", "array_position", "list_indexof", "array_indexof"}, 2, 2, place_of);
  enter(table, {"list_first", "list_last"}, 1, 1, end_of);
  enter(table, {"array_to_string", "list_to_string"}, 2, 2, joined_text);
  enter(table, {"list_transform", "array_transform", "list_apply", "array_apply", "apply"}, 2, 2, transform<false>);
  enter(table, {"list_filter", "array_filter", "filter"}, 2, 2, transform<true>);
  enter(table, {"flatten"}, 1, 1, flatten);
  enter(table, {"list_value", "list_pack"}, 0, many_arguments, list_value);
  enter(table, {"list_extract", "list_element", "array_extract"}, 2, 2, list_element);
  enter(table, {"string_split", "str_split", "split", "string_to_array"}, 2, 2, split_text);
  enter(table, {"array_cosine_similarity", "list_cosine_similarity"}, 2, 2, cosine_similarity);
}

}  // namespace joinedup::linkage
