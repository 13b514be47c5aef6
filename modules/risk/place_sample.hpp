// place_sample: who a place's models learn from and on whom they are judged. Inside this room.
//
//   JOINEDUP_TRY(const auto days, days_of(options));
//   JOINEDUP_TRY(const auto rows, rows_for(connection, Wanted::Of::people, options, days));     // features and outcomes
//   const Cohort cohort = cohort_of(wanted_models()[0], rows);                                    // those at risk of it
//   const Split split = hold_out(cohort, rows, days, fold);      // learn: other practices, a year earlier; judge: this fold, the later year
//   const Sample sample = sample_of(cohort, rows, split.learn);
#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "risk/features.hpp"
#include "risk/learner.hpp"
#include "risk/place_models.hpp"

namespace joinedup::risk {

struct Wanted {
  const char* name;
  const char* what;
  const char* short_name;
  enum class Of { people, discharges } of;
  bool is_amount = false;
};
std::span<const Wanted> wanted_models();

constexpr std::size_t practice_folds = 5;
constexpr std::size_t fewest_events = 100;

// The days that people are described on: `last` has its outcome year in the data, `first` is a year before, where its own
// half year before lies in the data too.
struct Days {
  Date first, last, score;
  bool has_first = false;
};
Result<Days> days_of(const PlaceModelOptions& options);
Result<FeatureRows> rows_for(engine::Connection& connection, Wanted::Of of, const PlaceModelOptions& options, const Days& days);

// Those at risk of one outcome: rows, and the outcome of every row (an amount in pounds, nothing below none).
struct Cohort {
  std::vector<std::uint32_t> rows;
  std::vector<float> outcome;
  std::size_t events = 0;
  std::size_t events_of(std::span<const std::uint32_t> part) const;
};
Cohort cohort_of(const Wanted& want, const FeatureRows& rows);

// People of the practices of one fold in the later year, and those who may be learned from to judge on them: other people, of
// other practices, in the earlier year (or in both).
enum class HoldOut { practice_and_year, practice };
struct Split {
  std::vector<std::uint32_t> learn, judge;
};
Split hold_out(const Cohort& cohort, const FeatureRows& rows, const Days& days, std::size_t fold, HoldOut what = HoldOut::practice_and_year);

// PARR-30 of discharges in a period, by person and the day after it; NaN where there is none.
struct Parr30 {
  std::map<std::pair<std::int64_t, std::int32_t>, double> score;
  double of(std::int64_t person_key, std::int32_t day_after) const;
};
Result<Parr30> parr30_of(engine::Connection& connection, Date from, Date to);

struct Sample {
  Matrix x;
  std::vector<float> y;
  std::vector<std::uint64_t> group;
  std::vector<std::string> fifth;
};
Sample sample_of(const Cohort& cohort, const FeatureRows& rows, std::span<const std::uint32_t> chosen);
Matrix only_age_and_sex(const Matrix& x);
Scored scored_of(const Sample& sample, std::vector<double> probability);
LearnerOptions learner_options(const Wanted& want, const PlaceModelOptions& options);
std::string deprivation_fifth(std::int32_t imd_decile);

}  // namespace joinedup::risk
