// SPDX-License-Identifier: BSD-2-Clause
#include "view/map_table.hpp"

#include <limits>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/value_text.hpp"
#include "view_samples.hpp"

namespace xdpstat {

namespace {

using bpfxx::Value;
using bpfxx::ValueKind;
using samples::expect_golden;

Value number(std::string_view name, bpfxx::Wide n)
{
    Value value;
    value.kind = ValueKind::integer;
    value.name = name;
    value.number = n;
    value.size = 8;
    return value;
}

Value network(std::string_view name, std::uint32_t n, std::uint32_t size)
{
    Value value = number(name, n);
    value.network_order = true;
    value.size = size;
    return value;
}

Value raw(ValueKind kind, std::string_view name, std::string bytes)
{
    Value value;
    value.kind = kind;
    value.name = name;
    value.bytes = std::move(bytes);
    return value;
}

Value group(ValueKind kind, std::string_view name, std::string_view type, std::vector<Value> parts)
{
    Value value;
    value.kind = kind;
    value.name = name;
    value.type = type;
    value.parts = std::move(parts);
    return value;
}

Value structure(std::vector<Value> parts)
{
    return group(ValueKind::structure, "", "", std::move(parts));
}

Value verdict(std::string_view symbol, bpfxx::Wide n)
{
    Value value = number("verdict", n);
    value.kind = ValueKind::enumerator;
    value.symbol = symbol;
    return value;
}

const std::string address6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);

MapFacts flows()
{
    return {.id = 42,
            .name = "flows",
            .type = "lru_hash",
            .key_size = 12,
            .value_size = 32,
            .max_entries = 65536,
            .flags = 0,
            .is_indexed = false,
            .has_btf = true,
            .key_type = "struct flow",
            .value_type = "struct flow_stats"};
}

MapEntry flow(std::uint32_t host, bpfxx::Wide packets, const char* comm)
{
    return {.key = structure({network("saddr", 0x0a000000U + host, 4), network("sport", 443, 2)}),
            .cpu = std::nullopt,
            .value = structure({number("packets", packets), raw(ValueKind::text, "comm", comm),
                                verdict(packets > 9 ? "PASS" : "", packets > 9 ? 1 : 7)}),
            .rates = std::nullopt};
}

MapReading reading()
{
    MapReading result;
    result.map = flows();
    result.taken = samples::moment();
    result.entries = {flow(1, 1234567, "curl"), flow(2, 3, "evil\033[31m"),
                      flow(255, bpfxx::Wide{1} << 64U, "")};
    result.total = 3;
    return result;
}

MapReading with_rates()
{
    MapReading result = reading();
    result.seconds = 2;
    for (MapEntry& entry : result.entries) {
        Value before = entry.value;
        before.parts[0].number -= 3;
        entry.rates = bpfxx::per_second(before, entry.value, 2);
    }
    return result;
}

MapReading array_of(std::size_t cells, std::vector<bpfxx::Wide> first_cells)
{
    MapReading result;
    result.map = {.id = 7,
                  .name = "wide",
                  .type = "array",
                  .key_size = 4,
                  .value_size = static_cast<std::uint32_t>(cells * 8),
                  .max_entries = static_cast<std::uint32_t>(first_cells.size()),
                  .flags = 0,
                  .is_indexed = true,
                  .has_btf = true,
                  .key_type = "__u32",
                  .value_type = "struct wide"};
    result.taken = samples::moment();
    for (std::size_t i = 0; i < first_cells.size(); i++) {
        std::vector<Value> parts;
        for (std::size_t cell = 0; cell < cells; cell++)
            parts.push_back(number("", cell == 3 ? first_cells[i] : 0));
        result.entries.push_back(
            {.key = number("", i),
             .cpu = std::nullopt,
             .value = structure({group(ValueKind::array, "cells", "", std::move(parts))}),
             .rates = std::nullopt});
    }
    result.total = first_cells.size();
    return result;
}

std::string text(const MapReading& what, const MapTextOptions& options = {})
{
    return to_text(map_lines(what, options), options.color);
}

TEST(MapView, GoldenPages)
{
    expect_golden("map_flows.txt", text(reading()));
    expect_golden("map_flows_color.txt", text(reading(), {.color = true}));
    expect_golden("map_flows_narrow.txt", text(reading(), {.width = 40}));
    expect_golden("map_flows_rates.txt", text(with_rates()));
    expect_golden("map_flows.json", map_json(reading()));
    expect_golden("map_flows_rates.json", map_json(with_rates()));
    expect_golden("map_wide.txt", text(array_of(100, {5, 0, 6})));
    expect_golden("map_wide_all.txt", text(array_of(4, {5, 0, 6}), {.all = true}));
    expect_golden("map_zeros.txt", text(array_of(4, {5, 0, 0})));
}

TEST(MapView, WhatIsNoNumberHasNoSign)
{
    MapReading what = array_of(1, {5});
    for (const double none :
         {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()}) {
        what.entries[0].value = number("", 0);
        what.entries[0].value.kind = ValueKind::floating;
        what.entries[0].value.real = none;
        EXPECT_THAT(text(what, {.all = true}), testing::EndsWith(" nan\n"));
        EXPECT_TRUE(Json::parse(map_json(what))["entries"][0]["value"].is_null());
    }
}

TEST(MapView, OneLineForEachDocument)
{
    const std::string line = map_json_line(reading());
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(Json::parse(line), Json::parse(map_json(reading())));
}

TEST(MapView, CpusAreToldApart)
{
    MapReading cpus = array_of(1, {5});
    cpus.map.max_entries = 2;
    cpus.entries.push_back(cpus.entries.front());
    cpus.entries[0].cpu = 0;
    cpus.entries[1].cpu = 1;
    EXPECT_EQ(text(cpus, {.all = true}), "wide  array, id 7, 2 entries\n"
                                         "key  cpu  cells[0]\n"
                                         "  0    0         0\n"
                                         "  0    1         0\n");
    EXPECT_EQ(Json::parse(map_json(cpus))["entries"][1]["cpu"], 1);
}

TEST(MapView, TheOnlyEntryIsAList)
{
    MapReading section = array_of(4, {5});
    EXPECT_EQ(text(section), "wide  array, id 7, 1 entry\n"
                             "  cells[0]  0\n"
                             "  cells[1]  0\n"
                             "  cells[2]  0\n"
                             "  cells[3]  5\n");
}

TEST(MapView, BytesWithoutTypesAreSaidToBe)
{
    MapReading plain = reading();
    plain.map.has_btf = false;
    plain.map.key_type = plain.map.value_type = "";
    plain.entries = {{.key = raw(ValueKind::untyped, "", std::string("\x01\x00\xff", 3)),
                      .cpu = std::nullopt,
                      .value = raw(ValueKind::untyped, "", std::string(40, 'A')),
                      .rates = std::nullopt}};
    const std::string page = text(plain);
    EXPECT_NE(page.find("no BTF tells its types: bytes in hex"), std::string::npos);
    EXPECT_NE(page.find("0100ff"), std::string::npos);
    std::string hex;
    for (int i = 0; i < 32; i++)
        hex += "41";
    EXPECT_NE(page.find("  " + hex + "...\n"), std::string::npos);
    const Json document = Json::parse(map_json(plain));
    EXPECT_EQ(document["entries"][0]["key"], "0100ff");
    EXPECT_EQ(document["entries"][0]["value"].get<std::string>().size(), 80U);
    EXPECT_TRUE(document["map"]["key_type"].is_null());
}

TEST(MapView, ANameInBothIsToldApart)
{
    MapReading both = reading();
    both.entries = {{.key = structure({number("id", 1)}),
                     .cpu = std::nullopt,
                     .value = structure({number("id", 2)}),
                     .rates = std::nullopt}};
    EXPECT_NE(text(both).find("key.id  value.id"), std::string::npos);
    EXPECT_EQ(field_names(both.entries[0]), (std::vector<std::string>{"id", "key.id"}));
}

TEST(MapView, List)
{
    MapFacts plain = flows();
    plain.id = 7;
    plain.name = "";
    plain.key_type = plain.value_type = "";
    plain.has_btf = false;
    expect_golden("maps.txt", to_text(map_list_lines(std::array{plain, flows()}), false));
    expect_golden("maps.json", map_list_json(std::array{plain, flows()}));
}

// Addresses.

std::string shown(const Value& value, Place place = Place::value)
{
    const Value whole = structure({value});
    const auto leaves = leaves_of(whole, nullptr, place);
    return leaves.size() == 1 ? leaf_text(leaves[0], false) : "several";
}

TEST(Addresses, NamesOfNetworkOrderNumbers)
{
    for (const char* name :
         {"saddr", "daddr", "ip", "src_ip", "srcIp", "remote_addr", "vip", "dip", "gateway"})
        EXPECT_EQ(shown(network(name, 0x0a000001, 4)), "10.0.0.1") << name;
    for (const char* name : {"seq", "spi", "flags", "zip", "ship", "mark"})
        EXPECT_EQ(shown(network(name, 0x0a000001, 4)), "167772161") << name;
    EXPECT_EQ(shown(network("source", 443, 2)), "443");
    EXPECT_EQ(shown(number("saddr", 0x0a000001)), "167772161"); // its order is not known
}

TEST(Addresses, WholeKeys)
{
    const Value key = network("", 0x7f000001, 4);
    EXPECT_EQ(leaf_text(leaves_of(key, nullptr, Place::key)[0], false), "127.0.0.1");
    EXPECT_EQ(leaf_text(leaves_of(key, nullptr, Place::value)[0], false), "2130706433");
    EXPECT_EQ(value_json(key, Place::key), "127.0.0.1");
}

TEST(Addresses, StructuresOfTheKernel)
{
    Value in_addr = group(ValueKind::structure, "peer", "in_addr", {network("s_addr", 0xc0a80001, 4)});
    EXPECT_EQ(shown(in_addr), "192.168.0.1");
    const Value in6_u =
        group(ValueKind::overlay, "in6_u", "", {raw(ValueKind::octets, "u6_addr8", address6)});
    EXPECT_EQ(shown(group(ValueKind::structure, "x", "in6_addr", {in6_u})), "2001:db8::1");
    const Value word = network("", 0x20010db8, 4);
    EXPECT_EQ(shown(group(ValueKind::array, "saddr", "", {word, word, word, word})),
              "2001:db8:2001:db8:2001:db8:2001:db8");
    EXPECT_EQ(shown(group(ValueKind::array, "addrs", "", {word, word, word, word})), "several");
    EXPECT_EQ(shown(raw(ValueKind::octets, "h_dest", std::string("\x02\0\0\0\0\xff", 6))),
              "02:00:00:00:00:ff");
    EXPECT_EQ(shown(raw(ValueKind::octets, "ip", "\x01\x02\x03\x04")), "1.2.3.4");
    EXPECT_EQ(shown(raw(ValueKind::octets, "cookie", "\x01\x02\x03\x04")), "01020304");
}

TEST(Addresses, Ipv6AsRfc5952Says)
{
    const auto ipv6 = [](std::array<std::uint16_t, 8> groups) {
        std::string bytes;
        for (const std::uint16_t one : groups) {
            bytes += static_cast<char>(one >> 8U);
            bytes += static_cast<char>(one & 0xffU);
        }
        return shown(raw(ValueKind::octets, "addr", bytes));
    };
    EXPECT_EQ(ipv6({0, 0, 0, 0, 0, 0, 0, 0}), "::");
    EXPECT_EQ(ipv6({0, 0, 0, 0, 0, 0, 0, 1}), "::1");
    EXPECT_EQ(ipv6({0xfe80, 0, 0, 0, 0, 0, 0, 0}), "fe80::");
    EXPECT_EQ(ipv6({1, 0, 2, 3, 4, 5, 6, 7}), "1:0:2:3:4:5:6:7");
    EXPECT_EQ(ipv6({1, 0, 0, 2, 0, 0, 0, 3}), "1:0:0:2::3");
    EXPECT_EQ(ipv6({1, 0, 0, 2, 3, 0, 0, 4}), "1::2:3:0:0:4");
    EXPECT_EQ(ipv6({0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304}), "::ffff:1.2.3.4");
}

TEST(ValueJson, NumbersStayWhole)
{
    EXPECT_EQ(value_json(number("", ~std::uint64_t{0}), Place::value).dump(), "18446744073709551615");
    EXPECT_EQ(value_json(number("", bpfxx::Wide{1} << 64U), Place::value), "18446744073709551616");
    Value negative = number("", ~bpfxx::Wide{0});
    negative.is_signed = true;
    EXPECT_EQ(value_json(negative, Place::value).dump(), "-1");
    negative.number = ~bpfxx::Wide{0} << 80U;
    EXPECT_EQ(value_json(negative, Place::value), "-1208925819614629174706176");
    EXPECT_EQ(value_json(verdict("", 7), Place::value), 7);
    EXPECT_EQ(value_json(raw(ValueKind::octets, "", "\x01\xff"), Place::value).dump(), "[1,255]");
    EXPECT_TRUE(value_json(Value{}, Place::value).is_null());
}

} // namespace

} // namespace xdpstat
