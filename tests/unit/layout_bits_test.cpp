// SPDX-License-Identifier: BSD-2-Clause
//
// Bit fields of a map, read into the integers of a C++ structure. The compiler's own bit fields are the judge.
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpfxx/mapped_array.hpp"
#include "bpfxx/projection.hpp"
#include "btf_types.hpp"

namespace {

enum class State : std::uint8_t { idle, open, closing };

/// As C lays it out on this machine.
struct Packed {
    std::uint32_t version : 4;
    std::uint32_t flag : 1;
    std::uint32_t length : 13;
    std::uint32_t state : 2;
    std::int64_t balance : 37;
    std::uint64_t wide : 64;
    std::int32_t small : 3;
};

struct Plain {
    std::uint8_t version;
    bool flag;
    std::uint16_t length;
    State state;
    std::int64_t balance;
    std::uint64_t wide;
    std::int8_t small;
};

struct Narrow {
    std::uint8_t length;
};

struct Mixed {
    std::int8_t version; // four bits without a sign, and seven to hold them
};

struct OfBoth {
    std::uint16_t length;
    std::uint64_t wide;
};

union Either {
    std::uint32_t whole;
    std::uint8_t version;
};

struct InArray {
    Plain items[3];
};

} // namespace

BPFXX_DESCRIBE(Plain, version, flag, length, state, balance, wide, small);
BPFXX_DESCRIBE(Narrow, length);
BPFXX_DESCRIBE(Mixed, version);
BPFXX_DESCRIBE(OfBoth, length, wide);
BPFXX_DESCRIBE_UNION(Either, whole, version);
BPFXX_DESCRIBE(InArray, items);

namespace {

using bpfxx::Copy;
using bpfxx::LayoutReport;
using bpfxx::Outcome;
using bpfxx::shape;
using bpfxx::test::Types;

/// BTF of Packed, with the places that the ABI gives them on a little-endian 64-bit machine.
int packed(Types& types)
{
    const int s64 = btf__add_int(types.get(), "long", 8, BTF_INT_SIGNED);
    const int s32 = btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED);
    const int id = btf__add_struct(types.get(), "packed", sizeof(Packed));
    btf__add_field(types.get(), "version", types.u32, 0, 4);
    btf__add_field(types.get(), "flag", types.u32, 4, 1);
    btf__add_field(types.get(), "length", types.u32, 5, 13);
    btf__add_field(types.get(), "state", types.u32, 18, 2);
    btf__add_field(types.get(), "balance", s64, 20, 37);
    btf__add_field(types.get(), "wide", types.u64, 64, 64);
    btf__add_field(types.get(), "small", s32, 128, 3);
    return id;
}

void expect_equal(const Plain& plain, const Packed& packed)
{
    EXPECT_EQ(plain.version, packed.version);
    EXPECT_EQ(plain.flag, packed.flag == 1);
    EXPECT_EQ(plain.length, packed.length);
    EXPECT_EQ(static_cast<unsigned>(plain.state), packed.state);
    EXPECT_EQ(plain.balance, packed.balance);
    EXPECT_EQ(plain.wide, packed.wide);
    EXPECT_EQ(plain.small, packed.small);
}

class LayoutBits : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (std::endian::native != std::endian::little)
            GTEST_SKIP() << "the places of the bits above are those of a little-endian machine";
    }
    Types types;
};

TEST_F(LayoutBits, HoldWhatTheCompilerPutThere)
{
    const LayoutReport report = types.compare(shape<Plain>, packed(types));
    ASSERT_EQ(report.outcome, Outcome::compatible) << report.table();
    std::mt19937_64 random(7);
    for (int round = 0; round < 1000; round++) {
        Packed source{};
        for (std::size_t at = 0; at < sizeof source; at += sizeof(std::uint64_t)) {
            const std::uint64_t bits = random();
            std::memcpy(reinterpret_cast<std::byte*>(&source) + at, &bits, sizeof bits);
        }
        Plain read{};
        bpfxx::project(report.projection, reinterpret_cast<const std::byte*>(&source), &read);
        expect_equal(read, source);

        Plain mapped{};
        for (const Copy& copy : report.projection)
            bpfxx::detail::copy_relaxed(copy, reinterpret_cast<const std::byte*>(&source) + copy.from,
                                        reinterpret_cast<std::byte*>(&mapped) + copy.to);
        expect_equal(mapped, source);
    }
}

TEST_F(LayoutBits, AreReadInEachElement)
{
    const int items = types.array(packed(types), 3);
    const int id = types.structure("in_array", 3 * sizeof(Packed), {{"items", items, 0}});
    const LayoutReport report = types.compare(shape<InArray>, id);
    ASSERT_EQ(report.outcome, Outcome::compatible) << report.table();
    Packed source[3] = {};
    for (int i = 0; i < 3; i++) {
        source[i].length = static_cast<std::uint16_t>(4000 + i) & 8191U;
        source[i].balance = -i;
        source[i].flag = i % 2 == 1;
    }
    InArray read{};
    bpfxx::project(report.projection, reinterpret_cast<const std::byte*>(source), &read);
    for (int i = 0; i < 3; i++)
        expect_equal(read.items[i], source[i]);
}

TEST_F(LayoutBits, StandBesideOrdinaryFields)
{
    const LayoutReport report = types.compare(shape<OfBoth>, packed(types));
    EXPECT_EQ(report.outcome, Outcome::compatible);
    Packed source{};
    source.length = 4097;
    source.wide = std::numeric_limits<std::uint64_t>::max();
    OfBoth read{};
    bpfxx::project(report.projection, reinterpret_cast<const std::byte*>(&source), &read);
    EXPECT_EQ(read.length, 4097);
    EXPECT_EQ(read.wide, source.wide);
}

TEST_F(LayoutBits, NeedRoomForAllTheirNumbers)
{
    const int id = packed(types);
    const LayoutReport narrow = types.compare(shape<Narrow>, id);
    EXPECT_EQ(narrow.outcome, Outcome::incompatible);
    EXPECT_THAT(narrow.table(), ::testing::HasSubstr("u8 at byte 0       u32 bits 5..17 of byte 0  refused"));
    EXPECT_EQ(types.compare(shape<Mixed>, id).outcome, Outcome::compatible);
}

TEST_F(LayoutBits, InSharedBytesAreRefused)
{
    const int bits = types.next();
    btf__add_union(types.get(), "either", 4);
    btf__add_field(types.get(), "whole", types.u32, 0, 0);
    btf__add_field(types.get(), "version", types.u32, 0, 4);
    const LayoutReport report = types.compare(shape<Either>, bits);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_THAT(report.table(), ::testing::HasSubstr("its members have bit fields"));
}

} // namespace
