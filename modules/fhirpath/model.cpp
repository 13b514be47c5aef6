#include "fhirpath/model.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "base/text.hpp"
#include "fhirpath_embedded.hpp"

namespace joinedup::fhirpath {

namespace {

constexpr std::size_t slot_count = 8192;

std::uint64_t hash_name(std::string_view text) {
  std::uint64_t first = 0, last = 0;
  std::size_t n = text.size();
  if (n >= 8) {
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + n - 8, 8);
  } else {
    std::memcpy(&first, text.data(), n);
  }
  std::uint64_t h = (first ^ (n * 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  h ^= (last + (h >> 29)) * 0x94D049BB133111EBULL;
  return h ^ (h >> 32);
}

Reading reading_of(std::string_view primitive) {
  if (primitive == "boolean") return Reading::boolean;
  if (primitive == "integer" || primitive == "positiveInt" || primitive == "unsignedInt") return Reading::integer;
  if (primitive == "decimal") return Reading::decimal;
  if (primitive == "date") return Reading::date;
  if (primitive == "dateTime" || primitive == "instant") return Reading::date_time;
  if (primitive == "time") return Reading::time;
  return Reading::string;
}

}  // namespace

const Model& Model::r4() {
  static const Model model;
  return model;
}

NameId Model::intern(std::string_view text) {
  std::size_t slot = hash_name(text) % slot_count;
  while (slots_[slot] != 0) {
    if (names_[slots_[slot]] == text) return slots_[slot];
    slot = (slot + 1) % slot_count;
  }
  auto id = static_cast<NameId>(names_.size());
  names_.push_back(text);
  slots_[slot] = id;
  return id;
}

NameId Model::name(std::string_view text) const {
  std::size_t slot = hash_name(text) % slot_count;
  while (slots_[slot] != 0) {
    if (names_[slots_[slot]] == text) return slots_[slot];
    slot = (slot + 1) % slot_count;
  }
  return 0;
}

TypeId Model::type(std::string_view name) const {
  auto found = type_by_name_.find(name);
  return found == type_by_name_.end() ? unknown_type : found->second;
}

TypeId Model::system(std::string_view name) const {
  for (TypeId id = 1; id <= system_type::last; ++id)
    if (types_[id].name == name) return id;
  return unknown_type;
}

const Element* Model::element(TypeId type, NameId name) const {
  auto found = element_by_name_.find((std::uint64_t{type} << 32) | name);
  return found == element_by_name_.end() ? nullptr : found->second;
}

bool Model::is_a(TypeId type, TypeId ancestor) const {
  for (; type != unknown_type; type = types_[type].base)
    if (type == ancestor) return true;
  return false;
}

void Model::read(std::string_view table) {
  std::vector<std::string_view> open;
  struct Pending {
    TypeId type;
    std::string_view base;
    std::vector<std::pair<Element, std::vector<std::string_view>>> elements;
  };
  std::vector<Pending> pending;
  for (auto line : split(table, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    auto words = split(trim(line), ' ');
    if (words[0] == "open" && line[0] != ' ') {
      open.assign(words.begin() + 1, words.end());
    } else if (line[0] != ' ') {
      Type type;
      type.name = std::string(words[1]);
      type.kind = words[3] == "primitive"  ? Type::Kind::primitive
                  : words[3] == "complex"  ? Type::Kind::complex
                  : words[3] == "backbone" ? Type::Kind::backbone
                                           : Type::Kind::resource;
      if (type.kind == Type::Kind::primitive) type.reading = reading_of(words[1]);
      auto id = static_cast<TypeId>(types_.size());
      types_.push_back(type);
      type_by_name_[words[1]] = id;
      pending.push_back({id, words[2], {}});
    } else {
      Element element;
      auto text = words[0];
      element.choice = text.size() > 3 && text.substr(text.size() - 3) == "[x]";
      element.name = intern(element.choice ? text.substr(0, text.size() - 3) : text);
      element.many = words[1] == "*";
      std::vector<std::string_view> types(words.begin() + 2, words.end());
      pending.back().elements.emplace_back(element, types[0] == "open" ? open : types);
    }
  }
  for (auto& one : pending) {
    types_[one.type].base = type(one.base);
    for (auto& [element, types] : one.elements) {
      for (auto text : types) {
        TypeId id = type(text);
        element.types.push_back(id);
        if (!element.choice) continue;
        std::string joined(names_[element.name]);
        joined += static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
        joined += text.substr(1);
        made_.push_back(std::make_unique<std::string>(joined));
        NameId variant = intern(*made_.back());
        if (variants_.size() <= variant) variants_.resize(variant + 1);
        variants_[variant] = {element.name, id};
      }
      types_[one.type].elements.push_back(element);
    }
  }
}

Model::Model() {
  slots_.resize(slot_count);
  names_.push_back("");
  variants_.resize(1);
  types_.push_back({});
  for (const char* name : {"Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"}) {
    Type type;
    type.name = name;
    type.kind = Type::Kind::system;
    types_.push_back(type);
  }
  read(find_embedded(embedded_fhirpath(), "data/r4_types.txt").value_or(""));
  // Inherited elements: a base always precedes or follows; walk up to the root and prepend.
  std::vector<std::vector<Element>> all(types_.size());
  for (TypeId id = 1; id < types_.size(); ++id) {
    std::vector<TypeId> chain;
    for (TypeId at = id; at != unknown_type; at = types_[at].base) chain.push_back(at);
    for (auto at = chain.rbegin(); at != chain.rend(); ++at)
      all[id].insert(all[id].end(), types_[*at].elements.begin(), types_[*at].elements.end());
  }
  resource_type_name = intern("resourceType");
  for (TypeId id = 1; id < types_.size(); ++id) {
    types_[id].elements = std::move(all[id]);
    for (const auto& element : types_[id].elements)
      element_by_name_[(std::uint64_t{id} << 32) | element.name] = &element;
  }
  // A resource's name may be an element's too; both live in the one table of names.
  for (TypeId id = 1; id < types_.size(); ++id)
    if (types_[id].kind == Type::Kind::resource) {
      NameId name_id = intern(types_[id].name);
      if (resources_.size() <= name_id) resources_.resize(name_id + 1);
      resources_[name_id] = id;
    }
  variants_.resize(names_.size());

  element_type = type("Element"), resource_type = type("Resource"), domain_resource_type = type("DomainResource");
  extension_type = type("Extension"), quantity_type = type("Quantity"), boolean_type = type("boolean");
  string_type = type("string"), integer_type = type("integer"), decimal_type = type("decimal");
  code_type = type("code"), reference_type = type("Reference"), id_type = type("id"), uri_type = type("uri");
  bundle_type = type("Bundle"), xhtml_type = type("xhtml");
  extension_name = intern("extension"), value_name = intern("value"), url_name = intern("url");
  id_name = intern("id"), reference_name = intern("reference"), system_name = intern("system");
  code_name = intern("code"), unit_name = intern("unit"), contained_name = intern("contained");
  comparator_name = intern("comparator");
  variants_.resize(names_.size());
}

}  // namespace joinedup::fhirpath
