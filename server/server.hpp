// The door on the network: HTTP/1.1 and TLS in front of rest::Api. The only header that other rooms include.
//
//   JOINEDUP_TRY(auto server, Server::listen({.port = 0, .access = Access::anyone_on_this_machine}));
//   rest::Api api(*store, {.base_url = server->base_url()});
//   server->serve([&](const rest::Request& r) { return api.handle(r); }, [&] { return store->figures(); });   // answers from here on
//   server->stop();                                           // open requests are finished, within limits.stop
//
// Plain HTTP is spoken on this machine only; any other address needs a certificate. Nothing that a stranger sends makes the
// server hold more than its limits say. Log and metrics hold no personal data: routes by their templates, never ids or queries.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"

namespace joinedup::server {

// Who may ask: nobody; anyone who is on this machine already (tests); or whom the handlers find signed in, which then set the permit.
enum class Access : std::uint8_t { nobody, anyone_on_this_machine, handler_decides };

struct Limits {
  using Time = std::chrono::milliseconds;
  std::size_t header_bytes = 32 * 1024;
  std::size_t body_bytes = 32 * 1024 * 1024;        // of one request, packed or not
  std::size_t bodies_bytes = 128 * 1024 * 1024;     // of all requests at a time
  std::size_t connections = 2048;
  std::size_t connections_per_address = 512;
  Time handshake{10'000};
  Time header{10'000};                              // from a request's first byte to the end of its header
  Time idle{60'000};                                // between requests
  Time body_grace{20'000};                          // a body may take this long, and longer only at body_rate
  std::size_t body_rate = 10'000;                   // bytes a second
  Time write_grace{30'000};                         // the same for the answer
  Time stop{15'000};                                // how long open requests may take to finish when asked to stop
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                           // 0: the system picks one
  std::string tls_certificate_file, tls_key_file;   // PEM; both or neither
  std::string base_url;                             // where clients see us, if not at this address (behind a proxy)
  Access access = Access::nobody;
  std::string reports_folder;                       // aggregate reports, served at /reports/ on this machine; may be empty
  std::string access_log = "-";                     // a file; "-": standard error; "": none
  unsigned threads = 0;                             // that read and search; 0: as many as there are cores, and one
  unsigned writers = 64;                            // writes that may wait for the disk together
  Limits limits;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> listen(ServerOptions options);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::string base_url() const = 0;         // "http://127.0.0.1:8080/fhir"
  using Figures = std::function<fhir::StoreFigures()>;
  using Handler = std::function<rest::Response(rest::Request&)>;  // what is below /fhir; any thread. It may set the permit
  // `pages`: what is at none of this server's own addresses (sign-in, OAuth, web pages); the path is whole there.
  virtual void serve(Handler fhir, Figures figures, Handler pages = {}) = 0;
  virtual void stop() = 0;                          // returns when the last connection has ended
  virtual void adopt(int socket) = 0;               // a connected stream socket is served as if it had been accepted (tests)
};

}  // namespace joinedup::server
