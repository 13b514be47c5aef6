#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"
#include "linkage/output.hpp"

namespace joinedup::linkage {
namespace {

class Clock {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Result<Records> read_inputs(const LinkFiles& job, const Model& model, std::vector<std::string> columns) {
  Wanted wanted;
  wanted.id_column = model.id_column;
  wanted.source_column = model.source_column;
  wanted.by_source = job.inputs.size() == 1 && model.link_type == LinkType::link_only;
  wanted.columns = std::move(columns);
  if (wanted.by_source) wanted.columns.push_back(lower_ascii(model.source_column));
  if (!model.truth_column.empty()) wanted.optional_columns.push_back(lower_ascii(model.truth_column));
  return read_records(job.inputs, wanted, job.threads);
}

Result<void> check(const LinkFiles& job, const Model& model) {
  if (job.inputs.empty() || job.inputs.size() > 2) return fail(ErrorCode::wrong_usage, "Give --input once or twice.");
  if (job.inputs.size() == 2 && model.link_type == LinkType::dedupe_only)
    return fail(ErrorCode::wrong_usage, "The specification says dedupe_only, which takes one --input; use link_only or link_and_dedupe for two.");
  return {};
}

}  // namespace

Result<LinkSummary> link_files(const LinkFiles& job) {
  LinkSummary summary;
  Clock clock;
  JOINEDUP_TRY(auto model, read_model(job.spec));
  JOINEDUP_CHECK(check(job, model));
  if (job.most_pairs_a_rule) model.most_pairs_a_rule = *job.most_pairs_a_rule;
  JOINEDUP_TRY(auto columns, check_conditions(model));
  Progress reading("Reading records");
  JOINEDUP_TRY(const auto records, read_inputs(job, model, std::move(columns)));
  summary.records = records.size();
  reading.done(with_commas(static_cast<std::int64_t>(records.size())) + " records");
  summary.seconds_reading = clock.lap();
  fill_default_probabilities(model);

  Progress scoring("Comparing pairs");
  JOINEDUP_TRY(auto plan, plan_blocking(model.blocking_rules, model, records, job.threads));
  const auto filters = take_filters(plan);
  JOINEDUP_TRY(auto compiled, compile_model(model, records, filters, job.threads));
  JOINEDUP_TRY(auto folder, OutputFolder::open(job.out));
  JOINEDUP_TRY(const auto writer, open_pair_writer(folder, job.format, compiled));
  summary.cluster_probability = job.cluster_probability.value_or(model.cluster_probability.value_or(default_cluster_probability));
  const double cluster_weight = probability_to_weight(summary.cluster_probability);
  const double written_weight = probability_to_weight(job.least_probability);
  Components components(records.size());
  Sweep how;
  how.threads = job.threads;
  how.least_weight = written_weight;
  how.render = [&](PairBatch& batch) { writer->render(batch); };
  how.take = [&](PairBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.left.size(); ++i)
      if (batch.weight[i] >= cluster_weight) components.join(batch.left[i], batch.right[i]);
    return writer->write(batch);
  };
  JOINEDUP_TRY(summary.pairs_scored, sweep(plan, compiled, how));
  JOINEDUP_CHECK(writer->close());
  summary.pairs_written = writer->rows;
  scoring.done(with_commas(static_cast<std::int64_t>(summary.pairs_scored)) + " pairs");
  summary.seconds_scoring = clock.lap();

  std::vector<std::uint32_t> cluster_of(records.size());
  for (std::uint32_t row = 0; row < records.size(); ++row) {
    cluster_of[row] = components.root(row);
    summary.clusters += cluster_of[row] == row;
  }
  JOINEDUP_CHECK(write_clusters(folder, job.format, records, cluster_of));
  JOINEDUP_CHECK(write_file(folder.path("model.json"), write_model(model)));
  JOINEDUP_CHECK(folder.publish());
  summary.prior = model.prior;
  summary.seconds_writing = clock.lap();
  return summary;
}

}  // namespace joinedup::linkage
