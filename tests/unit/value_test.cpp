// SPDX-License-Identifier: BSD-2-Clause
//
// Values of every type, decoded by BTF made up here; and BTF that contradicts itself.
#include "bpfxx/value.hpp"

#include <array>
#include <cstring>
#include <memory>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using bpfxx::ErrorKind;
using bpfxx::TypeDecoder;
using bpfxx::Value;
using bpfxx::ValueKind;
using bpfxx::Wide;

struct Member {
    const char* name;
    int type;
    std::uint32_t bit_offset;
    std::uint32_t bits = 0; ///< of a bit field
};

/// BTF under construction; what adds a type returns its number.
class Types {
public:
    Types() : types_(btf__new_empty(), &btf__free)
    {
        u64 = integer("unsigned long long", 8);
        u32 = integer("unsigned int", 4);
        u16 = integer("unsigned short", 2);
        u8 = integer("unsigned char", 1);
        s32 = integer("int", 4, BTF_INT_SIGNED);
        s8 = integer("signed char", 1, BTF_INT_SIGNED);
        plain_char = integer("char", 1, BTF_INT_SIGNED);
        be16 = alias("__be16", u16);
        be32 = alias("__be32", u32);
    }

    int integer(const char* name, std::size_t size, int encoding = 0)
    {
        return btf__add_int(types_.get(), name, size, encoding);
    }
    int alias(const char* name, int type) { return btf__add_typedef(types_.get(), name, type); }
    int array(int element, std::uint32_t count) { return btf__add_array(types_.get(), u32, element, count); }
    int structure(const char* name, std::uint32_t size, std::initializer_list<Member> members)
    {
        const int id = btf__add_struct(types_.get(), name, size);
        fill(members);
        return id;
    }
    int overlay(const char* name, std::uint32_t size, std::initializer_list<Member> members)
    {
        const int id = btf__add_union(types_.get(), name, size);
        fill(members);
        return id;
    }

    struct btf* get() const { return types_.get(); }
    struct btf_type* at(int id) const
    {
        return const_cast<struct btf_type*>(btf__type_by_id(types_.get(), static_cast<__u32>(id)));
    }

    /// A decoder on a copy of what is there now.
    TypeDecoder decoder(int value_type, int key_type = 0) const
    {
        __u32 size = 0;
        const void* raw = btf__raw_data(types_.get(), &size);
        auto made = TypeDecoder::from_btf({static_cast<const std::byte*>(raw), size},
                                          static_cast<std::uint32_t>(key_type),
                                          static_cast<std::uint32_t>(value_type));
        EXPECT_TRUE(made) << made.error().message();
        return std::move(*made);
    }

    int u64, u32, u16, u8, s32, s8, plain_char, be16, be32;

private:
    void fill(std::initializer_list<Member> members)
    {
        for (const Member& member : members)
            EXPECT_EQ(btf__add_field(types_.get(), member.name, member.type, member.bit_offset, member.bits),
                      0);
    }
    std::unique_ptr<struct btf, decltype(&btf__free)> types_;
};

template <class... Numbers>
std::vector<std::byte> bytes(Numbers... numbers)
{
    return {static_cast<std::byte>(numbers)...};
}

Value decoded(const TypeDecoder& decoder, bpfxx::Bytes bytes)
{
    auto value = decoder.value(bytes);
    EXPECT_TRUE(value) << value.error().message();
    return value ? std::move(*value) : Value{};
}

std::string refusal(const TypeDecoder& decoder, bpfxx::Bytes bytes)
{
    const auto value = decoder.value(bytes);
    if (value)
        return "decoded";
    EXPECT_EQ(value.error().kind(), ErrorKind::incompatible);
    return value.error().message();
}

std::string number_of(const Value& value)
{
    return bpfxx::decimal(value.number, value.is_signed);
}

