#include "rest/rest.hpp"

#include <ctime>

#include "base/text.hpp"
#include "rest/outcome.hpp"

namespace joinedup::rest {

namespace {

std::string_view find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const auto& header : headers)
    if (lower_ascii(header.name) == lower_ascii(name)) return header.value;
  return {};
}

std::string http_date(std::int64_t instant) {
  const std::time_t seconds = instant / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

Response version_response(int status, const fhir::Version& version) {
  Response response = json_response(status, version.body);
  response.headers.push_back({"ETag", "W/\"" + std::to_string(version.version) + "\""});
  response.headers.push_back({"Last-Modified", http_date(version.instant)});
  return response;
}

}  // namespace

std::string_view Request::header(std::string_view name) const { return find_header(headers, name); }
std::string_view Response::header(std::string_view name) const { return find_header(headers, name); }

struct Api::State {
  fhir::Store& store;
  ApiOptions options;

  Response write(const fhir::Write& write, const fhir::Permit& permit) const {
    auto written = store.write({write});
    if (!written) return outcome_response(written.error());
    const auto& done = written->front();
    if (done.method == fhir::Method::remove) return {.status = 204, .headers = {}, .body = {}, .more = {}};
    auto kept = store.read_version(done.type, done.id, done.version, permit);
    if (!kept) return outcome_response(kept.error());
    Response response = version_response(done.method == fhir::Method::create ? 201 : 200, *kept);
    response.headers.push_back({"Location", options.base_url + "/" + done.type + "/" + done.id + "/_history/" + std::to_string(done.version)});
    return response;
  }

  Response search(const Request& request, std::string_view type) const {
    auto query = fhir::parse_query(type, request.query);
    if (!query) return outcome_response(query.error());
    auto page = store.search(*query, *request.permit);
    if (!page) return outcome_response(page.error());
    std::string body = R"({"resourceType":"Bundle","type":"searchset","entry":[)";
    for (const auto& entry : page->entries) {
      if (&entry != &page->entries.front()) body += ',';
      body += R"({"fullUrl":)" + json_text(options.base_url + "/" + entry.version.type + "/" + entry.version.id) + R"(,"resource":)" + entry.version.body +
              R"(,"search":{"mode":")" + (entry.mode == fhir::SearchEntry::Mode::match ? "match" : "include") + "\"}}";
    }
    return json_response(200, body + "]}");
  }
};

Api::Api(fhir::Store& store, ApiOptions options) : state_(new State{store, std::move(options)}) {}
Api::~Api() = default;

Response Api::handle(const Request& request) const {
  if (request.permit == nullptr) return outcome_response({ErrorCode::forbidden, "Nobody is known to ask.", {}});
  std::vector<std::string> parts;
  for (const auto part : split(request.path, '/'))
    if (!part.empty()) parts.push_back(fhir::decode_query(part));
  const auto& store = state_;
  if (parts.size() == 1 && request.method == "GET") return store->search(request, parts[0]);
  if (parts.size() == 1 && request.method == "POST")
    return store->write({.kind = fhir::Write::Kind::create, .type = parts[0], .id = {}, .body = request.body, .if_match = {}}, *request.permit);
  if (parts.size() == 2 && request.method == "PUT")
    return store->write({.kind = fhir::Write::Kind::update, .type = parts[0], .id = parts[1], .body = request.body, .if_match = {}}, *request.permit);
  if (parts.size() == 2 && request.method == "DELETE")
    return store->write({.kind = fhir::Write::Kind::remove, .type = parts[0], .id = parts[1], .body = {}, .if_match = {}}, *request.permit);
  if (parts.size() == 2 && request.method == "GET") {
    auto version = state_->store.read(parts[0], parts[1], *request.permit);
    return version ? version_response(200, *version) : outcome_response(version.error());
  }
  return outcome_response({ErrorCode::unsupported, "This server does not do " + request.method + " here.", {}});
}

}  // namespace joinedup::rest
