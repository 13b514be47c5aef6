// Which profiles a resource or extension is held to: what it claims, what is asked for, what defines the extension.
#include <algorithm>

#include "validation/profile_check.hpp"

namespace joinedup::validation {

namespace {
constexpr std::string_view base_url = "http://hl7.org/fhir/StructureDefinition/";
}

void Walk::claimed(NodeIndex node, TypeId type, const Frame* at, const Scope& scope, bool outermost) {
  std::vector<std::string_view> wanted;
  if (NodeIndex meta = document_.find(node, rules_.meta); meta != no_node && document_.kind(meta) == NodeKind::object)
    if (NodeIndex list = document_.find(meta, rules_.profile); list != no_node && document_.kind(list) == NodeKind::array)
      for (NodeIndex one : document_.children(list))
        if (document_.kind(one) == NodeKind::string) wanted.push_back(document_.text(one));
  std::size_t claims = wanted.size();
  if (outermost) wanted.insert(wanted.end(), options_.profiles.begin(), options_.profiles.end());
  for (std::size_t i = 0; i < wanted.size() && !stopped_; ++i) {
    if (std::find(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(i), wanted[i]) != wanted.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    const Profile* profile = profiles_ == nullptr ? nullptr : profiles_->find(wanted[i]);
    if (profile != nullptr) {
      ProfileCheck(*this, *profiles_, *profile, scope).run(node, type, at);
      continue;
    }
    auto url = wanted[i].substr(0, wanted[i].find('|'));
    if (url.substr(0, base_url.size()) == base_url && url.substr(base_url.size()) == model_.info(type).name) continue;
    if (i >= claims) error("not-found", at, "profile", "The profile asked for is not known here, so it cannot be checked.");
    else report(Severity::information, "not-found", at, "profile", "A profile that the resource claims is not known here; it was not checked.");
  }
}

// What the rules of profiles may ask: memberOf() and conformsTo().
void Walk::hooks() {
  auto& context = scratch_.context;
  context.several_as = fhirpath::Context::SeveralAs::filter;
  if (profiles_ == nullptr) {
    context.member_of = nullptr;
    context.conforms_to = nullptr;
    return;
  }
  context.member_of = [this](const Value& value, std::string_view url) -> std::optional<bool> {
    ElementRule rule;
    rule.codes = profiles_->codes(url);
    rule.strength = Strength::required;
    if (rule.codes == nullptr || !value.is_node() || value.node() == no_node) return std::nullopt;
    std::size_t before = quiet_errors_;
    ++quiet_;
    binding(value.node(), rule, value.type(), nullptr);
    --quiet_;
    return quiet_errors_ == before;
  };
  context.conforms_to = [this](const Value& value, std::string_view url) -> std::optional<bool> {
    const Profile* profile = profiles_->find(url);
    if (profile == nullptr || !value.is_node() || value.node() == no_node || profile_depth_ > 2) return std::nullopt;
    Scope scope{nullptr, value.node(), value.type(), -1, scratch_.locals.size()};
    std::size_t before = quiet_errors_;
    ++quiet_;
    ProfileCheck(*this, *profiles_, *profile, scope).run(value.node(), value.type(), nullptr);
    --quiet_;
    return quiet_errors_ == before;
  };
}

void Walk::known_extension(NodeIndex node, const Frame* at, const Scope& scope, bool modifier) {
  NodeIndex url = document_.find(node, rules_.url);
  if (url == no_node || document_.kind(url) != NodeKind::string) return;
  auto text = document_.text(url);
  const Profile* profile = profiles_ == nullptr ? nullptr : profiles_->find(text);
  if (profile != nullptr && profile->type == rules_.extension_type) {
    ProfileCheck(*this, *profiles_, *profile, scope).run(node, rules_.extension_type, at);
    return;
  }
  // Inside another extension a plain word is the part's name; elsewhere an extension is named by an absolute address.
  bool nested = at->up != nullptr && (at->up->name == "extension" || at->up->name == "modifierExtension");
  if (!nested && text.find(':') == std::string_view::npos && !text.empty() && text[0] != '#') {
    Frame frame{at, "url", -1};
    error("value", &frame, "extension-url", "An extension is named by an absolute address; this is a part's name.");
  } else if (modifier && !nested) {
    report(Severity::warning, "extension", at, "modifier-extension",
           "The modifier extension is not known here: it may change the meaning of what it stands in, and must not be passed over.");
  }
}

}  // namespace joinedup::validation
