#include "place/workspace_settings.hpp"

#include <filesystem>

#include "base/file.hpp"
#include "place/read_workspace.hpp"

namespace joinedup::place {

Result<WorkspaceSettings> read_workspace(StrictTable& root) {
  WorkspaceSettings out;
  const auto* item = root.table("workspace", Presence::optional);
  if (item == nullptr) return out;
  StrictTable table(*item, "place.toml", "[workspace]");
  const auto minutes = table.integer("escalate_minutes", Presence::optional, out.escalate_minutes);
  if (minutes < 1 || minutes > 10'080) table.complain("escalate_minutes", "Alerts go to the team's lead after 1 to 10080 minutes (a week).");
  out.escalate_minutes = static_cast<int>(minutes);
  JOINEDUP_CHECK(table.finish());
  return out;
}

Result<WorkspaceSettings> read_workspace_settings(const std::string& folder) {
  const std::string file = folder + "/place.toml";
  if (!std::filesystem::exists(file)) return WorkspaceSettings{};
  JOINEDUP_TRY(const auto text, read_file(file));
  JOINEDUP_TRY(const auto table, parse_toml(text, "place.toml"));
  StrictTable root(table, "place.toml", "the top level");
  return read_workspace(root);
}

}  // namespace joinedup::place
