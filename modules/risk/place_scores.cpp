// Scores of now by the models that are kept, and the reasons of those who are shown.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"
#include "risk/features.hpp"
#include "risk/model_file.hpp"
#include "risk/place_sample.hpp"

namespace joinedup::risk {
namespace {

constexpr int days_after_discharge = 30;

Result<FeatureRows> people_now(engine::Connection& connection, Date day) {
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  JOINEDUP_CHECK(add_people(connection, day));
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_TRY(auto rows, read_features(connection, WithOutcomes::no));
  JOINEDUP_CHECK(end_cohort(connection));
  return rows;
}

// Those discharged from an emergency stay in the last 30 days who are alive and not back, as of the day after.
Result<FeatureRows> just_discharged(engine::Connection& connection, Date data_to) {
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  JOINEDUP_CHECK(add_last_discharges(connection, data_to - (days_after_discharge - 1), data_to));
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_TRY(auto rows, read_features(connection, WithOutcomes::no));
  JOINEDUP_CHECK(end_cohort(connection));
  return rows;
}

Result<void> write_predictions(engine::Connection& connection, const FeatureRows& rows, const LoadedModel& model, const std::vector<double>& predicted) {
  std::vector<std::uint32_t> order(predicted.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return predicted[a] != predicted[b] ? predicted[a] < predicted[b] : rows.person_key[a] < rows.person_key[b]; });
  std::vector<double> percentile(predicted.size());
  for (std::size_t i = 0; i < order.size(); ++i) percentile[order[i]] = std::floor(100.0 * static_cast<double>(i) / static_cast<double>(order.size())) + 1;
  JOINEDUP_TRY(auto out, connection.append_to("risk_prediction"));
  const std::string name = model.name();
  const bool is_amount = model.learner.front().is_amount();
  std::size_t slot = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    out.set_integer(0, slot, rows.person_key[i]);
    out.set_integer(1, slot, rows.index_day[i]);
    out.set_text(2, slot, name);
    out.set_text(3, slot, model.outcome);
    if (is_amount) {
      out.set_null(4, slot);
      out.set_integer(5, slot, std::llround(100 * predicted[i]));
    } else {
      out.set_number(4, slot, std::round(predicted[i] * 1e6) / 1e6);
      out.set_null(5, slot);
    }
    out.set_integer(6, slot, static_cast<std::int64_t>(percentile[i]));
    if (++slot == engine::Appender::capacity) {
      JOINEDUP_CHECK(out.flush(slot));
      slot = 0;
    }
  }
  if (slot) JOINEDUP_CHECK(out.flush(slot));
  return out.close();
}

}  // namespace

std::vector<std::string> why_models_are_refused(const PlaceModelOptions& options) {
  std::vector<std::string> why;
  for (const auto& want : wanted_models()) {
    const std::string path = model_path(options, want.name);
    if (!std::filesystem::exists(path)) continue;
    const auto model = load_model(path);
    if (!model) why.push_back(model.error().text());
  }
  return why;
}

Result<void> set_models_aside(const PlaceModelOptions& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (const auto& want : wanted_models()) {
    const std::string path = model_path(options, want.name);
    if (!fs::exists(path, error)) continue;
    const auto model = load_model(path);
    const std::string version = model ? model->data_to.to_iso() : "refused";
    JOINEDUP_CHECK(make_folder(options.folder + "/earlier"));
    for (const char* kind : {".json", ".html"}) {
      const std::string from = options.folder + "/" + want.name + kind;
      if (!fs::exists(from, error)) continue;
      fs::rename(from, options.folder + "/earlier/" + want.name + "-" + version + kind, error);
      if (error) return fail(ErrorCode::unavailable, "An earlier model cannot be moved aside: " + error.message() + ".", from);
    }
  }
  return {};
}

Result<ScoredPlace> score_place(engine::Connection& connection, const PlaceModelOptions& options) {
  ScoredPlace scored;
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_prediction(person_key BIGINT, index_date DATE, model VARCHAR, outcome VARCHAR, probability DOUBLE, expected_cost_pence BIGINT, percentile SMALLINT)"));
  std::optional<FeatureRows> people, discharged;
  for (const auto& want : wanted_models()) {
    const std::string path = model_path(options, want.name);
    if (!std::filesystem::exists(path)) {
      scored.notes.push_back(std::string("There is no model of ") + want.what + " here.");
      continue;
    }
    const auto model = load_model(path);
    if (!model) {
      scored.notes.push_back(model.error().text());
      continue;
    }
    const bool of_people = want.of == Wanted::Of::people;
    auto& rows = of_people ? people : discharged;
    if (!rows && of_people) { JOINEDUP_TRY(rows, people_now(connection, options.data_to + 1)); }
    if (!rows) { JOINEDUP_TRY(rows, just_discharged(connection, options.data_to)); }
    if (rows->features.rows == 0) {
      if (of_people) scored.notes.push_back("Nobody is registered with a practice on " + (options.data_to + 1).to_iso() + ": nobody was scored.");
      continue;
    }
    if (rows->features.names != model->features) {
      scored.notes.push_back("The features are not those that the model of " + std::string(want.what) + " was trained on, so that it is not used; train again (`joinedup refresh --train`).");
      continue;
    }
    JOINEDUP_TRY(const auto predicted, model->predict(rows->features));
    JOINEDUP_CHECK(write_predictions(connection, *rows, *model, predicted));
    if (of_people) scored.people = predicted.size();
    scored.rows += predicted.size();
  }
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_prediction_in_order AS SELECT * FROM risk_prediction ORDER BY person_key, outcome; DROP TABLE risk_prediction; "
                                "ALTER TABLE risk_prediction_in_order RENAME TO risk_prediction"));
  return scored;
}

Result<std::vector<std::vector<Reason>>> reasons(engine::Connection& connection, const PlaceModelOptions& options, const std::string& outcome,
                                                 const std::vector<std::int64_t>& person_keys, std::size_t most) {
  JOINEDUP_TRY(const auto model, load_model(model_path(options, outcome)));
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  const Date day = options.data_to + 1;
  for (std::size_t i = 0; i < person_keys.size(); ++i)
    JOINEDUP_CHECK(connection.run("INSERT INTO risk_cohort VALUES (" + std::to_string(i) + ", " + std::to_string(person_keys[i]) + ", DATE '" + day.to_iso() + "', NULL)"));
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_TRY(const auto rows, read_features(connection, WithOutcomes::no));
  JOINEDUP_CHECK(end_cohort(connection));
  if (rows.features.rows != person_keys.size()) return fail(ErrorCode::not_found, "Somebody asked about is not in the record.");
  JOINEDUP_TRY(const auto parts, model.learner.front().contributions(rows.features));
  std::vector<std::vector<Reason>> all;
  for (std::size_t row = 0; row < rows.features.rows; ++row) {
    std::vector<Reason> of_person;
    for (std::size_t c = 0; c < rows.features.columns; ++c) {
      const double part = static_cast<double>(parts[row * (rows.features.columns + 1) + c]);
      if (part > 0) of_person.push_back({rows.features.names[c], static_cast<double>(rows.features.at(row, c)), part});
    }
    std::sort(of_person.begin(), of_person.end(), [](const auto& a, const auto& b) { return a.part != b.part ? a.part > b.part : a.feature < b.feature; });
    if (of_person.size() > most) of_person.resize(most);
    all.push_back(std::move(of_person));
  }
  return all;
}

}  // namespace joinedup::risk
