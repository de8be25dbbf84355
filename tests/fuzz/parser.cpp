// SPDX-License-Identifier: BSD-2-Clause
// A frame through the program's parser, against the rules written down a second time and against libpcap's filters
// where the two agree. They do not (docs/man/xdpstat.1 has the rules) on:
//   more than two tags                    no filter is made for them
//   a fixed header that the frame cuts    libpcap reads the fields that are there
//   a chain of extension headers that the frame cuts, of more than eight, with a later fragment in front of another
//   extension header, with a fragment header whose reserved byte is set, which libpcap takes for a length, or with an
//   authentication header, behind which libpcap 1.10 reads on at a wrong place
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <pcap/pcap.h>

#include "../bpf/reference.hpp"
#include "abi/xdp_counter.h"
#include "bpf/user_parser.h"
#include "fuzz.hpp"

namespace xdpstat::fuzz {

namespace {

/// A filter of libpcap, without its optimiser: loads whose result does not matter are to be made all the same.
class Filter {
public:
    explicit Filter(const std::string& expression)
    {
        static pcap_t* const handle = pcap_open_dead(DLT_EN10MB, 262144);
        check(pcap_compile(handle, &program_, expression.c_str(), 0, PCAP_NETMASK_UNKNOWN) == 0, expression);
    }
    [[nodiscard]] bool matches(Input frame) const
    {
        pcap_pkthdr header{};
        header.caplen = static_cast<bpf_u_int32>(frame.size());
        header.len = header.caplen;
        return pcap_offline_filter(&program_, &header, frame.data()) != 0;
    }

private:
    bpf_program program_{};
};

/// A filter behind none, one or two tags.
class TaggedFilter {
public:
    explicit TaggedFilter(const std::string& expression)
    {
        std::string tags;
        for (std::size_t i = 0; i < 3; i++, tags += "vlan and ")
            filters_.emplace_back(tags + "(" + expression + ")");
    }
    [[nodiscard]] bool matches(Input frame, std::size_t tags) const
    {
        return filters_.at(tags).matches(frame);
    }

private:
    std::vector<Filter> filters_;
};

struct Protocol {
    traffic_transport transport;
    unsigned ipv4;
    unsigned ipv6;
};

constexpr std::array protocols{
    Protocol{TRAFFIC_TRANSPORT_TCP, 6, 6},   Protocol{TRAFFIC_TRANSPORT_UDP, 17, 17},
    Protocol{TRAFFIC_TRANSPORT_ICMP, 1, 58}, Protocol{TRAFFIC_TRANSPORT_SCTP, 132, 132},
    Protocol{TRAFFIC_TRANSPORT_GRE, 47, 47}, Protocol{TRAFFIC_TRANSPORT_IPSEC, 50, 50},
};

struct ProtocolFilters {
    traffic_transport transport;
    TaggedFilter ipv4;
    TaggedFilter ipv6;
};

struct Filters {
    TaggedFilter ipv4{"ip"};
    TaggedFilter ipv4_whole{"ip and ip[19] >= 0"};
    TaggedFilter ipv4_later{"ip and ip[6:2] & 0x1fff != 0"};
    TaggedFilter ipv4_ah{"ip proto 51"};
    TaggedFilter ipv6{"ip6"};
    TaggedFilter ipv6_whole{"ip6 and ip6[39] >= 0"};
    TaggedFilter arp{"arp"};
    TaggedFilter mpls{"ether proto 0x8847 or ether proto 0x8848"};
    TaggedFilter pppoe{"ether proto 0x8863 or ether proto 0x8864"};
    std::vector<ProtocolFilters> transports;

