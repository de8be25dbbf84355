// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/cpus.hpp"

#include <gtest/gtest.h>

namespace {

using bpfxx::parse_cpu_list;

TEST(CpuList, CountsNumbersAndTheirLimitApart)
{
    const auto cpus = parse_cpu_list("0-1,4,8-10\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count, 6U);
    EXPECT_EQ(cpus->id_limit, 11U);
}

TEST(CpuList, OneCpu)
{
    const auto cpus = parse_cpu_list("0");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count, 1U);
    EXPECT_EQ(cpus->id_limit, 1U);
}

TEST(CpuList, WhatIsNoListIsRefused)
{
    for (const char* text : {"", "a", "1-", "3-1", "1,", "0-1x", "-1"}) {
        const auto cpus = parse_cpu_list(text);
        ASSERT_FALSE(cpus) << text;
        EXPECT_EQ(cpus.error().kind(), bpfxx::ErrorKind::invalid) << text;
    }
}

TEST(PossibleCpus, ThisMachineHasSome)
{
    const auto cpus = bpfxx::possible_cpus();
    ASSERT_TRUE(cpus);
    EXPECT_GE(cpus->count, 1U);
    EXPECT_GE(cpus->id_limit, cpus->count);
}

} // namespace
