// model_file: a place's model as it lies on disk, with what was found when it was judged and how it was recalibrated since.
// Inside this room.
//
//   JOINEDUP_TRY(auto model, load_model(options.folder + "/death_12m.json"));     // refused where its inputs have changed
//   model.name();                                     // death within 12 months, version 2026-03-31, recalibrated 2026-09-30
//   JOINEDUP_TRY(const auto probability, model.predict(x));
//   model.recalibrations.push_back(...); JOINEDUP_CHECK(save_model(model, path));
#pragma once
#include <string>
#include <vector>

#include "risk/learner.hpp"
#include "risk/place_models.hpp"

namespace joinedup::risk {

struct StoredRecalibration {
  Date on;                       // the last day of the data that asked for it
  Recalibration change;          // of the model's own log odds
  std::size_t rows = 0, events = 0;
  double observed_over_expected = 1;  // before it
  std::string first_day, last_day;    // of those whose outcomes asked for it
};

struct LoadedModel {
  std::string outcome, what, short_name, inputs_sha256, held_out, xgboost;  // held_out: one sentence
  Date data_from, data_to, last_day;  // last_day: the last on which somebody whom it was trained on was described
  std::vector<std::string> index_dates, features;
  std::size_t rows = 0, events = 0;
  std::vector<double> quantiles;
  std::vector<StoredRecalibration> recalibrations;  // the last counts
  std::vector<Learner> learner;                     // one

  std::string name() const;
  Result<std::vector<double>> predict(const Matrix& x) const;
};

std::vector<std::string> recalibration_sentences(const LoadedModel& model);
Result<LoadedModel> load_model(const std::string& path);
Result<void> save_model(const LoadedModel& model, const std::string& path);
std::string model_path(const PlaceModelOptions& options, const std::string& outcome);

}  // namespace joinedup::risk
