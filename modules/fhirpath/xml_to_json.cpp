// The type model says what repeats and what is a number.
#include "fhirpath/xml_to_json.hpp"

#include <pugixml.hpp>
#include <sstream>
#include <vector>

#include "fhirpath/cell.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::fhirpath {
namespace {

std::string json_text(std::string_view text) {
  return Value::of_string(text).to_json();
}

struct Property {
  std::string name;
  bool many = false, shadowed = false;
  std::vector<std::string> values, shadows;
};

std::string write_object(const pugi::xml_node& node, TypeId type, bool resource);

std::string write_shadow(const pugi::xml_node& node, TypeId type) {
  std::string text = write_object(node, type, false);
  return text == "{}" ? "null" : text;
}

std::string write_object(const pugi::xml_node& node, TypeId type, bool resource) {
  const Model& model = Model::r4();
  std::vector<Property> properties;
  auto property = [&](const std::string& name) -> Property& {
    for (auto& p : properties)
      if (p.name == name) return p;
    properties.push_back({name, false, false, {}, {}});
    return properties.back();
  };
  if (resource) property("resourceType").values.push_back(json_text(node.name()));
  for (const auto& attribute : node.attributes())
    if (std::string(attribute.name()) == "id" || std::string(attribute.name()) == "url")
      property(attribute.name()).values.push_back(json_text(attribute.value()));
  for (const auto& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    std::string name = child.name();
    NameId id = model.name(name);
    const Element* element = model.element(type, id);
    TypeId child_type = element != nullptr ? element->types[0] : unknown_type;
    if (element == nullptr && model.variant(id).base != 0) {
      element = model.element(type, model.variant(id).base);
      child_type = model.variant(id).type;
    }
    Property& p = property(name);
    if (element != nullptr) p.many = element->many;
    if (child_type == model.xhtml_type || name == "div") {
      std::ostringstream text;
      child.print(text, "", pugi::format_raw);
      p.values.push_back(json_text(text.str()));
    } else if (child_type == model.resource_type) {
      for (const auto& inner : child.children())
        if (inner.type() == pugi::node_element) p.values.push_back(write_object(inner, model.type(inner.name()), true));
    } else if (child.attribute("value") || model.info(child_type).kind == Type::Kind::primitive) {
      Reading reading = model.info(child_type).reading;
      std::string text = child.attribute("value").value();
      bool raw = reading == Reading::boolean || reading == Reading::integer || reading == Reading::decimal;
      p.values.push_back(!child.attribute("value") ? "null" : raw ? text : json_text(text));
      p.shadows.push_back(write_shadow(child, child_type));
      p.shadowed = p.shadowed || p.shadows.back() != "null";
    } else {
      p.values.push_back(write_object(child, child_type, false));
    }
  }
  std::string out = "{";
  auto write = [&](const std::string& name, bool many, const std::vector<std::string>& values) {
    if (out.size() > 1) out += ',';
    out += json_text(name) + ":";
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ",") + value;
    out += many ? "[" + list + "]" : list;
  };
  for (const auto& p : properties) {
    if (p.values.empty()) continue;
    if (p.many || p.values[0] != "null") write(p.name, p.many, p.values);
    if (p.shadowed) write("_" + p.name, p.many, p.shadows);
  }
  return out + "}";
}

}  // namespace

Result<std::string> xml_to_json(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_string(xml.c_str(), pugi::parse_default | pugi::parse_ws_pcdata_single))
    return fail(ErrorCode::invalid_input, "The text is not XML.");
  struct Depth : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() <= 100; }
  } shallow;
  if (!document.traverse(shallow)) return fail(ErrorCode::invalid_input, "The XML is nested deeper than 100 levels.");
  auto root = document.document_element();
  return write_object(root, Model::r4().type(root.name()), true);
}

}  // namespace joinedup::fhirpath
