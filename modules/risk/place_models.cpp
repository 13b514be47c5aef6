#include "risk/place_models.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "risk/features.hpp"
#include "risk/learner.hpp"
#include "risk/model_card.hpp"
#include "risk/place_sample.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

constexpr int file_format = 1;
Result<void> judge(const Sample& train, const Sample& test, const LearnerOptions& options, PlaceModel& model) {
  JOINEDUP_TRY(const auto learner, Learner::train(train.x, train.y, train.group, options));
  JOINEDUP_TRY(auto predicted, learner.predict(test.x));
  if (options.boosted.is_amount) {
    const double mean = std::accumulate(test.y.begin(), test.y.end(), 0.0) / static_cast<double>(test.y.size());
    double apart = 0, all = 0;
    for (std::size_t i = 0; i < test.y.size(); ++i) {
      const double y = static_cast<double>(test.y[i]);
      apart += (y - predicted[i]) * (y - predicted[i]);
      all += (y - mean) * (y - mean);
    }
    model.held_out_r_squared = all > 0 ? 1 - apart / all : 0;
    model.has_held_out = true;
    return {};
  }
  JOINEDUP_TRY(const auto plain, Learner::train(only_age_and_sex(train.x), train.y, train.group, options));
  JOINEDUP_TRY(auto by_age, plain.predict(only_age_and_sex(test.x)));
  const Scored scored = scored_of(test, std::move(predicted)), compared = scored_of(test, std::move(by_age));
  PerformanceOptions measure;
  measure.replicates = 100;
  const auto one_in_50 = std::max<std::size_t>(1, scored.size() / 50);
  measure.top_n = {one_in_50};
  auto& held = model.held_out;
  held.model = performance(scored, measure);
  held.age_and_sex = performance(compared, measure);
  held.auroc_difference = compare_auroc(compared, scored.probability);
  measure.replicates = 0;
  const double from = held.model.top_n.empty() ? 1 : held.model.top_n[0].threshold;
  held.by_deprivation = performance_by_group(scored, "deprivation fifth", test.fifth, from, measure);
  const double rate = static_cast<double>(held.model.events) / static_cast<double>(std::max<std::size_t>(1, held.model.rows));
  const double thresholds[] = {rate / 2, rate, std::min(.9, 2 * rate), std::min(.9, 4 * rate)};
  held.curve = decision_curve(scored, thresholds);
  held.age_and_sex_curve = decision_curve(compared, thresholds);
  model.has_held_out = true;
  return {};
}

std::vector<double> quantiles(std::vector<double> values, std::size_t count) {
  std::sort(values.begin(), values.end());
  std::vector<double> at;
  for (std::size_t i = 0; i <= count && !values.empty(); ++i) at.push_back(values[(values.size() - 1) * i / count]);
  return at;
}

Result<void> keep(const PlaceModel& model, const Learner& learner, const FeatureRows& rows, const Sample& all, const PlaceModelOptions& options) {
  JOINEDUP_TRY(const auto text, learner.json());
  JOINEDUP_TRY(const auto predicted, learner.predict(all.x));
  nlohmann::json out = {{"format", file_format},
                        {"outcome", model.outcome},
                        {"what", model.what},
                        {"trained_on_days", model.index_dates},
                        {"rows", model.rows},
                        {"events", model.events},
                        {"features", rows.features.names},
                        {"inputs_sha256", model.inputs_sha256},
                        {"data_from", options.data_from.to_iso()},
                        {"data_to", options.data_to.to_iso()},
                        {"xgboost", xgboost_version()},
                        {"score_quantiles", quantiles(predicted, 100)},
                        {"learner", nlohmann::json::parse(text)}};
  JOINEDUP_CHECK(make_folder(options.folder));
  JOINEDUP_CHECK(write_file(options.folder + "/" + model.outcome + ".json", out.dump() + "\n"));
  return write_file(options.folder + "/" + model.outcome + ".html", model_card(model, rows.features.names));
}

