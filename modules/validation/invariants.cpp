// Constraints: the most frequent by code of our own, all others by FHIRPath. reference/ holds the two equal.
#include <unordered_set>

#include "fhirpath/temporal.hpp"
#include "validation/narrative.hpp"
#include "validation/walk.hpp"

namespace joinedup::validation {

void Walk::constraints(const std::vector<const Constraint*>& list, NodeIndex node, NodeIndex shadow, TypeId type, const Frame* at,
                       const Scope& scope) {
  for (const Constraint* constraint : list) {
    if (stopped_) return;
    if (!wants(constraint->severity)) continue;
    bool failed = false;
    if (holds(*constraint, node, shadow, type, scope, failed)) continue;
    if (!failed) {
      report(constraint->severity, "invariant", at, constraint->key, constraint->human);
    } else if (errors_ == 0) {  // where the structure is wrong too, that is the cause and has been said
      error("invariant", at, constraint->key, "The rule could not be evaluated over what is here: " + constraint->human);
    }
  }
}

bool Walk::holds(const Constraint& constraint, NodeIndex node, NodeIndex shadow, TypeId type, const Scope& scope, bool& failed) {
  if (constraint.native != Native::none) {
    if (document_.kind(node) != NodeKind::object && document_.kind(node) != NodeKind::string) return true;
    return native(constraint, node, scope);
  }
  return evaluate(constraint, node, shadow, type, scope, failed);
}

bool Walk::evaluate(const Constraint& constraint, NodeIndex node, NodeIndex shadow, TypeId type, const Scope& scope, bool& failed) {
  auto& context = scratch_.context;
  // All rules together may take a share of the document's size: no number of elements, each with a dear rule, lasts for ever.
  const std::uint64_t budget = 2'000'000 + std::uint64_t{16} * document_.node(document_.root()).end;
  if (scratch_.steps > budget) {
    if (!too_costly_) error("too-costly", nullptr, "rules", "Checking the rules would take too long; the resource is too large for them.");
    too_costly_ = true;
    return true;
  }
  // A rule may ask conformsTo(), whose profile has rules of its own: what is under way must be as it was afterwards.
  auto resource_before = context.resource, root_before = context.root_resource;
  fhirpath::Collection own;
  fhirpath::Collection& found = evaluating_ > 0 ? own : scratch_.found;
  if (evaluating_ == 0) context.steps = 0;
  context.resource = Value::of_node(&document_, scope.resource, no_node, scope.type);
  const Scope* root = scope.container();
  context.root_resource = Value::of_node(&document_, root->resource, no_node, root->type);
  found.clear();
  ++evaluating_;
  auto done = constraint.expression.evaluate_into(Value::of_node(&document_, node, shadow, type), context, found);
  --evaluating_;
  if (evaluating_ == 0) scratch_.steps += context.steps;
  context.resource = resource_before, context.root_resource = root_before;
  failed = !done.has_value();
  if (failed) return false;
  auto answer = fhirpath::as_boolean(found);
  failed = !answer.has_value();
  return !failed && answer->value_or(false);
}

bool Walk::native(const Constraint& constraint, NodeIndex node, const Scope& scope) const {
  auto each_contained = [&](auto&& holds) {
    NodeIndex list = document_.find(node, rules_.contained);
    if (list == no_node || document_.kind(list) != NodeKind::array) return true;
    for (NodeIndex one : document_.children(list))
      if (document_.kind(one) == NodeKind::object && !holds(one)) return false;
    return true;
  };
  auto in_meta = [&](NodeIndex one, NameId name) {
    NodeIndex meta = document_.find(one, rules_.meta);
    return meta != no_node && document_.kind(meta) == NodeKind::object && has(meta, name);
  };
  switch (constraint.native) {
    case Native::none:
    case Native::element_has_content: return true;  // the walk sees to it
    case Native::extension_or_value: {
      bool value = false;
      for (NodeIndex child : document_.children(node))
        value = value || model_.variant(document_.node(child).name & ~shadow_bit).base == rules_.value;
      return value != (document_.find(node, rules_.extension) != no_node);
    }
    case Native::period_in_order: return in_order(node);
    case Native::reference_to_contained: {
      NodeIndex at = document_.find(node, rules_.reference);
      if (at == no_node || document_.kind(at) != NodeKind::string) return true;
      auto text = document_.text(at);
      if (text.substr(0, 1) != "#" || text.size() == 1) return true;
      return contained_resource(text.substr(1), scope) != no_node;
    }
    case Native::no_nested_contained: return each_contained([&](NodeIndex one) { return !has(one, rules_.contained); });
    case Native::contained_is_referenced: return contained_are_referenced(node, scope);
    case Native::contained_without_version:
      return each_contained([&](NodeIndex one) { return !in_meta(one, rules_.version_id) && !in_meta(one, rules_.last_updated); });
    case Native::contained_without_security: return each_contained([&](NodeIndex one) { return !in_meta(one, rules_.security); });
    case Native::narrative_present: {
      if (scope.contained >= 0) return true;  // FHIR: a contained resource should have no narrative of its own
      NodeIndex text = document_.find(node, rules_.text);
      return text != no_node && document_.kind(text) == NodeKind::object && has(text, rules_.div);
    }
    case Native::narrative_sound: return document_.kind(node) != NodeKind::string || read_narrative(document_.text(node)).sound;
    case Native::narrative_said: return document_.kind(node) != NodeKind::string || read_narrative(document_.text(node)).said;
    case Native::no_comparator: return document_.kind(node) != NodeKind::object || !has(node, rules_.comparator);
    case Native::code_has_system: return !has(node, rules_.code) || has(node, rules_.system);
    case Native::value_has_system: return !has(node, rules_.value) || has(node, rules_.system);
    case Native::data_has_type: return !has(node, rules_.data) || has(node, rules_.content_type);
  }
  return true;
}

// dom-3: every contained resource is referred to from the resource that holds it, or refers to that itself.
bool Walk::contained_are_referenced(NodeIndex node, const Scope& scope) const {
  NodeIndex list = document_.find(node, rules_.contained);
  if (list == no_node || document_.kind(list) != NodeKind::array) return true;
  std::unordered_set<std::string_view> referred;
  std::unordered_set<int> refer_to_container;  // places of those that hold "#"
  for (std::size_t i = scope.local_from; i < scratch_.locals.size(); ++i) {
    referred.insert(scratch_.locals[i].text.substr(1));
    if (scratch_.locals[i].text.size() == 1) refer_to_container.insert(scratch_.locals[i].contained);
  }
  int place = -1;
  for (NodeIndex one : document_.children(list)) {
    ++place;
    NodeIndex id = document_.kind(one) == NodeKind::object ? document_.find(one, rules_.id) : no_node;
    if (id == no_node || document_.kind(id) != NodeKind::string) continue;
    if (!referred.contains(document_.text(id)) && !refer_to_container.contains(place)) return false;
  }
  return true;
}

bool Walk::in_order(NodeIndex period) const {
  NodeIndex start = document_.find(period, rules_.start), end = document_.find(period, rules_.end);
  if (start == no_node || end == no_node) return true;
  if (document_.kind(start) != NodeKind::string || document_.kind(end) != NodeKind::string) return true;
  auto from = fhirpath::Temporal::parse_date_time(document_.text(start)), to = fhirpath::Temporal::parse_date_time(document_.text(end));
  if (!from || !to) return true;  // their own fault has been reported
  auto order = from->compare(*to);
  return !order || *order <= 0;
}

}  // namespace joinedup::validation
