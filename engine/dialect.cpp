#include "engine/dialect.hpp"

#include <array>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"

namespace joinedup::engine {
namespace {

struct Difference {
  std::string_view name;
  std::string_view duckdb, spark;  // $1, $2 are the arguments
};

// bit(a) is 2 to the power a, for 0 ≤ a ≤ 62. whole(a; b) is a ÷ b towards zero for integers; half_up(a; b) rounds a ÷ b half up for a ≥ 0.
constexpr std::array<Difference, 7> differences{{
    {"days_between", "date_diff('day', $1, $2)", "datediff($2, $1)"},
    {"add_days", "(($1) + CAST($2 AS INTEGER))", "date_add($1, CAST($2 AS INT))"},
    {"whole", "(($1) // ($2))", "(($1) div ($2))"},
    {"half_up", "((2 * ($1) + ($2)) // (2 * ($2)))", "((2 * ($1) + ($2)) div (2 * ($2)))"},
    {"bit", "(CAST(1 AS BIGINT) << CAST($1 AS INTEGER))", "shiftleft(CAST(1 AS BIGINT), CAST($1 AS INT))"},
    {"temporary", "CREATE OR REPLACE TEMPORARY TABLE $1", "CREATE OR REPLACE TEMPORARY VIEW $1"},
    {"drop_table", "DROP TABLE IF EXISTS $1", "DROP TABLE IF EXISTS $1"},
}};

std::string call(std::string_view text, Dialect dialect) {
  const auto open = text.find('(');
  const std::string_view name = trim(text.substr(0, open));
  std::vector<std::string_view> arguments;
  if (open != std::string_view::npos) {
    const auto close = text.rfind(')');
    JOINEDUP_INVARIANT(close != std::string_view::npos && close > open, "a dialect call closes its bracket");
    for (const auto argument : split(text.substr(open + 1, close - open - 1), ';')) arguments.push_back(trim(argument));
  }
  for (const auto& difference : differences) {
    if (difference.name != name) continue;
    const std::string_view pattern = dialect == Dialect::duckdb ? difference.duckdb : difference.spark;
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '$') {
        out += pattern[i];
        continue;
      }
      const auto index = static_cast<std::size_t>(pattern[++i] - '1');
      JOINEDUP_INVARIANT(index < arguments.size(), "a dialect call has all its arguments");
      out += arguments[index];
    }
    return out;
  }
  JOINEDUP_INVARIANT(false, "the dialect table knows the name");
  return {};
}

}  // namespace

std::string render_sql(std::string_view text, Dialect dialect) {
  std::string out(text);
  // Innermost first: the last opening has no other opening before its closing.
  for (auto open = out.rfind("{{"); open != std::string::npos; open = out.rfind("{{")) {
    const auto close = out.find("}}", open);
    JOINEDUP_INVARIANT(close != std::string::npos, "a dialect call ends with }}");
    out.replace(open, close + 2 - open, call(std::string_view(out).substr(open + 2, close - open - 2), dialect));
  }
  return out;
}

}  // namespace joinedup::engine