Result<PlaceModel> train_one(const Wanted& want, const FeatureRows& rows, const Days& days, const PlaceModelOptions& options, std::vector<std::string>& notes) {
  PlaceModel model;
  model.outcome = want.name;
  model.what = want.what;
  model.inputs_sha256 = feature_inputs_sha256();
  if (rows.features.rows == 0) {
    notes.push_back("No model of " + std::string(want.what) + ": the record holds nobody on the days that it would learn from.");
    return model;
  }
  const Cohort cohort = cohort_of(want, rows);
  model.rows = cohort.rows.size();
  model.events = cohort.events;
  if (want.of == Wanted::Of::people) {
    if (days.has_first) model.index_dates.push_back(days.first.to_iso());
    model.index_dates.push_back(days.last.to_iso());
  } else {
    model.index_dates.push_back("each discharge to " + (options.data_to - 31).to_iso());
  }
  if (!want.is_amount && (model.events < fewest_events || model.events + fewest_events > model.rows)) {
    notes.push_back("No model of " + std::string(want.what) + ": " + std::to_string(model.events) + " of " + std::to_string(model.rows) + " people had it, and " + std::to_string(fewest_events) +
                    " with and without are the least to learn from.");
    return model;
  }
  const LearnerOptions learn = learner_options(want, options);
  const Split split = hold_out(cohort, rows, days, 0);
  if (cohort.events_of(split.learn) >= 50 && cohort.events_of(split.judge) >= 20) {
    JOINEDUP_CHECK(judge(sample_of(cohort, rows, split.learn), sample_of(cohort, rows, split.judge), learn, model));
  } else {
    notes.push_back("The model of " + std::string(want.what) + " could not be judged on other practices in a later year: too few events there.");
  }
  const Sample everybody = sample_of(cohort, rows, cohort.rows);
  JOINEDUP_TRY(const auto learner, Learner::train(everybody.x, everybody.y, everybody.group, learn));
  JOINEDUP_CHECK(keep(model, learner, rows, everybody, options));
  model.file = options.folder + "/" + model.outcome + ".json";
  return model;
}

struct LoadedModel {
  std::string outcome, inputs_sha256;
  std::vector<std::string> features;
  std::vector<double> quantiles;
  std::vector<Learner> learner;  // one
};
Result<LoadedModel> load_model(const std::string& path) {
  JOINEDUP_TRY(const auto text, read_file(path));
  LoadedModel loaded;
  try {
    const auto in = nlohmann::json::parse(text);
    if (in.at("format") != file_format) return fail(ErrorCode::unsupported, "The model file is of another version; train again.", path);
    loaded.outcome = in.at("outcome");
    loaded.inputs_sha256 = in.at("inputs_sha256");
    loaded.features = in.at("features").get<std::vector<std::string>>();
    loaded.quantiles = in.at("score_quantiles").get<std::vector<double>>();
    JOINEDUP_TRY(auto learner, Learner::from_json(in.at("learner").dump()));
    loaded.learner.push_back(std::move(learner));
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::invalid_input, "The model file is damaged or of another form; train again.", path);
  }
  if (loaded.inputs_sha256 != feature_inputs_sha256())
    return fail(ErrorCode::conflict, "The features have changed since this model was trained, so that it is not used; train again.", path);
  return loaded;
}

Result<FeatureRows> people_now(engine::Connection& connection, Date day) {
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  JOINEDUP_CHECK(add_people(connection, day));
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_TRY(auto rows, read_features(connection, WithOutcomes::no));
  JOINEDUP_CHECK(end_cohort(connection));
  return rows;
}

Result<void> write_predictions(engine::Connection& connection, const FeatureRows& rows, Date day, const LoadedModel& model, const std::vector<double>& predicted) {
  std::vector<std::uint32_t> order(predicted.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return predicted[a] != predicted[b] ? predicted[a] < predicted[b] : rows.person_key[a] < rows.person_key[b]; });
  std::vector<double> percentile(predicted.size());
  for (std::size_t i = 0; i < order.size(); ++i) percentile[order[i]] = std::floor(100.0 * static_cast<double>(i) / static_cast<double>(order.size())) + 1;
  JOINEDUP_TRY(auto out, connection.append_to("risk_prediction"));
  std::size_t slot = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    out.set_integer(0, slot, rows.person_key[i]);
    out.set_integer(1, slot, day.days);
    out.set_text(2, slot, "place-" + model.inputs_sha256.substr(0, 8));
    out.set_text(3, slot, model.outcome);
    out.set_number(4, slot, std::round(predicted[i] * 1e6) / 1e6);
    out.set_integer(5, slot, static_cast<std::int64_t>(percentile[i]));
    if (++slot == engine::Appender::capacity) {
      JOINEDUP_CHECK(out.flush(slot));
      slot = 0;
    }
  }
  if (slot) JOINEDUP_CHECK(out.flush(slot));
  return out.close();
}

}  // namespace

