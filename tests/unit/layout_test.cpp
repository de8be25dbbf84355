// SPDX-License-Identifier: BSD-2-Clause
//
// C++ types against BTF made up here: what a map of another version or of somebody else may look like.
#include "bpfxx/layout.hpp"

#include <memory>

#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpfxx/map.hpp"

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

/// BTF under construction. The numbers that add functions return are the types' ids.
class Types {
public:
    Types() : types_(btf__new_empty(), &btf__free)
    {
        u64 = btf__add_int(types_.get(), "unsigned long long", 8, 0);
        u32 = btf__add_int(types_.get(), "unsigned int", 4, 0);
        u16 = btf__add_int(types_.get(), "unsigned short", 2, 0);
        s16 = btf__add_int(types_.get(), "short", 2, BTF_INT_SIGNED);
        alias64 = btf__add_typedef(types_.get(), "__u64", u64);
    }

    struct Member {
        const char* name;
        int type;
        std::uint32_t offset; ///< bytes
    };

    int structure(const char* name, std::uint32_t size, std::initializer_list<Member> members)
    {
        const int id = btf__add_struct(types_.get(), name, size);
        for (const Member& member : members)
            btf__add_field(types_.get(), member.name, member.type, member.offset * 8, 0);
        return id;
    }

    int array(int element, std::uint32_t count) { return btf__add_array(types_.get(), u32, element, count); }

    int inner() { return structure("Inner", 8, {{"a", u32, 0}, {"b", s16, 4}, {"c", u16, 6}}); }

    bpfxx::LayoutReport compare(const bpfxx::Shape& shape, int id) const
    {
        return bpfxx::compare_layout(shape, types_.get(), static_cast<std::uint32_t>(id));
    }

    struct btf* get() const { return types_.get(); }

    int u64, u32, u16, s16, alias64;

private:
    std::unique_ptr<struct btf, decltype(&btf__free)> types_;
};

TEST(Layout, SameIsOneRunOfBytes)
{
    Types types;
    const int id = types.structure(
        "Outer", 32,
        {{"first", types.alias64, 0}, {"inner", types.array(types.inner(), 2), 8}, {"last", types.u64, 24}});
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

TEST(Layout, ArrayOfAnotherLengthIsRefused)
{
    Types types;
    const int id = types.structure(
        "Outer", 40,
        {{"first", types.u64, 0}, {"inner", types.array(types.inner(), 3), 8}, {"last", types.u64, 32}});
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

TEST(Layout, BitFieldIsRefused)
{
    Types types;
    const int id = btf__add_struct(types.get(), "Inner", 8);
    btf__add_field(types.get(), "a", types.u32, 0, 12);
    btf__add_field(types.get(), "b", types.s16, 32, 0);
    btf__add_field(types.get(), "c", types.u16, 48, 0);
    const auto report = types.compare(bpfxx::shape<Inner>, id);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_THAT(report.table(), testing::HasSubstr("bit field"));
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
