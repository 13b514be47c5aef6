// Stages all the feeds of a place and says how long it took, how much memory, and what was found.
//
//   build/release/bin/ingest_place_benchmark PLACE [threads]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <map>

#include "base/text.hpp"
#include "ingest/ingest.hpp"

using namespace joinedup;

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "Usage: ingest_place_benchmark PLACE [threads]\n");
    return 2;
  }
  const std::string place = arguments[1];
  const auto feeds = place::shipped_feeds();
  if (!feeds) return 1;
  const ingest::IngestOptions options{.feeds_folder = place + "/feeds", .staging_path = place + "/vault/staging/staging.duckdb",
                                      .threads = count > 2 ? static_cast<unsigned>(std::stoul(arguments[2])) : 2, .feeds = *feeds,
                                      .data_from = Date::from_civil(2023, 4, 1), .data_to = Date::from_civil(2026, 3, 31)};
  Findings findings;
  const auto start = std::chrono::steady_clock::now();
  const auto summary = ingest::ingest_feeds(options, findings);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!summary) {
    std::fprintf(stderr, "%s\n", summary.error().text().c_str());
    return 1;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  for (const auto& feed : summary->feeds)
    std::printf("%-16s in %12s  kept %12s  rejected %8s\n", feed.feed.c_str(), with_commas(static_cast<std::int64_t>(feed.rows_in)).c_str(),
                with_commas(static_cast<std::int64_t>(feed.rows_kept)).c_str(), with_commas(static_cast<std::int64_t>(feed.rows_rejected)).c_str());
  for (const auto& sentence : summary->refused) std::printf("refused: %s\n", sentence.c_str());
  std::map<std::string, std::uint64_t> rules;
  for (const auto& one : findings.counts()) rules[std::string(severity_name(one.severity)) + " " + one.rule] += one.count;
  for (const auto& [rule, number] : rules) std::printf("  %-44s %12s\n", rule.c_str(), with_commas(static_cast<std::int64_t>(number)).c_str());
  const double seconds = took.count(), cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
  std::printf("%.2f GB, %s rows, %s identities: %.1f s (%.0f s of CPU), %.2f M rows/s, peak %.2f GiB\n", static_cast<double>(summary->bytes) / 1e9,
              with_commas(static_cast<std::int64_t>(summary->rows_in)).c_str(), with_commas(static_cast<std::int64_t>(summary->identities)).c_str(),
              seconds, cpu, static_cast<double>(summary->rows_in) / seconds / 1e6, static_cast<double>(usage.ru_maxrss) / 1048576);
  return 0;
}
