// [workspace] of place.toml. Inside this room only.
#pragma once
#include "place/strict_toml.hpp"
#include "place/workspace_settings.hpp"

namespace joinedup::place {

Result<WorkspaceSettings> read_workspace(StrictTable& root);

}  // namespace joinedup::place
