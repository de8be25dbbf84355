// SPDX-License-Identifier: BSD-2-Clause
//
// Every kind of field against what BTF may have in its place.
#include <array>
#include <cstddef>
#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpfxx/projection.hpp"
#include "btf_types.hpp"

namespace network {

enum class State : std::uint32_t { closed, open };
enum class Verdict : int { drop, pass };
enum class Wide : std::uint64_t { none };

struct Everything {
    bpfxx::UInt128 wide;
    State state;
    bpfxx::BigEndian<std::uint32_t> address;
    bpfxx::BigEndian<std::uint16_t> port;
    bool is_local;
    char mark;
    float load;
    double mean;
    std::uint64_t socket;
    std::array<std::uint16_t, 2> ports;
    char name[12];
};

union Choice {
    std::uint64_t number;
    std::uint32_t halves[2];
};

/// As many bytes as its two described fields have together, and yet one of its own.
struct Shared {
    union {
        std::uint64_t number;
        std::uint64_t other;
    };
    std::uint32_t halves[2];
};

} // namespace network

BPFXX_DESCRIBE_UNION(network::Choice, number);
BPFXX_DESCRIBE(network::Shared, number, other);
BPFXX_DESCRIBE(network::Everything, wide, state, address, port, is_local, mark, load, mean, socket, ports,
               name);

namespace {

using bpfxx::BigEndian;
using bpfxx::LittleEndian;
using bpfxx::Outcome;
using bpfxx::shape;
using network::Everything;
using network::State;
using network::Verdict;
using network::Wide;
using testing::HasSubstr;

/// The types that stand behind the integers.
class KindTypes : public bpfxx::test::Types {
public:
    KindTypes()
    {
        s8 = btf__add_int(get(), "signed char", 1, BTF_INT_SIGNED);
        s32 = btf__add_int(get(), "int", 4, BTF_INT_SIGNED);
        u128 = btf__add_int(get(), "unsigned __int128", 16, 0);
        s128 = btf__add_int(get(), "__int128", 16, BTF_INT_SIGNED);
        boolean = btf__add_int(get(), "_Bool", 1, BTF_INT_BOOL);
        character = btf__add_int(get(), "char", 1, BTF_INT_SIGNED); // as clang writes it
        text = btf__add_int(get(), "char", 1, BTF_INT_CHAR);        // as the format has it
        f32 = btf__add_float(get(), "float", 4);
        f64 = btf__add_float(get(), "double", 8);
        pointer = btf__add_ptr(get(), u32);
        const int u32_alias = btf__add_typedef(get(), "__u32", u32);
        be16 = btf__add_typedef(get(), "__be16", u16);
        be32 = btf__add_typedef(get(), "__be32", u32_alias);
        le32 = btf__add_typedef(get(), "__le32", u32_alias);
        const_address = btf__add_const(get(), btf__add_typedef(get(), "address_t", be32));
    }

    /// An enum in C. @param size bytes
    int enumeration(std::uint32_t size, std::initializer_list<std::int64_t> values)
    {
        const int id = btf__add_enum(get(), "state", size);
        int number = 0;
        for (const std::int64_t value : values)
            btf__add_enum_value(get(), ("value" + std::to_string(number++)).c_str(), value);
        return id;
    }

    /// The only line that a comparison gives, without the table's head; empty: there is no difference.
    template <class T>
    std::string line(int id) const
    {
        const std::string table = compare(shape<T>, id).table();
        return table.substr(std::min(table.size(), table.find('\n') + 1));
    }
    template <class T>
    Outcome outcome(int id) const
    {
        return compare(shape<T>, id).outcome;
    }

