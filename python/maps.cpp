// SPDX-License-Identifier: BSD-2-Clause
//
// Any BPF map, decoded by its BTF.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding.hpp"
#include "bpfxx/entries.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/value.hpp"

namespace py = pybind11;

namespace xdpstat::python {

namespace {

using bpfxx::Bytes;

/// A map with its types, as long as anything needs it. Nothing of it changes: any thread may use it.
struct OpenMap {
    bpfxx::Map map;
    bpfxx::TypeDecoder types;
};
/// How to open a map whose types may not be read; _errors.py adds by which argument.
constexpr const char* no_rights =
    "reading BTF needs CAP_SYS_ADMIN; without its types it can be opened by its size";
using OpenMapPointer = std::shared_ptr<const OpenMap>;

/// Map in Python. The pointer changes only under the GIL.
struct MapHandle {
    OpenMapPointer open; ///< null: it is closed
    py::dict facts;      ///< what is known of it, open or closed
    bool per_cpu = false;
};

const OpenMapPointer& opened(const MapHandle& handle)
{
    if (!handle.open)
        throw py::value_error("the map is closed");
    return handle.open;
}

py::dict facts_of(const OpenMap& map);

/// A map's number. Raises TypeError, and InvalidError where no map can have it.
std::uint32_t id_from(const py::object& id)
{
    if (!PyIndex_Check(id.ptr()))
        throw py::type_error("a map's id is an int, not " + type_name_of(id));
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(id.ptr()));
    if (!number)
        throw py::error_already_set();
    int beyond = 0;
    const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &beyond);
    constexpr long long most = std::numeric_limits<std::uint32_t>::max();
    if (beyond != 0 || value < 1 || value > most)
        raise(bpfxx::make_error(bpfxx::ErrorKind::invalid, "open map",
                                "id " + py::str(number).cast<std::string>(),
                                "a map's id is from 1 to " + std::to_string(most)));
    return static_cast<std::uint32_t>(value);
}

/// What a person gave to find a map by: raises InvalidError where it is empty.
std::string not_empty(std::string text, const char* what)
{
    if (text.empty())
        raise(bpfxx::make_error(bpfxx::ErrorKind::invalid, "open", "a map",
                                std::string("the ") + what + " is empty"));
    return text;
}

MapHandle open_map(const py::object& path, const py::object& id, const py::object& name, bool by_size)
{
    if ((path.is_none() ? 0 : 1) + (id.is_none() ? 0 : 1) + (name.is_none() ? 0 : 1) != 1)
        throw py::type_error("Map() takes one of path, id and name");
    const std::string pin = path.is_none() ? std::string() : not_empty(path_of(path), "path");
    const std::uint32_t number = id.is_none() ? 0 : id_from(id);
    const std::string its_name =
        name.is_none() ? std::string() : not_empty(name_from(name, "a map's name"), "name");
    const auto proof = by_size ? bpfxx::Proof::size : bpfxx::Proof::btf;
    auto opened = take(without_gil([&]() -> bpfxx::Result<OpenMapPointer> {
        auto map = !pin.empty()        ? bpfxx::Map::open_pinned(pin)
                   : !its_name.empty() ? bpfxx::Map::open_name(its_name)
                                       : bpfxx::Map::open_id(number);
        if (!map)
            return std::unexpected(std::move(map).error());
        auto types = bpfxx::TypeDecoder::of(*map, proof);
        if (!types && bpfxx::errno_of(types.error()) == EPERM)
            return std::unexpected(bpfxx::system_error("read the BTF of", map->label(), EPERM, no_rights));
        if (!types)
            return std::unexpected(std::move(types).error());
        return std::make_shared<const OpenMap>(OpenMap{std::move(*map), std::move(*types)});
    }));
    py::dict facts = facts_of(*opened);
    const bool per_cpu = opened->map.info().is_per_cpu();
    return {std::move(opened), std::move(facts), per_cpu};
}

py::object decode_one(const OpenMap& map, Bytes value)
{
    return to_python(take(map.types.value(value.first(map.map.info().value_size))));
}

/// The values of one entry: in a per-CPU map their sum, or a list of them.
py::object decode(const OpenMap& map, Bytes values, bool per_cpu)
{
    const bpfxx::MapInfo& info = map.map.info();
    if (!info.is_per_cpu())
        return decode_one(map, values);
    const std::size_t stride = bpfxx::value_stride(info.value_size);
    if (per_cpu) {
        py::list list;
        for (std::size_t at = 0; at < values.size(); at += stride)
            list.append(decode_one(map, values.subspan(at, stride)));
        return list;
    }
    std::vector<bpfxx::Value> all;
    for (std::size_t at = 0; at < values.size(); at += stride)
        all.push_back(take(map.types.value(values.subspan(at, info.value_size))));
    return to_python(bpfxx::sum_over_cpus(all));
}

