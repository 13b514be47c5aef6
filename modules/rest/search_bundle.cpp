#include "rest/search_bundle.hpp"

#include <chrono>

#include "fhir/values.hpp"

namespace joinedup::rest {

std::string now_text() {
  return fhir::instant_text(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

namespace {

Response run_search(const State& state, const Call& call, std::string_view query_text) {
  auto query = fhir::parse_query(call.type, query_text, call.prefer.handling);
  if (!query) return outcome_response(query.error());
  auto page = state.store.search(*query, call.permit);
  if (!page) return outcome_response(page.error());
  return search_response(state, call, *query, std::move(*page), state.options.base_url + (call.type.empty() ? "" : "/" + call.type));
}

}  // namespace

BundleWriter::BundleWriter(std::string_view type) {
  head_ = R"({"resourceType":"Bundle","id":")" + random_uuid() + R"(","meta":{"lastUpdated":")" + now_text() + R"("},"type":")" + std::string(type) + '"';
}

void BundleWriter::total(std::uint64_t count) {
  head_ += R"(,"total":)" + std::to_string(count);
}

void BundleWriter::link(std::string_view relation, std::string_view address, std::string_view query, std::string_view cursor) {
  std::string url(address);
  if (!query.empty()) url += "?" + std::string(query);
  if (!cursor.empty()) url += (query.empty() ? "?_cursor=" : "&_cursor=") + percent_encoded(cursor);
  links_ += (links_.empty() ? R"({"relation":")" : R"(,{"relation":")") + std::string(relation) + R"(","url":)" + json_text(url) + "}";
}

void BundleWriter::entry(std::string_view json) {
  entry({json});
}

void BundleWriter::entry(std::initializer_list<std::string_view> parts) {
  if (!entries_.empty()) entries_ += ',';
  for (const auto part : parts) entries_ += part;
}

void BundleWriter::entry(std::initializer_list<std::string_view> parts, Shown shown) {
  entry(parts);
  shown_.push_back(std::move(shown));
}

void BundleWriter::entry(std::string_view json, Shown shown) {
  entry({json}, std::move(shown));
}

Response BundleWriter::response() {
  head_.reserve(head_.size() + links_.size() + entries_.size() + 32);
  if (!links_.empty()) {
    head_ += R"(,"link":[)";
    head_ += links_;
    head_ += ']';
  }
  if (!entries_.empty()) {  // R4: no empty lists
    head_ += R"(,"entry":[)";
    head_ += entries_;
    head_ += ']';
  }
  head_ += '}';
  Response response = json_response(200, std::move(head_));
  response.shown = std::move(shown_);
  response.written = std::move(written_);
  return response;
}

Response search_response(const State& state, const Call& call, const fhir::Query& query, fhir::SearchPage page, std::string_view address) {
  BundleWriter bundle("searchset");
  if (page.total) bundle.total(*page.total);
  const std::string self = query.self();
  bundle.link("self", address, self, query.cursor);
  if (!page.next.empty()) bundle.link("next", address, self, page.next);
  std::size_t bytes = 0;
  for (const auto& entry : page.entries) bytes += entry.version.body.size() + state.options.base_url.size() + 192;
  bundle.expect(bytes);
  for (auto& entry : page.entries) {
    auto gives = shown(entry.version);
    bundle.entry({R"({"fullUrl":)", json_text(state.address(entry.version.type, entry.version.id)), R"(,"resource":)", shaped(std::move(entry.version.body), call.shape),
                  entry.mode == fhir::SearchEntry::Mode::match ? R"(,"search":{"mode":"match"}})" : R"(,"search":{"mode":"include"}})"},
                 std::move(gives));
  }
  if (!page.warnings.empty()) {
    std::vector<Issue> issues;
    for (const auto& warning : page.warnings) issues.push_back({"warning", "not-supported", warning, {}});
    bundle.entry(R"({"resource":)" + outcome_json(issues) + R"(,"search":{"mode":"outcome"}})");
  }
  return bundle.response();
}

Response search(const State& state, const Call& call) {
  return run_search(state, call, call.request.query);
}

Response search_by_post(const State& state, const Call& call) {
  std::string both = call.request.query;
  if (!both.empty() && !call.request.body.empty()) both += '&';
  return run_search(state, call, both + call.request.body);
}

Response search_compartment(const State& state, const Call& call) {
  std::string text = call.request.query;
  if (call.request.method == "POST") text += (text.empty() ? "" : "&") + call.request.body;
  auto query = fhir::parse_query(call.name == "*" ? "" : call.name, text, call.prefer.handling);
  if (!query) return outcome_response(query.error());
  query = fhir::in_compartment(std::move(*query), "Patient", call.id);
  if (!query) return outcome_response(query.error());
  auto page = state.store.search(*query, call.permit);
  if (!page) return outcome_response(page.error());
  return search_response(state, call, *query, std::move(*page), state.address("Patient", call.id) + "/" + call.name);
}

Response explain(const State& state, const Call& call) {
  auto query = fhir::parse_query(call.type, call.request.query, call.prefer.handling);
  if (!query) return outcome_response(query.error());
  // How a search runs says how many there are of things: only who may see everything may ask.
  if (!call.permit.everything()) return outcome_response({ErrorCode::forbidden, "Only those who may see every resource may ask how a search runs.", {}});
  fhir::SearchTrace trace;
  auto page = state.store.search(*query, call.permit, &trace);
  if (!page) return outcome_response(page.error());
  std::string out = R"({"resourceType":"Parameters","parameter":[)";
  for (const auto& step : trace.steps)
    out += R"({"name":"step","part":[{"name":"what","valueString":)" + json_text(step.what) + R"(},{"name":"estimate","valueDecimal":)" + std::to_string(step.estimate) + "}]},";
  out += R"({"name":"candidates","valueDecimal":)" + std::to_string(trace.candidates) + R"(},{"name":"read","valueDecimal":)" + std::to_string(trace.read) +
         R"(},{"name":"returned","valueDecimal":)" + std::to_string(page->entries.size()) + "}]}";
  return json_response(200, std::move(out));
}

}  // namespace joinedup::rest
