// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>

#include "exporter/host_names.hpp"

namespace xdpstat {

namespace {

TEST(HostNames, TakeAddressesAndThisMachine)
{
    const HostNames hosts;
    EXPECT_FALSE(hosts.has_names());
    for (const char* host : {"", "127.0.0.1", "127.0.0.1:10435", "127.1.2.3:1", "192.0.2.7:10435", "[::1]",
                             "[::1]:10435", "[2001:db8::1]:80", "[fe80::1%25eth0]:80", "localhost",
                             "LocalHost:10435", "localhost.", "page.localhost:10435", "localhost:"})
        EXPECT_TRUE(hosts.takes(host)) << host;
}

TEST(HostNames, RefuseWhatIsSomebodyElses)
{
    const HostNames hosts;
    for (const char* host :
         {"evil.example", "evil.example:10435", "localhost.evil.example", "evillocalhost",
          "127.0.0.1.evil.example", "127.0.0.1.", "127.1", "0x7f000001", "2130706433", "[evil.example]",
          "[::1", "[]", "::1", ".", ":10435", "localhost..", "[127.0.0.1]", "127.0.0.1@evil.example"})
        EXPECT_FALSE(hosts.takes(host)) << host;
}

TEST(HostNames, TakeThoseThatWereGiven)
{
    const auto hosts = HostNames::parse({"Node1.example", "stats.example."});
    ASSERT_TRUE(hosts);
    EXPECT_TRUE(hosts->has_names());
    for (const char* host :
         {"node1.example", "NODE1.EXAMPLE:443", "node1.example.", "stats.example", "10.0.0.1"})
        EXPECT_TRUE(hosts->takes(host)) << host;
    for (const char* host : {"evil.example", "example", "x.node1.example", "node1.example.evil"})
        EXPECT_FALSE(hosts->takes(host)) << host;
    EXPECT_TRUE(HostNames::parse({"*"})->takes("evil.example"));
    EXPECT_FALSE(HostNames::parse({})->has_names());
}

TEST(HostNames, WhatIsNoNameIsToldOf)
{
    for (const char* name : {"", "a b", "http://a", "a:80", "[::1]", "a/b", "*.example", "a\n"}) {
        const auto hosts = HostNames::parse({name});
        ASSERT_FALSE(hosts) << name;
        EXPECT_EQ(hosts.error().kind(), bpfxx::ErrorKind::invalid);
        EXPECT_THAT(std::string(hosts.error().message()), testing::HasSubstr("without scheme and port"));
    }
}

TEST(HostNames, HaveAPortThatThereCanBe)
{
    for (const char* text : {"", "a", "a:", "a:0", "a:65535", "[::1]", "[::1]:", "[::1]:80", "192.0.2.1:1"})
        EXPECT_TRUE(is_host_and_port(text)) << text;
    for (const char* text : {"a:65536", "localhost:99999999", "a:-1", "a:+1", "a:1x", "a:b", "a:1:2", "::1",
                             "[::1", "[::1]80", "[::1]:65536", "[::1]:x", "a:99999999999999999999"})
        EXPECT_FALSE(is_host_and_port(text)) << text;
}

TEST(HostNames, AWholeUriSaysTheHostItself)
{
    EXPECT_EQ(host_of("/metrics", "a"), "a");
    EXPECT_EQ(host_of("/?to=http://b/", "a"), "a");
    EXPECT_EQ(host_of("*", "a"), "a");
    EXPECT_EQ(host_of("http://b:1/metrics", "localhost"), "b:1");
    EXPECT_EQ(host_of("HTTP://b", "localhost"), "b");
    EXPECT_EQ(host_of("http://b?c/d", "localhost"), "b");
    EXPECT_EQ(host_of("http://localhost@b/", "localhost"), "b");
    EXPECT_EQ(host_of("http://[::1]:1/", "b"), "[::1]:1");
    EXPECT_EQ(scheme_of("https://a/"), "https");
    EXPECT_EQ(scheme_of("/?to=http://b/"), "");
    EXPECT_EQ(scheme_of("*"), "");
}

} // namespace

} // namespace xdpstat