    Filters()
    {
        for (const Protocol& protocol : protocols)
            transports.push_back({protocol.transport,
                                  TaggedFilter("ip proto " + std::to_string(protocol.ipv4)),
                                  TaggedFilter("ip6 protochain " + std::to_string(protocol.ipv6))});
    }
};

std::optional<unsigned> u16(Input frame, std::size_t at)
{
    if (at + 2 > frame.size())
        return {};
    return frame[at] << 8U | frame[at + 1];
}

/// How many tags the frame has; nothing where it ends within one, or has more than two.
std::optional<std::size_t> tags_of(Input frame)
{
    for (std::size_t tags = 0; tags <= 2; tags++) {
        const auto type = u16(frame, 12 + tags * 4);
        if (!type)
            return {};
        if (*type != 0x8100 && *type != 0x88a8 && *type != 0x9100)
            return tags;
    }
    return {};
}

/// Whether libpcap walks the extension headers behind an IPv6 header as the rules do. Each of them is whole.
bool walked_alike(Input frame, std::size_t header, bool& later)
{
    std::size_t at = header + 40;
    unsigned kind = frame[header + 6];
    for (int walked = 0; kind == 0 || kind == 43 || kind == 44 || kind == 51 || kind == 60; walked++) {
        if (walked == 8 || at + 8 > frame.size() || kind == 51)
            return false;
        const unsigned next = frame[at];
        if (kind == 44 && frame[at + 1] != 0)
            return false;
        if (kind == 44 && (*u16(frame, at + 2) & 0xfff8U) != 0) {
            later = true;
            return next != 0 && next != 43 && next != 44 && next != 51 && next != 60;
        }
        at += (frame[at + 1] + 1U) * 8;
        kind = next;
    }
    return true;
}

void compare_ipv4(const Filters& filters, Input frame, std::size_t tags, const traffic_place& place)
{
    const bool whole = filters.ipv4_whole.matches(frame, tags);
    check(whole == (place.transport != TRAFFIC_TRANSPORT_TRUNCATED),
          "a cut IPv4 header is truncated, a whole one not");
    if (!whole)
        return;
    check(filters.ipv4_later.matches(frame, tags) == (place.network == TRAFFIC_NETWORK_IPV4_FRAGMENT),
          "later fragments of IPv4");
    for (const ProtocolFilters& protocol : filters.transports) {
        const bool also =
            protocol.transport == TRAFFIC_TRANSPORT_IPSEC && filters.ipv4_ah.matches(frame, tags);
        check((protocol.ipv4.matches(frame, tags) || also) == (place.transport == protocol.transport),
              "the protocol of IPv4");
    }
}

void compare_ipv6(const Filters& filters, Input frame, std::size_t tags, const traffic_place& place)
{
    if (!filters.ipv6_whole.matches(frame, tags)) {
        check(place.transport == TRAFFIC_TRANSPORT_TRUNCATED, "a cut IPv6 header is truncated");
        return;
    }
    bool later = false;
    if (place.transport == TRAFFIC_TRANSPORT_TRUNCATED || !walked_alike(frame, 14 + tags * 4, later))
        return;
    check(later == (place.network == TRAFFIC_NETWORK_IPV6_FRAGMENT), "later fragments of IPv6");
    for (const ProtocolFilters& protocol : filters.transports)
        check(protocol.ipv6.matches(frame, tags) == (place.transport == protocol.transport),
              "the protocol at the end of a chain of IPv6");
}

void compare_with_libpcap(Input frame, const traffic_place& place)
{
    static const Filters& filters = *new Filters; // for as long as the process lives
    const auto tags = tags_of(frame);
    if (!tags)
        return;
    const bool ipv4 = place.network == TRAFFIC_NETWORK_IPV4 || place.network == TRAFFIC_NETWORK_IPV4_FRAGMENT;
    const bool ipv6 = place.network == TRAFFIC_NETWORK_IPV6 || place.network == TRAFFIC_NETWORK_IPV6_FRAGMENT;
    check(filters.ipv4.matches(frame, *tags) == ipv4, "what is IPv4");
    check(filters.ipv6.matches(frame, *tags) == ipv6, "what is IPv6");
    check(filters.arp.matches(frame, *tags) == (place.network == TRAFFIC_NETWORK_ARP), "what is ARP");
    check(filters.mpls.matches(frame, *tags) == (place.network == TRAFFIC_NETWORK_MPLS), "what is MPLS");
    check(filters.pppoe.matches(frame, *tags) == (place.network == TRAFFIC_NETWORK_PPPOE), "what is PPPoE");
    if (ipv4)
        compare_ipv4(filters, frame, *tags, place);
    if (ipv6)
        compare_ipv6(filters, frame, *tags, place);
}

} // namespace

void run(Input input)
{
    const traffic_place place = traffic_place_of(input.data(), input.size(), input.size());
    check(place.network < TRAFFIC_NETWORK_COUNT && place.transport < TRAFFIC_TRANSPORT_COUNT &&
              place.size < TRAFFIC_SIZE_COUNT,
          "there is such a cell");
    check(traffic_class_of(place.transport) < TRAFFIC_CLASS_COUNT, "each transport is of one class");
    check(test::classify(input).allows({place.network, place.transport, place.size}),
          "the rules say the same");

    // Cut when it was captured: the same parser's view, and only the size is another.
    const traffic_place cut = traffic_place_of(input.data(), input.size(), input.size() * 31 + 1);
    check(cut.network == place.network && cut.transport == place.transport && cut.size >= place.size,
          "the length on the wire chooses the size alone");
    compare_with_libpcap(input, place);
}

} // namespace xdpstat::fuzz
