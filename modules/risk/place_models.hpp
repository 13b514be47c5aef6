// place_models: models trained on a place's own record, kept as files, and the scores they give.
//
//   PlaceModelOptions options{.data_from = from, .data_to = to, .folder = place.path("models"), .threads = 2};
//   JOINEDUP_TRY(const auto trained, train_place_models(warehouse, options));     // models/<outcome>.json and .html
//   JOINEDUP_TRY(const auto scored, score_place(warehouse, options));             // table risk_prediction
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
};

struct HeldOut {  // people of other practices, a later year
  Performance model, age_and_sex;
  Difference auroc_difference;  // model less age and sex
  std::vector<GroupPerformance> by_deprivation;
  std::vector<NetBenefit> curve, age_and_sex_curve;
};

struct PlaceModel {
  std::string outcome, what, file, inputs_sha256;
  std::vector<std::string> index_dates;
  std::size_t rows = 0, events = 0;
  bool has_held_out = false;
  HeldOut held_out;
  double mean_cost_pence = 0, held_out_r_squared = 0;  // of the cost model
};

struct TrainedModels {
  std::vector<PlaceModel> models;
  std::vector<std::string> notes;  // a sentence each: what could not be trained, and why
};
Result<TrainedModels> train_place_models(engine::Connection& connection, const PlaceModelOptions& options);

struct ScoredPlace {
  std::size_t people = 0, rows = 0;
  std::vector<std::string> notes;
};
// risk_prediction(person_key, index_date, model, outcome, probability, percentile): of everybody registered on the day after the data.
Result<ScoredPlace> score_place(engine::Connection& connection, const PlaceModelOptions& options);

// One person's strongest reasons: feature, value, and its part of the log odds. For those who are shown only.
struct Reason {
  std::string feature;
  double value = 0, part = 0;
};
Result<std::vector<std::vector<Reason>>> reasons(engine::Connection& connection, const PlaceModelOptions& options, const std::string& outcome,
                                                 const std::vector<std::int64_t>& person_keys, std::size_t most = 5);

std::string feature_inputs_sha256();  // of the step that makes the features and of their names

}  // namespace joinedup::risk
