// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

#include "counter/instance.hpp"
#include "snapshots.hpp"

// Plain values can be pickled and copied. What is kept are plain Python objects with the names of counters and cells, so
// that another version of the module reads them.
namespace xdpstat::python {

void make_picklable(pybind11::class_<NamedSnapshot>& type);
void make_picklable(pybind11::class_<Difference>& type);
void make_picklable(pybind11::class_<Traffic>& type);
void make_picklable(pybind11::class_<TrafficCell>& type);
void make_picklable(pybind11::class_<Cell>& type);
void make_picklable(pybind11::class_<Instance>& type);

} // namespace xdpstat::python
