#include "refresh/risk_step.hpp"

#include <cstdio>
#include <filesystem>

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
          {"risk_prediction", "one row per person and outcome that a model of the place predicts", {"person_key", "outcome"}}};
}

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
  if (step.train == TrainModels::again || !has_models(step.models_folder)) {
    JOINEDUP_TRY(const auto trained, risk::train_place_models(connection, options));
    say(trained.notes);
  }
  JOINEDUP_TRY(const auto scored, risk::score_place(connection, options));
  scoring.done(with_commas(scores.scores) + " published scores, " + with_commas(static_cast<std::int64_t>(scored.rows)) + " predictions");
  if (scored.rows > 0) say(scored.notes);
  return {};
}

}  // namespace joinedup::refresh
