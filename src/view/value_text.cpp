// SPDX-License-Identifier: BSD-2-Clause
#include "view/value_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "view/human.hpp"

namespace xdpstat {

namespace {

using bpfxx::Value;
using bpfxx::ValueKind;

constexpr std::size_t ipv4_size = 4; ///< bytes
constexpr std::size_t ipv6_size = 16;
constexpr std::size_t mac_size = 6;
constexpr std::size_t most_hex_bytes = 32; ///< shown to a person

/// The words of a name: "srcIp" and "src_ip" are src and ip.
std::vector<std::string> words_of(std::string_view name)
{
    std::vector<std::string> words(1);
    char before = '_';
    for (const char c : name) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (c == '_' || (upper && before >= 'a' && before <= 'z'))
            words.emplace_back();
        if (c != '_')
            words.back() += static_cast<char>(upper ? c - 'A' + 'a' : c);
        before = c;
    }
    return words;
}

bool has_word(std::string_view name, std::span<const std::string_view> known, std::string_view part)
{
    return std::ranges::any_of(words_of(name), [&](const std::string& word) {
        return word.find(part) != std::string::npos || std::ranges::find(known, word) != known.end();
    });
}

bool names_address(std::string_view name)
{
    static constexpr auto known = std::to_array<std::string_view>(
        {"ip",     "ip4",  "ip6", "ipv4",    "ipv6",    "sip",  "dip",   "vip",    "src", "dst",
         "source", "dest", "gw",  "gateway", "nexthop", "peer", "local", "remote", "v4",  "v6"});
    return has_word(name, known, "addr");
}

bool names_mac(std::string_view name)
{
    static constexpr auto known =
        std::to_array<std::string_view>({"eth", "source", "src", "dest", "dst", "hw"});
    return has_word(name, known, "mac") || has_word(name, known, "addr");
}

std::string ipv4_text(std::string_view bytes)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    return fmt::format("{}.{}.{}.{}", byte(0), byte(1), byte(2), byte(3));
}

/// RFC 5952: the longest run of two or more zero groups, the first of equal ones, is "::".
std::string ipv6_text(std::string_view bytes)
{
    constexpr std::size_t groups = 8;
    std::array<unsigned, groups> group{};
    for (std::size_t i = 0; i < groups; i++)
        group.at(i) = static_cast<unsigned>(static_cast<unsigned char>(bytes[2 * i])) << 8U |
                      static_cast<unsigned char>(bytes[2 * i + 1]);
    std::size_t run_start = groups;
    std::size_t run_length = 1;
    for (std::size_t i = 0; i < groups; i++) {
        std::size_t end = i;
        while (end < groups && group.at(end) == 0)
            end++;
        if (end - i > run_length) {
            run_start = i;
            run_length = end - i;
        }
    }
    const bool is_mapped = run_start == 0 && run_length == 5 && group[5] == 0xffff;
    std::string text;
    for (std::size_t i = 0; i < groups; i++) {
        if (i == run_start) {
            text += "::";
            i += run_length - 1;
            continue;
        }
        if (!text.empty() && !text.ends_with(':'))
            text += ':';
        if (is_mapped && i == 6)
            return text + ipv4_text(bytes.substr(12));
        text += fmt::format("{:x}", group.at(i));
    }
    return text;
}

std::string mac_text(std::string_view bytes)
{
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{}{:02x}", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
    return text;
}

/// A number that was read in network order, as it lay there.
std::string network_bytes(const Value& value)
{
    std::string bytes;
    for (std::uint32_t i = value.size; i > 0; i--)
        bytes += static_cast<char>(static_cast<unsigned char>(value.number >> (i - 1) * 8));
    return bytes;
}

/// The octets of an address inside the structures that the kernel wraps it in; null where there are none.
const std::string* find_octets(const Value& value, std::size_t size)
{
    if (value.kind == ValueKind::octets && value.bytes.size() == size)
        return &value.bytes;
    for (const Value& part : value.parts)
        if (const std::string* found = find_octets(part, size); found != nullptr)
            return found;
    return nullptr;
}

