// What became of those who were scored: calibration month by month, the spread of scores, recalibration where outcomes ask for it.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"
#include "risk/features.hpp"
#include "risk/model_file.hpp"
#include "risk/model_card.hpp"
#include "risk/place_sample.hpp"
#include "risk/plot.hpp"

namespace joinedup::risk {
namespace {

constexpr int months_followed = 12;
constexpr double spread_otherwise = 0.25;   // a stability index above this is said
constexpr double sure = 9.21;               // chi-squared, 2 degrees of freedom, p = 0.01

// The first of each of the last months whose outcome is known for all of `days_known`.
std::vector<Date> month_days(const PlaceModelOptions& options, int days_known) {
  std::vector<Date> days;
  const auto civil = (options.data_to - (days_known - 1)).to_iso();
  auto day = parse_iso_date(civil.substr(0, 8) + "01");
  while (day && days.size() < months_followed && *day - options.data_from >= 180) {
    days.push_back(*day);
    day = parse_iso_date((*day - 1).to_iso().substr(0, 8) + "01");
  }
  std::reverse(days.begin(), days.end());
  return days;
}

Result<FeatureRows> followed(engine::Connection& connection, Wanted::Of of, const PlaceModelOptions& options) {
  JOINEDUP_CHECK(end_cohort(connection));
  JOINEDUP_CHECK(begin_cohort(connection));
  const auto days = month_days(options, of == Wanted::Of::people ? 365 : 31);
  if (of == Wanted::Of::people) {
    for (const auto day : days) JOINEDUP_CHECK(add_people(connection, day, options.drift_people));
  } else if (!days.empty()) {
    JOINEDUP_CHECK(add_discharges(connection, days.front() - 1, options.data_to - 31, options.drift_people * months_followed));
  }
  JOINEDUP_CHECK(write_features(connection));
  JOINEDUP_CHECK(write_outcomes(connection));
  JOINEDUP_TRY(auto rows, read_features(connection, WithOutcomes::yes));
  JOINEDUP_CHECK(end_cohort(connection));
  return rows;
}

struct Month {
  std::string day;
  std::vector<double> predicted, observed;
  bool seen = false;
};

Result<void> write_month(engine::Connection& connection, const LoadedModel& model, const Month& month) {
  double expected = 0, happened = 0;
  for (std::size_t i = 0; i < month.predicted.size(); ++i) {
    expected += month.predicted[i];
    happened += month.observed[i];
  }
  const auto number = [](double v, int places) { return std::isfinite(v) ? fixed_text(v, places) : std::string("NULL"); };
  const bool amount = model.learner.front().is_amount();
  const double ratio = expected > 0 ? happened / expected : HUGE_VAL;
  // A count of events is Poisson's on the scale of its logarithm; of an amount no interval is given.
  const double wide = happened > 0 && !amount ? std::exp(1.959963984540054 / std::sqrt(happened)) : HUGE_VAL;
  return connection.run("INSERT INTO risk_drift VALUES (" + engine::sql_text(model.outcome) + ", " + engine::sql_text(model.name()) + ", DATE '" + month.day + "', " + std::to_string(month.predicted.size()) + ", " +
                        number(happened, 0) + ", " + number(expected, 1) + ", " + number(ratio, 4) + ", " + (std::isfinite(wide) ? number(ratio / wide, 4) : "NULL") + ", " + (std::isfinite(wide) ? number(ratio * wide, 4) : "NULL") + ", " +
                        number(population_stability_index(model.quantiles, month.predicted), 4) + ", " + (month.seen ? "TRUE" : "FALSE") + ")");
}

// Whether outcomes since the training say that the model is wrong by more than chance and by enough to matter.
std::optional<StoredRecalibration> asked_for(const std::vector<double>& predicted, const std::vector<std::uint8_t>& happened) {
  auto fitted = recalibrate(predicted, happened);
  const auto shift = calibration_in_the_large(predicted, happened);
  // Scores that say nothing, or the wrong way round, are not turned: only their level is set right.
  const bool turned = !fitted || fitted->slope <= 0;
  if (turned && !shift) return {};
  if (turned) fitted = Recalibration{*shift, 1};
  double gain = 0, expected = 0, events = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double before = expit(logit(predicted[i])), after = fitted->apply(predicted[i]);
    gain += happened[i] ? std::log(after / before) : std::log((1 - after) / (1 - before));
    expected += predicted[i];
    events += happened[i];
  }
  const bool matters = std::fabs(std::log(events / expected)) > std::log(1.05) || std::fabs(fitted->slope - 1) > .1;
  if (events < static_cast<double>(fewest_events) || 2 * gain < sure || !matters) return {};
  StoredRecalibration stored;
  stored.change = turned ? *fitted : recalibrate_where_needed(predicted, happened);
  stored.rows = predicted.size();
  stored.events = static_cast<std::size_t>(events);
  stored.observed_over_expected = events / expected;
  return stored;
}

// The model's own scores of these rows, without what an earlier follow-up changed.
Result<void> follow(engine::Connection& connection, const Wanted& want, const FeatureRows& rows, LoadedModel& model, const PlaceModelOptions& options, Drift& drift) {
  // The same data ask for the same change: one of this very day is worked out again.
  std::erase_if(model.recalibrations, [&](const auto& r) { return r.on >= options.data_to; });
  const Cohort cohort = cohort_of(want, rows);
  JOINEDUP_TRY(const auto own, model.learner.front().predict(rows.features));
  std::vector<double> later;
  std::vector<std::uint8_t> later_happened;
  StoredRecalibration span;
  for (const auto row : cohort.rows) {
    if (want.is_amount || rows.index_day[row] <= model.last_day.days) continue;
    later.push_back(own[row]);
    later_happened.push_back(cohort.outcome[row] > 0.5F);
    const auto day = Date{rows.index_day[row]}.to_iso();
    if (span.first_day.empty() || day < span.first_day) span.first_day = day;
    span.last_day = std::max(span.last_day, day);
  }
  const std::size_t known_before = model.recalibrations.size();
  if (!later.empty())
    if (auto change = asked_for(later, later_happened)) {
      change->on = options.data_to;
      change->first_day = span.first_day;
      change->last_day = span.last_day;
      model.recalibrations.push_back(*change);
    }
  if (model.recalibrations.size() > known_before) {
    const auto& r = model.recalibrations.back();
    drift.notes.push_back("The model of " + std::string(want.what) + " was recalibrated: of " + with_commas(static_cast<std::int64_t>(r.rows)) + " people scored from " + r.first_day + " to " + r.last_day + ", " +
                          fixed_text(r.observed_over_expected, 2) + " times as many had the outcome as it had promised.");
  }
  JOINEDUP_TRY(const auto predicted, model.predict(rows.features));
  std::map<std::string, Month> months;
  for (const auto row : cohort.rows) {
    auto key = Date{rows.index_day[row]}.to_iso();
    if (want.of == Wanted::Of::discharges) key = key.substr(0, 8) + "01";
    auto& month = months[key];
    month.day = key;
    month.predicted.push_back(predicted[row]);
    month.observed.push_back(static_cast<double>(cohort.outcome[row]));
    month.seen = month.seen || rows.index_day[row] <= model.last_day.days;
  }
  for (const auto& [day, month] : months) JOINEDUP_CHECK(write_month(connection, model, month));
  drift.rows += months.size();
  JOINEDUP_CHECK(save_model(model, model_path(options, model.outcome)));
  const std::string card = options.folder + "/" + model.outcome + ".html";
  const auto text = read_file(card);
  return text ? write_file(card, card_with_recalibrations(*text, recalibration_sentences(model))) : Result<void>{};
}

std::string cell(const std::string& text) { return "<td>" + html_text(text) + "</td>"; }

}  // namespace

