// The workspace's pages, compiled in: the shell for its addresses, its pieces of code by hash. No data of anybody's, so no permit.
//
//   if (auto found = web::page(request)) return *found;       // request.path is the whole path: "/my-day", "/assets/index-….js"
//   web::is_workspace("/person/1/plan");                      // true: an address of the pages
//
// A build without web/dist has no pages and says so at their addresses. What is at no address of theirs is nobody's: nothing comes back.
#pragma once
#include <optional>
#include <string_view>

#include "rest/rest.hpp"

namespace joinedup::web {

std::optional<rest::Response> page(const rest::Request& request);
bool is_workspace(std::string_view path);

}  // namespace joinedup::web
