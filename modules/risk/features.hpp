// features: people as of a day. A cohort is a list of (person, day); features are what every setting knew before that day,
// outcomes what happened from it on. One SQL step each, over the record's tables.
//
//   JOINEDUP_CHECK(begin_cohort(connection));
//   JOINEDUP_CHECK(add_people(connection, *parse_iso_date("2025-04-01")));   // all registered and alive that day
//   JOINEDUP_CHECK(write_features(connection));                              // table risk_feature
//   JOINEDUP_TRY(const FeatureRows rows, read_features(connection, WithOutcomes::yes));
//   JOINEDUP_CHECK(end_cohort(connection));                                  // drops what it made
//
// The features of a day do not change when anything after it does: a test removes all later rows and compares.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "risk/boosted.hpp"

namespace joinedup::risk {

constexpr std::size_t everybody = std::numeric_limits<std::size_t>::max();

Result<void> begin_cohort(engine::Connection& connection);
// `most`: of more people than that a sample, by person, so that one who is in it on one day is in it on every day of like numbers.
Result<void> add_people(engine::Connection& connection, Date index, std::size_t most = everybody);
// Living discharges from an emergency stay in [from, to], index the day after: features hold that stay. `most`: of a year's.
Result<void> add_discharges(engine::Connection& connection, Date from, Date to, std::size_t most = everybody);
// Of each person the last of those, where they have not been admitted again.
Result<void> add_last_discharges(engine::Connection& connection, Date from, Date to);
Result<void> write_features(engine::Connection& connection);
Result<void> write_outcomes(engine::Connection& connection);
Result<void> end_cohort(engine::Connection& connection);

struct FeatureRows {
  Matrix features;
  std::vector<std::int64_t> person_key;
  std::vector<std::int32_t> index_day;
  std::vector<std::int32_t> imd_decile;                    // 0: unknown
  std::vector<std::string> practice;                       // on the day; empty: none
  std::vector<std::string> outcome_names;
  std::vector<std::vector<float>> outcomes;                // by name; NaN where the person was not at risk of it
  const std::vector<float>* outcome(const std::string& name) const;
};
enum class WithOutcomes { yes, no };
Result<FeatureRows> read_features(engine::Connection& connection, WithOutcomes outcomes);

}  // namespace joinedup::risk
