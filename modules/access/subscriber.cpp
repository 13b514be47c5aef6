// On whose behalf a Subscription asks.
#include <nlohmann/json.hpp>

#include "access/access.hpp"

namespace joinedup::access {

std::string subscriber_of(const fhirpath::Document& subscription) {
  const auto list = subscription.find(subscription.root(), "extension");
  if (list == fhirpath::no_node || subscription.kind(list) != fhirpath::NodeKind::array) return {};
  std::string out;
  for (const auto one : subscription.children(list)) {
    if (subscription.text_of(one, "url") != subscriber_extension) continue;
    if (!out.empty()) return {};
    out = subscription.text_of(one, "valueString");
  }
  return out;
}

namespace {

using Json = nlohmann::ordered_json;

bool stamp(Json& resource, const std::string& user) {
  if (!resource.is_object() || !resource.contains("resourceType")) return false;
  bool any = false;
  if (resource["resourceType"] == "Subscription") {
    Json kept = Json::array();
    if (resource.contains("extension") && resource["extension"].is_array())
      for (auto& one : resource["extension"])
        if (!one.is_object() || !one.contains("url") || one["url"] != subscriber_extension) kept.push_back(std::move(one));
    kept.push_back({{"url", subscriber_extension}, {"valueString", user}});
    resource["extension"] = std::move(kept);
    any = true;
  }
  if (resource["resourceType"] == "Bundle" && resource.contains("entry") && resource["entry"].is_array())
    for (auto& entry : resource["entry"])
      if (entry.is_object() && entry.contains("resource")) any = stamp(entry["resource"], user) || any;
  return any;
}

}  // namespace

std::optional<std::string> with_subscriber(std::string_view body, const std::string& user) {
  // Rare among what is posted: what does not name the type is not read. What says it by escapes is left as it is, and refused.
  if (body.find("\"Subscription\"") == body.npos) return std::nullopt;
  auto tree = Json::parse(body, nullptr, false);
  if (!stamp(tree, user)) return std::nullopt;
  return tree.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace joinedup::access
