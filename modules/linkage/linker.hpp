// linker: one linkage run in memory: records and model in, scored pairs out in a fixed order, whatever the threads.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "linkage/blocking.hpp"
#include "linkage/compiled.hpp"
#include "linkage/score.hpp"

namespace joinedup::linkage {

struct PairBatch {  // scored pairs, by column
  std::vector<std::uint32_t> left, right;
  std::vector<double> weight;                     // NaN where a comparison has no level for the pair
  std::vector<std::vector<std::int8_t>> gammas;   // by comparison; -2: no level
  std::vector<std::vector<std::uint8_t>> levels;  // by comparison; index among the comparison's levels
  std::vector<std::uint16_t> match_key;
  std::string text;                               // what `render` made of it, in the worker
  std::uint64_t scored = 0;                       // candidates looked at, also those under the threshold
};

struct Sweep {
  double least_weight = 0;  // pairs below are dropped; -infinity keeps all
  unsigned threads = 2;
  std::function<void(PairBatch&)> render;                   // in the worker; may be empty
  std::function<Result<void>(PairBatch&)> take;             // in order, one at a time
  std::function<bool(std::uint32_t, std::uint32_t)> only;   // a pair is looked at only where this is true; may be empty
};

// The pairs just scored that reach the least weight (-infinity: all), into `out`.
void keep_scored(const PairScorer& scorer, const CompiledModel& compiled, const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right,
                 double least_weight, std::uint16_t match_key, PairBatch& out);
Result<std::uint64_t> sweep(const BlockingPlan& plan, const CompiledModel& compiled, const Sweep& how);  // pairs scored

// Clusters: connected components, each named by its smallest row.
class Components {
 public:
  explicit Components(std::size_t rows);
  explicit Components(std::vector<std::uint32_t> roots) : parent_(std::move(roots)) {}  // as an earlier run left them
  void join(std::uint32_t a, std::uint32_t b);
  std::uint32_t root(std::uint32_t row);

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace joinedup::linkage
