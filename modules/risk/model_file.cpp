#include "risk/model_file.hpp"

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "risk/plot.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

constexpr int file_format = 2;

Date date_of(const nlohmann::json& in, const char* name) {
  const auto day = parse_iso_date(in.at(name).get<std::string>());
  if (!day) throw nlohmann::json::other_error::create(501, "not a date", nullptr);
  return *day;
}

}  // namespace

std::string feature_inputs_sha256() {
  Sha256 sum;
  for (const auto* file : {"sql/feature.sql", "sql/outcome.sql"})
    if (const auto text = find_embedded(embedded_risk(), file)) sum.update(*text);
  return sum.finish_hex();
}

std::string model_path(const PlaceModelOptions& options, const std::string& outcome) { return options.folder + "/" + outcome + ".json"; }

std::string LoadedModel::name() const {
  return short_name + ", version " + data_to.to_iso() + (recalibrations.empty() ? "" : ", recalibrated " + recalibrations.back().on.to_iso());
}

std::vector<std::string> recalibration_sentences(const LoadedModel& model) {
  std::vector<std::string> all;
  for (const auto& r : model.recalibrations)
    all.push_back("Recalibrated with data to " + r.on.to_iso() + ": " + with_commas(static_cast<std::int64_t>(r.rows)) + " people scored from " + r.first_day + " to " + r.last_day + ", " + with_commas(static_cast<std::int64_t>(r.events)) +
                  " with the outcome, " + fixed_text(r.observed_over_expected, 2) + " times as many as promised. Since then its log odds are " + fixed_text(r.change.intercept, 3) + " + " + fixed_text(r.change.slope, 3) + " times those it was trained with.");
  return all;
}

Result<std::vector<double>> LoadedModel::predict(const Matrix& x) const {
  JOINEDUP_TRY(auto predicted, learner.front().predict(x));
  if (!recalibrations.empty() && !learner.front().is_amount())
    for (double& p : predicted) p = recalibrations.back().change.apply(p);
  return predicted;
}

Result<void> save_model(const LoadedModel& model, const std::string& path) {
  JOINEDUP_TRY(const auto text, model.learner.front().json());
  auto changes = nlohmann::json::array();
  for (const auto& r : model.recalibrations)
    changes.push_back({{"on", r.on.to_iso()}, {"intercept", r.change.intercept}, {"slope", r.change.slope}, {"rows", r.rows}, {"events", r.events},
                       {"observed_over_expected_before", r.observed_over_expected}, {"first_day", r.first_day}, {"last_day", r.last_day}});
  const nlohmann::json out = {{"format", file_format},
                              {"outcome", model.outcome},
                              {"what", model.what},
                              {"short_name", model.short_name},
                              {"version", model.data_to.to_iso()},
                              {"trained_on_days", model.index_dates},
                              {"last_day", model.last_day.to_iso()},
                              {"rows", model.rows},
                              {"events", model.events},
                              {"features", model.features},
                              {"inputs_sha256", model.inputs_sha256},
                              {"data_from", model.data_from.to_iso()},
                              {"data_to", model.data_to.to_iso()},
                              {"xgboost", model.xgboost},
                              {"held_out", model.held_out},
                              {"score_quantiles", model.quantiles},
                              {"recalibrations", changes},
                              {"learner", nlohmann::json::parse(text)}};
  return write_file(path, out.dump() + "\n");
}

Result<LoadedModel> load_model(const std::string& path) {
  JOINEDUP_TRY(const auto text, read_file(path));
  LoadedModel loaded;
  try {
    const auto in = nlohmann::json::parse(text);
    if (in.at("format") != file_format) return fail(ErrorCode::unsupported, "The model file is of another version of this program; train again (`joinedup refresh --train`).", path);
    loaded.outcome = in.at("outcome");
    loaded.what = in.at("what");
    loaded.short_name = in.at("short_name");
    loaded.inputs_sha256 = in.at("inputs_sha256");
    loaded.held_out = in.at("held_out");
    loaded.xgboost = in.at("xgboost");
    loaded.data_from = date_of(in, "data_from");
    loaded.data_to = date_of(in, "data_to");
    loaded.last_day = date_of(in, "last_day");
    loaded.index_dates = in.at("trained_on_days").get<std::vector<std::string>>();
    loaded.rows = in.at("rows");
    loaded.events = in.at("events");
    loaded.features = in.at("features").get<std::vector<std::string>>();
    loaded.quantiles = in.at("score_quantiles").get<std::vector<double>>();
    for (const auto& r : in.at("recalibrations"))
      loaded.recalibrations.push_back({date_of(r, "on"), {r.at("intercept"), r.at("slope")}, r.at("rows"), r.at("events"), r.at("observed_over_expected_before"), r.at("first_day"), r.at("last_day")});
    JOINEDUP_TRY(auto learner, Learner::from_json(in.at("learner").dump()));
    loaded.learner.push_back(std::move(learner));
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::invalid_input, "The model file is damaged or of another form; train again (`joinedup refresh --train`).", path);
  }
  if (loaded.inputs_sha256 != feature_inputs_sha256())
    return fail(ErrorCode::conflict, "The features have changed since this model was trained, so that it is not used; train again (`joinedup refresh --train`).", path);
  return loaded;
}

}  // namespace joinedup::risk
