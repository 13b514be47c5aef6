// What the directory says of each service beyond its name: for whom, how full, when somebody last looked; and choices outside the network.
#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Words {
  const char* kind;
  const char* eligibility;
};
constexpr Words for_whom[] = {{"community", "Adults registered with a practice of this place who cannot easily leave home."}, {"mental_health", "Adults; crisis calls go to the crisis line, not here."},
                              {"social_care", "Adults who live in the council's area. Anybody may refer, the person too."}, {"housing", "Its own tenants; others are told whom to ask."},
                              {"voluntary", "Anybody over 18 who wishes it."}, {"hospital", "By a practice or a team; urgent ones by telephone as well."}, {"general_practice", "People on the practice's list."}};

json extended(json service, const Book& book, std::size_t nth, const char* eligibility) {
  constexpr const char* capacity[] = {"Places free", "Waiting about two weeks", "Waiting about six weeks", "Full: next places in the new year"};
  auto draw = book.draw("service|" + service["id"].get<std::string>());
  service["extension"] = json::array({value("urn:joinedup:capacity", "valueString", capacity[draw.below(4)]), value("urn:joinedup:last-checked", "valueDate", book.ago(nth % 5 == 4 ? 130 : draw.between(1, 60)))});
  if (eligibility != nullptr) service["eligibility"] = json::array({{{"comment", eligibility}}});
  return service;
}

}  // namespace

Result<std::vector<json>> directory_entries(fhir::Store& store, Book& book, const Directory& directory) {
  std::vector<json> out;
  for (const auto& service : directory.services) {
    JOINEDUP_TRY(const auto version, store.read("HealthcareService", bare(service.reference), fhir::PermitAll()));
    auto body = json::parse(version.body);
    if (body.contains("extension")) continue;  // somebody keeps it already
    const char* eligibility = nullptr;
    for (const auto& [kind, words] : for_whom)
      if (service.kind == kind) eligibility = words;
    body["meta"].erase("versionId"), body["meta"].erase("lastUpdated");
    if (body["meta"].empty()) body.erase("meta");
    out.push_back(extended(std::move(body), book, out.size(), eligibility));
  }
  constexpr const char* outside[][2] = {{"Physiotherapy clinic (not a partner)", "Anybody; the first visit is free of charge."}, {"Day centre of the next borough (not a partner)", "People over 65; a place is paid for by the council where it agrees."}};
  for (const auto& [name, eligibility] : outside) {
    const std::string key = std::string("outside|") + name;
    json service = {{"resourceType", "HealthcareService"}, {"id", book.id("HealthcareService", key)}, {"active", true}, {"name", name}, {"category", json::array({{{"text", "Outside the network"}}})}};
    service = extended(std::move(service), book, 1, eligibility);
    service["extension"].push_back(value("urn:joinedup:outside-network", "valueBoolean", true));
    book.add(std::move(service), key);
  }
  return out;
}

}  // namespace joinedup::living
