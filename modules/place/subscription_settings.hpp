// [subscriptions] of place.toml: which receivers of notifications may have addresses that are not public. Read when serving only.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::place {

struct SubscriptionSettings {
  std::vector<std::string> receivers;  // "host:port" that may be notified though their addresses are not public
  std::string authority_file;          // PEM, with the place's folder: by it receivers' certificates are checked; empty: the system's
};
Result<SubscriptionSettings> read_subscription_settings(const std::string& place_folder);  // nothing set where there is no place.toml

}  // namespace joinedup::place
