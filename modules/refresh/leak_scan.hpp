// Looks for people in what is published: every column of every table, as text, and every report file, against a list of
// identifiers. Used by tests (and by whoever signs for the warehouse); it reads identifiers, so it never runs in production.
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace joinedup::refresh {

struct Identifiers {
  std::unordered_set<std::string> whole;  // upper case: a cell that equals one is a leak (names, address lines, postcodes, NHS numbers)
  std::unordered_set<std::string> words;  // upper case: a cell in which one stands as a word is a leak (NHS numbers, postcodes without their space)
};

struct Leak {
  std::string where;  // table.column, or file
  std::string what;   // the identifier's kind is unknown here; the value is the test's own, of a synthetic person
};

Result<std::vector<Leak>> scan_tables(engine::Connection& connection, const Identifiers& identifiers);
Result<std::vector<Leak>> scan_files(const std::string& folder, const Identifiers& identifiers);
Result<Identifiers> identifiers_of_feeds(const std::string& feeds_folder);  // every identity column of every CSV of every feed

}  // namespace joinedup::refresh
