// SPDX-License-Identifier: BSD-2-Clause
//
// Structures whose members share bytes, have no name or are bits, and values of which a part is read.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpfxx/fd.hpp"
#include "bpfxx/projection.hpp"
#include "btf_types.hpp"

namespace {

struct Version4 {
    std::uint32_t address;
    std::uint16_t port;
};

struct Version6 {
    std::uint8_t address[16];
    std::uint16_t port;
};

union Peer {
    Version4 v4;
    Version6 v6;
};

struct Connection {
    std::uint32_t family;
    Peer peer;
};

/// As the kernel's UAPI writes it: the union has no name.
struct Lookup {
    std::uint32_t family;
    union {
        std::uint32_t v4;
        std::uint32_t v6[4];
    };
    std::uint16_t length;
};

/// Two numbers of a value that is large.
struct Ends {
    std::uint64_t first;
    std::uint64_t last;
};

/// One of whose fields is not described.
struct Sample {
    std::uint32_t time;
    std::uint32_t spare;
};

} // namespace

BPFXX_DESCRIBE(Version4, address, port);
BPFXX_DESCRIBE(Version6, address, port);
BPFXX_DESCRIBE_UNION(Peer, v4, v6);
BPFXX_DESCRIBE(Connection, family, peer);
BPFXX_DESCRIBE(Lookup, family, v4, v6, length);
BPFXX_DESCRIBE(Ends, first, last);
BPFXX_DESCRIBE(Sample, time);

