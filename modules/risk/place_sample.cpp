#include "risk/place_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/hash.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {
namespace {

constexpr std::uint64_t practice_stream = 0x9A7C;
constexpr Wanted wanted[] = {
    {"emergency_admission_12m", "an emergency admission within 12 months", "emergency admission within 12 months", Wanted::Of::people},
    {"emergency_admission_30d", "an emergency admission within 30 days of discharge from an emergency stay", "emergency readmission within 30 days", Wanted::Of::discharges},
    {"long_term_care_12m", "the start of long-term social care within 12 months, for people without it", "start of long-term care within 12 months", Wanted::Of::people},
    {"death_12m", "death within 12 months", "death within 12 months", Wanted::Of::people},
    {"cost_12m", "cost of care over 12 months", "cost of care over 12 months", Wanted::Of::people, true}};

}  // namespace

std::span<const Wanted> wanted_models() { return wanted; }

Result<Days> days_of(const PlaceModelOptions& options) {
  Days days;
  days.score = options.data_to + 1;
  days.last = options.data_to - 364;
  days.first = days.last - 365;
  if (days.last - options.data_from < 180)
    return fail(ErrorCode::invalid_input, "The data cover " + std::to_string(options.data_to - options.data_from + 1) +
                                              " days; a model needs a year of outcomes and half a year before it. No model was trained.");
  days.has_first = days.first - options.data_from >= 180;
  return days;
}

Result<FeatureRows> rows_for(engine::Connection& connection, Wanted::Of of, const PlaceModelOptions& options, const Days& days) {
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  if (of == Wanted::Of::people) {
    if (days.has_first) { JOINEDUP_CHECK(add_people(connection, days.first, options.most_people)); }
    JOINEDUP_CHECK(add_people(connection, days.last, options.most_people));
  } else {
    JOINEDUP_CHECK(add_discharges(connection, days.has_first ? days.first : options.data_from + 180, options.data_to - 31, options.most_people));
  }
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_CHECK(write_outcomes(connection));
  JOINEDUP_TRY(auto rows, read_features(connection, WithOutcomes::yes));
  JOINEDUP_CHECK(end_cohort(connection));
  return rows;
}

std::size_t Cohort::events_of(std::span<const std::uint32_t> part) const {
  return static_cast<std::size_t>(std::count_if(part.begin(), part.end(), [&](auto row) { return outcome[row] > 0.5F; }));
}

Cohort cohort_of(const Wanted& want, const FeatureRows& rows) {
  Cohort cohort;
  const auto* outcome = rows.outcome(want.name);
  JOINEDUP_INVARIANT(outcome, "every outcome that is wanted is made by sql/outcome.sql");
  cohort.outcome = *outcome;
  for (std::uint32_t row = 0; row < rows.features.rows; ++row) {
    auto& y = cohort.outcome[row];
    if (std::isnan(y)) continue;
    if (want.is_amount) y = std::max(0.0F, y / 100);
    else cohort.events += y > 0.5F;
    cohort.rows.push_back(row);
  }
  return cohort;
}

Split hold_out(const Cohort& cohort, const FeatureRows& rows, const Days& days, std::size_t fold, HoldOut what) {
  Split split;
  std::unordered_set<std::int64_t> judged;  // who moved from one practice to another is not learned from either
  std::vector<std::uint32_t> elsewhere;
  for (const auto row : cohort.rows) {
    const bool later = rows.index_day[row] >= days.last.days;
    const bool here = mix64(hash64(rows.practice[row]), practice_stream) % practice_folds == fold;
    if (later && here) {
      split.judge.push_back(row);
      judged.insert(rows.person_key[row]);
    }
    if (!here && (!later || what == HoldOut::practice)) elsewhere.push_back(row);
  }
  for (const auto row : elsewhere)
    if (!judged.contains(rows.person_key[row])) split.learn.push_back(row);
  return split;
}

double Parr30::of(std::int64_t person_key, std::int32_t day_after) const {
  const auto found = score.find({person_key, day_after});
  return found == score.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

Result<Parr30> parr30_of(engine::Connection& connection, Date from, Date to) {
  JOINEDUP_TRY(const auto rows, write_discharge_scores(connection, {.index_date = to, .discharged_from = from}));
  static_cast<void>(rows);
  Parr30 all;
  JOINEDUP_CHECK(connection.scan("SELECT person_key, discharge_date + 1, max(score) FROM risk_discharge_score WHERE score IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.rows(); ++i) all.score[{batch.integer(0, i), static_cast<std::int32_t>(batch.integer(1, i))}] = batch.number(2, i);
    return {};
  }));
  JOINEDUP_CHECK(connection.run("DROP TABLE risk_discharge_score"));
  return all;
}

std::string deprivation_fifth(std::int32_t decile) {
  if (decile < 1) return "unknown";
  return std::to_string((decile + 1) / 2) + (decile <= 2 ? " (most deprived)" : decile >= 9 ? " (least deprived)" : "");
}

Sample sample_of(const Cohort& cohort, const FeatureRows& rows, std::span<const std::uint32_t> chosen) {
  Sample sample;
  sample.x = take_rows(rows.features, chosen);
  for (const auto row : chosen) {
    sample.y.push_back(cohort.outcome[row]);
    sample.group.push_back(mix64(static_cast<std::uint64_t>(rows.person_key[row])));
    sample.fifth.push_back(deprivation_fifth(rows.imd_decile[row]));
  }
  return sample;
}

Matrix only_age_and_sex(const Matrix& x) {
  Matrix two;
  two.rows = x.rows;
  two.columns = 2;
  two.names = {"age", "male"};
  std::size_t at[2] = {0, 0};
  for (std::size_t c = 0; c < x.columns; ++c)
    for (int i = 0; i < 2; ++i)
      if (x.names[c] == two.names[static_cast<std::size_t>(i)]) at[i] = c;
  for (std::size_t row = 0; row < x.rows; ++row)
    for (const auto c : at) two.value.push_back(x.at(row, c));
  return two;
}

Scored scored_of(const Sample& sample, std::vector<double> probability) {
  Scored scored;
  scored.probability = std::move(probability);
  for (const float y : sample.y) scored.outcome.push_back(y > 0.5F);
  return scored;
}

LearnerOptions learner_options(const Wanted& want, const PlaceModelOptions& options) {
  LearnerOptions learn;
  learn.boosted.is_amount = want.is_amount;
  learn.kind = want.is_amount ? LearnerKind::trees : options.use_logistic ? LearnerKind::logistic : LearnerKind::blend;
  return learn;
}

}  // namespace joinedup::risk
