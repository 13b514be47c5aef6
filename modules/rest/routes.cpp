#include "rest/routes.hpp"

#include "base/text.hpp"
#include "rest/bundle.hpp"

namespace joinedup::rest {

const std::vector<Route>& routes() {
  static const std::vector<Route> all = {
      {"GET", "/metadata", "capabilities", "What this server does: its CapabilityStatement", capability_statement},
      {"GET", "/openapi.json", "", "This document", openapi_document},
      {"POST", "/", "transaction", "A batch or transaction Bundle", post_bundle},
      {"GET", "/", "search-system", "Searches resources of several types (_type)", search},
      {"POST", "/_search", "search-system", "Searches resources of several types; parameters in the body", search_by_post},
      {"GET", "/_changes", "", "What was changed after a number (_after), the oldest first", changes},
      {"GET", "/_history", "history-system", "Versions of every resource, the newest first", history},
      {"GET", "/$export", "$export", "Bulk export of everything: starts it", start_export},
      {"POST", "/$export", "$export", "Bulk export of everything: starts it", start_export},
      {"GET", "/Patient/$export", "$export", "Bulk export of patients and what is about them: starts it", start_export},
      {"POST", "/Patient/$export", "$export", "Bulk export of patients and what is about them: starts it", start_export},
      {"GET", "/Group/{id}/$export", "$export", "Bulk export of a Group's patients and what is about them: starts it", start_export},
      {"POST", "/Group/{id}/$export", "$export", "Bulk export of a Group's patients and what is about them: starts it", start_export},
      {"GET", "/$export-status/{name}", "", "How far a bulk export is, and its files", export_status},
      {"DELETE", "/$export-status/{name}", "", "Ends a bulk export and deletes its files", export_delete},
      {"GET", "/$export-file/{name}/{version}", "", "A file of a bulk export, as NDJSON", export_file},
      {"GET", "/ValueSet/$expand", "$expand", "The codes of a stored ValueSet", expand},
      {"POST", "/ValueSet/$expand", "$expand", "The codes of a stored ValueSet", expand},
      {"GET", "/ValueSet/{id}/$expand", "$expand", "The codes of a stored ValueSet", expand},
      {"GET", "/Patient/{id}/$everything", "$everything", "All that the record holds about a person", everything},
      {"POST", "/{type}/$validate", "$validate", "Whether a resource fits FHIR's definitions", validate},
      {"GET", "/{type}/{id}/$validate", "$validate", "Whether a stored resource fits FHIR's definitions", validate},
      {"POST", "/{type}/{id}/$validate", "$validate", "Whether a resource fits FHIR's definitions", validate},
      {"GET", "/$explain", "$explain", "How a search over several types would run", explain},
      {"GET", "/{type}/$explain", "$explain", "How a search would run", explain},
      {"POST", "/{type}/_search", "search-type", "Searches resources of a type; parameters in the body", search_by_post},
      {"GET", "/{type}/_history", "history-type", "Versions of resources of a type, the newest first", history},
      {"GET", "/{type}", "search-type", "Searches resources of a type", search},
      {"POST", "/{type}", "create", "Creates a resource; with If-None-Exist only where nothing matches", create},
      {"PUT", "/{type}", "update", "Conditional update: the one resource that matches, or a new one", conditional_update},
      {"PATCH", "/{type}", "patch", "Conditional patch of the one resource that matches", conditional_patch},
      {"DELETE", "/{type}", "delete", "Conditional delete of the one resource that matches", conditional_remove},
      {"GET", "/Patient/{id}/{compartment}", "", "Searches within what is about one person; * for every type", search_compartment},
      {"POST", "/Patient/{id}/{compartment}/_search", "", "Searches within what is about one person", search_compartment},
      {"GET", "/{type}/{id}/_history", "history-instance", "Versions of one resource, the newest first", history},
      {"GET", "/{type}/{id}/_history/{version}", "vread", "One version of a resource", read_version},
      {"GET", "/{type}/{id}", "read", "A resource as it is now", read},
      {"PUT", "/{type}/{id}", "update", "Replaces a resource, or creates it under this id", update},
      {"PATCH", "/{type}/{id}", "patch", "Changes a resource by JSON Patch or FHIRPath Patch", patch},
      {"DELETE", "/{type}/{id}", "delete", "Deletes a resource; its versions stay", remove},
  };
  return all;
}

namespace {

// What may stand for an id: one that is not of FHIR's form is nobody's, and the store says so on a write.
bool is_id(std::string_view text) {
  return !text.empty() && text.front() != '_' && text.front() != '$';
}

// Fills the call from a path that fits; false: it does not.
bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string>& path, Call& call) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto part = pattern[i];
    if (part.front() != '{') {
      if (part != path[i]) return false;
    } else if (part == "{type}" || part == "{compartment}") {
      if (part == "{compartment}" && path[i] == "*") continue;
      if (!is_type(path[i])) return false;
    } else if (part == "{id}") {
      if (!is_id(path[i])) return false;
    }
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto part = pattern[i];
    if (part == "{type}") call.type = path[i];
    else if (part == "{id}") call.id = path[i];
    else if (part == "{version}") call.version = path[i];
    else if (part == "{name}" || part == "{compartment}") call.name = path[i];
  }
  // Fixed types of the table.
  if (call.type.empty() && !pattern.empty() && is_type(pattern[0])) call.type = pattern[0];
  return true;
}

}  // namespace

