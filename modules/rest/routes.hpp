// The one table of routes: the router, the CapabilityStatement and the OpenAPI document are read from it. Inside this room only.
//
//   Call call{request, permit};
//   const Found found = find_route("GET", "/Patient/1", call);     // fills type, id …; found.route, or found.allowed
#pragma once
#include <string>
#include <vector>

#include "rest/state.hpp"

namespace joinedup::rest {

struct Route {
  const char* method;
  const char* pattern;      // "/{type}/{id}/_history/{version}"
  const char* interaction;  // as the CapabilityStatement names it; an operation begins with $; empty: neither
  const char* summary;      // one line for the OpenAPI document
  Response (*answer)(const State& state, const Call& call);
  const Operation* operation = nullptr;  // of another room
};

const std::vector<Route>& routes();

// A table with its patterns in their parts.
struct SplitRoute {
  const Route* route;
  std::vector<std::string_view> pattern;
};
using SplitRoutes = std::vector<SplitRoute>;
SplitRoutes split_routes(const std::vector<Route>& table);

// What other rooms add: looked at before the table.
struct OwnRoutes {
  explicit OwnRoutes(const std::vector<Operation>& operations);
  std::vector<Route> all;
  SplitRoutes split;
};
Response answer_operation(const State& state, const Call& call, const Operation& operation);

struct Found {
  const Route* route = nullptr;
  std::string allowed;  // methods of the same address where there is no route; empty: there is no such address
};
Found find_route(std::string_view method, std::string_view path, Call& call, const SplitRoutes& own = {});

}  // namespace joinedup::rest
