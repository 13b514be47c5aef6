// Bindings to value sets, the types that references may name, NHS numbers.
#include "base/nhs_number.hpp"
#include "validation/walk.hpp"

namespace joinedup::validation {

namespace {

constexpr std::string_view nhs_number_system = "https://fhir.nhs.uk/Id/nhs-number";

bool id_text(std::string_view text) {
  return fits(Form::id, text);
}

}  // namespace

void Walk::outside(const ElementRule& element, const Frame* at, bool no_code) {
  std::string sentence = no_code ? "A code is wanted from the value set " : "The code is not in the value set ";
  sentence += element.codes->url;
  if (element.strength != Strength::extensible)
    return error("code-invalid", at, "binding", sentence + ", which is required here.");
  report(Severity::warning, "code-invalid", at, "binding", sentence + "; one outside it may be used only where none inside it fits.");
}

void Walk::binding(NodeIndex node, const ElementRule& element, TypeId type, const Frame* at) {
  using Answer = ValueSet::Answer;
  if (element.strength == Strength::extensible && !wants(Severity::warning)) return;
  const ValueSet& codes = *element.codes;
  auto text_of = [&](NodeIndex object, NameId name) {
    NodeIndex found = document_.find(object, name);
    return found == no_node || document_.kind(found) != NodeKind::string ? std::string_view{} : document_.text(found);
  };
  auto coding = [&](NodeIndex object) { return codes.has(text_of(object, rules_.system), text_of(object, rules_.code)); };
  if (document_.kind(node) == NodeKind::string) {
    if (codes.has_code(document_.text(node)) == Answer::outside) outside(element, at, false);
    return;
  }
  if (document_.kind(node) != NodeKind::object) return;
  if (type == rules_.coding_type || type == rules_.quantity_type) {
    if (document_.find(node, rules_.code) == no_node) return;
    if (coding(node) == Answer::outside) outside(element, at, false);
    return;
  }
  if (type != rules_.codeable_concept) return;
  NodeIndex list = document_.find(node, rules_.coding);
  bool any = false;
  if (list != no_node)
    for (NodeIndex one : document_.children(list)) {
      if (document_.kind(one) != NodeKind::object || document_.find(one, rules_.code) == no_node) continue;
      any = true;
      if (coding(one) != Answer::outside) return;
    }
  // Without any code: wrong where a code is required; elsewhere a text alone is allowed.
  if (any || element.strength == Strength::required) outside(element, at, !any);
}

// The type that a reference names, as far as its text, its container or its Bundle tell.
TypeId Walk::referenced_type(NodeIndex node, const Scope& scope) const {
  NodeIndex at = document_.find(node, rules_.reference);
  auto resource = [&](std::string_view name) {
    TypeId type = model_.type(name);
    return type != fhirpath::unknown_type && model_.info(type).kind == fhirpath::Type::Kind::resource ? type : fhirpath::unknown_type;
  };
  if (at == no_node || document_.kind(at) != NodeKind::string) {
    NodeIndex type = document_.find(node, rules_.type_name);
    return type == no_node || document_.kind(type) != NodeKind::string ? fhirpath::unknown_type : resource(document_.text(type));
  }
  std::string_view reference = document_.text(at);
  if (reference.substr(0, 1) == "#") {
    const Scope* container = scope.container();
    if (reference.size() == 1) return container->type;
    NodeIndex one = contained_resource(reference.substr(1), scope);
    return one == no_node ? fhirpath::unknown_type : resource(document_.resource_type(one));
  }
  if (reference.substr(0, 4) == "urn:") return bundled_type(reference);
  if (auto query = reference.find('?'); query != std::string_view::npos) return resource(reference.substr(0, query));
  if (auto history = reference.find("/_history/"); history != std::string_view::npos) reference = reference.substr(0, history);
  auto slash = reference.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || !id_text(reference.substr(slash + 1))) return fhirpath::unknown_type;
  auto before = reference.rfind('/', slash - 1);
  std::size_t from = before == std::string_view::npos ? 0 : before + 1;
  return resource(reference.substr(from, slash - from));
}

