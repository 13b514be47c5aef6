// Inside this room only: the [[agreement]]s of place.toml.
#pragma once
#include <string>

#include "place/place.hpp"
#include "place/strict_toml.hpp"

namespace joinedup::place {
Result<void> read_agreements(StrictTable& root, Place& place, const std::string& file);
}
