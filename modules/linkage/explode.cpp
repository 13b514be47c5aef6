#include "linkage/explode.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace joinedup::linkage {
namespace {

struct Position {
  std::string column;
  Side side;
  std::size_t at;
};

NodePtr column_of(const Position& position) {
  Node node;
  node.op = Op::column;
  node.name = position.column;
  node.side = position.side;
  return std::make_shared<const Node>(std::move(node));
}
NodePtr number(std::size_t value) {
  Node node;
  node.literal = Value::whole(static_cast<double>(value));
  return std::make_shared<const Node>(std::move(node));
}

NodePtr with_positions(const NodePtr& node, const std::vector<Position>& positions) {
  if (node->op == Op::column) {
    for (const auto& position : positions) {
      if (position.column != node->name || position.side != node->side) continue;
      Node item;
      item.op = Op::element;
      item.children = {node, number(position.at)};
      return std::make_shared<const Node>(std::move(item));
    }
    return node;
  }
  if (node->children.empty()) return node;
  Node copy = *node;
  for (auto& child : copy.children) child = with_positions(child, positions);
  return std::make_shared<const Node>(std::move(copy));
}

// Does the rule fail by itself where this column's item is missing? So it does where an equality at its top has it as a side.
bool strict_in(const NodePtr& rule, const Position& position) {
  for (const auto& branch : top_level_parts(rule, Op::any_of)) {
    bool found = false;
    for (const auto& part : top_level_parts(branch, Op::all_of)) {
      if (part->op != Op::compare) continue;
      for (const auto& operand : part->children) found = found || (operand->op == Op::column && operand->name == position.column && operand->side == position.side);
    }
    if (!found) return false;
  }
  return true;
}

// The list has an item there, be it NULL.
NodePtr present(const Position& position) {
  std::string why;
  Node length;
  length.op = Op::call;
  length.name = "len";
  length.function = find_function("len", 1, why);
  length.children = {column_of(position)};
  Node enough;
  enough.op = Op::compare;
  enough.compare = Compare::at_least;
  enough.children = {std::make_shared<const Node>(std::move(length)), number(position.at)};
  return std::make_shared<const Node>(std::move(enough));
}

std::size_t longest_list(const DataColumn& column) {
  std::size_t longest = 0;
  for (const auto value : column.values()) longest = std::max(longest, static_cast<std::size_t>(std::count(value.begin(), value.end(), list_separator)));
  return longest;
}

}  // namespace

Result<std::vector<NodePtr>> explode(const NodePtr& rule, const std::vector<std::string>& columns, const Records& records) {
  std::vector<std::vector<Position>> choices{{}};
  for (const auto& name : columns) {
    const DataColumn* column = records.find(lower_ascii(name));
    if (!column) return fail(ErrorCode::invalid_input, "arrays_to_explode names the column '" + name + "', which is not there.");
    if (!is_list(column->kind)) return fail(ErrorCode::invalid_input, "arrays_to_explode names the column '" + name + "', which holds no lists. Lists travel in Parquet files.");
    const std::size_t longest = longest_list(*column);
    const std::size_t made = choices.size() * longest * longest;
    constexpr std::size_t most_key_bytes = std::size_t{1} << 30;
    if (made > most_choices || made * records.size() * 2 * sizeof(std::uint32_t) > most_key_bytes)
      return fail(ErrorCode::too_large, "arrays_to_explode: the lists of '" + name + "' hold up to " + std::to_string(longest) + " items; that makes too many pairs of positions to join on. Keep the first few items of each list.");
    std::vector<std::vector<Position>> longer;
    for (const auto& choice : choices)
      for (std::size_t left = 1; left <= longest; ++left)
        for (std::size_t right = 1; right <= longest; ++right) {
          longer.push_back(choice);
          longer.back().push_back({column->name, Side::left, left});
          longer.back().push_back({column->name, Side::right, right});
        }
    choices = std::move(longer);
  }
  std::vector<NodePtr> rules;
  for (const auto& choice : choices) {
    Node all;
    all.op = Op::all_of;
    for (const auto& position : choice)
      if (!strict_in(rule, position)) all.children.push_back(present(position));
    const NodePtr put_in = with_positions(rule, choice);
    if (all.children.empty()) {
      rules.push_back(put_in);
      continue;
    }
    for (const auto& branch : top_level_parts(put_in, Op::any_of)) {
      Node guarded = all;
      guarded.children.push_back(branch);
      rules.push_back(std::make_shared<const Node>(std::move(guarded)));
    }
  }
  return rules;
}

}  // namespace joinedup::linkage
