#include "server/session.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "server/gzip.hpp"
#include "server/wire.hpp"

namespace joinedup::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Parser = http::parser<true, http::string_body>;

constexpr std::size_t packed_from = 1024;  // smaller answers are not worth packing

// Runs `work` on the writers' threads; the session goes on where it was.
template <class Work>
asio::awaitable<std::invoke_result_t<Work>> elsewhere(asio::thread_pool& pool, Work work) {
  using Out = std::invoke_result_t<Work>;
  auto begin = [&pool](auto handler, Work job) {
    asio::post(pool, [handler = std::move(handler), job = std::move(job)]() mutable {
      auto out = job();
      auto executor = asio::get_associated_executor(handler);
      asio::post(executor, [handler = std::move(handler), out = std::move(out)]() mutable { std::move(handler)(std::move(out)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Out)>(begin, asio::use_awaitable, std::move(work));
}

// Suspends until `hold` says that the answer may go, or that it may not; no thread waits meanwhile.
asio::awaitable<Result<void>> let_go(Holds& holds, std::function<void(Holds::Resume)> hold) {
  auto begin = [&holds](auto handler, std::function<void(Holds::Resume)> ask) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    const auto resume = holds.keep([shared](Result<void> how) {
      auto executor = asio::get_associated_executor(*shared);
      asio::post(executor, [shared, how = std::move(how)]() mutable { std::move (*shared)(std::move(how)); });
    });
    try {
      ask(resume);
    } catch (...) {
      resume(fail(ErrorCode::internal, "What an answer waits for failed."));
    }
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(begin, asio::use_awaitable, std::move(hold));
}

template <class Stream>
class Session {
 public:
  Session(Stream& stream, SessionParts& parts)
      : stream_(stream), shared_(*parts.shared), limits_(shared_.options.limits), connection_(*parts.connection), writers_(*parts.writers), buffer_(limits_.header_bytes + 64 * 1024) {}
  ~Session() { shared_.bodies.give(held_); }
  asio::awaitable<void> run();

 private:
  using Phase = Connection::Phase;
  enum class Got { request, nothing, refusal };

  asio::awaitable<Got> read_request();
  asio::awaitable<bool> read_more(std::size_t most);
  std::optional<rest::Response> refusal_of(error_code error) const;
  std::optional<rest::Response> look_at_head();
  std::optional<rest::Response> take_request();
  asio::awaitable<bool> answer(rest::Response response, Keep keep);
  asio::awaitable<bool> stream_pieces(rest::Response& response, bool is_chunked, bool is_packed, std::uint64_t& bytes);
  asio::awaitable<bool> write(std::string_view text);
  asio::awaitable<void> drain();
  bool hold(std::size_t bytes);
  Socket& bare() {
    if constexpr (std::is_same_v<Stream, Socket>) return stream_;
    else return stream_.next_layer();
  }
  void name_request();
  void finish(int status, std::uint64_t bytes);

  Stream& stream_;
  Shared& shared_;
  const Limits& limits_;
  Connection& connection_;
  asio::thread_pool& writers_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  rest::Request request_;
  RouteLabel label_;
  rest::Response refusal_;
  std::size_t held_ = 0;          // of the budget for bodies
  bool is_head_seen_ = false, is_expecting_ = false, has_more_to_come_ = false;
  bool accepts_gzip_ = false, keep_alive_ = false, is_head_method_ = false;
  unsigned version_ = 11;
  char id_[17] = {};
  Clock::time_point began_;
};

template <class Stream>
void Session<Stream>::name_request() {
  const auto number = mix64(shared_.first_request, shared_.next_request.fetch_add(1, std::memory_order_relaxed));
  std::snprintf(id_, sizeof id_, "%016llx", static_cast<unsigned long long>(number));
}

template <class Stream>
void Session<Stream>::finish(int status, std::uint64_t bytes) {
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  shared_.metrics.count(request_.method, label_.route, status, seconds, bytes);
  shared_.log->line({.method = request_.method, .label = label_, .status = status, .bytes = bytes, .seconds = seconds, .request = id_});
}

template <class Stream>
bool Session<Stream>::hold(std::size_t bytes) {
  if (bytes <= held_) return true;
  if (!shared_.bodies.take(bytes - held_)) return false;
  held_ = bytes;
  return true;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::read_more(std::size_t most) {
  error_code error;
  const auto room = buffer_.prepare(std::min(most, buffer_.max_size() - buffer_.size()));
  if (room.size() == 0) co_return false;
  const auto size = co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(size);
  co_return !error && size > 0;
}

template <class Stream>
std::optional<rest::Response> Session<Stream>::refusal_of(error_code error) const {
  if (error == http::error::header_limit) return fault(431, "too-long", "The request's header is larger than this server takes.");
  if (error == http::error::body_limit) return fault(413, "too-long", "The body is larger than this server takes. Send it in parts.");
  if (error == http::error::bad_method) return fault(501, "not-supported", "This server does not know that method.");
  return fault(400, "invalid", "The request is not of HTTP's form.");
}

// What can be refused before a byte of the body is taken.
template <class Stream>
std::optional<rest::Response> Session<Stream>::look_at_head() {
  const auto& head = parser_->get();
  version_ = head.version();
  keep_alive_ = head.keep_alive();
  is_head_method_ = head.method() == http::verb::head;
  request_.method = std::string(head.method_string());
  is_expecting_ = false;
  const auto target = read_target({head.target().data(), head.target().size()});
  if (!target) return fault(400, "invalid", "The request's target is not a path.");
  request_.path = target->path;
  request_.query = target->query;
  label_ = label_of(request_.path);
  if (head.method() == http::verb::connect || head.method() == http::verb::trace) return fault(405, "not-supported", "This server does not do that.");
  if (version_ >= 11 && head.count(http::field::host) != 1) return fault(400, "invalid", "A request names one host.");
  if (const auto coding = head[http::field::transfer_encoding]; !coding.empty() && lower_ascii({coding.data(), coding.size()}) != "chunked")
    return fault(501, "not-supported", "This server takes no transfer coding but chunked.");
  if (const auto coding = head[http::field::content_encoding]; !coding.empty() && lower_ascii({coding.data(), coding.size()}) != "gzip" &&
      lower_ascii({coding.data(), coding.size()}) != "identity")
    return fault(415, "not-supported", "This server takes bodies plain or packed by gzip.");
  if (const auto expect = head[http::field::expect]; !expect.empty()) {
    if (lower_ascii({expect.data(), expect.size()}) != "100-continue") return fault(417, "not-supported", "This server expects nothing but 100-continue.");
    is_expecting_ = version_ >= 11;
  }
  return {};
}

// The parser's message becomes ours.
template <class Stream>
std::optional<rest::Response> Session<Stream>::take_request() {
  auto& message = parser_->get();
  request_.headers.clear();
  bool is_packed = false;
  accepts_gzip_ = false;
  for (const auto& field : message) {
    const std::string_view name(field.name_string().data(), field.name_string().size()), value(field.value().data(), field.value().size());
    if (field.name() == http::field::content_encoding) {
      is_packed = lower_ascii(value) == "gzip";
      continue;
    }
    if (field.name() == http::field::accept_encoding) accepts_gzip_ = accepts_gzip(value);
    request_.headers.push_back({std::string(name), std::string(value)});
  }
  request_.body = std::move(message.body());
  if (!is_packed) return {};
  if (!hold(held_ + std::min(limits_.body_bytes, 64 * request_.body.size())))
    return fault(503, "throttled", "Too many large bodies are being taken in at present. Try again in a moment.");
  auto plain = gunzip(request_.body, limits_.body_bytes);
  if (!plain) return fault(plain.error().code == ErrorCode::too_large ? 413 : 400, plain.error().code == ErrorCode::too_large ? "too-long" : "invalid", plain.error().sentence);
  request_.body = std::move(*plain);
  return {};
}

template <class Stream>
asio::awaitable<typename Session<Stream>::Got> Session<Stream>::read_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser_->body_limit(limits_.body_bytes);
  parser_->eager(true);
  is_head_seen_ = false;
  request_.method.clear();
  label_ = {Route::unreadable, {}};
  if (buffer_.size() == 0) {
    connection_.enter(Phase::idle, Clock::now() + limits_.idle);
    if (shared_.stopping) co_return Got::nothing;
    if (!co_await read_more(8 * 1024)) co_return Got::nothing;
  }
  began_ = Clock::now();
  connection_.enter(Phase::reading, began_ + limits_.header);
  std::size_t taken = 0;
  for (;;) {
    error_code error;
    while (buffer_.size() > 0 && !parser_->is_done()) {
      const auto used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      if (is_head_seen_) taken += used;
      if (error == http::error::need_more) break;
      if (error) {
        if (!is_head_seen_ && error == http::error::body_limit) look_at_head();  // for the log's sake
        refusal_ = *refusal_of(error);
        co_return Got::refusal;
      }
    }
    if (!is_head_seen_ && parser_->is_header_done()) {
      is_head_seen_ = true;
      if (auto refused = look_at_head()) {
        refusal_ = std::move(*refused);
        co_return Got::refusal;
      }
      if (is_expecting_ && !parser_->is_done() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return Got::nothing;
    }
    if (is_head_seen_ && !hold(parser_->get().body().size())) {
      refusal_ = fault(503, "throttled", "Too many large bodies are being taken in at present. Try again in a moment.");
      refusal_.headers.push_back({"Retry-After", "2"});
      co_return Got::refusal;
    }
    if (parser_->is_done()) break;
    if (is_head_seen_)
      connection_.enter(Phase::reading, began_ + limits_.body_grace + std::chrono::milliseconds(taken * 1000 / limits_.body_rate));
    if (!co_await read_more(is_head_seen_ ? 64 * 1024 : 8 * 1024)) {
      if (connection_.was_late() || buffer_.size() == buffer_.max_size()) {
        refusal_ = connection_.was_late() ? fault(408, "timeout", "The request came too slowly.") : fault(431, "too-long", "The request's header is larger than this server takes.");
        co_return Got::refusal;
      }
      co_return Got::nothing;
    }
  }
  if (auto refused = take_request()) {
    refusal_ = std::move(*refused);
    co_return Got::refusal;
  }
  co_return Got::request;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::write(std::string_view text) {
  const auto rate_ms = std::chrono::milliseconds(text.size() * 1000 / limits_.body_rate);
  connection_.enter(Phase::writing, Clock::now() + limits_.write_grace + rate_ms);
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(text.data(), text.size()), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

// The pieces of a long answer: the next is made when the one before has been taken, so a slow reader costs one piece of memory.
template <class Stream>
asio::awaitable<bool> Session<Stream>::stream_pieces(rest::Response& response, bool is_chunked, bool is_packed, std::uint64_t& bytes) {
  std::optional<Packer> packer;
  if (is_packed) packer.emplace();
  std::string piece = std::move(response.body);
  bool has_more = true;
  for (;;) {
    std::string out = packer ? packer->add(piece, has_more ? Packer::Then::more : Packer::Then::end) : std::move(piece);
    piece.clear();
    bytes += out.size();
    if (!out.empty()) {
      if (is_chunked) {
        char size[24];
        std::snprintf(size, sizeof size, "%zx\r\n", out.size());
        out.insert(0, size);
        out += "\r\n";
      }
      if (!co_await write(out)) co_return false;
    }
    if (!has_more) break;
    connection_.enter(Phase::working, Clock::time_point::max());
    auto next = [&response, &piece] { return response.more(piece); };
    Result<bool> more = true;
    if (response.wait) {
      auto wait = response.wait;
      const auto come = co_await let_go(shared_.holds, std::move(wait));
      if (!come) co_return false;
      more = next();
    } else {
      more = co_await elsewhere(writers_, next);
    }
    if (!more) co_return false;  // the connection ends in the middle, so that nobody takes it for the whole
    has_more = *more;
  }
  if (is_chunked) co_return co_await write("0\r\n\r\n");
  co_return true;
}

template <class Stream>
asio::awaitable<bool> Session<Stream>::answer(rest::Response response, Keep keep) {
  const bool has_pieces = static_cast<bool>(response.more) && !is_head_method_;
  const bool is_bodiless = response.status == 204 || response.status == 304;
  const bool may_pack = accepts_gzip_ && !response.wait && response.header("Content-Encoding").empty() && !is_bodiless;
  HeadFacts facts{.version = version_, .length = {}, .keep = keep, .request = id_, .is_packed = false, .is_tls = !std::is_same_v<Stream, Socket>, .is_chunked = false};
  std::uint64_t bytes = 0;
  bool written = false;
  if (has_pieces && !is_bodiless) {
    facts.is_packed = may_pack;
    facts.is_chunked = version_ >= 11;
    if (!facts.is_chunked) facts.keep = Keep::close;
    written = co_await write(response_head(response, facts)) && co_await stream_pieces(response, facts.is_chunked, facts.is_packed, bytes);
  } else {
    if (may_pack && response.body.size() >= packed_from) {
      Packer packer;
      response.body = packer.add(response.body, Packer::Then::end);
      facts.is_packed = true;
    }
    if (!is_bodiless && !(is_head_method_ && response.more)) facts.length = response.body.size();
    std::string out = response_head(response, facts);
    if (!is_head_method_ && !is_bodiless) {
      bytes = response.body.size();
      out += response.body;
    }
    response.body = {};
    written = co_await write(out);
  }
  finish(response.status, bytes);
  co_return written && facts.keep == Keep::open;
}

// A peer that is still sending would lose our answer if the socket were closed under it: what it sends is thrown away for a while.
template <class Stream>
asio::awaitable<void> Session<Stream>::drain() {
  connection_.enter(Phase::reading, Clock::now() + std::chrono::seconds(5));
  error_code error;
  bare().shutdown(Socket::shutdown_send, error);
  if (connection_.was_late()) co_return;
  std::size_t left = 256 << 20;
  std::string room(64 * 1024, '\0');
  while (left > 0 && !connection_.was_late()) {
    const auto size = co_await bare().async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, error));
    if (error || size == 0) break;
    left -= std::min(left, size);
  }
}

template <class Stream>
asio::awaitable<void> Session<Stream>::run() {
  for (;;) {
    const Got got = co_await read_request();
    if (got == Got::nothing) co_return;
    name_request();
    if (got == Got::refusal) {
      const bool was_written_off = connection_.was_late();
      accepts_gzip_ = false;
      co_await answer(std::move(refusal_), Keep::close);
      if (!was_written_off) co_await drain();
      co_return;
    }
    parser_.reset();
    connection_.enter(Phase::working, Clock::time_point::max());
    request_.id = id_;
    request_.peer = connection_.address();
    rest::Response response;
    auto work = [this] { return shared_.site.answer(request_, label_); };
    if (lane_of(request_.method, label_) == Lane::quick) response = work();
    else response = co_await elsewhere(writers_, work);
    request_.body = {};
    shared_.bodies.give(std::exchange(held_, 0));
    if (response.hold) {
      const auto kept = co_await let_go(shared_.holds, std::exchange(response.hold, {}));
      if (!kept) {  // nothing of what was found out may be seen, not even that it exists
        response = fault(503, "transient", "This server cannot write down who asks for what, so it answers nothing. Try again in a moment.");
        response.headers.push_back({"Retry-After", "2"});
      }
    }
    const Keep keep = keep_alive_ && !shared_.stopping && !connection_.was_late() ? Keep::open : Keep::close;
    if (!co_await answer(std::move(response), keep)) co_return;
  }
}

}  // namespace

asio::awaitable<void> run_session(Socket socket, SessionParts parts) {
  error_code error;
  if (parts.tls == nullptr) {
    Session session(socket, parts);
    co_await session.run();
  } else {
    asio::ssl::stream<Socket> stream(std::move(socket), *parts.tls);
    parts.connection->enter(Connection::Phase::reading, Clock::now() + parts.shared->options.limits.handshake);
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      Session session(stream, parts);
      co_await session.run();
      parts.connection->enter(Connection::Phase::writing, Clock::now() + std::chrono::seconds(2));
      co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    }
    parts.connection->ended();
    co_return;
  }
  parts.connection->ended();
}

}  // namespace joinedup::server
