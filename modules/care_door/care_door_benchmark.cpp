// care_door_benchmark PLACE THREADS: shares a synthetic place that was refreshed once, first into an empty shared record, then again.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/processor_time.hpp"
#include "base/progress.hpp"
#include "care_door/care_door.hpp"

int main(int count, char** arguments) {
  using namespace joinedup;
  if (count < 2) return std::fprintf(stderr, "care_door_benchmark PLACE [THREADS]\n"), 2;
  const auto place = place::read_place(arguments[1]);
  if (!place || place->people != place::People::synthetic) return std::fprintf(stderr, "This needs a synthetic place: its shared record is made anew.\n"), 2;
  const unsigned threads = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 2;
  set_progress_quiet(true);
  for (const char* file : {"shared-record.sqlite", "shared-record.sqlite-wal", "shared-record.sqlite-shm", "shared-record.sqlite.index", "vault/care_door.sqlite",
                           "vault/care_door.sqlite-wal", "vault/care_door.sqlite-shm"})
    std::filesystem::remove_all(place->path(file));
  const auto feeds = place::shipped_feeds();
  for (const char* round : {"first", "again"}) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu = processor_seconds();
    const auto shared = care_door::share(*place, *feeds, {.print = round, .threads = threads});
    if (!shared) return std::fprintf(stderr, "%s\n", shared.error().text().c_str()), 1;
    double load[1] = {0};
    getloadavg(load, 1);
    std::printf("%s: %llu people, %llu new, %llu changed, %llu unchanged; %.2f s wall, %.2f s processor, load %.1f\n", round, static_cast<unsigned long long>(shared->patients),
                static_cast<unsigned long long>(shared->created), static_cast<unsigned long long>(shared->changed), static_cast<unsigned long long>(shared->unchanged),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), processor_seconds() - cpu, load[0]);
    for (const auto& [type, standing] : shared->standing) std::printf("  %-20s %llu\n", type.c_str(), static_cast<unsigned long long>(standing));
    for (const auto& feed : shared->feeds) {
      std::printf("  %-20s %llu rows in, %llu shared", feed.feed.c_str(), static_cast<unsigned long long>(feed.rows_in), static_cast<unsigned long long>(feed.shared));
      for (const auto& [reason, rows] : feed.not_shared) std::printf("; %llu %s", static_cast<unsigned long long>(rows), reason.c_str());
      std::printf("\n");
    }
  }
  return 0;
}
