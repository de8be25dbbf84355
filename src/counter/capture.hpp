// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "counter/byte_stream.hpp"

namespace xdpstat {

/// What the argument is that names standard input.
inline constexpr const char* standard_input = "-";

enum class CaptureFormat {
    pcap,
    pcapng,
};

[[nodiscard]] const char* to_string(CaptureFormat format) noexcept;

/// A frame as a capture has it. Borrowed from its reader.
struct CapturedFrame {
    std::span<const std::uint8_t> bytes; ///< as far as they were captured
    std::uint32_t length = 0;            ///< bytes that it had on the wire: no fewer

    /// Whether the snap length cut it.
    [[nodiscard]] bool is_cut() const noexcept { return bytes.size() < length; }
};

/// Reads the frames of a capture of Ethernet, one after the other, in pcap (of micro- or nanoseconds) or pcapng (of any
/// number of sections and interfaces), of either byte order. It needs no seeking, keeps one frame in memory, and takes
/// nothing that the file says for granted. Move-only; not thread-safe.
class CaptureReader {
public:
    /// Opens a file, or standard input, and reads its header.
    /// Errors: not_found, permission, system; incompatible where it is empty, cut or no capture; unsupported where it
    /// is of another link layer than Ethernet.
    [[nodiscard]] static bpfxx::Result<CaptureReader> open(const std::string& path);
    /// The same from any source. @param name what messages call it
    [[nodiscard]] static bpfxx::Result<CaptureReader> read_from(ByteSource source, std::string name);

    /// The next frame, which stays valid until the next call; none at the end.
    /// Errors: incompatible where the file is cut or damaged; unsupported where the frame is of another link layer;
    /// system. Behind an error nothing can be read.
    [[nodiscard]] bpfxx::Result<std::optional<CapturedFrame>> next();

    [[nodiscard]] CaptureFormat format() const noexcept { return format_; }
    /// What messages call it.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    CaptureReader(ByteSource source, std::string name) : stream_(std::move(source)), name_(std::move(name)) {}

    struct Interface {
        std::uint16_t link_type;
        std::uint32_t snap_length; ///< 0: any
    };

    using Frame = bpfxx::Result<std::optional<CapturedFrame>>;

    [[nodiscard]] bpfxx::Result<> read_header();
    [[nodiscard]] bpfxx::Result<> read_pcap_header(std::span<const std::uint8_t> header);
    [[nodiscard]] Frame next_of_pcap();
    [[nodiscard]] Frame next_of_pcapng();
    [[nodiscard]] bpfxx::Result<> end_block();
    [[nodiscard]] bpfxx::Result<> begin_section();
    [[nodiscard]] bpfxx::Result<> add_interface(std::uint32_t block_length);
    [[nodiscard]] Frame packet_block(std::uint32_t type, std::uint32_t block_length);
    [[nodiscard]] Frame frame(std::size_t header, std::uint32_t captured, std::uint32_t length);
    [[nodiscard]] bpfxx::Result<> check_link_type(std::uint32_t type) const;
    /// Bytes that must be there: the file is cut where they are not.
    [[nodiscard]] bpfxx::Result<std::span<const std::uint8_t>> require(std::size_t count);

    [[nodiscard]] std::uint32_t u32(std::span<const std::uint8_t> bytes, std::size_t at) const noexcept;
    [[nodiscard]] std::uint16_t u16(std::span<const std::uint8_t> bytes, std::size_t at) const noexcept;
    [[nodiscard]] std::string place() const;
    [[nodiscard]] std::unexpected<bpfxx::Error> damaged(const std::string& cause) const;

    ByteStream stream_;
    std::string name_;
    CaptureFormat format_ = CaptureFormat::pcap;
    bool swapped_ = false;              ///< the file has the other byte order
    std::size_t record_header_ = 0;     ///< bytes before each frame of a pcap
    std::vector<Interface> interfaces_; ///< of the section of a pcapng
    std::uint64_t frames_ = 0;          ///< read so far
    std::size_t shown_ = 0;             ///< bytes of the stream that the last frame lies in
    std::uint64_t rest_of_block_ = 0; ///< bytes of a pcapng's block behind those, with its length at the end
    std::uint32_t block_length_ = 0;  ///< what that length must be
};

} // namespace xdpstat
