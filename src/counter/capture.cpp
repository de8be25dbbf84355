// SPDX-License-Identifier: BSD-2-Clause
#include "counter/capture.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "bpfxx/fd.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using bpfxx::Result;
using Bytes = std::span<const std::uint8_t>;

/// LINKTYPE_ETHERNET, in both formats.
constexpr std::uint32_t ethernet = 1;

/// No link layer has longer frames, and no tool captures more of one (MAXIMUM_SNAPLEN of tcpdump and Wireshark).
constexpr std::uint32_t most_captured = 262144;

// The first number of a pcap: draft-ietf-opsawg-pcap, and that of a patched libpcap with longer headers.
constexpr std::uint32_t magic_microseconds = 0xa1b2c3d4;
constexpr std::uint32_t magic_nanoseconds = 0xa1b23c4d;
constexpr std::uint32_t magic_patched = 0xa1b2cd34;
constexpr std::size_t pcap_header = 24;
constexpr std::size_t pcap_record = 16;
constexpr std::size_t pcap_patched_record = 24;

// Blocks of a pcapng: draft-ietf-opsawg-pcapng.
constexpr std::uint32_t section_header = 0x0a0d0d0a;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t old_packet = 2;
constexpr std::uint32_t simple_packet = 3;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::size_t block_start = 8;       ///< type and length
constexpr std::uint32_t shortest_block = 12; ///< with the length at its end
constexpr std::uint32_t shortest_section = 28;
constexpr std::uint32_t shortest_interface = 20;
constexpr std::size_t packet_start = 28; ///< of an enhanced and an old packet block
constexpr std::size_t simple_packet_start = 12;

struct LinkType {
    std::uint32_t number;
    const char* name;
};

// Those that people have on Linux. The names are tcpdump's (tcpdump -L), the numbers those of the files.
constexpr std::array link_types{
    LinkType{0, "NULL"},
    LinkType{9, "PPP"},
    LinkType{101, "RAW"},
    LinkType{105, "IEEE802_11"},
    LinkType{108, "LOOP"},
    LinkType{113, "LINUX_SLL"},
    LinkType{127, "IEEE802_11_RADIO"},
    LinkType{189, "USB_LINUX"},
    LinkType{195, "IEEE802_15_4"},
    LinkType{220, "USB_LINUX_MMAPPED"},
    LinkType{227, "CAN_SOCKETCAN"},
    LinkType{228, "IPV4"},
    LinkType{229, "IPV6"},
    LinkType{239, "NFLOG"},
    LinkType{253, "NETLINK"},
    LinkType{276, "LINUX_SLL2"},
};

std::string name_of_link_type(std::uint32_t number)
{
    const auto* const known = std::ranges::find(link_types, number, &LinkType::number);
    return known != link_types.end() ? known->name : "number " + std::to_string(number);
}

/// What compressed files begin with.
struct Compression {
    std::string_view start;
    const char* program;
};
constexpr std::array compressions{
    Compression{"\x1f\x8b", "gzip"},
    Compression{"\x28\xb5\x2f\xfd", "zstd"},
    Compression{"\xfd"
                "7zXZ",
                "xz"},
    Compression{"BZh", "bzip2"},
    Compression{"\x04\x22\x4d\x18", "lz4"},
};

std::string hint_of_start(Bytes start, const std::string& name)
{
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    for (const Compression& compression : compressions)
        if (text.starts_with(compression.start))
            return std::string("decompress it: ") + compression.program + " -dc < " + name +
                   " | xdpstat replay -";
    return "xdpstat replay reads what tcpdump -w, dumpcap and Wireshark write";
}

Result<std::size_t> read_some(int fd, std::span<std::uint8_t> space, const std::string& name)
{
    for (;;) {
        const ssize_t got = ::read(fd, space.data(), space.size());
        if (got >= 0)
            return static_cast<std::size_t>(got);
        if (errno != EINTR)
            return std::unexpected(bpfxx::system_error("read", name, errno));
    }
}

} // namespace

const char* to_string(CaptureFormat format) noexcept
{
    return format == CaptureFormat::pcap ? "pcap" : "pcapng";
}

Result<CaptureReader> CaptureReader::open(const std::string& path)
{
    if (path == standard_input) {
        const std::string name = "standard input";
        return read_from(
            [name](std::span<std::uint8_t> space) { return read_some(STDIN_FILENO, space, name); }, name);
    }
    bpfxx::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return std::unexpected(bpfxx::system_error("open", path, errno));
    return read_from([file = std::move(file),
                      path](std::span<std::uint8_t> space) { return read_some(file.get(), space, path); },
                     path);
}