Result<Drift> follow_drift(engine::Connection& connection, const PlaceModelOptions& options) {
  Drift drift;
  JOINEDUP_CHECK(connection.run("CREATE TABLE risk_drift(outcome VARCHAR, model VARCHAR, index_date DATE, people BIGINT, events BIGINT, expected DOUBLE, observed_over_expected DOUBLE, low DOUBLE, "
                                "high DOUBLE, stability_index DOUBLE, seen_in_training BOOLEAN)"));
  for (const auto of : {Wanted::Of::people, Wanted::Of::discharges}) {
    std::optional<FeatureRows> rows;
    for (const auto& want : wanted_models()) {
      const std::string path = model_path(options, want.name);
      if (want.of != of || !std::filesystem::exists(path)) continue;
      auto model = load_model(path);
      if (!model) continue;  // score_place says why
      if (!rows) { JOINEDUP_TRY(rows, followed(connection, of, options)); }
      if (rows->features.rows == 0 || rows->features.names != model->features) continue;
      JOINEDUP_CHECK(follow(connection, want, *rows, *model, options, drift));
    }
  }
  return drift;
}

Result<std::vector<std::string>> follow_spread(engine::Connection& connection, const PlaceModelOptions& options) {
  std::vector<std::string> notes;
  for (const auto& want : wanted_models()) {
    const auto model = load_model(model_path(options, want.name));
    if (!model) continue;
    Month now;
    now.day = (options.data_to + 1).to_iso();
    JOINEDUP_CHECK(connection.scan("SELECT coalesce(probability, expected_cost_pence / 100.0)::DOUBLE FROM risk_prediction WHERE outcome = " + engine::sql_text(model->outcome) + " ORDER BY person_key", [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t i = 0; i < batch.rows(); ++i) now.predicted.push_back(batch.number(0, i));
      return {};
    }));
    if (now.predicted.empty()) continue;
    const double expected = std::accumulate(now.predicted.begin(), now.predicted.end(), 0.0), index = population_stability_index(model->quantiles, now.predicted);
    JOINEDUP_CHECK(connection.run("INSERT INTO risk_drift VALUES (" + engine::sql_text(model->outcome) + ", " + engine::sql_text(model->name()) + ", DATE '" + now.day + "', " + std::to_string(now.predicted.size()) + ", NULL, " +
                                  fixed_text(expected, 1) + ", NULL, NULL, NULL, " + fixed_text(index, 4) + ", FALSE)"));
    if (index > spread_otherwise && now.predicted.size() >= 200)
      notes.push_back("The scores of " + std::string(want.what) + " are spread otherwise than when the model was trained (population stability index " + fixed_text(index, 2) + "; over 0.25): look at what has changed in the feeds, and train again (`joinedup refresh --train`).");
  }
  return notes;
}

