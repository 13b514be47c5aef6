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
};

const std::vector<Route>& routes();

struct Found {
  const Route* route = nullptr;
  std::string allowed;  // methods of the same address where there is no route; empty: there is no such address
};
Found find_route(std::string_view method, std::string_view path, Call& call);

}  // namespace joinedup::rest
