// Marks NHS numbers that fail their check, in the text as received.
#include <algorithm>
#include <utility>

#include "base/nhs_number.hpp"
#include "fhirpath/model.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {

using fhirpath::Document;
using fhirpath::Model;
using fhirpath::no_node;
using fhirpath::NodeIndex;
using fhirpath::NodeKind;
using fhirpath::TypeId;

namespace {

constexpr std::string_view status_url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus";
constexpr std::string_view status =
    R"({"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[)"
    R"({"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland","code":"05",)"
    R"j("display":"Trace needs to be resolved - (NHS number or patient detail conflict)"}]}})j";

using Insertions = std::vector<std::pair<std::size_t, std::string>>;

bool has_status(const Document& d, NodeIndex extensions) {
  for (NodeIndex one : d.children(extensions))
    if (d.text_of(one, "url") == status_url) return true;
  return false;
}

void mark(const Document& d, NodeIndex node, Insertions& out) {
  if (d.text_of(node, "system") != "https://fhir.nhs.uk/Id/nhs-number") return;
  NodeIndex value = d.find(node, "value");
  if (value == no_node || d.kind(value) != NodeKind::string || read_nhs_number(d.text(value)).usable()) return;
  NodeIndex extensions = d.find(node, "extension");
  if (extensions == no_node) {
    out.emplace_back(d.node(node).begin + 1, "\"extension\":[" + std::string(status) + "],");
  } else if (d.kind(extensions) == NodeKind::array && !has_status(d, extensions)) {
    bool some = d.node(extensions).end > extensions + 1;
    out.emplace_back(d.node(extensions).begin + 1, std::string(status) + (some ? "," : ""));
  }
}

}  // namespace

std::optional<std::string> mark_failing_nhs_numbers(const Document& document) {
  if (document.empty()) return std::nullopt;
  // Identifiers stand under "identifier" wherever they are; another object of that name has no NHS number's system.
  const auto identifier = Model::r4().name("identifier");
  Insertions insertions;
  for (NodeIndex at = 0; at < document.node(0).end; ++at) {
    if (document.node(at).name != identifier) continue;
    if (document.kind(at) == NodeKind::object) mark(document, at, insertions);
    if (document.kind(at) != NodeKind::array) continue;
    for (NodeIndex one : document.children(at))
      if (document.kind(one) == NodeKind::object) mark(document, one, insertions);
  }
  if (insertions.empty()) return std::nullopt;
  std::sort(insertions.begin(), insertions.end());
  std::string_view text = document.text(document.root());
  const std::size_t origin = document.node(document.root()).begin;
  std::string out;
  std::size_t from = 0;
  for (const auto& [at, added] : insertions) {
    out.append(text.substr(from, at - origin - from));
    out += added;
    from = at - origin;
  }
  out.append(text.substr(from));
  return out;
}

}  // namespace joinedup::validation
