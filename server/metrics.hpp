// Counters that any thread may add to, and Prometheus's text of them. Inside this room only.
//
//   metrics.count("GET", Route::instance, 200, 0.0004, 1234);
//   metrics.text(store_figures)
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "fhir/fhir.hpp"
#include "server/route_label.hpp"

namespace joinedup::server {

class Metrics {
 public:
  void count(std::string_view method, Route route, int status, double seconds, std::uint64_t bytes);
  std::string text(const fhir::StoreFigures& figures) const;

  std::atomic<std::int64_t> open_connections{0}, accepted{0}, refused{0}, timed_out{0}, log_lines_lost{0};

 private:
  static constexpr std::array<std::string_view, 8> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};
  static constexpr std::array<int, 26> statuses = {200, 201, 202, 204, 206, 301, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 500, 501, 503, 507, 0};
  static constexpr std::array<double, 14> bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30};
  using Counter = std::atomic<std::uint64_t>;
  struct OfRoute {
    std::array<std::array<Counter, statuses.size()>, methods.size()> requests{};
    std::array<Counter, bounds.size() + 1> slower{};  // the last: beyond every bound
    Counter microseconds{0}, bytes{0};
  };
  std::array<OfRoute, route_count> routes_{};
};

}  // namespace joinedup::server
