// [workspace] of place.toml: how a team's work is looked after while serving. Read when serving only.
#pragma once
#include <string>

#include "base/result.hpp"

namespace joinedup::place {

struct WorkspaceSettings {
  int escalate_minutes = 60;  // an alert that nobody has opened by then goes to the team's lead
};
Result<WorkspaceSettings> read_workspace_settings(const std::string& place_folder);  // as above where there is no place.toml

}  // namespace joinedup::place
