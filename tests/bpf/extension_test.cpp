// SPDX-License-Identifier: BSD-2-Clause
// Chains of IPv6 extension headers.
#include <array>
#include <functional>

#include <gtest/gtest.h>

#include "counter_test.hpp"

namespace xdpstat::test {
namespace {

struct Extension {
    const char* name;
    std::function<Layer(unsigned length)> make;
    bool later_fragment = false;
};

const std::array extensions{
    Extension{"hop-by-hop", [](unsigned length) { return hop_by_hop(length); }},
    Extension{"routing", [](unsigned length) { return routing(length); }},
    Extension{"destination", [](unsigned length) { return destination(length); }},
    Extension{"AH", [](unsigned length) { return ah(length); }},
    Extension{"first fragment", [](unsigned) { return fragment(0); }},
    Extension{"later fragment", [](unsigned length) { return fragment(length + 1); }, true},
};

struct End {
    const char* name;
    Layer layer;
    traffic_transport transport;
};

const std::array ends{
    End{"tcp", tcp(), TRAFFIC_TRANSPORT_TCP},
    End{"udp", udp(), TRAFFIC_TRANSPORT_UDP},
    End{"icmpv6", icmpv6(), TRAFFIC_TRANSPORT_ICMP},
    End{"sctp", sctp(), TRAFFIC_TRANSPORT_SCTP},
    End{"gre", gre(), TRAFFIC_TRANSPORT_GRE},
    End{"esp", esp(), TRAFFIC_TRANSPORT_IPSEC},
    End{"icmp", icmp(), TRAFFIC_TRANSPORT_OTHER},
    End{"no next header", no_next(), TRAFFIC_TRANSPORT_OTHER},
    End{"mobility", mobility(1), TRAFFIC_TRANSPORT_OTHER},
    End{"hip", hip(), TRAFFIC_TRANSPORT_OTHER},
    End{"ipv6", ipv6(), TRAFFIC_TRANSPORT_OTHER},
};

struct Chain {
    std::string name;
    Frame frame;
    traffic_network network;
    traffic_transport transport;
};

/// The chain of extension headers that `kinds` and `lengths` say, then an end. What it counts as is told from
/// how it was made: a later fragment ends it, and what follows one is an extension header or the end.
Chain make_chain(const std::vector<std::size_t>& kinds, const std::vector<unsigned>& lengths, const End& end)
{
    Chain chain{"", eth() / ipv6(), TRAFFIC_NETWORK_IPV6, end.transport};
    for (std::size_t place = 0; place < kinds.size(); ++place) {
        const Extension& extension = extensions[kinds[place]];
        chain.name.append(extension.name).append(", ");
        chain.frame /= extension.make(lengths[place]);
        if (extension.later_fragment && chain.network == TRAFFIC_NETWORK_IPV6) {
            chain.network = TRAFFIC_NETWORK_IPV6_FRAGMENT;
            if (place + 1 < kinds.size())
                chain.transport = TRAFFIC_TRANSPORT_OTHER;
        }
    }
    chain.name += end.name;
    chain.frame /= end.layer;
    return chain;
}

class ExtensionTest : public CounterTest {
protected:
    void check(const Chain& chain)
    {
        SCOPED_TRACE(chain.name);
        const Bytes whole = (chain.frame / payload(4)).bytes();
        const Verdict made{chain.network, chain.transport, classify(whole).verdict.size};
        ASSERT_TRUE(counts_as({made, {}}, whole));
        for (std::size_t size = 14; size <= whole.size(); ++size)
            ASSERT_TRUE(counts_right(cut(whole, size)));
    }
};
XDPSTAT_INSTANTIATE(ExtensionTest);

TEST_P(ExtensionTest, EveryChainOfUpToThree)
{
    for (std::size_t length = 0, chains = 1; length <= 3; ++length, chains *= extensions.size()) {
        for (std::size_t number = 0; number < chains; ++number) {
            std::vector<std::size_t> kinds;
            std::vector<unsigned> lengths;
            for (std::size_t rest = number; kinds.size() < length; rest /= extensions.size()) {
                kinds.push_back(rest % extensions.size());
                lengths.push_back(static_cast<unsigned>((number + kinds.size() * 3) % 5));
            }
            for (const End& end : ends)
                ASSERT_NO_FATAL_FAILURE(check(make_chain(kinds, lengths, end)));
        }
    }
}

TEST_P(ExtensionTest, EightOfOneKind)
{
    for (std::size_t kind = 0; kind < extensions.size(); ++kind) {
        for (unsigned step = 0; step <= 3; ++step) {
            std::vector<unsigned> lengths;
            for (unsigned place = 0; place < 8; ++place)
                lengths.push_back(place * step);
            ASSERT_NO_FATAL_FAILURE(
                check(make_chain(std::vector<std::size_t>(8, kind), lengths, ends[kind])));
        }
    }
}

TEST_P(ExtensionTest, EightOfAllKinds)
{
    for (const End& end : ends) {
        const Chain chain = make_chain({0, 2, 1, 4, 3, 2, 1, 0}, {1, 0, 4, 0, 4, 7, 2, 3}, end);
        ASSERT_NO_FATAL_FAILURE(check(chain));
        ASSERT_NO_FATAL_FAILURE(check(make_chain({0, 2, 1, 3, 4, 2, 1, 5}, {1, 0, 4, 4, 0, 7, 2, 3}, end)));
    }
}

TEST_P(ExtensionTest, EveryHeaderLength)
{
    for (std::size_t kind = 0; kind < 4; ++kind) {
        for (unsigned length = 0; length < 256; ++length) {
            const Chain chain = make_chain({kind}, {length}, ends[length % ends.size()]);
            SCOPED_TRACE(chain.name + ", length " + std::to_string(length));
            const Bytes frame = chain.frame.bytes();
            const std::size_t end = frame.size() - ends[length % ends.size()].layer.header.size();
            ASSERT_TRUE(
                counts_as({{chain.network, chain.transport, classify(frame).verdict.size}, {}}, frame));
            ASSERT_TRUE(counts_right(cut(frame, end)));
            ASSERT_TRUE(counts_right(cut(frame, end - 1)));
        }
    }
}

TEST_P(ExtensionTest, ALongerChainIsOtherOrItsTrueEnd)
{
    for (const std::size_t length : {9U, 10U, 16U, 40U}) {
        for (std::size_t kind = 0; kind < extensions.size() - 1; ++kind) {
            const Chain chain =
                make_chain(std::vector<std::size_t>(length, kind), std::vector<unsigned>(length, 1), ends[0]);
            SCOPED_TRACE(chain.name);
            const Bytes frame = chain.frame.bytes();
            const auto size = classify(frame).verdict.size;
            const Expected expected{{TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TCP, size},
                                    Verdict{TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_OTHER, size}};
            ASSERT_TRUE(counts_as(expected, frame));
            for (std::size_t end = 14; end <= frame.size(); ++end)
                ASSERT_TRUE(counts_right(cut(frame, end)));
        }
    }
}

} // namespace
} // namespace xdpstat::test
