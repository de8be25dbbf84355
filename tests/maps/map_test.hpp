// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bpfxx/error.hpp"
#include "bpfxx/layout.hpp"

/// A flow, as such maps have them.
struct FlowKey {
    std::uint8_t source[4];
    std::uint8_t destination[4];
    std::uint16_t port;
    std::uint16_t protocol;
};
BPFXX_DESCRIBE(FlowKey, source, destination, port, protocol);

struct FlowStats {
    std::uint64_t packets;
    std::uint64_t bytes;
};
BPFXX_DESCRIBE(FlowStats, packets, bytes);

inline bool operator==(const FlowStats& left, const FlowStats& right)
{
    return left.packets == right.packets && left.bytes == right.bytes;
}

namespace bpfxx::test {

/// Gives the process a bpf file system of its own at /sys/fs/bpf, which ends with it. Exits where that fails.
inline void use_own_bpffs()
{
    static const bool is_mounted = ::unshare(CLONE_NEWNS) == 0 &&
                                   ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                   ::mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr) == 0;
    if (!is_mounted) {
        std::perror("a bpf file system for the tests");
        std::exit(1);
    }
}

/// For what a test is about and old kernels have not. It is asked where that is refused, and no probe in the place of one.
inline bool kernel_is_before(unsigned major, unsigned minor)
{
    struct utsname system = {};
    std::array<unsigned, 2> version{};
    ::uname(&system);
    return std::sscanf(system.release, "%u.%u", &version[0], &version[1]) == 2 &&
           version < std::array{major, minor};
}

/// Base of all suites: they make maps, so they need root.
class MapTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (::geteuid() == 0) {
            use_own_bpffs();
            return;
        }
        const char* required = std::getenv("XDPSTAT_REQUIRE");
        if (required != nullptr && std::string_view(required) == "all")
            FAIL() << "root is missing, and XDPSTAT_REQUIRE=all";
        GTEST_SKIP() << "making maps needs root";
    }
};

/// The value of a Result that must have one; its error is the failure's message.
template <class T>
T take(Result<T> result)
{
    if (!result)
        throw std::runtime_error(result.error().message() + "\n" + result.error().detail());
    return std::move(*result);
}
inline void take(Result<> result)
{
    if (!result)
        throw std::runtime_error(result.error().message() + "\n" + result.error().detail());
}

inline FlowKey flow(std::uint32_t number)
{
    return {{10, 0, 0, 1},
            {10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
             static_cast<std::uint8_t>(number)},
            443,
            6};
}

} // namespace bpfxx::test
