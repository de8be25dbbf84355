// SPDX-License-Identifier: BSD-2-Clause
#include "cli/readings.hpp"

#include <algorithm>

namespace xdpstat {

bpfxx::Result<std::vector<Instance>> select_instances(const std::vector<std::string>& interfaces,
                                                      const Context& context)
{
    const PinRoot root(context.pin_root);
    if (interfaces.empty()) {
        auto all = root.instances();
        if (all && all->empty())
            return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::not_found, "find", "a counter",
                                                     "nothing is attached below " + context.pin_root,
                                                     "attach one: xdpstat attach IFACE"));
        return all;
    }
    std::vector<Instance> instances;
    for (const std::string& interface : interfaces) {
        auto instance = root.find(interface);
        if (!instance)
            return std::unexpected(std::move(instance).error());
        // A name given twice is read once: it would count double in the sum.
        if (std::ranges::find(instances, instance->directory, &Instance::directory) == instances.end())
            instances.push_back(std::move(*instance));
    }
    return instances;
}

} // namespace xdpstat
