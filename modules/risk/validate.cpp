#include "risk/validate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "risk/cross_validate.hpp"
#include "risk/decision.hpp"

namespace joinedup::risk {
namespace {

constexpr std::size_t rows_for_identifiers = 1000;
constexpr double tells_the_outcome = 0.99;

struct Inputs {
  Frame frame;
  Outcome outcome;
  std::vector<std::uint32_t> rows;     // those measured
  std::vector<std::uint64_t> cluster;  // a hash, over all rows
  const FrameColumn* cluster_column = nullptr;
};

Result<const FrameColumn*> need_column(const Frame& frame, const std::string& name, const char* flag) {
  if (const auto* column = frame.find(name)) return column;
  return fail(ErrorCode::invalid_input, "There is no column \"" + name + "\" for " + flag + "; there are " + frame.names() + ".");
}

// A column of numbers as the score of each row; rows without one are left out by the caller.
Result<std::vector<double>> read_score(const Frame& frame, const std::string& name, const char* flag) {
  JOINEDUP_TRY(const FrameColumn* column, need_column(frame, name, flag));
  if (!column->numeric) return fail(ErrorCode::invalid_input, "Column " + name + " (" + flag + ") is not made of numbers.");
  std::vector<double> score;
  for (std::size_t row = 0; row < frame.rows; ++row) score.push_back(column->number(row));
  return score;
}

void hash_clusters(Inputs& in) {
  std::vector<std::uint64_t> of_word;
  if (in.cluster_column)
    for (const auto& word : in.cluster_column->words) of_word.push_back(hash64(word));
  for (std::size_t row = 0; row < in.frame.rows; ++row) {
    // A row that names no cluster is its own.
    const bool named = in.cluster_column && !in.cluster_column->is_missing(row);
    in.cluster.push_back(named ? of_word[in.cluster_column->code[row]] : mix64(row, 0x0A10));
  }
}

// The AUROC of a column by itself, its values' outcome rates learned on one half of the clusters and judged on the other.
double alone(const FrameColumn& column, const Inputs& in) {
  std::vector<double> rows(column.words.size()), events(column.words.size());
  Scored half;
  double mean = 0, seen = 0;
  for (const auto row : in.rows)
    if (in.cluster[row] % 2 == 0) {
      ++rows[column.code[row]];
      events[column.code[row]] += in.outcome.happened[row];
      mean += in.outcome.happened[row];
      ++seen;
    }
  if (seen == 0) return .5;
  mean /= seen;
  std::vector<double> by_number;
  for (const auto row : in.rows)
    if (in.cluster[row] % 2 == 1) {
      half.probability.push_back((events[column.code[row]] + mean) / (rows[column.code[row]] + 1));
      half.outcome.push_back(in.outcome.happened[row]);
      by_number.push_back(column.is_missing(row) ? -1e300 : column.number(row));
    }
  double best = auroc(rank_rows(half.probability), half.outcome).value_or(.5);
  if (column.numeric) {
    const double found = auroc(rank_rows(by_number), half.outcome).value_or(.5);
    best = std::max({best, found, 1 - found});
  }
  return best;
}

bool is_identifier(const FrameColumn& column, std::size_t rows) {
  if (rows < rows_for_identifiers || column.words.size() * 100 < rows * 99) return false;
  if (!column.numeric) return true;
  return std::all_of(column.number_of.begin(), column.number_of.end(), [](double v) { return std::isnan(v) || v == std::floor(v); });
}

std::vector<std::size_t> choose_features(const ValidateJob& job, const Inputs& in, Validation& validation) {
  std::vector<std::size_t> chosen;
  for (std::size_t c = 0; c < in.frame.columns.size(); ++c) {
    const auto& column = in.frame.columns[c];
    const auto leave = [&](const std::string& why) { validation.left_out.push_back(column.name + ": " + why); };
    if (column.name == in.outcome.column) continue;
    if (column.name == job.cluster) leave("says which rows belong together");
    else if (column.name == validation.order_column) leave("gives the order of rows; only how many earlier rows a cluster has is used");
    else if (std::find(job.compare.begin(), job.compare.end(), column.name) != job.compare.end()) leave("compared with the model");
    else if (std::find(job.drop.begin(), job.drop.end(), column.name) != job.drop.end()) leave("left out as asked (--drop)");
    else if (column.words.size() < 2) leave("the same value in every row");
    else if (is_identifier(column, in.frame.rows)) leave("a value of its own in nearly every row: an identifier");
    else if (const double found = alone(column, in); found >= tells_the_outcome) {
      leave("tells the outcome by itself (AUROC " + format_number(std::round(found * 1e4) / 1e4) + "): the outcome in another form, or known only after it");
      validation.notes.push_back("Column " + column.name + " tells the outcome by itself and was left out.");
    } else {
      chosen.push_back(c);
      validation.features.push_back(column.name);
      if (column.missing_rows) validation.missing.push_back({column.name, column.missing_rows});
    }
  }
  return chosen;
}

// The column that a source system numbers its rows with, where there is just one and it may be read as running in time:
// whole numbers, one a row, with gaps (1, 2, 3 … would be a row number, which says nothing), clusters' rows not side by side
// (the file is not sorted by cluster), and no news of the outcome in the number itself.
const FrameColumn* running_number(const Inputs& in) {
  if (!in.cluster_column || in.cluster_column->words.size() * 20 > in.frame.rows * 19) return nullptr;
  std::size_t side_by_side = 0;
  for (std::size_t row = 1; row < in.frame.rows; ++row) side_by_side += in.cluster[row] == in.cluster[row - 1];
  if (side_by_side * 2 > in.frame.rows - in.cluster_column->words.size()) return nullptr;
  const FrameColumn* found = nullptr;
  for (const auto& column : in.frame.columns) {
    if (&column == in.cluster_column || column.name == in.outcome.column || !column.numeric || column.missing_rows || column.words.size() != in.frame.rows || !is_identifier(column, in.frame.rows)) continue;
    const auto [least, most] = std::minmax_element(column.number_of.begin(), column.number_of.end());
    if (*most - *least < 1.5 * static_cast<double>(in.frame.rows)) continue;
    Scored alone_scores;
    for (const auto row : in.rows) {
      alone_scores.probability.push_back(column.number(row));
      alone_scores.outcome.push_back(in.outcome.happened[row]);
    }
    if (std::fabs(auroc(rank_rows(alone_scores.probability), alone_scores.outcome).value_or(1) - .5) > .05) continue;
    if (found) return nullptr;
    found = &column;
  }
  return found;
}

Result<const FrameColumn*> find_order(const ValidateJob& job, const Inputs& in) {
  if (job.order == "none") return nullptr;
  if (job.order.empty()) return running_number(in);
  if (!in.cluster_column) return fail(ErrorCode::wrong_usage, "--order needs --cluster: it counts the earlier rows of the same cluster.");
  return need_column(in.frame, job.order, "--order");
}

// How many rows of the same cluster stand before each row in that order.
std::vector<float> earlier_rows(const FrameColumn* order, const Inputs& in) {
  std::vector<float> earlier;
  if (!order) return earlier;
  std::vector<std::uint32_t> rows(in.frame.rows);
  std::iota(rows.begin(), rows.end(), 0u);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    if (order->code[a] == order->code[b]) return false;
    return order->numeric ? order->number(a) < order->number(b) : order->words[order->code[a]] < order->words[order->code[b]];
  };
  std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
    if (in.cluster[a] != in.cluster[b]) return in.cluster[a] < in.cluster[b];
    return before(a, b) || (!before(b, a) && a < b);
  });
  earlier.resize(in.frame.rows);
  for (std::size_t i = 0, first = 0; i < rows.size(); ++i) {
    if (in.cluster[rows[i]] != in.cluster[rows[first]]) first = i;
    // Rows of one moment do not count one another.
    earlier[rows[i]] = i > first && !before(rows[i - 1], rows[i]) ? earlier[rows[i - 1]] : static_cast<float>(i - first);
  }
  return earlier;
}

