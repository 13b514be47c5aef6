#include "linkage/train.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>

#include "base/parallel.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "linkage/finder.hpp"
#include "linkage/linker.hpp"

namespace joinedup::linkage {
namespace {

using Pattern = std::vector<std::uint8_t>;          // a level index for each comparison
using Patterns = std::map<Pattern, double>;         // how many pairs show it
using Shares = std::vector<std::vector<double>>;    // by comparison, by level
constexpr double smallest_share = 1e-9;
constexpr double pseudo_count = 0.5;  // an unseen level is rare, not impossible (Jeffreys)
constexpr std::size_t batch_pairs = 131072;

struct Counted {
  std::unordered_map<std::string, double> counts;
  void add(const PairScorer& scorer, std::size_t pairs, std::size_t comparisons, std::string& key) {
    key.resize(comparisons);
    for (std::size_t i = 0; i < pairs; ++i) {
      for (std::size_t c = 0; c < comparisons; ++c) key[c] = static_cast<char>(scorer.level(c, i));
      counts[key] += 1;
    }
  }
  Patterns sorted() const {
    Patterns patterns;
    for (const auto& [key, count] : counts) patterns[Pattern(key.begin(), key.end())] += count;
    return patterns;
  }
  void merge(const Counted& other) {
    for (const auto& [key, count] : other.counts) counts[key] += count;
  }
};

Result<Patterns> blocked_patterns(const std::vector<std::string>& rules, const Model& model, const Records& records, unsigned threads) {
  std::vector<BlockingRule> blocking;
  for (const auto& rule : rules) blocking.push_back({rule});
  JOINEDUP_TRY(auto plan, plan_blocking(blocking, model, records, threads));
  const auto filters = take_filters(plan);
  JOINEDUP_TRY(const auto compiled, compile_model(model, records, filters, threads));
  // A rule that makes very many pairs is sampled by whole tasks, evenly.
  constexpr double enough = 2e7;
  if (plan.pairs > enough) {
    const auto stride = static_cast<std::size_t>(plan.pairs / enough) + 1;
    std::vector<Task> kept;
    for (std::size_t i = 0; i < plan.tasks.size(); i += stride) kept.push_back(plan.tasks[i]);
    plan.tasks = std::move(kept);
  }
  Counted total;
  std::mutex mutex;
  const Finder finder(plan, compiled, -INFINITY, threads);
  const std::size_t crews = threads;
  JOINEDUP_CHECK(parallel_for(crews, threads, [&](std::size_t crew) -> Result<void> {
    PairScorer scorer(compiled);
    Counted mine;
    Finder::Scratch scratch;
    std::string key;
    for (std::size_t task = crew; task < plan.tasks.size(); task += crews) {
      finder.find(plan.tasks[task], scorer, {}, scratch);
      scorer.compare(scratch.left, scratch.right);
      mine.add(scorer, scratch.left.size(), compiled.comparisons.size(), key);
    }
    const std::lock_guard lock(mutex);
    total.merge(mine);
    return {};
  }));
  return total.sorted();
}

Result<Patterns> random_patterns(const Model& model, const Records& records, const CompiledModel& compiled, double wanted, unsigned threads) {
  const double possible = possible_pairs(model, records);
  const bool all = possible <= wanted;
  if (all) return blocked_patterns({"1 = 1"}, model, records, threads);
  const auto pairs = static_cast<std::size_t>(wanted);
  const std::size_t batches = (pairs + batch_pairs - 1) / batch_pairs;
  const auto rows = static_cast<std::uint64_t>(records.size());
  Counted total;
  std::mutex mutex;
  JOINEDUP_CHECK(parallel_for(threads, threads, [&](std::size_t crew) -> Result<void> {
    PairScorer scorer(compiled);
    Counted mine;
    std::string key;
    for (std::size_t batch = crew; batch < batches; batch += threads) {
      std::vector<std::uint32_t> left, right;
      CounterRandom draw(model.training.seed, batch, 1);
      while (left.size() < std::min(batch_pairs, pairs - batch * batch_pairs)) {
        auto a = static_cast<std::uint32_t>(draw.below(rows)), b = static_cast<std::uint32_t>(draw.below(rows));
        if (a == b || (model.link_type == LinkType::link_only && records.source[a] == records.source[b])) continue;
        left.push_back(std::min(a, b));
        right.push_back(std::max(a, b));
      }
      scorer.compare(left, right);
      mine.add(scorer, left.size(), compiled.comparisons.size(), key);
    }
    const std::lock_guard lock(mutex);
    total.merge(mine);
    return {};
  }));
  return total.sorted();
}

// The share of each level among pairs where the comparison is not NULL.
Shares shares_of(const Model& model, const Patterns& patterns, bool smooth) {
  Shares shares;
  for (std::size_t c = 0; c < model.comparisons.size(); ++c) {
    const auto& levels = model.comparisons[c].levels;
    std::vector<double> counts(levels.size(), 0);
    double total = 0;
    for (const auto& [pattern, count] : patterns) {
      if (pattern[c] == PairScorer::no_level || levels[pattern[c]].is_null) continue;
      counts[pattern[c]] += count;
      total += count;
    }
    const double extra = smooth ? pseudo_count : 0;
    for (std::size_t i = 0; i < levels.size(); ++i) counts[i] = levels[i].is_null ? 0 : (counts[i] + extra) / (total + extra * model.comparisons[c].level_count());
    shares.push_back(std::move(counts));
  }
  return shares;
}

struct Pass {
  TrainingPass report;
  Patterns patterns;
  std::vector<bool> free;  // by comparison: not fixed by the rule
  Shares m;                // what the pass found, and how many matches it found it on
  std::vector<double> matches;
};

void maximise(Pass& pass, const Model& model, const Shares& u, const Shares& start, bool estimate_all) {
  (void)estimate_all;
  Shares m = start;
  double lambda = pass.report.match_share > 0 ? pass.report.match_share : 0.3;
  const std::size_t comparisons = model.comparisons.size();
  double all = 0;
  for (const auto& [pattern, count] : pass.patterns) all += count;
  pass.report.pairs = all;
  pass.report.converged = false;
  for (int iteration = 1; iteration <= 500 && !pass.report.converged; ++iteration) {
    Shares sums(comparisons);
    for (std::size_t c = 0; c < comparisons; ++c) sums[c].assign(m[c].size(), 0);
    double matches = 0;
    for (const auto& [pattern, count] : pass.patterns) {
      double log_odds = std::log(lambda / (1 - lambda));
      for (std::size_t c = 0; c < comparisons; ++c) {
        const auto level = pattern[c];
        if (!pass.free[c] || level == PairScorer::no_level || model.comparisons[c].levels[level].is_null) continue;
        log_odds += std::log(std::max(m[c][level], smallest_share) / std::max(u[c][level], smallest_share));
      }
      const double expected = count / (1 + std::exp(-log_odds));
      matches += expected;
      for (std::size_t c = 0; c < comparisons; ++c)
        if (pass.free[c] && pattern[c] != PairScorer::no_level && !model.comparisons[c].levels[pattern[c]].is_null) sums[c][pattern[c]] += expected;
    }
    double change = std::fabs(matches / all - lambda);
    lambda = std::clamp(matches / all, 1e-9, 1 - 1e-9);
    pass.matches.assign(comparisons, 0);
    for (std::size_t c = 0; c < comparisons; ++c) {
      if (!pass.free[c]) continue;
      double total = 0;
      for (const double sum : sums[c]) total += sum;
      pass.matches[c] = total;
      if (total <= 0) continue;
      double fixed = 0, free_total = 0;
      for (std::size_t i = 0; i < sums[c].size(); ++i) {
        const auto& level = model.comparisons[c].levels[i];
        if (level.fix_m && !level.is_null) fixed += start[c][i];
        else free_total += sums[c][i];
      }
      for (std::size_t i = 0; i < sums[c].size(); ++i) {
        const auto& level = model.comparisons[c].levels[i];
        if (level.is_null || level.fix_m || free_total <= 0) continue;
        const double next = sums[c][i] / free_total * (1 - fixed);
        change = std::max(change, std::fabs(next - m[c][i]));
        m[c][i] = next;
      }
    }
    pass.report.iterations = iteration;
    pass.report.converged = change < model.training.convergence * 0.01;
  }
  pass.report.match_share = lambda;
  pass.m = std::move(m);
}

std::vector<std::string> training_rules(const Model& model) {
  if (!model.training.rules.empty()) return model.training.rules;
  std::vector<std::string> rules;
  for (const auto& rule : model.blocking_rules) rules.push_back(rule.sql);
  return rules;
}

Result<std::vector<bool>> free_comparisons(const Model& model, const std::string& rule) {
  JOINEDUP_TRY(const auto tree, parse_condition(rule, Names::prefixed));
  const auto fixed = columns_of(tree);
  std::vector<bool> free;
  for (const auto& comparison : model.comparisons) {
    bool touched = false;
    for (const auto& level : comparison.levels) {
      if (level.is_else || level.is_null) continue;
      JOINEDUP_TRY(const auto condition, parse_condition(level.condition, Names::suffixed));
      const auto used = columns_of(condition);
      for (const auto& name : used.left) touched = touched || std::binary_search(fixed.left.begin(), fixed.left.end(), name);
    }
    free.push_back(!touched);
  }
  return free;
}

Shares current(const Model& model, bool of_m) {
  Shares shares;
  for (const auto& comparison : model.comparisons) {
    shares.emplace_back();
    for (const auto& level : comparison.levels) shares.back().push_back((of_m ? level.m : level.u).value_or(0));
  }
  return shares;
}

}  // namespace

double possible_pairs(const Model& model, const Records& records) {
  const auto n = static_cast<double>(records.size());
  if (model.link_type != LinkType::link_only) return n * (n - 1) / 2;
  std::map<std::uint16_t, double> sizes;
  for (const auto source : records.source) sizes[source] += 1;
  double squares = 0;
  for (const auto& [source, size] : sizes) squares += size * size;
  return (n * n - squares) / 2;
}

Result<TrainingReport> train_model(Model& model, const Records& records, unsigned threads) {
  TrainingReport report;
  for (auto& comparison : model.comparisons)  // start afresh, but for what is fixed
    for (auto& level : comparison.levels) {
      if (!level.fix_m) level.m.reset();
      if (!level.fix_u) level.u.reset();
    }
  fill_default_probabilities(model);
  const double possible = possible_pairs(model, records);
  if (possible < 1) return fail(ErrorCode::invalid_input, "There are too few records to make a single pair.");
  JOINEDUP_TRY(const auto compiled, compile_model(model, records, {}, threads));
  JOINEDUP_TRY(const auto at_random, random_patterns(model, records, compiled, model.training.random_pairs, threads));
  for (const auto& [pattern, count] : at_random) report.random_pairs += count;
  const Shares mixed = shares_of(model, at_random, true);
  const Shares given_u = current(model, false), start_m = current(model, true);

  if (!model.training.deterministic_rules.empty()) {
    JOINEDUP_TRY(const auto sure, blocked_patterns(model.training.deterministic_rules, model, records, threads));
    double pairs = 0;
    for (const auto& [pattern, count] : sure) pairs += count;
    model.prior = std::clamp(pairs / model.training.deterministic_recall / possible, 1e-12, 0.5);
    if (pairs == 0) report.warnings.push_back("The deterministic rules find no pair at all; the prior is a guess.");
  }
  std::vector<Pass> passes;
  for (const auto& rule : training_rules(model)) {
    Pass pass;
    pass.report.rule = rule;
    JOINEDUP_TRY(pass.free, free_comparisons(model, rule));
    if (std::count(pass.free.begin(), pass.free.end(), true) < 2) continue;  // nothing to tell matches by
    JOINEDUP_TRY(pass.patterns, blocked_patterns({rule}, model, records, threads));
    if (pass.patterns.empty()) {
      report.warnings.push_back("The training rule " + rule + " makes no pair.");
      continue;
    }
    passes.push_back(std::move(pass));
  }
  if (passes.empty())
    return fail(ErrorCode::invalid_input, "No training rule makes pairs and leaves two comparisons free: add one to [training] rules, or give m and u in the specification.");

  Shares u = mixed, m = start_m;
  for (std::size_t c = 0; c < u.size(); ++c)
    for (std::size_t i = 0; i < u[c].size(); ++i)
      if (model.comparisons[c].levels[i].fix_u) u[c][i] = given_u[c][i];
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    for (auto& pass : passes) maximise(pass, model, u, round == 0 ? start_m : pass.m, true);
    // A comparison's m: the mean over the passes that left it free, each by the matches it saw.
    for (std::size_t c = 0; c < m.size(); ++c) {
      double weight = 0;
      std::vector<double> sum(m[c].size(), 0);
      for (const auto& pass : passes) {
        if (!pass.free[c]) continue;
        weight += pass.matches[c];
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += pass.matches[c] * pass.m[c][i];
      }
      if (weight > 0)
        for (std::size_t i = 0; i < sum.size(); ++i) m[c][i] = sum[i] / weight;
    }
    // Random pairs hold some matches: take them out of u, so far as the prior says. u = (mixed - prior·m) ÷ (1 - prior).
    for (std::size_t c = 0; c < u.size(); ++c) {
      double total = 0;
      for (std::size_t i = 0; i < u[c].size(); ++i) {
        const auto& level = model.comparisons[c].levels[i];
        if (level.is_null || level.fix_u) continue;
        u[c][i] = std::max((mixed[c][i] - model.prior * m[c][i]) / (1 - model.prior), mixed[c][i] * 0.05);
        total += u[c][i];
      }
      double fixed = 0;
      for (std::size_t i = 0; i < u[c].size(); ++i)
        if (!model.comparisons[c].levels[i].is_null && model.comparisons[c].levels[i].fix_u) fixed += u[c][i];
      for (std::size_t i = 0; i < u[c].size(); ++i)
        if (!model.comparisons[c].levels[i].is_null && !model.comparisons[c].levels[i].fix_u && total > 0) u[c][i] *= (1 - fixed) / total;
    }
  }
  for (std::size_t c = 0; c < model.comparisons.size(); ++c) {
    auto& comparison = model.comparisons[c];
    double seen = 0, most = 0;
    for (const auto& pass : passes)
      if (pass.free[c]) seen += pass.matches[c], most = 1;
    if (most == 0)
      return fail(ErrorCode::invalid_input, "Every training rule fixes this comparison, so that its m cannot be estimated: add a training rule on other columns.", "comparison " + comparison.name);
    if (seen <= 0)
      return fail(ErrorCode::invalid_input, "Its columns are empty, or hold one value, wherever training looked: its probabilities cannot be estimated. Leave the comparison out.", "comparison " + comparison.name);
    // An unseen level is as rare as half a pair, not impossible.
    double total = 0;
    for (std::size_t i = 0; i < comparison.levels.size(); ++i) {
      auto& level = comparison.levels[i];
      if (level.is_null) continue;
      const double floor = pseudo_count / (seen + 1);
      if (m[c][i] < floor && !level.fix_m) {
        report.warnings.push_back("Comparison " + comparison.name + ", level '" + level.label + "': hardly any matching pair shows it; its m is a guess.");
        m[c][i] = floor;
      }
      total += m[c][i];
    }
    for (std::size_t i = 0; i < comparison.levels.size(); ++i) {
      auto& level = comparison.levels[i];
      if (level.is_null) continue;
      if (!level.fix_m) level.m = m[c][i] / total;
      if (!level.fix_u) level.u = u[c][i];
    }
  }
  if (model.training.deterministic_rules.empty() && !model.prior_given) {
    double matches = 0;  // the largest pass sees the most matches; what it misses is in the others
    for (const auto& pass : passes) matches = std::max(matches, pass.report.pairs * pass.report.match_share);
    model.prior = std::clamp(matches / 0.7 / possible, 1e-12, 0.5);
  }
  for (auto& pass : passes) report.passes.push_back(pass.report);
  return report;
}

}  // namespace joinedup::linkage
