#include "risk/place_validation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <unordered_map>

#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "place/place.hpp"
#include "place/ethnic_group.hpp"
#include "risk/place_sample.hpp"
#include "risk/plot.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {
namespace {

constexpr const char* parr30_column = "parr30";
constexpr const char* plain_column = "age_and_sex";

struct Predicted {
  std::vector<std::uint32_t> rows;
  std::vector<double> model, age_and_sex;
};

Result<Predicted> predict_held_out(const Wanted& want, const Cohort& cohort, const FeatureRows& rows, const Days& days, const PlaceModelOptions& options, HoldOut what) {
  std::array<Predicted, practice_folds> folds;
  const LearnerOptions learn = learner_options(want, options);
  JOINEDUP_CHECK(parallel_for(practice_folds, options.threads, [&](std::size_t fold) -> Result<void> {
    const Split split = hold_out(cohort, rows, days, fold, what);
    if (split.judge.empty() || cohort.events_of(split.learn) < 50) return {};
    const Sample train = sample_of(cohort, rows, split.learn), test = sample_of(cohort, rows, split.judge);
    JOINEDUP_TRY(const auto learner, Learner::train(train.x, train.y, train.group, learn));
    JOINEDUP_TRY(folds[fold].model, learner.predict(test.x));
    JOINEDUP_TRY(const auto plain, Learner::train(only_age_and_sex(train.x), train.y, train.group, learn));
    JOINEDUP_TRY(folds[fold].age_and_sex, plain.predict(only_age_and_sex(test.x)));
    folds[fold].rows = split.judge;
    return {};
  }));
  Predicted all;
  for (const auto& fold : folds) {
    all.rows.insert(all.rows.end(), fold.rows.begin(), fold.rows.end());
    all.model.insert(all.model.end(), fold.model.begin(), fold.model.end());
    all.age_and_sex.insert(all.age_and_sex.end(), fold.age_and_sex.begin(), fold.age_and_sex.end());
  }
  return all;
}

// Ethnic group as the record tells it now: for groups of the report, never a feature.
Result<std::unordered_map<std::int64_t, std::string>> ethnicity_of(engine::Connection& connection) {
  std::unordered_map<std::int64_t, std::string> all;
  JOINEDUP_CHECK(connection.scan(
      "SELECT person_key, coalesce(ethnicity, '') FROM person ORDER BY person_key",
      [&](const engine::Batch& batch) -> Result<void> {
        for (std::size_t i = 0; i < batch.rows(); ++i) all.emplace(batch.integer(0, i), place::ethnic_group(std::string(batch.text(1, i))));
        return {};
      }));
  return all;
}

std::string age_band(float age) {
  if (std::isnan(age)) return "unknown";
  return age < 18 ? "0 to 17" : age < 40 ? "18 to 39" : age < 65 ? "40 to 64" : age < 75 ? "65 to 74" : age < 85 ? "75 to 84" : "85 and over";
}

struct Context {
  const PlaceModelOptions& model;
  const PlaceValidationOptions& options;
  const Days& days;
  std::unordered_map<std::int64_t, std::string> ethnicity;
  Parr30 parr30;
};

std::string held_out_csv(const Wanted& want, const Cohort& cohort, const FeatureRows& rows, const Predicted& predicted, const Context& context) {
  const auto column_of = [&](const char* name) { return static_cast<std::size_t>(std::find(rows.features.names.begin(), rows.features.names.end(), name) - rows.features.names.begin()); };
  const auto age = column_of("age"), male = column_of("male");
  const bool with_parr30 = want.of == Wanted::Of::discharges;
  std::string text = std::string("person_key,index_date,outcome,model,") + plain_column + (with_parr30 ? std::string(",") + parr30_column : "") + ",age,sex,deprivation_fifth,ethnic_group,practice\n";
  for (std::size_t i = 0; i < predicted.rows.size(); ++i) {
    const auto row = predicted.rows[i];
    text += std::to_string(rows.person_key[row]) + "," + Date{rows.index_day[row]}.to_iso() + "," + (cohort.outcome[row] > 0.5F ? "1," : "0,") + format_number(predicted.model[i]) + "," + format_number(predicted.age_and_sex[i]) + ",";
    if (with_parr30) {
      const double score = context.parr30.of(rows.person_key[row], rows.index_day[row]);
      text += (std::isnan(score) ? "" : format_number(score)) + ",";
    }
    const float sex = rows.features.at(row, male);
    const auto ethnic = context.ethnicity.find(rows.person_key[row]);
    text += age_band(rows.features.at(row, age)) + "," + (std::isnan(sex) ? "unknown" : sex > 0.5F ? "male" : "female") + "," + deprivation_fifth(rows.imd_decile[row]) + "," +
            csv_field(ethnic == context.ethnicity.end() ? "Not known" : ethnic->second) + "," + csv_field(rows.practice[row].empty() ? "none" : rows.practice[row]) + "\n";
  }
  return text;
}

std::string number(std::size_t value) { return with_commas(static_cast<std::int64_t>(value)); }

Study study_of(const Wanted& want, const Cohort& cohort, const FeatureRows& rows, const Predicted& predicted, const Context& context) {
  Study study;
  const bool people = want.of == Wanted::Of::people;
  study.title = std::string("Validation in this place: ") + want.what;
  study.purpose = "Would a model of this place foresee " + std::string(want.what) + ", for people of practices that it has not seen" + (context.options.hold_out == HoldOut::practice ? "" : ", in a year that it has not seen") + "? It is to order lists that clinicians read, and no more.";
  std::size_t later = 0, later_in = 0, earlier_in = 0;
  for (const auto day : rows.index_day) later += day >= context.days.last.days;
  for (const auto row : cohort.rows) (rows.index_day[row] >= context.days.last.days ? later_in : earlier_in) += 1;
  const std::string unit = people ? "people registered with a practice and alive on " + context.days.last.to_iso() : "discharges alive from an emergency stay from " + context.days.last.to_iso() + " to " + (context.model.data_to - 31).to_iso();
  study.flow.push_back({number(later) + " " + unit});
  if (later > later_in) study.flow.push_back({number(later - later_in) + " left out: not at risk of it on that day (they had it already)", true});
  study.flow.push_back({number(later_in) + " at risk; who died or moved away before the end is kept, without the outcome where none was recorded"});
  if (later_in > predicted.rows.size())
    study.flow.push_back({number(later_in - predicted.rows.size()) + " left out: too few events in the other practices to learn from", true});
  study.flow.push_back({"Learned from: up to " + number(earlier_in + (context.options.hold_out == HoldOut::practice ? later_in : 0)) + " rows of the year before" + (context.options.hold_out == HoldOut::practice ? " and of the same year" : "") + ", less those of the practices and people judged"});
  study.outcome = "It is " + std::string(want.what) + ", from the record's own events; the index day counts, days before it do not.";
  study.predictors = number(rows.features.columns) + " features as of the index day, from every setting (sql/feature.sql): age, sex, deprivation, a year's use of each service, social care, housing, conditions. Nothing dated on or after that day; ethnicity is not among them.";
  study.missing = "Missing is a value of its own: the trees learn a direction for it. Nothing is imputed.";
  study.methods = {"Learner: gradient boosted trees (XGBoost " + xgboost_version() + ") and penalised logistic regression, a mean of their log odds; its weight and a logistic recalibration are chosen on people that the fit did not see, the other settings beforehand.",
                   "Practices fall into " + std::to_string(practice_folds) + " folds. Those of one fold are predicted by a model learned from the others, " + std::string(context.options.hold_out == HoldOut::practice ? "on the same days and a year earlier" : "on days a year and more earlier") + "; whoever is predicted is not learned from, having moved practice or not.",
                   "age_and_sex: the same learner on age and sex alone, in the same folds.",
                   "No row was weighted or drawn again for being rare."};
  if (!people)
    study.methods.push_back("parr30: the published score (Billings 2012) of the same discharges, incomplete: the record has neither the hospital's own term nor the deprivation score of 2007. It was fitted in England in 2008 to 2009, and is not recalibrated here. Discharges that are not the end of a continuous stay have none, and are left out for all three.");
  return study;
}

Result<void> validate_one(const Wanted& want, const FeatureRows& rows, const Context& context, ValidatedPlace& done) {
  const Cohort cohort = cohort_of(want, rows);
  Progress working(std::string("Judging ") + want.short_name);
  JOINEDUP_TRY(const auto predicted, predict_held_out(want, cohort, rows, context.days, context.model, context.options.hold_out));
  const auto events = cohort.events_of(predicted.rows);
  working.done(number(predicted.rows.size()) + " predicted");
  if (events < 20 || events + 20 > predicted.rows.size()) {
    done.notes.push_back("The model of " + std::string(want.what) + " could not be judged: " + number(events) + " of " + number(predicted.rows.size()) + " people who could be predicted had it.");
    return {};
  }
  ValidateJob job;
  job.out = context.options.out + "/" + want.name;
  job.data = job.out + "/held_out.csv";
  job.outcome = "outcome";
  job.predict = "model";
  job.compare = {plain_column};
  job.thresholds = {.02, .05, .1, .2, .3};
  if (want.of == Wanted::Of::discharges) {
    job.compare = {parr30_column, plain_column};
    job.thresholds = {.05, .1, .15, .2, .25, .3};
  }
  job.cluster = "person_key";
  job.groups = {"age", "sex", "deprivation_fifth", "ethnic_group", "practice"};
  job.seed = context.options.seed;
  job.replicates = context.options.replicates;
  job.threads = context.options.threads;
  job.study = study_of(want, cohort, rows, predicted, context);
  JOINEDUP_CHECK(make_folder(job.out));
  JOINEDUP_CHECK(write_file(job.data, held_out_csv(want, cohort, rows, predicted, context), FileMode::secret));
  JOINEDUP_TRY(auto validation, validate_file(job));
  done.outcomes.push_back({want.name, want.what, std::move(validation)});
  return {};
}

}  // namespace

