#include "fhir/people.hpp"

#include <algorithm>
#include <map>

#include "fhir/extract.hpp"
#include "fhir/match.hpp"

namespace joinedup::fhir {

namespace {

// The parameters that lead to a person, each type's as one walk. Made once: the hot path takes no lock.
const ExtractionPlan* plan_of(std::string_view type) {
  static const auto plans = [] {
    std::map<std::string, ExtractionPlan, std::less<>> all;
    const auto& r4 = Definitions::r4();
    for (const auto& name : r4.types()) {
      if (name == "Patient") continue;
      const auto& compartment = r4.compartment(name);
      ExtractionPlan& plan = all[name];
      for (const Parameter* parameter : r4.parameters(name)) {
        if (parameter->kind != ParameterKind::reference) continue;
        const bool leads = compartment.empty()
                               ? std::find(parameter->targets.begin(), parameter->targets.end(), "Patient") != parameter->targets.end()
                               : std::find(compartment.begin(), compartment.end(), parameter->code) != compartment.end();
        if (leads) plan.add(0, parameter->kind, parameter->expression, name);
      }
    }
    return all;
  }();
  const auto found = plans.find(type);
  return found == plans.end() ? nullptr : &found->second;
}

}  // namespace

void people_of(std::string_view type, std::string_view id, const fhirpath::Document& document, std::string_view base_url, People& out) {
  out.clear();
  if (type == "Patient") {  // a link to another person is no part of what it is about
    out.ids.push_back(id);
    return;
  }
  const ExtractionPlan* plan = plan_of(type);
  if (plan == nullptr) return;
  thread_local std::vector<Extracted> values;
  values.clear();
  plan->run(document, document.root(), values);
  for (const Extracted& value : values) {
    if (value.shape == Shape::reference) {
      const auto plain = plain_reference(value.code, base_url);
      if (!plain.starts_with("Patient/")) continue;
      const auto person = plain.substr(8);
      if (std::find(out.ids.begin(), out.ids.end(), person) == out.ids.end()) out.ids.push_back(person);
    } else if (value.shape == Shape::reference_identifier) {
      out.identifiers.push_back({value.system, value.code});
    }
  }
}

std::string_view local_reference(std::string_view reference, std::string_view base_url) { return plain_reference(reference, base_url); }

bool meets(const Query& query, const fhirpath::Document& document, const std::string& base_url) {
  Matcher matcher(base_url);
  return std::all_of(query.criteria.begin(), query.criteria.end(), [&](const Criterion& criterion) {
    if (criterion.has != nullptr || !criterion.chain.empty() || !criterion.list.empty()) return false;
    return matcher.matches(criterion, document, 0);
  });
}

}  // namespace joinedup::fhir
