// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "counter/instance.hpp"
#include "counter/rates.hpp"
#include "counter/snapshot.hpp"
#include "view/history.hpp"
#include "view/line.hpp"

namespace xdpstat {

enum class WatchState {
    counting,
    detached, ///< the interface is there, its counter was detached
    gone,     ///< the interface is gone
};

/// One interface of the live view. A plain value.
struct WatchedInterface {
    Instance instance;
    Snapshot latest;
    Rates rates; ///< of the last interval; `seconds` 0 before the first has passed
    WatchState state = WatchState::counting;
    bool new_instance = false; ///< it was attached anew since the view began
    History history;
};

/// All that the live view shows. A plain value.
struct WatchFacts {
    std::vector<WatchedInterface> interfaces;
    std::size_t selected = 0; ///< whose details are shown
    double interval = 1;      ///< seconds
    bool bytes = false;       ///< bytes per second in place of bits
    bool paused = false;
    bool utf8 = true;
};

struct ScreenSize {
    std::size_t width = 80;
    std::size_t height = 24;
};

/// The live view: at most `height` lines, none wider than `width`. What does not fit is left out, the least needed
/// first. Pure.
[[nodiscard]] std::vector<Line> watch_screen(const WatchFacts& facts, ScreenSize size);

} // namespace xdpstat
