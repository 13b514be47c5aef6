#include "base/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace joinedup {
namespace {
std::atomic<bool> quiet_flag{false};
bool on_terminal() {
  static const bool yes = ::isatty(2) == 1;
  return yes;
}
}  // namespace

void set_progress_quiet(bool quiet) { quiet_flag = quiet; }

Progress::Progress(std::string title, std::uint64_t total)
    : title_(std::move(title)), total_(total), start_(std::chrono::steady_clock::now()) {
  if (!quiet_flag && on_terminal()) draw();
}

Progress::~Progress() {
  if (!finished_) done("stopped");
}

void Progress::advance(std::uint64_t amount) {
  at_ += amount;
  if (quiet_flag || !on_terminal()) return;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
  auto due = next_draw_.load();
  if (now < due || !next_draw_.compare_exchange_strong(due, now + 100)) return;
  draw();
}

void Progress::draw() {
  const std::lock_guard lock(mutex_);
  const double part = total_ ? static_cast<double>(at_.load()) / static_cast<double>(total_) : 0;
  char bar[31];
  for (int i = 0; i < 30; ++i) bar[i] = i < static_cast<int>(part * 30) ? '#' : '.';
  bar[30] = 0;
  std::fprintf(stderr, "\r\033[K%-32s [%s] %3d%%", title_.c_str(), bar, static_cast<int>(part * 100));
}

void Progress::done(const std::string& summary) {
  if (finished_) return;
  finished_ = true;
  if (quiet_flag) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::fprintf(stderr, "%s%-32s %6.1f s  %s\n", on_terminal() ? "\r\033[K" : "", title_.c_str(), seconds, summary.c_str());
}

}  // namespace joinedup
