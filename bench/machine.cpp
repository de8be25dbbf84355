// SPDX-License-Identifier: BSD-2-Clause
#include "bench/machine.hpp"

#include <cerrno>
#include <fstream>

#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

namespace xdpstat::bench {

namespace {

/// The value of the first line of /proc/cpuinfo with this name; empty where there is none.
std::string cpu_info(const std::string& name)
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name))
            if (const auto colon = line.find(": "); colon != std::string::npos)
                return line.substr(colon + 2);
    return {};
}

} // namespace

Machine this_machine()
{
    Machine machine;
    machine.cpu_model = cpu_info("model name");
    machine.is_virtual = (" " + cpu_info("flags") + " ").find(" hypervisor ") != std::string::npos;
    utsname names{};
    uname(&names);
    machine.kernel = names.release;
    machine.architecture = names.machine;
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof(allowed), &allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            machine.cpus.push_back(cpu);
    return machine;
}

bpfxx::Result<> isolate()
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
        return std::unexpected(
            bpfxx::system_error("make namespaces for", "the measurements", errno, "run as root"));
    // Else the mount below would show in the namespace that this one was copied from.
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return std::unexpected(bpfxx::system_error("make private", "the mount namespace", errno));
    if (mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0)
        return std::unexpected(bpfxx::system_error("mount a bpf file system on", "/sys/fs/bpf", errno));
    return {};
}

bpfxx::Result<> pin_thread(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0)
        return std::unexpected(bpfxx::system_error("keep a thread on", "CPU " + std::to_string(cpu), errno));
    return {};
}

bpfxx::Result<> free_thread(const Machine& machine)
{
    cpu_set_t all;
    CPU_ZERO(&all);
    for (const int cpu : machine.cpus)
        CPU_SET(cpu, &all);
    if (sched_setaffinity(0, sizeof(all), &all) != 0)
        return std::unexpected(bpfxx::system_error("run on", "all CPUs", errno));
    return {};
}

} // namespace xdpstat::bench
