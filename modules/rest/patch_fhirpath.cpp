// FHIRPath Patch (R4, fhirpatch.html). After each operation the text is read again: paths see what the ones before did.
#include <algorithm>
#include <optional>

#include "fhirpath/fhirpath.hpp"
#include "fhirpath/model.hpp"
#include "rest/json_tree.hpp"
#include "rest/patch.hpp"

namespace joinedup::rest {

using fhirpath::Collection;
using fhirpath::Document;
using fhirpath::Model;
using fhirpath::no_node;
using fhirpath::NodeIndex;
using fhirpath::TypeId;
using fhirpath::Value;

namespace {

constexpr std::size_t largest = 64U << 20;

tl::unexpected<Error> malformed(const std::string& why) {
  return fail(ErrorCode::wrong_usage, "The FHIRPath Patch is not of the form that FHIR asks for: " + why + ".");
}
tl::unexpected<Error> cannot(const std::string& why) {
  return fail(ErrorCode::invalid_input, "The patch cannot be applied: " + why + ".");
}

// A new value: of a type ("valueHumanName"), or an anonymous structure of parts.
struct NewValue {
  const Json* json = nullptr;
  const Json* shadow = nullptr;
  std::string type;  // "HumanName"
  const Json* parts = nullptr;
};

struct Operation {
  std::string type, path, name;
  NewValue value;
  std::optional<std::size_t> index, source, destination;
};

std::string text_of(const Json& object, std::string_view member) {
  const Json* found = object.find(member);
  return found != nullptr ? found->string() : std::string();
}

NewValue read_value(const Json& part) {
  NewValue out;
  for (const auto& member : part.members) {
    if (member.name.starts_with("value")) out.json = &member.value, out.type = member.name.substr(5);
    if (member.name.starts_with("_value")) {
      out.shadow = &member.value;
      if (out.type.empty()) out.type = member.name.substr(6);
    }
    if (member.name == "part" && member.value.is_list()) out.parts = &member.value;
  }
  return out;
}

Result<Operation> read_operation(const Json& parameter) {
  Operation out;
  const Json* parts = parameter.find("part");
  if (text_of(parameter, "name") != "operation" || parts == nullptr || !parts->is_list()) return malformed("a parameter is not an operation with parts");
  for (const Json& part : parts->items) {
    const std::string name = text_of(part, "name");
    const NewValue value = read_value(part);
    const auto number = [&]() -> std::optional<std::size_t> {
      if (value.json == nullptr || value.json->kind != fhirpath::NodeKind::number || value.json->scalar.size() > 9 || value.json->scalar[0] == '-') return {};
      return static_cast<std::size_t>(std::strtoul(value.json->scalar.c_str(), nullptr, 10));
    };
    if (name == "type") out.type = value.json != nullptr ? value.json->string() : "";
    else if (name == "path") out.path = value.json != nullptr ? value.json->string() : "";
    else if (name == "name") out.name = value.json != nullptr ? value.json->string() : "";
    else if (name == "value") out.value = value;
    else if (name == "index") out.index = number();
    else if (name == "source") out.source = number();
    else if (name == "destination") out.destination = number();
  }
  if (out.path.empty()) return malformed("an operation has no path");
  return out;
}

// An element of the tree: its name in the object that `steps` lead to, and its place where it is one of a list.
struct Address {
  std::vector<std::size_t> steps;
  std::string name;
  std::optional<std::size_t> index;
};

Json& at(Json& root, const std::vector<std::size_t>& steps) {
  Json* here = &root;
  for (const std::size_t step : steps) here = here->is_list() ? &here->items[step] : &here->members[step].value;
  return *here;
}

std::vector<std::size_t> steps_to(const Document& document, NodeIndex wanted) {
  std::vector<std::size_t> out;
  for (NodeIndex here = document.root(); here != wanted;) {
    std::size_t place = 0;
    for (const NodeIndex child : document.children(here)) {
      if (wanted >= child && wanted < document.node(child).end) {
        out.push_back(place);
        here = child;
        break;
      }
      ++place;
    }
  }
  return out;
}

Result<Address> address_of(Json& root, const Document& document, const Value& value) {
  if (!value.is_node() || value.document() != &document) return cannot("its path leads to a value that is no element of the resource");
  const NodeIndex node = value.node() != no_node ? value.node() : value.shadow();
  Address out;
  out.steps = steps_to(document, node);
  if (out.steps.empty()) return cannot("its path leads to the resource itself");
  std::size_t last = out.steps.back();
  out.steps.pop_back();
  if (at(root, out.steps).is_list()) {
    out.index = last;
    if (out.steps.empty()) return cannot("its path leads into a list that is no element");
    last = out.steps.back();
    out.steps.pop_back();
  }
  Json& object = at(root, out.steps);
  if (!object.is_object()) return cannot("its path leads into a list of lists");
  out.name = object.members[last].name;
  if (out.name.starts_with('_')) out.name.erase(0, 1);
  return out;
}

bool only_nulls(const Json& list) {
  return std::all_of(list.items.begin(), list.items.end(), [](const Json& one) { return one.kind == fhirpath::NodeKind::null; });
}

// Takes an element out, and whatever that leaves empty: FHIR has no empty objects or lists.
void remove_element(Json& root, Address address) {
  for (;;) {
    Json& object = at(root, address.steps);
    for (const std::string& name : {address.name, "_" + address.name}) {
      Json* list = object.find(name);
      if (list == nullptr) continue;
      if (!address.index || !list->is_list()) {
        object.erase(name);
        continue;
      }
      if (*address.index < list->items.size()) list->items.erase(list->items.begin() + static_cast<std::ptrdiff_t>(*address.index));
      if (only_nulls(*list)) object.erase(name);
    }
    if (!object.members.empty() || address.steps.empty()) return;
    Address outer;
    std::size_t last = address.steps.back();
    address.steps.pop_back();
    if (at(root, address.steps).is_list()) {
      outer.index = last;
      last = address.steps.back();
      address.steps.pop_back();
    }
    outer.steps = address.steps;
    outer.name = at(root, outer.steps).members[last].name;
    if (outer.name.starts_with('_')) outer.name.erase(0, 1);
    address = std::move(outer);
  }
}

Json null_json() {
  Json out;
  out.scalar = "null";
  return out;
}

Result<Json> build(TypeId type, const Json& parts, int depth);

// Puts a value into an object of a type: alone, or at a place of a list (the end where none is given).
Result<void> put(Json& object, TypeId type, const std::string& name, const NewValue& value, std::optional<std::size_t> index, int depth) {
  const Model& model = Model::r4();
  const auto* element = model.element(type, model.name(name));
  if (element == nullptr) return cannot("FHIR R4 has no element " + name + " there");
  std::string written = name;
  Json json = null_json();
  if (value.parts != nullptr) {
    JOINEDUP_TRY(json, build(element->types.empty() ? fhirpath::unknown_type : element->types[0], *value.parts, depth + 1));
  } else {
    if (value.json == nullptr && value.shadow == nullptr) return malformed("an operation has no value");
    if (value.json != nullptr) json = *value.json;
    if (element->choice) written += value.type;
  }
  if (!element->many) {
    if (object.find(written) != nullptr || object.find("_" + written) != nullptr) return cannot("the element " + name + " is there already and may be there but once");
    if (value.json != nullptr || value.parts != nullptr) object.member(written) = std::move(json);
    if (value.shadow != nullptr) object.member("_" + written) = *value.shadow;
    return {};
  }
  Json* list = object.find(written);
  Json* shadows = object.find("_" + written);
  if (list == nullptr) object.member(written) = Json::list();
  if (value.shadow != nullptr && shadows == nullptr) object.member("_" + written) = Json::list();
  list = object.find(written), shadows = object.find("_" + written);
  if (!list->is_list() || (shadows != nullptr && !shadows->is_list())) return cannot("the element " + name + " is not a list in the resource");
  if (shadows != nullptr) shadows->items.resize(std::max(shadows->items.size(), list->items.size()), null_json());
  const std::size_t place = index.value_or(list->items.size());
  if (place > list->items.size()) return cannot("the list has no such place");
  list->items.insert(list->items.begin() + static_cast<std::ptrdiff_t>(place), std::move(json));
  if (shadows != nullptr)
    shadows->items.insert(shadows->items.begin() + static_cast<std::ptrdiff_t>(std::min(place, shadows->items.size())), value.shadow != nullptr ? *value.shadow : null_json());
  return {};
}

Result<Json> build(TypeId type, const Json& parts, int depth) {
  if (depth > 20) return malformed("its parts are nested deeper than 20 levels");
  Json out = Json::object();
  for (const Json& part : parts.items) JOINEDUP_CHECK(put(out, type, text_of(part, "name"), read_value(part), {}, depth));
  return out;
}

Result<void> replace(Json& root, const Address& address, const NewValue& value, TypeId type) {
  Json& object = at(root, address.steps);
  Json fresh = null_json();
  if (value.parts != nullptr) {
    JOINEDUP_TRY(fresh, build(type, *value.parts, 0));
  } else if (value.json != nullptr) {
    fresh = *value.json;
  } else if (value.shadow == nullptr) {
    return malformed("an operation has no value");
  }
  if (address.index) {
    Json* list = object.find(address.name);
    Json* shadows = object.find("_" + address.name);
    if (list != nullptr && *address.index < list->items.size()) list->items[*address.index] = std::move(fresh);
    if (shadows != nullptr && *address.index < shadows->items.size()) shadows->items[*address.index] = value.shadow != nullptr ? *value.shadow : null_json();
    return {};
  }
  // Another form of a choice takes another name: deceasedBoolean for deceasedDateTime.
  const Model& model = Model::r4();
  std::string name = address.name;
  const auto& variant = model.variant(model.name(name));
  if (variant.base != 0 && !value.type.empty()) {
    const std::string other = std::string(model.name_text(variant.base)) + value.type;
    if (model.name(other) != 0 && model.variant(model.name(other)).base == variant.base) name = other;
  }
  for (auto& member : object.members) {
    if (member.name == address.name) member.name = name;
    if (member.name == "_" + address.name) member.name = "_" + name;
  }
  if (value.json != nullptr || value.parts != nullptr) object.member(name) = std::move(fresh);
  else object.erase(name);
  if (value.shadow != nullptr) object.member("_" + name) = *value.shadow;
  else object.erase("_" + name);
  return {};
}

// All the values are items of one list: their places in it.
Result<std::vector<Address>> one_list(Json& root, const Document& document, const Collection& found) {
  std::vector<Address> out;
  for (const Value& value : found) {
    JOINEDUP_TRY(auto address, address_of(root, document, value));
    if (!address.index || (!out.empty() && (address.steps != out[0].steps || address.name != out[0].name)))
      return cannot("its path leads to something other than the items of one list");
    out.push_back(std::move(address));
  }
  if (out.empty()) return cannot("its path leads to no list that is there");
  return out;
}

Result<void> insert(Json& root, const Document& document, const Collection& found, const Operation& operation) {
  if (!operation.index) return malformed("an insert has no index");
  JOINEDUP_TRY(const auto list, one_list(root, document, found));
  if (*operation.index > list.size()) return cannot("the list has no such place");
  const std::size_t place = *operation.index < list.size() ? *list[*operation.index].index : *list.back().index + 1;
  Json& object = at(root, list[0].steps);
  Json json = null_json();
  if (operation.value.parts != nullptr) {
    JOINEDUP_TRY(json, build(found[0].type(), *operation.value.parts, 0));
  } else if (operation.value.json != nullptr) {
    json = *operation.value.json;
  } else if (operation.value.shadow == nullptr) {
    return malformed("an insert has no value");
  }
  Json* items = object.find(list[0].name);
  Json* shadows = object.find("_" + list[0].name);
  if (items == nullptr || !items->is_list()) return cannot("its path leads to no list that is there");
  items->items.insert(items->items.begin() + static_cast<std::ptrdiff_t>(std::min(place, items->items.size())), std::move(json));
  if (shadows != nullptr && shadows->is_list() && place <= shadows->items.size())
    shadows->items.insert(shadows->items.begin() + static_cast<std::ptrdiff_t>(place), operation.value.shadow != nullptr ? *operation.value.shadow : null_json());
  return {};
}

Result<void> move(Json& root, const Document& document, const Collection& found, const Operation& operation) {
  if (!operation.source || !operation.destination) return malformed("a move has no source or no destination");
  JOINEDUP_TRY(const auto list, one_list(root, document, found));
  if (*operation.source >= list.size() || *operation.destination >= list.size()) return cannot("the list has no such place");
  const auto from = static_cast<std::ptrdiff_t>(*list[*operation.source].index), to = static_cast<std::ptrdiff_t>(*list[*operation.destination].index);
  Json& object = at(root, list[0].steps);
  for (const std::string& name : {list[0].name, "_" + list[0].name}) {
    Json* items = object.find(name);
    if (items == nullptr || !items->is_list()) continue;
    items->items.resize(std::max<std::size_t>(items->items.size(), static_cast<std::size_t>(std::max(from, to)) + 1), null_json());
    Json taken = std::move(items->items[static_cast<std::size_t>(from)]);
    items->items.erase(items->items.begin() + from);
    items->items.insert(items->items.begin() + to, std::move(taken));
  }
  return {};
}

Result<void> apply(Json& root, const Document& document, const Operation& operation) {
  JOINEDUP_TRY(const auto expression, fhirpath::Expression::compile(operation.path));
  fhirpath::Context context;
  context.step_limit = 1'000'000;
  JOINEDUP_TRY(const auto found, expression.evaluate(document.root_value(), context));
  if (operation.type == "insert") return insert(root, document, found, operation);
  if (operation.type == "move") return move(root, document, found, operation);
  if (operation.type == "delete" && found.empty()) return {};  // R4: deleting what is not there is no fault
  if (operation.type != "add" && operation.type != "delete" && operation.type != "replace")
    return malformed("an operation's type is none of add, insert, delete, replace and move");
  if (found.size() != 1) return cannot(found.empty() ? "its path leads to nothing" : "its path leads to more than one element");
  if (operation.type == "add") {
    if (!found[0].is_node() || found[0].document() != &document || found[0].node() == no_node) return cannot("its path leads to no element of the resource");
    Json& object = at(root, steps_to(document, found[0].node()));
    if (!object.is_object()) return cannot("nothing can be added to a simple value");
    return put(object, found[0].type(), operation.name, operation.value, {}, 0);
  }
  JOINEDUP_TRY(auto address, address_of(root, document, found[0]));
  if (operation.type == "replace") return replace(root, address, operation.value, found[0].type());
  remove_element(root, std::move(address));
  return {};
}

}  // namespace

Result<std::string> fhirpath_patch(std::string_view resource, std::string_view parameters, std::size_t most_steps) {
  const auto read = Json::parse(parameters);
  if (!read) return malformed("it is no JSON");
  const Json& patch = *read;
  if (text_of(patch, "resourceType") != "Parameters") return malformed("it is not a Parameters resource");
  std::string text(resource);
  const Json* operations = patch.find("parameter");
  if (operations == nullptr) return text;
  if (!operations->is_list()) return malformed("parameter is not a list");
  if (operations->items.size() > most_steps) return fail(ErrorCode::too_large, "The patch has more than " + std::to_string(most_steps) + " operations.");
  Document document;
  for (const Json& parameter : operations->items) {
    JOINEDUP_TRY(const auto operation, read_operation(parameter));
    JOINEDUP_CHECK(document.parse(text));
    Json root = Json::of(document, document.root());
    JOINEDUP_CHECK(apply(root, document, operation));
    text = root.text();
    if (text.size() > largest) return fail(ErrorCode::too_large, "The patch would make the resource larger than 64 MB.");
  }
  return text;
}

}  // namespace joinedup::rest
