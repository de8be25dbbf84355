// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/endian.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace {

using bpfxx::BigEndian;
using bpfxx::LittleEndian;

template <class T>
auto bytes(const T& number)
{
    return std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(number);
}

static_assert(sizeof(BigEndian<std::uint16_t>) == 2 && alignof(BigEndian<std::uint16_t>) == 2);
static_assert(sizeof(BigEndian<std::uint64_t>) == 8 && alignof(BigEndian<std::uint64_t>) == 8);
static_assert(std::is_trivial_v<BigEndian<std::uint32_t>> &&
              std::is_standard_layout_v<BigEndian<std::uint32_t>>);
static_assert(std::has_unique_object_representations_v<BigEndian<std::uint32_t>>); // may stand in a key
static_assert(BigEndian<std::uint32_t>(0x01020304).value() == 0x01020304);

TEST(Endian, BytesLieInTheOrderOfTheType)
{
    EXPECT_EQ(bytes(BigEndian<std::uint32_t>(0x01020304)), (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
    EXPECT_EQ(bytes(LittleEndian<std::uint32_t>(0x01020304)), (std::array<std::uint8_t, 4>{4, 3, 2, 1}));
    EXPECT_EQ(bytes(BigEndian<std::uint16_t>(0x0102)), (std::array<std::uint8_t, 2>{1, 2}));
    EXPECT_EQ(bytes(BigEndian<std::uint64_t>(0x0102030405060708)),
              (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Endian, StandsForTheNumber)
{
    BigEndian<std::uint16_t> port = 443;
    EXPECT_EQ(port, 443);
    EXPECT_TRUE(port < 1024);
    port = static_cast<std::uint16_t>(port + 1);
    EXPECT_EQ(port.value(), 444);
    EXPECT_TRUE(port == BigEndian<std::uint16_t>(444));
    EXPECT_FALSE(port == LittleEndian<std::uint16_t>(443));
}

TEST(Endian, GivesAndTakesWhatSocketsHold)
{
    const in_addr address{.s_addr = ::inet_addr("10.0.0.1")};
    const auto number = BigEndian<std::uint32_t>::from_stored(address.s_addr);
    EXPECT_EQ(number.value(), 0x0a000001U);
    EXPECT_EQ(number.stored(), address.s_addr);
}

} // namespace
