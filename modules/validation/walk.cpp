#include "validation/walk.hpp"

#include <algorithm>
#include <bit>

namespace joinedup::validation {

using Kind = fhirpath::Type::Kind;

std::string shown_name(std::string_view name) {
  std::size_t digits = 0;
  bool plain = !name.empty() && name.size() <= 64;
  for (char c : name) {
    bool digit = c >= '0' && c <= '9';
    digits += digit ? 1U : 0U;
    plain = plain && (digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_');
  }
  return plain && digits < 4 ? std::string(name) : "(name not shown)";
}

std::string path_of(const Frame* frame) {
  std::vector<const Frame*> all;
  for (; frame != nullptr; frame = frame->up) all.push_back(frame);
  std::string out;
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    if (!out.empty() && !(*at)->name.empty()) out += '.';
    out += (*at)->name;
    if ((*at)->index >= 0) out += '[' + std::to_string((*at)->index) + ']';
  }
  return out;
}

void Walk::report(Severity severity, const char* code, const Frame* at, std::string_view rule, std::string sentence) {
  if (quiet_ > 0) {
    quiet_errors_ += severity <= Severity::error ? 1U : 0U;
    return;
  }
  if (severity <= Severity::error) ++errors_;
  if (stopped_ || !wants(severity)) return;
  if (stop_at_first_) {
    stopped_ = severity <= Severity::error;
    return;
  }
  // Warnings never crowd out errors: each has room of its own.
  if (severity > Severity::error ? warnings_++ >= options_.most_issues : errors_ > options_.most_issues) {
    if (severity > Severity::error && warnings_ != options_.most_issues + 1) return;
    stopped_ = severity <= Severity::error;
    issues_.push_back({severity, "too-costly", "", "issues", "There are more issues of this kind than are reported at once; put these right first."});
    return;
  }
  issues_.push_back({severity, code, path_of(at), std::string(rule), std::move(sentence)});
}

void Walk::run(NodeIndex node) {
  Frame frame{nullptr, "Resource", -1};
  hooks();
  resource(node, &frame, nullptr, -1);
}

// `at` names the place; the outermost frame's name is replaced by the type.
void Walk::resource(NodeIndex node, const Frame* at, const Scope* up, int contained) {
  if (stopped_) return;
  if (document_.kind(node) != NodeKind::object)
    return error("structure", at, "resource", "A resource is a JSON object; something else is here.");
  const Node& n = document_.node(node);
  if (n.type == 0) return error("required", at, "resourceType", "The resource does not say its type: resourceType is missing or is not a text.");
  TypeId type = model_.type(document_.text(n.type));
  if (type == fhirpath::unknown_type || model_.info(type).kind != Kind::resource || type == rules_.resource_type ||
      type == model_.domain_resource_type || !rules_.type(type).known)
    return error("structure", at, "resourceType", "resourceType names no resource of FHIR R4.");
  Frame named = *at;
  if (at->up == nullptr) named.name = model_.info(type).name, at = &named;
  Scope scope{up, node, type, contained, scratch_.locals.size()};
  if (contained < 0) {
    object(node, rules_.type(type), at, scope);
    scratch_.locals.resize(scope.local_from);
  } else {
    scope.local_from = scope.container()->local_from;
    object(node, rules_.type(type), at, scope);
    if (document_.find(node, rules_.id) == no_node)
      error("required", at, "contained-id", "A contained resource needs an id, so that it can be referred to.");
  }
  if (profiles_ != nullptr || !options_.profiles.empty()) claimed(node, type, at, scope, up == nullptr);
}

void Walk::object(NodeIndex node, const TypeRule& rule, const Frame* at, const Scope& scope, Content beside) {
  std::uint64_t seen[2] = {0, 0}, seen_shadow[2] = {0, 0};
  bool content = beside == Content::some;
  for (NodeIndex child : document_.children(node)) {
    if (stopped_) return;
    NameId name = document_.node(child).name;
    bool shadow = (name & shadow_bit) != 0;
    const auto* slot = rule.find(name & ~shadow_bit);
    if (slot == nullptr) {
      if (name == rules_.resource_type_name && rule.kind == Kind::resource) continue;
      std::string text = shown_name(document_.name_text(name));
      Frame frame{at, text, -1};
      error("structure", &frame, "unknown-element", "The element is not one of " + model_.info(rule.type).name + " in FHIR R4.");
      continue;
    }
    const ElementRule& element = rule.elements[slot->element];
    Frame frame{at, model_.name_text(element.name), -1};
    auto* bits = shadow ? seen_shadow : seen;
    std::uint64_t bit = std::uint64_t{1} << (element.place % 64);
    if ((bits[element.place / 64] & bit) != 0 || (element.choice && ((seen[element.place / 64] | seen_shadow[element.place / 64]) & bit) != 0))
      repeated(node, child, element, &frame);
    bits[element.place / 64] |= bit;
    content = content || element.name != rules_.id;
    if (shadow) shadow_property(node, child, element, slot->type, &frame, scope);
    else property(node, child, element, slot->type, &frame, scope);
  }
  seen[0] |= seen_shadow[0], seen[1] |= seen_shadow[1];
  if ((rule.required[0] & ~seen[0]) != 0 || (rule.required[1] & ~seen[1]) != 0) required(node, rule, seen, at);
  if (!content && rule.kind != Kind::resource)
    error("invariant", at, "ele-1", "The element is empty: it must have a value or children.");
  if (rule.type == rules_.bundle_entry_type) entry_address(node, at);
  if (!rule.constraints.empty()) constraints(rule.constraints, node, no_node, rule.type, at, scope);
}

void Walk::required(NodeIndex, const TypeRule& rule, const std::uint64_t* seen, const Frame* at) {
  for (const auto& element : rule.elements) {
    if (element.min == 0 || (seen[element.place / 64] >> (element.place % 64) & 1) != 0) continue;
    Frame frame{at, model_.name_text(element.name), -1};
    error("required", &frame, "cardinality", "The element is required here and is missing.");
  }
}

// Two forms of a choice. (The same name twice is no document: fhirpath refuses to read it.)
void Walk::repeated(NodeIndex object, NodeIndex node, const ElementRule& element, const Frame* at) {
  NameId name = document_.node(node).name;
  for (NodeIndex child : document_.children(object)) {
    if (child >= node) break;
    NameId other = document_.node(child).name;
    if (element.choice && model_.variant(other & ~shadow_bit).base == element.name && (other & ~shadow_bit) != (name & ~shadow_bit))
      return error("structure", at, "choice", "The element is given in two of its types; only one may be there.");
  }
}

void Walk::shape(const ElementRule& element, const Frame* at, NodeKind kind) {
  if (element.many && kind != NodeKind::array) error("structure", at, "list", "The element may repeat, so it must be a JSON array.");
  if (!element.many && kind == NodeKind::array) error("structure", at, "list", "The element may not repeat, so it must not be a JSON array.");
}

void Walk::property(NodeIndex object, NodeIndex node, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope) {
  NodeKind kind = document_.kind(node);
  if (element.many != (kind == NodeKind::array)) return shape(element, at, kind);
  bool is_primitive = rules_.type(type).kind == Kind::primitive;
  NodeIndex shadow = is_primitive && (!element.constraints.empty() || kind == NodeKind::array || kind == NodeKind::null)
                         ? document_.find(object, document_.node(node).name | shadow_bit) : no_node;
  if (kind != NodeKind::array) return item(node, shadow, element, type, at, scope);
  const Node& list = document_.node(node);
  if (list.end == node + 1) return error("structure", at, "list", "A JSON array must not be empty; leave the element out.");
  bool shadows = shadow != no_node && document_.kind(shadow) == NodeKind::array;
  NodeIndex beside = shadows ? shadow + 1 : no_node;
  Frame frame = *at;
  for (NodeIndex one : document_.children(node)) {
    if (stopped_) return;
    ++frame.index;
    NodeIndex its = beside;
    if (beside != no_node) {
      beside = document_.node(beside).end;
      if (beside == document_.node(shadow).end) beside = no_node;
    }
    item(one, its, element, type, &frame, scope);
  }
}

void Walk::item(NodeIndex node, NodeIndex shadow, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope) {
  const TypeRule& rule = rules_.type(type);
  NodeKind kind = document_.kind(node);
  if (rule.kind == Kind::primitive) {
    if (kind == NodeKind::null && shadow != no_node && document_.kind(shadow) == NodeKind::object) return;
    primitive(node, rule, at, scope);
    if (rule.form == Form::string && element.name == rules_.reference && document_.kind(node) == NodeKind::string &&
        document_.text(node).substr(0, 1) == "#")
      scratch_.locals.push_back({document_.text(node), scope.contained});
    if (!rule.constraints.empty()) constraints(rule.constraints, node, shadow, type, at, scope);
  } else if (rule.kind == Kind::resource) {
    bool inside = element.name == rules_.contained;
    return resource(node, at, &scope, inside ? std::max(at->index, 0) : -1);
  } else {
    if (kind != NodeKind::object)
      return error("structure", at, "type", "A " + std::string(rule.kind == Kind::backbone ? "group of elements" : model_.info(type).name) +
                                                " is a JSON object; something else is here.");
    object(node, rule, at, scope);
    if (type == rules_.reference_type && !element.targets.empty()) reference_target(node, element, at, scope);
    if (type == rules_.identifier_type) identifier(node, at);
    if (type == rules_.extension_type) known_extension(node, at, scope, element.name != rules_.extension);
  }
  if (element.codes != nullptr) binding(node, element, type, at);
  if (!element.constraints.empty()) constraints(element.constraints, node, shadow, type, at, scope);
}

void Walk::primitive(NodeIndex node, const TypeRule& rule, const Frame* at, const Scope& scope) {
  NodeKind kind = document_.kind(node);
  Written written = written_as(rule.form);
  bool right = written == Written::boolean ? kind == NodeKind::boolean
               : written == Written::number ? kind == NodeKind::number : kind == NodeKind::string;
  if (kind == NodeKind::null)
    return error("structure", at, "null", "null may only stand in a list, beside an extension for the same place; leave the element out.");
  if (!right || !fits(rule.form, document_.text(node))) {
    std::string sentence = "The value is not ";
    return error(right ? "value" : "structure", at, right ? "format" : "type", sentence + form_sentence(rule.form) + ".");
  }
  if (rule.form == Form::canonical && wants(Severity::warning) && document_.text(node)[0] != '#' && document_.text(node).find(':') == std::string_view::npos)
    report(Severity::warning, "value", at, "canonical", "A canonical address must be absolute, so that it means the same everywhere.");
  if ((rule.form == Form::uri || rule.form == Form::canonical || rule.form == Form::url) && document_.text(node)[0] == '#')
    scratch_.locals.push_back({document_.text(node), scope.contained});
}

// _given: [null, {"extension": […]}]
void Walk::shadow_property(NodeIndex object, NodeIndex node, const ElementRule& element, TypeId type, const Frame* at, const Scope& scope) {
  if (rules_.type(type).kind != Kind::primitive)
    return error("structure", at, "unknown-element", "Only an element with a plain value has extensions beside it, under a name with an underscore.");
  NodeKind kind = document_.kind(node);
  if (element.many != (kind == NodeKind::array)) return shape(element, at, kind);
  NodeIndex values = document_.find(object, document_.node(node).name & ~shadow_bit);
  auto content_of = [&](NodeIndex at_value) { return at_value != no_node && document_.kind(at_value) != NodeKind::null ? Content::some : Content::none; };
  if (kind != NodeKind::array) return shadow_item(node, at, scope, content_of(values));
  if (document_.node(node).end == node + 1) return error("structure", at, "list", "A JSON array must not be empty; leave the element out.");
  bool beside = values != no_node && document_.kind(values) == NodeKind::array;
  NodeIndex value = beside && document_.node(values).end > values + 1 ? values + 1 : no_node;
  Frame frame = *at;
  for (NodeIndex one : document_.children(node)) {
    if (stopped_) return;
    ++frame.index;
    if (beside && value == no_node)
      return error("structure", &frame, "list", "The list of extensions is longer than the list of values it stands beside.");
    if (document_.kind(one) != NodeKind::null) shadow_item(one, &frame, scope, content_of(value));
    else if (value == no_node)
      error("structure", &frame, "null", "There is neither a value nor an extension at this place of the list.");
    if (value != no_node) {
      value = document_.node(value).end;
      if (value == document_.node(values).end) value = no_node;
    }
  }
}

void Walk::shadow_item(NodeIndex node, const Frame* at, const Scope& scope, Content beside) {
  if (document_.kind(node) != NodeKind::object)
    return error("structure", at, "type", "What stands beside a value, under a name with an underscore, is a JSON object.");
  object(node, rules_.type(model_.element_type), at, scope, beside);
}

}  // namespace joinedup::validation
