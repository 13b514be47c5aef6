#include "linkage/linker.hpp"

#include <cmath>
#include <memory>
#include <mutex>

#include "base/parallel.hpp"
#include "linkage/finder.hpp"

namespace joinedup::linkage {

Components::Components(std::size_t rows) : parent_(rows) {
  for (std::uint32_t row = 0; row < rows; ++row) parent_[row] = row;
}

std::uint32_t Components::root(std::uint32_t row) {
  while (parent_[row] != row) row = parent_[row] = parent_[parent_[row]];
  return row;
}

void Components::join(std::uint32_t a, std::uint32_t b) {
  a = root(a), b = root(b);
  if (a != b) parent_[std::max(a, b)] = std::min(a, b);
}

void keep_scored(const PairScorer& scorer, const CompiledModel& compiled, const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right,
                 double least_weight, std::uint16_t match_key, PairBatch& out) {
  const std::size_t comparisons = compiled.comparisons.size();
  out.gammas.resize(comparisons);
  out.levels.resize(comparisons);
  const bool all = least_weight == -INFINITY;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const double weight = scorer.weight(i);
    if (!all && !(weight >= least_weight)) continue;
    out.left.push_back(left[i]);
    out.right.push_back(right[i]);
    out.weight.push_back(weight);
    for (std::size_t c = 0; c < comparisons; ++c) {
      out.gammas[c].push_back(static_cast<std::int8_t>(scorer.gamma(c, i)));
      out.levels[c].push_back(scorer.level(c, i));
    }
  }
  out.match_key.assign(out.left.size(), match_key);
}

namespace {

void work(const Finder& finder, const Task& task, const CompiledModel& compiled, std::uint16_t match_key, const Sweep& how, PairScorer& scorer,
          Finder::Scratch& scratch, PairBatch& out) {
  finder.find(task, scorer, how.only, scratch);
  scorer.score(scratch.left, scratch.right);
  out.scored = scratch.seen;
  keep_scored(scorer, compiled, scratch.left, scratch.right, how.least_weight, match_key, out);
  if (how.render) how.render(out);
}

}  // namespace

Result<std::uint64_t> sweep(const BlockingPlan& plan, const CompiledModel& compiled, const Sweep& how) {
  struct Worker {
    explicit Worker(const CompiledModel& model) : scorer(model) {}
    PairScorer scorer;
    Finder::Scratch scratch;
  };
  const unsigned threads = std::max(1u, how.threads);
  const Finder finder(plan, compiled, how.least_weight, threads);
  std::vector<std::unique_ptr<Worker>> idle;
  for (unsigned i = 0; i < threads; ++i) idle.push_back(std::make_unique<Worker>(compiled));
  std::mutex mutex;
  std::uint64_t scored = 0;
  const std::size_t wave = 64 * threads;  // batches held at once: bounds the memory
  for (std::size_t begin = 0; begin < plan.tasks.size(); begin += wave) {
    const std::size_t count = std::min(wave, plan.tasks.size() - begin);
    std::vector<PairBatch> batches(count);
    JOINEDUP_CHECK(parallel_for(count, threads, [&](std::size_t at) -> Result<void> {
      std::unique_ptr<Worker> worker;
      {
        const std::lock_guard lock(mutex);
        worker = std::move(idle.back());
        idle.pop_back();
      }
      const Task& task = plan.tasks[begin + at];
      work(finder, task, compiled, static_cast<std::uint16_t>(plan.rules[task.rule].match_key), how, worker->scorer, worker->scratch, batches[at]);
      const std::lock_guard lock(mutex);
      idle.push_back(std::move(worker));
      return {};
    }));
    for (auto& batch : batches) {
      scored += batch.scored;
      if (how.take) JOINEDUP_CHECK(how.take(batch));
    }
  }
  return scored;
}

}  // namespace joinedup::linkage
