#include "place/subscription_settings.hpp"

#include <filesystem>

#include "base/file.hpp"
#include "place/read_subscriptions.hpp"

namespace joinedup::place {

Result<SubscriptionSettings> read_subscriptions(StrictTable& root, const std::string& folder) {
  SubscriptionSettings out;
  const auto* item = root.table("subscriptions", Presence::optional);
  if (item == nullptr) return out;
  StrictTable table(*item, "place.toml", "[subscriptions]");
  out.receivers = table.texts("receivers", Presence::optional);
  const auto authority = table.text("authority", Presence::optional);
  for (const auto& receiver : out.receivers)
    if (const auto colon = receiver.rfind(':'); colon == receiver.npos || colon + 1 == receiver.size() || receiver.find_first_not_of("0123456789", colon + 1) != receiver.npos)
      table.complain("receivers", "A receiver is host:port; \"" + receiver + "\" is not.");
  JOINEDUP_CHECK(table.finish());
  if (!authority.empty()) out.authority_file = folder + "/" + authority;
  return out;
}

Result<SubscriptionSettings> read_subscription_settings(const std::string& folder) {
  const std::string file = folder + "/place.toml";
  if (!std::filesystem::exists(file)) return SubscriptionSettings{};
  JOINEDUP_TRY(const auto text, read_file(file));
  JOINEDUP_TRY(const auto table, parse_toml(text, "place.toml"));
  StrictTable root(table, "place.toml", "the top level");
  JOINEDUP_TRY(auto out, read_subscriptions(root, folder));
  if (!out.authority_file.empty() && !std::filesystem::exists(out.authority_file)) return fail(ErrorCode::not_found, "place.toml names this, but it is not there.", out.authority_file);
  return out;
}

}  // namespace joinedup::place
