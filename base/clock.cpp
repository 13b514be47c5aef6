#include "base/clock.hpp"

#include <ctime>

namespace joinedup {

Date today() { return Date{static_cast<std::int32_t>(std::time(nullptr) / 86400)}; }

std::string instant_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace joinedup
