// What is asked of a parsed condition: its text, its columns, its parts.
#include <algorithm>

#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

std::string canonical(const Node& node) {
  std::string out = std::to_string(static_cast<int>(node.op)) + ":" + node.name + ":" + std::to_string(static_cast<int>(node.compare)) + (node.flag ? "!" : "");
  if (node.op == Op::literal) out += std::to_string(static_cast<int>(node.literal.kind)) + "'" + to_text(node.literal).text + "'";
  if (node.op == Op::input) out += "#" + std::to_string(node.index);
  out += "(";
  for (const auto& child : node.children) out += canonical(*child) + ",";
  return out + ")";
}

void visit(const NodePtr& node, const std::function<void(const Node&)>& see) {
  see(*node);
  for (const auto& child : node->children) visit(child, see);
}

SideColumns columns_of(const NodePtr& node) {
  SideColumns columns;
  visit(node, [&](const Node& part) {
    if (part.op == Op::column) (part.side == Side::left ? columns.left : columns.right).push_back(part.name);
  });
  for (auto* side : {&columns.left, &columns.right}) {
    std::sort(side->begin(), side->end());
    side->erase(std::unique(side->begin(), side->end()), side->end());
  }
  return columns;
}

std::vector<NodePtr> top_level_parts(const NodePtr& node, Op op) {
  if (node->op != op) return {node};
  std::vector<NodePtr> parts;
  for (const auto& child : node->children)
    for (auto& part : top_level_parts(child, op)) parts.push_back(part);
  return parts;
}

}  // namespace joinedup::linkage
