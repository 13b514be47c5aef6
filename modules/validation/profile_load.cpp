// Reads StructureDefinitions, ValueSets and CodeSystems from a folder.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "fhirpath/xml_to_json.hpp"
#include "validation/expansion.hpp"
#include "validation/profile.hpp"

namespace joinedup::validation {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view base_url = "http://hl7.org/fhir/StructureDefinition/";

std::string_view plain(std::string_view url) { return url.substr(0, url.find('|')); }
std::string_view last_part(std::string_view url) { return url.substr(url.rfind('/') + 1); }

// path "code.coding.code", "$this", "resolve()", "extension('url').value"
Discriminator read_discriminator(const Document& d, NodeIndex node) {
  Discriminator out;
  auto kind = d.text_of(node, "type");
  out.kind = kind == "exists" ? Discriminator::Kind::exists : kind == "type" ? Discriminator::Kind::type
             : kind == "profile" ? Discriminator::Kind::profile : Discriminator::Kind::value;
  auto path = d.text_of(node, "path");
  if (path.find("extension(") != std::string_view::npos || path.find("ofType(") != std::string_view::npos) out.readable = false;
  for (auto part : split(path, '.'))
    if (part != "$this" && !part.empty()) out.path.emplace_back(part);
  return out;
}

}  // namespace

class ProfileLoader {
 public:
  explicit ProfileLoader(Profiles& out) : out_(out), expansion_(out.codes_) {}

