// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace xdpstat::test {

using Bytes = std::vector<std::uint8_t>;

/// One header (or a run of bytes) of a frame, and how the header before it names it.
struct Layer {
    /// Fills in what depends on the rest of the frame: `next` is the layer behind this one (null at the end),
    /// `following` the number of bytes behind this one.
    using Finish = std::function<void(Bytes& header, const Layer* next, std::size_t following)>;

    Bytes header = {};
    std::optional<std::uint16_t> ethertype = {}; ///< what an ethertype field in front says
    std::optional<std::uint8_t> protocol = {};   ///< what a protocol or next-header field in front says
    bool length_framed = false;                  ///< the field in front carries a length, not an ethertype
    Finish finish = {};
};

/// A frame as a list of layers, outermost first:
/// `eth() / vlan(5) / ipv6() / hop_by_hop(3) / tcp() / payload(10)`.
/// Lengths, the IPv4 header checksum and the fields that name the next header are filled in by bytes(), unless
/// a layer was told another value. Checksums of transport headers stay zero: nothing under test reads them.
class Frame {
public:
    Frame(Layer layer) { layers_.push_back(std::move(layer)); } // NOLINT: a layer is a frame of one

    [[nodiscard]] Bytes bytes() const;

    /// Puts further layers inside.
    Frame& operator/=(const Frame& inner)
    {
        layers_.insert(layers_.end(), inner.layers_.begin(), inner.layers_.end());
        return *this;
    }

private:
    std::vector<Layer> layers_;
};

inline Frame operator/(Frame outer, const Frame& inner)
{
    outer /= inner;
    return outer;
}

/// @name Link layer
/// @{
inline constexpr std::uint16_t tpid_customer = 0x8100;
inline constexpr std::uint16_t tpid_service = 0x88a8;
inline constexpr std::uint16_t tpid_old_double = 0x9100;

Layer eth(std::optional<std::uint16_t> ethertype = {});
Layer vlan(unsigned id, std::uint16_t tpid = tpid_customer, std::optional<std::uint16_t> ethertype = {});
Layer arp();
Layer llc();
Layer mpls(unsigned label, bool bottom = true);
Layer pppoe_discovery();
Layer pppoe_session();
/// @}

/// @name Network layer
/// @{
struct Ipv4 {
    std::optional<std::uint8_t> protocol = {};
    unsigned options = 0;         ///< bytes of options, a multiple of four
    unsigned fragment_offset = 0; ///< in units of eight bytes
    bool more_fragments = false;
    std::optional<std::uint8_t> version = {};
    std::optional<std::uint8_t> ihl = {};
    std::optional<std::uint16_t> total_length = {};
    std::optional<std::uint16_t> checksum = {};
};

struct Ipv6 {
    std::optional<std::uint8_t> next_header = {};
    std::optional<std::uint8_t> version = {};
    std::optional<std::uint16_t> payload_length = {};
};

Layer ipv4(const Ipv4& fields = {});
Layer ipv6(const Ipv6& fields = {});
/// @}

/// @name Extension headers
/// `length` is the value of the header's own length field, so in that field's own unit.
/// What they carry besides is 0x11: a parser that lands there by mistake reads "UDP follows".
/// @{
Layer hop_by_hop(unsigned length = 0, std::optional<std::uint8_t> next_header = {});
Layer routing(unsigned length = 0, std::optional<std::uint8_t> next_header = {});
Layer destination(unsigned length = 0, std::optional<std::uint8_t> next_header = {});
Layer mobility(unsigned length = 0);
Layer hip(unsigned length = 4);
/// `offset` in units of eight bytes; zero is a first fragment.
Layer fragment(unsigned offset = 0, bool more = true, std::optional<std::uint8_t> next_header = {});
Layer ah(unsigned length = 4, std::optional<std::uint8_t> next_header = {});
Layer esp();
Layer no_next();
/// @}

/// @name Transport layer and what lies behind
/// @{
Layer tcp();
Layer udp(std::uint16_t port = 5000);
Layer icmp();
Layer icmpv6();
Layer sctp();
Layer gre();
Layer payload(std::size_t size);
Layer raw(Bytes bytes);
/// @}

/// The first `size` bytes of a frame.
[[nodiscard]] inline std::span<const std::uint8_t> cut(const Bytes& frame, std::size_t size)
{
    return std::span(frame).first(size);
}

/// A frame in hexadecimal, as `text2pcap` and people read it; the middle of a long one is left out.
[[nodiscard]] std::string hex(std::span<const std::uint8_t> frame);

} // namespace xdpstat::test