Result<std::string> risk_page(engine::Connection& connection, const PlaceModelOptions& options, const std::string& place_name) {
  std::string out = "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Risk models: " + html_text(place_name) + "</title>" + std::string(card_style()) +
                    "</head><body><main><h1>Risk models of " + html_text(place_name) + "</h1>"
                    "<p class=\"never\">Never use these scores to decide eligibility, resuscitation or rationing. They order lists that a clinician reads; a person who knows the person decides.</p>";
  bool any = false;
  for (const auto& want : wanted_models()) {
    const auto model = load_model(model_path(options, want.name));
    if (!model) continue;
    any = true;
    out += "<h2>" + html_text(model->name()) + "</h2><p>Predicts " + html_text(model->what) + ". Trained on " + with_commas(static_cast<std::int64_t>(model->rows)) + " rows" +
           (model->events ? ", " + with_commas(static_cast<std::int64_t>(model->events)) + " with the outcome" : "") + "; the last day they were described on is " + model->last_day.to_iso() + ".</p><p>On people of other practices in a later year: " + html_text(model->held_out) + ".</p>";
    for (const auto& sentence : recalibration_sentences(*model)) out += "<p>" + html_text(sentence) + "</p>";
    JOINEDUP_TRY(const auto months, connection.query("SELECT index_date, people, events, expected, observed_over_expected, low, high, stability_index, seen_in_training FROM risk_drift WHERE outcome = " + engine::sql_text(model->outcome) + " ORDER BY index_date"));
    if (months.rows.empty()) continue;
    const bool amount = model->learner.front().is_amount();
    out += std::string("<table><caption>Calibration over time</caption><tr><th>Scored as of</th><th>People</th><th>") + (amount ? "Pounds" : "With the outcome") + "</th><th>Expected</th><th>Observed over expected (95% interval)</th><th>Stability index</th><th>Seen in training</th></tr>";
    for (std::size_t i = 0; i < months.rows.size(); ++i) {
      const auto& r = months.rows[i];
      const bool known = !months.nulls[i][2], few = known && !amount && months.integer(i, 2) < 10;
      const auto fixed = [&](std::size_t c) { return fixed_text(months.number(i, c), 2); };
      out += "<tr>" + cell(r[0]) + cell(with_commas(months.integer(i, 1))) + cell(!known ? "not known yet" : few ? "fewer than 10" : with_commas(months.integer(i, 2))) + cell(few ? "" : with_commas(std::llround(months.number(i, 3)))) +
             cell(!known || few || months.nulls[i][4] ? "" : fixed(4) + (months.nulls[i][5] || months.nulls[i][6] ? "" : " (" + fixed(5) + " to " + fixed(6) + ")")) + cell(fixed(7)) + cell(known ? (r[8] == "true" ? "yes" : "no") : "") + "</tr>";
    }
    out += "</table>";
  }
  if (!any) out += "<p>No model of this place is in use: there is none, or what it was trained on has changed. Case finding takes the rate among people alike.</p>";
  return out + "<p class=\"small\">Each month's line is a sample of the people registered on that day (for readmission, the month's discharges). Where a line was seen in training, the model has learned from these or like people, and being right there says less. "
               "A stability index over 0.25 means that scores are spread otherwise than in training. A whole validation, with intervals, by group and beside PARR-30: joinedup validate --place.</p></main></body></html>\n";
}

}  // namespace joinedup::risk
