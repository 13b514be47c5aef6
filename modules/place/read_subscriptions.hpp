// [subscriptions] of place.toml. Inside this room only.
#pragma once
#include "place/strict_toml.hpp"
#include "place/subscription_settings.hpp"

namespace joinedup::place {

Result<SubscriptionSettings> read_subscriptions(StrictTable& root, const std::string& folder);

}  // namespace joinedup::place
