#include "base/finding.hpp"

#include <algorithm>

namespace joinedup {

const char* severity_name(Severity severity) {
  static constexpr const char* names[] = {"note", "repaired", "rejected", "withheld"};
  return names[static_cast<int>(severity)];
}

const char* quality_category_name(QualityCategory category) {
  static constexpr const char* names[] = {"conformance", "completeness", "plausibility"};
  return names[static_cast<int>(category)];
}

void Findings::add(Finding finding) {
  const std::lock_guard lock(mutex_);
  auto& entry = counts_[{finding.feed, finding.file, finding.field, finding.rule, static_cast<int>(finding.severity)}];
  if (entry.count++ == 0) {
    entry.severity = finding.severity;
    entry.category = finding.category;
    entry.feed = finding.feed;
    entry.file = finding.file;
    entry.field = finding.field;
    entry.rule = finding.rule;
  }
  // Keep the samples with the lowest row numbers, so that the report does not depend on thread timing.
  auto& samples = entry.samples;
  if (samples.size() == samples_per_rule_ && (samples.empty() || samples.back().row <= finding.row)) return;
  const auto at = std::upper_bound(samples.begin(), samples.end(), finding,
                                   [](const Finding& a, const Finding& b) { return a.row < b.row; });
  samples.insert(at, std::move(finding));
  if (samples.size() > samples_per_rule_) samples.pop_back();
}

void Findings::add_more(const Finding& like, const std::uint64_t count) {
  if (count == 0) return;
  const std::lock_guard lock(mutex_);
  auto& entry = counts_[{like.feed, like.file, like.field, like.rule, static_cast<int>(like.severity)}];
  if (entry.count == 0) {
    entry.severity = like.severity;
    entry.category = like.category;
    entry.feed = like.feed;
    entry.file = like.file;
    entry.field = like.field;
    entry.rule = like.rule;
  }
  entry.count += count;
}

void Findings::merge(const Findings& other) {
  for (auto& count : other.counts()) {
    const auto extra = count.count - count.samples.size();
    const Key key{count.feed, count.file, count.field, count.rule, static_cast<int>(count.severity)};
    for (auto& sample : count.samples) add(sample);
    const std::lock_guard lock(mutex_);
    auto& entry = counts_[key];
    if (entry.count == 0) {
      entry = count;
      entry.count = 0;
    }
    entry.count += extra;
  }
}

std::vector<FindingCount> Findings::counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<FindingCount> all;
  for (const auto& [key, count] : counts_) all.push_back(count);
  return all;
}

std::uint64_t Findings::total(Severity severity) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [key, count] : counts_)
    if (count.severity == severity) sum += count.count;
  return sum;
}

}  // namespace joinedup
