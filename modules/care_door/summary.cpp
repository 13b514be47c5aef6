// What a sharing shared, for status and report.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "care_door/work.hpp"

namespace joinedup::care_door {

using Json = nlohmann::ordered_json;

std::string summary_json(const Shared& shared, const std::string& at) {
  Json out;
  out["at"] = at;
  out["way"] = shared.way;
  out["people"] = shared.patients;
  out["people_open"] = shared.people_open;
  out["left_to_teams"] = shared.left_to_teams;
  out["written"] = {{"created", shared.created}, {"changed", shared.changed}, {"unchanged", shared.unchanged}, {"removed", shared.removed}, {"marked_wrong", shared.marked_wrong}};
  out["by_type"] = Json::object();
  for (const auto& [type, standing] : shared.standing) out["by_type"][type] = standing;
  out["feeds"] = Json::array();
  for (const auto& feed : shared.feeds) {
    Json not_shared = Json::object();
    for (const auto& [reason, rows] : feed.not_shared) not_shared[reason] = rows;
    out["feeds"].push_back({{"feed", feed.feed}, {"rows_in", feed.rows_in}, {"shared", feed.shared}, {"not_shared", not_shared}});
  }
  out["notes"] = shared.notes;
  return out.dump();
}

Result<std::string> last_shared_json(const place::Place& place) {
  if (!std::filesystem::exists(place.path("vault/care_door.sqlite"))) return std::string();
  JOINEDUP_TRY(const auto memory, Memory::open(place, "none"));  // of nobody: what is read of everybody takes time
  return memory.summary();
}

}  // namespace joinedup::care_door
