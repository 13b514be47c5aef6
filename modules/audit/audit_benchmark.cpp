// How many events a second are on the disk, with 1, 8 and 64 that wait for each; how long a million takes to verify.
//
//   audit_benchmark FOLDER [SECONDS] [EVENTS]      prints one line a figure: name value unit

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "audit/audit.hpp"
#include "base/processor_time.hpp"

namespace {

using namespace joinedup;
using namespace joinedup::audit;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }
Event event(std::uint64_t i) {
  Event out{.kind = i % 4 == 0 ? "search" : "read", .outcome = "allowed", .user = "u-" + std::to_string(i % 300), .session = "0123456789abcdef", .practitioner = "p-" + std::to_string(i % 300),
            .organisation = "A81001", .purpose = "direct_care", .roles = {"gp"}, .address = "10.1.2.3", .request = "00112233445566778", .rule = "registered-practice"};
  out.patients = {std::to_string(i * 7919 % 60'000)};
  if (i % 4 == 0) {
    out.query = "Observation?patient=" + out.patients[0] + "&code=4548-4&_sort=-date";
    for (int k = 0; k < 10; ++k) out.resources.push_back("Observation/" + std::to_string(i * 10) + std::to_string(k) + "/_history/1");
  } else out.resources = {"Observation/" + std::to_string(i) + "/_history/1"};
  return out;
}

void stop(const char* why) {
  std::fprintf(stderr, "No time is reported: %s\n", why);
  std::exit(1);
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  const std::string folder = words[1];
  const double seconds = count > 2 ? std::atof(words[2]) : 3;
  const auto many = static_cast<std::uint64_t>(count > 3 ? std::atoll(words[3]) : 1'000'000);
  std::filesystem::remove_all(folder);
  for (const int waiting : {1, 8, 64}) {
    const auto place = folder + "/" + std::to_string(waiting);
    std::filesystem::create_directories(place);
    std::atomic<std::uint64_t> kept = 0;
    double worst = 0, took = 0, cpu = 0;
    std::vector<double> times;
    {
      auto log = Log::open({.folder = place, .writer = "serve"});
      if (!log) stop(log.error().text().c_str());
      std::mutex mutex;
      std::vector<std::thread> threads;
      const auto from = Clock::now();
      const auto cpu_from = processor_seconds();
      for (int t = 0; t < waiting; ++t)
        threads.emplace_back([&, t] {
          std::vector<double> own;
          for (std::uint64_t i = static_cast<std::uint64_t>(t); since(from) < seconds; i += static_cast<std::uint64_t>(waiting)) {
            const auto asked = Clock::now();
            if ((*log)->append_and_wait(event(i))) ++kept;
            own.push_back(since(asked));
          }
          const std::lock_guard lock(mutex);
          times.insert(times.end(), own.begin(), own.end());
        });
      for (auto& thread : threads) thread.join();
      took = since(from);
      cpu = processor_seconds() - cpu_from;
    }
    const auto verified = verify(place);
    if (!verified || !verified->ok || verified->events != kept) stop("the log does not hold what was acknowledged");
    std::sort(times.begin(), times.end());
    worst = times[times.size() * 99 / 100];
    std::printf("append_%d_waiting %.0f events/s\nappend_%d_waiting_p50 %.3f ms\nappend_%d_waiting_p99 %.3f ms\nappend_%d_waiting_processor %.1f us/event\n", waiting, static_cast<double>(kept) / took, waiting,
                1000 * times[times.size() / 2], waiting, 1000 * worst, waiting, 1e6 * cpu / static_cast<double>(kept));
  }
  // As many as can be had: what it costs the processor, with no wait for each.
  const auto place = folder + "/many";
  std::filesystem::create_directories(place);
  {
    auto log = Log::open({.folder = place, .writer = "serve"});
    if (!log) stop(log.error().text().c_str());
    std::atomic<std::uint64_t> kept = 0, waiting = 0;
    const auto from = Clock::now();
    const auto cpu_from = processor_seconds();
    for (std::uint64_t i = 0; i < many; ++i) {
      while (waiting > 20'000) std::this_thread::sleep_for(std::chrono::microseconds(200));
      ++waiting;
      (*log)->append(event(i), [&](const Result<void>& done) { kept += done ? 1 : 0, --waiting; });
    }
    while (waiting > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::printf("append_many %.0f events/s\nappend_many_processor %.2f us/event\n", static_cast<double>(kept) / since(from), 1e6 * (processor_seconds() - cpu_from) / static_cast<double>(kept));
    if (kept != many) stop("not all events were kept");
  }
  for (const unsigned threads : {1U, 2U}) {
    const auto from = Clock::now();
    const auto cpu_from = processor_seconds();
    const auto verified = verify(place, {.threads = threads});
    if (!verified || !verified->ok || verified->events != many) stop(verified ? verified->first_bad.c_str() : verified.error().text().c_str());
    std::printf("verify_%u_threads %.2f s\nverify_%u_threads_processor %.2f s\n", threads, since(from), threads, processor_seconds() - cpu_from);
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place))
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  std::printf("bytes_an_event %.0f bytes\n", static_cast<double>(bytes) / static_cast<double>(many));
  auto reader = Reader::open(place);
  for (const char* name : {"first_view", "later_view"}) {
    const auto from = Clock::now();
    const auto found = (*reader)->find({.patient = "7919", .count = 100});
    if (!found || found->empty()) stop("a person's looks were not found");
    std::printf("%s %.1f ms\n", name, 1000 * since(from));
  }
  return 0;
}