  Result<void> folder(const std::string& path) {
    std::error_code code;
    if (!fs::is_directory(path, code)) return fail(ErrorCode::not_found, "The folder of profiles is not there.", path);
    std::vector<std::string> files;
    for (auto at = fs::recursive_directory_iterator(path, code); !code && at != fs::recursive_directory_iterator(); at.increment(code))
      if (at->path().extension() == ".json" || at->path().extension() == ".xml") files.push_back(at->path().string());
    if (code) return fail(ErrorCode::not_found, "The folder of profiles cannot be read: " + code.message() + ".", path);
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      JOINEDUP_TRY(auto text, read_file(file));
      if (file.ends_with(".xml")) {
        auto json = fhirpath::xml_to_json(text);
        if (!json) return fail(json.error().code, json.error().sentence, file);
        text = std::move(*json);
      }
      auto parsed = fhirpath::parse_document(std::move(text));
      if (!parsed) return fail(parsed.error().code, parsed.error().sentence, file);
      take(std::make_shared<Document>(std::move(*parsed)));
    }
    expansion_.all();  // memberOf() may ask for any
    for (const auto& [url, definition] : definitions_) compile(url);
    return {};
  }

 private:
  struct Definition {
    std::shared_ptr<const Document> document;
    NodeIndex node;
  };

  void take(std::shared_ptr<const Document> document) {
    const Document& d = *document;
    if (d.resource_type(d.root()) == "Bundle") {
      NodeIndex entries = d.find(d.root(), "entry");
      if (entries == no_node) return;
      for (NodeIndex entry : d.children(entries))
        if (NodeIndex resource = d.find(entry, "resource"); resource != no_node) take_one(document, resource);
      return;
    }
    take_one(document, d.root());
  }
  void take_one(const std::shared_ptr<const Document>& document, NodeIndex node) {
    const Document& d = *document;
    auto type = d.resource_type(node);
    std::string url(d.text_of(node, "url"));
    if (url.empty()) return;
    if (type == "ValueSet") expansion_.add_value_set(url, document, node);
    if (type == "CodeSystem") expansion_.add_code_system(url, document, node);
    if (type != "StructureDefinition" || d.text_of(node, "derivation") != "constraint" || d.text_of(node, "kind") == "logical") return;
    if (d.find(node, "differential") == no_node && d.find(node, "snapshot") == no_node) return;
    definitions_[url] = {document, node};
  }

  const Profile* compile(std::string_view url) {
    if (auto done = out_.profiles_.find(url); done != out_.profiles_.end()) return done->second.get();
    auto found = definitions_.find(url);
    if (found == definitions_.end() || !under_way_.insert(found->first).second) return nullptr;
    const Document& d = *found->second.document;
    NodeIndex node = found->second.node;
    auto profile = std::make_unique<Profile>();
    profile->url = found->first;
    profile->name = std::string(d.text_of(node, "name"));
    profile->type = Model::r4().type(d.text_of(node, "type"));
    if (profile->type == fhirpath::unknown_type) {
      out_.notes_.push_back(profile->url + " is left out: it constrains a type that FHIR R4 does not have.");
      return nullptr;
    }
    auto base = plain(d.text_of(node, "baseDefinition"));
    if (const Profile* up = compile(base)) profile->root = up->root;
    else if (base.substr(0, base_url.size()) != base_url)
      out_.notes_.push_back(profile->url + " builds on " + std::string(base) + ", which is not in the folder: only its own rules are checked.");
    NodeIndex list = d.find(node, "differential");
    if (list == no_node) list = d.find(node, "snapshot");
    NodeIndex elements = d.find(list, "element");
    if (elements != no_node)
      for (NodeIndex element : d.children(elements)) lay(*profile, found->second.document, element);
    const Profile* out = profile.get();
    out_.profiles_.emplace(profile->url, std::move(profile));
    return out;
  }

  // One ElementDefinition onto its place in the tree.
  void lay(Profile& profile, const std::shared_ptr<const Document>& document, NodeIndex node) {
    const Document& d = *document;
    std::string id(d.text_of(node, "id"));
    if (id.empty()) {
      id = std::string(d.text_of(node, "path"));
      if (auto slice = d.text_of(node, "sliceName"); !slice.empty()) id += ":" + std::string(slice);
    }
    ProfileElement* at = &profile.root;
    auto parts = split(id, '.');
    for (std::size_t i = 1; i < parts.size(); ++i) at = &place(*at, parts[i]);
    fill(*at, profile, document, node);
  }

  ProfileElement& place(ProfileElement& parent, std::string_view part) {
    const Model& model = Model::r4();
    auto colon = part.find(':');
    std::string_view name = part.substr(0, colon);
    std::string slice(colon == std::string_view::npos ? std::string_view{} : part.substr(colon + 1));
    if (name.size() > 3 && name.ends_with("[x]")) name.remove_suffix(3);
    TypeId only = fhirpath::unknown_type;
    if (const auto& variant = model.variant(model.name(name)); variant.base != 0 && slice.empty()) {  // valueQuantity for value[x]
      only = variant.type;
      slice = std::string(name);
      name = model.name_text(variant.base);
    }
    ProfileElement& child = find_or_add(parent.children, name, "");
    if (slice.empty()) return child;
    if (!child.slicing && only != fhirpath::unknown_type) child.slicing = Slicing{{{Discriminator::Kind::type, {}, true}}, Slicing::Rest::open};
    ProfileElement& out = find_or_add(child.slices, name, slice);
    if (only != fhirpath::unknown_type && out.types.empty()) out.types.push_back({only, {}});
    return out;
  }
  static ProfileElement& find_or_add(std::vector<ProfileElement>& list, std::string_view name, const std::string& slice) {
    for (auto& one : list)
      if (one.name == name && one.slice == slice) return one;
    ProfileElement made;
    made.name = std::string(name);
    made.slice = slice;
    made.name_id = Model::r4().name(name);
    list.push_back(std::move(made));
    return list.back();
  }

  void fill(ProfileElement& out, const Profile& profile, const std::shared_ptr<const Document>& document, NodeIndex node) {
    const Document& d = *document;
    const Model& model = Model::r4();
    std::vector<WantedType> types;
    for (NodeIndex child : d.children(node)) {
      auto name = d.name(child);
      if ((d.node(child).name & shadow_bit) != 0) continue;
      if (name == "min") out.min = number(d.text(child));
      else if (name == "max") out.max = d.text(child) == "*" ? std::optional<std::uint32_t>{} : number(d.text(child));
      else if (name == "type") read_types(d, child, types, out);
      else if (name == "slicing") read_slicing(d, child, profile, out);
      else if (name == "binding") read_binding(d, child, out);
      else if (name == "constraint") read_constraints(d, child, profile, out);
      else if (auto base = model.variant(d.node(child).name & ~shadow_bit).base; base != 0) {
        if (auto kind = model.name_text(base); kind == "fixed" || kind == "pattern") out.wanted = Wanted{document, child, kind == "fixed"};
      }
    }
    if (!types.empty()) out.types = std::move(types);
  }
  static std::uint32_t number(std::string_view text) {
    std::uint32_t value = 0;
    for (char c : text.substr(0, 8))
      if (c >= '0' && c <= '9') value = value * 10 + static_cast<std::uint32_t>(c - '0');
    return value;
  }

  void read_types(const Document& d, NodeIndex list, std::vector<WantedType>& types, ProfileElement& out) {
    const Model& model = Model::r4();
    std::vector<TypeId> targets;
    bool any_target = false;
    for (NodeIndex one : d.children(list)) {
      WantedType type;
      auto code = d.text_of(one, "code");
      type.type = code.substr(0, 30) == "http://hl7.org/fhirpath/System" ? fhirpath::unknown_type : model.type(code);
      if (NodeIndex profiles = d.find(one, "profile"); profiles != no_node)
        for (NodeIndex p : d.children(profiles)) type.profiles.emplace_back(plain(d.text(p)));
      if (NodeIndex list_of = d.find(one, "targetProfile"); list_of != no_node && code == "Reference")
        for (NodeIndex p : d.children(list_of)) {
          auto url = plain(d.text(p));
          TypeId target = model.type(last_part(url));
          if (auto known = definitions_.find(url); known != definitions_.end())
            target = model.type(known->second.document->text_of(known->second.node, "type"));
          if (target == fhirpath::unknown_type || target == model.resource_type) any_target = true;
          else if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
        }
      else if (code == "Reference") any_target = true;
      if (type.type != fhirpath::unknown_type) types.push_back(std::move(type));
    }
    if (!any_target) out.binding.targets = std::move(targets);
  }

  void read_slicing(const Document& d, NodeIndex node, const Profile& profile, ProfileElement& out) {
    Slicing slicing;
    slicing.rest = d.text_of(node, "rules") == "closed" ? Slicing::Rest::closed : Slicing::Rest::open;
    if (NodeIndex list = d.find(node, "discriminator"); list != no_node)
      for (NodeIndex one : d.children(list)) slicing.discriminators.push_back(read_discriminator(d, one));
    if (slicing.discriminators.empty() && out.slicing) slicing.discriminators = out.slicing->discriminators;
    if (std::any_of(slicing.discriminators.begin(), slicing.discriminators.end(), [](const auto& one) { return !one.readable; }))
      out_.notes_.push_back(profile.url + ": the slices of " + out.name + " are not checked, because this program does not follow the path that tells them apart.");
    out.slicing = std::move(slicing);
  }

  void read_binding(const Document& d, NodeIndex node, ProfileElement& out) {
    auto strength = d.text_of(node, "strength");
    auto url = plain(d.text_of(node, "valueSet"));
    if (url.empty() || (strength != "required" && strength != "extensible")) {
      out.binding.codes = nullptr;
      return;
    }
    out.binding.codes = expansion_.find(url);
    if (out.binding.codes == nullptr) out.binding.codes = Rules::r4().codes().find(url);
    out.binding.strength = strength == "required" ? Strength::required : Strength::extensible;
  }

  void read_constraints(const Document& d, NodeIndex list, const Profile& profile, ProfileElement& out) {
    for (NodeIndex one : d.children(list)) {
      auto key = d.text_of(one, "key"), text = d.text_of(one, "expression");
      auto source = d.text_of(one, "source");
      if (text.empty() || (!source.empty() && source != profile.url && source.substr(0, base_url.size()) == base_url)) continue;  // the base's own
      if (std::any_of(out.constraints.begin(), out.constraints.end(), [&](const Constraint* c) { return c->key == key; })) continue;
      auto made = std::make_unique<Constraint>();
      made->key = std::string(key), made->text = std::string(text), made->human = std::string(d.text_of(one, "human"));
      made->severity = d.text_of(one, "severity") == "warning" ? Severity::warning : Severity::error;
      auto compiled = fhirpath::Expression::compile(text);
      if (!compiled) {
        out_.notes_.push_back(profile.url + ": the rule " + made->key + " is left out, its expression cannot be read: " + compiled.error().sentence);
        continue;
      }
      made->expression = std::move(*compiled);
      out.constraints.push_back(made.get());
      out_.constraints_.push_back(std::move(made));
    }
  }

  Profiles& out_;
  Expansion expansion_;
  std::map<std::string, Definition, std::less<>> definitions_;
  std::set<std::string> under_way_;
};

Result<std::shared_ptr<const Profiles>> Profiles::load(const std::string& folder) {
  auto out = std::make_shared<Profiles>();
  ProfileLoader loader(*out);
  JOINEDUP_CHECK(loader.folder(folder));
  return std::shared_ptr<const Profiles>(std::move(out));
}

const Profile* Profiles::find(std::string_view url) const {
  auto found = profiles_.find(plain(url));
  return found == profiles_.end() ? nullptr : found->second.get();
}

const ValueSet* Profiles::codes(std::string_view url) const {
  if (const ValueSet* own = codes_.find(url)) return own;
  return Rules::r4().codes().find(url);
}

}  // namespace joinedup::validation
