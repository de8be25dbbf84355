// SPDX-License-Identifier: BSD-2-Clause
//
// How long does this take to compile? The same program by libbpf's calls alone, with std::expected for what can fail:
// opens the map of ports at a pin, counts one more for a port, and says what it had.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <expected>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

struct PortStats {
    std::uint64_t packets;
    std::uint64_t bytes;
};

static std::expected<int, int> open_ports(const char* path)
{
    const int fd = bpf_obj_get(path);
    if (fd < 0)
        return std::unexpected(errno);
    struct bpf_map_info info = {};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_MAP_TYPE_HASH &&
        info.key_size == sizeof(std::uint32_t) && info.value_size == sizeof(PortStats))
        return fd;
    ::close(fd);
    return std::unexpected(EINVAL);
}

static std::expected<PortStats, int> count(int map, std::uint32_t port)
{
    PortStats stats{};
    if (bpf_map_lookup_elem(map, &port, &stats) != 0 && errno != ENOENT)
        return std::unexpected(errno);
    const PortStats before = stats;
    stats.packets++;
    if (bpf_map_update_elem(map, &port, &stats, BPF_ANY) != 0)
        return std::unexpected(errno);
    return before;
}

int main(int argc, char** argv)
{
    if (argc != 2)
        return 2;
    const auto map = open_ports(argv[1]);
    if (!map) {
        std::fprintf(stderr, "%s: %s\n", argv[1], std::strerror(map.error()));
        return 1;
    }
    const auto before = count(*map, 443);
    ::close(*map);
    if (!before) {
        std::fprintf(stderr, "%s: %s\n", argv[1], std::strerror(before.error()));
        return 1;
    }
    std::printf("%llu packets\n", static_cast<unsigned long long>(before->packets));
}
