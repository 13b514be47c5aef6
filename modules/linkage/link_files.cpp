#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>
#include <unordered_map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "linkage/link_added.hpp"
#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"
#include "linkage/output.hpp"
#include "linkage/quality.hpp"
#include "linkage/report.hpp"
#include "linkage/train.hpp"

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
  wanted.by_source = job.inputs.size() == 1 && model.link_type != LinkType::dedupe_only;
  wanted.empty_text = model.empty_is_missing ? EmptyText::missing : EmptyText::value;
  wanted.id_order = model.link_type == LinkType::dedupe_only ? IdOrder::as_typed : IdOrder::as_text;
  wanted.columns = std::move(columns);
  if (wanted.by_source && model.link_type == LinkType::link_only) wanted.columns.push_back(lower_ascii(model.source_column));
  for (const auto& name : model.quality_columns) wanted.columns.push_back(lower_ascii(name));
  if (!model.truth_column.empty()) {
    JOINEDUP_TRY(const auto truth, truth_columns(model.truth_column));
    for (const auto& name : truth) wanted.columns.push_back(lower_ascii(name));
  }
  return read_records(job.inputs, wanted, job.threads);
}

Result<void> check(const LinkFiles& job, const Model& model) {
  if (job.inputs.empty() || job.inputs.size() > 2) return fail(ErrorCode::wrong_usage, "Give --input once or twice.");
  if (job.inputs.size() == 2 && model.link_type == LinkType::dedupe_only)
    return fail(ErrorCode::wrong_usage, "The specification says dedupe_only, which takes one --input; use link_only or link_and_dedupe for two.");
  if (job.one_to_one && !job.previous.empty()) return fail(ErrorCode::unsupported, "--one-to-one and --previous together are not supported.");
  return {};
}

std::string hash_of(const std::string& text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish_hex();
}

// An earlier run's clusters stand: its records are marked old and joined as they were.
Result<void> read_previous(const std::string& folder, const Records& records, std::vector<std::uint8_t>& old, Components& components) {
  Wanted wanted;
  wanted.id_column = "id";
  wanted.columns = {"cluster_id"};
  const bool parquet = std::filesystem::exists(folder + "/clusters.parquet");
  const std::vector<std::string> paths{folder + (parquet ? "/clusters.parquet" : "/clusters.csv")};
  JOINEDUP_TRY(const auto before, read_records(paths, wanted, 1));
  std::unordered_map<std::string, std::uint32_t> rows;
  for (std::uint32_t row = 0; row < records.size(); ++row) rows.emplace(records.shown_id(row), row);
  const auto& clusters = *before.find("cluster_id");
  std::vector<std::uint32_t> first(clusters.values().size(), ~std::uint32_t{0});
  for (std::uint32_t at = 0; at < before.size(); ++at) {
    const auto found = rows.find(std::string(before.ids[at]));
    if (found == rows.end()) continue;  // no longer among the inputs
    old[found->second] = 1;
    auto& member = first[clusters.codes[at]];
    if (member == ~std::uint32_t{0}) member = found->second;
    else components.join(member, found->second);
  }
  return {};
}

// The surest links first, and each record in one at most. Ties: the smaller ids.
void keep_one_to_one(std::vector<Edge>& edges, std::size_t records) {
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    return a.left != b.left ? a.left < b.left : a.right < b.right;
  });
  std::vector<bool> taken(records, false);
  std::erase_if(edges, [&](const Edge& edge) {
    if (taken[edge.left] || taken[edge.right]) return true;
    taken[edge.left] = taken[edge.right] = true;
    return false;
  });
}

}  // namespace

