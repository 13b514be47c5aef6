#include "rest/rest.hpp"

#include "base/text.hpp"
#include "rest/bulk.hpp"
#include "rest/bundle.hpp"
#include "rest/routes.hpp"

namespace joinedup::rest {

namespace {

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == (b >= 'A' && b <= 'Z' ? b + 32 : b); };
  for (const auto& header : headers)
    if (std::equal(header.name.begin(), header.name.end(), name.begin(), name.end(), same)) return header.value;
  return {};
}

// A media type without its parameters.
std::string media_type(std::string_view text) {
  return lower_ascii(trim(text.substr(0, text.find(';'))));
}

// R4, binary.html: who asks for a Binary's own type, and not for FHIR's, gets what is in it.
Response unwrap_binary(Response read, std::string_view accept) {
  if (read.status != 200) return read;
  const auto tree = Json::parse(read.body);
  const Json* given = tree ? tree->find("contentType") : nullptr;
  const Json* data = tree ? tree->find("data") : nullptr;
  const auto type = given == nullptr ? std::string() : media_type(given->string());
  // It becomes a header: a type of plain characters only.
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("!#$&^_.+-/").find(c) != std::string_view::npos; };
  const bool wanted = std::count(type.begin(), type.end(), '/') == 1 && std::all_of(type.begin(), type.end(), plain) && [&] {
    for (const auto part : split(accept, ','))
      if (const auto one = media_type(part); one == type || (one.ends_with("/*") && type.starts_with(std::string_view(one).substr(0, one.size() - 1)))) return true;
    return false;
  }();
  auto bytes = data == nullptr ? Result<std::string>(std::string()) : decode_base64(data->string());
  if (!wanted || !bytes) return outcome_response(406, {{"error", "not-supported", "What this Binary holds is not of the type that Accept asks for. Accept: application/fhir+json gives it as a resource.", {}}});
  read.body = std::move(*bytes);
  std::erase_if(read.headers, [](const Header& one) { return one.name == "Content-Type"; });
  // Somebody else's file, from our own address: it is to be saved, not run.
  read.headers.insert(read.headers.end(), {{"Content-Type", type}, {"Content-Disposition", "attachment"}, {"X-Content-Type-Options", "nosniff"},
                                           {"Content-Security-Policy", "default-src 'none'; sandbox"}});
  return read;
}

bool is_json(std::string_view type) {
  return type == "application/fhir+json" || type == "application/json" || type == "application/json+fhir" || type == "text/json" || type == "json";
}

bool accepts_json(std::string_view accept) {
  if (trim(accept).empty()) return true;
  for (const auto part : split(accept, ',')) {
    const auto type = media_type(part);
    // An export's own manifest and files are asked for by their types.
    if (is_json(type) || type == "*/*" || type == "application/*" || type == "application/fhir+ndjson" || type == "application/ndjson") return true;
  }
  return false;
}

bool reads_binary(const Call& call, const Route& route) {
  const std::string_view interaction = route.interaction;
  return call.type == "Binary" && (interaction == "read" || interaction == "vread");
}

std::optional<Response> refuse_format(const Call& call) {
  auto format = call.parameter("_format");
  if (format) {
    // A + in a query is a space: application/fhir+json is often written so.
    std::string type = media_type(*format);
    std::replace(type.begin(), type.end(), ' ', '+');
    if (!is_json(type)) return outcome_response(406, {{"error", "not-supported", "This server answers in JSON only: _format=json.", {}}});
  } else if (!accepts_json(call.request.header("Accept"))) {
    return outcome_response(406, {{"error", "not-supported", "This server answers in JSON only: Accept: application/fhir+json.", {}}});
  }
  return {};
}

