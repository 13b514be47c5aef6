// One connection from its first byte to its last: requests are read within limits, answered in turn, and the answers written.
// Only this file's neighbour and listener.cpp know Boost. Inside this room only.
#pragma once
#include <utility>  // Boost's coroutines need it first
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "server/connection.hpp"

namespace joinedup::server {

using Socket = boost::asio::generic::stream_protocol::socket;

struct SessionParts {
  std::shared_ptr<Shared> shared;
  std::shared_ptr<Connection> connection;
  boost::asio::thread_pool* writers = nullptr;
  boost::asio::ssl::context* tls = nullptr;  // nothing: plain
};

boost::asio::awaitable<void> run_session(Socket socket, SessionParts parts);

}  // namespace joinedup::server
