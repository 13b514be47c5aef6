// joinedup subscriptions dead: what partners could not be told.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "subscriptions/subscriptions.hpp"

namespace joinedup::cli {

int subscriptions_command(std::span<const std::string> arguments) {
  using Json = nlohmann::json;
  if (arguments.size() == 1 && arguments[0] == "--help") {
    std::puts("joinedup subscriptions dead --place DIR [--json]\n\nLists notifications that a partner's receiver did not take, after the last try. Its Subscription has the status error;\n"
              "set it to requested once the receiver is mended, and they have their turn again.");
    return 0;
  }
  const auto common = read_common(arguments);
  if (!common) return report_error(common.error());
  if (common->rest.size() != 1 || common->rest[0] != "dead") return report_error({ErrorCode::wrong_usage, "joinedup subscriptions dead --place DIR; --help says what it is.", {}});
  if (common->place.empty()) return report_error({ErrorCode::wrong_usage, "Say which place with --place DIR.", {}});
  const auto dead = subscriptions::dead_letters(common->place);
  if (!dead) return report_error(dead.error());
  Json out = Json::array();
  for (const auto& one : *dead) {
    if (common->json) out.push_back({{"subscription", one.subscription}, {"resource", one.resource}, {"tries", one.tries}, {"last_tried", one.last_tried}, {"reason", one.reason}});
    else std::printf("Subscription/%s  %s  %llu tries, the last at %s: %s\n", one.subscription.c_str(), one.resource.c_str(), static_cast<unsigned long long>(one.tries), one.last_tried.c_str(), one.reason.c_str());
  }
  if (common->json) std::puts(out.dump().c_str());
  else if (dead->empty()) std::puts("Every notification was delivered, or waits for its next try.");
  return 0;
}

}  // namespace joinedup::cli
