// SPDX-License-Identifier: BSD-2-Clause
//
// C++ types against BTF made up here: what a map of another version or of somebody else may look like.
#include "bpfxx/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpfxx/projection.hpp"
#include "btf_types.hpp"

namespace {

struct Inner {
    std::uint32_t a;
    std::int16_t b;
    std::uint16_t c;
};

struct Outer {
    std::uint64_t first;
    Inner inner[2];
    std::uint64_t last;
};

} // namespace

BPFXX_DESCRIBE(Inner, a, b, c);
BPFXX_DESCRIBE(Outer, first, inner, last);

namespace {

using bpfxx::Outcome;
using bpfxx::test::Types;

int inner(Types& types)
{
    return types.structure("Inner", 8, {{"a", types.u32, 0}, {"b", types.s16, 4}, {"c", types.u16, 6}});
}

TEST(Layout, SameIsOneRunOfBytes)
{
    Types types;
    const int id = types.structure(
        "Outer", 32,
        {{"first", types.alias64, 0}, {"inner", types.array(inner(types), 2), 8}, {"last", types.u64, 24}});
    const auto report = types.compare(bpfxx::shape<Outer>, id);
    EXPECT_EQ(report.outcome, Outcome::same);
    EXPECT_THAT(report.differences, testing::IsEmpty());
    EXPECT_EQ(report.table(), "");
    ASSERT_EQ(report.projection.size(), 1U);
    EXPECT_EQ(report.projection[0].size, sizeof(Outer));
}

TEST(Layout, MovedAndAddedFieldsAreReadByProjection)
{
    Types types;
    const int wide_inner = types.structure(
        "Inner", 12,
        {{"new_field", types.u32, 0}, {"a", types.u32, 4}, {"b", types.s16, 8}, {"c", types.u16, 10}});
    const int id = types.structure(
        "Outer", 40,
        {{"last", types.u64, 0}, {"inner", types.array(wide_inner, 2), 8}, {"first", types.u64, 32}});
    const auto report = types.compare(bpfxx::shape<Outer>, id);
    EXPECT_EQ(report.outcome, Outcome::compatible);

    std::array<std::byte, 40> value{};
    const auto put = [&](std::size_t at, auto number) {
        std::memcpy(value.data() + at, &number, sizeof(number));
    };
    put(0, std::uint64_t{7});
    put(8, std::uint32_t{99});
    put(12, std::uint32_t{1});
    put(16, std::int16_t{-2});
    put(18, std::uint16_t{3});
    put(24, std::uint32_t{4});
    put(28, std::int16_t{-5});
    put(30, std::uint16_t{6});
    put(32, std::uint64_t{8});
    Outer outer{};
    bpfxx::project(report.projection, value.data(), &outer);
    EXPECT_EQ(outer.first, 8U);
    EXPECT_EQ(outer.last, 7U);
    EXPECT_EQ(outer.inner[0].a, 1U);
    EXPECT_EQ(outer.inner[0].b, -2);
    EXPECT_EQ(outer.inner[0].c, 3U);
    EXPECT_EQ(outer.inner[1].a, 4U);
    EXPECT_EQ(outer.inner[1].b, -5);
    EXPECT_EQ(outer.inner[1].c, 6U);
}

TEST(Layout, EveryDifferenceIsListed)
{
    Types types;
    const int inner = types.structure("Inner", 8, {{"a", types.u64, 0}, {"b", types.u16, 4}});
    const int id =
        types.structure("Outer", 24, {{"first", types.u32, 0}, {"inner", types.array(inner, 2), 8}});
    const auto report = types.compare(bpfxx::shape<Outer>, id);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_THAT(report.projection, testing::IsEmpty());
    EXPECT_EQ(report.table(), "  field      C++ struct Outer  map struct Outer\n"
                              "  first      u64 at byte 0     u32 at byte 0     refused\n"
                              "  inner[].a  u32 at byte 8     u64 at byte 8     refused\n"
                              "  inner[].b  s16 at byte 12    u16 at byte 12    refused\n"
                              "  inner[].c  u16 at byte 14    missing           refused\n"
                              "  last       u64 at byte 24    missing           refused\n"
                              "  (size)     32 bytes          24 bytes          bridged\n");
}

TEST(Layout, FieldsThatAreMissingMayReadAsZero)
{
    Types types;
    const int id = types.structure("Outer", 8, {{"last", types.u64, 0}});
    const auto report = types.compare(bpfxx::shape<Outer>, id, true);
    EXPECT_EQ(report.outcome, Outcome::compatible);
    EXPECT_EQ(report.differences.front().field, "first");
    EXPECT_THAT(report.differences.front().found, testing::IsEmpty());
    const std::uint64_t value = 7;
    Outer outer{};
    bpfxx::project(report.projection, reinterpret_cast<const std::byte*>(&value), &outer);
    EXPECT_EQ(outer.last, 7U);
    EXPECT_EQ(outer.first, 0U);
    EXPECT_EQ(types.compare(bpfxx::shape<Outer>, types.structure("Outer", 4, {{"last", types.u32, 0}}), true)
                  .outcome,
              Outcome::incompatible)
        << "what is there has to fit all the same";
}

TEST(Layout, ArrayOfAnotherLengthIsRefused)
{
    Types types;
    const int id = types.structure(
        "Outer", 40,
        {{"first", types.u64, 0}, {"inner", types.array(inner(types), 3), 8}, {"last", types.u64, 32}});
    const auto report = types.compare(bpfxx::shape<Outer>, id);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_THAT(report.table(), testing::HasSubstr("2 elements  "));
    EXPECT_THAT(report.table(), testing::HasSubstr("3 elements  "));
}

TEST(Layout, AnotherKindIsRefused)
{
    Types types;
    const auto report = types.compare(bpfxx::shape<Outer>, types.u64);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_EQ(report.found, "u64");
}

TEST(Layout, VoidIsRefused)
{
    const Types types;
    EXPECT_EQ(types.compare(bpfxx::shape<Outer>, 0).outcome, Outcome::incompatible);
    EXPECT_EQ(types.compare(bpfxx::shape<Outer>, 9999).outcome, Outcome::incompatible);
}

TEST(Layout, UnionInPlaceOfAStructIsRefused)
{
    Types types;
    const int id = btf__add_union(types.get(), "Inner", 8);
    btf__add_field(types.get(), "a", types.u32, 0, 0);
    EXPECT_EQ(types.compare(bpfxx::shape<Inner>, id).outcome, Outcome::incompatible);
}

TEST(Layout, IntegersCompareBySizeAndSign)
{
    const Types types;
    EXPECT_EQ(types.compare(bpfxx::shape<std::uint64_t>, types.alias64).outcome, Outcome::same);
    EXPECT_EQ(types.compare(bpfxx::shape<std::int64_t>, types.alias64).outcome, Outcome::incompatible);
    EXPECT_EQ(types.compare(bpfxx::shape<std::uint32_t>, types.alias64).outcome, Outcome::incompatible);
}

} // namespace
