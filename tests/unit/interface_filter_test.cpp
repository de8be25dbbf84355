// SPDX-License-Identifier: BSD-2-Clause
#include "counter/interface_filter.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xdpstat {

namespace {

using testing::HasSubstr;

InterfaceFilter filter(const std::string& include, const std::string& exclude = "")
{
    auto made = InterfaceFilter::make(include, exclude);
    EXPECT_TRUE(made) << made.error().message();
    return made ? *made : InterfaceFilter();
}

TEST(InterfaceFilter, MatchesAllWithoutPatterns)
{
    EXPECT_TRUE(InterfaceFilter().matches("eth0"));
    EXPECT_TRUE(filter("").matches("eth0"));
}

TEST(InterfaceFilter, MatchesWholeNames)
{
    EXPECT_TRUE(filter("eth.").matches("eth0"));
    EXPECT_FALSE(filter("eth").matches("eth0"));
    EXPECT_FALSE(filter("th0").matches("eth0"));
    EXPECT_TRUE(filter("eth0|veth[0-9a-f]+").matches("vethc0ffee"));
    EXPECT_FALSE(filter("eth0|veth[0-9a-f]+").matches("eth00"));
}

TEST(InterfaceFilter, ExcludesOfWhatItIncludes)
{
    EXPECT_FALSE(filter("eth.*", "eth1").matches("eth1"));
    EXPECT_TRUE(filter("eth.*", "eth1").matches("eth10"));
    EXPECT_FALSE(filter("", "lo").matches("lo"));
    EXPECT_TRUE(filter("", "lo").matches("eth0"));
}

TEST(InterfaceFilter, SaysWhatIsNoExpression)
{
    const auto include = InterfaceFilter::make("eth(", "");
    ASSERT_FALSE(include);
    EXPECT_EQ(include.error().kind(), bpfxx::ErrorKind::invalid);
    EXPECT_THAT(std::string(include.error().message()), HasSubstr("'eth('"));
    const auto exclude = InterfaceFilter::make("eth.*", "[");
    ASSERT_FALSE(exclude);
    EXPECT_THAT(std::string(exclude.error().message()), HasSubstr("'['"));
}

} // namespace

} // namespace xdpstat
