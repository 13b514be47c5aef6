// A form that was filled in: kept as it was answered, with the scores that its Questionnaire defines. Nothing is scored that is not answered.
#include <algorithm>
#include <cmath>
#include <map>

#include "casework/changes.hpp"
#include "casework/handlers.hpp"
#include "casework/score.hpp"

namespace joinedup::casework {

namespace {

Result<Found> questionnaire_of(const Ask& ask, const Json& response) {
  auto canonical = text_at(response, "questionnaire");
  if (canonical.empty()) return fail(ErrorCode::invalid_input, "The response does not say which questionnaire it answers.", "response");
  const auto bar = canonical.find('|');
  const auto version = bar == canonical.npos ? std::string() : canonical.substr(bar + 1);
  canonical.resize(std::min(canonical.size(), bar));
  if (const auto short_form = local(canonical); short_form.starts_with("Questionnaire/"))
    if (auto direct = ask.read(short_form)) return direct;
  ask.passed.reset();
  JOINEDUP_TRY(auto found, ask.search("Questionnaire?url=" + percent_encoded(canonical) + (version.empty() ? "" : "&version=" + percent_encoded(version))));
  if (found.empty()) return fail(ErrorCode::invalid_input, "There is no questionnaire of this name here.", "response");
  for (auto& one : found)
    if (text_at(one.json, "status") == "active") return std::move(one);
  return std::move(found.front());
}

Json observation_of(const Ask& ask, const Json& response, const std::string& derived_from, const Score& score) {
  Json out{{"resourceType", "Observation"}};
  out["status"] = "final";
  out["category"] = Json::array({coded("http://terminology.hl7.org/CodeSystem/observation-category", "survey")});
  out["code"] = coded("urn:joinedup:score", score.code, score.title);
  out["subject"] = response["subject"];
  if (const auto encounter = node_at(response, "encounter")) out["encounter"] = *encounter;
  out["effectiveDateTime"] = text_at(response, "authored");
  if (ask.signs()) out["performer"] = Json::array({ask.by()});
  out["valueQuantity"] = {{"value", score.value}, {"unit", score.is_percent ? "%" : "score"}, {"system", "http://unitsofmeasure.org"}, {"code", score.is_percent ? "%" : "{score}"}};
  out["derivedFrom"] = Json::array({reference_to(derived_from)});
  return out;
}

}  // namespace

Result<rest::Response> submit_assessment(Ask& ask) {
  const auto* given = ask.parameter("response");
  const auto* resource = given == nullptr ? nullptr : node_at(*given, "resource");
  if (resource == nullptr) return fail(ErrorCode::invalid_input, "There is no response to keep.", "response");
  if (text_at(*resource, "resourceType") != "QuestionnaireResponse") return fail(ErrorCode::invalid_input, "This is no QuestionnaireResponse.", "response");
  Json response = *resource;
  const auto patient = reference_at(response, "subject");
  if (!patient.starts_with("Patient/")) return fail(ErrorCode::invalid_input, "The response does not say whom it is about.", "response");
  if (const auto there = ask.read(patient); !there) {
    if (there.error().code != ErrorCode::not_found) return tl::unexpected(there.error());
    ask.passed.reset();
    return fail(ErrorCode::invalid_input, "There is no such person that you can write about.", "response");
  }
  JOINEDUP_TRY(const auto questionnaire, questionnaire_of(ask, response));
  if (text_at(questionnaire.json, "status") == "draft")
    return fail(ErrorCode::conflict, "This questionnaire is a draft: it is not in use here.", "response");
  const auto form = read_form(questionnaire.json, response);
  if (!form.missing.empty()) return fail(ErrorCode::invalid_input, "This question must be answered.", form.missing.front());
  response["status"] = "completed";
  response["authored"] = ask.now;
  if (ask.signs() && !response.contains("author")) response["author"] = ask.by();
  Changes changes(ask);
  std::vector<std::string> targets;
  std::string kept;
  if (const auto id = text_at(response, "id"); !id.empty()) {
    JOINEDUP_TRY(const auto before, ask.read("QuestionnaireResponse/" + id));
    if (text_at(before.json, "status") != "in-progress") return fail(ErrorCode::conflict, "This response was sent already. Fill the form in again to change it.");
    response["meta"] = before.json.at("meta");
    changes.update(before, response);
    kept = before.reference();
  } else {
    response.erase("meta");
    kept = changes.create(response);
  }
  targets.push_back(kept);
  for (const auto& score : form.scores) targets.push_back(changes.create(observation_of(ask, response, kept, score)));
  changes.sign("submit", "Assessed", {}, targets, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  Json parameters = Json::array();
  parameters.push_back({{"name", "return"}, {"resource", written.at(0)}});
  for (std::size_t i = 1; i < written.size(); ++i) parameters.push_back({{"name", "score"}, {"resource", written[i]}});
  for (const auto& title : form.not_scored) parameters.push_back({{"name", "not-scored"}, {"valueString", title}});
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = std::move(parameters);
  return answer_json(200, out);
}

}  // namespace joinedup::casework
