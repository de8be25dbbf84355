// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// One netlink request: a header of the family's own, then attributes. A plain value, built in place.
class NetlinkRequest {
public:
    /// @param type RTM_* or a generic family's number @param flags NLM_F_DUMP or 0
    /// @param header the family's fixed header: struct ifinfomsg, struct genlmsghdr
    template <class Header>
    NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
        : type_(type), flags_(flags), payload_(sizeof(Header))
    {
        std::memcpy(payload_.data(), &header, sizeof(Header));
    }
    void add(std::uint16_t attribute, std::uint32_t value);
    /// With the byte of zero that ends a C string.
    void add(std::uint16_t attribute, std::string_view text);

private:
    friend class NetlinkSocket;
    void add_bytes(std::uint16_t attribute, const void* data, std::size_t size);
    [[nodiscard]] std::vector<std::byte> message() const;

    std::uint16_t type_;
    std::uint16_t flags_;
    std::vector<std::byte> payload_;
};

/// The attributes that follow a family's fixed header in an answer. Borrows the bytes.
class NetlinkAttributes {
public:
    explicit NetlinkAttributes(std::span<const std::byte> bytes) : bytes_(bytes) {}

    /// The payload of the first attribute of this type.
    [[nodiscard]] std::optional<std::span<const std::byte>> find(std::uint16_t type) const;
    /// An integer, or any plain structure; a shorter payload, as an older kernel sends, leaves the rest zero.
    template <class T>
    [[nodiscard]] std::optional<T> value(std::uint16_t type) const
    {
        const auto payload = find(type);
        if (!payload)
            return std::nullopt;
        T result{};
        std::memcpy(&result, payload->data(), std::min(payload->size(), sizeof(T)));
        return result;
    }
    /// A C string; empty where there is none.
    [[nodiscard]] std::string text(std::uint16_t type) const;
    /// The attributes inside an attribute; none where there is no such.
    [[nodiscard]] NetlinkAttributes nested(std::uint16_t type) const;

private:
    std::span<const std::byte> bytes_;
};

/// A netlink socket of the calling thread's network namespace, for requests that read. Not thread-safe.
class NetlinkSocket {
public:
    /// @param protocol NETLINK_ROUTE, NETLINK_GENERIC
    [[nodiscard]] static bpfxx::Result<NetlinkSocket> open(int protocol);

    /// Called for each answer with the bytes after its netlink header.
    using Visitor = std::function<void(std::span<const std::byte>)>;
    /// Sends a request and visits its answers, all of them for a dump. Errors: not_found, unsupported, permission,
    /// as the kernel answers; system (EAGAIN) where what was listed changed meanwhile, so that some may be missing.
    /// @param object for the error's text
    [[nodiscard]] bpfxx::Result<> ask(const NetlinkRequest& request, const std::string& object,
                                      const Visitor& visitor) const;

private:
    explicit NetlinkSocket(bpfxx::Fd fd) noexcept : fd_(std::move(fd)) {}
    bpfxx::Fd fd_;
};

/// What one datagram of answers had.
struct AnswersSeen {
    bool is_last = false;        ///< nothing comes after it
    bool is_interrupted = false; ///< a change came between the answers of a dump (NLM_F_DUMP_INTR)
};
/// Visits the answers of one datagram. @return also the errno with which the kernel answers, or EBADMSG. Pure.
[[nodiscard]] std::expected<AnswersSeen, int> visit_answers(std::span<const std::byte> datagram, bool is_dump,
                                                            const NetlinkSocket::Visitor& visitor);

/// Splits an answer into its fixed header and what follows. A shorter answer gives a zero header.
template <class Header>
[[nodiscard]] std::pair<Header, NetlinkAttributes> split_answer(std::span<const std::byte> answer)
{
    Header header{};
    if (answer.size() < sizeof(Header))
        return {header, NetlinkAttributes({})};
    std::memcpy(&header, answer.data(), sizeof(Header));
    constexpr std::size_t aligned = (sizeof(Header) + 3) / 4 * 4;
    return {header, NetlinkAttributes(answer.subspan(std::min(aligned, answer.size())))};
}

} // namespace xdpstat