std::vector<std::string> group_values(const FrameColumn& column, std::span<const std::uint32_t> rows) {
  std::vector<std::string> label(column.words.size());
  if (column.numeric && column.words.size() > 20) {
    std::vector<double> sorted;
    for (const auto row : rows)
      if (!column.is_missing(row)) sorted.push_back(column.number(row));
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> cut;
    for (std::size_t f = 1; f < 5 && !sorted.empty(); ++f) cut.push_back(sorted[sorted.size() * f / 5]);
    cut.erase(std::unique(cut.begin(), cut.end()), cut.end());
    for (std::size_t w = 0; w < label.size(); ++w) {
      if (column.missing[w]) continue;
      const auto band = static_cast<std::size_t>(std::upper_bound(cut.begin(), cut.end(), column.number_of[w]) - cut.begin());
      const std::string from = band ? format_number(cut[band - 1]) : "", to = band < cut.size() ? format_number(cut[band]) : "";
      label[w] = std::to_string(band + 1) + ": " + (from.empty() ? "under " + to : to.empty() ? from + " and over" : from + " to under " + to);
    }
  } else {
    for (std::size_t w = 0; w < label.size(); ++w)
      if (!column.missing[w]) label[w] = column.words[w];
  }
  std::vector<std::string> values;
  for (const auto row : rows) values.push_back(column.is_missing(row) ? "Unknown" : label[column.code[row]]);
  return values;
}

