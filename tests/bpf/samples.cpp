// SPDX-License-Identifier: BSD-2-Clause
#include "samples.hpp"

namespace xdpstat::test {
namespace {

constexpr auto net_other = TRAFFIC_NETWORK_OTHER;
constexpr auto net_arp = TRAFFIC_NETWORK_ARP;
constexpr auto v4 = TRAFFIC_NETWORK_IPV4;
constexpr auto v4_fragment = TRAFFIC_NETWORK_IPV4_FRAGMENT;
constexpr auto v6 = TRAFFIC_NETWORK_IPV6;
constexpr auto v6_fragment = TRAFFIC_NETWORK_IPV6_FRAGMENT;
constexpr auto net_mpls = TRAFFIC_NETWORK_MPLS;
constexpr auto net_pppoe = TRAFFIC_NETWORK_PPPOE;

constexpr auto is_tcp = TRAFFIC_TRANSPORT_TCP;
constexpr auto is_udp = TRAFFIC_TRANSPORT_UDP;
constexpr auto is_icmp = TRAFFIC_TRANSPORT_ICMP;
constexpr auto is_sctp = TRAFFIC_TRANSPORT_SCTP;
constexpr auto is_gre = TRAFFIC_TRANSPORT_GRE;
constexpr auto is_ipsec = TRAFFIC_TRANSPORT_IPSEC;
constexpr auto is_other = TRAFFIC_TRANSPORT_OTHER;

Layer protocol4(std::uint8_t protocol)
{
    return ipv4({.protocol = protocol});
}

Layer protocol6(std::uint8_t protocol)
{
    return ipv6({.next_header = protocol});
}

std::vector<Sample> ipv4_samples()
{
    const auto e = eth();
    return {
        {"tcp4", e / ipv4() / tcp(), v4, is_tcp},
        {"udp4", e / ipv4() / udp(), v4, is_udp},
        {"icmp4", e / ipv4() / icmp(), v4, is_icmp},
        {"sctp4", e / ipv4() / sctp(), v4, is_sctp},
        {"esp4", e / ipv4() / esp(), v4, is_ipsec},
        {"ah4: over IPv4 the AH is not walked", e / ipv4() / ah() / tcp(), v4, is_ipsec},
        {"igmp", e / protocol4(2) / raw(Bytes(8)), v4, is_other},
        {"ospf", e / protocol4(89), v4, is_other},
        {"protocol 0 is no hop-by-hop header over IPv4", e / ipv4() / hop_by_hop() / tcp(), v4, is_other},
        {"protocol 43 over IPv4", e / ipv4() / routing() / tcp(), v4, is_other},
        {"protocol 44 over IPv4", e / ipv4() / fragment() / tcp(), v4, is_other},
        {"protocol 60 over IPv4", e / ipv4() / destination() / tcp(), v4, is_other},
        {"protocol 255", e / protocol4(255), v4, is_other},
        {"ICMPv6 over IPv4 is other", e / ipv4() / icmpv6(), v4, is_other},

        {"options", e / ipv4({.options = 4}) / tcp(), v4, is_tcp},
        {"most options", e / ipv4({.options = 40}) / udp(), v4, is_udp},
        {"version 6 in an IPv4 frame", e / ipv4({.version = 6}) / tcp(), v4, is_tcp},
        {"version 0", e / ipv4({.version = 0}) / udp(), v4, is_udp},
        {"header length 0", e / ipv4({.ihl = 0}) / icmp(), v4, is_icmp},
        {"header length 4", e / ipv4({.ihl = 4}) / tcp(), v4, is_tcp},
        {"header length beyond the frame", e / ipv4({.ihl = 15}) / udp(), v4, is_udp},
        {"total length 0", e / ipv4({.total_length = 0}) / tcp(), v4, is_tcp},
        {"total length below the header's", e / ipv4({.total_length = 19}) / udp(), v4, is_udp},
        {"total length beyond the frame", e / ipv4({.total_length = 0xffff}) / icmp(), v4, is_icmp},
        {"bad checksum", e / ipv4({.checksum = 0xdead}) / tcp(), v4, is_tcp},

        {"first fragment", e / ipv4({.more_fragments = true}) / tcp(), v4, is_tcp},
        {"middle fragment", e / ipv4({.protocol = 6, .fragment_offset = 185, .more_fragments = true}),
         v4_fragment, is_tcp},
        {"last fragment", e / ipv4({.protocol = 17, .fragment_offset = 370}), v4_fragment, is_udp},
        {"smallest fragment offset", e / ipv4({.protocol = 1, .fragment_offset = 1}), v4_fragment, is_icmp},
        {"largest fragment offset", e / ipv4({.protocol = 17, .fragment_offset = 0x1fff}), v4_fragment,
         is_udp},
        {"fragment offset of high bits only", e / ipv4({.protocol = 6, .fragment_offset = 0x1000}),
         v4_fragment, is_tcp},
        {"do not fragment", e / ipv4({.fragment_offset = 0x4000}) / tcp(), v4, is_tcp},
        {"reserved flag", e / ipv4({.fragment_offset = 0x8000}) / tcp(), v4, is_tcp},
        {"sctp fragment", e / ipv4({.protocol = 132, .fragment_offset = 9}), v4_fragment, is_sctp},
        {"gre fragment", e / ipv4({.protocol = 47, .fragment_offset = 9}), v4_fragment, is_gre},
        {"esp fragment", e / ipv4({.protocol = 50, .fragment_offset = 9}), v4_fragment, is_ipsec},
        {"ah fragment", e / ipv4({.protocol = 51, .fragment_offset = 9}), v4_fragment, is_ipsec},
        {"ospf fragment", e / ipv4({.protocol = 89, .fragment_offset = 9}), v4_fragment, is_other},
    };
}

std::vector<Sample> ipv6_samples()
{
    const auto e = eth();
    return {
        {"tcp6", e / ipv6() / tcp(), v6, is_tcp},
        {"udp6", e / ipv6() / udp(), v6, is_udp},
        {"icmp6", e / ipv6() / icmpv6(), v6, is_icmp},
        {"sctp6", e / ipv6() / sctp(), v6, is_sctp},
        {"esp6", e / ipv6() / esp(), v6, is_ipsec},
        {"ICMPv4 over IPv6 is other", e / ipv6() / icmp(), v6, is_other},
        {"no next header", e / ipv6() / no_next(), v6, is_other},
        {"mobility", e / ipv6() / mobility() / tcp(), v6, is_other},
        {"hip", e / ipv6() / hip() / tcp(), v6, is_other},
        {"shim6", e / protocol6(140), v6, is_other},
        {"ospf over IPv6", e / protocol6(89), v6, is_other},
        {"next header 255", e / protocol6(255), v6, is_other},
        {"version 4 in an IPv6 frame", e / ipv6({.version = 4}) / tcp(), v6, is_tcp},
        {"payload length 0", e / ipv6({.payload_length = 0}) / udp(), v6, is_udp},
        {"payload length 0 with extension headers", e / ipv6({.payload_length = 0}) / hop_by_hop() / udp(),
         v6, is_udp},
        {"payload length beyond the frame", e / ipv6({.payload_length = 0xffff}) / tcp(), v6, is_tcp},

        {"hop-by-hop", e / ipv6() / hop_by_hop(1) / icmpv6(), v6, is_icmp},
        {"hop-by-hop behind another header", e / ipv6() / destination() / hop_by_hop() / tcp(), v6, is_tcp},
        {"routing", e / ipv6() / routing(2) / tcp(), v6, is_tcp},
        {"destination options", e / ipv6() / destination(3) / udp(), v6, is_udp},
        {"longest destination options", e / ipv6() / destination(255) / udp(), v6, is_udp},
        {"ah6 is walked", e / ipv6() / ah() / tcp(), v6, is_tcp},
        {"shortest AH", e / ipv6() / ah(0) / tcp(), v6, is_tcp},
        {"AH of an odd length", e / ipv6() / ah(5) / udp(), v6, is_udp},
        {"longest AH", e / ipv6() / ah(255) / icmpv6(), v6, is_icmp},
        {"no next header behind others", e / ipv6() / destination() / no_next(), v6, is_other},
        {"esp behind others", e / ipv6() / hop_by_hop() / routing() / esp(), v6, is_ipsec},
        {"sctp behind others", e / ipv6() / destination() / sctp(), v6, is_sctp},
        {"ICMPv4 behind others", e / ipv6() / destination() / icmp(), v6, is_other},

        {"first fragment over IPv6", e / ipv6() / fragment(0) / tcp(), v6, is_tcp},
        {"first fragment with more headers", e / ipv6() / fragment(0) / destination(1) / udp(), v6, is_udp},
        {"atomic fragment", e / ipv6() / fragment(0, false) / udp(), v6, is_udp},
        {"middle fragment over IPv6", e / ipv6() / fragment(100, true, 6), v6_fragment, is_tcp},
        {"last fragment over IPv6", e / ipv6() / fragment(200, false, 17), v6_fragment, is_udp},
        {"smallest fragment offset over IPv6", e / ipv6() / fragment(1, false, 58), v6_fragment, is_icmp},
        {"largest fragment offset over IPv6", e / ipv6() / fragment(0x1fff, false, 17), v6_fragment, is_udp},
        {"fragment behind others", e / ipv6() / hop_by_hop() / routing(2) / fragment(7, true, 6), v6_fragment,
         is_tcp},
        {"later fragment of hop-by-hop", e / ipv6() / fragment(7) / hop_by_hop() / tcp(), v6_fragment,
         is_other},
        {"later fragment of routing", e / ipv6() / fragment(7) / routing() / tcp(), v6_fragment, is_other},
        {"later fragment of a fragment", e / ipv6() / fragment(7) / fragment(0) / tcp(), v6_fragment,
         is_other},
        {"later fragment of AH", e / ipv6() / fragment(7) / ah() / tcp(), v6_fragment, is_other},
        {"later fragment of destination options", e / ipv6() / fragment(7) / destination() / tcp(),
         v6_fragment, is_other},
        {"later fragment of ICMPv4", e / ipv6() / fragment(7, true, 1), v6_fragment, is_other},
        {"later fragment of ESP", e / ipv6() / fragment(7, true, 50), v6_fragment, is_ipsec},
        {"later fragment of SCTP", e / ipv6() / fragment(7, true, 132), v6_fragment, is_sctp},
        {"later fragment of GRE", e / ipv6() / fragment(7, true, 47), v6_fragment, is_gre},
    };
}

std::vector<Sample> tunnel_samples()
{
    const auto e = eth();
    const auto inner4 = ipv4() / tcp();
    const auto inner6 = ipv6() / tcp();
    const auto inner_frame = eth() / ipv4() / tcp();
    const Bytes gtp{0x30, 0xff, 0, 40, 0, 0, 0, 1};
    return {
        {"IPv4 in IPv4", e / ipv4() / inner4, v4, is_other},
        {"IPv6 in IPv4", e / ipv4() / inner6, v4, is_other},
        {"IPv4 in IPv6", e / ipv6() / inner4, v6, is_other},
        {"IPv6 in IPv6", e / ipv6() / inner6, v6, is_other},
        {"IPv6 in IPv6 behind destination options", e / ipv6() / destination() / inner6, v6, is_other},
        {"gre4", e / ipv4() / gre() / inner4, v4, is_gre},
        {"gre6", e / ipv6() / gre() / inner6, v6, is_gre},
        {"vxlan", e / ipv4() / udp(4789) / raw({8, 0, 0, 0, 0, 0, 7, 0}) / inner_frame, v4, is_udp},
        {"geneve", e / ipv6() / udp(6081) / raw({0, 0, 0x65, 0x58, 0, 0, 7, 0}) / inner_frame, v6, is_udp},
        {"gtp", e / ipv4() / udp(2152) / raw(gtp) / inner4, v4, is_udp},
        {"l2tp", e / ipv4({.protocol = 115}) / raw(Bytes(8)) / inner_frame, v4, is_other},
    };
}

std::vector<Sample> link_samples()
{
    const auto e = eth();
    const auto inside = ipv4() / tcp();
    return {
        {"arp", e / arp(), net_arp, is_other},
        {"tagged arp", e / vlan(5) / arp(), net_arp, is_other},
        {"rarp", eth(0x8035) / arp(), net_other, is_other},
        {"mpls", e / mpls(100) / inside, net_mpls, is_other},
        {"two labels", e / mpls(100, false) / mpls(200) / inside, net_mpls, is_other},
        {"mpls multicast", eth(0x8848) / mpls(100) / inside, net_mpls, is_other},
        {"tagged mpls", e / vlan(5) / mpls(100) / inside, net_mpls, is_other},
        {"pppoe discovery", e / pppoe_discovery(), net_pppoe, is_other},
        {"pppoe session", e / pppoe_session() / inside, net_pppoe, is_other},
        {"tagged pppoe", e / vlan(5) / pppoe_session() / inside, net_pppoe, is_other},
        {"llc", e / llc(), net_other, is_other},
        {"tagged llc", e / vlan(5) / llc(), net_other, is_other},
        {"snap with IPv4 inside", eth(40) / raw({0xaa, 0xaa, 3, 0, 0, 0, 8, 0}) / inside, net_other,
         is_other},
        {"lldp", eth(0x88cc) / raw({2, 7, 4}), net_other, is_other},
        {"macsec", eth(0x88e5) / raw(Bytes(14)) / inside, net_other, is_other},
        {"802.1ah", eth(0x88e7) / raw(Bytes(4)) / eth() / inside, net_other, is_other},
        {"batman", eth(0x4305) / raw(Bytes(10)) / eth() / inside, net_other, is_other},
        {"0x9200 is no tag", eth(0x9200) / raw({0, 5, 8, 0}) / inside, net_other, is_other},
        {"0x9300 is no tag", eth(0x9300) / raw({0, 5, 8, 0}) / inside, net_other, is_other},
        {"0x0081 is no tag: byte order", eth(0x0081) / raw({0, 5, 8, 0}) / inside, net_other, is_other},
        {"0x0008 is not IPv4: byte order", eth(0x0008) / inside, net_other, is_other},
        {"0xdd86 is not IPv6: byte order", eth(0xdd86) / ipv6() / tcp(), net_other, is_other},
        {"ethertype 0", eth(0) / inside, net_other, is_other},
        {"ethertype 0xffff", eth(0xffff) / inside, net_other, is_other},

        {"tagged tcp4", e / vlan(5) / inside, v4, is_tcp},
        {"priority tag", e / vlan(0xe000) / ipv4() / udp(), v4, is_udp},
        {"all bits of a tag", e / vlan(0xffff) / ipv6() / icmpv6(), v6, is_icmp},
        {"tagged chain", e / vlan(5) / ipv6() / hop_by_hop(3) / tcp(), v6, is_tcp},
        {"tagged fragment", e / vlan(5) / ipv6() / fragment(9, true, 17), v6_fragment, is_udp},
        {"service and customer tag", e / vlan(5, tpid_service) / vlan(6) / ipv4() / udp(), v4, is_udp},
        {"old double tag", e / vlan(5, tpid_old_double) / vlan(6) / ipv6() / udp(), v6, is_udp},
    };
}

} // namespace

const std::vector<Sample>& samples()
{
    static const std::vector<Sample> all = [] {
        std::vector<Sample> list;
        for (const auto& part : {ipv4_samples(), ipv6_samples(), tunnel_samples(), link_samples()})
            list.insert(list.end(), part.begin(), part.end());
        return list;
    }();
    return all;
}

} // namespace xdpstat::test
