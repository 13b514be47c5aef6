#include "server/wire.hpp"

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/text.hpp"

namespace joinedup::server {

namespace {

std::string_view http_date_now() {
  thread_local std::time_t at = 0;
  thread_local char text[40];
  thread_local std::size_t size = 0;
  if (const std::time_t now = std::time(nullptr); now != at) {
    at = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return {text, size};
}

// A line break in a value would begin a header, or a body, that nobody wrote.
void add_clean(std::string& out, std::string_view value) {
  for (const char c : value)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) out += c;
}

}  // namespace

bool has_token(std::string_view list, std::string_view token) {
  for (const auto part : split(list, ','))
    if (lower_ascii(trim(part)) == token) return true;
  return false;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepted = false;
  for (const auto part : split(accept_encoding, ',')) {
    const auto pieces = split(part, ';');
    const auto name = lower_ascii(trim(pieces[0]));
    if (name != "gzip" && name != "*") continue;
    double quality = 1;
    for (std::size_t i = 1; i < pieces.size(); ++i)
      if (const auto word = trim(pieces[i]); word.starts_with("q=")) quality = std::strtod(std::string(word.substr(2)).c_str(), nullptr);
    if (name == "gzip") return quality > 0;
    accepted = quality > 0;
  }
  return accepted;
}

std::string response_head(const rest::Response& response, const HeadFacts& facts) {
  std::string out;
  out.reserve(512);
  out += facts.version >= 11 ? "HTTP/1.1 " : "HTTP/1.0 ";
  out += std::to_string(response.status);
  out += ' ';
  out += rest::status_text(response.status);
  out += "\r\nDate: ";
  out += http_date_now();
  out += "\r\n";
  bool has_cache_control = false, has_content_policy = false;
  for (const auto& header : response.headers) {
    add_clean(out, header.name);
    out += ": ";
    add_clean(out, header.value);
    out += "\r\n";
    const auto name = lower_ascii(header.name);
    has_cache_control = has_cache_control || name == "cache-control";
    has_content_policy = has_content_policy || name == "content-security-policy";
  }
  if (!has_cache_control) out += "Cache-Control: no-store\r\n";  // people's data, in nobody's cache
  // A resource that a browser is shown by itself loads, runs and frames nothing; pages say what they need.
  if (!has_content_policy) out += "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
  out += "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: ";
  out += facts.request;
  out += "\r\n";
  if (facts.is_tls) out += "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
  if (facts.is_packed) out += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
  if (facts.length) {
    out += "Content-Length: ";
    out += std::to_string(*facts.length);
    out += "\r\n";
  } else if (facts.is_chunked) out += "Transfer-Encoding: chunked\r\n";
  if (facts.keep == Keep::close) out += "Connection: close\r\n";
  else if (facts.version < 11) out += "Connection: keep-alive\r\n";
  return out += "\r\n";
}

rest::Response fault(int status, std::string_view code, std::string_view sentence) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", "application/fhir+json; charset=utf-8"});
  out.body = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")" + std::string(code) + R"(","diagnostics":")" + std::string(sentence) + R"("}]})";
  return out;
}

std::optional<Target> read_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (lower_ascii(target.substr(0, scheme.size())) == scheme) {
      const auto slash = target.find_first_of("/?", scheme.size());
      target = slash == target.npos ? std::string_view("/") : target.substr(slash);
      break;
    }
  if (target.empty() || (target[0] != '/' && target[0] != '?')) return {};
  const auto mark = target.find('?');
  Target out;
  out.path = target.substr(0, mark);
  if (mark != target.npos) out.query = target.substr(mark + 1);
  if (const auto fragment = out.query.find('#'); fragment != out.query.npos) out.query.resize(fragment);
  return out;
}

bool is_this_machine(std::string_view host) {
  if (host.starts_with("[")) host = host.substr(0, host.find(']') + 1);
  else host = host.substr(0, host.find(':'));
  const auto name = lower_ascii(host);
  if (name == "localhost" || name == "[::1]") return true;
  // 127.x.y.z
  if (!name.starts_with("127.")) return false;
  for (const char c : name)
    if (c != '.' && (c < '0' || c > '9')) return false;
  return true;
}

}  // namespace joinedup::server
