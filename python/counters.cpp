// SPDX-License-Identifier: BSD-2-Clause
//
// Counters, their instances, and snapshots at an interval.
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "binding.hpp"
#include "counter.hpp"
#include "counter/pin_root.hpp"
#include "pickling.hpp"
#include "snapshots.hpp"

namespace py = pybind11;

namespace xdpstat::python {

namespace {

using CounterPointer = std::shared_ptr<Counter>;
using Nanoseconds = std::chrono::nanoseconds;

/// An interval in seconds. Raises ValueError where it is none.
Nanoseconds interval_of(double seconds)
{
    constexpr double shortest = 1e-6;
    constexpr double longest = 1e9;
    if (!(seconds >= shortest && seconds <= longest))
        throw py::value_error("an interval is a number of seconds from 0.000001 to 1e9");
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds));
}

[[noreturn]] void raise_closed()
{
    throw py::value_error("the counter is closed");
}

NamedSnapshot read(Counter& counter)
{
    auto snapshot = without_gil([&] { return counter.read(); });
    if (!snapshot)
        raise_closed();
    return take(std::move(*snapshot));
}

/// False: it was closed. Raises what a signal's handler raises, such as KeyboardInterrupt.
bool wait(const Counter& counter, Counter::Clock::time_point due)
{
    while (true) {
        const Wakening end = without_gil([&] { return counter.wait_until(due); });
        if (PyErr_CheckSignals() != 0)
            throw py::error_already_set();
        if (end != Wakening::interrupted)
            return end == Wakening::due;
    }
}

/// Snapshots at the times of a grid: what comes late does not move those behind it, and what was missed is left out.
class Snapshots {
public:
    Snapshots(CounterPointer counter, Nanoseconds interval)
        : counter_(std::move(counter)), interval_(interval), due_(Counter::Clock::now())
    {
    }

    /// With the GIL, which keeps two threads from taking the same turn.
    NamedSnapshot next()
    {
        const auto due = due_;
        due_ += interval_;
        if (const auto late = Counter::Clock::now() - due; late > interval_)
            due_ += late / interval_ * interval_;
        try {
            if (!wait(*counter_, due))
                throw py::stop_iteration();
        } catch (...) {
            due_ = std::min(due_, due); // the turn was not used
            throw;
        }
        auto snapshot = without_gil([&] { return counter_->read(); });
        if (!snapshot)
            throw py::stop_iteration();
        return take(std::move(*snapshot));
    }

private:
    CounterPointer counter_;
    Nanoseconds interval_;
    Counter::Clock::time_point due_; ///< of the next
};

Difference rates_over(const CounterPointer& counter, double seconds)
{
    const Nanoseconds interval = interval_of(seconds);
    const auto due = Counter::Clock::now() + interval;
    const NamedSnapshot older = read(*counter);
    if (!wait(*counter, due))
        raise_closed();
    return difference(older, read(*counter));
}

py::object since_of(const Instance& instance)
{
    if (instance.since.time_since_epoch().count() == 0)
        return py::none();
    return py::float_(std::chrono::duration<double>(instance.since.time_since_epoch()).count());
}

py::object layout_of(const Instance& instance)
{
    return instance.layout ? py::object(py::str(to_string(*instance.layout))) : py::none();
}

py::object breakdown_of(const Instance& instance)
{
    return instance.breakdown ? py::object(py::bool_(*instance.breakdown)) : py::none();
}

py::dict instance_dict(const Instance& instance)
{
    py::dict fields;
    fields["interface"] = instance.interface;
    fields["ifindex"] = instance.ifindex;
    fields["directory"] = instance.directory;
    fields["mode"] = instance.mode;
    fields["program_id"] = instance.program_id;
    fields["program_tag"] = instance.program_tag;
    fields["since"] = since_of(instance);
    fields["layout"] = layout_of(instance);
    fields["breakdown"] = breakdown_of(instance);
    return fields;
}

void add_instance(py::module_& module)
{
    py::class_<Instance> type(module, "Instance",
                              "One counter as it stood when it was listed. It never changes.");
    make_picklable(type);
    type.def_readonly("interface", &Instance::interface, "str: the interface's name.")
        .def_readonly("ifindex", &Instance::ifindex,
                      "int: the interface's number; 0 where it is gone or in another namespace.")
        .def_readonly("directory", &Instance::directory, "str: where it is pinned.")
        .def_readonly("mode", &Instance::mode,
                      "str: native, generic, offload; detached, other namespace or unknown.")
        .def_readonly("program_id", &Instance::program_id,
                      "int: the kernel's number of the program; 0: not known.")
        .def_readonly("program_tag", &Instance::program_tag, "str: the kernel's digest of the program.")
        .def_property_readonly(
            "since", &since_of,
            "float: when it was attached, in seconds since 1970; None where that is not known.")
        .def_property_readonly("layout", &layout_of,
                               "str: percpu or shared; None where its map may not be opened.")
        .def_property_readonly("breakdown", &breakdown_of,
                               "bool: whether it counts the breakdown; None where that cannot be seen.")
        .def("to_dict", &instance_dict, "All of it as a dict.")
        .def("__repr__", [](const Instance& self) {
            return "<xdpstat.Instance " + self.interface + ", " + self.mode + ">";
        });
}