Result<CaptureReader> CaptureReader::read_from(ByteSource source, std::string name)
{
    CaptureReader reader(std::move(source), std::move(name));
    BPFXX_TRY(reader.read_header());
    return reader;
}

Result<std::optional<CapturedFrame>> CaptureReader::next()
{
    stream_.consume(std::exchange(shown_, 0));
    auto frame = format_ == CaptureFormat::pcap ? next_of_pcap() : next_of_pcapng();
    if (frame && *frame)
        frames_++;
    return frame;
}

Result<> CaptureReader::read_header()
{
    const auto start = stream_.peek(pcap_header);
    if (!start)
        return std::unexpected(start.error());
    if (start->empty())
        return std::unexpected(bpfxx::make_error(ErrorKind::incompatible, "read", name_, "it is empty",
                                                 "a capture without frames has a header all the same"));
    if (start->size() >= sizeof(std::uint32_t)) {
        const std::uint32_t magic = u32(*start, 0);
        for (const std::uint32_t known : {magic_microseconds, magic_nanoseconds, magic_patched}) {
            if (magic != known && magic != std::byteswap(known))
                continue;
            swapped_ = magic != known;
            record_header_ = known == magic_patched ? pcap_patched_record : pcap_record;
            return read_pcap_header(*start);
        }
        if (magic == section_header) {
            format_ = CaptureFormat::pcapng;
            return {};
        }
    }
    return std::unexpected(bpfxx::make_error(ErrorKind::incompatible, "read", name_,
                                             "it is neither pcap nor pcapng", hint_of_start(*start, name_)));
}

Result<> CaptureReader::read_pcap_header(Bytes header)
{
    if (header.size() < pcap_header)
        return damaged("it ends within its header");
    // Since 1998; older ones have other meanings of their lengths.
    if (u16(header, 4) != 2 || u16(header, 6) != 4)
        return std::unexpected(bpfxx::make_error(ErrorKind::unsupported, "read", name_,
                                                 "it is of version " + std::to_string(u16(header, 4)) + "." +
                                                     std::to_string(u16(header, 6)) + " of pcap, and not 2.4",
                                                 "convert it: editcap -F pcap " + name_ + " NEW"));
    // Above the number of the link layer: whether frames have a check sequence, and a reserved field.
    BPFXX_TRY(check_link_type(u32(header, 20) & 0xffffU));
    stream_.consume(pcap_header);
    return {};
}

CaptureReader::Frame CaptureReader::next_of_pcap()
{
    const auto header = stream_.peek(record_header_);
    if (!header)
        return std::unexpected(header.error());
    if (header->empty())
        return std::nullopt;
    if (header->size() < record_header_)
        return damaged("it ends within " + place());
    return frame(record_header_, u32(*header, 8), u32(*header, 12));
}

CaptureReader::Frame CaptureReader::next_of_pcapng()
{
    for (;;) {
        BPFXX_TRY(end_block());
        const auto start = stream_.peek(block_start);
        if (!start)
            return std::unexpected(start.error());
        if (start->empty())
            return std::nullopt;
        if (start->size() < block_start)
            return damaged("it ends within the block before " + place());
        // Its own byte order tells how its length is to be read.
        if (u32(*start, 0) == section_header) {
            BPFXX_TRY(begin_section());
            continue;
        }
        const std::uint32_t type = u32(*start, 0);
        const std::uint32_t length = u32(*start, 4);
        if (length < shortest_block || length % 4 != 0)
            return damaged("the block before " + place() + " says it is " + std::to_string(length) +
                           " bytes long");
        block_length_ = length;
        rest_of_block_ = length;
        if (type == interface_description)
            BPFXX_TRY(add_interface(length));
        if (type == enhanced_packet || type == old_packet || type == simple_packet)
            return packet_block(type, length);
    }
}

/// Goes on behind the block that was looked into.
Result<> CaptureReader::end_block()
{
    if (rest_of_block_ == 0)
        return {};
    constexpr std::size_t trailer = sizeof(std::uint32_t);
    const auto whole = stream_.skip(std::exchange(rest_of_block_, 0) - trailer);
    if (!whole)
        return std::unexpected(whole.error());
    const auto length = stream_.peek(trailer);
    if (!length)
        return std::unexpected(length.error());
    if (length->size() < trailer)
        return damaged("it ends within the block before " + place());
    if (u32(*length, 0) != block_length_)
        return damaged("the block before " + place() + " has one length at its start and another at its end");
    stream_.consume(trailer);
    return {};
}

