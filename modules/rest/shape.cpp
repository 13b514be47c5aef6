#include "rest/shape.hpp"

#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "fhirpath/model.hpp"
#include "rest/json_tree.hpp"
#include "rest_embedded.hpp"

namespace joinedup::rest {

namespace {

struct Flags {
  bool summary = false, mandatory = false;
};

// Paths of elements that are in the summary or mandatory, and the paths that have such elements below them.
struct Elements {
  std::unordered_map<std::string, Flags> flags;  // a choice without its [x]
  std::unordered_set<std::string> choices, parents;

  Elements() {
    for (const auto line : split(find_embedded(embedded_rest(), "data/elements.txt").value_or(""), '\n')) {
      const auto words = split(line, ' ');
      if (words.size() != 2) continue;
      std::string path(words[0]);
      if (path.ends_with("[x]")) {
        path.resize(path.size() - 3);
        choices.insert(path);
      }
      flags[path] = {words[1].find('S') != words[1].npos, words[1].find('M') != words[1].npos};
      parents.insert(path.substr(0, path.rfind('.')));
    }
  }
  static const Elements& r4() {
    static const Elements elements;
    return elements;
  }
  Flags of(const std::string& parent, std::string_view name) const {
    if (name.starts_with('_')) name.remove_prefix(1);
    const std::string path = parent + "." + std::string(name);
    if (const auto found = flags.find(path); found != flags.end()) return found->second;
    for (std::size_t i = path.size(); i-- > parent.size() + 2;)  // valueQuantity is a form of value[x]
      if (path[i] >= 'A' && path[i] <= 'Z')
        if (const std::string base = path.substr(0, i); choices.contains(base)) return flags.at(base);
    return {};
  }
};

// What may never be left out: who it is, what is said of it, and what changes its meaning.
bool always(std::string_view name) {
  return name == "resourceType" || name == "id" || name == "meta" || name == "modifierExtension" || name == "implicitRules";
}

void keep_summary(Json& json, const std::string& path) {
  const Elements& elements = Elements::r4();
  if (json.is_list()) {
    for (Json& item : json.items) keep_summary(item, path);
    return;
  }
  std::erase_if(json.members, [&](const Json::Member& one) { return !always(one.name) && !elements.of(path, one.name).summary; });
  for (auto& one : json.members)
    if (const std::string below = path + "." + one.name; elements.parents.contains(below)) keep_summary(one.value, below);
}

bool asked_for(const Shape& shape, const std::string& type, std::string_view name) {
  if (name.starts_with('_')) name.remove_prefix(1);
  for (std::string_view wanted : shape.elements) {
    if (const auto point = wanted.find('.'); point != wanted.npos && wanted.substr(0, point) == type) wanted.remove_prefix(point + 1);
    if (const auto point = wanted.find('.'); point != wanted.npos) wanted = wanted.substr(0, point);  // elements within: the whole of the outer one
    if (wanted == name) return true;
    const auto& model = fhirpath::Model::r4();
    const auto* element = model.element(model.type(type), model.name(wanted));
    if (element != nullptr && element->choice && name.size() > wanted.size() && name.starts_with(wanted) && name[wanted.size()] >= 'A' && name[wanted.size()] <= 'Z') return true;
  }
  return false;
}

void tag_as_subset(Json& resource) {
  if (resource.find("meta") == nullptr) {
    const auto at = std::min<std::size_t>(resource.members.size(), resource.find("id") != nullptr ? 2 : 1);
    resource.members.insert(resource.members.begin() + static_cast<std::ptrdiff_t>(at), {"meta", Json::object()});
  }
  Json& tags = resource.member("meta").member("tag");
  if (!tags.is_list()) tags = Json::list();
  Json tag = Json::object();
  tag.members.push_back({"system", Json::of_string("http://terminology.hl7.org/CodeSystem/v3-ObservationValue")});
  tag.members.push_back({"code", Json::of_string("SUBSETTED")});
  for (const Json& there : tags.items)
    if (same_json(there, tag)) return;
  tags.items.push_back(std::move(tag));
}

}  // namespace

Result<Shape> read_shape(std::string_view summary, std::string_view elements) {
  Shape shape;
  if (summary == "true") shape.mode = Shape::Mode::summary;
  else if (summary == "text") shape.mode = Shape::Mode::text;
  else if (summary == "data") shape.mode = Shape::Mode::data;
  else if (summary == "count") shape.mode = Shape::Mode::count;
  else if (!summary.empty() && summary != "false") return fail(ErrorCode::wrong_usage, "_summary is one of true, text, data, count and false.");
  if (!elements.empty()) {
    if (!shape.whole()) return fail(ErrorCode::wrong_usage, "_summary and _elements are not given together.");
    shape.mode = Shape::Mode::elements;
    for (const auto name : split(elements, ','))
      if (!trim(name).empty()) shape.elements.emplace_back(trim(name));
  }
  return shape;
}

std::string shaped(std::string body, const Shape& shape) {
  if (shape.whole() || body.empty()) return body;
  auto tree = Json::parse(body);
  if (!tree) return body;
  const Json* named = tree->find("resourceType");
  const std::string type = named != nullptr ? named->string() : std::string();
  const auto keep = [&](const auto& wanted) {
    std::erase_if(tree->members, [&](const Json::Member& one) { return !always(one.name) && !wanted(std::string_view(one.name)); });
  };
  const Elements& known = Elements::r4();
  switch (shape.mode) {
    case Shape::Mode::summary: keep_summary(*tree, type); break;
    case Shape::Mode::text: keep([&](std::string_view name) { return name == "text" || known.of(type, name).mandatory; }); break;
    case Shape::Mode::data: keep([&](std::string_view name) { return name != "text"; }); break;
    case Shape::Mode::elements: keep([&](std::string_view name) { return asked_for(shape, type, name) || known.of(type, name).mandatory; }); break;
    case Shape::Mode::whole: case Shape::Mode::count: break;
  }
  tag_as_subset(*tree);
  return tree->text();
}

}  // namespace joinedup::rest
