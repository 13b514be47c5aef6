// sql_expression: the conditions of comparison levels and blocking rules, read into a tree and evaluated.
// The dialect is DuckDB's, as Splink writes it; anything not understood is named in the error.
//
//   parse_condition("jaro_winkler_similarity(\"name_l\", \"name_r\") >= 0.9", Names::suffixed)   // comparison levels
//   parse_condition("l.\"dob\" = r.\"dob\"", Names::prefixed)                                    // blocking rules
//
// NULL, AND, OR, NOT follow SQL's three values.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "linkage/sql_value.hpp"

namespace joinedup::linkage {

enum class Side : unsigned char { left, right };
enum class Names { suffixed, prefixed, plain };  // name_l / name_r; l.name / r.name; name (one record's own columns)

enum class Op : unsigned char {
  literal, column, input, variable, call, all_of, any_of, negate, compare, distinct, add, subtract, multiply, divide,
  integer_divide, modulo, power, minus, concatenate, is_null, case_of, in_list, like, cast, element, list, lambda
};
enum class Compare : unsigned char { equal, unequal, less, at_most, greater, at_least };

struct Node;
using NodePtr = std::shared_ptr<const Node>;
struct Scope;  // what columns, inputs and lambda variables hold while a tree is evaluated
using Function = Value (*)(const Node& node, const Scope& scope);

struct Node {
  Op op = Op::literal;
  Value literal;
  std::string name;  // column, variable, function, or the type of a cast
  Side side = Side::left;
  Compare compare = Compare::equal;
  bool flag = false;          // negated (is_null, in_list, like, distinct), or forgiving (cast), or with an ELSE (case_of)
  std::size_t index = 0;      // of an input
  std::size_t depth = 1;      // of the tree from here down
  Function function = nullptr;
  std::vector<NodePtr> children;
};

struct Scope {
  std::function<Value(Side, const std::string&)> column;  // used only before inputs are bound
  const Value* const* inputs = nullptr;
  const Scope* outer = nullptr;                           // lambdas
  std::string_view variable;
  const Value* bound = nullptr;
};

Result<NodePtr> parse_condition(std::string_view sql, Names names);
Value evaluate(const Node& node, const Scope& scope);

std::string canonical(const Node& node);  // the same text for the same tree; sides are left out
void visit(const NodePtr& node, const std::function<void(const Node&)>& see);
struct SideColumns {
  std::vector<std::string> left, right;  // sorted, lower case, no duplicates
};
SideColumns columns_of(const NodePtr& node);
std::vector<NodePtr> top_level_parts(const NodePtr& node, Op op);  // flattened operands of AND (or OR)

Function find_function(std::string_view name, std::size_t arguments, std::string& why_not);

}  // namespace joinedup::linkage