Result<> CaptureReader::begin_section()
{
    const auto header = require(shortest_section - sizeof(std::uint32_t));
    if (!header)
        return std::unexpected(header.error());
    const std::uint32_t magic = u32(*header, 8);
    if (magic == std::byteswap(byte_order_magic))
        swapped_ = !swapped_;
    else if (magic != byte_order_magic)
        return damaged("the section before " + place() + " has no byte order");
    const std::uint16_t major = u16(*header, 12);
    if (major != 1)
        return std::unexpected(
            bpfxx::make_error(ErrorKind::unsupported, "read", name_,
                              "it is of version " + std::to_string(major) + " of pcapng, and not 1",
                              "convert it: editcap -F pcap " + name_ + " NEW"));
    const std::uint32_t length = u32(*header, 4);
    if (length < shortest_section || length % 4 != 0)
        return damaged("the section before " + place() + " says its header is " + std::to_string(length) +
                       " bytes long");
    interfaces_.clear();
    block_length_ = length;
    rest_of_block_ = length;
    return {};
}

Result<> CaptureReader::add_interface(std::uint32_t block_length)
{
    if (block_length < shortest_interface)
        return damaged("the description of an interface before " + place() + " is too short");
    const auto block = require(shortest_interface - sizeof(std::uint32_t));
    if (!block)
        return std::unexpected(block.error());
    interfaces_.push_back({.link_type = u16(*block, 8), .snap_length = u32(*block, 12)});
    return {};
}

CaptureReader::Frame CaptureReader::packet_block(std::uint32_t type, std::uint32_t block_length)
{
    const bool simple = type == simple_packet;
    const std::size_t header_size = simple ? simple_packet_start : packet_start;
    if (block_length < header_size + sizeof(std::uint32_t))
        return damaged("the block of " + place() + " is too short for its header");
    const auto header = require(header_size);
    if (!header)
        return std::unexpected(header.error());
    const std::uint32_t room = block_length - static_cast<std::uint32_t>(header_size + sizeof(std::uint32_t));

    const std::size_t interface = simple ? 0 : type == old_packet ? u16(*header, 8) : u32(*header, 8);
    if (interface >= interfaces_.size())
        return damaged(place() + " is of an interface that nothing describes");
    BPFXX_TRY(check_link_type(interfaces_[interface].link_type));

    std::uint32_t length = simple ? u32(*header, 8) : u32(*header, 24);
    std::uint32_t captured = simple ? length : u32(*header, 20);
    if (const std::uint32_t most = interfaces_[interface].snap_length; simple && most != 0)
        captured = std::min(captured, most);
    if (captured > room)
        return damaged("the block of " + place() + " is shorter than what was captured of it");
    rest_of_block_ -= header_size + captured;
    return frame(header_size, captured, length);
}

/// The frame that lies behind a header, both of which are still to be consumed.
CaptureReader::Frame CaptureReader::frame(std::size_t header, std::uint32_t captured, std::uint32_t length)
{
    if (captured > most_captured)
        return damaged(place() + " claims " + std::to_string(captured) + " bytes, more than any capture has");
    const auto bytes = require(header + captured);
    if (!bytes)
        return std::unexpected(bytes.error());
    shown_ = bytes->size();
    // Some tools write lengths that are smaller than what they captured.
    return CapturedFrame{.bytes = bytes->subspan(header), .length = std::max(length, captured)};
}

Result<> CaptureReader::check_link_type(std::uint32_t type) const
{
    if (type == ethernet)
        return {};
    return std::unexpected(bpfxx::make_error(
        ErrorKind::unsupported, "replay", name_,
        "its link layer is " + name_of_link_type(type) + ", and the counter parses Ethernet",
        "capture on one Ethernet interface, not on \"any\": tcpdump -i eth0 -w FILE"));
}

Result<Bytes> CaptureReader::require(std::size_t count)
{
    const auto bytes = stream_.peek(count);
    if (bytes && bytes->size() < count)
        return damaged("it ends within " + place());
    return bytes;
}

std::uint32_t CaptureReader::u32(Bytes bytes, std::size_t at) const noexcept
{
    std::uint32_t number = 0;
    std::memcpy(&number, &bytes[at], sizeof(number));
    return swapped_ ? std::byteswap(number) : number;
}

std::uint16_t CaptureReader::u16(Bytes bytes, std::size_t at) const noexcept
{
    std::uint16_t number = 0;
    std::memcpy(&number, &bytes[at], sizeof(number));
    return swapped_ ? std::byteswap(number) : number;
}

/// The frame that comes next, counted from 1.
std::string CaptureReader::place() const
{
    return "frame " + std::to_string(frames_ + 1);
}

std::unexpected<bpfxx::Error> CaptureReader::damaged(const std::string& cause) const
{
    return std::unexpected(bpfxx::make_error(
        ErrorKind::incompatible, "read", name_, cause,
        frames_ == 0 ? "capture it anew" : "what came before is counted; capture it anew for the rest"));
}

} // namespace xdpstat
