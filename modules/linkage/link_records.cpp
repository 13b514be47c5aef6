#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "linkage/linkage.hpp"
#include "linkage/linker.hpp"
#include "linkage/train.hpp"

namespace joinedup::linkage {
namespace {

Result<Model> model_of(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') return read_splink_model(text, "the model");
  return read_specification(text, "the specification");
}

Result<Records> records_of(const MemoryRecords& rows, const Model& model, unsigned threads) {
  const std::size_t width = rows.columns.size();
  const std::size_t count = width ? rows.values.size() / width : 0;
  if (width == 0 || rows.values.size() != count * width || (!rows.ids.empty() && rows.ids.size() != count) || (!rows.sources.empty() && rows.sources.size() != count))
    return fail(ErrorCode::invalid_input, "The rows to link must have a value for each column, and an id and a source each where those are given.");
  JOINEDUP_TRY(const auto needed, check_conditions(model));
  RecordsBuilder builder(rows.columns);
  std::string missing;
  for (const auto& name : needed)
    if (std::none_of(rows.columns.begin(), rows.columns.end(), [&](const auto& column) { return lower_ascii(column) == name; })) missing += (missing.empty() ? "'" : ", '") + name + "'";
  if (!missing.empty()) return fail(ErrorCode::invalid_input, "The specification uses columns that the records lack: " + missing + ".");
  char place[24];
  for (std::size_t row = 0; row < count; ++row) {
    std::snprintf(place, sizeof place, "%010llu", static_cast<unsigned long long>(row));
    builder.add(rows.ids.empty() ? std::string_view(place) : rows.ids[row], {rows.values.data() + row * width, width}, rows.sources.empty() ? std::uint16_t{0} : rows.sources[row]);
  }
  return builder.finish(threads);
}

}  // namespace

Result<LinkedRecords> link_records(const MemoryRecords& rows, const LinkRecords& how) {
  JOINEDUP_TRY(auto model, model_of(how.spec));
  LinkedRecords linked;
  for (const auto& comparison : model.comparisons) linked.comparisons.push_back(comparison.name);
  JOINEDUP_TRY(const auto records, records_of(rows, model, how.threads));
  if (how.train == Train::always || (how.train == Train::as_needed && !model.trained())) {
    JOINEDUP_TRY(const auto trained, train_model(model, records, how.threads));
    linked.warnings = trained.warnings;
  }
  fill_default_probabilities(model);
  JOINEDUP_TRY(auto plan, plan_blocking(model.blocking_rules, model, records, how.threads));
  const auto filters = take_filters(plan);
  JOINEDUP_TRY(const auto compiled, compile_model(model, records, filters, how.threads));
  const auto place = [&](std::uint32_t row) { return static_cast<std::uint32_t>(records.input_row[row] - 1); };
  Sweep sweeping;
  sweeping.threads = how.threads;
  sweeping.least_weight = how.least_weight;
  if (how.skip) sweeping.only = [&](std::uint32_t left, std::uint32_t right) { return !how.skip(place(left), place(right)); };
  sweeping.take = [&](PairBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.left.size(); ++i) {
      ScoredPair pair{place(batch.left[i]), place(batch.right[i]), batch.weight[i], weight_to_probability(batch.weight[i]), {}, batch.match_key[i]};
      for (const auto& gamma : batch.gammas) pair.gammas.push_back(gamma[i]);
      linked.pairs.push_back(std::move(pair));
    }
    return {};
  };
  JOINEDUP_TRY(linked.pairs_scored, sweep(plan, compiled, sweeping));
  linked.model = write_model(model);
  return linked;
}

}  // namespace joinedup::linkage
