// The published status and manifest as JSON, out and in.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "refresh/refresh.hpp"

namespace joinedup::refresh {

using Json = nlohmann::ordered_json;

std::string status_json(const Status& status, const std::string& version) {
  Json out;
  out["version"] = version;
  out["run"] = status.run;
  out["vault_generation"] = status.vault_generation;
  out["people"] = status.people;
  out["feeds"] = Json::array();
  for (const auto& feed : status.feeds)
    out["feeds"].push_back({{"feed", feed.feed}, {"rows_in", feed.rows_in}, {"rows_kept", feed.rows_kept},
                            {"rows_rejected", feed.rows_rejected}, {"rows_withheld", feed.rows_withheld}});
  out["tables"] = Json::array();
  for (const auto& table : status.tables) out["tables"].push_back({{"table", table.table}, {"rows", table.rows}});
  out["cost_pence"] = Json::object();
  for (const auto& [setting, pence] : status.cost_pence) out["cost_pence"][setting] = pence;
  out["linkage"] = Json::array();
  for (const auto& step : status.linkage)
    out["linkage"].push_back({{"feed", step.feed}, {"step", step.step}, {"identities", step.identities}, {"rows", step.rows}});
  const auto& model = status.linkage_model;
  out["linkage_model"] = {{"threshold_weight", model.threshold_weight}, {"threshold_is", "the least weight (log2 odds) of a probabilistic link; by default chosen for precision >= 99.95%"},
                          {"expected_precision", model.expected_precision}, {"left_over", model.left_over}, {"joins", model.joins}, {"clerical_joins", model.clerical_joins},
                          {"refused", model.refused}, {"review_pairs", model.review_pairs}, {"contradicted_decisions", model.contradicted_decisions}, {"note", model.note}};
  if (!status.shared_record.empty()) out["shared_record"] = Json::parse(status.shared_record, nullptr, false);
  out["reconciled"] = status.reconciled;
  if (!status.reconciled) out["not_reconciled_because"] = status.not_reconciled_because;
  return out.dump(2) + "\n";
}

std::string manifest_json(const Status& status) {
  Json out;
  out["run"] = status.run;
  out["format"] = 1;
  out["vault_generation"] = status.vault_generation;
  out["inputs"] = Json::array();
  for (const auto& input : status.inputs) out["inputs"].push_back({{"file", input.file}, {"sha256", input.sha256}});
  out["tables"] = Json::array();
  for (const auto& table : status.tables) out["tables"].push_back({{"table", table.table}, {"rows", table.rows}, {"sha256", table.sha256}});
  return out.dump(2) + "\n";
}

Result<Status> published_status(const place::Place& place) {
  const std::string file = place.path("warehouse/current/status.json");
  if (!std::filesystem::exists(file))
    return fail(ErrorCode::not_found, "Nothing has been published here yet; `joinedup refresh` does it.", file);
  JOINEDUP_TRY(const auto text, read_file(file));
  JOINEDUP_TRY(const auto manifest, read_file(place.path("warehouse/current/manifest.json")));
  try {
    const auto in = Json::parse(text), sums = Json::parse(manifest);
    Status status;
    status.run = in.at("run");
    status.vault_generation = in.at("vault_generation");
    status.people = in.at("people");
    for (const auto& feed : in.at("feeds"))
      status.feeds.push_back({feed.at("feed"), feed.at("rows_in"), feed.at("rows_kept"), feed.at("rows_rejected"), feed.at("rows_withheld")});
    for (const auto& table : sums.at("tables")) status.tables.push_back({table.at("table"), table.at("rows"), table.at("sha256")});
    for (const auto& [setting, pence] : in.at("cost_pence").items()) status.cost_pence.emplace_back(setting, pence.get<std::int64_t>());
    for (const auto& step : in.at("linkage")) status.linkage.push_back({step.at("feed"), step.at("step"), step.at("identities"), step.at("rows")});
    for (const auto& input : sums.at("inputs")) status.inputs.push_back({input.at("file"), input.at("sha256")});
    if (in.contains("linkage_model")) {
      const auto& model = in.at("linkage_model");
      status.linkage_model = {model.at("threshold_weight"), model.at("expected_precision"), model.at("left_over"), model.at("joins"), model.at("clerical_joins"),
                              model.at("refused"), model.at("review_pairs"), model.at("contradicted_decisions"), model.at("note")};
    }
    JOINEDUP_TRY(status.shared_record, care_door::last_shared_json(place));
    status.reconciled = in.at("reconciled");
    if (!status.reconciled) status.not_reconciled_because = in.at("not_reconciled_because");
    return status;
  } catch (const Json::exception&) {
    return fail(ErrorCode::invalid_input, "The published status cannot be read; refresh again.", file);
  }
}

}  // namespace joinedup::refresh
