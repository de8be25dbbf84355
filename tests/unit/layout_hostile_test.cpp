// SPDX-License-Identifier: BSD-2-Clause
//
// BTF that no compiler writes: it must not crash a comparison, nor keep it busy for ever.
#include <cstdint>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "btf_types.hpp"

namespace {

struct Pair {
    std::uint32_t a;
    std::uint32_t b;
};

struct Nest {
    Pair pair;
};

} // namespace

BPFXX_DESCRIBE(Pair, a, b);
BPFXX_DESCRIBE(Nest, pair);

namespace {

using bpfxx::Outcome;
using bpfxx::shape;
using bpfxx::test::Types;
using testing::HasSubstr;

TEST(LayoutHostile, AStructInsideItselfWithoutAName)
{
    Types types;
    const int self = types.next();
    types.structure("pair", 8, {{"", self, 0}, {"a", types.u32, 0}, {"b", types.u32, 4}});
    const auto report = types.compare(shape<Pair>, self);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_THAT(report.table(), HasSubstr("endless members"));
}

TEST(LayoutHostile, AStructInsideItselfWithAName)
{
    Types types;
    const int self = types.next();
    types.structure("pair", 8, {{"a", self, 0}, {"b", self, 4}});
    EXPECT_EQ(types.compare(shape<Pair>, self).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, AnArrayOfItself)
{
    Types types;
    const int self = types.next();
    types.array(self, 4);
    EXPECT_EQ(types.compare(shape<std::uint32_t[4][4]>, self).outcome, Outcome::incompatible);
    EXPECT_EQ(types.compare(shape<Pair>, self).outcome, Outcome::incompatible);
    const int holder = types.structure("pair", 8, {{"a", self, 0}, {"b", types.u32, 4}, {"c", self, 0}});
    EXPECT_EQ(types.compare(shape<Pair>, holder).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, ATypedefOfItself)
{
    Types types;
    const int self = types.next();
    btf__add_typedef(types.get(), "loop", self);
    EXPECT_EQ(types.compare(shape<std::uint32_t>, self).outcome, Outcome::incompatible);
    const int holder = types.structure("pair", 8, {{"a", self, 0}, {"b", types.u32, 4}});
    EXPECT_EQ(types.compare(shape<Pair>, holder).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, DoublingAtEachLevel)
{
    Types types;
    int level = types.either("", 4, {});
    for (int i = 0; i < 30; i++)
        level = types.either("", 4, {{"", level, 0}, {"", level, 0}});
    const int id = types.structure("pair", 8, {{"", level, 0}, {"a", types.u32, 0}, {"b", types.u32, 4}});
    EXPECT_EQ(types.compare(shape<Pair>, id).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, MembersBeyondWhatACopyCanSay)
{
    constexpr std::uint32_t far = std::numeric_limits<std::uint32_t>::max() / 8; // bytes; BTF counts bits
    Types types;
    const int pair = types.structure("pair", far, {{"a", types.u32, far}, {"b", types.u32, 0}});
    EXPECT_EQ(types.compare(shape<Pair>, pair).outcome, Outcome::compatible);
    const int huge = types.structure("pair", std::numeric_limits<std::uint32_t>::max(),
                                     {{"a", types.u32, 0}, {"b", types.u32, 4}});
    const int nest = types.structure("nest", 8, {{"pair", huge, 8}});
    EXPECT_EQ(types.compare(shape<Nest>, nest).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, ElementsBeyondWhatACopyCanSay)
{
    constexpr std::uint32_t quarter = 1U << 30;
    constexpr std::uint32_t far = std::numeric_limits<std::uint32_t>::max() / 8;
    Types types;
    const int pair = types.structure("pair", 8, {{"a", types.u32, far}, {"b", types.u32, 0}});
    const int nest = types.structure("nest", quarter, {{"pair", pair, far}});
    EXPECT_EQ(types.compare(shape<Nest[3]>, types.array(nest, 3)).outcome, Outcome::compatible);
    EXPECT_EQ(types.compare(shape<Nest[4]>, types.array(nest, 4)).outcome, Outcome::incompatible);
}

TEST(LayoutHostile, NumbersAndNamesThatLeadNowhere)
{
    Types types;
    EXPECT_EQ(types.compare(shape<Pair>, types.structure("pair", 8, {{"a", 9999, 0}, {"b", 0, 4}})).outcome,
              Outcome::incompatible);
    EXPECT_EQ(types.compare(shape<std::uint32_t[2]>, types.array(9999, 2)).outcome, Outcome::incompatible);
    EXPECT_EQ(types.compare(shape<Pair>, btf__add_ptr(types.get(), 9999)).outcome, Outcome::incompatible);
    const int sizeless = types.structure("pair", 0, {{"a", types.u32, 0}, {"b", types.u32, 4}});
    EXPECT_EQ(types.compare(shape<Pair>, sizeless).outcome, Outcome::compatible);
}

} // namespace
