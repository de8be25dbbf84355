// SPDX-License-Identifier: BSD-2-Clause
#include "mutator.hpp"

#include <algorithm>

#include "samples.hpp"

namespace xdpstat::test {
namespace {

constexpr std::array<std::uint8_t, 18> telling_bytes{0,  1,  4,  6,  17, 41,  43,  44,   47,
                                                     50, 51, 58, 59, 60, 132, 135, 0x45, 255};
constexpr std::array<std::uint16_t, 11> telling_types{0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x0806,
                                                      0x8847, 0x8848, 0x8863, 0x8864, 0x05dc};

} // namespace

Mutator::Mutator(unsigned seed) : random_(seed)
{
    for (const Sample& sample : samples())
        seeds_.push_back(sample.frame());
    for (const Frame& frame :
         {eth() / vlan(1) / vlan(2, tpid_service) / ipv6() / hop_by_hop(1) / ah() / tcp(),
          eth() / ipv6() / hop_by_hop() / destination(1) / routing(2) / fragment(0) / ah() / destination() /
              destination() / destination() / udp()})
        seeds_.push_back(frame.bytes());
}

Bytes Mutator::next()
{
    Bytes frame = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes)
        change(frame);
    return frame;
}

void Mutator::change(Bytes& frame)
{
    // Most of what matters lies in the first headers: half of all changes go there.
    const std::size_t reach = below(2) ? std::min<std::size_t>(frame.size(), 80) : frame.size();
    const std::size_t at = below(reach);
    const auto place = frame.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
    case 0: // one bit
        frame[at] = static_cast<std::uint8_t>(frame[at] ^ 1U << below(8));
        break;
    case 1: // any byte
        frame[at] = static_cast<std::uint8_t>(below(256));
        break;
    case 2: // a byte that means something in some header
        frame[at] = telling_bytes[below(telling_bytes.size())];
        break;
    case 3: { // a telling ethertype
        const std::uint16_t type = telling_types[below(telling_types.size())];
        const std::size_t start = below(2) ? 12 : std::min(at, frame.size() - 2);
        frame[start] = static_cast<std::uint8_t>(type >> 8);
        frame[start + 1] = static_cast<std::uint8_t>(type);
        break;
    }
    case 4: // the end is missing
        frame.resize(std::max(shortest_frame, at));
        break;
    case 5: { // bytes come in between
        const Bytes more(1 + below(40), static_cast<std::uint8_t>(below(256)));
        frame.insert(place, more.begin(), more.end());
        break;
    }
    default: // bytes are lost
        if (frame.size() > shortest_frame)
            frame.erase(place,
                        place + static_cast<std::ptrdiff_t>(std::min(
                                    {1 + below(16), frame.size() - at, frame.size() - shortest_frame})));
        break;
    }
}

} // namespace xdpstat::test
