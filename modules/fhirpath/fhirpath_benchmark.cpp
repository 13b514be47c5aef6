// Resources and megabytes a second through the shipped views, one core, over the Synthea bundles unpacked in memory.
//   fhirpath_benchmark [folder of bundles] [rounds]
// The row counts are checked before a time is printed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/file.hpp"
#include "base/processor_time.hpp"
#include "fhirpath/fhirpath.hpp"
#include "fhirpath/test_support.hpp"

using namespace joinedup;
using namespace joinedup::fhirpath;

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::string folder = argc > 1 ? argv[1] : shared_data("fhir/synthea");
  int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (!fs::exists(folder)) {
    std::puts("The Synthea bundles are not beside the source tree; nothing was measured.");
    return 0;
  }
  std::multimap<std::string, ViewDefinition> views;
  for (const auto& file : fs::directory_iterator(JOINEDUP_SOURCE_DIR "/modules/place/feeds/fhir_r4"))
    if (file.path().extension() == ".json")
      if (auto view = ViewDefinition::parse(*read_file(file.path()))) views.emplace(view->resource(), *view);

  // As NDJSON lines: the usual form of a bulk feed, and free of the cost of bzip2.
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    auto counts = read_fhir_file(file.path(), {.on_resource = [&](const FhirResource& r) {
      lines.emplace_back(r.document->text(r.node));
      bytes += lines.back().size();
    }});
    if (!counts) std::fprintf(stderr, "%s\n", counts.error().text().c_str());
  }
  auto seconds = [](auto&& work) {
    const double start = processor_seconds();
    work();
    return processor_seconds() - start;
  };
  double mb = static_cast<double>(bytes) / 1e6, best_parse = 1e9, best = 1e9;
  std::map<std::string, std::size_t> rows;
  for (int round = 0; round < rounds; ++round) {
    Document document;
    std::size_t nodes = 0;
    best_parse = std::min(best_parse, seconds([&] {
      for (const auto& line : lines)
        if (document.parse(line)) nodes += document.node(0).end;
    }));
    rows.clear();
    Context context;
    std::map<const ViewDefinition*, ColumnBatch> batches;
    for (auto& [type, view] : views) batches.emplace(&view, ColumnBatch(view));
    best = std::min(best, seconds([&] {
      for (const auto& line : lines) {
        if (!document.parse(line)) continue;
        auto [from, to] = views.equal_range(std::string(document.resource_type(0)));
        for (auto at = from; at != to; ++at) {
          ColumnBatch& batch = batches.at(&at->second);
          auto done = at->second.run(document.root_value(), context, [&](ViewRow row) { batch.append(row); });
          if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
        }
      }
    }));
    for (auto& [view, batch] : batches) rows[view->name()] = batch.rows();
  }
  if (lines.size() == 49722 && (rows["encounter"] != 2484 || rows["condition"] != 781 || rows["procedure"] != 1990 ||
                                rows["medication_request"] != 2962)) {
    std::puts("The rows are not those expected; no time is reported.");
    return 1;
  }
  double n = static_cast<double>(lines.size());
  std::printf("resources %zu, %.1f MB of JSON, %zu views, best of %d rounds, processor time of one core\n", lines.size(), mb, views.size(), rounds);
  std::printf("parse only        %8.0f resources/s  %7.0f MB/s\n", n / best_parse, mb / best_parse);
  std::printf("parse and views   %8.0f resources/s  %7.0f MB/s\n", n / best, mb / best);
  return 0;
}
