// Findings: what was wrong with the data. A bad row never aborts a load and never vanishes.
//
//   findings.add({.severity = Severity::rejected, .feed = "deaths", .file = "deaths.csv", .row = 12,
//                 .field = "date_of_death", .value = "31/02/2024", .rule = "date.no_such_day"});
//
// Every finding is counted; the first `samples` of each (feed, file, field, rule) are kept with row and value.
// A value of an identifying column must not be given: leave it empty.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace joinedup {

enum class Severity {
  note,      // worth knowing; the row is kept as it is
  repaired,  // the value was dropped or defaulted; the row is kept
  rejected,  // the row is not used
  withheld   // the row is fine but may not be used (objection, opt-out, agreement)
};

// Kahn et al. 2016 (doi:10.13063/2327-9214.1244): the three categories of data quality.
enum class QualityCategory { conformance, completeness, plausibility };

const char* severity_name(Severity severity);
const char* quality_category_name(QualityCategory category);

struct Finding {
  Severity severity = Severity::note;
  QualityCategory category = QualityCategory::conformance;
  std::string feed, file;
  std::uint64_t row = 0;  // 1 = the first data record; 0 = the file as a whole
  std::string field, value, rule;
};

struct FindingCount {
  Severity severity = Severity::note;
  QualityCategory category = QualityCategory::conformance;
  std::string feed, file, field, rule;
  std::uint64_t count = 0;
  std::vector<Finding> samples;
};

class Findings {
 public:
  explicit Findings(std::size_t samples_per_rule = 5) : samples_per_rule_(samples_per_rule) {}
  void add(Finding finding);             // safe from several threads
  void add_more(const Finding& like, std::uint64_t count);  // counts `count` more of its kind, without samples
  void merge(const Findings& other);
  std::vector<FindingCount> counts() const;  // ordered by feed, file, field, rule
  std::uint64_t total(Severity severity) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, int>;
  mutable std::mutex mutex_;
  std::size_t samples_per_rule_;
  std::map<Key, FindingCount> counts_;
};

}  // namespace joinedup
