// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "counter/capture.hpp"

// Captures made byte by byte, for the tests of what reads them.
namespace xdpstat::samples {

using Octets = std::vector<std::uint8_t>;

/// Numbers one behind the other, in one byte order or the other.
class Writer {
public:
    explicit Writer(bool swapped = false) : swapped_(swapped) {}

    Writer& u16(std::uint16_t value) { return put(swapped_ ? std::byteswap(value) : value); }
    Writer& u32(std::uint32_t value) { return put(swapped_ ? std::byteswap(value) : value); }
    Writer& raw(std::span<const std::uint8_t> bytes)
    {
        octets_.insert(octets_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    Writer& pad()
    {
        octets_.resize((octets_.size() + 3) / 4 * 4);
        return *this;
    }
    [[nodiscard]] const Octets& octets() const { return octets_; }

private:
    template <class T>
    Writer& put(T value)
    {
        Octets bytes(sizeof(T));
        std::memcpy(bytes.data(), &value, sizeof(T));
        return raw(bytes);
    }

    bool swapped_;
    Octets octets_;
};

inline constexpr std::uint32_t pcap_magic = 0xa1b2c3d4;

/// The header of a pcap.
inline Writer pcap(bool swapped = false, std::uint32_t magic = pcap_magic, std::uint32_t link_type = 1)
{
    Writer writer(swapped);
    writer.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
    return writer;
}

/// A frame of a pcap. @param length that on the wire; as long as the frame where it is empty
inline Writer& add_frame(Writer& writer, const Octets& frame, std::optional<std::uint32_t> length = {})
{
    const auto captured = static_cast<std::uint32_t>(frame.size());
    return writer.u32(1).u32(2).u32(captured).u32(length.value_or(captured)).raw(frame);
}

/// A block of a pcapng.
inline Writer& add_block(Writer& writer, std::uint32_t type, const Octets& body)
{
    const auto length = static_cast<std::uint32_t>(12 + (body.size() + 3) / 4 * 4);
    return writer.u32(type).u32(length).raw(body).pad().u32(length);
}

inline Writer& add_section(Writer& writer, bool swapped = false)
{
    Writer body(swapped);
    return add_block(writer, 0x0a0d0d0a, body.u32(0x1a2b3c4d).u16(1).u16(0).u32(~0U).u32(~0U).octets());
}

inline Writer& add_interface(Writer& writer, bool swapped = false, std::uint16_t link_type = 1,
                             std::uint32_t snap_length = 0)
{
    Writer body(swapped);
    return add_block(writer, 1, body.u16(link_type).u16(0).u32(snap_length).octets());
}

inline Writer& add_packet(Writer& writer, const Octets& frame, bool swapped = false,
                          std::uint32_t interface = 0, std::optional<std::uint32_t> length = {})
{
    Writer body(swapped);
    const auto captured = static_cast<std::uint32_t>(frame.size());
    body.u32(interface).u32(0).u32(0).u32(captured).u32(length.value_or(captured)).raw(frame);
    return add_block(writer, 6, body.octets());
}

/// Reads from memory, in pieces of so many bytes.
inline ByteSource memory(Octets octets, std::size_t piece = SIZE_MAX)
{
    return [octets = std::move(octets), piece,
            at = std::size_t{0}](std::span<std::uint8_t> space) mutable -> bpfxx::Result<std::size_t> {
        const std::size_t count = std::min({space.size(), octets.size() - at, piece});
        std::copy_n(octets.begin() + static_cast<std::ptrdiff_t>(at), count, space.begin());
        at += count;
        return count;
    };
}

} // namespace xdpstat::samples
