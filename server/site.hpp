// Which part of the house answers a request: the front page, reports, health, metrics, or FHIR for whoever may ask. No sockets.
// Inside this room only.
//
//   Site site(options, metrics);  site.open(handler, figures);
//   rest::Response out = site.answer(request, label);       // request.path is the whole path here, "/fhir/Patient/1"
#pragma once
#include <atomic>
#include <optional>
#include <string>

#include "server/metrics.hpp"
#include "server/server.hpp"

namespace joinedup::server {

class Site {
 public:
  Site(const ServerOptions& options, Metrics& metrics);
  void open(Server::Handler handler, Server::Figures figures, Server::Handler pages);
  void close() { ready_ = false; }
  rest::Response answer(rest::Request& request, const RouteLabel& label) const;

 private:
  rest::Response front_page() const;
  rest::Response report(std::string_view path) const;
  rest::Response fhir(rest::Request& request) const;
  std::optional<rest::Response> refused_by_address(const rest::Request& request) const;  // where there is no sign-in

  const ServerOptions& options_;
  Metrics& metrics_;
  Server::Handler handler_, pages_;
  Server::Figures figures_;
  std::atomic<bool> ready_{false};
};

}  // namespace joinedup::server
