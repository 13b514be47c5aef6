// Versions of one resource, a type, or everything.
#include <algorithm>
#include <charconv>
#include <limits>

#include "fhir/values.hpp"
#include "rest/search_bundle.hpp"
#include "rest/state.hpp"

namespace joinedup::rest {

namespace {

const char* verb(fhir::Method method) {
  return method == fhir::Method::create ? "POST" : method == fhir::Method::update ? "PUT" : "DELETE";
}

std::string history_entry(const State& state, const Call& call, fhir::Version& version, const std::string& id = {}) {
  const std::string local = version.method == fhir::Method::create ? version.type : version.type + "/" + version.id;
  std::string out = id.empty() ? "{" : R"({"id":")" + id + R"(",)";
  out += R"("fullUrl":)" + json_text(state.address(version.type, version.id));
  const auto instant = fhir::instant_text(version.instant);
  const auto method = version.method;
  if (!version.body.empty()) out += R"(,"resource":)" + shaped(std::move(version.body), call.shape);
  out += std::string(R"(,"request":{"method":")") + verb(method) + R"(","url":)" + json_text(local) + R"(},"response":{"status":")";
  out += method == fhir::Method::create ? "201" : method == fhir::Method::update ? "200" : "204";
  return out + R"(","etag":)" + json_text(etag(version.version)) + R"(,"lastModified":")" + instant + "\"}}";
}

constexpr std::size_t most_at_once = 1'000;

// The versions of one resource that were the current one at some moment of a period, the newest first.
Result<std::vector<fhir::Version>> versions_at(const State& state, const Call& call, const fhir::Period& when) {
  fhir::HistoryRequest request{.type = call.type, .id = call.id, .since = {}, .count = fhir::most_per_page, .cursor = {}};
  std::vector<fhir::Version> out;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();  // when the version was replaced
  do {
    JOINEDUP_TRY(auto page, state.store.history(request, call.permit));
    for (auto& version : page.versions) {
      const auto from = version.instant;
      if (from <= when.high && until > when.low && version.method != fhir::Method::remove) out.push_back(std::move(version));
      until = from;
      if (out.size() > most_at_once) return fail(ErrorCode::too_large, "More than " + std::to_string(most_at_once) + " versions were current in that time. Give a shorter one.");
      if (from < when.low) return out;
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  return out;
}

}  // namespace

Response history(const State& state, const Call& call) {
  fhir::HistoryRequest request{.type = call.type, .id = call.id, .since = {}, .count = 100, .cursor = {}};
  std::string self;
  std::optional<fhir::Period> at;
  for (const auto& [name, value] : call.parameters) {
    if (name == "_since" || name == "_at") {
      auto period = fhir::date_period(value);
      std::string instant = value;
      if (!period) std::replace(instant.begin(), instant.end(), ' ', '+'), period = fhir::date_period(instant);  // the zone's + in an address
      if (!period) return outcome_response({ErrorCode::wrong_usage, name + " is not given as a date or an instant.", {}});
      if (name == "_at" && call.id.empty()) return outcome_response({ErrorCode::wrong_usage, "_at is offered for the history of one resource only; use _since.", {}});
      if (name == "_at") at = *period;
      else request.since = period->low;
    } else if (name == "_count") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), request.count);
      if (error != std::errc() || end != value.data() + value.size()) return outcome_response({ErrorCode::wrong_usage, "_count is not a number.", {}});
      request.count = std::clamp<std::size_t>(request.count, 1, fhir::most_per_page);
    } else if (name == "_cursor") {
      request.cursor = value;
      continue;
    } else if (name != "_format" && name != "_pretty" && name != "_summary" && name != "_elements") {
      if (call.prefer.handling == fhir::Handling::strict)
        return outcome_response({ErrorCode::wrong_usage, "The parameter " + name + " is not known for history.", {}});
      continue;
    }
    self += (self.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
  }
  Result<fhir::HistoryPage> page;
  if (at) {
    auto versions = versions_at(state, call, *at);
    if (!versions) return outcome_response(versions.error());
    page->versions = std::move(*versions);
  } else {
    page = state.store.history(request, call.permit);
    if (!page) return outcome_response(page.error());
  }
  // Denied and absent are the same: a history of which nothing may be seen, at whatever time, is no history.
  const auto unseen = [&] {
    if (!request.since && !at) return true;
    const auto any = state.store.history({.type = call.type, .id = call.id, .since = {}, .count = 1, .cursor = {}}, call.permit);
    return !any || any->versions.empty();
  };
  if (!call.id.empty() && page->versions.empty() && request.cursor.empty() && unseen())
    return outcome_response({ErrorCode::not_found, "There is no such resource.", {}});
  BundleWriter bundle("history");
  const std::string address = state.options.base_url + (call.type.empty() ? "" : "/" + call.type) + (call.id.empty() ? "" : "/" + call.id) + "/_history";
  bundle.link("self", address, self, request.cursor);
  if (!page->next.empty()) bundle.link("next", address, self, page->next);
  for (auto& version : page->versions) {
    auto gives = shown(version);
    bundle.entry(history_entry(state, call, version), std::move(gives));
  }
  return bundle.response();
}

// Every version after a number, in the order in which they were committed: for those who follow the record. The number of
// a change is its entry's id; the link "next" goes on after the last one looked at, and can be asked again for what comes later.
// Its numbers count what everybody wrote, so it is for those who may take everything that they see at once.
Response changes(const State& state, const Call& call) {
  if (!call.permit.everything() && !call.permit.allows(fhir::Action::everything_export, {}))
    return outcome_response({ErrorCode::forbidden, "You are not allowed to follow the record.", {}});
  std::uint64_t after = 0;
  std::size_t count = 100;
  for (const auto& [name, value] : call.parameters) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool good = error == std::errc() && end == value.data() + value.size();
    if ((name == "_after" || name == "_count") && !good) return outcome_response({ErrorCode::wrong_usage, name + " is not a number.", {}});
    if (name == "_after") after = number;
    else if (name == "_count") count = std::clamp<std::size_t>(number, 1, fhir::most_per_page);
    else if (call.prefer.handling == fhir::Handling::strict && name != "_format" && name != "_pretty")
      return outcome_response({ErrorCode::wrong_usage, "The parameter " + name + " is not known for changes.", {}});
  }
  auto page = state.store.changes(after, count, call.permit);
  if (!page) return outcome_response(page.error());
  BundleWriter bundle("history");
  const std::string address = state.options.base_url + "/_changes", counted = "&_count=" + std::to_string(count);
  bundle.link("self", address, "_after=" + std::to_string(after) + counted, "");
  bundle.link("next", address, "_after=" + std::to_string(page->next) + counted, "");
  for (auto& change : page->changes) {
    auto gives = shown(change.version);
    bundle.entry(history_entry(state, call, change.version, std::to_string(change.sequence)), std::move(gives));
  }
  return bundle.response();
}

}  // namespace joinedup::rest
