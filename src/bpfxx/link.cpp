// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/link.hpp"

#include <cerrno>

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include "bpfxx/pin.hpp"

namespace bpfxx {

namespace {

__u32 attach_flags(XdpMode mode)
{
    switch (mode) {
    case XdpMode::native:
        return XDP_FLAGS_DRV_MODE;
    case XdpMode::generic:
        return XDP_FLAGS_SKB_MODE;
    case XdpMode::offload:
        break;
    }
    return XDP_FLAGS_HW_MODE;
}

Result<struct bpf_link_info> ask(int fd)
{
    struct bpf_link_info raw = {};
    __u32 size = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd, &raw, &size) != 0)
        return std::unexpected(system_error("ask for a link's", "information", errno));
    return raw;
}

} // namespace

Result<Link> Link::attach_xdp(int program_fd, std::uint32_t ifindex, XdpMode mode)
{
    LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = attach_flags(mode);
    Fd fd(bpf_link_create(program_fd, static_cast<int>(ifindex), BPF_XDP, &options));
    if (!fd)
        return std::unexpected(
            system_error(std::string("attach in ") + to_string(mode) + " mode to interface",
                         std::to_string(ifindex), errno));
    return Link(std::move(fd));
}

Result<Link> Link::open_pinned(const std::string& path)
{
    auto fd = bpfxx::open_pinned(path, ObjectType::link);
    if (!fd)
        return std::unexpected(std::move(fd).error());
    return Link(std::move(*fd));
}

Result<LinkInfo> Link::info() const
{
    const auto raw = ask(fd_.get());
    if (!raw)
        return std::unexpected(raw.error());
    if (raw->type != BPF_LINK_TYPE_XDP)
        return std::unexpected(make_error(ErrorKind::incompatible, "use link",
                                          "id " + std::to_string(raw->id), "it is no XDP link"));
    return LinkInfo{.id = raw->id, .program_id = raw->prog_id, .ifindex = raw->xdp.ifindex};
}

Result<std::uint32_t> Link::program_id() const
{
    const auto raw = ask(fd_.get());
    if (!raw)
        return std::unexpected(raw.error());
    return raw->prog_id;
}

Result<> Link::update(int program_fd, int old_fd) const
{
    LIBBPF_OPTS(bpf_link_update_opts, options);
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = static_cast<__u32>(old_fd);
    if (bpf_link_update(fd_.get(), program_fd, &options) != 0)
        return std::unexpected(system_error("exchange the program of", "a link", errno));
    return {};
}

Result<> Link::detach() const
{
    if (bpf_link_detach(fd_.get()) != 0)
        return std::unexpected(system_error("detach", "a link", errno));
    return {};
}

} // namespace bpfxx