void add_counter(py::module_& module)
{
    py::class_<Snapshots>(module, "Snapshots", "What Counter.every() gives.")
        .def("__iter__", [](py::object self) { return self; })
        .def("__next__", &Snapshots::next);
    py::class_<Counter, CounterPointer>(
        module, "Counter",
        "The counter of one interface, open for reading. open() makes it; close() or `with` ends it.\n\n"
        "Reading takes no system call where the maps are mapped, as they are by default. Any number of "
        "threads may use\n"
        "it; closing it ends every() in all of them. It stays with the counter that it was opened on: one "
        "that is\n"
        "detached keeps its last numbers, and `attached` is False.")
        .def_property_readonly("interface", &Counter::interface, "str: the interface's name.")
        .def_property_readonly("directory", &Counter::directory, "str: where the counter is pinned.")
        .def_property_readonly(
            "notes",
            [](const Counter& self) {
                py::list notes;
                for (const std::string& note : self.notes())
                    notes.append(note);
                return notes;
            },
            "list of str: what to know of how the layout was proved; empty where BTF says that it is the "
            "same.")
        .def_property_readonly(
            "closed", [](const Counter& self) { return without_gil([&] { return self.is_closed(); }); },
            "bool: whether it was closed.")
        .def_property_readonly(
            "attached",
            [](const Counter& self) { return take(without_gil([&] { return self.is_attached(); })); },
            "bool: whether this very counter still counts. False once it was detached or attached anew, or "
            "its interface\n"
            "is gone: its numbers then stand still, and open() finds the new one. Asks the system: once a "
            "second is\n"
            "often enough.")
        .def("read", &read, "Reads all counters now. ValueError where it is closed.")
        .def("rates", &rates_over, py::arg("interval") = 1.0,
             "Reads twice, `interval` seconds apart, and returns the Rates between.")
        .def(
            "every",
            [](const CounterPointer& self, double interval) {
                if (without_gil([&] { return self->is_closed(); }))
                    raise_closed();
                return Snapshots(self, interval_of(interval));
            },
            py::arg("interval") = 1.0,
            "Iterates over snapshots, one every `interval` seconds, the first at once; without end until it "
            "is closed.\n"
            "ValueError where it is closed already.\n\n"
            "The times lie on a grid, so that they do not drift: a body that takes longer than the interval "
            "misses\n"
            "turns and shifts none. While it waits other threads run, and signals such as Ctrl-C end it.")
        .def(
            "close", [](Counter& self) { without_gil([&] { self.close(); }); },
            "Lets go of the maps, and ends every() in all threads. Twice is once.")
        .def("__enter__", [](py::object self) { return self; })
        .def("__exit__", [](Counter& self, const py::args&) { without_gil([&] { self.close(); }); })
        .def("__repr__", [](const Counter& self) { return "<xdpstat.Counter " + self.interface() + ">"; });
}

} // namespace

void add_counters(py::module_& module)
{
    add_instance(module);
    add_counter(module);
    module.def(
        "open",
        [](const py::object& interface, const py::object& pin_root, bool by_size) {
            const std::string name = name_from(interface, "an interface's name");
            const std::string root = path_of(pin_root);
            const auto proof = by_size ? bpfxx::Proof::size : bpfxx::Proof::btf;
            return take(without_gil([&] { return Counter::open(name, root, proof); }));
        },
        py::arg("interface"), py::kw_only(), py::arg("pin_root") = default_pin_root,
        py::arg("by_size") = false,
        "Opens the counter of an interface.\n\n"
        "pin_root is the folder below which counters are pinned. by_size takes the maps' layout for proved "
        "by its size\n"
        "alone where BTF may not be read, which needs CAP_SYS_ADMIN. Raises NotFoundError, AccessError,\n"
        "IncompatibleError.");
    module.def(
        "counters",
        [](const py::object& pin_root) {
            const std::string root = path_of(pin_root);
            py::list instances;
            for (Instance& instance : take(without_gil([&] { return PinRoot(root).instances(); })))
                instances.append(std::move(instance));
            return instances;
        },
        py::kw_only(), py::arg("pin_root") = default_pin_root,
        "The counters of this machine: a list of Instance, sorted by interface. Raises AccessError.");
}

} // namespace xdpstat::python
