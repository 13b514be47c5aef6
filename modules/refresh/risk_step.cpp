#include "refresh/risk_step.hpp"

#include <cstdio>
#include <filesystem>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "risk/risk.hpp"

namespace joinedup::refresh {
namespace {

bool has_models(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".json") return true;
  return false;
}

void say(const std::vector<std::string>& notes) {
  for (const auto& note : notes) std::fprintf(stderr, "  risk: %s\n", note.c_str());
}

}  // namespace

std::vector<record::RecordTable> risk_tables() {
  return {{"risk_score", "one row per person and published score", {"person_key", "score_name"}},
          {"risk_score_term", "one row per person, published score and term", {"person_key", "score_name", "term"}},
          {"risk_discharge_score", "one row per discharge of the last 30 days that PARR-30 scores", {"source", "source_row"}},
          {"risk_prediction", "one row per person and outcome that a model of the place predicts", {"person_key", "outcome"}},
          {"risk_drift", "one row per outcome and day of scores: what was expected, and what came of it", {"outcome", "index_date"}}};
}

namespace {

// Models of the place, where there are none, or those there are cannot be used any more.
Result<void> train_where_needed(engine::Connection& connection, const RiskStep& step, const risk::PlaceModelOptions& options) {
  const auto refused = risk::why_models_are_refused(options);
  if (step.train != TrainModels::again && has_models(step.models_folder) && refused.empty()) return {};
  if (!refused.empty()) {
    say(refused);
    say({"Models are trained again on this record; the earlier ones are kept in models/earlier."});
  }
  JOINEDUP_CHECK(risk::set_models_aside(options));
  JOINEDUP_TRY(const auto trained, risk::train_place_models(connection, options));
  say(trained.notes);
  return {};
}

}  // namespace

Result<void> score_people(engine::Connection& connection, const RiskStep& step) {
  Progress scoring("Scoring risk");
  risk::PublishedScoreOptions published;
  published.index_date = step.data_to;
  published.data_from = step.data_from;
  published.data_to = step.data_to;
  JOINEDUP_TRY(const auto scores, risk::write_published_scores(connection, published));
  risk::PlaceModelOptions options;
  options.data_from = step.data_from;
  options.data_to = step.data_to;
  options.folder = step.models_folder;
  options.threads = step.threads;
  JOINEDUP_CHECK(train_where_needed(connection, step, options));
  published.discharged_from = step.data_to - 29;
  JOINEDUP_TRY(const auto discharges, risk::write_discharge_scores(connection, published));
  static_cast<void>(discharges);
  JOINEDUP_TRY(const auto drift, risk::follow_drift(connection, options));
  JOINEDUP_TRY(const auto scored, risk::score_place(connection, options));
  JOINEDUP_TRY(const auto spread, risk::follow_spread(connection, options));
  scoring.done(with_commas(scores.scores) + " published scores, " + with_commas(static_cast<std::int64_t>(scored.rows)) + " predictions");
  if (scored.rows > 0) say(scored.notes);
  say(drift.notes);
  say(spread);
  return {};
}

Result<void> write_risk_page(engine::Connection& connection, const RiskStep& step, const std::string& place_name, const std::string& folder) {
  risk::PlaceModelOptions options;
  options.data_from = step.data_from;
  options.data_to = step.data_to;
  options.folder = step.models_folder;
  JOINEDUP_TRY(const auto page, risk::risk_page(connection, options, place_name));
  return write_file(folder + "/risk.html", page);
}

}  // namespace joinedup::refresh
