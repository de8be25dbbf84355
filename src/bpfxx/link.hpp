// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/xdp.hpp"

namespace bpfxx {

/// What the kernel tells of an XDP link.
struct LinkInfo {
    std::uint32_t id = 0;         ///< the link's own number
    std::uint32_t program_id = 0; ///< of the program that it attaches
    std::uint32_t ifindex = 0;    ///< 0 once the interface is gone; valid in the namespace of the interface
};

/// A bpf_link: while it lives (a descriptor or a pin), the program stays attached. Owns its descriptor.
class Link {
public:
    /// Attaches a program to an interface in exactly this mode. Kernel 5.9 or newer; CAP_NET_ADMIN and CAP_BPF.
    /// Errors: busy where another program holds the interface; unsupported where the driver has no such mode;
    /// system with the driver's errno. @param program_fd borrowed @param ifindex in the network namespace of the
    /// calling thread @param mode no other is tried
    [[nodiscard]] static Result<Link> attach_xdp(int program_fd, std::uint32_t ifindex, XdpMode mode);
    /// The link pinned at a path. Errors: not_found, permission, incompatible where it is none.
    [[nodiscard]] static Result<Link> open_pinned(const std::string& path);

    /// Asks the kernel. Errors: incompatible where it is no XDP link.
    [[nodiscard]] Result<LinkInfo> info() const;
    /// The number of the program that it attaches, whatever kind of link it is. Errors: system.
    [[nodiscard]] Result<std::uint32_t> program_id() const;
    /// Puts a program in the place of another: each frame meets one of the two. CAP_NET_ADMIN and CAP_BPF. Errors: permission where
    /// `old` is not the one that is attached; unsupported or invalid where the driver or the kernel takes none in its place.
    /// @param program_fd, old_fd borrowed
    [[nodiscard]] Result<> update(int program_fd, int old_fd) const;
    /// Detaches at once, whoever else holds the link.
    [[nodiscard]] Result<> detach() const;
    /// Borrowed.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    explicit Link(Fd fd) noexcept : fd_(std::move(fd)) {}
    Fd fd_;
};

} // namespace bpfxx