Result<ValidatedPlace> validate_record(engine::Connection& connection, const PlaceModelOptions& model, const PlaceValidationOptions& options) {
  JOINEDUP_TRY(const auto days, days_of(model));
  if (!days.has_first && options.hold_out == HoldOut::practice_and_year)
    return fail(ErrorCode::invalid_input, "To learn in one year and judge in the next the data must reach back two and a half years; these begin on " + model.data_from.to_iso() + ". With --hold-out practice other practices of the same year are learned from.");
  for (const auto& name : options.outcomes) {
    const auto all = wanted_models();
    if (std::none_of(all.begin(), all.end(), [&](const auto& want) { return !want.is_amount && name == want.name; }))
      return fail(ErrorCode::wrong_usage, "There is no model of \"" + name + "\" that says yes or no; there are emergency_admission_12m, emergency_admission_30d, long_term_care_12m and death_12m.");
  }
  Context context{model, options, days, {}, {}};
  JOINEDUP_TRY(context.ethnicity, ethnicity_of(connection));
  ValidatedPlace done;
  JOINEDUP_CHECK(make_folder(options.out));
  for (const auto of : {Wanted::Of::people, Wanted::Of::discharges}) {
    std::vector<const Wanted*> asked;
    for (const auto& want : wanted_models())
      if (want.of == of && !want.is_amount && (options.outcomes.empty() || std::find(options.outcomes.begin(), options.outcomes.end(), want.name) != options.outcomes.end())) asked.push_back(&want);
    if (asked.empty()) continue;
    if (of == Wanted::Of::discharges) { JOINEDUP_TRY(context.parr30, parr30_of(connection, days.last - 1, model.data_to)); }
    JOINEDUP_TRY(const auto rows, rows_for(connection, of, model, days));
    if (rows.features.rows == 0) {
      done.notes.push_back("The record holds nobody on the days that a model would learn from.");
      continue;
    }
    for (const auto* want : asked) JOINEDUP_CHECK(validate_one(*want, rows, context, done));
  }
  return done;
}

