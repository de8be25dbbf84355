// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sched.h>

#include <gtest/gtest.h>

namespace xdpstat::test {

/// True where a skip counts as a failure: XDPSTAT_REQUIRE=all in the environment.
[[nodiscard]] bool everything_is_required();

/// Names the capabilities this process lacks for loading XDP programs; empty where it has them all.
[[nodiscard]] std::optional<std::string> missing_capabilities();

/// The CPUs this process may run on, ascending.
[[nodiscard]] std::vector<unsigned> allowed_cpus();

/// The highest possible CPU number + 1: what an array indexed by CPU number needs.
[[nodiscard]] unsigned possible_cpus();

/// Pins the calling thread to one CPU and gives it its former CPUs back at the end.
class PinnedThread {
public:
    explicit PinnedThread(unsigned cpu);
    ~PinnedThread();
    PinnedThread(const PinnedThread&) = delete;
    PinnedThread& operator=(const PinnedThread&) = delete;

private:
    cpu_set_t before_;
};

} // namespace xdpstat::test

/// Ends the test: skipped with the reason, or failed with it where everything is required.
#define XDPSTAT_SKIP(reason)                                                                                 \
    do {                                                                                                     \
        if (::xdpstat::test::everything_is_required())                                                       \
            FAIL() << (reason);                                                                              \
        GTEST_SKIP() << (reason);                                                                            \
    } while (false)
