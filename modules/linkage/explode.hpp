// explode: a blocking rule over the items of lists. Two records make a pair where some item of the one and some item of the
// other fulfil the rule; that is the rule with every choice of positions put in, each a join of its own.
//
//   explode(tree of "l.phones = r.phones", {"phones"}, records)   // l.phones[1] = r.phones[1], l.phones[1] = r.phones[2], …
#pragma once
#include <string>
#include <vector>

#include "linkage/records.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

constexpr std::size_t most_choices = 256;   // of positions: beyond, the rule is refused
Result<std::vector<NodePtr>> explode(const NodePtr& rule, const std::vector<std::string>& columns, const Records& records);

}  // namespace joinedup::linkage
