// SPDX-License-Identifier: BSD-2-Clause
#include "counter/capabilities.hpp"

#include <array>
#include <cstdint>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xdpstat {

Capabilities capabilities()
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<struct __user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0)
        return {};
    const auto has = [&](unsigned capability) {
        return (data[capability / 32].effective >> (capability % 32) & 1U) != 0;
    };
    const bool sys_admin = has(CAP_SYS_ADMIN);
    return {.bpf = has(CAP_BPF) || sys_admin,
            .net_admin = has(CAP_NET_ADMIN),
            .perfmon = has(CAP_PERFMON) || sys_admin,
            .sys_admin = sys_admin,
            .sys_resource = has(CAP_SYS_RESOURCE)};
}

std::vector<std::string> missing_to_attach(const Capabilities& held)
{
    std::vector<std::string> missing;
    if (!held.bpf)
        missing.emplace_back("CAP_BPF");
    if (!held.net_admin)
        missing.emplace_back("CAP_NET_ADMIN");
    return missing;
}

std::vector<std::string> missing_to_dispatch(const Capabilities& held)
{
    std::vector<std::string> missing;
    if (!held.sys_admin)
        missing.emplace_back("CAP_SYS_ADMIN");
    if (!held.net_admin)
        missing.emplace_back("CAP_NET_ADMIN");
    return missing;
}

bpfxx::Result<> refuse_without(const std::vector<std::string>& missing, bpfxx::Text operation,
                               bpfxx::Text subject)
{
    if (missing.empty())
        return {};
    std::string names;
    for (const std::string& name : missing)
        names += (names.empty() ? "" : " and ") + name;
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::permission, operation, subject,
                                             "missing " + names, "run as root: sudo xdpstat ..."));
}

} // namespace xdpstat
