// The linkage verbs as one small program, for benchmarks: linkage_benchmark link-files|encode|link-clks …
// and: linkage_benchmark score-all MODEL FILE THREADS, which gives every candidate pair its weight and keeps none.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"

namespace {

using namespace joinedup;

Result<void> score_all(const std::string& spec, const std::string& file, unsigned threads) {
  JOINEDUP_TRY(const auto model, linkage::read_model(spec));
  linkage::Wanted wanted;
  wanted.id_column = model.id_column;
  JOINEDUP_TRY(wanted.columns, linkage::check_conditions(model));
  const std::vector<std::string> files{file};
  JOINEDUP_TRY(const auto records, linkage::read_records(files, wanted, threads));
  JOINEDUP_TRY(auto plan, linkage::plan_blocking(model.blocking_rules, model, records, threads));
  const auto filters = linkage::take_filters(plan);
  JOINEDUP_TRY(const auto compiled, linkage::compile_model(model, records, filters, threads));
  linkage::Sweep how;
  how.least_weight = -INFINITY;  // no pair is settled by a bound
  how.threads = threads;
  double sum = 0;
  std::uint64_t kept = 0;
  how.take = [&](linkage::PairBatch& batch) -> Result<void> {
    for (const double weight : batch.weight) sum += std::isfinite(weight) ? weight : 0;
    kept += batch.weight.size();
    return {};
  };
  const auto start = std::chrono::steady_clock::now();
  JOINEDUP_TRY(const auto scored, linkage::sweep(plan, compiled, how));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("{\"pairs\": %llu, \"kept\": %llu, \"seconds\": %.4f, \"sum_of_weights\": %.3f}\n", static_cast<unsigned long long>(scored), static_cast<unsigned long long>(kept), seconds, sum);
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  const std::string verb = words[1];
  const std::vector<std::string> arguments(words + 2, words + count);
  if (verb == "link-files") return linkage::link_files_command(arguments);
  if (verb == "encode") return linkage::encode_command(arguments);
  if (verb == "link-clks") return linkage::link_clks_command(arguments);
  if (verb == "score-all" && arguments.size() == 3) {
    const auto done = score_all(arguments[0], arguments[1], static_cast<unsigned>(std::strtoul(arguments[2].c_str(), nullptr, 10)));
    if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
    return done ? 0 : 1;
  }
  std::fprintf(stderr, "Unknown verb %s\n", verb.c_str());
  return 2;
}