std::optional<Response> refuse_content(const Call& call, const Route& route) {
  const auto given = call.request.header("Content-Type");
  if (given.empty() || call.request.body.empty()) return {};
  const auto type = media_type(given);
  const std::string_view method = route.method;
  const bool form = std::string_view(route.pattern).ends_with("_search");
  bool fits = is_json(type);
  if (method == "PATCH") fits = type == "application/json-patch+json" || is_json(type);
  else if (form) fits = type == "application/x-www-form-urlencoded";
  else if (method == "GET" || method == "DELETE") fits = true;
  if (fits) return {};
  return outcome_response(415, {{"error", "not-supported",
                                 form ? "A search is posted as application/x-www-form-urlencoded."
                                 : method == "PATCH" ? "A patch is application/json-patch+json (JSON Patch) or application/fhir+json (FHIRPath Patch)."
                                                     : "This server reads JSON only: Content-Type: application/fhir+json.",
                                 {}}});
}

}  // namespace

std::string_view Request::header(std::string_view name) const { return find_header(headers, name); }
std::string_view Response::header(std::string_view name) const { return find_header(headers, name); }

State::State(fhir::Store& to, ApiOptions with) : store(to), options(std::move(with)) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  own_routes = std::make_unique<OwnRoutes>(options.operations);
  capability = make_capability(options, *own_routes);
  openapi = make_openapi(options, *own_routes);
  if (!options.export_folder.empty()) exports = std::make_unique<Exports>(store, options);
}
State::~State() = default;

Response answer(const State& state, const Request& request) {
  if (request.permit == nullptr) return outcome_response({ErrorCode::forbidden, "Nobody is known to ask.", {}});
  Call call{request, *request.permit, {}, {}, {}, {}, {}, {}, {}};
  const Found found = find_route(request.method, request.path, call, state.own_routes->split);
  if (found.route == nullptr && !found.allowed.empty()) {
    Response response = outcome_response(405, {{"error", "not-supported", "This address does not do what was asked. It does: " + found.allowed + ".", {}}});
    response.headers.push_back({"Allow", found.allowed});
    return response;
  }
  if (found.route == nullptr) return outcome_response(404, {{"error", "not-found", "There is no such address here.", {}}});
  if (!request.query.empty()) call.parameters = read_parameters(request.query);
  if (std::string_view(found.route->pattern).ends_with("/_search"))
    for (auto& parameter : read_parameters(request.body)) call.parameters.push_back(std::move(parameter));
  call.prefer = read_prefer(request.header("Prefer"));
  if (auto refused = refuse_format(call)) {
    if (call.parameter("_format") || !reads_binary(call, *found.route)) return std::move(*refused);
    return unwrap_binary(found.route->answer(state, call), request.header("Accept"));
  }
  if (auto refused = refuse_content(call, *found.route)) return std::move(*refused);
  if (!call.parameters.empty()) {
    auto shape = read_shape(call.parameter("_summary").value_or(""), call.parameter("_elements").value_or(""));
    if (!shape) return outcome_response(shape.error());
    call.shape = std::move(*shape);
  }
  Response response = found.route->operation != nullptr ? answer_operation(state, call, *found.route->operation) : found.route->answer(state, call);
  if (call.parameter("_pretty") == "true" && !response.more && response.header("Content-Type").find("json") != std::string_view::npos) {
    if (auto tree = Json::parse(response.body)) {
      response.body.clear();
      tree->write_pretty(response.body);
    }
  }
  return response;
}

Api::Api(fhir::Store& store, ApiOptions options) : state_(new State(store, std::move(options))) {}
Api::~Api() = default;

Response Api::handle(const Request& request) const {
  try {
    Response response = answer(*state_, request);
    if (request.method == "HEAD") response.body.clear(), response.more = nullptr, response.shown.clear();
    return response;
  } catch (const std::bad_alloc&) {
    return outcome_response({ErrorCode::too_large, "There is not enough memory to answer this.", {}});
  } catch (const std::exception&) {
    return outcome_response({ErrorCode::internal, "The request could not be answered: a fault of this server's own.", {}});
  }
}

}  // namespace joinedup::rest