std::vector<std::uint32_t> number_clusters(const Inputs& in) {
  std::vector<std::uint64_t> hashes;
  for (const auto row : in.rows) hashes.push_back(in.cluster[row]);
  auto sorted = hashes;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::uint32_t> number;
  for (const auto hash : hashes) number.push_back(static_cast<std::uint32_t>(std::lower_bound(sorted.begin(), sorted.end(), hash) - sorted.begin()));
  return number;
}

std::vector<double> curve_thresholds(const Scored& scored) {
  auto sorted = scored.probability;
  std::sort(sorted.begin(), sorted.end());
  const double top = std::min(.99, std::max(.1, sorted[static_cast<std::size_t>(.999 * static_cast<double>(sorted.size() - 1))]));
  std::vector<double> thresholds;
  for (int i = 1; i <= 50; ++i) thresholds.push_back(top * i / 50);
  return thresholds;
}

Result<CrossValidated> train(const ValidateJob& job, const Inputs& in, Validation& validation) {
  JOINEDUP_TRY(const FrameColumn* order, find_order(job, in));
  if (order) validation.order_column = order->name;
  if (order && job.order.empty())
    validation.notes.push_back("Column " + order->name + " is a running number of the source system: a cluster's rows are taken to follow it in time, and how many earlier rows the cluster has is used. If it does not run in time, say --order none.");
  const auto columns = choose_features(job, in, validation);
  if (columns.empty()) return fail(ErrorCode::invalid_input, "No column is left to train on; give a column of predictions with --predict.");
  const auto earlier = earlier_rows(order, in);
  const Prepared prepared = prepare(in.frame, columns, earlier);
  CrossOptions options;
  options.model = job.model;
  options.folds = job.folds;
  options.seed = job.seed;
  options.threads = job.threads;
  options.boosted.seed = job.seed;
  options.encoder.seed = job.seed;
  JOINEDUP_TRY(auto predicted, cross_validate(prepared, in.rows, in.outcome.happened, in.cluster, options));
  const double total = std::accumulate(predicted.gain.begin(), predicted.gain.end(), 0.0);
  const std::size_t named = prepared.numbers.size() + prepared.keys.size();
  for (std::size_t f = 0; f < predicted.gain.size() && f < named; ++f)
    if (total > 0) validation.importance.emplace_back(predicted.feature_names[f], predicted.gain[f] / total);
  std::sort(validation.importance.begin(), validation.importance.end(), [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  return predicted;
}

void measure_folds(const ValidateJob& job, const Scored& scored, const CrossValidated& predicted, const Inputs& in, Validation& validation) {
  PerformanceOptions options;
  options.replicates = 0;
  for (std::size_t k = 0; k < job.folds; ++k) {
    Scored part;
    for (std::size_t i = 0; i < in.rows.size(); ++i)
      if (predicted.fold[in.rows[i]] == k) {
        part.probability.push_back(scored.probability[i]);
        part.outcome.push_back(scored.outcome[i]);
        part.cluster.push_back(scored.cluster[i]);
      }
    FoldResult fold;
    fold.performance = performance(part, options);
    fold.rows = part.size();
    fold.events = fold.performance.events;
    fold.recalibration_intercept = predicted.recalibration[k].intercept;
    fold.recalibration_slope = predicted.recalibration[k].slope;
    validation.folds.push_back(std::move(fold));
  }
}

Result<std::string> predictions_csv(const Inputs& in, const Scored& scored, const CrossValidated* predicted, std::span<const std::vector<double>> compared) {
  std::string text = "row,fold,outcome,probability";
  text += predicted ? ",probability_before_recalibration" : "";
  for (std::size_t c = 0; c < compared.size(); ++c) text += c ? ",compared_" + std::to_string(c + 1) : ",compared";
  text += '\n';
  for (std::size_t i = 0; i < in.rows.size(); ++i) {
    const auto row = in.rows[i];
    text += std::to_string(row + 1) + "," + (predicted ? std::to_string(predicted->fold[row] + 1) : "") + "," + std::to_string(scored.outcome[i]) + "," + format_number(scored.probability[i]);
    if (predicted) text += "," + format_number(predicted->before_recalibration[row]);
    for (const auto& other : compared) text += "," + format_number(other[i]);
    text += '\n';
  }
  return text;
}

Result<Inputs> read_inputs(const ValidateJob& job, Validation& validation) {
  Inputs in;
  JOINEDUP_TRY(in.frame, read_frame(job.data, job.threads));
  JOINEDUP_TRY(in.outcome, read_outcome(in.frame, job.outcome));
  if (!job.cluster.empty()) { JOINEDUP_TRY(in.cluster_column, need_column(in.frame, job.cluster, "--cluster")); }
  hash_clusters(in);
  validation.outcome_column = in.outcome.column;
  validation.event = in.outcome.event;
  validation.rows_in_file = in.frame.rows;
  validation.rows_without_outcome = in.outcome.unknown_rows;
  return in;
}

void compare_with(const ValidateJob& job, const std::string& column, const Scored& scored, const std::vector<double>& second, Validation& validation, const PerformanceOptions& options) {
  Comparison comparison;
  comparison.column = column;
  Scored other = scored;
  other.probability = second;
  comparison.performance = performance(other, options);
  comparison.auroc_difference = compare_auroc(scored, second);
  const auto probabilities = [](const std::vector<double>& values) { return std::all_of(values.begin(), values.end(), [](double p) { return p >= 0 && p <= 1; }); };
  if (probabilities(second) && probabilities(scored.probability)) {
    auto thresholds = job.thresholds;
    if (thresholds.empty()) {
      const double share = static_cast<double>(validation.performance.events) / static_cast<double>(scored.size());
      if (share > 0 && share < 1) thresholds = {share, std::min(.99, 2 * share)};
    }
    for (const double t : thresholds) comparison.reclassification.push_back(reclassify(scored, second, t));
    comparison.curve = decision_curve(other, curve_thresholds(scored));
  }
  validation.comparisons.push_back(std::move(comparison));
}

}  // namespace

Result<Validation> validate_file(const ValidateJob& job) {
  Validation validation;
  validation.job = job;
  validation.trained = job.predict.empty();
  JOINEDUP_TRY(Inputs in, read_inputs(job, validation));
  std::vector<double> first;
  std::vector<std::vector<double>> others;
  if (!job.predict.empty()) { JOINEDUP_TRY(first, read_score(in.frame, job.predict, "--predict")); }
  for (const auto& name : job.compare) {
    JOINEDUP_TRY(auto other, read_score(in.frame, name, "--compare"));
    others.push_back(std::move(other));
  }
  for (std::uint32_t row = 0; row < in.frame.rows; ++row) {
    if (!in.outcome.known[row]) continue;
    const bool absent = std::any_of(others.begin(), others.end(), [&](const auto& other) { return std::isnan(other[row]); });
    if (absent || (!first.empty() && std::isnan(first[row]))) ++validation.rows_without_prediction;
    else in.rows.push_back(row);
  }
  if (in.rows.empty()) return fail(ErrorCode::invalid_input, "No row has both an outcome and a prediction: there is nobody to measure.", job.data);

  std::optional<CrossValidated> predicted;
  if (validation.trained) {
    std::size_t events = 0;
    for (const auto row : in.rows) events += in.outcome.happened[row];
    if (events == 0 || events == in.rows.size())
      return fail(ErrorCode::invalid_input, std::string(events ? "Every row has" : "No row has") + " the outcome: there is nothing to learn. To measure predictions that exist, give their column with --predict.", job.data);
    JOINEDUP_TRY(predicted, train(job, in, validation));
    first = predicted->probability;
  }
  Scored scored;
  std::vector<std::vector<double>> compared(others.size());
  for (const auto row : in.rows) {
    scored.probability.push_back(first[row]);
    scored.outcome.push_back(in.outcome.happened[row]);
    for (std::size_t c = 0; c < others.size(); ++c) compared[c].push_back(others[c][row]);
  }
  if (in.cluster_column) scored.cluster = number_clusters(in);

  PerformanceOptions options;
  options.seed = job.seed;
  options.replicates = job.replicates;
  options.threads = job.threads;
  options.top_n = job.top_n;
  if (options.top_n.empty())
    for (const double share : {.01, .02, .05, .1}) {
      const auto n = std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(share * static_cast<double>(in.rows.size()))));
      if (options.top_n.empty() || options.top_n.back() != n) options.top_n.push_back(n);
    }
  for (auto& n : options.top_n) n = std::min(n, in.rows.size());
  validation.performance = performance(scored, options);
  for (const auto& note : validation.performance.notes) validation.notes.push_back(note);
  if (predicted) {
    if (scored.cluster.empty()) {
      scored.cluster.resize(scored.size());
      std::iota(scored.cluster.begin(), scored.cluster.end(), 0u);
    }
    measure_folds(job, scored, *predicted, in, validation);
    if (!in.cluster_column) validation.notes.push_back("No --cluster was given: a person with several rows may be in training and in testing at once, and the intervals take rows as independent.");
  }
  validation.flagged_n = options.top_n.size() > 2 && job.top_n.empty() ? options.top_n[2] : options.top_n.front();
  validation.flagged_from = scored.probability[top_rows(rank_rows(scored.probability), scored.outcome, static_cast<double>(validation.flagged_n)).last_row];
  for (const auto& name : job.groups) {
    JOINEDUP_TRY(const FrameColumn* column, need_column(in.frame, name, "--group"));
    const auto found = performance_by_group(scored, name, group_values(*column, in.rows), validation.flagged_from, options);
    validation.groups.insert(validation.groups.end(), found.begin(), found.end());
  }
  if (validation.performance.oe.value) {
    validation.curve = calibration_curve(scored);
    validation.deciles = calibration_groups(scored);
    validation.decision = decision_curve(scored, curve_thresholds(scored));
  }
  for (std::size_t c = 0; c < compared.size(); ++c) compare_with(job, job.compare[c], scored, compared[c], validation, options);

  JOINEDUP_CHECK(make_folder(job.out));
  JOINEDUP_TRY(const auto rows, predictions_csv(in, scored, predicted ? &*predicted : nullptr, compared));
  JOINEDUP_CHECK(write_file(job.out + "/predictions.csv", rows));
  JOINEDUP_CHECK(write_file(job.out + "/metrics.json", metrics_json(validation)));
  JOINEDUP_CHECK(write_file(job.out + "/report.html", validation_report(validation)));
  return validation;
}

}  // namespace joinedup::risk
