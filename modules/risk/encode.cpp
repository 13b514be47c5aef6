#include "risk/encode.hpp"

#include <algorithm>
#include <set>

#include "base/hash.hpp"

namespace joinedup::risk {
namespace {

constexpr std::uint32_t none = UINT32_MAX;
constexpr std::size_t least_rows_of_an_indicator = 10;

// How far a key's smoothed rates spread around the mean in the training rows: the crude worth of a column.
double spread_of(const Key& key, std::span<const std::uint32_t> train, std::span<const std::uint8_t> outcome, double mean, double smoothing) {
  std::vector<double> rows(key.distinct), events(key.distinct);
  for (const auto row : train) {
    ++rows[key.of_row[row]];
    events[key.of_row[row]] += outcome[row];
  }
  double sum = 0;
  for (std::size_t v = 0; v < rows.size(); ++v) {
    const double apart = (events[v] + smoothing * mean) / (rows[v] + smoothing) - mean;
    sum += rows[v] * apart * apart;
  }
  return sum;
}

}  // namespace

std::uint32_t Encoder::value_of(const Rates& rates, std::size_t row) const {
  if (!rates.second) return rates.first->of_row[row];
  const std::uint64_t pair = (std::uint64_t{rates.first->of_row[row]} << 32) | rates.second->of_row[row];
  const auto found = std::lower_bound(rates.pairs.begin(), rates.pairs.end(), pair);
  return found == rates.pairs.end() || *found != pair ? none : static_cast<std::uint32_t>(found - rates.pairs.begin());
}

void Encoder::learn(Rates& rates, std::span<const std::uint8_t> outcome, std::span<const std::uint8_t> inner) {
  if (rates.second) {
    for (const auto row : train_) rates.pairs.push_back((std::uint64_t{rates.first->of_row[row]} << 32) | rates.second->of_row[row]);
    std::sort(rates.pairs.begin(), rates.pairs.end());
    rates.pairs.erase(std::unique(rates.pairs.begin(), rates.pairs.end()), rates.pairs.end());
  }
  const std::size_t values = rates.second ? rates.pairs.size() : rates.first->distinct, folds = options_.inner_folds;
  std::vector<float> rows(values * folds), events(values * folds), all_rows(values), all_events(values);
  std::vector<std::uint32_t> value(train_.size());
  for (std::size_t i = 0; i < train_.size(); ++i) {
    value[i] = value_of(rates, train_[i]);
    const std::size_t at = value[i] * folds + inner[i];
    rows[at] += 1;
    events[at] += outcome[train_[i]];
    all_rows[value[i]] += 1;
    all_events[value[i]] += outcome[train_[i]];
  }
  const auto prior = static_cast<float>(options_.smoothing), prior_events = static_cast<float>(options_.smoothing * mean_);
  for (std::size_t v = 0; v < values; ++v) rates.rate.push_back((all_events[v] + prior_events) / (all_rows[v] + prior));
  for (std::size_t i = 0; i < train_.size(); ++i) {
    const std::size_t at = value[i] * folds + inner[i];
    rates.training_rate.push_back((all_events[value[i]] - events[at] + prior_events) / (all_rows[value[i]] - rows[at] + prior));
  }
}

Encoder Encoder::fit(const Prepared& prepared, std::span<const std::uint32_t> train, std::span<const std::uint8_t> outcome,
                     std::span<const std::uint64_t> cluster, const EncoderOptions& options) {
  Encoder encoder;
  encoder.prepared_ = &prepared;
  encoder.options_ = options;
  encoder.train_.assign(train.begin(), train.end());
  double events = 0;
  for (const auto row : train) events += outcome[row];
  encoder.mean_ = train.empty() ? 0 : events / static_cast<double>(train.size());
  std::vector<std::uint8_t> inner;
  for (const auto row : train) inner.push_back(static_cast<std::uint8_t>(mix64(cluster[row], options.seed) % options.inner_folds));

  std::vector<std::pair<double, const Key*>> worth;
  for (const auto& key : prepared.keys) {
    encoder.rates_.push_back({&key, nullptr, {}, {}, {}});
    worth.emplace_back(-spread_of(key, train, outcome, encoder.mean_, options.smoothing), &key);
  }
  std::stable_sort(worth.begin(), worth.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Key*> best;
  std::set<std::string> columns;
  for (const auto& [spread, key] : worth)
    if (best.size() < options.crosses && columns.insert(key->column).second) best.push_back(key);
  for (std::size_t i = 0; i < best.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      encoder.rates_.push_back({best[j], best[i], {}, {}, {}});
      encoder.crossed_.push_back(best[j]->name + " × " + best[i]->name);
    }
  for (auto& rates : encoder.rates_) encoder.learn(rates, outcome, inner);

  const auto number_common = [&](const std::vector<std::size_t>& times) {
    std::vector<std::uint32_t> indicator(times.size(), none);
    for (std::size_t v = 0; v < times.size(); ++v)
      if (times[v] >= least_rows_of_an_indicator) indicator[v] = encoder.indicators_++;
    return indicator;
  };
  for (const auto& category : prepared.categories) {
    std::vector<std::size_t> times(category.distinct);
    for (const auto row : train) ++times[category.of_row[row]];
    encoder.indicator_.push_back(number_common(times));
  }
  const auto of_bag = [&](const std::vector<std::vector<std::uint32_t>>& bag, std::uint32_t size) {
    std::vector<std::size_t> times(size);
    for (const auto& codes : bag)
      for (const auto row : train) ++times[codes[row]];
    return number_common(times);
  };
  encoder.bag_indicator_ = of_bag(prepared.bag, prepared.bag_size);
  encoder.stem_indicator_ = of_bag(prepared.stem_bag, prepared.stem_bag_size);
  return encoder;
}

Matrix Encoder::fill(std::span<const std::uint32_t> rows, bool in_training) const {
  Matrix x;
  x.rows = rows.size();
  x.columns = prepared_->numbers.size() + rates_.size();
  x.names = prepared_->number_names;
  for (const auto& rates : rates_) x.names.push_back("rate by " + rates.first->name + (rates.second ? " × " + rates.second->name : ""));
  x.value.resize(x.rows * x.columns);
  for (std::size_t c = 0; c < prepared_->numbers.size(); ++c)
    for (std::size_t i = 0; i < rows.size(); ++i) x.value[i * x.columns + c] = prepared_->numbers[c][rows[i]];
  for (std::size_t k = 0; k < rates_.size(); ++k) {
    const auto& rates = rates_[k];
    const std::size_t c = prepared_->numbers.size() + k;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      float rate = static_cast<float>(mean_);
      if (in_training) rate = rates.training_rate[i];
      else if (const auto value = value_of(rates, rows[i]); value != none) rate = rates.rate[value];
      x.value[i * x.columns + c] = rate;
    }
  }
  return x;
}

Matrix Encoder::training_matrix() const { return fill(train_, true); }
Matrix Encoder::matrix(std::span<const std::uint32_t> rows) const { return fill(rows, false); }

SparseRows Encoder::one_hot(std::span<const std::uint32_t> rows) const {
  SparseRows x;
  for (const auto row : rows) {
    for (std::size_t c = 0; c < indicator_.size(); ++c)
      if (const auto at = indicator_[c][prepared_->categories[c].of_row[row]]; at != none) x.add(at, 1.0F);
    for (const auto& codes : prepared_->bag)
      if (const auto at = bag_indicator_[codes[row]]; at != none) x.add(at, 1.0F);
    for (const auto& codes : prepared_->stem_bag)
      if (const auto at = stem_indicator_[codes[row]]; at != none) x.add(at, 1.0F);
    x.end_row();
  }
  x.columns = indicators_;
  return x;
}

}  // namespace joinedup::risk