Result<ValidatedPlace> validate_place(const PlaceValidationOptions& options) {
  JOINEDUP_TRY(const auto place, place::read_place(options.place));
  const std::string file = place.path("warehouse/current/warehouse.duckdb");
  if (!std::filesystem::exists(file)) return fail(ErrorCode::not_found, "Nothing has been published here yet; `joinedup refresh` does it.", file);
  engine::DatabaseOptions memory;
  memory.threads = options.threads;
  memory.memory_limit_mib = place.memory_limit_mib ? place.memory_limit_mib : 6000;
  memory.temporary_folder = options.out + "/spill";
  JOINEDUP_TRY(auto database, engine::Database::open("", memory));
  JOINEDUP_TRY(auto connection, database.connect());
  JOINEDUP_CHECK(connection.run("ATTACH " + engine::sql_text(file) + " AS published (READ_ONLY)"));
  JOINEDUP_TRY(const auto tables, connection.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 'published' AND table_name NOT LIKE 'risk%' AND table_name NOT LIKE 'case%' ORDER BY 1"));
  for (const auto& row : tables.rows) JOINEDUP_CHECK(connection.run("CREATE VIEW " + engine::sql_name(row[0]) + " AS SELECT * FROM published.main." + engine::sql_name(row[0])));
  PlaceModelOptions model;
  model.data_from = place.data_from;
  model.data_to = place.data_to;
  model.threads = options.threads;
  auto done = validate_record(connection, model, options);
  std::error_code ignored;
  std::filesystem::remove_all(options.out + "/spill", ignored);
  return done;
}

std::string validated_place_json(const ValidatedPlace& done) {
  std::string text = "{\"outcomes\": [";
  bool first = true;
  for (const auto& one : done.outcomes) {
    auto metrics = metrics_json(one.validation);
    while (!metrics.empty() && metrics.back() == '\n') metrics.pop_back();
    text += std::string(first ? "" : ", ") + "{\"outcome\": \"" + one.outcome + "\", \"metrics\": " + metrics + "}";
    first = false;
  }
  text += "], \"notes\": [";
  for (std::size_t i = 0; i < done.notes.size(); ++i) text += std::string(i ? ", " : "") + "\"" + done.notes[i] + "\"";
  return text + "]}\n";
}

namespace {

std::string shown(const Estimate& e, int places = 3) {
  if (!e.value) return "not known";
  return fixed_text(*e.value, places) + (e.low && e.high ? " (" + fixed_text(*e.low, places) + " to " + fixed_text(*e.high, places) + ")" : "");
}

}  // namespace

std::string validated_place_screen(const ValidatedPlace& done, const std::string& out) {
  std::string text;
  for (const auto& one : done.outcomes) {
    const auto& v = one.validation;
    const auto& p = v.performance;
    text += "\n" + one.outcome + ": " + number(p.rows) + " people never seen in training, " + number(p.events) + " with the outcome\n  AUROC " + shown(p.auroc) + ", O/E " + shown(p.oe) + ", slope " + shown(p.slope) + ", Brier " + shown(p.brier, 4) + "\n";
    for (const auto& c : v.comparisons) {
      text += "  beside " + c.column + ": AUROC " + shown(c.performance.auroc) + ", O/E " + shown(c.performance.oe) + ", difference " + shown(c.auroc_difference.difference, 4) + "\n";
      for (const auto& r : c.reclassification)
        text += "    net benefit at " + fixed_text(100 * r.threshold, 0) + "%: model " + fixed_text(r.first_net_benefit, 5) + ", " + c.column + " " + fixed_text(r.second_net_benefit, 5) + ", difference " +
                shown({r.net_benefit_difference, r.difference_low, r.difference_high}, 5) + "\n";
    }
    for (const auto& g : v.groups)
      if (g.column == "deprivation_fifth") text += "  deprivation fifth " + g.group + ": " + number(g.performance.events) + " events, O/E " + shown(g.performance.oe) + ", slope " + shown(g.performance.slope) + "\n";
  }
  for (const auto& note : done.notes) text += "note: " + note + "\n";
  return text + "Results: " + out + "/<outcome>/report.html\n";
}

}  // namespace joinedup::risk
