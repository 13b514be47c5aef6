// Slices: which of them an item belongs to, by the discriminators, and what is asked of each.
#include <algorithm>

#include "validation/profile_check.hpp"

namespace joinedup::validation {

namespace {

// Extensions are sliced by their url everywhere, whether a profile says so or not.
const Slicing& slicing_of(const ProfileElement& rule) {
  static const Slicing by_url{{{Discriminator::Kind::value, {"url"}, true}}, Slicing::Rest::open};
  static const Slicing by_type{{{Discriminator::Kind::type, {}, true}}, Slicing::Rest::open};
  if (rule.slicing && !rule.slicing->discriminators.empty()) return *rule.slicing;
  if (rule.name == "extension" || rule.name == "modifierExtension") return by_url;
  if (!rule.slices.empty() && std::all_of(rule.slices.begin(), rule.slices.end(), [](const auto& s) { return !s.types.empty(); })) return by_type;
  static const Slicing none;
  return rule.slicing ? *rule.slicing : none;
}

}  // namespace

void ProfileCheck::slicing(const ProfileElement& rule, const Items& items, const Frame* at) {
  const Slicing& slicing = slicing_of(rule);
  bool closed = rule.slicing && rule.slicing->rest == Slicing::Rest::closed;
  for (const auto& discriminator : slicing.discriminators)
    if (!discriminator.readable) return;
  if (slicing.discriminators.empty()) return;  // described in words only
  std::vector<std::size_t> found(rule.slices.size());
  for (const auto& item : items) {
    bool any = false;
    for (std::size_t i = 0; i < rule.slices.size(); ++i) {
      if (!in_slice(rule.slices[i], slicing, item)) continue;
      any = true;
      ++found[i];
      Frame frame{at->up, at->name, item.index};
      one(rule.slices[i], item, &frame);
      if (!rule.slices[i].slices.empty()) this->slicing(rule.slices[i], {item}, at);
    }
    if (!any && closed) {
      Frame frame{at->up, at->name, item.index};
      walk_.error("structure", &frame, "slicing", "The element fits none of the slices, and no others are allowed here" + by_profile());
    }
  }
  for (std::size_t i = 0; i < rule.slices.size(); ++i) count(rule.slices[i], found[i], at);
}

bool ProfileCheck::in_slice(const ProfileElement& slice, const Slicing& slicing, const Item& item) {
  using K = Discriminator::Kind;
  for (const auto& d : slicing.discriminators) {
    switch (d.kind) {
      case K::value: {
        bool told = false;
        if (!discriminates(slice, d.path, 0, item, told) || !told) return false;
        break;
      }
      case K::exists: {
        const ProfileElement* rule = rule_at(slice, d.path);
        bool there = !at_path(d.path, 0, item).empty();
        if (rule == nullptr) return false;
        if (rule->max == 0U ? there : !there) return false;
        break;
      }
      case K::type: {
        const ProfileElement* rule = rule_at(slice, d.path);
        if (rule == nullptr || rule->types.empty()) return false;
        bool fits_type = false, follows = !d.path.empty() && d.path.back() == "resolve()";
        for (const auto& one : at_path(d.path, 0, item)) {
          for (const auto& wanted : rule->types) fits_type = fits_type || (!follows && wanted.type == one.type);
          for (TypeId target : rule->binding.targets) fits_type = fits_type || (follows && target == one.type);
        }
        if (!fits_type) return false;
        break;
      }
      case K::profile: {
        const ProfileElement* rule = rule_at(slice, d.path);
        if (rule == nullptr) return false;
        bool fits_profile = false;
        for (const auto& one : at_path(d.path, 0, item))
          for (const auto& wanted : rule->types)
            for (const auto& url : wanted.profiles) fits_profile = fits_profile || conforms(url, one);
        if (!fits_profile) return false;
        break;
      }
    }
  }
  return true;
}

// Follows the path in the slice's rules and in the item together; `told`: some rule said what the value must be.
bool ProfileCheck::discriminates(const ProfileElement& rule, const std::vector<std::string>& path, std::size_t step, const Item& item, bool& told) {
  if (rule.wanted) {
    told = true;
    if (!wanted_holds(*rule.wanted, item)) return false;
  }
  if (step == path.size()) return discriminated_value(rule, item, told);
  if (path[step] == "resolve()") {
    Item there = resolved(item);
    return there.node != no_node && discriminates(rule, path, step + 1, there, told);
  }
  // An extension's url is that of the definition that the slice names.
  if (path[step] == "url" && item.type == walk_.rules_.extension_type)
    for (const auto& type : rule.types)
      for (const auto& url : type.profiles) {
        told = true;
        NodeIndex own = item.node != no_node && document_.kind(item.node) == NodeKind::object ? document_.find(item.node, walk_.rules_.url) : no_node;
        return own != no_node && document_.text(own) == url;
      }
  const ProfileElement* next = nullptr;
  for (const auto& child : rule.children)
    if (child.name == path[step] && child.slice.empty()) next = &child;
  if (next == nullptr) return true;  // nothing is said of it: `told` stays as it is
  bool holds = false;
  auto items = items_of(item, next->name_id);
  for (const auto& one : items) {
    bool told_here = false;
    bool here = discriminates(*next, path, step + 1, one, told_here);
    if (told_here) {
      told = true;
      holds = holds || here;
      continue;
    }
    for (const auto& slice : next->slices) {  // code.coding, itself sliced: coding:snomed says it
      told_here = false;
      here = discriminates(slice, path, step + 1, one, told_here);
      told = told || told_here;
      holds = holds || (told_here && here);
    }
  }
  return holds || (!told && !items.empty());
}

// At the end of the path: a required binding, or what is fixed below.
bool ProfileCheck::discriminated_value(const ProfileElement& rule, const Item& item, bool& told) {
  if (rule.binding.codes != nullptr && rule.binding.strength == Strength::required && item.node != no_node) {
    told = true;
    std::size_t before = walk_.quiet_errors_;
    ++walk_.quiet_;
    walk_.binding(item.node, rule.binding, item.type, nullptr);
    --walk_.quiet_;
    if (walk_.quiet_errors_ != before) return false;
  }
  auto below = [&](const ProfileElement& child) {
    bool child_told = false, holds = false;
    auto items = items_of(item, child.name_id);
    for (const auto& one : items) holds = holds || discriminates(child, {}, 0, one, child_told);
    if (items.empty()) {  // told by what is fixed there, though nothing is
      child_told = child.wanted.has_value() && child.min.value_or(0) > 0;
      holds = !child_told;
    }
    told = told || child_told;
    return holds || !child_told;
  };
  for (const auto& child : rule.children) {
    if (!below(child)) return false;
    for (const auto& slice : child.slices) {  // coding:snomed within the slice's code
      if (slice.min.value_or(0) == 0) continue;
      bool any = false;
      for (const auto& one : items_of(item, child.name_id)) {
        bool slice_told = false;
        any = any || discriminates(slice, {}, 0, one, slice_told);
        told = told || slice_told;
      }
      if (!any) return false;
    }
  }
  return true;
}

ProfileCheck::Items ProfileCheck::at_path(const std::vector<std::string>& path, std::size_t step, const Item& item) const {
  if (step == path.size()) return {item};
  if (path[step] == "resolve()") {
    Item there = resolved(item);
    return there.type == fhirpath::unknown_type ? Items{} : at_path(path, step + 1, there);
  }
  Items out;
  for (const auto& one : items_of(item, path[step])) {
    auto below = at_path(path, step + 1, one);
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

const ProfileElement* ProfileCheck::rule_at(const ProfileElement& rule, const std::vector<std::string>& path) const {
  const ProfileElement* at = &rule;
  for (const auto& part : path) {
    if (part == "resolve()") continue;
    const ProfileElement* next = nullptr;
    for (const auto& child : at->children)
      if (child.name == part || child.name + "[x]" == part) next = &child;
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

// What a reference names: the resource where it is contained or in the same Bundle, else its type alone.
ProfileCheck::Item ProfileCheck::resolved(const Item& item) const {
  if (item.node == no_node || document_.kind(item.node) != NodeKind::object) return {};
  Item out;
  out.type = walk_.referenced_type(item.node, scope_);
  NodeIndex at = document_.find(item.node, walk_.rules_.reference);
  if (at == no_node || document_.text(at).substr(0, 1) != "#") return out;
  out.node = walk_.contained_resource(document_.text(at).substr(1), scope_);
  return out;
}

bool ProfileCheck::conforms(std::string_view url, const Item& item) {
  const Profile* profile = profiles_.find(url);
  if (profile == nullptr || item.node == no_node) return false;
  std::size_t before = walk_.quiet_errors_;
  ++walk_.quiet_;
  ProfileCheck inner(walk_, profiles_, *profile, scope_);
  inner.run(item.node, item.type, nullptr);
  --walk_.quiet_;
  return walk_.quiet_errors_ == before;
}

}  // namespace joinedup::validation
