// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/pybind11.h>

#include "counter/rates.hpp"
#include "counter/snapshot.hpp"
#include "view/names.hpp"

namespace xdpstat::python {

/// A snapshot that knows of which interface it is.
struct NamedSnapshot : Snapshot {
    std::string interface;
};

/// The breakdown of a snapshot, or of the difference of two.
struct Traffic {
    traffic_stats stats;
};

/// One cell of the breakdown with the names of its place.
struct TrafficCell {
    std::string_view network;
    std::string_view transport;
    std::string_view size;
    Cell cell;
};

/// The cells in which something was counted.
[[nodiscard]] std::vector<TrafficCell> counted_cells(const traffic_stats& traffic);

/// The number of an enum's entry by its name. Raises KeyError.
template <class Enum>
std::size_t index_of(std::string_view name, std::size_t count)
{
    for (std::size_t i = 0; i < count; i++)
        if (name_of(static_cast<Enum>(i)).key == name)
            return i;
    throw pybind11::key_error(std::string(name));
}

inline pybind11::str text(std::string_view view)
{
    return {view.data(), view.size()};
}

/// Rates, and whether they have a breakdown, which only snapshots know.
struct Difference {
    Rates rates;
    bool has_breakdown = false;
};

/// Raises ValueError where the two are in the wrong order, or of two interfaces.
[[nodiscard]] Difference difference(const NamedSnapshot& older, const NamedSnapshot& newer);

} // namespace xdpstat::python