// By a table, made once a container: a resource may hold a million others and refer to each.
NodeIndex Walk::contained_resource(std::string_view id, const Scope& scope) const {
  NodeIndex container = scope.container()->resource;
  if (scratch_.contained_of != container) {
    scratch_.contained_of = container;
    scratch_.contained.clear();
    NodeIndex list = document_.find(container, rules_.contained);
    if (list != no_node && document_.kind(list) == NodeKind::array)
      for (NodeIndex one : document_.children(list)) {
        NodeIndex at = document_.kind(one) == NodeKind::object ? document_.find(one, rules_.id) : no_node;
        if (at != no_node && document_.kind(at) == NodeKind::string) scratch_.contained.emplace(document_.text(at), one);
      }
  }
  auto found = scratch_.contained.find(id);
  return found == scratch_.contained.end() ? no_node : found->second;
}

TypeId Walk::bundled_type(std::string_view reference) const {
  NodeIndex root = document_.root();
  if (document_.resource_type(root) != "Bundle") return fhirpath::unknown_type;
  if (!scratch_.bundled_read) {
    scratch_.bundled_read = true;
    NodeIndex list = document_.find(root, rules_.entry);
    if (list != no_node)
      for (NodeIndex one : document_.children(list)) {
        if (document_.kind(one) != NodeKind::object) continue;
        NodeIndex url = document_.find(one, rules_.full_url), resource = document_.find(one, rules_.resource);
        if (url == no_node || resource == no_node) continue;
        scratch_.bundled.emplace(document_.text(url), model_.type(document_.resource_type(resource)));
      }
  }
  auto found = scratch_.bundled.find(reference);
  return found == scratch_.bundled.end() ? fhirpath::unknown_type : found->second;
}

void Walk::reference_target(NodeIndex node, const ElementRule& element, const Frame* at, const Scope& scope) {
  TypeId type = referenced_type(node, scope);
  if (type == fhirpath::unknown_type) return;
  for (TypeId target : element.targets)
    if (target == type) return;
  std::string sentence = "The reference names a " + model_.info(type).name + "; only these are allowed here:";
  for (TypeId target : element.targets) sentence += (target == element.targets[0] ? " " : ", ") + model_.info(target).name;
  error("structure", at, "reference-target", sentence + ".");
}

// Bundle.entry.fullUrl "SHALL NOT disagree with the id in the resource": of an address that ends in a type and an id.
void Walk::entry_address(NodeIndex node, const Frame* at) {
  NodeIndex url = document_.find(node, rules_.full_url), resource = document_.find(node, rules_.resource);
  if (url == no_node || resource == no_node || document_.kind(url) != NodeKind::string || document_.kind(resource) != NodeKind::object) return;
  NodeIndex id = document_.find(resource, rules_.id);
  auto text = document_.text(url);
  if (id == no_node || document_.kind(id) != NodeKind::string || text.substr(0, 4) != "http") return;
  auto slash = text.rfind('/');
  auto before = slash == std::string_view::npos || slash == 0 ? slash : text.rfind('/', slash - 1);
  if (before == std::string_view::npos || before >= slash) return;
  if (text.substr(before + 1, slash - before - 1) != document_.resource_type(resource) || text.substr(slash + 1) == document_.text(id)) return;
  Frame frame{at, "fullUrl", -1};
  error("value", &frame, "full-url", "The entry's fullUrl ends in another id than the resource in it has.");
}

void Walk::identifier(NodeIndex node, const Frame* at) {
  if (!wants(Severity::warning)) return;
  NodeIndex system = document_.find(node, rules_.system), value = document_.find(node, rules_.value);
  if (system == no_node || value == no_node || document_.text(system) != nhs_number_system) return;
  Frame frame{at, "value", -1};
  switch (read_nhs_number(document_.text(value)).status) {
    case NhsNumberStatus::valid: return;
    case NhsNumberStatus::bad_check:
      return report(Severity::warning, "value", &frame, "nhs-number",
                    "The NHS number's check digit is wrong: it is kept, marked, and never used to match people.");
    default:
      return report(Severity::warning, "value", &frame, "nhs-number",
                    "This is no NHS number (ten digits, the last a check digit): it is kept, marked, and never used to match people.");
  }
}

}  // namespace joinedup::validation
