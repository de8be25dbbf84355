// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string>

#include "counter/instance.hpp"
#include "counter/snapshot.hpp"

namespace xdpstat {

/// One counter and what it had counted at one moment: what every view shows. A plain value.
struct Reading {
    Instance instance;
    Snapshot snapshot;
};

/// How text for people is drawn.
struct TextOptions {
    bool color = false; ///< escape sequences
    bool utf8 = true;   ///< bars of blocks; else ASCII alone
};

} // namespace xdpstat
