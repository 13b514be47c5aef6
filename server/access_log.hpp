// One JSON line a request, written by a thread of its own so that a slow disk or terminal holds nobody up. No personal data:
// the route's template, never a path, a query, an address or a header. Inside this room only.
//
//   AccessLog log("-", metrics);  log.line({.method = "GET", .label = label, .status = 200, .bytes = 12, .seconds = .001, .request = 7});
#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "server/metrics.hpp"

namespace joinedup::server {

struct LogLine {
  std::string_view method;
  RouteLabel label;
  int status = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::string_view request;  // its id
};

class AccessLog {
 public:
  static Result<std::unique_ptr<AccessLog>> open(const std::string& where, Metrics& metrics);
  ~AccessLog();
  void line(const LogLine& line);
  // Anything else that an administrator should know; the sentence holds no personal data.
  void event(std::string_view severity, std::string_view sentence);

 private:
  AccessLog(int file, Metrics& metrics);
  void append(std::string_view text);
  void write_out();
  int file_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  bool stop_ = false;
  std::thread writer_;
};

}  // namespace joinedup::server
