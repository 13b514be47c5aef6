// place_models: models trained on a place's own record, kept as files, and the scores they give.
//
//   PlaceModelOptions options{.data_from = from, .data_to = to, .folder = place.path("models"), .threads = 2};
//   JOINEDUP_TRY(const auto trained, train_place_models(warehouse, options));     // models/<outcome>.json and .html
//   JOINEDUP_TRY(const auto drift, follow_drift(warehouse, options));               // table risk_drift; recalibrates where it must
//   JOINEDUP_TRY(const auto scored, score_place(warehouse, options));             // table risk_prediction
//   JOINEDUP_TRY(const auto spread, follow_spread(warehouse, options));           // and the scores of now beside those of training
//
// Training uses days a year apart whose outcome year lies in the data. Each model is judged on people of practices that it
// was not trained on, in a later year; the one that is kept is then fitted on everybody. A model file names its features, the
// hash of the step that makes them, its days, rows and events; scoring refuses a model whose inputs are no longer those.
// No score decides anything: it orders a list that a clinician reads. Those of death and care-home entry say so themselves.
#pragma once
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "risk/metrics.hpp"

namespace joinedup::risk {

struct PlaceModelOptions {
  Date data_from, data_to;
  std::string folder;
  unsigned threads = 2;
  bool use_logistic = false;
  std::size_t most_people = 200'000;  // whom a model learns from on one day: beyond it a sample of them, by person
  std::size_t drift_people = 2'500;   // whose outcomes are followed from one month's day: beyond it a sample
};

struct HeldOut {  // people of other practices, a later year
  Performance model, age_and_sex;
  Difference auroc_difference;  // model less age and sex
  std::vector<GroupPerformance> by_deprivation;
  std::vector<NetBenefit> curve, age_and_sex_curve;
  bool has_parr30 = false;  // on the same discharges, where the published score has them
  std::size_t parr30_rows = 0;
  Performance model_beside_parr30, parr30;
  Difference parr30_difference;  // model less PARR-30
  std::vector<Reclassification> beside_parr30;  // from PARR-30 to the model
};

struct PlaceModel {
  std::string outcome, what, file, inputs_sha256;
  std::vector<std::string> index_dates;
  std::size_t rows = 0, events = 0;
  bool has_held_out = false;
  HeldOut held_out;
  double held_out_r_squared = 0;  // of the cost model
  double weight_of_trees = 1;
};

struct TrainedModels {
  std::vector<PlaceModel> models;
  std::vector<std::string> notes;  // a sentence each: what could not be trained, and why
};
Result<TrainedModels> train_place_models(engine::Connection& connection, const PlaceModelOptions& options);

// Why the models that are there cannot be used, a sentence each: trained on other features, damaged, of another version.
// Nothing where all of them can be used, or there are none.
std::vector<std::string> why_models_are_refused(const PlaceModelOptions& options);
// Moves every model of the folder into its folder `earlier`, under the version that it had.
Result<void> set_models_aside(const PlaceModelOptions& options);

struct ScoredPlace {
  std::size_t people = 0, rows = 0;
  std::vector<std::string> notes;
};
// risk_prediction(person_key, index_date, model, outcome, probability, expected_cost_pence, percentile): of everybody registered on
// the day after the data; of emergency readmission: of those discharged in the last 30 days and not back, as of the day after.
// Of cost there is no probability, of the others no cost.
Result<ScoredPlace> score_place(engine::Connection& connection, const PlaceModelOptions& options);

// What has become of those who were scored, month by month: risk_drift(outcome, model, index_date, people, events, expected,
// observed_over_expected, low, high, stability_index, seen_in_training). Amounts are in pounds. The last day of each outcome is that of
// the scores of now, whose outcomes are not known yet. A model whose outcomes since it was trained say that it is wrong is
// recalibrated by them, kept with the day, and its card says so.
struct Drift {
  std::size_t rows = 0;
  std::vector<std::string> notes;
};
Result<Drift> follow_drift(engine::Connection& connection, const PlaceModelOptions& options);

// After scoring: the line of each outcome for the scores of now; a sentence where they are spread otherwise than in training.
Result<std::vector<std::string>> follow_spread(engine::Connection& connection, const PlaceModelOptions& options);

// The models, how they did on people they never saw, and risk_drift: a page for the place's report.
Result<std::string> risk_page(engine::Connection& connection, const PlaceModelOptions& options, const std::string& place_name);

// One person's strongest reasons: feature, value, and its part of the log odds. For those who are shown only.
struct Reason {
  std::string feature;
  double value = 0, part = 0;
};
Result<std::vector<std::vector<Reason>>> reasons(engine::Connection& connection, const PlaceModelOptions& options, const std::string& outcome,
                                                 const std::vector<std::int64_t>& person_keys, std::size_t most = 5);

std::string feature_inputs_sha256();  // of the step that makes the features and of their names

}  // namespace joinedup::risk
