// What the log and the metrics call a request: its route's template, never an id, a query or a word that a client chose.
// Inside this room only.
//
//   label_of("GET", "/fhir/Patient/123") -> {Route::instance, "Patient"};  route_name(Route::instance) == "/fhir/{type}/{id}"
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace joinedup::server {

enum class Route : std::uint8_t {
  page, reports, health, ready, metrics, system, metadata, type, search, instance, history, version, operation, compartment, other, unreadable, count
};
inline constexpr std::size_t route_count = static_cast<std::size_t>(Route::count);

struct RouteLabel {
  Route route = Route::other;
  std::string_view type;  // of the resource; empty where there is none. Points into a static table
};

std::string_view route_name(Route route);
RouteLabel label_of(std::string_view path);

// Requests that may wait for the disk or work long: they are not answered by the threads that serve everybody.
enum class Lane : std::uint8_t { quick, slow };
Lane lane_of(std::string_view method, const RouteLabel& label);

}  // namespace joinedup::server
