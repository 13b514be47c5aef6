// Is an address one of the internet at large? Whoever asks a server that a stranger named must not be led to machines of our own network.
//
//   is_public_address("8.8.8.8")        // true
//   is_public_address("::ffff:10.0.0.1")  // false: an IPv4 address in IPv6's clothes is judged as what it is
//
// Public is what the IANA IPv4 Special-Purpose Address Registry does not list, less multicast; and IPv6's 2000::/3, less 6to4, 2001::/23 (Teredo, protocol
// assignments) and documentation. All else is not, NAT64 among it.
#pragma once
#include <netinet/in.h>

#include <string>

namespace joinedup {

bool is_public_address(const sockaddr* address);    // IPv4 or IPv6; any other family: no
bool is_public_address(const std::string& ip);      // "192.0.2.1", "2001:db8::1" without brackets; what is no address: no

}  // namespace joinedup
