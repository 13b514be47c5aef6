#include "server/route_label.hpp"

#include <vector>

#include "base/text.hpp"
#include "fhir/fhir.hpp"

namespace joinedup::server {

std::string_view route_name(Route route) {
  static constexpr std::array<std::string_view, route_count> names = {
      "/", "/reports/{file}", "/healthz", "/readyz", "/metrics", "/fhir", "/fhir/metadata", "/fhir/{type}", "/fhir/{type}/_search", "/fhir/{type}/{id}",
      "/fhir/{…}/_history", "/fhir/{type}/{id}/_history/{version}", "/fhir/{…}/${operation}", "/fhir/{type}/{id}/{type}", "{other}", "{unreadable}"};
  return names[static_cast<std::size_t>(route)];
}

namespace {

// The type's name out of our own table, so that no word of a client's is kept.
std::string_view known_type(std::string_view word) {
  const auto& r4 = fhir::Definitions::r4();
  const int number = r4.type_number(word);
  return number < 0 ? std::string_view() : std::string_view(r4.types()[static_cast<std::size_t>(number)]);
}

}  // namespace

RouteLabel label_of(std::string_view path) {
  if (path == "/" || path.empty()) return {Route::page, {}};
  if (path == "/healthz") return {Route::health, {}};
  if (path == "/readyz") return {Route::ready, {}};
  if (path == "/metrics") return {Route::metrics, {}};
  if (path.starts_with("/reports")) return {Route::reports, {}};
  if (path != "/fhir" && !path.starts_with("/fhir/")) return {Route::other, {}};
  std::vector<std::string_view> parts;
  for (const auto part : split(path.substr(5), '/'))
    if (!part.empty() && parts.size() < 6) parts.push_back(part);
  if (parts.empty()) return {Route::system, {}};
  const auto type = known_type(parts[0]);
  if (parts[0] == "metadata" && parts.size() == 1) return {Route::metadata, {}};
  for (const auto part : parts)
    if (part.starts_with("$") || part.starts_with("%24")) return {Route::operation, type};
  if (parts.back() == "_search") return {Route::search, type};
  if (parts.back() == "_history") return {Route::history, type};
  if (type.empty()) return {Route::other, {}};
  if (parts.size() == 1) return {Route::type, type};
  if (parts.size() == 2) return {Route::instance, type};
  if (parts.size() == 4 && parts[2] == "_history") return {Route::version, type};
  if (parts.size() == 3) return {Route::compartment, type};
  return {Route::other, type};
}

Lane lane_of(std::string_view method, const RouteLabel& label) {
  if (label.route == Route::search) return Lane::quick;
  if (method != "GET" && method != "HEAD") return Lane::slow;
  switch (label.route) {
    case Route::operation:
    case Route::metadata:
    case Route::system:
    case Route::reports:
    case Route::other: return Lane::slow;
    default: return Lane::quick;
  }
}

}  // namespace joinedup::server
