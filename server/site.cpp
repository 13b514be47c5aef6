#include "server/site.hpp"

#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "server/wire.hpp"

namespace joinedup::server {

namespace {

rest::Response text_response(int status, std::string_view type, std::string body) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", std::string(type)});
  out.body = std::move(body);
  return out;
}

rest::Response not_allowed(std::string_view allow) {
  auto out = fault(405, "not-supported", "This address takes " + std::string(allow) + " only.");
  out.headers.push_back({"Allow", std::string(allow)});
  return out;
}

// Names that a report's folder may hold: no way up, no hidden file.
bool is_plain_name(std::string_view name) {
  if (name.empty() || name[0] == '.' || name.size() > 100) return false;
  for (const char c : name)
    if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-')) return false;
  return true;
}

}  // namespace

Site::Site(const ServerOptions& options, Metrics& metrics) : options_(options), metrics_(metrics) {}

void Site::open(Server::Handler handler, Server::Figures figures, Server::Handler pages) {
  handler_ = std::move(handler);
  pages_ = std::move(pages);
  figures_ = std::move(figures);
  ready_ = true;
}

rest::Response Site::front_page() const {
  const bool has_report = !options_.reports_folder.empty() && std::filesystem::exists(options_.reports_folder + "/index.html");
  std::string body = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Joinedup</title>"
      "<style>body{font:19px/1.5 Arial,sans-serif;max-width:40em;margin:2em auto;padding:0 1em}</style>"
      "<h1>Joinedup</h1><p>The information system of an integrated care organisation. This is its server.</p><ul>";
  body += has_report ? "<li><a href=\"/reports/index.html\">The report of the last refresh</a>: aggregates, small numbers suppressed.</li>"
                     : "<li>There is no report yet: <code>joinedup refresh</code> makes one.</li>";
  body += "<li>The shared record, FHIR R4, is at <code>/fhir</code>; <a href=\"/fhir/metadata\">what it does</a>. ";
  body += options_.access == Access::nobody ? "It answers nobody until sign-in is set up."
          : options_.access == Access::handler_decides ? "It answers those who are signed in."
                                                       : "It answers whoever is on this machine: for tests only.";
  if (options_.access == Access::handler_decides) body += "</li><li><a href=\"/login\">Sign in</a> to the workspace.";
  body += "</li><li><a href=\"/healthz\">Health</a>, <a href=\"/readyz\">readiness</a>, <a href=\"/metrics\">metrics</a>.</li></ul></html>\n";
  auto out = text_response(200, "text/html; charset=utf-8", std::move(body));
  out.headers.push_back({"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"});
  return out;
}

rest::Response Site::report(std::string_view path) const {
  auto name = path.substr(std::string_view("/reports").size());
  if (name.empty() || name == "/") {
    auto out = text_response(301, "text/plain; charset=utf-8", {});
    out.headers.push_back({"Location", "/reports/index.html"});
    return out;
  }
  name.remove_prefix(1);
  static constexpr std::pair<std::string_view, std::string_view> kinds[] = {
      {".html", "text/html; charset=utf-8"}, {".csv", "text/csv; charset=utf-8"}, {".json", "application/json"}, {".svg", "image/svg+xml"}};
  for (const auto& [ending, type] : kinds) {
    if (options_.reports_folder.empty() || path[8] != '/' || !name.ends_with(ending) || !is_plain_name(name)) continue;
    auto text = read_file(options_.reports_folder + "/" + std::string(name));
    if (!text) break;
    auto out = text_response(200, type, std::move(*text));
    out.headers.push_back({"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"});
    return out;
  }
  return fault(404, "not-found", "There is no such report.");
}

// Without sign-in a web page from elsewhere must not act, or listen, through a browser on this machine.
std::optional<rest::Response> Site::refused_by_address(const rest::Request& request) const {
  if (options_.access != Access::anyone_on_this_machine) return {};
  if (!is_this_machine(request.header("Host"))) return fault(421, "security", "Without sign-in this server answers to this machine's own names only.");
  if (const auto origin = request.header("Origin"); !origin.empty() && !is_this_machine(origin.substr(std::min(origin.size(), origin.find("//") + 2))))
    return fault(403, "security", "Without sign-in this server takes no requests that pages from elsewhere make.");
  return {};
}

rest::Response Site::fhir(rest::Request& request) const {
  static const fhir::PermitAll anyone;
  if (!ready_) return fault(503, "transient", "The shared record is being opened or closed. Try again in a moment.");
  request.path.erase(0, std::string_view("/fhir").size());
  if (options_.access == Access::nobody) {
    auto out = fault(401, "login", "Nobody is signed in, and this server has no sign-in yet. It answers on this machine only, with --insecure-no-auth, for tests.");
    out.headers.push_back({"WWW-Authenticate", "Bearer realm=\"joinedup\""});
    return out;
  }
  if (options_.access == Access::handler_decides) return handler_(request);
  if (auto refused = refused_by_address(request)) return std::move(*refused);
  request.permit = &anyone;
  return handler_(request);
}

rest::Response Site::answer(rest::Request& request, const RouteLabel& label) const {
  try {
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    switch (label.route) {
      case Route::page:
        if (!is_read) return not_allowed("GET");
        // Whoever is signed in is sent on to their own start; the front page is for the others.
        if (ready_ && pages_ && options_.access == Access::handler_decides)
          if (auto out = pages_(request); out.status != 404) return out;
        return front_page();
      case Route::reports: return is_read ? report(request.path) : not_allowed("GET");
      case Route::health: return is_read ? text_response(200, "text/plain; charset=utf-8", "ok\n") : not_allowed("GET");
      case Route::ready:
        if (!is_read) return not_allowed("GET");
        return ready_ ? text_response(200, "text/plain; charset=utf-8", "ready\n") : text_response(503, "text/plain; charset=utf-8", "not ready\n");
      case Route::metrics:
        if (!is_read) return not_allowed("GET");
        return text_response(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text(ready_ && figures_ ? figures_() : fhir::StoreFigures{}));
      default: break;
    }
    if (request.path == "/fhir" || request.path.starts_with("/fhir/")) return fhir(request);
    if (ready_ && pages_) {
      if (auto refused = refused_by_address(request)) return std::move(*refused);
      return pages_(request);
    }
    return fault(404, "not-found", "There is nothing at this address. The shared record is at /fhir.");
  } catch (const std::bad_alloc&) {
    return fault(503, "throttled", "There is not enough memory for this request now. Try again, with less at a time.");
  } catch (const std::exception&) {
    return fault(500, "exception", "The request could not be finished; this is a fault of the program.");
  }
}

}  // namespace joinedup::server
