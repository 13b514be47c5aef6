// The parsed expression: a tree of nodes, and the parser that makes it. Inside this room only.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhirpath/decimal.hpp"
#include "fhirpath/expression.hpp"
#include "fhirpath/functions.hpp"
#include "fhirpath/model.hpp"
#include "fhirpath/quantity.hpp"
#include "fhirpath/temporal.hpp"

namespace joinedup::fhirpath {

enum class Op : std::uint8_t {
  literal, empty,
  this_, index_, total_, variable,
  member,    // [0].name, or name of the focus where there is no [0]
  function,  // [0].name([1]…); [0] may be null
  indexer, negate, plus_sign,
  multiply, divide, div, mod, add, subtract, concatenate,
  is, as, union_, less, less_equal, greater, greater_equal,
  equal, not_equal, equivalent, not_equivalent, in, contains,
  and_, or_, xor_, implies
};

struct TypeName {
  std::string space, name;
  TypeId fhir = unknown_type, system = unknown_type;  // either may match where no namespace is given
};

struct Tree {
  Op op = Op::literal;
  std::unique_ptr<Tree> left, right;             // operands; left of member and function: what they apply to, or null
  std::vector<std::unique_ptr<Tree>> arguments;  // of a function
  std::string name;                              // member, variable, function
  NameId name_id = 0;                            // member: the name known to R4, or 0
  TypeId root_type = unknown_type;               // member: the resource or type of that name
  FunctionId function = FunctionId::none;
  TypeName type;                                 // is, as, and functions over a type
  Value value;                                   // literal; points into the members below
  std::string text;
  Decimal decimal;
  Temporal temporal;
  QuantityData quantity;
  int depth = 1;
};

// Throws nothing; the sentence says what is wrong and where.
Result<std::unique_ptr<Tree>> parse_expression(std::string_view text, const Expression::Options& options);

}  // namespace joinedup::fhirpath