std::string feature_inputs_sha256() {
  Sha256 sum;
  for (const auto* file : {"sql/feature.sql", "sql/outcome.sql"})
    if (const auto text = find_embedded(embedded_risk(), file)) sum.update(*text);
  return sum.finish_hex();
}

Result<TrainedModels> train_place_models(engine::Connection& connection, const PlaceModelOptions& options) {
  TrainedModels trained;
  const auto days = days_of(options);
  if (!days) {
    trained.notes.push_back(days.error().sentence);
    return trained;
  }
  JOINEDUP_TRY(const auto people, rows_for(connection, Wanted::Of::people, options, *days));
  JOINEDUP_TRY(const auto discharges, rows_for(connection, Wanted::Of::discharges, options, *days));
  const auto wanted = wanted_models();
  const std::size_t count = wanted.size();
  std::vector<PlaceModel> models(count);
  std::vector<std::vector<std::string>> notes(count);
  JOINEDUP_CHECK(parallel_for(count, options.threads, [&](std::size_t i) -> Result<void> {
    JOINEDUP_TRY(models[i], train_one(wanted[i], wanted[i].of == Wanted::Of::people ? people : discharges, *days, options, notes[i]));
    return {};
  }));
  for (std::size_t i = 0; i < count; ++i) {
    trained.notes.insert(trained.notes.end(), notes[i].begin(), notes[i].end());
    if (!models[i].file.empty()) trained.models.push_back(std::move(models[i]));
  }
  return trained;
}

Result<ScoredPlace> score_place(engine::Connection& connection, const PlaceModelOptions& options) {
  ScoredPlace scored;
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_prediction(person_key BIGINT, index_date DATE, model VARCHAR, outcome VARCHAR, probability DOUBLE, percentile SMALLINT)"));
  const Date day = options.data_to + 1;
  std::optional<FeatureRows> rows;
  for (const auto& want : wanted_models()) {
    if (want.of != Wanted::Of::people) continue;
    const std::string path = options.folder + "/" + want.name + ".json";
    if (!std::filesystem::exists(path)) {
      scored.notes.push_back(std::string("There is no model of ") + want.what + " here.");
      continue;
    }
    const auto model = load_model(path);
    if (!model) {
      scored.notes.push_back(model.error().text());
      continue;
    }
    if (!rows) { JOINEDUP_TRY(rows, people_now(connection, day)); }
    if (rows->features.rows == 0) {
      scored.notes.push_back("Nobody is registered with a practice on " + day.to_iso() + ": nobody was scored.");
      return scored;
    }
    if (rows->features.names != model->features) {
      scored.notes.push_back("The features are not those that the model of " + std::string(want.what) + " was trained on, so that it is not used; train again.");
      continue;
    }
    JOINEDUP_TRY(const auto predicted, model->learner.front().predict(rows->features));
    JOINEDUP_CHECK(write_predictions(connection, *rows, day, *model, predicted));
    const double drift = population_stability_index(model->quantiles, predicted);
    if (drift > .25)
      scored.notes.push_back("The scores of " + std::string(want.what) + " are spread otherwise than when the model was trained (population stability index " + format_number(std::round(drift * 100) / 100) +
                             "; over 0.25): train again.");
    scored.people = predicted.size();
    scored.rows += predicted.size();
  }
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_prediction_in_order AS SELECT * FROM risk_prediction ORDER BY person_key, outcome; DROP TABLE risk_prediction; "
                                "ALTER TABLE risk_prediction_in_order RENAME TO risk_prediction"));
  return scored;
}

Result<std::vector<std::vector<Reason>>> reasons(engine::Connection& connection, const PlaceModelOptions& options, const std::string& outcome,
                                                 const std::vector<std::int64_t>& person_keys, std::size_t most) {
  JOINEDUP_TRY(const auto model, load_model(options.folder + "/" + outcome + ".json"));
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
