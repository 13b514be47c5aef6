// Versions on disk: made beside, put in place by one rename, kept for a while, swept when a run was killed. Private to this room.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "place/place.hpp"
#include "vault/vault.hpp"

namespace joinedup::refresh {

// One refresh, and no opening of a record beside it: waits a few seconds for what is soon over.
Result<vault::PlaceLock> lock_place(const place::Place& place);

// Below `parent`: makes <run>.new empty; versions that a killed run left behind are erased first.
Result<std::string> begin_version(const std::string& parent, const std::string& run);
// <run>.new → <run>, then `current` points to it; older versions beyond `keep` are erased.
Result<void> publish_version(const std::string& parent, const std::string& run, std::size_t keep);
void drop_version(const std::string& folder);

}  // namespace joinedup::refresh
