#include "linkage/quality.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "linkage/compiled.hpp"

namespace joinedup::linkage {

Result<std::vector<std::string>> truth_columns(const std::string& expression) {
  JOINEDUP_TRY(const auto tree, parse_condition(expression, Names::plain));
  return columns_of(tree).left;
}

Result<TruthLabels> read_truth(const std::string& expression, const Records& records) {
  JOINEDUP_TRY(const auto tree, parse_condition(expression, Names::plain));
  const auto columns = columns_of(tree).left;
  for (const auto& name : columns)
    if (!records.find(name)) return fail(ErrorCode::invalid_input, "The truth names a column that is not there: '" + name + "'.");
  const auto coding = make_coding(records, columns);
  JOINEDUP_TRY(const auto derived, derive(*coding, tree, 1));
  TruthLabels truth;
  if (!give_ids(*derived, *derived)) return fail(ErrorCode::invalid_input, "The truth expression gives values of different kinds.");
  for (std::uint32_t row = 0; row < records.size(); ++row) truth.person.push_back(derived->ids[coding->code(row)]);
  return truth;
}

Tally::Tally(TruthLabels truth, const Records& records, LinkType type) : truth_(std::move(truth)), right_(bins, 0), wrong_(bins, 0) {
  std::map<std::uint32_t, std::map<std::uint16_t, std::uint64_t>> sizes;
  for (std::uint32_t row = 0; row < records.size(); ++row)
    if (truth_.person[row]) ++sizes[truth_.person[row]][records.source[row]];
  for (const auto& [person, by_source] : sizes) {
    std::uint64_t all = 0, within = 0;
    for (const auto& [source, size] : by_source) all += size, within += size * (size - 1) / 2;
    true_pairs_ += all * (all - 1) / 2 - (type == LinkType::link_only ? within : 0);
  }
}

Tally::Tally(PairLabels labels) : labels_(std::move(labels)), right_(bins, 0), wrong_(bins, 0) {
  for (const auto& [pair, same] : labels_.same) true_pairs_ += same;
}

int Tally::known(std::uint32_t left, std::uint32_t right) const {
  if (truth_.person.empty()) {
    const auto found = labels_.same.find(pair_key(left, right));
    return found == labels_.same.end() ? -1 : found->second;
  }
  const auto a = truth_.person[left], b = truth_.person[right];
  return a == 0 || b == 0 ? -1 : a == b;
}

void Tally::add(const PairBatch& batch) {
  for (std::size_t i = 0; i < batch.left.size(); ++i) {
    const int same = known(batch.left[i], batch.right[i]);
    if (same < 0) continue;
    const double at = std::isnan(batch.weight[i]) ? 0 : (batch.weight[i] - lowest) * bins_a_bit;
    const auto bin = static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(bins - 1)));
    ++(same ? right_ : wrong_)[bin];
    seen_ += same ? 1 : 0;
  }
}

std::vector<ThresholdPoint> Tally::curve() const {
  std::vector<ThresholdPoint> points;
  std::uint64_t right = 0, wrong = 0;
  for (std::size_t bin = bins; bin-- > 0;) {
    if (right_[bin] == 0 && wrong_[bin] == 0) continue;
    right += right_[bin];
    wrong += wrong_[bin];
    ThresholdPoint point{static_cast<double>(bin) / bins_a_bit + lowest, right, wrong, 0, 0, 0};
    const auto links = static_cast<double>(right + wrong), truths = static_cast<double>(true_pairs_);
    point.precision = static_cast<double>(right) / links;
    point.recall = truths > 0 ? static_cast<double>(right) / truths : 0;
    point.f1 = 2 * static_cast<double>(right) / (links + truths);
    points.push_back(point);
  }
  std::reverse(points.begin(), points.end());
  return points;
}

ThresholdPoint Tally::best() const {
  ThresholdPoint best;
  for (const auto& point : curve())
    if (point.f1 > best.f1) best = point;
  return best;
}

std::pair<double, double> wilson(double share, double of) {
  if (of <= 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const double centre = (share + z * z / (2 * of)) / (1 + z * z / of);
  const double half = z / (1 + z * z / of) * std::sqrt(share * (1 - share) / of + z * z / (4 * of * of));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace joinedup::linkage