SplitRoutes split_routes(const std::vector<Route>& table) {
  SplitRoutes out;
  for (const Route& route : table) {
    out.push_back({&route, {}});
    for (const auto part : split(route.pattern, '/'))
      if (!part.empty()) out.back().pattern.push_back(part);
  }
  return out;
}

OwnRoutes::OwnRoutes(const std::vector<Operation>& operations) {
  for (const Operation& one : operations) all.push_back({one.method.c_str(), one.pattern.c_str(), one.name.c_str(), one.summary.c_str(), nullptr, &one});
  split = split_routes(all);
}

Response answer_operation(const State& state, const Call& call, const Operation& operation) {
  std::vector<Shown> shown, written;
  const auto ask = [&](Request request) {
    request.permit = &call.permit;
    request.principal = call.request.principal;
    request.author = call.request.author;
    request.organisation = call.request.organisation;
    request.id = call.request.id;
    return answer(state, request);
  };
  const auto keep = [](std::vector<Shown>& all, const std::vector<Shown>& more) { all.insert(all.end(), more.begin(), more.end()); };
  const OperationCall given{call.request, call.type, call.id, call.parameters,
                            [&](Request request) {
                              Response out = ask(std::move(request));
                              keep(shown, out.shown), keep(written, out.written);
                              return out;
                            },
                            [&](Request request) {
                              Response out = ask(std::move(request));
                              keep(written, out.written);
                              return out;
                            },
                            state.options.base_url};
  Response out;
  try {
    out = operation.handler(given);
  } catch (const std::exception&) {  // what it wrote until then is named all the same
    out = outcome_response({ErrorCode::internal, "The operation could not be carried out: a fault of this server's own.", {}});
  }
  keep(out.shown, shown), keep(out.written, written);
  return out;
}

Found find_route(std::string_view method, std::string_view path, Call& call, const SplitRoutes& own) {
  static const SplitRoutes table = split_routes(routes());
  std::vector<std::string> parts;
  for (const auto part : split(path, '/'))
    if (!part.empty()) parts.push_back(fhir::decode_query(part));
  Found out;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (std::size_t i = 0; i < own.size() + table.size(); ++i) {
    const auto& [route, pattern] = i < own.size() ? own[i] : table[i - own.size()];
    if (pattern.size() != parts.size()) continue;
    Call trial{call.request, call.permit, {}, {}, {}, {}, {}, {}, {}};
    if (!fits(pattern, parts, trial)) continue;
    if (wanted == route->method) {
      call.type = std::move(trial.type), call.id = std::move(trial.id), call.version = std::move(trial.version), call.name = std::move(trial.name);
      out.route = route;
      return out;
    }
    if (out.allowed.find(route->method) == out.allowed.npos) {
      out.allowed += (out.allowed.empty() ? "" : ", ") + std::string(route->method);
      if (std::string_view(route->method) == "GET") out.allowed += ", HEAD";
    }
  }
  return out;
}

}  // namespace joinedup::rest
