// Rows a second of one core (processor time, so that a busy machine does not change the figure), making people and writing
// files included; and the copying of one full-width row alone. With arguments: a hand tool that makes a place.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/processor_time.hpp"
#include "base/progress.hpp"
#include "synth/output.hpp"
#include "synth/slots.hpp"
#include "synth/synth.hpp"

namespace {

using namespace joinedup;
using namespace joinedup::synth;

void print(const char* name, double rate) {
  std::printf("BENCH %s %.0f rows/s (bar: 200000) %s\n", name, rate, rate >= 200000 ? "met" : "missed");
}

int whole_place(const std::string& folder) {
  SynthOptions options;
  options.people = 20480;
  options.threads = 1;
  options.folder = folder;
  const double start = processor_seconds();
  const auto summary = generate_place(options);
  const double seconds = processor_seconds() - start;
  std::filesystem::remove_all(folder);
  if (!summary) return std::fprintf(stderr, "%s\n", summary.error().text().c_str()), 1;
  print("synth_rows_per_core_second_all_feeds", static_cast<double>(summary->rows) / seconds);
  std::printf("BENCH synth_megabytes_per_core_second %.0f MB/s (no bar)\n", static_cast<double>(summary->bytes) / 1e6 / seconds);
  return 0;
}

void wide_rows() {  // 499 columns, 20 of them filled and set anew each time
  SynthOptions options;
  options.feeds = {"hes_apc_sus"};
  const World world(options);
  const Plan plan(world);
  Row row(plan.layout(t_inpatient));
  Buffer buffer;
  const double start = processor_seconds();
  constexpr int count = 400000;
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) {
    row.set(inpatient::record, static_cast<std::int64_t>(100000000000 + i));
    row.set(inpatient::nhs, "9990000018");
    row.set_iso(inpatient::birth, joinedup::Date{i % 20000});
    for (std::size_t slot = inpatient::diagnosis_1; slot <= inpatient::diagnosis_10; ++slot) row.set(slot, "I10X");
    for (const std::size_t slot : {inpatient::spell_start, inpatient::spell_end, inpatient::episode_start, inpatient::episode_end})
      row.set_iso(slot, joinedup::Date{19000 + i % 1000});
    row.set(inpatient::provider, "ZA1");
    row.set(inpatient::spell_hrg, "DZ11V");
    row.append_to(buffer);
    if (buffer.size() > (1 << 20)) {
      bytes += buffer.size();
      buffer.clear();
    }
  }
  print("synth_wide_row_assembly_499_columns", count / (processor_seconds() - start));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty()) return synth_command(arguments);
  joinedup::set_progress_quiet(true);
  wide_rows();
  return whole_place((std::filesystem::temp_directory_path() / ("joinedup_synth_benchmark_" + std::to_string(::getpid()))).string());
}
