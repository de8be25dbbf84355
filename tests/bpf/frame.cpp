// SPDX-License-Identifier: BSD-2-Clause
#include "frame.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace xdpstat::test {
namespace {

// Numbers of the experimental and local ranges, for headers that nothing known follows.
constexpr std::uint16_t ethertype_experimental = 0x88b5;
constexpr std::uint8_t protocol_experimental = 253;

constexpr std::uint8_t filler = 0x11;

void put8(Bytes& header, std::size_t at, unsigned value)
{
    header.at(at) = static_cast<std::uint8_t>(value);
}

void put16(Bytes& header, std::size_t at, std::size_t value)
{
    header.at(at) = static_cast<std::uint8_t>(value >> 8);
    header.at(at + 1) = static_cast<std::uint8_t>(value);
}

std::uint16_t ethertype_of(const Layer* next)
{
    return next && next->ethertype ? *next->ethertype : ethertype_experimental;
}

std::uint8_t protocol_of(const Layer* next)
{
    return next && next->protocol ? *next->protocol : protocol_experimental;
}

// RFC 1071, over a header whose own checksum field is zero.
std::uint16_t internet_checksum(const Bytes& header)
{
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at + 1 < header.size(); at += 2)
        sum += static_cast<std::uint32_t>(header[at] << 8 | header[at + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

Layer plain(std::uint8_t protocol, Bytes header)
{
    return {.header = std::move(header), .protocol = protocol};
}

// A header whose first byte names the next one.
Layer extension(std::uint8_t protocol, Bytes header, std::optional<std::uint8_t> next_header)
{
    auto layer = plain(protocol, std::move(header));
    layer.finish = [next_header](Bytes& bytes, const Layer* next, std::size_t) {
        put8(bytes, 0, next_header.value_or(protocol_of(next)));
    };
    return layer;
}

// RFC 6564: next header, length in units of eight bytes beyond the first eight.
Layer options_extension(std::uint8_t protocol, unsigned length, std::optional<std::uint8_t> next_header)
{
    Bytes header((length + std::size_t{1}) * 8, filler);
    put8(header, 1, length);
    return extension(protocol, std::move(header), next_header);
}

Layer pppoe(std::uint16_t ethertype, Bytes header)
{
    Layer layer{.header = std::move(header), .ethertype = ethertype};
    layer.finish = [](Bytes& bytes, const Layer*, std::size_t following) {
        put16(bytes, 4, bytes.size() - 6 + following);
    };
    return layer;
}

} // namespace

Bytes Frame::bytes() const
{
    std::size_t following = 0;
    std::vector<Bytes> headers(layers_.size());
    for (auto index = layers_.size(); index-- > 0;) {
        const Layer& layer = layers_[index];
        headers[index] = layer.header;
        if (layer.finish)
            layer.finish(headers[index], index + 1 < layers_.size() ? &layers_[index + 1] : nullptr,
                         following);
        following += layer.header.size();
    }
    Bytes frame;
    frame.reserve(following);
    for (const Bytes& header : headers)
        frame.insert(frame.end(), header.begin(), header.end());
    return frame;
}

Layer eth(std::optional<std::uint16_t> ethertype)
{
    Layer layer{.header = {0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0, 0}};
    layer.finish = [ethertype](Bytes& bytes, const Layer* next, std::size_t following) {
        const bool framed = next && next->length_framed;
        put16(bytes, 12, ethertype ? *ethertype : framed ? following : ethertype_of(next));
    };
    return layer;
}

Layer vlan(unsigned id, std::uint16_t tpid, std::optional<std::uint16_t> ethertype)
{
    Layer layer{.header = Bytes(4), .ethertype = tpid};
    put16(layer.header, 0, id);
    layer.finish = [ethertype](Bytes& bytes, const Layer* next, std::size_t following) {
        const bool framed = next && next->length_framed;
        put16(bytes, 2, ethertype ? *ethertype : framed ? following : ethertype_of(next));
    };
    return layer;
}

Layer arp()
{
    // A request of 192.0.2.1 for 192.0.2.2.
    return {.header = {0,   1, 0x08, 0, 6, 4, 0, 1, 0x02, 0, 0,   0, 0, 0x01,
                       192, 0, 2,    1, 0, 0, 0, 0, 0,    0, 192, 0, 2, 2},
            .ethertype = std::uint16_t{0x0806}};
}

Layer llc()
{
    return {.header = {0x42, 0x42, 0x03}, .length_framed = true};
}

Layer mpls(unsigned label, bool bottom)
{
    Layer layer{.header = Bytes(4), .ethertype = std::uint16_t{0x8847}};
    put16(layer.header, 0, label >> 4);
    put8(layer.header, 2, (label & 0xf) << 4 | (bottom ? 1U : 0U));
    put8(layer.header, 3, 64);
    return layer;
}

Layer pppoe_discovery()
{
    return pppoe(0x8863, {0x11, 0x09, 0, 0, 0, 0});
}

Layer pppoe_session()
{
    // The PPP protocol field behind the header says IPv4.
    return pppoe(0x8864, {0x11, 0x00, 0, 1, 0, 0, 0x00, 0x21});
}

Layer ipv4(const Ipv4& fields)
{
    Layer layer{.header = Bytes(std::size_t{20} + fields.options, 1), // no-operation options
                .ethertype = std::uint16_t{0x0800},
                .protocol = std::uint8_t{4}};
    const unsigned words = 5 + fields.options / 4;
    put8(layer.header, 0, (fields.version.value_or(4) & 0xfU) << 4 | (fields.ihl.value_or(words) & 0xfU));
    put8(layer.header, 1, 0);
    put16(layer.header, 4, 0x1234);
    put16(layer.header, 6, (fields.more_fragments ? 0x2000U : 0U) | fields.fragment_offset);
    put8(layer.header, 8, 64);
    std::ranges::copy(std::array<std::uint8_t, 8>{192, 0, 2, 1, 192, 0, 2, 2}, layer.header.begin() + 12);
    layer.finish = [fields](Bytes& bytes, const Layer* next, std::size_t following) {
        put16(bytes, 2, fields.total_length ? *fields.total_length : bytes.size() + following);
        put8(bytes, 9, fields.protocol.value_or(protocol_of(next)));
        put16(bytes, 10, 0);
        put16(bytes, 10, fields.checksum ? *fields.checksum : internet_checksum(bytes));
    };
    return layer;
}

Layer ipv6(const Ipv6& fields)
{
    Layer layer{.header = Bytes(40), .ethertype = std::uint16_t{0x86dd}, .protocol = std::uint8_t{41}};
    put8(layer.header, 0, (fields.version.value_or(6) & 0xfU) << 4);
    put8(layer.header, 7, 64);
    for (const std::size_t address : {std::size_t{8}, std::size_t{24}}) {
        put16(layer.header, address, 0x2001);
        put16(layer.header, address + 2, 0x0db8);
        put8(layer.header, address + 15, address == 8 ? 1 : 2);
    }
    layer.finish = [fields](Bytes& bytes, const Layer* next, std::size_t following) {
        put16(bytes, 4, fields.payload_length ? *fields.payload_length : following);
        put8(bytes, 6, fields.next_header.value_or(protocol_of(next)));
    };
    return layer;
}

Layer hop_by_hop(unsigned length, std::optional<std::uint8_t> next_header)
{
    return options_extension(0, length, next_header);
}

Layer routing(unsigned length, std::optional<std::uint8_t> next_header)
{
    return options_extension(43, length, next_header);
}

Layer destination(unsigned length, std::optional<std::uint8_t> next_header)
{
    return options_extension(60, length, next_header);
}

Layer mobility(unsigned length)
{
    return options_extension(135, length, {});
}

Layer hip(unsigned length)
{
    return options_extension(139, length, {});
}

Layer fragment(unsigned offset, bool more, std::optional<std::uint8_t> next_header)
{
    // The second byte is reserved: the filler there misleads a parser that takes it for a length.
    Bytes header(8, filler);
    put16(header, 2, offset << 3 | (more ? 1U : 0U));
    return extension(44, std::move(header), next_header);
}

Layer ah(unsigned length, std::optional<std::uint8_t> next_header)
{
    Bytes header((length + std::size_t{2}) * 4, filler);
    put8(header, 1, length);
    return extension(51, std::move(header), next_header);
}

Layer esp()
{
    return plain(50, {0, 0, 0x10, 0x01, 0, 0, 0, 1});
}

Layer no_next()
{
    return plain(59, {});
}

Layer tcp()
{
    Bytes header(20);
    put16(header, 0, 40000);
    put16(header, 2, 443);
    put8(header, 12, 5 << 4);
    put8(header, 13, 0x10); // ACK
    return plain(6, std::move(header));
}

Layer udp(std::uint16_t port)
{
    Bytes header(8);
    put16(header, 0, 40000);
    put16(header, 2, port);
    auto layer = plain(17, std::move(header));
    layer.finish = [](Bytes& bytes, const Layer*, std::size_t following) {
        put16(bytes, 4, bytes.size() + following);
    };
    return layer;
}

Layer icmp()
{
    return plain(1, {8, 0, 0, 0, 0, 1, 0, 1}); // echo request
}

Layer icmpv6()
{
    return plain(58, {128, 0, 0, 0, 0, 1, 0, 1}); // echo request
}

Layer sctp()
{
    return plain(132, {0x9c, 0x40, 0x0b, 0x59, 0, 0, 0, 0, 0, 0, 0, 0});
}

Layer gre()
{
    auto layer = plain(47, Bytes(4));
    layer.finish = [](Bytes& bytes, const Layer* next, std::size_t) { put16(bytes, 2, ethertype_of(next)); };
    return layer;
}

Layer payload(std::size_t size)
{
    Bytes bytes(size);
    for (std::size_t at = 0; at < size; ++at)
        bytes[at] = static_cast<std::uint8_t>(at);
    return raw(std::move(bytes));
}

Layer raw(Bytes bytes)
{
    return {.header = std::move(bytes)};
}

std::string hex(std::span<const std::uint8_t> frame)
{
    constexpr std::size_t shown_at_most = 256;
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = std::to_string(frame.size()) + " bytes:";
    for (std::size_t at = 0; at < std::min(frame.size(), shown_at_most); ++at) {
        text += at % 16 == 0 ? "\n  " : " ";
        text += digits[frame[at] >> 4];
        text += digits[frame[at] & 0xf];
    }
    if (frame.size() > shown_at_most)
        text += "\n  ...";
    return text;
}

} // namespace xdpstat::test
