#include "care_door/names.hpp"

namespace joinedup::care_door {

// A UUID of version 8 (RFC 9562: bits of one's own making).
std::string Names::id(std::string_view type, std::string_view feed, std::string_view source_key) const {
  std::string message;
  message.reserve(type.size() + feed.size() + source_key.size() + 2);
  message.append(type).append(1, '\0').append(feed).append(1, '\0').append(source_key);
  auto digest = key_.of(message);
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);
  const std::string hex = to_hex({digest.data(), 16});
  std::string out;
  out.reserve(36);
  out.append(hex, 0, 8).append("-").append(hex, 8, 4).append("-").append(hex, 12, 4).append("-").append(hex, 16, 4).append("-").append(hex, 20, 12);
  return out;
}

}  // namespace joinedup::care_door