TEST(Value, IntegersOfAllSizesAndSigns)
{
    Types types;
    const auto minus_two = bytes(0xfe, 0xff, 0xff, 0xff);
    EXPECT_EQ(number_of(decoded(types.decoder(types.s32), minus_two)), "-2");
    EXPECT_EQ(number_of(decoded(types.decoder(types.u32), minus_two)), "4294967294");
    EXPECT_EQ(number_of(decoded(types.decoder(types.s8), minus_two)), "-2");
    const std::vector<std::byte> ones(16, std::byte{0xff});
    EXPECT_EQ(number_of(decoded(types.decoder(types.u64), ones)), "18446744073709551615");
    EXPECT_EQ(number_of(decoded(types.decoder(types.integer("unsigned __int128", 16)), ones)),
              "340282366920938463463374607431768211455");
    const int s128 = types.integer("__int128", 16, BTF_INT_SIGNED);
    EXPECT_EQ(number_of(decoded(types.decoder(s128), ones)), "-1");
    std::vector<std::byte> smallest(16);
    smallest[15] = std::byte{0x80};
    EXPECT_EQ(number_of(decoded(types.decoder(s128), smallest)), "-170141183460469231731687303715884105728");
}

TEST(Value, TypedefsAndQualifiersAreResolved)
{
    Types types;
    const int inner = types.alias("counter_t", btf__add_const(types.get(), types.u64));
    const int outer = btf__add_volatile(types.get(), types.alias("packets_t", inner));
    const auto decoder = types.decoder(outer);
    const Value value = decoded(decoder, bytes(5, 0, 0, 0, 0, 0, 0, 0));
    EXPECT_EQ(value.kind, ValueKind::integer);
    EXPECT_EQ(value.type, "packets_t");
    EXPECT_EQ(number_of(value), "5");
    EXPECT_EQ(decoder.value_type(), "packets_t");
}

TEST(Value, NetworkOrderIsToldByTheTypeAndUndone)
{
    Types types;
    const int hidden = types.alias("port_t", types.be16);
    const auto decoder = types.decoder(
        types.structure("flow", 8, {{"addr", types.be32, 0}, {"port", hidden, 32}, {"host", types.u16, 48}}));
    const Value flow = decoded(decoder, bytes(10, 0, 0, 1, 0x01, 0xbb, 0x01, 0xbb));
    EXPECT_EQ(number_of(flow.parts[0]), "167772161");
    EXPECT_TRUE(flow.parts[0].network_order);
    EXPECT_FALSE(flow.parts[0].is_quantity());
    EXPECT_EQ(number_of(flow.parts[1]), "443");
    EXPECT_EQ(flow.parts[1].size, 2U);
    EXPECT_EQ(number_of(flow.parts[2]), "47873");
    EXPECT_TRUE(flow.parts[2].is_quantity());
}

TEST(Value, BooleansCharactersPointersAndFloats)
{
    Types types;
    const int boolean = types.integer("_Bool", 1, BTF_INT_BOOL);
    EXPECT_EQ(decoded(types.decoder(boolean), bytes(1)).kind, ValueKind::boolean);
    EXPECT_EQ(decoded(types.decoder(types.plain_char), bytes('x')).kind, ValueKind::character);
    const Value pointer = decoded(types.decoder(btf__add_ptr(types.get(), 0)), bytes(1, 2, 0, 0, 0, 0, 0, 0));
    EXPECT_EQ(pointer.kind, ValueKind::pointer);
    EXPECT_EQ(number_of(pointer), "513");

    std::array<std::byte, 16> room{};
    const double real = -2.5;
    std::memcpy(room.data(), &real, sizeof real);
    EXPECT_EQ(decoded(types.decoder(btf__add_float(types.get(), "double", 8)), room).real, -2.5);
    const float small = 0.25F;
    std::memcpy(room.data(), &small, sizeof small);
    EXPECT_EQ(decoded(types.decoder(btf__add_float(types.get(), "float", 4)), room).real, 0.25);
    const Value wide = decoded(types.decoder(btf__add_float(types.get(), "long double", 16)), room);
    EXPECT_EQ(wide.kind, ValueKind::octets);
    EXPECT_EQ(wide.bytes.size(), 16U);
}

