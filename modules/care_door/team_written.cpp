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

std::string patient_of(const nlohmann::json& resource) {
  for (const char* name : {"subject", "for"})
    if (resource.contains(name) && resource[name].contains("reference")) {
      const auto reference = resource[name]["reference"].get<std::string>();
      if (const auto at = reference.rfind("Patient/"); at != std::string::npos) return reference.substr(at + 8, reference.find('/', at + 8) - at - 8);
    }
  return {};
}

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
  std::set<std::string> patients;
  std::map<std::string, std::map<std::string, std::string>> texts;  // by type and id: the same order every time
  for (const auto& [type, query] : std::map<std::string, std::string>{{"CarePlan", ""}, {"Task", ""}, {"Encounter", "_source:missing=true"}}) {
    auto& mine = texts[type];
    JOINEDUP_CHECK(target->each(type, query, [&](const std::string& body) -> Result<void> {
      const auto json = nlohmann::json::parse(body, nullptr, false);
      if (!json.is_object()) return {};
      const auto id = json.value("id", std::string()), patient = patient_of(json);
      if (memory.written().contains(id) || !memory.written().contains(patient)) return {};  // a refresh's own, or of nobody shared here
      patients.insert(patient);
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