    int s8, s32, u128, s128, boolean, character, text, f32, f64, pointer, be16, be32, le32, const_address;
};

TEST(LayoutKinds, EveryKindIsTheSameBytes)
{
    KindTypes types;
    const int id = types.structure("everything", sizeof(Everything),
                                   {{"wide", types.u128, 0},
                                    {"state", types.enumeration(4, {0, 1}), 16},
                                    {"address", types.be32, 20},
                                    {"port", types.be16, 24},
                                    {"is_local", types.boolean, 26},
                                    {"mark", types.character, 27},
                                    {"load", types.f32, 28},
                                    {"mean", types.f64, 32},
                                    {"socket", types.u64, 40},
                                    {"ports", types.array(types.u16, 2), 48},
                                    {"name", types.array(types.character, 12), 52}});
    const auto report = types.compare(shape<Everything>, id);
    EXPECT_EQ(report.outcome, Outcome::same);
    EXPECT_EQ(report.table(), "");
    ASSERT_EQ(report.projection.size(), 1U);
    EXPECT_EQ(report.projection[0].size, sizeof(Everything));
}

TEST(LayoutKinds, EveryKindHasAWordForAPerson)
{
    KindTypes types;
    const int either = types.either("", 4, {{"a", types.u32, 0}});
    const int id = types.structure("everything", 136,
                                   {{"wide", types.s128, 0},
                                    {"state", types.u32, 16},
                                    {"address", types.le32, 20},
                                    {"port", types.u16, 24},
                                    {"is_local", types.u8, 26},
                                    {"mark", types.boolean, 27},
                                    {"load", types.u32, 28},
                                    {"mean", types.f32, 32},
                                    {"socket", types.pointer, 128},
                                    {"ports", types.array(types.array(types.u16, 2), 2), 48},
                                    {"name", either, 56},
                                    {"later", types.array(types.enumeration(4, {0, -1}), 3), 60},
                                    {"owner", types.pointer, 72}});
    const auto report = types.compare(shape<Everything>, id);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_EQ(report.table(),
              "  field     C++ struct network::Everything  map struct everything\n"
              "  wide      u128 at byte 0                  s128 at byte 0                  refused\n"
              "  state     enum State (u32) at byte 16     u32 at byte 16                  same bytes\n"
              "  address   be32 at byte 20                 le32 at byte 20                 refused\n"
              "  port      be16 at byte 24                 u16 at byte 24                  same bytes\n"
              "  is_local  bool at byte 26                 u8 at byte 26                   refused\n"
              "  mark      char at byte 27                 bool at byte 27                 refused\n"
              "  load      float at byte 28                u32 at byte 28                  refused\n"
              "  mean      double at byte 32               float at byte 32                refused\n"
              "  socket    u64 at byte 40                  pointer at byte 128             bridged\n"
              "  ports[]   u16 at byte 48                  u16[2] at byte 48               refused\n"
              "  name      char[12] at byte 52             union (anonymous) at byte 56    refused\n"
              "  later     -                               enum state (s32)[3] at byte 60  bridged\n"
              "  owner     -                               pointer at byte 72              bridged\n"
              "  (size)    64 bytes                        136 bytes                       bridged\n");
}

TEST(LayoutKinds, EnumsCompareBySizeAndSign)
{
    KindTypes types;
    const int small = types.enumeration(4, {0, 1});
    const int negative = types.enumeration(4, {0, -1});
    const int high = types.enumeration(4, {0, 0x80000000});
    const int one_byte = types.enumeration(1, {0, 200});
    EXPECT_EQ(types.line<State>(small), "");
    EXPECT_EQ(types.line<Verdict>(small), ""); // numbers that both have
    EXPECT_EQ(types.line<Verdict>(negative), "");
    EXPECT_EQ(types.line<State>(high), "");
    EXPECT_EQ(types.outcome<State>(negative), Outcome::incompatible);
    EXPECT_EQ(types.line<Verdict>(high),
              "  (type)  enum Verdict (s32) at byte 0  enum state (u32) at byte 0  refused\n");
    EXPECT_EQ(types.outcome<State>(one_byte), Outcome::incompatible);
    EXPECT_EQ(types.outcome<Wide>(small), Outcome::incompatible);

    const int wide = btf__add_enum64(types.get(), "wide", 8, false);
    btf__add_enum64_value(types.get(), "most", ~std::uint64_t{0});
    EXPECT_EQ(types.line<Wide>(wide), "");
    EXPECT_EQ(types.outcome<std::int64_t>(wide), Outcome::incompatible);
}

TEST(LayoutKinds, AnEnumMayStandForAnIntegerOfItsSign)
{
    KindTypes types;
    const int small = types.enumeration(4, {0, 1});
    const int negative = types.enumeration(4, {0, -1});
    EXPECT_EQ(types.outcome<State>(types.u32), Outcome::same);
    EXPECT_EQ(types.line<State>(types.u32),
              "  (type)  enum State (u32) at byte 0  u32 at byte 0  same bytes\n");
    EXPECT_EQ(types.outcome<State>(types.s32), Outcome::incompatible);
    EXPECT_EQ(types.outcome<Verdict>(types.s32), Outcome::same);
    EXPECT_EQ(types.outcome<State>(types.f32), Outcome::incompatible);
    EXPECT_EQ(types.outcome<State>(types.le32), Outcome::incompatible);
    EXPECT_EQ(types.line<std::uint32_t>(small),
              "  (type)  u32 at byte 0  enum state (u32) at byte 0  same bytes\n");
    EXPECT_EQ(types.outcome<std::uint32_t>(negative), Outcome::incompatible);
    EXPECT_EQ(types.outcome<std::int32_t>(negative), Outcome::same);
    EXPECT_EQ(types.outcome<std::int32_t>(small), Outcome::same);
}

TEST(LayoutKinds, CharactersAreBytesOfText)
{
    KindTypes types;
    for (const int type : {types.character, types.text, types.s8, types.u8})
        EXPECT_EQ(types.line<char[8]>(types.array(type, 8)), "");
    EXPECT_EQ(types.outcome<char>(types.u16), Outcome::incompatible);
    EXPECT_EQ(types.outcome<char[4]>(types.array(types.character, 8)), Outcome::incompatible);
    EXPECT_EQ(types.outcome<std::int8_t>(types.character), Outcome::same);
    EXPECT_EQ(types.line<std::uint8_t>(types.character), "  (type)  u8 at byte 0  char at byte 0  refused\n");
    EXPECT_EQ(types.outcome<std::uint8_t>(types.text), Outcome::same);
    EXPECT_EQ(types.outcome<std::int8_t>(types.text), Outcome::same);
}

TEST(LayoutKinds, OnlyABoolIsABool)
{
    KindTypes types;
    EXPECT_EQ(types.outcome<bool>(types.boolean), Outcome::same);
    EXPECT_EQ(types.outcome<bool>(types.u8), Outcome::incompatible);
    EXPECT_EQ(types.outcome<bool>(types.character), Outcome::incompatible);
    EXPECT_EQ(types.outcome<std::uint8_t>(types.boolean), Outcome::same);
    EXPECT_EQ(types.outcome<std::int8_t>(types.boolean), Outcome::incompatible);
}

TEST(LayoutKinds, FloatsCompareBySize)
{
    KindTypes types;
    EXPECT_EQ(types.outcome<float>(types.f32), Outcome::same);
    EXPECT_EQ(types.outcome<double>(types.f64), Outcome::same);
    EXPECT_EQ(types.outcome<float>(types.f64), Outcome::incompatible);
    EXPECT_EQ(types.outcome<double>(types.u64), Outcome::incompatible);
    EXPECT_EQ(types.outcome<std::uint64_t>(types.f64), Outcome::incompatible);
}

TEST(LayoutKinds, WideIntegersCompareBySizeAndSign)
{
    KindTypes types;
    EXPECT_EQ(types.outcome<bpfxx::UInt128>(types.u128), Outcome::same);
    EXPECT_EQ(types.outcome<bpfxx::Int128>(types.s128), Outcome::same);
    EXPECT_EQ(types.outcome<bpfxx::Int128>(types.u128), Outcome::incompatible);
    EXPECT_EQ(types.outcome<bpfxx::UInt128>(types.array(types.u64, 2)), Outcome::incompatible);
}

TEST(LayoutKinds, PointersAreReadAsNumbers)
{
    KindTypes types;
    EXPECT_EQ(types.outcome<std::uint64_t>(types.pointer), Outcome::same);
    EXPECT_EQ(types.line<std::uint64_t>(types.pointer),
              "  (type)  u64 at byte 0  pointer at byte 0  same bytes\n");
    EXPECT_EQ(types.outcome<std::int64_t>(types.pointer), Outcome::incompatible);
    EXPECT_EQ(types.outcome<std::uint32_t>(types.pointer), Outcome::incompatible);
    EXPECT_EQ(types.outcome<BigEndian<std::uint64_t>>(types.pointer), Outcome::incompatible);
}

TEST(LayoutKinds, ByteOrderIsThatOfTheTypedef)
{
    KindTypes types;
    EXPECT_EQ(types.line<BigEndian<std::uint32_t>>(types.be32), "");
    EXPECT_EQ(types.line<BigEndian<std::uint32_t>>(types.const_address), "");
    EXPECT_EQ(types.line<LittleEndian<std::uint32_t>>(types.le32), "");
    EXPECT_EQ(types.line<BigEndian<std::uint32_t>>(types.le32),
              "  (type)  be32 at byte 0  le32 at byte 0  refused\n");
    EXPECT_EQ(types.line<LittleEndian<std::uint32_t>>(types.be32),
              "  (type)  le32 at byte 0  be32 at byte 0  refused\n");
    EXPECT_EQ(types.line<BigEndian<std::uint32_t>>(types.u32),
              "  (type)  be32 at byte 0  u32 at byte 0  same bytes\n");
    EXPECT_EQ(types.line<std::uint32_t>(types.be32), "  (type)  u32 at byte 0  be32 at byte 0  same bytes\n");
    EXPECT_EQ(types.outcome<BigEndian<std::uint32_t>>(types.s32), Outcome::incompatible);
    EXPECT_EQ(types.outcome<BigEndian<std::uint32_t>>(types.be16), Outcome::incompatible);
    EXPECT_EQ(types.outcome<BigEndian<std::uint32_t>>(types.enumeration(4, {0})), Outcome::incompatible);
}

TEST(LayoutKinds, OnlyPlainWordsAddUp)
{
    static_assert(bpfxx::is_made_of_u64(shape<std::uint64_t>));
    static_assert(bpfxx::is_made_of_u64(shape<std::uint64_t[2][3]>));
    static_assert(bpfxx::is_made_of_u64(shape<std::array<std::uint64_t, 4>>));
    static_assert(!bpfxx::is_made_of_u64(shape<BigEndian<std::uint64_t>>));
    static_assert(!bpfxx::is_made_of_u64(shape<bpfxx::UInt128>));
    static_assert(!bpfxx::is_made_of_u64(shape<Wide>));
    static_assert(!bpfxx::is_made_of_u64(shape<double>));
    static_assert(!bpfxx::is_made_of_u64(shape<Everything>));
    static_assert(!bpfxx::is_made_of_u64(shape<network::Choice>));
    static_assert(!bpfxx::is_made_of_u64(shape<network::Shared>));
}

} // namespace
