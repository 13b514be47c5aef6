#include "server/access_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/file.hpp"

namespace joinedup::server {

namespace {
constexpr std::size_t most_waiting = 8 << 20;  // beyond it lines are lost, and counted

std::string time_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char text[48];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1'000'000);
  return text;
}

std::string_view known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (method == known) return known;
  return "other";
}
}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& where, Metrics& metrics) {
  int file = -1;
  if (where == "-") file = STDERR_FILENO;
  else if (!where.empty()) {
    file = ::open(where.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return tl::unexpected(system_error("The access log cannot be written", where));
  }
  return std::unique_ptr<AccessLog>(new AccessLog(file, metrics));
}

AccessLog::AccessLog(int file, Metrics& metrics) : file_(file), metrics_(metrics) {
  if (file_ >= 0) writer_ = std::thread([this] { write_out(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  if (file_ > STDERR_FILENO) ::close(file_);
}

void AccessLog::line(const LogLine& line) {
  if (file_ < 0) return;
  char text[400];
  const auto name = route_name(line.label.route);
  const auto method = known_method(line.method);
  const int size = std::snprintf(text, sizeof text, R"({"time":"%s","request":"%.*s","method":"%.*s","route":"%.*s","type":"%.*s","status":%d,"bytes":%llu,"ms":%.3f})" "\n",
                                 time_now().c_str(), static_cast<int>(line.request.size()), line.request.data(), static_cast<int>(method.size()), method.data(),
                                 static_cast<int>(name.size()), name.data(), static_cast<int>(line.label.type.size()), line.label.type.data(), line.status,
                                 static_cast<unsigned long long>(line.bytes), line.seconds * 1e3);
  append({text, static_cast<std::size_t>(size)});
}

void AccessLog::event(std::string_view severity, std::string_view sentence) {
  if (file_ < 0) return;
  append(R"({"time":")" + time_now() + R"(","severity":")" + std::string(severity) + R"(","event":")" + std::string(sentence) + "\"}\n");
}

void AccessLog::append(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + text.size() > most_waiting) {
    ++metrics_.log_lines_lost;
    return;
  }
  waiting_ += text;
}

void AccessLog::write_out() {
  std::string now;
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::milliseconds(100), [&] { return stop_; });
      last = stop_;
      std::swap(now, waiting_);
    }
    std::string_view left = now;
    while (!left.empty()) {
      const auto wrote = ::write(file_, left.data(), left.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        for (const char c : left) metrics_.log_lines_lost += c == '\n';
        break;
      }
      left.remove_prefix(static_cast<std::size_t>(wrote));
    }
    now.clear();
  }
}

}  // namespace joinedup::server
