// risk_step: the loop's step after the record: published scores of everybody, models where there are none yet, predictions.
//
//   JOINEDUP_CHECK(score_people(warehouse, {place.path("models"), place.data_from, place.data_to, 2, TrainModels::if_missing}));
//   risk_tables();      // risk_score, risk_score_term, risk_discharge_score, risk_prediction, risk_drift
//
// A place whose data are too short for a model does not stop a refresh: a line on stderr says why. Models that are refused (their
// inputs have changed) are set aside and trained again, and a line says that.
#pragma once
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "record/record.hpp"
#include "refresh/refresh.hpp"

namespace joinedup::refresh {

struct RiskStep {
  std::string models_folder;
  Date data_from, data_to;
  unsigned threads = 2;
  TrainModels train = TrainModels::if_missing;
};

Result<void> score_people(engine::Connection& connection, const RiskStep& step);
std::vector<record::RecordTable> risk_tables();
// risk.html of the place's report: the models, how they did, and what came of their scores month by month.
Result<void> write_risk_page(engine::Connection& connection, const RiskStep& step, const std::string& place_name, const std::string& folder);

}  // namespace joinedup::refresh