std::string hex(std::string_view bytes)
{
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

void add_leaves(std::vector<Leaf>& leaves, std::string path, std::string_view name, const Value& value,
                const Value* rate, bool is_whole_key)
{
    auto address = address_of(value, name, is_whole_key);
    if (!value.has_parts() || address) {
        leaves.push_back({std::move(path), &value, rate, std::move(address)});
        return;
    }
    for (std::size_t i = 0; i < value.parts.size(); i++) {
        const Value& part = value.parts[i];
        const Value* part_rate =
            rate != nullptr && rate->parts.size() == value.parts.size() ? &rate->parts[i] : nullptr;
        if (value.kind == ValueKind::array)
            add_leaves(leaves, fmt::format("{}[{}]", path, i), name, part, part_rate, false);
        else
            add_leaves(leaves, path + (path.empty() ? "" : ".") + std::string(part.name), part.name, part,
                       part_rate, false);
    }
}

std::string number_text(const Value& value)
{
    return bpfxx::decimal(value.number, value.is_signed);
}

std::string grouped_number(const Value& value)
{
    std::string text = number_text(value);
    const std::size_t first = text.starts_with('-') ? 1 : 0;
    for (std::size_t end = text.size(); end > first + 3; end -= 3)
        text.insert(end - 3, 1, ',');
    return text;
}

Json number_json(const Value& value)
{
    const auto low = static_cast<std::uint64_t>(value.number);
    if (value.is_signed && value.number == static_cast<bpfxx::Wide>(static_cast<std::int64_t>(low)))
        return static_cast<std::int64_t>(low);
    if (value.number == low)
        return low;
    return number_text(value); // more than 64 bits
}

Json json_of(const Value& value, std::string_view name, bool is_whole_key)
{
    if (auto address = address_of(value, name, is_whole_key))
        return *address;
    switch (value.kind) {
    case ValueKind::none:
        return nullptr;
    case ValueKind::structure:
    case ValueKind::overlay: {
        Json fields = Json::object();
        for (const Value& part : value.parts)
            fields[std::string(part.name)] = json_of(part, part.name, false);
        return fields;
    }
    case ValueKind::array: {
        Json list = Json::array();
        for (const Value& part : value.parts)
            list.push_back(json_of(part, name, false));
        return list;
    }
    case ValueKind::integer:
    case ValueKind::character:
        return number_json(value);
    case ValueKind::boolean:
        return value.number != 0;
    case ValueKind::enumerator:
        return value.symbol.empty() ? number_json(value) : Json(value.symbol);
    case ValueKind::pointer:
        return fmt::format("{:#x}", static_cast<std::uint64_t>(value.number));
    case ValueKind::floating:
        return value.real;
    case ValueKind::text:
        return value.bytes;
    case ValueKind::octets: {
        Json list = Json::array();
        for (const char byte : value.bytes)
            list.push_back(static_cast<unsigned char>(byte));
        return list;
    }
    case ValueKind::untyped:
        return hex(value.bytes);
    }
    return nullptr;
}

} // namespace

