// report: one self-contained HTML page about a run: what the model says, how the weights lie, who cannot be linked, how
// good the links are where the truth is known, and which clusters deserve a look. It shows ids, never values.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"
#include "linkage/quality.hpp"

namespace joinedup::linkage {

class RunNotes {  // what the report needs of the pairs, taken as they pass
 public:
  RunNotes(const CompiledModel& compiled, double cluster_weight);
  void take(const PairBatch& batch);
  static constexpr int lowest = -60, highest = 80;
  std::vector<std::uint64_t> histogram;  // of match weights, a bit a bar
  struct Shown {
    const char* why = "";
    double target = 0, weight = 0;
    std::uint32_t left = 0, right = 0;
    std::vector<std::uint8_t> levels;
    bool found = false;
  };
  std::vector<Shown> shown;

 private:
  const CompiledModel& compiled_;
};

struct ReportInput {
  const Model& model;
  const CompiledModel& compiled;
  const LinkSummary& summary;
  const RunNotes& notes;
  const std::vector<Edge>& edges;                // at or above the cluster threshold
  const std::vector<std::uint32_t>& cluster_of;  // by row
  const Tally* tally = nullptr;
  const std::vector<GroupQuality>& groups;  // empty, or by the columns that were asked for
  const std::vector<std::string>& warnings;
};
std::string write_report(const ReportInput& input);

}  // namespace joinedup::linkage
