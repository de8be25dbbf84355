// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "counter/interface.hpp"
#include "counter/pin_root.hpp"

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NearNames, NearestFirstAndAtMostThree)
{
    EXPECT_THAT(xdpstat::near_names("eth9", {"docker0", "eth0", "eth1", "eth2", "eth3", "lo"}),
                ElementsAre("eth0", "eth1", "eth2"));
    EXPECT_THAT(xdpstat::near_names("enp3s0", {"enp2s0", "enp3s0f1", "lo"}),
                ElementsAre("enp2s0", "enp3s0f1"));
    EXPECT_THAT(xdpstat::near_names("wlan0", {"eth0", "lo"}), IsEmpty());
}

TEST(FolderNames, GoThereAndBack)
{
    for (const char* name : {"eth0", "eth0.100", "a%2eb", "%", "...", "vlan@if2"}) {
        const std::string folder = xdpstat::encode_name(name);
        EXPECT_EQ(folder.find('.'), std::string::npos) << folder;
        EXPECT_EQ(xdpstat::decode_name(folder), name);
    }
    EXPECT_EQ(xdpstat::PinRoot("/sys/fs/bpf/x").directory("eth0.100"), "/sys/fs/bpf/x/eth0%2e100");
}

TEST(FindInterface, LoopbackIsThere)
{
    const auto lo = xdpstat::find_interface("lo");
    ASSERT_TRUE(lo);
    EXPECT_EQ(lo->index, 1U);
    EXPECT_EQ(xdpstat::interface_name(1), "lo");
}

TEST(FindInterface, MissingOneNamesTheNear)
{
    const auto missing = xdpstat::find_interface("l0");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind(), bpfxx::ErrorKind::not_found);
    EXPECT_THAT(missing.error().message(), testing::HasSubstr("did you mean lo?"));
}

TEST(FindInterface, ImpossibleNamesAreRefused)
{
    for (const char* name : {"", "a-name-of-sixteen"})
        EXPECT_EQ(xdpstat::find_interface(name).error().kind(), bpfxx::ErrorKind::invalid) << name;
}

TEST(ErrorMessage, IsOneLineWithCauseAndNextStep)
{
    const auto error = bpfxx::system_error("open", "/x", ENOENT, "look elsewhere");
    EXPECT_EQ(error.kind(), bpfxx::ErrorKind::not_found);
    EXPECT_EQ(error.message(), "cannot open /x: No such file or directory; look elsewhere");
}

} // namespace
