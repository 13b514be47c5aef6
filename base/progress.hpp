// Progress: what a person waiting sees, on stderr: a bar on a terminal, a plain line a step elsewhere, nothing when quiet.
// Never a name, an identifier or a value from the data.
//
//   Progress progress("Reading gp_event", total_bytes);
//   progress.advance(bytes);       // any thread
//   progress.done("41 million rows");
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace joinedup {

void set_progress_quiet(bool quiet);

class Progress {
 public:
  explicit Progress(std::string title, std::uint64_t total = 0);
  ~Progress();
  void advance(std::uint64_t amount);
  void done(const std::string& summary = {});

 private:
  void draw();
  std::string title_;
  std::uint64_t total_;
  std::atomic<std::uint64_t> at_{0};
  std::atomic<std::int64_t> next_draw_{0};
  std::mutex mutex_;
  std::chrono::steady_clock::time_point start_;
  bool finished_ = false;
};

}  // namespace joinedup
