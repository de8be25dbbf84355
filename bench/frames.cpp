// SPDX-License-Identifier: BSD-2-Clause
#include "bench/frames.hpp"

#include <initializer_list>
#include <netinet/in.h>

#include <linux/if_ether.h>

namespace xdpstat::bench {

namespace {

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& bytes, std::initializer_list<int> more)
{
    for (const int byte : more)
        bytes.push_back(static_cast<std::uint8_t>(byte));
}

void append_ethertype(Bytes& bytes, int ethertype)
{
    append(bytes, {ethertype >> 8, ethertype & 0xff});
}

Bytes addresses()
{
    return {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2};
}

/// An IPv4 header without options, from 10.0.0.1 to 10.0.0.2.
void append_ipv4(Bytes& bytes, int protocol)
{
    append_ethertype(bytes, ETH_P_IP);
    append(bytes, {0x45, 0, 0, 50, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2});
}

void append_ipv6(Bytes& bytes, int next_header)
{
    append_ethertype(bytes, ETH_P_IPV6);
    append(bytes, {0x60, 0, 0, 0, 0, 16, next_header, 64});
    bytes.resize(bytes.size() + 2 * sizeof(in6_addr), 0xfd);
}

Frame of_length(std::string name, Bytes bytes, std::size_t length)
{
    bytes.resize(length);
    return {std::move(name), std::move(bytes)};
}

Frame ipv4(std::string name, int protocol, std::size_t length)
{
    Bytes bytes = addresses();
    append_ipv4(bytes, protocol);
    return of_length(std::move(name), std::move(bytes), length);
}

Frame ipv6(std::string name, int next_header, std::size_t length)
{
    Bytes bytes = addresses();
    append_ipv6(bytes, next_header);
    return of_length(std::move(name), std::move(bytes), length);
}

Frame with_tags(std::string name, int tags, std::size_t length)
{
    Bytes bytes = addresses();
    for (int i = 0; i < tags; i++) {
        append_ethertype(bytes, ETH_P_8021Q);
        append(bytes, {0, 7});
    }
    append_ipv4(bytes, IPPROTO_TCP);
    return of_length(std::move(name), std::move(bytes), length);
}

/// A hop-by-hop header of 8 bytes before the transport.
Frame ipv6_with_extension(std::string name, std::size_t length)
{
    Bytes bytes = addresses();
    append_ipv6(bytes, IPPROTO_HOPOPTS);
    append(bytes, {IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0});
    return of_length(std::move(name), std::move(bytes), length);
}

Frame arp(std::string name, std::size_t length)
{
    Bytes bytes = addresses();
    append_ethertype(bytes, ETH_P_ARP);
    return of_length(std::move(name), std::move(bytes), length);
}

} // namespace

Frame tcp_over_ipv4()
{
    return ipv4("TCP over IPv4, 64 bytes", IPPROTO_TCP, 64);
}

std::vector<Frame> frames_of_each_kind()
{
    return {
        tcp_over_ipv4(),
        ipv4("TCP over IPv4, 1514 bytes", IPPROTO_TCP, 1514),
        ipv4("UDP over IPv4, 300 bytes", IPPROTO_UDP, 300),
        ipv4("ICMP over IPv4, 98 bytes", IPPROTO_ICMP, 98),
        ipv6("TCP over IPv6, 86 bytes", IPPROTO_TCP, 86),
        ipv6("UDP over IPv6, 64 bytes", IPPROTO_UDP, 64),
        arp("ARP, 60 bytes", 60),
        with_tags("TCP over IPv4, one VLAN tag, 68 bytes", 1, 68),
        with_tags("TCP over IPv4, two VLAN tags, 72 bytes", 2, 72),
        ipv6_with_extension("UDP over IPv6 behind a hop-by-hop header, 72 bytes", 72),
    };
}

} // namespace xdpstat::bench
