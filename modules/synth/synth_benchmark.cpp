// Rows a second of one core, writing included; and a hand tool: synth_benchmark --place DIR … makes a place.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "synth/synth.hpp"

int main(int argc, char** argv) {
  using namespace joinedup::synth;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty()) return synth_command(arguments);
  const std::string folder = (std::filesystem::temp_directory_path() / "joinedup_synth_benchmark").string();
  const auto time = [&](const char* name, std::vector<std::string> feeds) {
    SynthOptions options;
    options.people = 20480;
    options.threads = 1;
    options.folder = folder;
    options.feeds = std::move(feeds);
    const auto start = std::chrono::steady_clock::now();
    const auto summary = generate_place(options);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::filesystem::remove_all(folder);
    if (!summary) return std::fprintf(stderr, "%s\n", summary.error().text().c_str()), 1;
    const double rate = static_cast<double>(summary->rows) / seconds;
    std::printf("BENCH synth_rows_per_second_%s %.0f rows/s (bar: 200000) %s\n", name, rate, rate >= 200000 ? "met" : "missed");
    return 0;
  };
  return time("all_feeds", {}) + time("wide_inpatient_rows", {"hes_apc_sus"});
}
