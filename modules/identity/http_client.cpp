#include "identity/http_client.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>

#include "base/public_address.hpp"
#include "base/text.hpp"

namespace joinedup::identity {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

bool is_private_network(const asio::ip::address& address) {
  if (address.is_v6()) return (address.to_v6().to_bytes()[0] & 0xFE) == 0xFC;
  const auto a = address.to_v4().to_uint();
  return (a >> 24) == 10 || (a >> 20) == 0xAC1 || (a >> 16) == 0xC0A8;
}

bool may_connect(const asio::ip::address& address, const HttpRules& rules) {
  if (address.is_loopback()) return rules.network == Network::this_machine;
  return is_public_address(address.to_string()) || (rules.private_addresses == PrivateAddresses::allowed && is_private_network(address));
}

tl::unexpected<Error> no_answer() { return fail(ErrorCode::unavailable, "Another server that sign-in needs does not answer as it should. Try again; if it goes on, its address or certificate may be wrong."); }

struct Work {
  const HttpAsked& asked;
  const HttpRules& rules;
  const Address& address;
  asio::ssl::context& tls;
  std::optional<rest::Response> out;
};

template <class Stream>
asio::awaitable<void> exchange(Stream& stream, Work& work) {
  http::request<http::string_body> request;
  request.method_string(work.asked.method);
  request.target(work.address.target);
  request.version(11);
  const bool is_usual = work.address.port == (work.address.scheme == "https" ? "443" : "80");
  request.set(http::field::host, work.address.host + (is_usual ? "" : ":" + work.address.port));
  request.set(http::field::user_agent, "joinedup");
  request.set(http::field::connection, "close");
  for (const auto& header : work.asked.headers) request.insert(header.name, header.value);
  request.body() = work.asked.body;
  request.prepare_payload();
  co_await http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer(64 * 1024);
  http::response_parser<http::string_body> parser;
  parser.body_limit(work.rules.most);
  parser.header_limit(32 * 1024);
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  rest::Response out;
  out.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  out.body = std::move(parser.get().body());
  work.out = std::move(out);
}

asio::awaitable<void> run(Work& work) {
  auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(work.address.host, work.address.port, asio::use_awaitable);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) {
    if (!may_connect(entry.endpoint().address(), work.rules)) co_return;  // one bad address of a name is enough
    endpoints.push_back(entry.endpoint());
  }
  if (work.address.scheme == "http") {
    beast::tcp_stream stream(executor);
    stream.expires_after(work.rules.time);
    co_await stream.async_connect(endpoints, asio::use_awaitable);
    co_await exchange(stream, work);
    co_return;
  }
  beast::ssl_stream<beast::tcp_stream> stream(executor, work.tls);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(work.address.host));
  if (SSL_set_tlsext_host_name(stream.native_handle(), work.address.host.c_str()) != 1) co_return;
  beast::get_lowest_layer(stream).expires_after(work.rules.time);
  co_await beast::get_lowest_layer(stream).async_connect(endpoints, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_await exchange(stream, work);
}

}  // namespace

Result<Address> read_address(const std::string& url, const HttpRules& rules) {
  const auto bad = [] { return fail(ErrorCode::invalid_input, "An address that sign-in is to ask must be https, with a host and nothing before it."); };
  if (url.size() > 2000 || !std::all_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '\\'; })) return bad();
  Address out;
  const auto colon = url.find("://");
  out.scheme = lower_ascii(url.substr(0, colon));
  if (colon == url.npos || (out.scheme != "https" && !(out.scheme == "http" && rules.network == Network::this_machine))) return bad();
  const auto end = std::min(url.find_first_of("/?#", colon + 3), url.size());
  std::string authority = url.substr(colon + 3, end - colon - 3);
  if (authority.find('@') != authority.npos || url.find('#') != url.npos) return bad();
  out.target = end == url.size() ? "/" : url[end] == '/' ? url.substr(end) : "/" + url.substr(end);
  out.port = out.scheme == "https" ? "443" : "80";
  std::size_t at = 0;
  if (authority.starts_with("[")) {
    at = authority.find(']');
    if (at == authority.npos) return bad();
    out.host = authority.substr(1, at - 1), ++at;
  } else {
    at = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, at);
    if (!std::all_of(out.host.begin(), out.host.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-'; })) return bad();
  }
  if (at < authority.size()) {
    out.port = authority.substr(at + 1);
    if (authority[at] != ':' || out.port.empty() || out.port.size() > 5 || !std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; })) return bad();
  }
  if (out.host.empty()) return bad();
  if (out.scheme == "http") {  // plain text never leaves this machine
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(out.host, error);
    if (out.host != "localhost" && (error || !ip.is_loopback())) return bad();
  }
  return out;
}

Result<rest::Response> fetch(const HttpAsked& asked, const HttpRules& rules) {
  JOINEDUP_TRY(const auto address, read_address(asked.url, rules));
  try {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    Work work{asked, rules, address, tls, {}};
    asio::io_context io(1);  // last made, first gone: what waits in it looks at the others
    asio::co_spawn(io, run(work), [](const std::exception_ptr&) {});
    io.run_for(rules.time + std::chrono::milliseconds(500));  // the resolver has no time of its own
    if (!work.out) return no_answer();
    return std::move(*work.out);
  } catch (const std::exception&) {
    return no_answer();
  }
}

}  // namespace joinedup::identity
