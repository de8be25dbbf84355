// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "abi/xdp_counter.h"

// The one table of what networks, transports, classes and sizes are called: `label` for people, `key` for
// JSON, CSV and metrics. A key never changes once released.
namespace xdpstat {

struct Name {
    std::string_view key;
    std::string_view label;
};

/// An enumerator without a name does not compile: no switch here has a default.
[[nodiscard]] constexpr Name name_of(traffic_class value) noexcept
{
    switch (value) {
    case TRAFFIC_CLASS_ICMP:
        return {"icmp", "ICMP"};
    case TRAFFIC_CLASS_TCP:
        return {"tcp", "TCP"};
    case TRAFFIC_CLASS_UDP:
        return {"udp", "UDP"};
    case TRAFFIC_CLASS_OTHER:
        return {"other", "other"};
    case TRAFFIC_CLASS_COUNT:
        break;
    }
    return {};
}

[[nodiscard]] constexpr Name name_of(traffic_network value) noexcept
{
    switch (value) {
    case TRAFFIC_NETWORK_OTHER:
        return {"other", "other"};
    case TRAFFIC_NETWORK_ARP:
        return {"arp", "ARP"};
    case TRAFFIC_NETWORK_IPV4:
        return {"ipv4", "IPv4"};
    case TRAFFIC_NETWORK_IPV4_FRAGMENT:
        return {"ipv4_fragment", "IPv4 fragment"};
    case TRAFFIC_NETWORK_IPV6:
        return {"ipv6", "IPv6"};
    case TRAFFIC_NETWORK_IPV6_FRAGMENT:
        return {"ipv6_fragment", "IPv6 fragment"};
    case TRAFFIC_NETWORK_MPLS:
        return {"mpls", "MPLS"};
    case TRAFFIC_NETWORK_PPPOE:
        return {"pppoe", "PPPoE"};
    case TRAFFIC_NETWORK_COUNT:
        break;
    }
    return {};
}

[[nodiscard]] constexpr Name name_of(traffic_transport value) noexcept
{
    switch (value) {
    case TRAFFIC_TRANSPORT_TCP:
        return {"tcp", "TCP"};
    case TRAFFIC_TRANSPORT_UDP:
        return {"udp", "UDP"};
    case TRAFFIC_TRANSPORT_ICMP:
        return {"icmp", "ICMP"};
    case TRAFFIC_TRANSPORT_SCTP:
        return {"sctp", "SCTP"};
    case TRAFFIC_TRANSPORT_GRE:
        return {"gre", "GRE"};
    case TRAFFIC_TRANSPORT_IPSEC:
        return {"ipsec", "IPsec"};
    case TRAFFIC_TRANSPORT_OTHER:
        return {"other", "other"};
    case TRAFFIC_TRANSPORT_TRUNCATED:
        return {"truncated", "truncated"};
    case TRAFFIC_TRANSPORT_COUNT:
        break;
    }
    return {};
}

/// A headline counter: its name is its field's, everywhere.
struct HeadlineCounter {
    std::string_view key;
    __u64 pkt_stats::* field;
};

inline constexpr std::array headline_counters{
    HeadlineCounter{"total_packets", &pkt_stats::total_packets},
    HeadlineCounter{"total_bytes", &pkt_stats::total_bytes},
    HeadlineCounter{"icmp_packets", &pkt_stats::icmp_packets},
    HeadlineCounter{"tcp_packets", &pkt_stats::tcp_packets},
    HeadlineCounter{"udp_packets", &pkt_stats::udp_packets},
    HeadlineCounter{"other_packets", &pkt_stats::other_packets},
    HeadlineCounter{"ipv4_packets", &pkt_stats::ipv4_packets},
    HeadlineCounter{"ipv6_packets", &pkt_stats::ipv6_packets},
};
static_assert(headline_counters.size() * sizeof(__u64) == sizeof(pkt_stats), "every counter has its name");

/// The four classes, in the order of enum traffic_class.
inline constexpr std::array class_counters{
    &pkt_stats::icmp_packets,
    &pkt_stats::tcp_packets,
    &pkt_stats::udp_packets,
    &pkt_stats::other_packets,
};
static_assert(class_counters.size() == TRAFFIC_CLASS_COUNT, "every class has its counter");

/// The largest frame length in bytes of each size but the last, which has none.
inline constexpr std::array<unsigned, TRAFFIC_SIZE_COUNT - 1> size_bounds = TRAFFIC_SIZE_BOUNDS;
static_assert(size_bounds.back() != 0, "TRAFFIC_SIZE_BOUNDS has a bound for each size but the last");

namespace detail {

/// A short string made at compile time.
class SizeText {
public:
    constexpr void add(std::string_view part)
    {
        for (const char c : part)
            text_.at(length_++) = c;
    }
    constexpr void add(unsigned number)
    {
        if (number >= 10)
            add(number / 10);
        text_.at(length_++) = static_cast<char>('0' + number % 10);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text_.data(), length_}; }

private:
    std::array<char, 16> text_{};
    std::size_t length_ = 0;
};

struct SizeNames {
    std::array<SizeText, TRAFFIC_SIZE_COUNT> keys{};
    std::array<SizeText, TRAFFIC_SIZE_COUNT> labels{};
};

constexpr SizeNames make_size_names()
{
    SizeNames names;
    names.keys[0].add("0_");
    names.keys[0].add(size_bounds[0]);
    names.labels[0].add("up to ");
    names.labels[0].add(size_bounds[0]);
    for (std::size_t size = 1; size < size_bounds.size(); size++) {
        names.keys[size].add(size_bounds[size - 1] + 1);
        names.keys[size].add("_");
        names.keys[size].add(size_bounds[size]);
        names.labels[size].add(size_bounds[size - 1] + 1);
        names.labels[size].add("-");
        names.labels[size].add(size_bounds[size]);
    }
    names.keys.back().add(size_bounds.back() + 1);
    names.keys.back().add("_more");
    names.labels.back().add("over ");
    names.labels.back().add(size_bounds.back());
    return names;
}

inline constexpr SizeNames size_names = make_size_names();

} // namespace detail

/// "0_64", "65_127" ... "9019_more"; for people "up to 64", "65-127" ... "over 9018": bytes of a frame.
[[nodiscard]] constexpr Name name_of(traffic_size value) noexcept
{
    return {detail::size_names.keys[value].view(), detail::size_names.labels[value].view()};
}

namespace detail {

template <class Enum>
constexpr bool all_named(std::size_t count)
{
    for (std::size_t value = 0; value < count; value++)
        if (name_of(static_cast<Enum>(value)).key.empty())
            return false;
    return true;
}

} // namespace detail

static_assert(detail::all_named<traffic_class>(TRAFFIC_CLASS_COUNT));
static_assert(detail::all_named<traffic_network>(TRAFFIC_NETWORK_COUNT));
static_assert(detail::all_named<traffic_transport>(TRAFFIC_TRANSPORT_COUNT));
static_assert(detail::all_named<traffic_size>(TRAFFIC_SIZE_COUNT));

} // namespace xdpstat