Result<LinkSummary> link_files(const LinkFiles& job) {
  LinkSummary summary;
  Clock clock;
  JOINEDUP_TRY(auto model, read_model(job.spec));
  JOINEDUP_CHECK(check(job, model));
  JOINEDUP_TRY(const auto spec_text, read_file(job.spec));
  if (job.most_pairs_a_rule) model.most_pairs_a_rule = *job.most_pairs_a_rule;
  JOINEDUP_TRY(auto columns, check_conditions(model));
  std::optional<LinkIndex> earlier;
  std::jthread warming;
  if (!job.previous.empty() && LinkIndex::exists(job.previous)) {
    JOINEDUP_TRY(auto index, LinkIndex::open(job.previous));
    earlier.emplace(std::move(index));
    if (job.threads > 1) warming = std::jthread([&earlier] { earlier->warm(); });
  }
  Progress reading("Reading records");
  JOINEDUP_TRY(const auto records, read_inputs(job, model, std::move(columns)));
  summary.records = records.size();
  reading.done(with_commas(static_cast<std::int64_t>(records.size())) + " records");
  summary.seconds_reading = clock.lap();
  if (warming.joinable()) warming.join();
  if (earlier) {
    const auto known = known_records(*earlier, records), all = static_cast<std::uint64_t>(earlier->rows() + earlier->added.ids.size());
    if (known == 0) {
      if (!job.labels.empty()) return fail(ErrorCode::unsupported, "--labels judges a whole run, and these records are added to an earlier one: leave --previous out.");
      JOINEDUP_TRY(auto done, link_added(job, *earlier, records, hash_of(spec_text)));
      done.seconds_reading = summary.seconds_reading;
      done.seconds_scoring = clock.lap();
      return done;
    }
    if (known * 2 < all)
      return fail(ErrorCode::invalid_input,
                  with_commas(static_cast<std::int64_t>(known)) + " of the ids given were in the earlier run already, which had " + with_commas(static_cast<std::int64_t>(all)) +
                      " records. Give the new records alone, or all of them.",
                  job.inputs[0]);
  }
  std::optional<LinkIndex> frozen;
  if (!job.frequencies.empty()) {
    JOINEDUP_TRY(auto index, LinkIndex::open(job.frequencies));
    frozen.emplace(std::move(index));
  }
  std::vector<std::string> warnings;
  const bool train = job.train == Train::always || (job.train == Train::as_needed && !model.trained());
  if (train) {
    Progress training("Training");
    JOINEDUP_TRY(const auto trained, train_model(model, records, job.threads));
    warnings = trained.warnings;
    for (const auto& warning : warnings) std::fprintf(stderr, "Note: %s\n", warning.c_str());
    training.done();
  }
  summary.seconds_training = clock.lap();
  fill_default_probabilities(model);
  std::optional<Tally> tally;
  if (!job.labels.empty()) {
    JOINEDUP_TRY(auto labels, read_pair_labels(job.labels, records));
    if (labels.unknown_ids > 0) {
      warnings.push_back(with_commas(static_cast<std::int64_t>(labels.unknown_ids)) + " labels name a record that is not among the input; they are left out.");
      std::fprintf(stderr, "Note: %s\n", warnings.back().c_str());
    }
    tally.emplace(std::move(labels));
  } else if (!model.truth_column.empty()) {
    JOINEDUP_TRY(auto truth, read_truth(model.truth_column, records));
    tally.emplace(std::move(truth), records, model.link_type);
  }

  Progress scoring("Comparing pairs");
  JOINEDUP_TRY(auto plan, plan_blocking(model.blocking_rules, model, records, job.threads));
  const auto filters = take_filters(plan);
  LogFrequencies log_frequencies;
  if (frozen) log_frequencies = [&](const DataColumn& column) { return frozen->log_frequencies(column); };
  JOINEDUP_TRY(auto compiled, compile_model(model, records, filters, job.threads, log_frequencies));
  JOINEDUP_TRY(auto folder, OutputFolder::open(job.out));
  JOINEDUP_TRY(const auto writer, open_pair_writer(folder, job.format, compiled, probability_to_weight(job.least_probability)));
  summary.cluster_probability = job.cluster_probability.value_or(model.cluster_probability.value_or(default_cluster_probability));
  const double cluster_weight = probability_to_weight(summary.cluster_probability);
  const double written_weight = probability_to_weight(job.least_probability);
  Components components(records.size());
  std::vector<Edge> edges;
  RunNotes notes(compiled, cluster_weight);
  Sweep how;
  std::vector<std::uint8_t> old(records.size(), 0);
  if (!job.previous.empty()) {
    JOINEDUP_CHECK(read_previous(job.previous, records, old, components));
    how.only = [&](std::uint32_t left, std::uint32_t right) { return !(old[left] && old[right]); };
  }
  how.threads = job.threads;
  // Clusters need their links and the tally needs every pair, whatever is written.
  how.least_weight = tally ? -INFINITY : std::min(written_weight, cluster_weight);
  how.render = [&](PairBatch& batch) { writer->render(batch); };
  how.take = [&](PairBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.left.size(); ++i)
      if (batch.weight[i] >= cluster_weight) edges.push_back({batch.left[i], batch.right[i], static_cast<float>(batch.weight[i])});
    if (tally) tally->add(batch);
    notes.take(batch);
    return writer->write(batch);
  };
  JOINEDUP_TRY(summary.pairs_scored, sweep(plan, compiled, how));
  JOINEDUP_CHECK(writer->close());
  summary.pairs_written = writer->rows;
  scoring.done(with_commas(static_cast<std::int64_t>(summary.pairs_scored)) + " pairs");
  summary.seconds_scoring = clock.lap();

  if (tally) {
    const auto best = tally->best();
    summary.has_truth = true;
    summary.true_pairs = tally->true_pairs();
    summary.true_pairs_blocked = tally->true_pairs_seen();
    summary.best_f1 = best.f1;
    summary.best_threshold = best.weight;
    summary.best_precision = best.precision;
    summary.best_recall = best.recall;
  }
  if (job.one_to_one) keep_one_to_one(edges, records.size());
  for (const auto& edge : edges) components.join(edge.left, edge.right);
  std::vector<std::uint32_t> cluster_of(records.size()), sizes(records.size(), 0);
  for (std::uint32_t row = 0; row < records.size(); ++row) {
    cluster_of[row] = components.root(row);
    summary.clusters += cluster_of[row] == row;
    ++sizes[cluster_of[row]];
  }
  for (const auto size : sizes) summary.linked_records += size > 1 ? size : 0;
  const ShownIds shown(records);
  JOINEDUP_CHECK(write_clusters(folder, job.format, cluster_of, job.threads, shown.by_row()));
  if (job.index)
    JOINEDUP_CHECK(write_index(folder, {model, records, plan, compiled, cluster_of, hash_of(spec_text), format_number(summary.cluster_probability), job.inputs.size(),
                                        model.link_type == LinkType::dedupe_only ? IdOrder::as_typed : IdOrder::as_text}));
  JOINEDUP_CHECK(write_file(folder.path("model.json"), write_model(model)));
  summary.prior = model.prior;
  const Tally* counted = tally ? &*tally : nullptr;
  std::vector<GroupQuality> groups;
  if (counted || !model.quality_columns.empty()) {
    JOINEDUP_TRY(groups, quality_by_group(model.quality_columns, records, model.link_type, edges, cluster_of, counted));
    JOINEDUP_CHECK(write_file(folder.path("quality.json"), quality_json(groups, counted, summary.cluster_probability)));
    JOINEDUP_CHECK(write_file(folder.path("quality.csv"), quality_csv(groups, counted)));
  }
  JOINEDUP_CHECK(write_file(folder.path("report.html"), write_report({model, compiled, summary, notes, edges, cluster_of, counted, groups, warnings})));
  JOINEDUP_CHECK(folder.publish());
  summary.seconds_writing = clock.lap();
  return summary;
}

}  // namespace joinedup::linkage
