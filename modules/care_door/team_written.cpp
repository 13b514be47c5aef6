// The way back: what teams wrote in the shared record becomes a feed of the place, read like any other at the next refresh.
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.hpp"
#include "care_door/care_door.hpp"
#include "care_door/memory.hpp"
#include "care_door/target.hpp"

namespace joinedup::care_door {
namespace {

namespace fs = std::filesystem;

// The past that a demonstration was given is nobody's work: it comes back as no activity, and a demonstration begun again has nothing new to read.
bool is_made_up(const nlohmann::json& resource) {
  for (const auto& tag : resource.value("meta", nlohmann::json::object()).value("tag", nlohmann::json::array()))
    if (tag.value("system", std::string()) == "urn:joinedup:demonstration") return true;
  return false;
}

std::string patient_of(const nlohmann::json& resource) {
  for (const char* name : {"subject", "for"})
    if (resource.contains(name) && resource[name].contains("reference")) {
      const auto reference = resource[name]["reference"].get<std::string>();
      if (const auto at = reference.rfind("Patient/"); at != std::string::npos) return reference.substr(at + 8, reference.find('/', at + 8) - at - 8);
    }
  return {};
}

std::string id_in(const nlohmann::json& reference, std::string_view type) {
  const auto text = reference.is_object() ? reference.value("reference", std::string()) : std::string();
  const auto start = std::string(type) + "/";
  const auto at = text.rfind(start);
  return at == std::string::npos ? std::string() : text.substr(at + start.size(), text.find('/', at + start.size()) - at - start.size());
}

constexpr std::string_view role_system = "urn:joinedup:role";

std::string role_in(const nlohmann::json& concepts) {
  if (!concepts.is_array()) return {};
  for (const auto& one : concepts)
    for (const auto& coding : one.value("coding", nlohmann::json::array()))
      if (coding.value("system", std::string()) == role_system) return coding.value("code", std::string());
  return {};
}

// Who did it is said by reference; a feed that must be priced says the worker's role. From the directory, where the entry itself is silent.
class Roles {
 public:
  Result<void> read(Target& target) {
    JOINEDUP_CHECK(target.each("PractitionerRole", "", [&](const std::string& body) -> Result<void> {
      const auto json = nlohmann::json::parse(body, nullptr, false);
      if (json.is_object()) role_of_[json.value("id", std::string())] = role_in(json.value("code", nlohmann::json::array()));
      return {};
    }));
    return target.each("Appointment", "", [&](const std::string& body) -> Result<void> {
      const auto json = nlohmann::json::parse(body, nullptr, false);
      if (!json.is_object() || !json.contains("participant")) return {};
      auto& present = present_at_[json.value("id", std::string())];
      for (const auto& one : json["participant"])
        for (const auto& extension : one.value("extension", nlohmann::json::array()))
          if (extension.value("url", std::string()) == "urn:joinedup:attended" && extension.value("valueBoolean", false)) {
            const auto role = of(one.value("actor", nlohmann::json::object()));
            present.push_back(role.empty() ? "unknown" : role);
          }
      std::sort(present.begin(), present.end());
      return {};
    });
  }
  void name_in_task(nlohmann::json& task) const {
    if (const auto role = of(task.value("owner", nlohmann::json::object())); !role.empty() && role_in(task.value("performerType", nlohmann::json::array())).empty())
      task["performerType"].push_back(coded(role));
    const auto group = task.value("groupIdentifier", nlohmann::json::object());
    if (group.value("system", std::string()) != "urn:joinedup:meeting") return;
    const auto found = present_at_.find(group.value("value", std::string()));
    if (found == present_at_.end() || found->second.empty()) return;
    std::string roles;
    for (const auto& role : found->second) roles += (roles.empty() ? "" : " ") + role;
    task["extension"].push_back({{"url", "urn:joinedup:attended-roles"}, {"valueString", roles}});
    task["extension"].push_back({{"url", "urn:joinedup:attended-number"}, {"valueInteger", found->second.size()}});
  }
  void name_in_encounter(nlohmann::json& encounter) const {
    if (!encounter.contains("participant")) return;
    for (auto& one : encounter["participant"])
      if (const auto role = of(one.value("individual", nlohmann::json::object())); !role.empty() && role_in(one.value("type", nlohmann::json::array())).empty())
        one["type"].push_back(coded(role));
  }

 private:
  static nlohmann::json coded(const std::string& role) { return {{"coding", {{{"system", role_system}, {"code", role}}}}}; }
  std::string of(const nlohmann::json& reference) const {
    const auto found = role_of_.find(id_in(reference, "PractitionerRole"));
    return found == role_of_.end() ? std::string() : found->second;
  }
  std::map<std::string, std::string> role_of_;                  // by PractitionerRole
  std::map<std::string, std::vector<std::string>> present_at_;  // by Appointment: those who attended
};

// Unchanged texts are not written: a refresh knows changed inputs by their files.
Result<void> put_file(const std::string& file, const std::string& text) {
  std::error_code ignored;
  if (text.empty()) {
    fs::remove(file, ignored);
    return {};
  }
  if (const auto there = read_file(file); there && *there == text) return {};
  return write_file(file, text, FileMode::secret);
}

}  // namespace

Result<std::uint64_t> export_team_written(const place::Place& place) {
  if (!fs::exists(record_file(place))) return std::uint64_t{0};
  JOINEDUP_TRY(auto memory, Memory::open(place));
  JOINEDUP_TRY(auto target, open_target(place));
  const auto folder = place.path("feeds/shared_record");
  std::uint64_t exported = 0;
  Roles roles;
  JOINEDUP_CHECK(roles.read(*target));
  std::set<std::string> patients;
  std::map<std::string, std::map<std::string, std::string>> texts;  // by type and id: the same order every time
  for (const auto& [type, query] : std::map<std::string, std::string>{{"CarePlan", ""}, {"Task", ""}, {"Encounter", "_source:missing=true"}}) {
    auto& mine = texts[type];
    JOINEDUP_CHECK(target->each(type, query, [&](const std::string& body) -> Result<void> {
      auto json = nlohmann::json::parse(body, nullptr, false);
      if (!json.is_object() || is_made_up(json)) return {};
      const auto id = json.value("id", std::string()), patient = patient_of(json);
      if (memory.written().contains(id) || !memory.written().contains(patient)) return {};  // a refresh's own, or of nobody shared here
      patients.insert(patient);
      if (type == "Task") roles.name_in_task(json);
      if (type == "Encounter") roles.name_in_encounter(json);
      mine[id] = json.dump();
      ++exported;
      return {};
    }));
  }
  for (const auto& patient : patients) {
    JOINEDUP_TRY(const auto body, target->read("Patient", patient));
    if (body) texts["Patient"][patient] = nlohmann::json::parse(*body, nullptr, false).dump();
  }
  if (exported == 0 && !fs::exists(folder)) return exported;
  JOINEDUP_CHECK(make_folder(folder, FileMode::secret));
  for (const char* type : {"Patient", "CarePlan", "Task", "Encounter"}) {
    std::string text;
    for (const auto& [id, line] : texts[type]) text += line + "\n";
    JOINEDUP_CHECK(put_file(folder + "/" + type + ".ndjson", text));
  }
  return exported;
}

}  // namespace joinedup::care_door
