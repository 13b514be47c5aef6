// The OpenAPI document of the same routes.
#include <map>

#include "rest/routes.hpp"

namespace joinedup::rest {

std::string make_openapi(const ApiOptions& options, const OwnRoutes& own) {
  std::map<std::string, std::vector<const Route*>> by_path;
  for (const Route& route : routes()) by_path[route.pattern].push_back(&route);
  for (const Route& route : own.all) by_path[route.pattern].push_back(&route);
  std::string out = R"({"openapi":"3.0.3","info":{"title":"Joinedup shared record: FHIR R4","version":"4.0.1"},"servers":[{"url":)" + json_text(options.base_url) + R"(}],"paths":{)";
  for (const auto& [path, all] : by_path) {
    if (out.back() != '{') out += ',';
    out += json_text(path) + ":{";
    for (const Route* route : all) {
      std::string method = route->method;
      for (char& c : method) c = static_cast<char>(c + 32);
      if (route != all.front()) out += ',';
      out += json_text(method) + R"(:{"summary":)" + json_text(route->summary);
      std::string parameters;
      for (std::size_t from = path.find('{'); from != path.npos; from = path.find('{', from + 1)) {
        const std::string name = path.substr(from + 1, path.find('}', from) - from - 1);
        parameters += (parameters.empty() ? "" : ",") + std::string(R"({"in":"path","required":true,"name":)") + json_text(name) + R"(,"schema":{"type":"string"}})";
      }
      if (!parameters.empty()) out += R"(,"parameters":[)" + parameters + "]";
      if (method == "post" || method == "put" || method == "patch") {
        const std::string type = path.ends_with("_search") ? "application/x-www-form-urlencoded" : "application/fhir+json";
        out += R"(,"requestBody":{"content":{")" + type + R"(":{"schema":{"type":"object"}})";
        if (method == "patch") out += R"(,"application/json-patch+json":{"schema":{"type":"array","items":{"type":"object"}}})";
        out += "}}";
      }
      out += R"(,"responses":{"default":{"description":"A FHIR resource; an OperationOutcome where it fails","content":{"application/fhir+json":{"schema":{"type":"object"}}}}}})";
    }
    out += '}';
  }
  return out + "}}";
}

Response openapi_document(const State& state, const Call& call) {
  static_cast<void>(call);
  Response response = json_response(200, state.openapi);
  response.headers[0].value = "application/json";
  return response;
}

}  // namespace joinedup::rest
