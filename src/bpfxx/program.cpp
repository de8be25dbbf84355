// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/program.hpp"

#include <cerrno>
#include <cstdio>

#include <bpf/bpf.h>

#include "bpfxx/pin.hpp"

namespace bpfxx {

namespace {

std::string hexadecimal(const unsigned char (&bytes)[BPF_TAG_SIZE])
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

} // namespace

Result<Program> Program::open_pinned(const std::string& path)
{
    auto fd = bpfxx::open_pinned(path, ObjectType::program);
    if (!fd)
        return std::unexpected(std::move(fd).error());
    return Program(std::move(*fd));
}

Result<Program> Program::open_id(std::uint32_t id)
{
    Fd fd(bpf_prog_get_fd_by_id(id));
    if (!fd)
        return std::unexpected(system_error("open program", "id " + std::to_string(id), errno));
    return Program(std::move(fd));
}

Result<ProgramInfo> Program::info() const
{
    return program_info(fd_.get());
}

Result<ProgramInfo> program_info(int fd)
{
    struct bpf_prog_info raw = {};
    __u32 size = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd, &raw, &size) != 0)
        return std::unexpected(system_error("ask for a program's", "information", errno));

    ProgramInfo info{.id = raw.id,
                     .name = raw.name,
                     .tag = hexadecimal(raw.tag),
                     .loaded_at = std::chrono::nanoseconds(raw.load_time),
                     .map_ids = std::vector<std::uint32_t>(raw.nr_map_ids),
                     .run_time = std::chrono::nanoseconds(raw.run_time_ns),
                     .run_count = raw.run_cnt};
    if (info.map_ids.empty())
        return info;

    // Only the second call has room for the list.
    struct bpf_prog_info with_maps = {};
    with_maps.nr_map_ids = raw.nr_map_ids;
    with_maps.map_ids = reinterpret_cast<__u64>(info.map_ids.data());
    size = sizeof(with_maps);
    if (bpf_obj_get_info_by_fd(fd, &with_maps, &size) != 0)
        return std::unexpected(system_error("ask for a program's", "maps", errno));
    return info;
}

Result<std::uint32_t> test_run(int fd, Bytes packet)
{
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = packet.data();
    options.data_size_in = static_cast<__u32>(packet.size());
    options.repeat = 1;
    if (const int error = bpf_prog_test_run_opts(fd, &options); error != 0)
        return std::unexpected(
            system_error("run a program over", std::to_string(packet.size()) + " bytes", -error));
    return options.retval;
}

Result<> wait_for_running_programs()
{
    // The kernel promises it of an update of a map of maps (maybe_wait_bpf_programs in kernel/bpf/syscall.c).
    const auto failed = [](const char* what) {
        return std::unexpected(system_error(what, "a map of maps, to wait for running programs", errno));
    };
    constexpr std::uint32_t size = sizeof(std::uint32_t);
    const Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, size, size, 1, nullptr));
    if (!inner)
        return failed("make the inner map of");
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.inner_map_fd = static_cast<__u32>(inner.get());
    const Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, nullptr, size, size, 1, &options));
    if (!outer)
        return failed("make");
    const std::uint32_t key = 0;
    const int value = inner.get();
    if (bpf_map_update_elem(outer.get(), &key, &value, BPF_ANY) != 0)
        return failed("write to");
    return {};
}

Result<Fd> enable_run_statistics()
{
    Fd fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
    if (!fd)
        return std::unexpected(system_error("switch on", "the kernel's statistics of BPF programs", errno,
                                            errno == EPERM ? "it needs CAP_SYS_ADMIN" : ""));
    return fd;
}

} // namespace bpfxx
