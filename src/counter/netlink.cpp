// SPDX-License-Identifier: BSD-2-Clause
#include "counter/netlink.hpp"

#include <algorithm>
#include <cerrno>

#include <linux/netlink.h>
#include <sys/socket.h>

namespace xdpstat {

namespace {

constexpr std::size_t align(std::size_t size)
{
    return (size + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
}

constexpr std::size_t header_size = align(sizeof(struct nlmsghdr));
/// The kernel never sends a longer datagram than this in answer to a reader of this size.
constexpr std::size_t answer_limit = 65536;

/// Takes the first structure off a run of bytes; nothing where it is cut short.
template <class Header>
std::optional<Header> peek(std::span<const std::byte> bytes)
{
    if (bytes.size() < sizeof(Header))
        return std::nullopt;
    Header header{};
    std::memcpy(&header, bytes.data(), sizeof(Header));
    return header;
}

} // namespace

std::expected<AnswersSeen, int> visit_answers(std::span<const std::byte> datagram, bool is_dump,
                                              const NetlinkSocket::Visitor& visitor)
{
    AnswersSeen seen;
    while (const auto header = peek<struct nlmsghdr>(datagram)) {
        if (header->nlmsg_len < header_size || header->nlmsg_len > datagram.size())
            return std::unexpected(EBADMSG);
        const auto payload = datagram.subspan(header_size, header->nlmsg_len - header_size);
        seen.is_interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        if (header->nlmsg_type == NLMSG_DONE) {
            if (const auto error = peek<int>(payload); error && *error < 0)
                return std::unexpected(-*error);
            seen.is_last = true;
            return seen;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            const auto error = peek<struct nlmsgerr>(payload);
            if (!error || error->error != 0)
                return std::unexpected(error ? -error->error : EBADMSG);
            seen.is_last = true;
            return seen;
        }
        visitor(payload);
        if (!is_dump) {
            seen.is_last = true;
            return seen;
        }
        datagram = datagram.subspan(std::min(align(header->nlmsg_len), datagram.size()));
    }
    return seen;
}

void NetlinkRequest::add(std::uint16_t attribute, std::uint32_t value)
{
    add_bytes(attribute, &value, sizeof(value));
}

void NetlinkRequest::add(std::uint16_t attribute, std::string_view text)
{
    const std::string terminated(text);
    add_bytes(attribute, terminated.c_str(), terminated.size() + 1);
}

void NetlinkRequest::add_bytes(std::uint16_t attribute, const void* data, std::size_t size)
{
    const struct nlattr header{.nla_len = static_cast<std::uint16_t>(sizeof(struct nlattr) + size),
                               .nla_type = attribute};
    const std::size_t start = align(payload_.size());
    payload_.resize(start + align(sizeof(header) + size));
    std::memcpy(payload_.data() + start, &header, sizeof(header));
    std::memcpy(payload_.data() + start + sizeof(header), data, size);
}

std::vector<std::byte> NetlinkRequest::message() const
{
    struct nlmsghdr header = {};
    header.nlmsg_len = static_cast<std::uint32_t>(header_size + payload_.size());
    header.nlmsg_type = type_;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags_ | NLM_F_REQUEST);
    std::vector<std::byte> bytes(header_size + payload_.size());
    std::memcpy(bytes.data(), &header, sizeof(header));
    std::ranges::copy(payload_, bytes.begin() + header_size);
    return bytes;
}

std::optional<std::span<const std::byte>> NetlinkAttributes::find(std::uint16_t type) const
{
    auto rest = bytes_;
    while (const auto header = peek<struct nlattr>(rest)) {
        if (header->nla_len < sizeof(struct nlattr) || header->nla_len > rest.size())
            return std::nullopt;
        if ((header->nla_type & NLA_TYPE_MASK) == type)
            return rest.subspan(sizeof(struct nlattr), header->nla_len - sizeof(struct nlattr));
        rest = rest.subspan(std::min(align(header->nla_len), rest.size()));
    }
    return std::nullopt;
}

std::string NetlinkAttributes::text(std::uint16_t type) const
{
    const auto payload = find(type);
    if (!payload)
        return {};
    const std::string_view characters(reinterpret_cast<const char*>(payload->data()), payload->size());
    return std::string(characters.substr(0, characters.find('\0')));
}

NetlinkAttributes NetlinkAttributes::nested(std::uint16_t type) const
{
    return NetlinkAttributes(find(type).value_or(std::span<const std::byte>{}));
}

bpfxx::Result<NetlinkSocket> NetlinkSocket::open(int protocol)
{
    bpfxx::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd)
        return std::unexpected(bpfxx::system_error("open", "a netlink socket", errno));
    return NetlinkSocket(std::move(fd));
}

bpfxx::Result<> NetlinkSocket::ask(const NetlinkRequest& request, const std::string& object,
                                   const Visitor& visitor) const
{
    const auto failed = [&](int error) {
        return std::unexpected(bpfxx::system_error("ask the kernel by netlink about", object, error));
    };
    const auto message = request.message();
    if (::send(fd_.get(), message.data(), message.size(), 0) < 0)
        return failed(errno);

    bool is_interrupted = false;
    std::vector<std::byte> buffer(answer_limit);
    for (;;) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return failed(size < 0 ? errno : EBADMSG);
        const auto seen = visit_answers(std::span(buffer).first(static_cast<std::size_t>(size)),
                                        (request.flags_ & NLM_F_DUMP) != 0, visitor);
        if (!seen)
            return failed(seen.error());
        is_interrupted |= seen->is_interrupted;
        if (seen->is_last && is_interrupted)
            return failed(EAGAIN);
        if (seen->is_last)
            return {};
    }
}

} // namespace xdpstat
