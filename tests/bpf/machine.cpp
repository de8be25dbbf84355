// SPDX-License-Identifier: BSD-2-Clause
#include "machine.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <linux/capability.h>

namespace xdpstat::test {

bool everything_is_required()
{
    const char* required = std::getenv("XDPSTAT_REQUIRE");
    return required && std::string_view(required) == "all";
}

std::optional<std::string> missing_capabilities()
{
    // CAP_PERFMON is for the length sources that subtract packet pointers or read the kernel's context.
    static constexpr std::array<std::pair<unsigned, std::string_view>, 3> needed{{
        {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
        {CAP_PERFMON, "CAP_PERFMON"},
        {CAP_BPF, "CAP_BPF"},
    }};
    std::ifstream status("/proc/self/status");
    std::string line;
    std::uint64_t effective = 0;
    while (std::getline(status, line)) {
        if (line.starts_with("CapEff:"))
            effective = std::stoull(line.substr(7), nullptr, 16);
    }
    std::string missing;
    for (const auto& [bit, name] : needed) {
        if (!(effective >> bit & 1))
            missing.append(missing.empty() ? "" : ", ").append(name);
    }
    if (missing.empty())
        return {};
    return "loading an XDP program needs " + missing + ": run the tests as root";
}

std::vector<unsigned> allowed_cpus()
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set))
        throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set))
            cpus.push_back(cpu);
    }
    return cpus;
}

unsigned possible_cpus()
{
    // A list of ranges such as "0-3,8-11"; what counts is the number at its end.
    std::ifstream file("/sys/devices/system/cpu/possible");
    std::string list;
    if (!std::getline(file, list))
        throw std::runtime_error("cannot read /sys/devices/system/cpu/possible");
    return static_cast<unsigned>(std::stoul(list.substr(list.find_last_of("-,") + 1))) + 1;
}

PinnedThread::PinnedThread(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_getaffinity(0, sizeof(before_), &before_) || sched_setaffinity(0, sizeof(set), &set))
        throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
}

PinnedThread::~PinnedThread()
{
    sched_setaffinity(0, sizeof(before_), &before_);
}

} // namespace xdpstat::test
