// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/text.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "bpfxx/view.hpp"

namespace {

using bpfxx::Bytes;
using bpfxx::MutableBytes;
using bpfxx::Name;
using bpfxx::Text;
using bpfxx::View;

std::string taken(Text text)
{
    return text;
}

TEST(TextTest, TakesWhatPathsAndNamesAreHeldIn)
{
    EXPECT_EQ(taken("literal"), "literal");
    EXPECT_EQ(taken(std::string("string")), "string");
    EXPECT_EQ(taken(std::filesystem::path("/a") / "path"), "/a/path");
    EXPECT_EQ(taken(Name("name")), "name");
    EXPECT_EQ(taken(nullptr), "");
    EXPECT_EQ(taken({}), "");
    const std::string with_nul("a\0b", 3);
    EXPECT_EQ(taken(with_nul), with_nul);
}

TEST(TextTest, BecomesWhatIsWanted)
{
    const Text text = "some text";
    const std::string string = text;
    const std::string_view view = text;
    EXPECT_EQ(string, "some text");
    EXPECT_EQ(view, "some text");
    EXPECT_EQ(text, view);
    EXPECT_EQ(text, string);
    EXPECT_NE(text, "some");
    EXPECT_EQ(text + "; " + string, "some text; some text");
    EXPECT_EQ("> " + text, "> some text");
    std::ostringstream out;
    out << text;
    EXPECT_EQ(out.str(), "some text");
}

TEST(TextTest, ANameIsCutWhereTheKernelCutsIt)
{
    EXPECT_EQ(Name("123456789012345"), "123456789012345");
    EXPECT_EQ(Name("1234567890123456"), "123456789012345");
    EXPECT_TRUE(Name().empty());
    EXPECT_EQ("of " + Name("name"), "of name");
}

TEST(ViewTest, TakesWhatLiesOneBehindTheOther)
{
    std::vector<int> vector{1, 2, 3};
    const std::array<int, 2> array{4, 5};
    int plain[] = {6};
    const auto sum = [](View<const int> numbers) {
        int total = 0;
        for (const int number : numbers)
            total += number;
        return total;
    };
    EXPECT_EQ(sum(vector), 6);
    EXPECT_EQ(sum(array), 9);
    EXPECT_EQ(sum(plain), 6);
    EXPECT_EQ(sum(std::span(vector).first(2)), 3);
    EXPECT_EQ(sum(View<int>(vector).subspan(1)), 5);
    EXPECT_EQ(sum(View<const int>(vector).subspan(1, 1)), 2);
    EXPECT_EQ(sum({}), 0);
    static_assert(std::is_constructible_v<View<int>, std::vector<int>&>);
    static_assert(!std::is_constructible_v<View<int>, const std::vector<int>&>);
    static_assert(!std::is_constructible_v<View<const int>, std::vector<short>&>);
}

TEST(ViewTest, OfBytesTakesBytesOfAnyKind)
{
    std::string text = "text";
    std::vector<std::byte> bytes(3);
    std::array<unsigned char, 2> octets{};
    const auto size = [](Bytes seen) { return seen.size(); };
    EXPECT_EQ(size(text), 4U);
    EXPECT_EQ(size(bytes), 3U);
    EXPECT_EQ(size(octets), 2U);
    EXPECT_EQ(size(MutableBytes(text).first(2)), 2U);
    static_assert(!std::is_constructible_v<Bytes, std::vector<int>&>);
    static_assert(!std::is_constructible_v<MutableBytes, const std::string&>);
    const std::span<const std::byte> span = Bytes(bytes);
    EXPECT_EQ(span.data(), bytes.data());
}

} // namespace
