// What FHIR adds to FHIRPath: extensions, references, profiles, value sets.
#include <array>

#include "fhirpath/evaluate.hpp"

namespace joinedup::fhirpath {

namespace {

constexpr std::string_view definition_prefix = "http://hl7.org/fhir/StructureDefinition/";

bool id_text(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  return true;
}

// [base/]Type/id[/_history/version] → Type and id.
bool split_reference(std::string_view reference, std::string_view& type, std::string_view& id) {
  if (auto history = reference.find("/_history/"); history != std::string_view::npos) reference = reference.substr(0, history);
  auto slash = reference.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  id = reference.substr(slash + 1);
  auto before = reference.rfind('/', slash - 1);
  type = reference.substr(before == std::string_view::npos ? 0 : before + 1,
                          slash - (before == std::string_view::npos ? 0 : before + 1));
  const Model& model = Model::r4();
  TypeId known = model.type(type);
  return id_text(id) && known != unknown_type && model.info(known).kind == Type::Kind::resource;
}

}  // namespace

std::string_view reference_key(std::string_view reference, std::string_view wanted_type) {
  // A Bundle's urn:uuid: names a resource of the same Bundle; its type is not in the reference.
  for (std::string_view prefix : {"urn:uuid:", "urn:oid:"})
    if (reference.substr(0, prefix.size()) == prefix) return reference.substr(prefix.size());
  std::string_view type, id;
  if (!split_reference(reference, type, id)) return {};
  if (!wanted_type.empty() && type != wanted_type) return {};
  return id;
}

bool html_is_sound(std::string_view xhtml) {
  // FHIR R4 Narrative: basic formatting of HTML 4.0 chapters 7-11 (without section 4 of chapter 9) and 15, and images.
  static constexpr std::array<std::string_view, 52> allowed{
      "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "dfn",
      "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "q",
      "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul",
      "u", "var", "address", "bdo"};
  std::vector<std::string_view> open;
  bool any = false;
  for (std::size_t at = xhtml.find('<'); at != std::string_view::npos; at = xhtml.find('<', at)) {
    if (xhtml.substr(at, 4) == "<!--") {
      at = xhtml.find("-->", at);
      if (at == std::string_view::npos) return false;
      continue;
    }
    std::size_t close = xhtml.find('>', at);
    if (close == std::string_view::npos) return false;
    std::string_view tag = xhtml.substr(at + 1, close - at - 1);
    at = close;
    bool ends = !tag.empty() && tag[0] == '/', alone = !tag.empty() && tag.back() == '/';
    if (ends) tag.remove_prefix(1);
    std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    if (ends) {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
      continue;
    }
    bool known = false;
    for (auto one : allowed) known = known || one == name;
    if (!known || (!any && name != "div") || (any && open.empty())) return false;
    any = true;
    for (std::string_view event : {" on", "\ton", "\non"})
      if (tag.find(event) != std::string_view::npos) return false;
    if (tag.find("javascript:") != std::string_view::npos) return false;
    if (!alone) open.push_back(name);
  }
  return any && open.empty();
}

std::optional<Value> Evaluator::resolve(std::string_view reference) {
  if (context_.resolve)
    if (auto found = context_.resolve(reference)) return found;
  if (!input_.is_node() || input_.node() == no_node) return std::nullopt;
  const Document& document = *input_.document();
  if (!reference.empty() && reference[0] == '#') {
    Value holder = context_.root_resource.value_or(context_.resource.value_or(input_));
    if (!holder.is_node() || holder.node() == no_node) return std::nullopt;
    if (reference.size() == 1) return holder;
    NodeIndex contained = holder.document()->find(holder.node(), model_.contained_name);
    if (contained == no_node) return std::nullopt;
    for (NodeIndex one : holder.document()->children(contained)) {
      NodeIndex id = holder.document()->find(one, model_.id_name);
      if (id != no_node && holder.document()->text(id) == reference.substr(1)) return holder.document()->value(one);
    }
    return std::nullopt;
  }
  // Entries of the Bundle that the input came in: by fullUrl, or by type and id.
  if (document.resource_type(document.root()) != "Bundle") return std::nullopt;
  NodeIndex entries = document.find(document.root(), "entry");
  if (entries == no_node) return std::nullopt;
  std::string_view type, id;
  bool relative = split_reference(reference, type, id) && reference.find(':') == std::string_view::npos;
  for (NodeIndex entry : document.children(entries)) {
    step();
    NodeIndex resource = document.find(entry, "resource");
    if (resource == no_node) continue;
    if (document.text_of(entry, "fullUrl") == reference) return document.value(resource);
    if (relative && document.resource_type(resource) == type && document.text_of(resource, "id") == id)
      return document.value(resource);
  }
  return std::nullopt;
}

bool Evaluator::fhir_function(const Tree& tree, const Collection& input, const Scope& scope, Collection& out) {
  using F = FunctionId;
  switch (tree.function) {
    case F::type:
      for (const Value& v : input) out.push_back(Value::of_type(v.type()));
      return true;
    case F::extension: {
      auto url = string(argument(tree, 0, scope), "the URL of extension()");
      if (!url) return true;
      Collection found;
      for (const Value& v : input) child(v, model_.extension_name, "extension", found);
      for (const Value& v : found) {
        if (v.node() == no_node) continue;
        NodeIndex at = v.document()->find(v.node(), model_.url_name);
        if (at != no_node && v.document()->text(at) == *url) out.push_back(v);
      }
      return true;
    }
    case F::hasValue:
    case F::getValue: {
      bool has = input.size() == 1;
      if (has && input[0].is_node()) {
        NodeIndex node = input[0].node();
        has = node != no_node && input[0].document()->kind(node) != NodeKind::object;
      }
      if (tree.function == F::hasValue) out.push_back(Value::of(has));
      else if (has) out.push_back(system(input[0]));
      return true;
    }
    case F::resolve:
      for (const Value& v : input) {
        std::string_view reference;
        if (v.kind() == ValueKind::string) {
          reference = v.string();
        } else if (v.is_node() && v.node() != no_node) {
          const Document& d = *v.document();
          NodeIndex at = d.kind(v.node()) == NodeKind::object ? d.find(v.node(), model_.reference_name)
                         : d.kind(v.node()) == NodeKind::string ? v.node() : no_node;
          if (at != no_node) reference = d.text(at);
        } else {
          continue;
        }
        if (auto found = reference.empty() ? std::nullopt : resolve(reference)) {
          out.push_back(*found);
          continue;
        }
        std::string_view type, id;
        if (context_.unresolved != Context::Unresolved::typed) continue;
        if (!split_reference(reference, type, id)) {  // Patient?identifier=…, or Reference.type beside an identifier
          type = reference.substr(0, reference.find('?'));
          if (v.is_node() && model_.type(type) == unknown_type) type = v.document()->text_of(v.node(), "type");
        }
        TypeId known = model_.type(type);
        if (known != unknown_type && model_.info(known).kind == Type::Kind::resource)
          out.push_back(Value::of_node(input_.document(), no_node, no_node, known));
      }
      return true;
    case F::conformsTo: {
      auto profile = string(argument(tree, 0, scope), "the profile");
      const Value* one = single(input, "the input of conformsTo()");
      if (!profile || one == nullptr) return true;
      if (context_.conforms_to) {
        if (auto answer = context_.conforms_to(*one, *profile)) {
          out.push_back(Value::of(*answer));
          return true;
        }
      }
      TypeId type = profile->substr(0, definition_prefix.size()) == definition_prefix
                        ? model_.type(profile->substr(definition_prefix.size())) : unknown_type;
      if (type == unknown_type) evaluation_fault("conformsTo() names a profile that is not known here");
      out.push_back(Value::of(model_.is_a(one->type(), type)));
      return true;
    }
    case F::memberOf: {
      auto set = string(argument(tree, 0, scope), "the value set");
      const Value* one = single(input, "the input of memberOf()");
      if (!set || one == nullptr) return true;
      if (!context_.member_of) evaluation_fault("memberOf() is asked where no value sets are at hand");
      if (auto answer = context_.member_of(*one, *set)) out.push_back(Value::of(*answer));
      return true;
    }
    case F::htmlChecks: {
      const Value* one = single(input, "the input of htmlChecks()");
      if (one == nullptr) return true;
      out.push_back(Value::of(html_is_sound(string(input, "the input of htmlChecks()").value_or(""))));
      return true;
    }
    case F::checkModifiers:
      for (const Value& v : input) {
        Collection found;
        child(v, model_.name("modifierExtension"), "modifierExtension", found);
        for (const Value& extension : found) {
          bool allowed = false;
          for (std::size_t i = 0; i < tree.arguments.size(); ++i) {
            auto url = string(argument(tree, i, scope), "a URL");
            allowed = allowed || (url && extension.node() != no_node &&
                                  extension.document()->text_of(extension.node(), "url") == *url);
          }
          if (!allowed) evaluation_fault("an element has a modifier extension that was not expected");
        }
        out.push_back(v);
      }
      return true;
    case F::getResourceKey:
      for (const Value& v : input) {
        if (!v.is_node() || v.node() == no_node) continue;
        NodeIndex at = v.document()->find(v.node(), model_.id_name);
        if (at != no_node) out.push_back(Value::of_string(v.document()->text(at)));
      }
      return true;
    case F::getReferenceKey:
      for (const Value& v : input) {
        if (!v.is_node() || v.node() == no_node) continue;
        NodeIndex at = v.document()->find(v.node(), model_.reference_name);
        if (at == no_node) continue;
        auto key = reference_key(v.document()->text(at), tree.type.name);
        if (!key.empty()) out.push_back(Value::of_string(key));
      }
      return true;
    default: return false;
  }
}

}  // namespace joinedup::fhirpath