TEST(Value, EnumsHaveNamesWhereTheyKnowTheNumber)
{
    Types types;
    const int verdict = btf__add_enum(types.get(), "verdict", 4);
    btf__add_enum_value(types.get(), "DROP", 0);
    btf__add_enum_value(types.get(), "ABORT", -1);
    const auto decoder = types.decoder(verdict);
    EXPECT_EQ(decoded(decoder, bytes(0, 0, 0, 0)).symbol, "DROP");
    const Value negative = decoded(decoder, bytes(0xff, 0xff, 0xff, 0xff));
    EXPECT_EQ(negative.symbol, "ABORT");
    EXPECT_EQ(number_of(negative), "-1");
    const Value unknown = decoded(decoder, bytes(9, 0, 0, 0));
    EXPECT_EQ(unknown.symbol, "");
    EXPECT_EQ(number_of(unknown), "9");
    EXPECT_EQ(decoder.value_type(), "enum verdict");

    const int wide = btf__add_enum64(types.get(), "wide", 8, false);
    btf__add_enum64_value(types.get(), "HIGH", 0x100000000ULL);
    EXPECT_EQ(decoded(types.decoder(wide), bytes(0, 0, 0, 0, 1, 0, 0, 0)).symbol, "HIGH");
}

TEST(Value, CharArraysAreTextWherePrintable)
{
    Types types;
    const auto decoder = types.decoder(types.array(types.plain_char, 4));
    Value value = decoded(decoder, bytes('a', 'b', 0, 'z'));
    EXPECT_EQ(value.kind, ValueKind::text);
    EXPECT_EQ(value.bytes, "ab");
    EXPECT_EQ(decoded(decoder, bytes('f', 'u', 'l', 'l')).bytes, "full");
    EXPECT_EQ(decoded(decoder, bytes(0, 0, 0, 0)).kind, ValueKind::text);
    EXPECT_EQ(decoded(decoder, bytes(0xc3, 0xa4, 0, 0)).bytes, "\u00e4");
    for (const auto& binary :
         {bytes(1, 2, 0, 0), bytes(0xff, 0, 0, 0), bytes('a', 0x7f, 0, 0), bytes('a', 'b', 'c', 0xc3)}) {
        value = decoded(decoder, binary);
        EXPECT_EQ(value.kind, ValueKind::octets);
        EXPECT_EQ(value.bytes.size(), 4U);
    }
    EXPECT_EQ(decoder.value_type(), "char[4]");
    EXPECT_EQ(decoded(types.decoder(types.array(types.u8, 4)), bytes('a', 'b', 'c', 'd')).kind,
              ValueKind::octets);
}

TEST(Value, NestedStructsUnionsAndArrays)
{
    Types types;
    const int cell = types.structure("cell", 4, {{"hits", types.u16, 0}, {"misses", types.u16, 16}});
    const int either = types.overlay("either", 4, {{"whole", types.u32, 0}, {"low", types.u16, 0}});
    const auto decoder = types.decoder(
        types.structure("table", 12, {{"cells", types.array(cell, 2), 0}, {"either", either, 64}}));
    const Value table = decoded(decoder, bytes(1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0));
    ASSERT_EQ(table.parts.size(), 2U);
    EXPECT_EQ(table.type, "table");
    EXPECT_EQ(table.parts[0].kind, ValueKind::array);
    EXPECT_EQ(number_of(*bpfxx::find_part(table, "cells[1].misses")), "4");
    EXPECT_EQ(table.parts[1].kind, ValueKind::overlay);
    EXPECT_EQ(number_of(*bpfxx::find_part(table, "either.whole")), "393221");
    EXPECT_EQ(number_of(*bpfxx::find_part(table, "either.low")), "5");
    EXPECT_EQ(decoder.value_type(), "struct table");
    for (const char* wrong : {"cells[2]", "cells[1", "cells[x].hits", "cells.hits", "cell", "either.",
                              ".either", "either.whole.deeper", "cells[1]hits", "[0]"})
        EXPECT_EQ(bpfxx::find_part(table, wrong), nullptr) << wrong;
}

TEST(Value, MembersOfTheAnonymousStandWithTheOthers)
{
    Types types;
    const int inner = types.structure(nullptr, 4, {{"b", types.u16, 0}, {"c", types.u16, 16}});
    const int either = types.overlay("", 4, {{"whole", types.u32, 0}, {"", inner, 0}});
    const auto decoder = types.decoder(types.structure("outer", 8, {{"a", types.u32, 0}, {"", either, 32}}));
    const Value outer = decoded(decoder, bytes(1, 0, 0, 0, 2, 0, 3, 0));
    ASSERT_EQ(outer.parts.size(), 4U);
    EXPECT_EQ(outer.parts[1].name, "whole");
    EXPECT_EQ(outer.parts[2].name, "b");
    EXPECT_EQ(number_of(outer.parts[3]), "3");
}

