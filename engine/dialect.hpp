// dialect: what differs between the SQL engines that a relational step may run on. A step is written once, in the SQL that
// DuckDB and Spark 3.2+ share; the rest goes through this table as {{name(argument; argument)}}.
//
//   render_sql("SELECT {{days_between(a; b)}} FROM t", Dialect::duckdb)   // SELECT date_diff('day', a, b) FROM t
//
// Arguments are separated by semicolons and may hold further {{…}}. An unknown name is a programmer error.
#pragma once
#include <string>
#include <string_view>

namespace joinedup::engine {

enum class Dialect { duckdb, spark };

std::string render_sql(std::string_view text, Dialect dialect);

}  // namespace joinedup::engine
