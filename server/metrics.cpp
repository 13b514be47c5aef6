#include "server/metrics.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace joinedup::server {

void Metrics::count(std::string_view method, Route route, int status, double seconds, std::uint64_t bytes) {
  const auto m = static_cast<std::size_t>(std::find(methods.begin(), methods.end() - 1, method) - methods.begin());
  const auto s = static_cast<std::size_t>(std::find(statuses.begin(), statuses.end() - 1, status) - statuses.begin());
  const auto b = static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin());
  auto& of = routes_[static_cast<std::size_t>(route)];
  of.requests[m][s].fetch_add(1, std::memory_order_relaxed);
  of.slower[b].fetch_add(1, std::memory_order_relaxed);
  of.microseconds.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
  of.bytes.fetch_add(bytes, std::memory_order_relaxed);
}

std::string Metrics::text(const fhir::StoreFigures& figures) const {
  std::string out;
  const auto gauge = [&](const char* name, const char* kind, const char* help, auto value) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + name + " " + std::to_string(value) + "\n";
  };
  out += "# HELP joinedup_http_requests_total Requests answered.\n# TYPE joinedup_http_requests_total counter\n";
  for (std::size_t r = 0; r < route_count; ++r)
    for (std::size_t m = 0; m < methods.size(); ++m)
      for (std::size_t s = 0; s < statuses.size(); ++s)
        if (const auto n = routes_[r].requests[m][s].load(std::memory_order_relaxed))
          out += "joinedup_http_requests_total{method=\"" + std::string(methods[m]) + "\",route=\"" + std::string(route_name(static_cast<Route>(r))) + "\",status=\"" +
                 (statuses[s] == 0 ? "other" : std::to_string(statuses[s])) + "\"} " + std::to_string(n) + "\n";
  out += "# HELP joinedup_http_request_seconds Time from a request's arrival to the last byte of its answer.\n# TYPE joinedup_http_request_seconds histogram\n";
  for (std::size_t r = 0; r < route_count; ++r) {
    const auto& of = routes_[r];
    std::uint64_t sum = 0;
    std::string lines;
    const std::string route = "route=\"" + std::string(route_name(static_cast<Route>(r))) + "\"";
    for (std::size_t b = 0; b <= bounds.size(); ++b) {
      sum += of.slower[b].load(std::memory_order_relaxed);
      lines += "joinedup_http_request_seconds_bucket{" + route + ",le=\"" + (b < bounds.size() ? format_number(bounds[b]) : "+Inf") + "\"} " + std::to_string(sum) + "\n";
    }
    if (sum == 0) continue;
    out += lines + "joinedup_http_request_seconds_sum{" + route + "} " + format_number(static_cast<double>(of.microseconds.load()) * 1e-6) + "\n" +
           "joinedup_http_request_seconds_count{" + route + "} " + std::to_string(sum) + "\n";
  }
  out += "# HELP joinedup_http_response_bytes_total Bytes of answers' bodies.\n# TYPE joinedup_http_response_bytes_total counter\n";
  for (std::size_t r = 0; r < route_count; ++r)
    if (const auto n = routes_[r].bytes.load(std::memory_order_relaxed))
      out += "joinedup_http_response_bytes_total{route=\"" + std::string(route_name(static_cast<Route>(r))) + "\"} " + std::to_string(n) + "\n";
  gauge("joinedup_connections_open", "gauge", "Connections open now.", open_connections.load());
  gauge("joinedup_connections_accepted_total", "counter", "Connections accepted.", accepted.load());
  gauge("joinedup_connections_refused_total", "counter", "Connections refused because there were too many.", refused.load());
  gauge("joinedup_connections_timed_out_total", "counter", "Connections ended because their peer was too slow.", timed_out.load());
  gauge("joinedup_log_lines_lost_total", "counter", "Lines of the access log that could not be written.", log_lines_lost.load());
  gauge("joinedup_store_versions", "gauge", "Versions of resources in the shared record.", figures.rows);
  gauge("joinedup_store_superseded", "gauge", "Of these, superseded by a later one or a deletion.", figures.dead);
  gauge("joinedup_store_index_segments", "gauge", "Segments of the search index.", figures.segments);
  return out;
}

}  // namespace joinedup::server