TEST(Value, BitFields)
{
    Types types;
    const auto decoder = types.decoder(types.structure("bits", 4,
                                                       {{"one", types.u32, 0, 1},
                                                        {"three", types.s32, 1, 3},
                                                        {"across", types.u32, 4, 9},
                                                        {"whole", types.u16, 16, 0}}));
    // one = 1, three = -2 (0b110), across = 0x1a5, whole = 0x1234
    const std::uint32_t word = 1U | 6U << 1U | 0x1a5U << 4U | 0x1234U << 16U;
    std::array<std::byte, 4> raw{};
    std::memcpy(raw.data(), &word, sizeof word);
    const Value bits = decoded(decoder, raw);
    EXPECT_EQ(number_of(bits.parts[0]), "1");
    EXPECT_EQ(number_of(bits.parts[1]), "-2");
    EXPECT_EQ(number_of(bits.parts[2]), std::to_string(0x1a5));
    EXPECT_EQ(number_of(bits.parts[3]), std::to_string(0x1234));
}

TEST(Value, BitFieldsOfTheOldKindAreToldByTheInteger)
{
    Types types;
    const int three_bits = types.integer("unsigned int", 4);
    const int id = types.structure("bits", 4, {{"low", three_bits, 0}});
    // Bits 4 to 6 of the integer.
    *reinterpret_cast<__u32*>(types.at(three_bits) + 1) = 4U << 16U | 3U;
    EXPECT_EQ(number_of(decoded(types.decoder(id), bytes(0xdf, 0, 0, 0)).parts[0]), "5");
}

TEST(Value, AnOpenArrayTakesWhatIsLeft)
{
    Types types;
    const auto decoder = types.decoder(types.structure(
        "trie_key", 4, {{"prefixlen", types.u32, 0}, {"data", types.array(types.u8, 0), 32}}));
    const Value key = decoded(decoder, bytes(24, 0, 0, 0, 10, 1, 2, 0));
    EXPECT_EQ(key.parts[1].bytes, std::string("\x0a\x01\x02\x00", 4));
    EXPECT_EQ(decoded(decoder, bytes(24, 0, 0, 0)).parts[1].bytes, "");
}

TEST(Value, SectionsOfGlobalDataAreTheirVariables)
{
    Types types;
    const int packets = btf__add_var(types.get(), "packets", BTF_VAR_GLOBAL_ALLOCATED, types.u64);
    const int port = btf__add_var(types.get(), "port", BTF_VAR_STATIC, types.be16);
    const int section = btf__add_datasec(types.get(), ".bss", 16);
    btf__add_datasec_var_info(types.get(), packets, 0, 8);
    btf__add_datasec_var_info(types.get(), port, 8, 2);
    const auto decoder = types.decoder(section);
    const Value bss = decoded(decoder, bytes(7, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0));
    ASSERT_EQ(bss.parts.size(), 2U);
    EXPECT_EQ(bss.parts[0].name, "packets");
    EXPECT_EQ(number_of(bss.parts[1]), "80");
    EXPECT_EQ(decoder.value_type(), ".bss");
}

TEST(Value, WithoutTypesThereAreBytes)
{
    Types types;
    const auto decoder = types.decoder(0);
    const Value value = decoded(decoder, bytes(1, 2));
    EXPECT_EQ(value.kind, ValueKind::untyped);
    EXPECT_EQ(value.bytes, "\x01\x02");
    EXPECT_EQ(decoder.value_type(), "");
}

// What no compiler writes.

TEST(HostileBtf, NothingBeyondTheBytes)
{
    Types types;
    const auto three = bytes(1, 2, 3);
    for (const int id :
         {types.u32, types.structure("s", 4, {}), types.structure("t", 2, {{"a", types.u16, 16}}),
          types.array(types.u8, 4), types.array(types.u64, 0xffffffff), btf__add_ptr(types.get(), 0),
          btf__add_float(types.get(), "float", 4), types.structure("u", 0, {{"b", types.u32, 23, 2}}),
          types.structure("v", 0, {{"far", types.u8, 0xfffff8}})})
        EXPECT_NE(refusal(types.decoder(id), three), "decoded") << id;
    const int variable = btf__add_var(types.get(), "x", BTF_VAR_STATIC, types.u16);
    const int section = btf__add_datasec(types.get(), ".bss", 16);
    EXPECT_EQ(btf__add_datasec_var_info(types.get(), variable, 2, 2), 0);
    EXPECT_NE(refusal(types.decoder(section), three), "decoded");
}

