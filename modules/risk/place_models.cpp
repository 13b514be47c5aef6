#include "risk/place_models.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "risk/features.hpp"
#include "risk/learner.hpp"
#include "risk/model_card.hpp"
#include "risk/model_file.hpp"
#include "risk/place_sample.hpp"
#include "risk/plot.hpp"

namespace joinedup::risk {
namespace {

// The same discharges by PARR-30, where it has them.
void judge_beside(const Scored& scored, const std::vector<double>& parr30, const PerformanceOptions& measure, HeldOut& held) {
  Scored ours, theirs;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    if (std::isnan(parr30[i])) continue;
    ours.probability.push_back(scored.probability[i]);
    theirs.probability.push_back(parr30[i]);
    ours.outcome.push_back(scored.outcome[i]);
  }
  theirs.outcome = ours.outcome;
  held.parr30_rows = ours.size();
  if (ours.size() < 100) return;
  held.has_parr30 = true;
  held.model_beside_parr30 = performance(ours, measure);
  held.parr30 = performance(theirs, measure);
  held.parr30_difference = compare_auroc(theirs, ours.probability);
  for (const double threshold : {.05, .1, .15, .2, .25, .3}) held.beside_parr30.push_back(reclassify(theirs, ours.probability, threshold));
}

Result<void> judge(const Sample& train, const Sample& test, const std::vector<double>& parr30, const LearnerOptions& options, PlaceModel& model) {
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
  LearnerOptions of_two = options;  // a curve over age and a step of sex: fewer, bolder rounds reach it
  of_two.boosted.rounds = 30;
  of_two.boosted.learning_rate = 0.3;
  JOINEDUP_TRY(const auto plain, Learner::train(only_age_and_sex(train.x), train.y, train.group, of_two));
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
  if (!parr30.empty()) judge_beside(scored, parr30, measure, held);
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

// What the held-out people said of it, in one sentence: kept with the model, for the place's report.
std::string held_out_sentence(const PlaceModel& model) {
  if (!model.has_held_out) return "not judged: too few events in other practices in a later year";
  const auto shown = [](const Estimate& e) { return e.value ? fixed_text(*e.value, 3) + (e.low && e.high ? " (" + fixed_text(*e.low, 3) + " to " + fixed_text(*e.high, 3) + ")" : "") : std::string("not known"); };
  const auto& h = model.held_out;
  if (h.model.rows == 0) return "R² " + fixed_text(model.held_out_r_squared, 3);
  return "AUROC " + shown(h.model.auroc) + ", of age and sex alone " + shown(h.age_and_sex.auroc) + (h.has_parr30 ? ", of PARR-30 on the same discharges " + shown(h.parr30.auroc) + " beside " + shown(h.model_beside_parr30.auroc) : "") +
         "; observed over expected " + shown(h.model.oe) + "; slope " + shown(h.model.slope);
}

Result<void> keep(PlaceModel& model, Learner learner, const FeatureRows& rows, const Sample& all, const Wanted& want, const PlaceModelOptions& options) {
  LoadedModel stored;
  stored.outcome = model.outcome;
  stored.what = model.what;
  stored.short_name = want.short_name;
  stored.inputs_sha256 = model.inputs_sha256;
  stored.held_out = held_out_sentence(model);
  stored.xgboost = xgboost_version();
  stored.data_from = options.data_from;
  stored.data_to = options.data_to;
  stored.last_day = Date{*std::max_element(rows.index_day.begin(), rows.index_day.end())};
  stored.index_dates = model.index_dates;
  stored.features = rows.features.names;
  stored.rows = model.rows;
  stored.events = model.events;
  JOINEDUP_TRY(const auto predicted, learner.predict(all.x));
  stored.quantiles = quantiles(predicted, 100);
  stored.learner.push_back(std::move(learner));
  JOINEDUP_CHECK(make_folder(options.folder));
  JOINEDUP_CHECK(save_model(stored, model_path(options, model.outcome)));
  return write_file(options.folder + "/" + model.outcome + ".html", model_card(model, rows.features.names));
}

Result<PlaceModel> train_one(const Wanted& want, const FeatureRows& rows, const Parr30& parr30, const Days& days, const PlaceModelOptions& options, std::vector<std::string>& notes) {
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
    std::vector<double> published;
    if (want.of == Wanted::Of::discharges)
      for (const auto row : split.judge) published.push_back(parr30.of(rows.person_key[row], rows.index_day[row]));
    JOINEDUP_CHECK(judge(sample_of(cohort, rows, split.learn), sample_of(cohort, rows, split.judge), published, learn, model));
  } else {
    notes.push_back("The model of " + std::string(want.what) + " could not be judged on other practices in a later year: too few events there.");
  }
  const Sample everybody = sample_of(cohort, rows, cohort.rows);
  JOINEDUP_TRY(auto learner, Learner::train(everybody.x, everybody.y, everybody.group, learn));
  model.weight_of_trees = learner.weight_of_trees();
  JOINEDUP_CHECK(keep(model, std::move(learner), rows, everybody, want, options));
  model.file = model_path(options, model.outcome);
  return model;
}

}  // namespace

Result<TrainedModels> train_place_models(engine::Connection& connection, const PlaceModelOptions& options) {
  TrainedModels trained;
  const auto days = days_of(options);
  if (!days) {
    trained.notes.push_back(days.error().sentence);
    return trained;
  }
  JOINEDUP_TRY(const auto people, rows_for(connection, Wanted::Of::people, options, *days));
  JOINEDUP_TRY(const auto discharges, rows_for(connection, Wanted::Of::discharges, options, *days));
  JOINEDUP_TRY(const auto parr30, parr30_of(connection, days->last - 1, options.data_to));
  const auto wanted = wanted_models();
  const std::size_t count = wanted.size();
  std::vector<PlaceModel> models(count);
  std::vector<std::vector<std::string>> notes(count);
  JOINEDUP_CHECK(parallel_for(count, options.threads, [&](std::size_t i) -> Result<void> {
    JOINEDUP_TRY(models[i], train_one(wanted[i], wanted[i].of == Wanted::Of::people ? people : discharges, parr30, *days, options, notes[i]));
    return {};
  }));
  for (std::size_t i = 0; i < count; ++i) {
    trained.notes.insert(trained.notes.end(), notes[i].begin(), notes[i].end());
    if (!models[i].file.empty()) trained.models.push_back(std::move(models[i]));
  }
  return trained;
}

}  // namespace joinedup::risk
