#include "web/web.hpp"

#include <array>
#include <string>
#include <unordered_map>

#include "base/text.hpp"
#include "web_embedded.hpp"

namespace joinedup::web {

namespace {

// Scripts, styles and pictures come from here and from nowhere else; nothing is inline; no page elsewhere may frame ours.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'";

const std::unordered_map<std::string_view, std::string_view>& files() {
  static const auto all = [] {
    std::unordered_map<std::string_view, std::string_view> out;
    for (const auto& file : embedded_web()) {
      std::string_view name = file.name;
      name.remove_prefix(std::string_view("dist").size());  // "/index.html"
      out.emplace(name, file.text);
    }
    return out;
  }();
  return all;
}

std::string_view type_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types = {{{".html", "text/html; charset=utf-8"},
                                                                                           {".js", "text/javascript; charset=utf-8"},
                                                                                           {".css", "text/css; charset=utf-8"},
                                                                                           {".svg", "image/svg+xml"},
                                                                                           {".json", "application/json"},
                                                                                           {".png", "image/png"}}};
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return {};
}

// Whether a coding is among those that the browser takes, and not at quality 0.
bool accepts(std::string_view header, std::string_view coding) {
  for (const auto part : split(header, ',')) {
    const auto name = trim(part.substr(0, part.find(';')));
    if (lower_ascii(name) != coding) continue;
    const auto quality = part.find("q=");
    return quality == part.npos || part.substr(quality + 2).find_first_of("123456789") != part.npos;
  }
  return false;
}

rest::Response file(const rest::Request& request, std::string_view name) {
  const auto& all = files();
  rest::Response out;
  out.headers.push_back({"Content-Type", std::string(type_of(name))});
  out.headers.push_back({"Vary", "Accept-Encoding"});
  out.headers.push_back({"Content-Security-Policy", content_policy});
  out.headers.push_back({"X-Frame-Options", "DENY"});
  out.headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  out.headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
  out.headers.push_back({"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"});
  // A name under /assets/ holds the hash of its content; the shell is asked for anew each time.
  out.headers.push_back({"Cache-Control", name.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"});
  const auto accepted = request.header("Accept-Encoding");
  for (const auto& [coding, ending] : {std::pair("br", ".br"), std::pair("gzip", ".gz")}) {
    const auto packed = all.find(std::string(name) + ending);
    if (packed == all.end() || !accepts(accepted, coding)) continue;
    out.headers.push_back({"Content-Encoding", coding});
    out.body = std::string(packed->second);
    return out;
  }
  out.body = std::string(all.at(name));
  return out;
}

bool is_below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace

bool is_workspace(std::string_view path) {
  if (path == "/my-day" || path == "/cases" || path == "/cases/find") return true;
  if (path.starts_with("/person/") && path.size() > std::string_view("/person/").size()) return true;
  for (const std::string_view root : {"/meeting", "/referrals", "/team", "/me", "/guardian", "/office"})
    if (is_below(path, root)) return true;
  return false;
}

std::optional<rest::Response> page(const rest::Request& request) {
  const auto& all = files();
  const bool is_shell = is_workspace(request.path);
  const bool is_file = !is_shell && request.path != "/index.html" && !type_of(request.path).empty() && all.contains(request.path);
  if (!is_shell && !is_file) return {};
  if (request.method != "GET" && request.method != "HEAD") {
    rest::Response out;
    out.status = 405;
    out.headers = {{"Allow", "GET, HEAD"}, {"Content-Type", "text/plain; charset=utf-8"}};
    out.body = "This address takes GET.\n";
    return out;
  }
  if (is_file) return file(request, request.path);
  if (!all.contains("/index.html")) {
    rest::Response out;
    out.status = 503;
    out.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    out.body = "This program was built without the workspace's pages. ./run build makes them.\n";
    return out;
  }
  return file(request, "/index.html");
}

}  // namespace joinedup::web