TEST(HostileBtf, LoopsEnd)
{
    Types types;
    const int first = types.alias("first", types.u32);
    const int second = types.alias("second", first);
    types.at(first)->type = static_cast<__u32>(second);
    EXPECT_THAT(refusal(types.decoder(second), bytes(1, 2, 3, 4)), testing::HasSubstr("leads nowhere"));

    const int inside = types.structure("inside_itself", 4, {{"again", types.u32, 0}});
    btf_members(types.at(inside))->type = static_cast<__u32>(inside);
    EXPECT_THAT(refusal(types.decoder(inside), bytes(1, 2, 3, 4)), testing::HasSubstr("too deep"));
}

TEST(HostileBtf, UnionsInUnionsEnd)
{
    Types types;
    int id = types.u8;
    for (int level = 0; level < 20; level++)
        id = types.overlay("level", 1, {{"a", id, 0}, {"b", id, 0}, {"c", id, 0}, {"d", id, 0}});
    EXPECT_THAT(refusal(types.decoder(id), bytes(1)), testing::HasSubstr("too many parts"));
}

TEST(HostileBtf, ManyEmptyElementsAreNone)
{
    Types types;
    const int empty = types.structure("empty", 0, {});
    const Value value = decoded(types.decoder(types.array(empty, 0xffffffff)), bytes(1));
    EXPECT_EQ(value.parts.size(), 0U);
}

TEST(HostileBtf, WhatHasNoValueIsRefused)
{
    Types types;
    const int forward = btf__add_fwd(types.get(), "unknown", BTF_FWD_STRUCT);
    EXPECT_THAT(refusal(types.decoder(forward), bytes(1)), testing::HasSubstr("no value"));
    EXPECT_THAT(refusal(types.decoder(9999), bytes(1)), testing::HasSubstr("leads nowhere"));
    EXPECT_THAT(refusal(types.decoder(types.array(forward, 1)), bytes(1)), testing::HasSubstr("no size"));
    const int crooked = types.structure("s", 2, {{"a", types.u8, 0}});
    btf_members(types.at(crooked))->offset = 3; // bits
    EXPECT_THAT(refusal(types.decoder(crooked), bytes(1, 2)), testing::HasSubstr("inside a byte"));
    const int odd = types.integer("odd", 1);
    types.at(odd)->size = 0;
    EXPECT_THAT(refusal(types.decoder(odd), bytes(1)), testing::HasSubstr("impossible size"));
}

TEST(HostileBtf, DamagedBytesNeverCrash)
{
    Types types;
    const int cell = types.structure("cell", 4, {{"a", types.u16, 0}, {"b", types.be16, 16}});
    const int whole = types.structure("whole", 16,
                                      {{"cells", types.array(cell, 2), 0},
                                       {"text", types.array(types.plain_char, 4), 64},
                                       {"bits", types.u32, 96, 5}});
    __u32 size = 0;
    const auto* raw = static_cast<const std::byte*>(btf__raw_data(types.get(), &size));
    const std::vector<std::byte> good(raw, raw + size);
    const std::array<std::byte, 16> value{};
    std::size_t decoded_count = 0;
    std::size_t refused_count = 0;
    for (std::size_t at = 0; at < good.size(); at++)
        for (const unsigned pattern : {0x01U, 0x80U, 0xffU}) {
            auto damaged = good;
            damaged[at] ^= static_cast<std::byte>(pattern);
            const auto decoder = TypeDecoder::from_btf(damaged, 0, static_cast<std::uint32_t>(whole));
            if (decoder && decoder->value(value))
                decoded_count++;
            else
                refused_count++;
        }
    EXPECT_GT(decoded_count, 0U);
    EXPECT_GT(refused_count, 0U);
}

TEST(HostileBtf, WhatIsNoBtfIsInvalid)
{
    const auto decoder = TypeDecoder::from_btf(bytes(1, 2, 3), 0, 1);
    ASSERT_FALSE(decoder);
    EXPECT_EQ(decoder.error().kind(), ErrorKind::invalid);
}

} // namespace