void check_per_cpu(const OpenMap& map, bool per_cpu)
{
    if (per_cpu && !map.map.info().is_per_cpu())
        raise(bpfxx::make_error(bpfxx::ErrorKind::invalid, "tell CPUs apart in", map.map.label(),
                                "its entries have one value for all CPUs"));
}

/// All entries as they were read, decoded one by one.
class Entries {
public:
    enum class What : unsigned char { keys, values, items };

    Entries(OpenMapPointer map, What what, bool per_cpu)
        : map_(std::move(map)), what_(what), per_cpu_(per_cpu)
    {
        check_per_cpu(*map_, per_cpu);
        take(without_gil([&] {
            return bpfxx::EntryReader(map_->map).for_each([&](Bytes key, Bytes value) {
                keys_.insert(keys_.end(), key.begin(), key.end());
                values_.insert(values_.end(), value.begin(), value.end());
                count_++;
                return true;
            });
        }));
    }

    [[nodiscard]] std::size_t left() const noexcept { return count_ - at_; }

    /// With the GIL all the while: no two threads get the same entry.
    py::object next()
    {
        if (at_ == count_)
            throw py::stop_iteration();
        const std::size_t index = at_++;
        if (what_ == What::keys)
            return key(index);
        if (what_ == What::values)
            return value(index);
        return py::make_tuple(key(index), value(index));
    }

private:
    [[nodiscard]] py::object key(std::size_t index) const
    {
        const std::size_t size = map_->map.info().key_size;
        return to_python(take(map_->types.key(Bytes(keys_).subspan(index * size, size))));
    }
    [[nodiscard]] py::object value(std::size_t index) const
    {
        const std::size_t size = map_->map.lookup_size();
        return decode(*map_, Bytes(values_).subspan(index * size, size), per_cpu_);
    }

    OpenMapPointer map_;
    What what_;
    bool per_cpu_;
    std::vector<std::byte> keys_;
    std::vector<std::byte> values_;
    std::size_t count_ = 0;
    std::size_t at_ = 0;
};

/// Empty: there is no such key.
std::optional<py::object> lookup(const MapHandle& handle, const py::object& key, bool per_cpu)
{
    const OpenMapPointer map = opened(handle);
    check_per_cpu(*map, per_cpu);
    const auto bytes = take(map->types.encode_key(from_python(key), map->map.info().key_size));
    std::vector<std::byte> values(map->map.lookup_size());
    if (!take(without_gil([&] { return map->map.lookup(bytes, values); })))
        return std::nullopt;
    return decode(*map, values, per_cpu);
}

/// The number of entries now, without keeping them.
std::size_t count(const MapHandle& handle)
{
    const OpenMapPointer map = opened(handle);
    const bpfxx::MapInfo& info = map->map.info();
    if (info.is_array() || info.is_per_cpu_array())
        return info.max_entries;
    std::size_t entries = 0;
    take(without_gil([&] {
        return bpfxx::EntryReader(map->map).for_each([&](Bytes, Bytes) {
            entries++;
            return true;
        });
    }));
    return entries;
}

py::object type_or_none(const std::string& type)
{
    return type.empty() ? py::none() : py::object(py::str(type));
}

py::dict facts_of(const OpenMap& map)
{
    const bpfxx::MapInfo& info = map.map.info();
    py::dict fields;
    fields["id"] = info.id;
    fields["name"] = info.name.c_str();
    fields["type"] = bpfxx::map_type_name(info.type);
    fields["key_size"] = info.key_size;
    fields["value_size"] = info.value_size;
    fields["max_entries"] = info.max_entries;
    fields["flags"] = info.flags;
    fields["btf"] = info.btf_id != 0;
    fields["key_type"] = type_or_none(map.types.key_type());
    fields["value_type"] = type_or_none(map.types.value_type());
    return fields;
}

/// An attribute that `info` has too. They are there when the map is closed, as Counter's are.
auto fact(const char* name)
{
    return [name](const MapHandle& self) { return py::object(self.facts[name]); };
}

