// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "counter/rates.hpp"
#include "counter/snapshot.hpp"

namespace xdpstat::python {

/// The breakdown of a snapshot, or of the difference of two.
struct Traffic {
    traffic_stats stats;
};

/// Rates, and whether they have a breakdown, which only snapshots know.
struct Difference {
    Rates rates;
    bool has_breakdown = false;
};

[[nodiscard]] Difference difference(const Snapshot& older, const Snapshot& newer);

} // namespace xdpstat::python
