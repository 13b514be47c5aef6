// A team's months: what is counted, of whom, by fifth of deprivation. Inside this room only.
//
//   JOINEDUP_TRY(const auto months, months_of_team(ask, team_id, 24));
//   months.series[caseload].values[5][0]     // of those in the least deprived fifth, in the first month
#pragma once
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "casework/ask.hpp"

namespace joinedup::casework {

inline constexpr int fifths = 6;  // 0: not known

struct Month {
  std::string name;  // "2026-11"
  Date from, until;  // until: exclusive
};

// The whole of a series is the sum, the median or the share over all fifths.
enum class Kind : std::uint8_t { sum, median, share };

struct Series {
  const char* name;
  const char* unit;
  Kind kind;
  bool is_of_a_day;                                                // how it stands on a month's last day; else what happened in the month
  std::array<std::vector<std::vector<double>>, fifths> values{};   // sum: one number each; share: 1 or 0 each
  std::array<std::vector<std::set<std::string>>, fifths> people{};  // whom they are of; never leaves
  void add(int fifth, int month, double value, const std::string& patient) {
    if (month < 0) return;
    values[static_cast<std::size_t>(fifth)][static_cast<std::size_t>(month)].push_back(value);
    people[static_cast<std::size_t>(fifth)][static_cast<std::size_t>(month)].insert(patient);
  }
};

enum Measured : std::size_t { caseload, starts, ends, waits, reviews_overdue, contacts, admissions, bed_days, decisions, measured };

struct TeamMonths {
  std::vector<Month> months;
  std::array<Series, measured> series{{{"caseload", "people", Kind::sum, true}, {"starts", "people", Kind::sum, false}, {"ends", "people", Kind::sum, false},
                                       {"waits", "days", Kind::median, false}, {"reviews_overdue", "reviews", Kind::sum, true}, {"contacts", "contacts", Kind::sum, false},
                                       {"admissions", "admissions", Kind::sum, false}, {"bed_days", "days", Kind::sum, false}, {"decisions", "%", Kind::share, false}}};
};

double median_of(std::vector<double> all);  // of one at least

// The last `months` up to the one that runs, of what the asker may see.
Result<TeamMonths> months_of_team(const Ask& ask, const std::string& team_id, int months);

}  // namespace joinedup::casework
