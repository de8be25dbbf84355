// SPDX-License-Identifier: BSD-2-Clause
#include "counter/dispatcher.hpp"

#include <gtest/gtest.h>

#include "counter/attachment.hpp"

namespace xdpstat {
namespace {

const DispatchedProgram filter{.id = 12, .name = "xdp_filter", .tag = "57cd311f2e27366b"};

TEST(Dispatcher, DescribesProgramsAsFarAsTheyAreKnown)
{
    const DispatchedProgram hidden{.id = 7, .name = {}, .tag = {}};
    EXPECT_EQ(describe(filter), "'xdp_filter' (id 12, tag 57cd311f2e27366b)");
    EXPECT_EQ(describe(hidden), "id 7");
    EXPECT_EQ(describe(std::vector{filter, hidden}), "'xdp_filter' (id 12, tag 57cd311f2e27366b), id 7");
}

TEST(Dispatcher, NamesActionsAsOptionsDo)
{
    EXPECT_EQ(action_words(0), "");
    EXPECT_EQ(action_words(1U << XDP_PASS), "pass");
    EXPECT_EQ(action_words(~0U), "aborted,drop,pass,tx,redirect");
}

} // namespace
} // namespace xdpstat
