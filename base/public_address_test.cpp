#include "base/public_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace joinedup {

TEST(SsrfAttack, PrivateAddressesAreNotPublic) {
  for (const char* ip : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
                         "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1", "2001:db8::1", "::127.0.0.1", "nonsense"})
    EXPECT_FALSE(is_public_address(ip)) << ip;
  for (const char* ip : {"8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2a00:1450::1", "2606:4700::1", "::ffff:8.8.8.8"}) EXPECT_TRUE(is_public_address(ip)) << ip;
}

TEST(SsrfAttack, ASocketsAddressIsJudgedAsItsText) {
  for (const auto& [ip, is_public] : {std::pair("8.8.8.8", true), std::pair("10.0.0.1", false)}) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    ASSERT_EQ(::inet_pton(AF_INET, ip, &v4.sin_addr), 1);
    EXPECT_EQ(is_public_address(reinterpret_cast<const sockaddr*>(&v4)), is_public) << ip;
  }
  for (const auto& [ip, is_public] : {std::pair("2606:4700::1", true), std::pair("::ffff:127.0.0.1", false), std::pair("fe80::1", false)}) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    ASSERT_EQ(::inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
    EXPECT_EQ(is_public_address(reinterpret_cast<const sockaddr*>(&v6)), is_public) << ip;
  }
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(&other));
}

}  // namespace joinedup
