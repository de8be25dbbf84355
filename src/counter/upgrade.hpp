// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "bpfxx/error.hpp"
#include "counter/attachment.hpp"

// The exchange of a counter's program in place (docs/adr/0009-an-upgrade-loses-nothing.md). Only under the root's lock.
namespace xdpstat {

struct Upgrade {
    bool done = false;
    std::string note; ///< what a person should know of it, also where nothing was done
};

/// Exchanges the program of an instance that another build of xdpstat attached for this build's, with its counts and without a
/// gap. Nothing where it is this build's already, or where that cannot be told for want of CAP_SYS_ADMIN. Where it is refused the
/// counter goes on as it was. Errors: incompatible, with the differences, where the counts cannot be carried over;
/// unsupported or system where the kernel refuses the exchange.
[[nodiscard]] bpfxx::Result<Upgrade> upgrade(const PinRoot& root, const Instance& instance,
                                             const AttachOptions& options);

/// Ends what an upgrade that was killed had begun: one that had exchanged the program is completed, any other is undone.
/// Errors: as upgrade().
[[nodiscard]] bpfxx::Result<> mend_upgrades(const std::string& root);

} // namespace xdpstat
