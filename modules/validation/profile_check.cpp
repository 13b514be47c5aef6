#include "validation/profile_check.hpp"

#include <algorithm>

#include "fhirpath/decimal.hpp"

namespace joinedup::validation {

using Kind = fhirpath::Type::Kind;

namespace {
constexpr std::size_t most_steps = 2'000'000;  // elements visited for profiles, of one document
constexpr int deepest = 24;                    // profiles that ask for profiles
}  // namespace

void ProfileCheck::run(NodeIndex node, TypeId type, const Frame* at) {
  if (walk_.profile_depth_ >= deepest) return;
  if (type != profile_->type && !model_.is_a(type, profile_->type))
    return walk_.error("structure", at, "profile", "The profile " + profile_->name + " is for " + model_.info(profile_->type).name + ", not for this.");
  ++walk_.profile_depth_;
  one(profile_->root, {node, no_node, type, -1}, at);
  --walk_.profile_depth_;
}

// The values of one element: a list's items, a choice whatever its type, a plain value with what stands beside it.
ProfileCheck::Items ProfileCheck::items_of(const Item& parent, NameId name) const {
  Items out;
  NodeIndex object = parent.node;
  const TypeRule* rule = &walk_.rules_.type(parent.type);
  if (rule->kind == Kind::primitive) {
    object = parent.shadow;
    rule = &walk_.rules_.type(model_.element_type);
  }
  if (object == no_node || document_.kind(object) != NodeKind::object || rule->slots.empty()) return out;
  NodeIndex value = no_node, shadow = no_node;
  TypeId type = fhirpath::unknown_type;
  for (NodeIndex child : document_.children(object)) {
    NameId own = document_.node(child).name;
    const auto* slot = rule->find(own & ~shadow_bit);
    if (slot == nullptr || rule->elements[slot->element].name != name) continue;
    type = slot->type;
    ((own & shadow_bit) != 0 ? shadow : value) = child;
  }
  if (value == no_node && shadow == no_node) return out;
  auto add = [&](NodeIndex v, NodeIndex s, std::int32_t index) {
    TypeId is = type;
    if (v == no_node && walk_.rules_.type(type).kind != Kind::primitive) return;  // _name beside no name: refused already
    if (v != no_node && walk_.rules_.type(type).kind == Kind::resource) {
      TypeId named = model_.type(document_.resource_type(v));
      if (named == fhirpath::unknown_type || !walk_.rules_.type(named).known) return;
      is = named;
    }
    out.push_back({v, s, is, index});
  };
  bool list = value != no_node && document_.kind(value) == NodeKind::array;
  bool shadow_list = shadow != no_node && document_.kind(shadow) == NodeKind::array;
  if (!list && !shadow_list) {
    add(value, shadow, -1);
    return out;
  }
  NodeIndex v = list ? value + 1 : no_node, v_end = list ? document_.node(value).end : no_node;
  NodeIndex s = shadow_list ? shadow + 1 : no_node, s_end = shadow_list ? document_.node(shadow).end : no_node;
  for (std::int32_t index = 0; v != v_end || s != s_end; ++index) {
    add(v != v_end ? v : no_node, s != s_end ? s : no_node, index);
    if (v != v_end) v = document_.node(v).end;
    if (s != s_end) s = document_.node(s).end;
  }
  return out;
}

ProfileCheck::Items ProfileCheck::items_of(const Item& parent, std::string_view name) const {
  if (name.ends_with("[x]")) name.remove_suffix(3);
  return items_of(parent, model_.name(name));
}

void ProfileCheck::children(const ProfileElement& rule, const Item& parent, const Frame* at) {
  for (const auto& child : rule.children) {
    if (walk_.stopped()) return;
    Frame frame{at, child.name, -1};
    element(child, items_of(parent, child.name_id), parent, &frame);
  }
}

void ProfileCheck::count(const ProfileElement& rule, std::size_t found, const Frame* at) {
  std::string what = rule.slice.empty() ? "The element" : "The slice " + rule.slice;
  if (rule.min && found < *rule.min)
    walk_.error("required", at, "profile-cardinality", what + " is wanted at least " + std::to_string(*rule.min) + " time(s) here" + by_profile());
  if (rule.max && found > *rule.max)
    walk_.error("structure", at, "profile-cardinality",
                what + (*rule.max == 0 ? " is not allowed here" : " is allowed at most " + std::to_string(*rule.max) + " time(s) here") + by_profile());
}

void ProfileCheck::element(const ProfileElement& rule, const Items& items, const Item&, const Frame* at) {
  count(rule, items.size(), at);
  for (const auto& item : items) {
    Frame frame{at->up, at->name, item.index};
    one(rule, item, &frame);
  }
  if (!rule.slices.empty() || rule.slicing) slicing(rule, items, at);
}

bool ProfileCheck::type_allowed(const ProfileElement& rule, const Item& item, const Frame* at) {
  if (rule.types.empty()) return true;
  const WantedType* wanted = nullptr;
  for (const auto& type : rule.types)
    if (type.type == item.type || (walk_.rules_.type(item.type).kind == Kind::backbone || model_.is_a(item.type, type.type))) wanted = &type;
  if (wanted == nullptr) {
    walk_.error("structure", at, "profile-type", "The value is not of a type that is allowed here" + by_profile());
    return false;
  }
  // Extensions are checked against their own definitions wherever they stand.
  if (wanted->profiles.empty() || item.node == no_node || item.type == walk_.rules_.extension_type) return true;
  bool any = false, all_known = true;
  for (const auto& url : wanted->profiles) {
    all_known = all_known && profiles_.find(url) != nullptr;
    any = any || conforms(url, item);
  }
  if (any || !all_known) return true;
  if (wanted->profiles.size() == 1) {  // say what is wrong inside
    ProfileCheck inner(walk_, profiles_, *profiles_.find(wanted->profiles[0]), scope_);
    inner.run(item.node, item.type, at);
  } else {
    walk_.error("structure", at, "profile-type", "The value conforms to none of the profiles allowed here" + by_profile());
  }
  return false;
}

void ProfileCheck::one(const ProfileElement& rule, const Item& item, const Frame* at) {
  if (walk_.stopped()) return;
  if (++walk_.scratch_.profile_steps > most_steps) {
    if (walk_.scratch_.profile_steps == most_steps + 1)
      walk_.error("too-costly", at, "profile", "Checking the profiles would take too long; the resource is too large for them.");
    return;
  }
  if (!type_allowed(rule, item, at)) return;
  if (rule.wanted && !wanted_holds(*rule.wanted, item))
    walk_.error("value", at, rule.wanted->whole ? "fixed" : "pattern",
                std::string(rule.wanted->whole ? "The value is not the one that is fixed here" : "The value does not match the pattern asked for here") + by_profile());
  if (item.node != no_node) {
    if (rule.binding.codes != nullptr) walk_.binding(item.node, rule.binding, item.type, at);
    if (!rule.binding.targets.empty() && item.type == walk_.rules_.reference_type && document_.kind(item.node) == NodeKind::object)
      walk_.reference_target(item.node, rule.binding, at, scope_);
  }
  if (!rule.constraints.empty()) walk_.constraints(rule.constraints, item.node == no_node ? item.shadow : item.node, item.shadow, item.type, at, scope_);
  if (!rule.children.empty()) children(rule, item, at);
}

bool ProfileCheck::wanted_holds(const Wanted& wanted, const Item& item) const {
  if (item.node == no_node) return false;
  return wanted.whole ? equal(item.node, *wanted.document, wanted.node) : contains(item.node, *wanted.document, wanted.node);
}

namespace {
bool same_plain(const Document& a, NodeIndex x, const Document& b, NodeIndex y) {
  if (a.kind(x) != b.kind(y)) return false;
  if (a.text(x) == b.text(y)) return true;
  if (a.kind(x) != NodeKind::number) return false;
  auto left = fhirpath::Decimal::parse(a.text(x)), right = fhirpath::Decimal::parse(b.text(y));
  return left && right && left->compare(*right) == 0;
}
}  // namespace

bool ProfileCheck::equal(NodeIndex ours, const Document& theirs, NodeIndex wanted) const {
  NodeKind kind = document_.kind(ours);
  if (kind != theirs.kind(wanted)) return false;
  if (kind != NodeKind::object && kind != NodeKind::array) return same_plain(document_, ours, theirs, wanted);
  std::size_t here = 0, there = 0;
  for ([[maybe_unused]] NodeIndex child : document_.children(ours)) ++here;
  for ([[maybe_unused]] NodeIndex child : theirs.children(wanted)) ++there;
  if (here != there) return false;
  if (kind == NodeKind::object) {
    for (NodeIndex child : theirs.children(wanted)) {
      NodeIndex own = document_.find(ours, theirs.node(child).name);
      if (own == no_node || !equal(own, theirs, child)) return false;
    }
    return true;
  }
  NodeIndex at = ours + 1;
  for (NodeIndex child : theirs.children(wanted)) {
    if (!equal(at, theirs, child)) return false;
    at = document_.node(at).end;
  }
  return true;
}

bool ProfileCheck::contains(NodeIndex ours, const Document& theirs, NodeIndex wanted) const {
  NodeKind kind = document_.kind(ours);
  if (kind != theirs.kind(wanted)) return false;
  if (kind == NodeKind::object) {
    for (NodeIndex child : theirs.children(wanted)) {
      NodeIndex own = document_.find(ours, theirs.node(child).name);
      if (own == no_node || !contains(own, theirs, child)) return false;
    }
    return true;
  }
  if (kind == NodeKind::array) {
    for (NodeIndex child : theirs.children(wanted)) {
      bool found = false;
      for (NodeIndex own : document_.children(ours)) found = found || contains(own, theirs, child);
      if (!found) return false;
    }
    return true;
  }
  return same_plain(document_, ours, theirs, wanted);
}

}  // namespace joinedup::validation