std::optional<std::string> address_of(const Value& value, std::string_view name, bool is_whole_key)
{
    const bool is_be32 = value.kind == ValueKind::integer && value.network_order && value.size == ipv4_size;
    if (is_be32 && (is_whole_key || names_address(name)))
        return ipv4_text(network_bytes(value));
    if (value.kind == ValueKind::octets) {
        if (value.bytes.size() == ipv4_size && names_address(name))
            return ipv4_text(value.bytes);
        if (value.bytes.size() == ipv6_size && names_address(name))
            return ipv6_text(value.bytes);
        if (value.bytes.size() == mac_size && names_mac(name))
            return mac_text(value.bytes);
    }
    if (value.kind == ValueKind::structure && value.type == "in_addr" && value.parts.size() == 1 &&
        value.parts.front().network_order && value.parts.front().size == ipv4_size)
        return ipv4_text(network_bytes(value.parts.front()));
    if (value.has_parts() && value.type == "in6_addr")
        if (const std::string* octets = find_octets(value, ipv6_size); octets != nullptr)
            return ipv6_text(*octets);
    // The kernel's own way of an IPv6 address: __be32 saddr[4]. A name in the plural is a list.
    const bool is_four = value.kind == ValueKind::array && value.parts.size() == 4;
    if (is_four && names_address(name) && !name.ends_with('s') &&
        std::ranges::all_of(value.parts, [](const Value& part) {
            return part.kind == ValueKind::integer && part.network_order && part.size == ipv4_size;
        })) {
        std::string bytes;
        for (const Value& part : value.parts)
            bytes += network_bytes(part);
        return ipv6_text(bytes);
    }
    return std::nullopt;
}

std::vector<Leaf> leaves_of(const Value& value, const Value* rates, Place place)
{
    std::vector<Leaf> leaves;
    add_leaves(leaves, "", "", value, rates, place == Place::key);
    return leaves;
}

bool is_zero(const Value& value)
{
    return value.number == 0 && value.real == 0 &&
           std::ranges::all_of(value.bytes, [](char byte) { return byte == '\0'; }) &&
           std::ranges::all_of(value.parts, is_zero);
}

std::string leaf_text(const Leaf& leaf, bool group)
{
    const Value& value = *leaf.value;
    if (leaf.address)
        return *leaf.address;
    switch (value.kind) {
    case ValueKind::integer:
        return group && value.is_quantity() ? grouped_number(value) : number_text(value);
    case ValueKind::boolean:
        return value.number != 0 ? "true" : "false";
    case ValueKind::character: {
        const auto c = static_cast<unsigned char>(value.number);
        return c > ' ' && c < 0x7f ? fmt::format("'{}'", static_cast<char>(c)) : number_text(value);
    }
    case ValueKind::enumerator:
        return value.symbol.empty() ? number_text(value) : printable(std::string(value.symbol));
    case ValueKind::pointer:
        return fmt::format("{:#x}", static_cast<std::uint64_t>(value.number));
    case ValueKind::floating:
        return std::isnan(value.real) ? "nan" : fmt::format("{}", value.real); // its sign says nothing
    case ValueKind::text:
        return printable(value.bytes);
    case ValueKind::octets:
    case ValueKind::untyped:
        return hex(std::string_view(value.bytes).substr(0, most_hex_bytes)) +
               (value.bytes.size() > most_hex_bytes ? "..." : "");
    default:
        return "-"; // also a structure without members
    }
}

std::string leaf_rate_text(const Leaf& leaf)
{
    if (leaf.rate == nullptr || leaf.rate->kind != ValueKind::floating)
        return "-";
    const double rate = leaf.rate->real;
    if (std::abs(rate) < 9.95)
        return rate == 0 ? "0" : fmt::format("{:.1f}", rate);
    const std::string text = fmt::format("{:.0f}", std::abs(rate));
    std::string result = text;
    for (std::size_t end = result.size(); end > 3; end -= 3)
        result.insert(end - 3, 1, ',');
    return (rate < 0 ? "-" : "") + result;
}

Json value_json(const Value& value, Place place)
{
    return json_of(value, "", place == Place::key);
}

Json rates_json(const Value& rates)
{
    if (rates.kind == ValueKind::floating)
        return rates.real;
    if (rates.kind == ValueKind::array) {
        Json list = Json::array();
        for (const Value& part : rates.parts)
            list.push_back(rates_json(part));
        return list;
    }
    if (rates.kind != ValueKind::structure && rates.kind != ValueKind::overlay)
        return nullptr;
    Json fields = Json::object();
    for (const Value& part : rates.parts)
        if (Json one = rates_json(part); !one.is_null())
            fields[std::string(part.name)] = std::move(one);
    return fields;
}

} // namespace xdpstat