void add_facts(py::class_<MapHandle>& type)
{
    type.def_property_readonly("id", fact("id"), "int: the kernel's number of the map.")
        .def_property_readonly("name", fact("name"), "str: its name, at most 15 characters.")
        .def_property_readonly("type", fact("type"), "str: its kind, such as hash or percpu_array.")
        .def_property_readonly("key_size", fact("key_size"), "int: bytes of a key.")
        .def_property_readonly("value_size", fact("value_size"), "int: bytes of a value, of one CPU.")
        .def_property_readonly("max_entries", fact("max_entries"), "int: how many entries it can hold.")
        .def_property_readonly("flags", fact("flags"), "int: BPF_F_*, as it was made with.")
        .def_property_readonly("btf", fact("btf"), "bool: whether it was made with BTF.")
        .def_property_readonly("key_type", fact("key_type"),
                               "str: the type of its keys as C writes it; None where nothing tells.")
        .def_property_readonly("value_type", fact("value_type"),
                               "str: the type of its values; None where nothing tells.")
        .def_property_readonly(
            "per_cpu", [](const MapHandle& self) { return self.per_cpu; },
            "bool: whether an entry has a value for each CPU.")
        .def_property_readonly(
            "info", [](const MapHandle& self) { return self.facts.attr("copy")(); },
            "dict: all of these but per_cpu, as `xdpstat map show --json` has them.")
        .def_property_readonly(
            "closed", [](const MapHandle& self) { return !self.open; }, "bool: whether it was closed.");
}

void add_entries(py::class_<MapHandle>& type)
{
    const auto iterate = [](Entries::What what) {
        return [what](const MapHandle& self, bool per_cpu) { return Entries(opened(self), what, per_cpu); };
    };
    type.def("items", iterate(Entries::What::items), py::kw_only(), py::arg("per_cpu") = false,
             "Reads all entries and iterates over (key, value).\n\n"
             "In a map with a value for each CPU it is their sum, or with per_cpu the list of them. Safe "
             "while the map\n"
             "changes: an entry that is there all the while is among them. UnsupportedError where entries "
             "cannot be\n"
             "read without being taken, as those of a queue.")
        .def("values", iterate(Entries::What::values), py::kw_only(), py::arg("per_cpu") = false,
             "The same, of values alone.")
        .def(
            "keys", [](const MapHandle& self) { return Entries(opened(self), Entries::What::keys, false); },
            "Reads all entries and iterates over their keys. A key may be a dict, which can be no key of a "
            "dict.")
        .def("__iter__",
             [](const MapHandle& self) { return Entries(opened(self), Entries::What::keys, false); })
        .def(
            "get",
            [](const MapHandle& self, const py::object& key, const py::object& otherwise, bool per_cpu) {
                return lookup(self, key, per_cpu).value_or(otherwise);
            },
            py::arg("key"), py::arg("default") = py::none(), py::kw_only(), py::arg("per_cpu") = false,
            "The value of one key, or `default` where it is not there.\n\n"
            "A key is what keys() gives: a number, an enum's name, the text of a char[], a dict of all "
            "members of a\n"
            "struct, a list; or bytes of key_size, whatever its type. InvalidError where it does not fit.")
        .def(
            "__getitem__",
            [](const MapHandle& self, const py::object& key) {
                auto value = lookup(self, key, false);
                if (value)
                    return std::move(*value);
                PyErr_SetObject(PyExc_KeyError, key.ptr());
                throw py::error_already_set();
            },
            py::arg("key"))
        .def(
            "__contains__",
            [](const MapHandle& self, const py::object& key) { return lookup(self, key, false).has_value(); },
            py::arg("key"))
        .def("__len__", &count, "Entries that are there now; of an array all.");
}

} // namespace

void add_maps(py::module_& module)
{
    py::class_<Entries>(module, "MapEntries", "What Map.items(), keys() and values() give.")
        .def("__iter__", [](py::object self) { return self; })
        .def("__next__", &Entries::next)
        .def("__length_hint__", &Entries::left);
    py::class_<MapHandle> type(module, "Map",
                               "Any BPF map, its keys and values decoded by its BTF: "
                               "Map(\"/sys/fs/bpf/flows\"), Map(id=7), Map(name=\"flows\").\n\n"
                               "Structs are dict, arrays list, integers int of any size, char[] str, arrays "
                               "of u8 and what has no type bytes, an\n"
                               "enum its name or a number; a number in network order is what it means. It "
                               "only reads. To open by id or name\n"
                               "needs CAP_SYS_ADMIN, as does reading BTF: with by_size keys and values are "
                               "bytes where that is refused. Raises\n"
                               "NotFoundError, AccessError, BusyError where several have the name, "
                               "IncompatibleError where a pin is no map.\n"
                               "Any number of threads may use it.");
    type.def(py::init(&open_map), py::arg("path") = py::none(), py::kw_only(), py::arg("id") = py::none(),
             py::arg("name") = py::none(), py::arg("by_size") = false);
    add_facts(type);
    add_entries(type);
    type.def(
            "close", [](MapHandle& self) { self.open.reset(); }, "Lets go of the map. Twice is once.")
        .def("__enter__", [](py::object self) { return self; })
        .def("__exit__", [](MapHandle& self, const py::args&) { self.open.reset(); })
        .def("__repr__", [](const MapHandle& self) {
            return self.open ? "<xdpstat.Map " + self.open->map.label() + ">" : "<xdpstat.Map, closed>";
        });
}

} // namespace xdpstat::python
