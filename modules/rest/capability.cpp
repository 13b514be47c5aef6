// The CapabilityStatement: what the route table and the published definitions say that this server does.
#include <set>

#include "rest/routes.hpp"

namespace joinedup::rest {

namespace {

const char* parameter_type(fhir::ParameterKind kind) {
  return fhir::parameter_kind_name(kind);
}

std::string codes(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& code : all) out += (out.empty() ? "" : ",") + std::string(R"({"code":)") + json_text(code) + "}";
  return "[" + out + "]";
}

std::string operations(std::string_view type, const OwnRoutes& own) {
  std::string out;
  std::set<std::string> seen;
  for (const Route& route : routes()) {
    const std::string_view interaction = route.interaction, pattern = route.pattern;
    if (!interaction.starts_with('$')) continue;
    const auto second = pattern.find('/', 1);
    const auto first = pattern.substr(1, second == pattern.npos ? second : second - 1);
    const bool mine = type.empty() ? first.starts_with('$') : (first == type || first == "{type}");
    if (!mine || !seen.insert(std::string(interaction)).second) continue;
    const std::string name(interaction.substr(1));
    std::string definition = "http://hl7.org/fhir/OperationDefinition/";
    if (name == "export") definition = std::string("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/") + (type.empty() ? "export" : type == "Group" ? "group-export" : "patient-export");
    else if (name == "explain") definition = "https://joinedup.example/OperationDefinition/explain";
    else definition += (first == "{type}" ? "Resource" : std::string(first)) + "-" + name;
    out += (out.empty() ? "" : ",") + std::string(R"({"name":)") + json_text(name) + R"(,"definition":)" + json_text(definition) + "}";
  }
  for (const Route& route : own.all) {
    const std::string_view pattern = route.pattern;
    const auto first = pattern.substr(1, pattern.find('/', 1) - 1);
    const bool mine = type.empty() ? first.starts_with('$') : first == type;
    if (!mine || !seen.insert("$" + std::string(route.interaction)).second) continue;
    const auto definition = "https://joinedup.example/OperationDefinition/" + (type.empty() ? "" : std::string(first) + "-") + route.interaction;
    out += (out.empty() ? "" : ",") + std::string(R"({"name":)") + json_text(route.interaction) + R"(,"definition":)" + json_text(definition) + R"(,"documentation":)" +
           json_text(route.summary) + "}";
  }
  return out;
}

std::string resource(const std::string& type, const OwnRoutes& operations_of_rooms) {
  std::string out = R"({"type":)" + json_text(type) + R"(,"interaction":)";
  std::vector<std::string> interactions;
  for (const Route& route : routes()) {
    const std::string code = route.interaction;
    if (!std::string_view(route.pattern).starts_with("/{type}") || code.empty() || code[0] == '$') continue;
    if (std::find(interactions.begin(), interactions.end(), code) == interactions.end()) interactions.push_back(code);
  }
  out += codes(interactions);
  out += R"(,"versioning":"versioned-update","readHistory":true,"updateCreate":true,"conditionalCreate":true,"conditionalRead":"full-support",)"
         R"("conditionalUpdate":true,"conditionalDelete":"single","referencePolicy":["literal","logical","local"],"searchInclude":["*")";
  std::string parameters;
  for (const auto* parameter : fhir::Definitions::r4().parameters(type)) {
    if (parameter->kind == fhir::ParameterKind::reference) out += "," + json_text(type + ":" + parameter->code);
    if (parameter->kind == fhir::ParameterKind::special) continue;
    parameters += (parameters.empty() ? "" : ",") + std::string(R"({"name":)") + json_text(parameter->code) + R"(,"type":")" + parameter_type(parameter->kind) + "\"}";
  }
  out += R"(],"searchParam":[)" + parameters + "]";
  if (const auto own = operations(type, operations_of_rooms); !own.empty()) out += R"(,"operation":[)" + own + "]";
  return out + "}";
}

}  // namespace

std::string make_capability(const ApiOptions& options, const OwnRoutes& own) {
  std::string out = R"({"resourceType":"CapabilityStatement","status":"active","date":"2026-01-01","kind":"instance",)"
                    R"("software":{"name":"Joinedup shared record"},"implementation":{"description":"The shared record of an integrated care organisation","url":)";
  out += json_text(options.base_url);
  out += R"(},"fhirVersion":"4.0.1","format":["application/fhir+json","json"],"patchFormat":["application/json-patch+json","application/fhir+json"],)"
         R"("rest":[{"mode":"server","resource":[)";
  for (const auto& type : fhir::Definitions::r4().types())
    if (is_type(type)) out += (out.back() == '[' ? "" : ",") + resource(type, own);
  out += R"(],"interaction":[{"code":"transaction"},{"code":"batch"},{"code":"history-system"}],"operation":[)" + operations("", own) + "]}]}";
  return out;
}

Response capability_statement(const State& state, const Call& call) {
  static_cast<void>(call);
  return json_response(200, state.capability);
}

}  // namespace joinedup::rest
