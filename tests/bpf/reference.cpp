// SPDX-License-Identifier: BSD-2-Clause
#include "reference.hpp"

#include <array>
#include <cstddef>
#include <ostream>
#include <string_view>

namespace xdpstat::test {
namespace {

struct Kind {
    traffic_network network;
    traffic_transport transport;
};

struct Kinds {
    Kind kind;
    std::optional<Kind> also_right;
};

/// Big-endian reads that know where the frame ends.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> frame) : frame_(frame) {}

    [[nodiscard]] bool has(std::size_t offset, std::size_t size) const
    {
        return offset + size <= frame_.size();
    }
    [[nodiscard]] unsigned u8(std::size_t offset) const { return frame_[offset]; }
    [[nodiscard]] unsigned u16(std::size_t offset) const { return u8(offset) << 8 | u8(offset + 1); }

private:
    std::span<const std::uint8_t> frame_;
};

bool is_tag(unsigned ethertype)
{
    return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

Kinds ipv4_kind(const Reader& frame, std::size_t header)
{
    if (!frame.has(header, 20))
        return {{TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TRUNCATED}, {}};

    traffic_transport transport = TRAFFIC_TRANSPORT_OTHER;
    switch (frame.u8(header + 9)) {
    case 1:
        transport = TRAFFIC_TRANSPORT_ICMP;
        break;
    case 6:
        transport = TRAFFIC_TRANSPORT_TCP;
        break;
    case 17:
        transport = TRAFFIC_TRANSPORT_UDP;
        break;
    case 47:
        transport = TRAFFIC_TRANSPORT_GRE;
        break;
    case 50:
    case 51:
        transport = TRAFFIC_TRANSPORT_IPSEC;
        break;
    case 132:
        transport = TRAFFIC_TRANSPORT_SCTP;
        break;
    default:
        break;
    }
    const unsigned fragment_offset = frame.u16(header + 6) & 0x1fff;
    return {{fragment_offset ? TRAFFIC_NETWORK_IPV4_FRAGMENT : TRAFFIC_NETWORK_IPV4, transport}, {}};
}

traffic_transport ipv6_transport(unsigned next_header)
{
    switch (next_header) {
    case 6:
        return TRAFFIC_TRANSPORT_TCP;
    case 17:
        return TRAFFIC_TRANSPORT_UDP;
    case 47:
        return TRAFFIC_TRANSPORT_GRE;
    case 50:
        return TRAFFIC_TRANSPORT_IPSEC;
    case 58:
        return TRAFFIC_TRANSPORT_ICMP;
    case 132:
        return TRAFFIC_TRANSPORT_SCTP;
    default:
        return TRAFFIC_TRANSPORT_OTHER;
    }
}

bool is_walked(unsigned next_header)
{
    return next_header == 0 || next_header == 43 || next_header == 44 || next_header == 51 ||
           next_header == 60;
}

Kinds ipv6_kind(const Reader& frame, std::size_t header)
{
    constexpr Kind truncated{TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED};
    constexpr Kind given_up{TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_OTHER};
    constexpr unsigned always_walked = 8;

    if (!frame.has(header, 40))
        return {truncated, {}};

    unsigned next_header = frame.u8(header + 6);
    std::size_t offset = header + 40;
    std::optional<Kind> also_right;
    for (unsigned walked = 0; is_walked(next_header); ++walked) {
        if (walked == always_walked)
            also_right = given_up;
        if (!frame.has(offset, 2))
            return {truncated, also_right};

        std::size_t size = 0;
        if (next_header == 44)
            size = 8;
        else if (next_header == 51)
            size = (frame.u8(offset + 1) + std::size_t{2}) * 4;
        else
            size = (frame.u8(offset + 1) + std::size_t{1}) * 8;
        if (!frame.has(offset, size))
            return {truncated, also_right};

        const bool later_fragment = next_header == 44 && (frame.u16(offset + 2) & 0xfff8) != 0;
        next_header = frame.u8(offset);
        offset += size;
        if (later_fragment)
            return {{TRAFFIC_NETWORK_IPV6_FRAGMENT, ipv6_transport(next_header)}, also_right};
    }
    return {{TRAFFIC_NETWORK_IPV6, ipv6_transport(next_header)}, also_right};
}

Kinds kind_of(const Reader& frame)
{
    std::size_t type_at = 12;
    while (frame.has(type_at, 2) && is_tag(frame.u16(type_at)))
        type_at += 4;
    if (!frame.has(type_at, 2))
        return {{TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED}, {}};

    switch (frame.u16(type_at)) {
    case 0x0800:
        return ipv4_kind(frame, type_at + 2);
    case 0x86dd:
        return ipv6_kind(frame, type_at + 2);
    case 0x0806:
        return {{TRAFFIC_NETWORK_ARP, TRAFFIC_TRANSPORT_OTHER}, {}};
    case 0x8847:
    case 0x8848:
        return {{TRAFFIC_NETWORK_MPLS, TRAFFIC_TRANSPORT_OTHER}, {}};
    case 0x8863:
    case 0x8864:
        return {{TRAFFIC_NETWORK_PPPOE, TRAFFIC_TRANSPORT_OTHER}, {}};
    default:
        return {{TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_OTHER}, {}};
    }
}

traffic_size size_of(std::size_t length)
{
    constexpr std::size_t bounds[] = TRAFFIC_SIZE_BOUNDS;
    unsigned size = 0;
    for (const std::size_t bound : bounds) {
        if (length <= bound)
            break;
        ++size;
    }
    return static_cast<traffic_size>(size);
}

} // namespace

Expected classify(std::span<const std::uint8_t> frame)
{
    const auto [kind, also_right] = kind_of(Reader(frame));
    const traffic_size size = size_of(frame.size());
    Expected expected{{kind.network, kind.transport, size}, {}};
    if (also_right)
        expected.also_right = Verdict{also_right->network, also_right->transport, size};
    return expected;
}

traffic_class class_of(const Verdict& verdict)
{
    switch (verdict.transport) {
    case TRAFFIC_TRANSPORT_TCP:
        return TRAFFIC_CLASS_TCP;
    case TRAFFIC_TRANSPORT_UDP:
        return TRAFFIC_CLASS_UDP;
    case TRAFFIC_TRANSPORT_ICMP:
        return TRAFFIC_CLASS_ICMP;
    default:
        return TRAFFIC_CLASS_OTHER;
    }
}

bool is_ipv4(const Verdict& verdict)
{
    return verdict.network == TRAFFIC_NETWORK_IPV4 || verdict.network == TRAFFIC_NETWORK_IPV4_FRAGMENT;
}

bool is_ipv6(const Verdict& verdict)
{
    return verdict.network == TRAFFIC_NETWORK_IPV6 || verdict.network == TRAFFIC_NETWORK_IPV6_FRAGMENT;
}

char letter_of(const Verdict& verdict)
{
    if (!is_ipv4(verdict) && !is_ipv6(verdict))
        return '-';
    constexpr std::string_view ipv4_letters = "ITUO", ipv6_letters = "ituo"; // in the order of traffic_class
    return (is_ipv4(verdict) ? ipv4_letters : ipv6_letters)[class_of(verdict)];
}

std::ostream& operator<<(std::ostream& out, const Verdict& verdict)
{
    static constexpr std::array<std::string_view, TRAFFIC_NETWORK_COUNT> networks{
        "other", "arp", "ipv4", "ipv4-fragment", "ipv6", "ipv6-fragment", "mpls", "pppoe"};
    static constexpr std::array<std::string_view, TRAFFIC_TRANSPORT_COUNT> transports{
        "tcp", "udp", "icmp", "sctp", "gre", "ipsec", "other", "truncated"};
    static constexpr std::array<std::string_view, TRAFFIC_SIZE_COUNT> sizes{
        "<=64", "<=127", "<=255", "<=511", "<=1023", "<=1518", "<=9018", ">9018"};
    return out << networks.at(verdict.network) << '/' << transports.at(verdict.transport) << '/'
               << sizes.at(verdict.size);
}

} // namespace xdpstat::test
