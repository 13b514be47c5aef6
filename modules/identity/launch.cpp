// SMART EHR launch, we being the app: a GP system opens the workspace in the context of one of its patients.
#include <nlohmann/json.hpp>

#include "base/nhs_number.hpp"
#include "identity/providers.hpp"
#include "identity/smart.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
constexpr const char* nhs_number_system = "https://fhir.nhs.uk/Id/nhs-number";
// Whoever is not here, not named, or not for this worker: one page says the same of all.
constexpr const char* nobody_there = "/person/not-found";

std::string nhs_number_of(const json& patient) {
  for (const auto& identifier : patient.value("identifier", json::array()))
    if (identifier.is_object() && identifier.contains("system") && identifier["system"] == nhs_number_system && identifier.contains("value") && identifier["value"].is_string()) return identifier["value"];
  return {};
}

}  // namespace

rest::Response launched(State& state, const rest::Request& request) {
  const auto form = read_form(request.query);
  auto from = form.text("iss");
  while (from.ends_with("/")) from.pop_back();
  const auto launch = form.text("launch");
  if (!form.is_sound() || from.empty() || launch.empty() || launch.size() > 2000)
    return sorry(400, "This page was not opened rightly", "Another system opens this page in somebody's context, and says who it is (iss) and for whom (launch).");
  for (const auto& [name, provider] : state.providers->all)
    if (!provider->fhir.empty() && provider->fhir == from) return go_there(state, request, *provider, launch);
  return sorry(403, "That system is not known here", "Ask your administrator to name the system that you came from in place.toml.");
}

std::string page_of_launch(const State& state, const Provider& provider, const Tokens& tokens, const access::Subject& subject) {
  if (!state.options.person_here || tokens.access.empty() || !is_id(tokens.patient)) return nobody_there;
  const auto answer = fetch({.url = provider.fhir + "/Patient/" + tokens.patient, .headers = {{"Accept", "application/fhir+json"}, {"Authorization", "Bearer " + tokens.access}}}, provider.rules);
  const auto patient = answer && answer->status == 200 ? json::parse(answer->body, nullptr, false) : json();
  if (!patient.is_object() || !patient.contains("birthDate") || !patient["birthDate"].is_string()) return nobody_there;
  const auto number = read_nhs_number(nhs_number_of(patient));
  if (!number.usable()) return nobody_there;
  const auto id = state.options.person_here(subject, std::to_string(number.digits), patient["birthDate"]);
  return is_id(id) ? "/person/" + id : nobody_there;
}

}  // namespace joinedup::identity
