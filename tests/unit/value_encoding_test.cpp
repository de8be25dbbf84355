// SPDX-License-Identifier: BSD-2-Clause
//
// Keys put together by BTF made up here: what is decoded comes back as it was, and what does not fit is refused.
#include <cstring>
#include <random>

#include <bpf/btf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpfxx/value.hpp"
#include "btf_types.hpp"

namespace {

using bpfxx::ErrorKind;
using bpfxx::TypeDecoder;
using bpfxx::Value;
using bpfxx::ValueKind;
using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;

TypeDecoder decoder(const bpfxx::test::Types& types, int key)
{
    __u32 size = 0;
    const void* raw = btf__raw_data(types.get(), &size);
    auto made =
        TypeDecoder::from_btf({static_cast<const std::byte*>(raw), size}, static_cast<std::uint32_t>(key), 0);
    EXPECT_TRUE(made) << made.error().message();
    return std::move(*made);
}

Value number(bpfxx::Wide value, bool is_signed = false)
{
    Value result;
    result.kind = ValueKind::integer;
    result.number = value;
    result.is_signed = is_signed;
    return result;
}

Value negative(int value)
{
    return number(static_cast<bpfxx::Wide>(bpfxx::Int128{value}), true);
}

Value text(const char* characters)
{
    Value result;
    result.kind = ValueKind::text;
    result.bytes = characters;
    return result;
}

Value structure(std::initializer_list<std::pair<const char*, Value>> parts)
{
    Value result;
    result.kind = ValueKind::structure;
    for (const auto& [name, part] : parts) {
        result.parts.push_back(part);
        result.parts.back().name = name;
    }
    return result;
}

std::string refusal(const TypeDecoder& types, const Value& key, std::size_t size)
{
    const auto bytes = types.encode_key(key, size);
    EXPECT_FALSE(bytes);
    if (bytes)
        return {};
    EXPECT_EQ(bytes.error().kind(), ErrorKind::invalid);
    return bytes.error().message();
}

/// A key with all kinds of members: numbers of every size and order, bit fields, arrays, structures and unions with and
/// without a name, an enum.
int everything(bpfxx::test::Types& types)
{
    struct btf* raw = types.get();
    const int be16 = btf__add_typedef(raw, "__be16", types.u16);
    const int be32 = btf__add_typedef(raw, "__be32", types.u32);
    const int wide = btf__add_int(raw, "__int128", 16, BTF_INT_SIGNED);
    const int real = btf__add_float(raw, "double", 8);
    const int numbers = types.array(types.s16, 4);
    const int octets = types.array(types.u8, 8);
    const int inner =
        types.structure("inner", 8, {{"port", be16, 0}, {"id", types.u16, 2}, {"host", be32, 4}});
    const int unnamed = types.structure(nullptr, 8, {{"low", types.u32, 0}, {"high", types.u32, 4}});
    const int either = types.either(nullptr, 8, {{"all", types.u64, 0}, {nullptr, unnamed, 0}});
    const int state = btf__add_enum(raw, "state", 4);
    btf__add_enum_value(raw, "OPEN", 1);
    btf__add_enum_value(raw, "SHUT", 2);
    const int key = btf__add_struct(raw, "everything", 72);
    btf__add_field(raw, "wide", wide, 0, 0);
    btf__add_field(raw, "numbers", numbers, 128, 0);
    btf__add_field(raw, "octets", octets, 192, 0);
    btf__add_field(raw, "inner", inner, 256, 0);
    btf__add_field(raw, nullptr, either, 320, 0);
    btf__add_field(raw, "state", state, 384, 0);
    btf__add_field(raw, "few", types.u32, 416, 5);
    btf__add_field(raw, "more", types.u32, 421, 13);
    btf__add_field(raw, "rest", types.u32, 434, 14);
    btf__add_field(raw, "real", real, 448, 0);
    btf__add_field(raw, "last", types.u64, 512, 0);
    return key;
}

TEST(KeyEncodingTest, WhatIsDecodedComesBack)
{
    bpfxx::test::Types types;
    const int key = everything(types);
    const TypeDecoder decoding = decoder(types, key);
    std::mt19937 random(7);
    for (int round = 0; round < 500; round++) {
        Bytes bytes(72);
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(random());
        const double real = round / 3.0; // what is no number at all need not come back bit by bit
        std::memcpy(bytes.data() + 56, &real, sizeof real);
        const auto value = decoding.key(bytes);
        ASSERT_TRUE(value) << value.error().message();
        const auto again = decoding.encode_key(*value, bytes.size());
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(*again, bytes);
    }
}

TEST(KeyEncodingTest, TakesNumbersOfTheirSizeAndSignOnly)
{
    bpfxx::test::Types types;
    const TypeDecoder plain = decoder(types, types.u16);
    EXPECT_EQ(*plain.encode_key(number(0x1234), 2), (Bytes{std::byte{0x34}, std::byte{0x12}}));
    EXPECT_THAT(refusal(plain, number(0x10000), 2), HasSubstr("does not fit 16 bits"));
    EXPECT_THAT(refusal(plain, negative(-1), 2), HasSubstr("does not fit 16 bits"));
    EXPECT_THAT(refusal(plain, text("x"), 2), HasSubstr("it takes a number"));

    const TypeDecoder with_sign = decoder(types, types.s16);
    EXPECT_EQ(*with_sign.encode_key(negative(-2), 2), (Bytes{std::byte{0xfe}, std::byte{0xff}}));
    EXPECT_TRUE(with_sign.encode_key(negative(-32768), 2));
    EXPECT_THAT(refusal(with_sign, negative(-32769), 2), HasSubstr("16 bits with a sign"));
    EXPECT_THAT(refusal(with_sign, number(32768), 2), HasSubstr("16 bits with a sign"));

    const TypeDecoder largest = decoder(types, types.u64);
    EXPECT_EQ(*largest.encode_key(number(~std::uint64_t{0}), 8), Bytes(8, std::byte{0xff}));
}

TEST(KeyEncodingTest, PutsNetworkOrderFirstByteFirst)
{
    bpfxx::test::Types types;
    const int be32 = btf__add_typedef(types.get(), "__be32", types.u32);
    EXPECT_EQ(*decoder(types, be32).encode_key(number(0x7f000001), 4),
              (Bytes{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}));
}

TEST(KeyEncodingTest, FindsEnumeratorsByName)
{
    bpfxx::test::Types types;
    const int state = btf__add_enum(types.get(), "state", 4);
    btf__add_enum_value(types.get(), "OPEN", 1);
    btf__add_enum_value(types.get(), "LAST", 7);
    const TypeDecoder decoding = decoder(types, state);
    EXPECT_EQ(*decoding.encode_key(text("LAST"), 4), *decoding.encode_key(number(7), 4));
    EXPECT_THAT(refusal(decoding, text("GONE"), 4), HasSubstr("the enum has no 'GONE'"));
}

TEST(KeyEncodingTest, WantsEachMemberOnce)
{
    bpfxx::test::Types types;
    const int pair = types.structure("pair", 8, {{"a", types.u32, 0}, {"b", types.u32, 4}});
    const TypeDecoder decoding = decoder(types, pair);
    EXPECT_TRUE(decoding.encode_key(structure({{"b", number(2)}, {"a", number(1)}}), 8));
    EXPECT_THAT(refusal(decoding, structure({{"a", number(1)}}), 8),
                HasSubstr("'b' in a key: it is missing"));
    EXPECT_THAT(refusal(decoding, structure({{"a", number(1)}, {"b", number(2)}, {"c", number(3)}}), 8),
                HasSubstr("it has no member 'c'"));
    EXPECT_THAT(refusal(decoding, structure({{"a", number(1)}, {"b", number(2)}, {"a", number(3)}}), 8),
                HasSubstr("it has no member 'a'"));
    EXPECT_THAT(refusal(decoding, number(1), 8), HasSubstr("it takes a part for each member"));
}

TEST(KeyEncodingTest, TakesOneOfAUnionsMembers)
{
    bpfxx::test::Types types;
    const int both = types.either("both", 8, {{"all", types.u64, 0}, {"low", types.u32, 0}});
    const TypeDecoder decoding = decoder(types, both);
    EXPECT_EQ(*decoding.encode_key(structure({{"low", number(1)}}), 8),
              *decoding.encode_key(structure({{"all", number(1)}}), 8));
    EXPECT_THAT(refusal(decoding, structure({}), 8), HasSubstr("none of a union's members is given"));
}

TEST(KeyEncodingTest, RefusesBtfThatDoesNotFitTheKey)
{
    bpfxx::test::Types types;
    const TypeDecoder decoding = decoder(types, types.u64);
    const auto bytes = decoding.encode_key(number(1), 4);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().kind(), ErrorKind::incompatible);
}

TEST(KeyEncodingTest, TakesBytesWhereNothingTellsTheType)
{
    bpfxx::test::Types types;
    const TypeDecoder untyped = decoder(types, 0);
    Value octets;
    octets.kind = ValueKind::octets;
    octets.bytes = "abc";
    EXPECT_EQ(*untyped.encode_key(octets, 3), (Bytes{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}}));
    EXPECT_THAT(refusal(untyped, octets, 4), HasSubstr("it takes 4 bytes"));
    EXPECT_THAT(refusal(untyped, number(1), 4), HasSubstr("it takes 4 bytes"));
}

} // namespace
