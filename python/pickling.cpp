// SPDX-License-Identifier: BSD-2-Clause
#include "pickling.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include "view/names.hpp"

namespace py = pybind11;

namespace xdpstat::python {

namespace {

/// The parts of a pickled value. Raises ValueError where there are not as many as there should be.
py::tuple parts_of(const py::tuple& state, std::size_t count)
{
    if (state.size() != count)
        throw py::value_error("this was pickled by another version of xdpstat");
    return state;
}

std::int64_t ticks(auto time)
{
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

template <class TimePoint>
TimePoint time_of(const py::handle& nanoseconds)
{
    const std::chrono::nanoseconds since_epoch(nanoseconds.cast<std::int64_t>());
    return TimePoint(std::chrono::duration_cast<typename TimePoint::duration>(since_epoch));
}

py::dict kept(const pkt_stats& stats)
{
    py::dict fields;
    for (const HeadlineCounter& counter : headline_counters)
        fields[text(counter.key)] = stats.*counter.field;
    return fields;
}

pkt_stats stats_from(const py::dict& fields)
{
    pkt_stats stats{};
    for (const HeadlineCounter& counter : headline_counters)
        if (fields.contains(text(counter.key)))
            stats.*counter.field = fields[text(counter.key)].cast<__u64>();
    return stats;
}

py::tuple kept(const TrafficCell& cell)
{
    return py::make_tuple(text(cell.network), text(cell.transport), text(cell.size), cell.cell.packets,
                          cell.cell.bytes);
}

/// The place of a cell in the breakdown. Raises KeyError for a name that is none.
Cell& cell_at(traffic_stats& traffic, const py::tuple& state)
{
    return traffic.cell[index_of<traffic_network>(state[0].cast<std::string>(), TRAFFIC_NETWORK_COUNT)]
                       [index_of<traffic_transport>(state[1].cast<std::string>(), TRAFFIC_TRANSPORT_COUNT)]
                       [index_of<traffic_size>(state[2].cast<std::string>(), TRAFFIC_SIZE_COUNT)];
}

Cell cell_from(const py::handle& packets, const py::handle& bytes)
{
    return {.packets = packets.cast<__u64>(), .bytes = bytes.cast<__u64>()};
}

py::tuple kept(const traffic_stats& traffic)
{
    py::list cells;
    for (const TrafficCell& cell : counted_cells(traffic))
        cells.append(kept(cell));
    return {cells};
}

traffic_stats traffic_from(const py::tuple& cells)
{
    traffic_stats traffic{};
    for (const py::handle& cell : cells) {
        const py::tuple state = parts_of(py::reinterpret_borrow<py::tuple>(cell), 5);
        cell_at(traffic, state) = cell_from(state[3], state[4]);
    }
    return traffic;
}

py::object kept_or_none(bool has_breakdown, const traffic_stats& traffic)
{
    return has_breakdown ? py::object(kept(traffic)) : py::none();
}

} // namespace

void make_picklable(py::class_<NamedSnapshot>& type)
{
    type.def(py::pickle(
        [](const NamedSnapshot& self) {
            return py::make_tuple(self.interface, self.map_id, ticks(self.taken), ticks(self.wall_clock),
                                  kept(self.stats), kept_or_none(self.has_breakdown, self.traffic),
                                  self.counter_id);
        },
        [](const py::tuple& state) {
            const py::tuple parts = parts_of(state, 7);
            NamedSnapshot snapshot;
            snapshot.interface = parts[0].cast<std::string>();
            snapshot.map_id = parts[1].cast<std::uint32_t>();
            snapshot.taken = time_of<std::chrono::steady_clock::time_point>(parts[2]);
            snapshot.wall_clock = time_of<std::chrono::system_clock::time_point>(parts[3]);
            snapshot.stats = stats_from(parts[4]);
            snapshot.has_breakdown = !parts[5].is_none();
            if (snapshot.has_breakdown)
                snapshot.traffic = traffic_from(parts[5]);
            snapshot.counter_id = parts[6].cast<std::uint64_t>();
            return snapshot;
        }));
}

void make_picklable(py::class_<Difference>& type)
{
    type.def(py::pickle(
        [](const Difference& self) {
            return py::make_tuple(self.rates.seconds, self.rates.new_instance, kept(self.rates.stats),
                                  kept_or_none(self.has_breakdown, self.rates.traffic));
        },
        [](const py::tuple& state) {
            const py::tuple parts = parts_of(state, 4);
            Difference difference;
            difference.rates.seconds = parts[0].cast<double>();
            difference.rates.new_instance = parts[1].cast<bool>();
            difference.rates.stats = stats_from(parts[2]);
            difference.has_breakdown = !parts[3].is_none();
            if (difference.has_breakdown)
                difference.rates.traffic = traffic_from(parts[3]);
            return difference;
        }));
}

void make_picklable(py::class_<Traffic>& type)
{
    type.def(py::pickle([](const Traffic& self) { return kept(self.stats); },
                        [](const py::tuple& state) { return Traffic{traffic_from(state)}; }));
}

void make_picklable(py::class_<TrafficCell>& type)
{
    type.def(py::pickle([](const TrafficCell& self) { return kept(self); },
                        [](const py::tuple& state) {
                            traffic_stats one{};
                            const py::tuple parts = parts_of(state, 5);
                            Cell& cell = cell_at(one, parts);
                            // Of an empty cell, too: where it is tells its names.
                            cell = {.packets = 1, .bytes = 0};
                            TrafficCell found = counted_cells(one).front();
                            found.cell = cell_from(parts[3], parts[4]);
                            return found;
                        }));
}

void make_picklable(py::class_<Cell>& type)
{
    type.def(py::pickle([](const Cell& self) { return py::make_tuple(self.packets, self.bytes); },
                        [](const py::tuple& state) {
                            const py::tuple parts = parts_of(state, 2);
                            return cell_from(parts[0], parts[1]);
                        }));
}

void make_picklable(py::class_<Instance>& type)
{
    type.def(py::pickle(
        [](const Instance& self) {
            const py::object layout =
                self.layout ? py::object(py::int_(*self.layout == SlotLayout::percpu ? 0 : 1)) : py::none();
            const py::object breakdown = self.breakdown ? py::object(py::bool_(*self.breakdown)) : py::none();
            return py::make_tuple(self.interface, self.ifindex, self.directory, self.mode, self.program_id,
                                  self.program_tag, ticks(self.since), layout, breakdown);
        },
        [](const py::tuple& state) {
            const py::tuple parts = parts_of(state, 9);
            Instance instance;
            instance.interface = parts[0].cast<std::string>();
            instance.ifindex = parts[1].cast<std::uint32_t>();
            instance.directory = parts[2].cast<std::string>();
            instance.mode = parts[3].cast<std::string>();
            instance.program_id = parts[4].cast<std::uint32_t>();
            instance.program_tag = parts[5].cast<std::string>();
            instance.since = time_of<std::chrono::system_clock::time_point>(parts[6]);
            if (!parts[7].is_none())
                instance.layout = parts[7].cast<int>() == 0 ? SlotLayout::percpu : SlotLayout::shared;
            if (!parts[8].is_none())
                instance.breakdown = parts[8].cast<bool>();
            return instance;
        }));
}

} // namespace xdpstat::python
