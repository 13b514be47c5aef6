#include "base/public_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace joinedup {

namespace {

struct Range {
  std::uint32_t network;
  int bits;
};
// IPv4 that is not for the public network. Source: IANA IPv4 Special-Purpose Address Registry; 224/4 is multicast.
constexpr std::array<Range, 15> special = {{{0x00000000, 8}, {0x0A000000, 8}, {0x64400000, 10}, {0x7F000000, 8}, {0xA9FE0000, 16}, {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24},
                                            {0xC0586300, 24}, {0xC0A80000, 16}, {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4}, {0xF0000000, 4}}};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(special.begin(), special.end(), [&](const Range& range) { return (address >> (32 - range.bits)) == (range.network >> (32 - range.bits)); });
}

bool is_public_v6(const std::uint8_t* bytes) {
  const bool is_mapped = std::all_of(bytes, bytes + 10, [](std::uint8_t b) { return b == 0; }) && bytes[10] == 0xFF && bytes[11] == 0xFF;
  if (is_mapped) return is_public_v4((std::uint32_t{bytes[12]} << 24) | (std::uint32_t{bytes[13]} << 16) | (std::uint32_t{bytes[14]} << 8) | bytes[15]);
  if ((bytes[0] & 0xE0) != 0x20) return false;                                // global unicast is 2000::/3
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return false;                     // 6to4 wraps an IPv4 address
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02) return false;  // 2001::/23: Teredo and protocol assignments
  return !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8);  // documentation
}

}  // namespace

bool is_public_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) return is_public_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  if (address->sa_family == AF_INET6) return is_public_v6(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr);
  return false;
}

bool is_public_address(const std::string& ip) {
  in_addr v4{};
  if (::inet_pton(AF_INET, ip.c_str(), &v4) == 1) return is_public_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  return ::inet_pton(AF_INET6, ip.c_str(), &v6) == 1 && is_public_v6(v6.s6_addr);
}

}  // namespace joinedup