namespace {

using bpfxx::Outcome;
using bpfxx::shape;
using bpfxx::test::Types;

int version4(Types& types)
{
    return types.structure("v4", 8, {{"address", types.u32, 0}, {"port", types.u16, 4}});
}

int version6(Types& types)
{
    return types.structure("v6", 18, {{"address", types.array(types.u8, 16), 0}, {"port", types.u16, 16}});
}

TEST(LayoutMembers, UnionsCompareByTheMembersThatAreDescribed)
{
    Types types;
    const int peer = types.either("peer", 20, {{"v6", version6(types), 0}, {"v4", version4(types), 0}});
    const int id = types.structure("connection", 24, {{"family", types.u32, 0}, {"peer", peer, 4}});
    const auto report = types.compare(shape<Connection>, id);
    EXPECT_EQ(report.outcome, Outcome::same);
    EXPECT_EQ(report.table(), "");
}

TEST(LayoutMembers, OtherMembersOfAUnionAreTheSameBytesWhereTheyAreRead)
{
    Types types;
    const int peer = types.either("peer", 20,
                                  {{"v4", version4(types), 0},
                                   {"v6", version6(types), 0},
                                   {"words", types.array(types.u16, 9), 0},
                                   {"raw", types.array(types.u8, 20), 0}});
    const int id = types.structure("connection", 24, {{"family", types.u32, 0}, {"peer", peer, 4}});
    const auto report = types.compare(shape<Connection>, id);
    EXPECT_EQ(report.outcome, Outcome::compatible);
    EXPECT_EQ(report.table(), "  field       C++ struct Connection  map struct connection\n"
                              "  peer.words  -                      u16[9] at byte 4       same bytes\n"
                              "  peer.raw    -                      u8[20] at byte 4       bridged\n");
}

TEST(LayoutMembers, AUnionThatMovedIsReadByProjection)
{
    Types types;
    const int peer = types.either("peer", 20, {{"v4", version4(types), 0}, {"v6", version6(types), 0}});
    const int id = types.structure(
        "connection", 32, {{"peer", peer, 0}, {"stamp", types.alias64, 24}, {"family", types.u32, 20}});
    const auto report = types.compare(shape<Connection>, id);
    EXPECT_EQ(report.table(), "  field   C++ struct Connection  map struct connection\n"
                              "  family  u32 at byte 0          u32 at byte 20         bridged\n"
                              "  peer    union Peer at byte 4   union peer at byte 0   bridged\n"
                              "  stamp   -                      u64 at byte 24         bridged\n"
                              "  (size)  24 bytes               32 bytes               bridged\n");
    std::array<std::byte, 32> value{};
    value[16] = std::byte{0xbb}; // peer.v6.port
    value[20] = std::byte{10};
    Connection connection{};
    bpfxx::project(report.projection, value.data(), &connection);
    EXPECT_EQ(connection.family, 10U);
    EXPECT_EQ(connection.peer.v6.port, 0xbb);
}

TEST(LayoutMembers, OneSetOfBytesCannotBeReadFromTwoPlaces)
{
    Types types;
    const int moved = types.structure("v4", 8, {{"port", types.u16, 0}, {"address", types.u32, 4}});
    const int peer = types.either("peer", 20, {{"v4", moved, 0}, {"v6", version6(types), 0}});
    const int id = types.structure("connection", 24, {{"family", types.u32, 0}, {"peer", peer, 4}});
    const auto report = types.compare(shape<Connection>, id);
    EXPECT_EQ(report.outcome, Outcome::incompatible);
    EXPECT_EQ(report.table(), "  field            C++ struct Connection  map struct connection\n"
                              "  peer.v4.address  u32 at byte 4          u32 at byte 8            bridged\n"
                              "  peer.v4.port     u16 at byte 8          u16 at byte 4            bridged\n"
                              "  peer             union Peer at byte 4   its members moved apart  refused\n");
}

TEST(LayoutMembers, AStructInPlaceOfAUnionIsRefused)
{
    Types types;
    const int peer = types.structure("peer", 28, {{"v4", version4(types), 0}, {"v6", version6(types), 8}});
    EXPECT_EQ(types.compare(shape<Peer>, peer).table(),
              "  field   C++ union Peer        map struct peer\n"
              "  (type)  union Peer at byte 0  struct peer at byte 0  refused\n"
              "  (size)  20 bytes              28 bytes               bridged\n");
}

TEST(LayoutMembers, MembersOfWhatHasNoNameAreFound)
{
    Types types;
    const int words = types.array(types.u32, 4);
    const int address = types.either("", 16, {{"v4", types.u32, 0}, {"v6", words, 0}});
    const int group = types.structure("", 20, {{"family", types.u32, 0}, {nullptr, address, 4}});
    const int same = types.structure("lookup", 24, {{"", group, 0}, {"length", types.u16, 20}});
    EXPECT_EQ(types.compare(shape<Lookup>, same).table(), "");
    EXPECT_EQ(types.compare(shape<Lookup>, same).outcome, Outcome::same);

    const int moved = types.structure("lookup", 28, {{"length", types.u16, 0}, {"", group, 8}});
    const auto report = types.compare(shape<Lookup>, moved);
    EXPECT_EQ(report.table(), "  field   C++ struct Lookup  map struct lookup\n"
                              "  family  u32 at byte 0      u32 at byte 8      bridged\n"
                              "  v4      u32 at byte 4      u32 at byte 12     bridged\n"
                              "  v6      u32[4] at byte 4   u32[4] at byte 12  bridged\n"
                              "  length  u16 at byte 20     u16 at byte 0      bridged\n"
                              "  (size)  24 bytes           28 bytes           bridged\n");
    // Bytes that two members share are copied once.
    std::uint32_t copied = 0;
    for (const bpfxx::Copy& copy : report.projection)
        copied += copy.size;
    EXPECT_EQ(copied, 4U + 16 + 2);
}

TEST(LayoutMembers, BitFieldsAreReadByProjectionAndSayWhichBits)
{
    Types types;
    const int id = btf__add_struct(types.get(), "v4", 8);
    btf__add_field(types.get(), "address", types.u32, 35, 5);
    btf__add_field(types.get(), "port", types.u16, 40, 1);
    btf__add_field(types.get(), "flags", types.u32, 41, 12);
    const auto report = types.compare(shape<Version4>, id);
    EXPECT_EQ(report.outcome, Outcome::compatible);
    EXPECT_EQ(report.table(), "  field    C++ struct Version4  map struct v4\n"
                              "  address  u32 at byte 0        u32 bits 3..7 of byte 4   bridged\n"
                              "  port     u16 at byte 4        u16 bit 0 of byte 5       bridged\n"
                              "  flags    -                    u32 bits 1..12 of byte 5  bridged\n");
}

TEST(LayoutMembers, BitFieldsOfOldCompilersAreReadToo)
{
    Types types;
    const int bits = btf__add_int(types.get(), "unsigned int", 4, 0);
    // Three bits from the second on, said by the integer's type: word behind struct btf_type.
    auto* type = const_cast<struct btf_type*>(btf__type_by_id(types.get(), static_cast<__u32>(bits)));
    *reinterpret_cast<__u32*>(type + 1) = 1U << 16 | 3;
    const int id = types.structure("v4", 8, {{"address", bits, 0}, {"port", types.u16, 4}});
    const auto report = types.compare(shape<Version4>, id);
    EXPECT_EQ(report.table(), "  field    C++ struct Version4  map struct v4\n"
                              "  address  u32 at byte 0        u32:3 bits 1..3 of byte 0  bridged\n");
    EXPECT_EQ(report.projection.front().first_bit, 1);
    EXPECT_EQ(report.projection.front().bits, 3);
    EXPECT_EQ(types.compare(shape<std::uint32_t>, bits).outcome, Outcome::incompatible);
}

TEST(LayoutMembers, ABitFieldThatFillsItsTypeIsAnInteger)
{
    Types types;
    const int id = btf__add_struct(types.get(), "v4", 8);
    btf__add_field(types.get(), "address", types.u32, 0, 32);
    btf__add_field(types.get(), "port", types.u16, 32, 16);
    EXPECT_EQ(types.compare(shape<Version4>, id).outcome, Outcome::same);
}

TEST(LayoutMembers, AnElementThatGrewInItsPaddingIsNotTheSame)
{
    Types types;
    const int grown = types.structure("v4", 12, {{"address", types.u32, 0}, {"port", types.u16, 4}});
    const auto report = types.compare(shape<Version4[2]>, types.array(grown, 2));
    EXPECT_EQ(report.table(), "  field   C++ struct Version4[2]  map struct v4[2]\n"
                              "  []      8 bytes                 12 bytes          bridged\n"
                              "  (size)  16 bytes                24 bytes          bridged\n");
    std::array<std::byte, 24> value{};
    value[12] = std::byte{7};
    Version4 peers[2]{};
    bpfxx::project(report.projection, value.data(), peers);
    EXPECT_EQ(peers[1].address, 7U);
}

TEST(LayoutMembers, AMemberThatMovedAndChangedHasOneLine)
{
    Types types;
    const int id = types.structure("v4", 16, {{"port", types.u16, 0}, {"address", types.u64, 8}});
    EXPECT_EQ(types.compare(shape<Version4>, id).table(),
              "  field    C++ struct Version4  map struct v4\n"
              "  address  u32 at byte 0        u64 at byte 8  refused\n"
              "  port     u16 at byte 4        u16 at byte 0  bridged\n"
              "  (size)   8 bytes              16 bytes       bridged\n");
}

TEST(LayoutMembers, OfElementsOnlyTheDescribedFieldsAreRead)
{
    Types types;
    const int sample = types.structure("sample", 8, {{"time", types.u32, 0}, {"cpu", types.u32, 4}});
    const auto report = types.compare(shape<Sample[2]>, types.array(sample, 2));
    ASSERT_EQ(report.outcome, Outcome::compatible);
    const std::array<std::uint32_t, 4> value{1, 2, 3, 4};
    Sample samples[2]{};
    bpfxx::project(report.projection, std::as_bytes(std::span(value)).data(), samples);
    EXPECT_EQ(samples[0].time, 1U);
    EXPECT_EQ(samples[0].spare, 0U);
    EXPECT_EQ(samples[1].time, 3U);
    EXPECT_EQ(samples[1].spare, 0U);
}

TEST(LayoutMembers, AMemberWithoutBytesIsNoDifference)
{
    Types types;
    const int id = types.structure(
        "v4", 8, {{"address", types.u32, 0}, {"port", types.u16, 4}, {"rest", types.array(types.u8, 0), 8}});
    const auto report = types.compare(shape<Version4>, id);
    EXPECT_EQ(report.outcome, Outcome::same);
    EXPECT_EQ(report.table(), "  field  C++ struct Version4  map struct v4\n"
                              "  rest   -                    u8[0] at byte 8  same bytes\n");
}

TEST(LayoutMembers, OfALargeValueOnlyTheFieldsAreTouched)
{
    const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
    Types types;
    const int id = types.structure("large", 3 * page,
                                   {{"first", types.u64, 8},
                                    {"history", types.array(types.u64, page / 4), page - 8},
                                    {"last", types.u64, 3 * page - 8}});
    const auto report = types.compare(shape<Ends>, id);
    ASSERT_EQ(report.outcome, Outcome::compatible);

    void* address = ::mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(address, MAP_FAILED);
    const bpfxx::Mapping mapping(address, 3 * page);
    auto* value = static_cast<std::byte*>(address);
    const std::uint64_t first = 1;
    const std::uint64_t last = 2;
    std::memcpy(value + 8, &first, sizeof(first));
    std::memcpy(value + 3 * page - 8, &last, sizeof(last));
    ASSERT_EQ(::mprotect(value + page, page, PROT_NONE), 0); // to read there would end the test
    Ends ends{};
    bpfxx::project(report.projection, value, &ends);
    EXPECT_EQ(ends.first, 1U);
    EXPECT_EQ(ends.last, 2U);
}

} // namespace
