// SPDX-License-Identifier: BSD-2-Clause
//
// Snapshots and what is made of them: plain values, which never change.
#include "snapshots.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "binding.hpp"
#include "pickling.hpp"

namespace py = pybind11;

namespace xdpstat::python {

namespace {

py::dict cell_dict(const Cell& cell)
{
    py::dict fields;
    fields["packets"] = cell.packets;
    fields["bytes"] = cell.bytes;
    return fields;
}

template <class Enum, std::size_t N>
py::dict sums(const std::array<Cell, N>& cells)
{
    py::dict fields;
    for (std::size_t i = 0; i < N; i++)
        fields[text(name_of(static_cast<Enum>(i)).key)] = cells[i];
    return fields;
}

py::dict cell_dict(const TrafficCell& cell)
{
    py::dict fields;
    fields["network"] = text(cell.network);
    fields["transport"] = text(cell.transport);
    fields["size"] = text(cell.size);
    fields["packets"] = cell.cell.packets;
    fields["bytes"] = cell.cell.bytes;
    return fields;
}

py::dict traffic_dict(const Traffic& traffic)
{
    const auto plain = [](const py::dict& cells) {
        py::dict fields;
        for (const auto& [name, cell] : cells)
            fields[name] = cell_dict(cell.cast<const Cell&>());
        return fields;
    };
    py::list cells;
    for (const TrafficCell& cell : counted_cells(traffic.stats))
        cells.append(cell_dict(cell));
    py::dict fields;
    fields["by_network"] = plain(sums<traffic_network>(by_network(traffic.stats)));
    fields["by_transport"] = plain(sums<traffic_transport>(by_transport(traffic.stats)));
    fields["by_size"] = plain(sums<traffic_size>(by_size(traffic.stats)));
    fields["cells"] = cells;
    return fields;
}

py::dict stats_dict(const pkt_stats& stats)
{
    py::dict fields;
    for (const HeadlineCounter& counter : headline_counters)
        fields[text(counter.key)] = stats.*counter.field;
    return fields;
}

py::list counter_names()
{
    py::list names;
    for (const HeadlineCounter& counter : headline_counters)
        names.append(text(counter.key));
    return names;
}

/// Null: there is none of this name.
const HeadlineCounter* counter_named(const py::object& name)
{
    if (!PyUnicode_Check(name.ptr()))
        return nullptr;
    for (const HeadlineCounter& counter : headline_counters)
        if (text(counter.key).equal(name))
            return &counter;
    return nullptr;
}

py::object traffic_or_none(bool has_breakdown, const traffic_stats& traffic)
{
    return has_breakdown ? py::cast(Traffic{traffic}) : py::none();
}

std::int64_t nanoseconds(auto time)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

double seconds(const NamedSnapshot& snapshot)
{
    return std::chrono::duration<double>(snapshot.wall_clock.time_since_epoch()).count();
}

py::dict snapshot_dict(const NamedSnapshot& snapshot)
{
    py::dict fields;
    fields["time"] = seconds(snapshot);
    fields["stats"] = stats_dict(snapshot.stats);
    if (snapshot.has_breakdown)
        fields["traffic"] = traffic_dict(Traffic{snapshot.traffic});
    return fields;
}

std::string unit_of(const HeadlineCounter& counter)
{
    return counter.key.ends_with("_bytes") ? "bytes" : "frames";
}

void add_snapshot(py::module_& module)
{
    py::class_<NamedSnapshot> type(
        module, "Snapshot",
        "All counters of one interface at one moment. A plain value that never changes.\n\n"
        "Counters are int, exact up to 2**64 - 1. dict(snapshot) has the headline counters; their names are "
        "what `in`,\n"
        "iteration and len() are about. It can be pickled and copied; monotonic_ns means something on the "
        "machine that\n"
        "it was taken on, until that restarts.");
    make_picklable(type);
    for (const HeadlineCounter& counter : headline_counters)
        type.def_property_readonly(
            std::string(counter.key).c_str(),
            [field = counter.field](const NamedSnapshot& self) { return self.stats.*field; },
            ("int: " + unit_of(counter) + " counted since the counter was attached.").c_str());
    type.def_property_readonly("time", &seconds,
                               "float: when it was taken, in seconds since 1970 as time.time().")
        .def_property_readonly(
            "time_ns", [](const NamedSnapshot& self) { return nanoseconds(self.wall_clock); },
            "int: the same in nanoseconds.")
        .def_property_readonly(
            "monotonic_ns", [](const NamedSnapshot& self) { return nanoseconds(self.taken); },
            "int: when it was taken, in nanoseconds as time.monotonic_ns(): for differences, it never steps.")
        .def_property_readonly(
            "traffic",
            [](const NamedSnapshot& self) { return traffic_or_none(self.has_breakdown, self.traffic); },
            "Traffic: the breakdown; None where the counter was attached without one.")
        .def_property_readonly(
            "interface", [](const NamedSnapshot& self) { return self.interface; },
            "str: the interface's name when the counter was opened.")
        .def(
            "keys", [](const NamedSnapshot&) { return counter_names(); },
            "The names of the headline counters, in the order of the map.")
        .def("__iter__", [](const NamedSnapshot&) { return py::iter(counter_names()); })
        .def("__len__", [](const NamedSnapshot&) { return std::size(headline_counters); })
        .def(
            "__contains__",
            [](const NamedSnapshot&, const py::object& name) { return counter_named(name) != nullptr; },
            py::arg("name"))
        .def(
            "__getitem__",
            [](const NamedSnapshot& self, const py::object& name) {
                const HeadlineCounter* counter = counter_named(name);
                if (counter != nullptr)
                    return self.stats.*counter->field;
                PyErr_SetObject(PyExc_KeyError, name.ptr());
                throw py::error_already_set();
            },
            py::arg("name"), "A headline counter by its name.")
        .def("to_dict", &snapshot_dict,
             "Everything as plain dicts, lists, int and str: time, stats, and traffic where there is a "
             "breakdown; stats\n"
             "and traffic are those of `xdpstat show --json`.")
        .def("__repr__", [](const NamedSnapshot& self) {
            return "<xdpstat.Snapshot " + std::to_string(self.stats.total_packets) + " packets, " +
                   std::to_string(self.stats.total_bytes) + " bytes>";
        });
}

void add_rates(py::module_& module)
{
    py::class_<Difference> type(
        module, "Rates",
        "What was counted between two snapshots. A plain value that never changes.\n\n"
        "The counters' names give float, what was counted in a second; `differences` has the exact numbers.");
    make_picklable(type);
    for (const HeadlineCounter& counter : headline_counters)
        type.def_property_readonly(
            std::string(counter.key).c_str(),
            [field = counter.field](const Difference& self) {
                return self.rates.per_second(self.rates.stats.*field);
            },
            ("float: " + unit_of(counter) + " in a second; 0.0 where no time passed.").c_str());
    type.def_property_readonly(
            "seconds", [](const Difference& self) { return self.rates.seconds; },
            "float: between the two snapshots.")
        .def_property_readonly(
            "new_instance", [](const Difference& self) { return self.rates.new_instance; },
            "bool: the counter was attached anew between the two; all since then is counted.")
        .def_property_readonly(
            "differences", [](const Difference& self) { return stats_dict(self.rates.stats); },
            "dict: what was counted, by the counters' names, as exact int.")
        .def_property_readonly(
            "traffic",
            [](const Difference& self) { return traffic_or_none(self.has_breakdown, self.rates.traffic); },
            "Traffic: what was counted in each cell, not in a second; None where a snapshot has no "
            "breakdown.")
        .def(
            "to_dict",
            [](const Difference& self) {
                py::dict rates;
                for (const HeadlineCounter& counter : headline_counters)
                    rates[text(counter.key)] = self.rates.per_second(self.rates.stats.*counter.field);
                py::dict fields;
                fields["seconds"] = self.rates.seconds;
                fields["new_instance"] = self.rates.new_instance;
                fields["rates"] = rates;
                fields["differences"] = stats_dict(self.rates.stats);
                return fields;
            },
            "Everything but the breakdown as plain dicts: seconds, new_instance, rates (a second), "
            "differences.")
        .def("__repr__", [](const Difference& self) {
            return "<xdpstat.Rates " + std::to_string(self.rates.per_second(self.rates.stats.total_packets)) +
                   " packets/s over " + std::to_string(self.rates.seconds) + " s>";
        });
    module.def(
        "rates", &difference, py::arg("older"), py::arg("newer"),
        "What was counted between two snapshots of one interface.\n\nPure: it asks nothing of the machine. "
        "ValueError where the newer was taken before the older, or where they\nare of two interfaces.");
}

void add_cells(py::module_& module)
{
    py::class_<Cell> sum(module, "Cell", "Frames and their bytes, of one part of the breakdown.");
    make_picklable(sum);
    sum.def_property_readonly(
           "packets", [](const Cell& self) { return self.packets; }, "int: frames.")
        .def_property_readonly(
            "bytes", [](const Cell& self) { return self.bytes; },
            "int: bytes of those frames, without the frame check sequence.")
        .def(
            "to_dict", [](const Cell& self) { return cell_dict(self); }, "packets and bytes as a dict.")
        .def("__repr__", [](const Cell& self) {
            return "<xdpstat.Cell " + std::to_string(self.packets) + " packets, " +
                   std::to_string(self.bytes) + " bytes>";
        });
    py::class_<TrafficCell> cell(module, "TrafficCell", "One cell of the breakdown with its place.");
    make_picklable(cell);
    cell.def_property_readonly(
            "network", [](const TrafficCell& self) { return text(self.network); },
            "str: the outermost network layer, such as \"ipv4\".")
        .def_property_readonly(
            "transport", [](const TrafficCell& self) { return text(self.transport); },
            "str: such as \"tcp\".")
        .def_property_readonly(
            "size", [](const TrafficCell& self) { return text(self.size); },
            "str: the frame's length in bytes, from and to, such as \"65_127\".")
        .def_property_readonly(
            "packets", [](const TrafficCell& self) { return self.cell.packets; }, "int: frames.")
        .def_property_readonly(
            "bytes", [](const TrafficCell& self) { return self.cell.bytes; }, "int: bytes.")
        .def(
            "to_dict", [](const TrafficCell& self) { return cell_dict(self); }, "All five as a dict.")
        .def("__repr__", [](const TrafficCell& self) {
            return "<xdpstat.TrafficCell " + std::string(self.network) + " " + std::string(self.transport) +
                   " " + std::string(self.size) + ": " + std::to_string(self.cell.packets) + " packets>";
        });
}

void add_traffic(py::module_& module)
{
    py::class_<Traffic> type(
        module, "Traffic",
        "The breakdown: every frame is in exactly one cell, by its network layer, transport and size.");
    make_picklable(type);
    type.def(
            "by_network", [](const Traffic& self) { return sums<traffic_network>(by_network(self.stats)); },
            "The sums by network layer: a dict of Cell.")
        .def(
            "by_transport",
            [](const Traffic& self) { return sums<traffic_transport>(by_transport(self.stats)); },
            "The sums by transport: a dict of Cell.")
        .def(
            "by_size", [](const Traffic& self) { return sums<traffic_size>(by_size(self.stats)); },
            "The sums by frame length in bytes, such as \"65_127\": a dict of Cell.")
        .def(
            "cell",
            [](const Traffic& self, const std::string& network, const std::string& transport,
               const std::string& size) {
                return self.stats.cell[index_of<traffic_network>(network, TRAFFIC_NETWORK_COUNT)]
                                      [index_of<traffic_transport>(transport, TRAFFIC_TRANSPORT_COUNT)]
                                      [index_of<traffic_size>(size, TRAFFIC_SIZE_COUNT)];
            },
            py::arg("network"), py::arg("transport"), py::arg("size"),
            "One cell. KeyError for a name that is none.")
        .def(
            "cells",
            [](const Traffic& self) {
                py::list cells;
                for (const TrafficCell& cell : counted_cells(self.stats))
                    cells.append(cell);
                return cells;
            },
            "The cells in which something was counted: a list of TrafficCell.")
        .def("to_dict", &traffic_dict,
             "As `xdpstat show --json` has it: by_network, by_transport, by_size, cells.")
        .def("__repr__", [](const Traffic& self) {
            return "<xdpstat.Traffic " + std::to_string(counted_cells(self.stats).size()) + " cells>";
        });
}

} // namespace

std::vector<TrafficCell> counted_cells(const traffic_stats& traffic)
{
    std::vector<TrafficCell> cells;
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++)
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++)
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++)
                if (const Cell& cell = traffic.cell[network][transport][size];
                    cell.packets != 0 || cell.bytes != 0)
                    cells.push_back({name_of(static_cast<traffic_network>(network)).key,
                                     name_of(static_cast<traffic_transport>(transport)).key,
                                     name_of(static_cast<traffic_size>(size)).key, cell});
    return cells;
}

Difference difference(const NamedSnapshot& older, const NamedSnapshot& newer)
{
    // An interface that was renamed keeps its map.
    const bool is_same =
        older.counter_id != 0 ? older.counter_id == newer.counter_id : older.map_id == newer.map_id;
    if (older.interface != newer.interface && !is_same)
        throw py::value_error("the snapshots are of two interfaces: " + older.interface + " and " +
                              newer.interface);
    if (newer.taken < older.taken)
        throw py::value_error("the newer snapshot was taken before the older: rates(older, newer)");
    return {.rates = rates(older, newer), .has_breakdown = older.has_breakdown && newer.has_breakdown};
}

void add_snapshots(py::module_& module)
{
    add_cells(module);
    add_traffic(module);
    add_snapshot(module);
    add_rates(module);
}

} // namespace xdpstat::python
