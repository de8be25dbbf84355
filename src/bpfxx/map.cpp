// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/map.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpfxx/cpus.hpp"
#include "bpfxx/layout.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/log.hpp"
#include "bpfxx/pin.hpp"

namespace bpfxx {

namespace {

struct BtfDeleter {
    void operator()(struct btf* types) const noexcept { btf__free(types); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

Error incompatible(const Map& map, Text cause, Text hint = {})
{
    return make_error(ErrorKind::incompatible, "read", map.label(), cause, hint);
}

constexpr const char* by_size_hint = "if you know its layout, it can be opened by its size";
constexpr const char* listed_below = "the differences are listed below";

} // namespace

bool MapInfo::is_array() const noexcept
{
    return type == BPF_MAP_TYPE_ARRAY;
}

bool MapInfo::is_mmapable_array() const noexcept
{
    return is_array() && (flags & BPF_F_MMAPABLE) != 0;
}

bool MapInfo::is_per_cpu_array() const noexcept
{
    return type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

bool MapInfo::is_per_cpu() const noexcept
{
    return is_per_cpu_array() || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
           type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

std::string map_type_name(std::uint32_t type)
{
    const char* name = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(type));
    return name != nullptr ? name : "type " + std::to_string(type);
}

namespace {

/// The error of a way to a map that only some may go.
Error with_rights(Error error)
{
    if (error.kind() == ErrorKind::permission)
        error.set_hint("by number or name it needs CAP_SYS_ADMIN; a pin needs only its file's permission");
    return error;
}

} // namespace

Result<Map> Map::open_pinned(Text path)
{
    auto fd = bpfxx::open_pinned(path, ObjectType::map);
    if (!fd)
        return std::unexpected(std::move(fd).error());
    return from_fd(std::move(*fd));
}

Result<Map> Map::open_id(std::uint32_t id)
{
    Fd fd(bpf_map_get_fd_by_id(id));
    if (!fd)
        return std::unexpected(with_rights(system_error("open map", "id " + std::to_string(id), errno)));
    return from_fd(std::move(fd));
}

Result<Map> Map::open_name(Text name)
{
    std::optional<Map> found;
    std::string ids;
    for (__u32 id = 0; bpf_map_get_next_id(id, &id) == 0;) {
        auto map = open_id(id);
        if (!map && map.error().kind() == ErrorKind::not_found)
            continue; // it ended meanwhile
        if (!map)
            return std::unexpected(std::move(map).error());
        if (map->info().name != name)
            continue;
        ids += (ids.empty() ? "" : ", ") + std::to_string(id);
        if (found)
            continue;
        found = std::move(*map);
    }
    if (!found)
        return std::unexpected(
            errno == ENOENT ? make_error(ErrorKind::not_found, "open map", name, "no map has this name",
                                         "bpftool map shows all; the kernel keeps 15 characters of a name")
                            : with_rights(system_error("list maps for", name, errno)));
    if (ids.find(',') != std::string::npos)
        return std::unexpected(make_error(ErrorKind::busy, "open map", name,
                                          "several have this name: id " + ids, "choose one by its id"));
    return std::move(*found);
}

Result<Map> Map::duplicate(int fd)
{
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy)
        return std::unexpected(system_error("use", "a map's descriptor", errno));
    // Of a program the kernel would tell something too, which would be read as a map's.
    if (const ObjectType found = object_type(copy.get()); found != ObjectType::map)
        return std::unexpected(make_error(ErrorKind::incompatible, "use", "descriptor " + std::to_string(fd),
                                          std::string("it is ") + to_string(found) + ", not a map"));
    return from_fd(std::move(copy));
}

Result<Map> Map::open_loaded(const struct bpf_map* map)
{
    const int fd = bpf_map__fd(map);
    if (fd < 0)
        return std::unexpected(make_error(ErrorKind::invalid, "open map", bpf_map__name(map),
                                          "its object is not loaded", "load() the skeleton first"));
    return duplicate(fd);
}

Result<> Map::pin(Text path) const
{
    return bpfxx::pin(fd_.get(), path);
}

Result<Map> Map::from_fd(Fd fd)
{
    struct bpf_map_info raw = {};
    __u32 size = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd.get(), &raw, &size) != 0)
        return std::unexpected(system_error("ask for a map's", "information", errno));
    MapInfo info{.id = raw.id,
                 .type = raw.type,
                 .key_size = raw.key_size,
                 .value_size = raw.value_size,
                 .max_entries = raw.max_entries,
                 .flags = raw.map_flags,
                 .name = Name(raw.name),
                 .btf_id = raw.btf_id,
                 .key_type_id = raw.btf_key_type_id,
                 .value_type_id = raw.btf_value_type_id};
    std::size_t lookup_size = info.value_size;
    if (info.is_per_cpu()) {
        const auto cpus = possible_cpus();
        if (!cpus)
            return std::unexpected(cpus.error());
        lookup_size = std::size_t{value_stride(info.value_size)} * cpus->count;
    }
    return Map(std::move(fd), info, lookup_size);
}

std::string Map::label() const
{
    return "map '" + std::string(info_.name) + "' (id " + std::to_string(info_.id) + ")";
}

namespace {

/// Keys or values, for check().
struct Side {
    const char* name;
    std::uint32_t size;
    std::uint32_t type_id;
};

Result<Layout> check(const Map& map, const Side& side, const Shape& wanted, Proof proof)
{
    const std::string its = std::string("its ") + side.name;
    const auto by_size = [&](Error unproved) -> Result<Layout> {
        if (proof != Proof::size)
            return std::unexpected(std::move(unproved));
        if (side.size != wanted.size)
            return std::unexpected(incompatible(map, its + " are " + std::to_string(side.size) +
                                                         " bytes, not " + std::to_string(wanted.size)));
        return Layout();
    };

    if (map.info().btf_id == 0 || side.type_id == 0)
        return by_size(incompatible(map, "it has no BTF, so its layout cannot be proved", by_size_hint));
    const LogCapture quiet; // what libbpf would print to stderr
    const BtfPointer types(btf__load_from_kernel_by_id(map.info().btf_id));
    if (!types) {
        const int error = errno;
        const char* hint =
            error == EPERM
                ? "reading BTF needs CAP_SYS_ADMIN; if you know its layout, it can be opened by its size"
                : by_size_hint;
        return by_size(system_error("read the BTF of", map.label(), error, hint));
    }

    LayoutReport report = compare_layout(wanted, types.get(), side.type_id, proof == Proof::btf_part);
    if (report.outcome == Outcome::incompatible) {
        Error error = incompatible(
            map, its + " (" + report.found + ") do not fit the C++ type " + report.wanted, listed_below);
        error.set_detail(report.table());
        return std::unexpected(std::move(error));
    }
    for (const Copy& copy : report.projection)
        if (std::uint64_t{copy.from} + copy.source_size() > side.size)
            return std::unexpected(incompatible(map, "its BTF describes more than " + its + " hold"));
    return Layout(std::move(report));
}

} // namespace

Result<Layout> Map::check_key(const Shape& wanted, Proof proof) const
{
    // The kernel takes as many bytes as the map says, whatever a type calls itself.
    if (info_.key_size != wanted.size)
        return std::unexpected(incompatible(*this, "its keys are " + std::to_string(info_.key_size) +
                                                       " bytes, not " + std::to_string(wanted.size)));
    return check(*this, {"keys", info_.key_size, info_.key_type_id}, wanted, proof);
}

Result<Layout> Map::check_value(const Shape& wanted, Proof proof) const
{
    return check(*this, {"values", info_.value_size, info_.value_type_id}, wanted, proof);
}

Result<Layout> Map::check_written_key(const Shape& wanted, Proof proof) const
{
    auto layout = check_key(wanted, proof);
    if (!layout || layout->is_direct())
        return layout;
    const LayoutReport& report = *layout->report();
    Error error = incompatible(*this, "its keys (" + report.found + ") are not the C++ type " + report.wanted,
                               listed_below);
    error.set_detail(report.table());
    return std::unexpected(std::move(error));
}

Result<Mapping> Map::map_read_only() const
{
    if (!info_.is_mmapable_array())
        return std::unexpected(make_error(ErrorKind::unsupported, "map into memory", label(),
                                          "it is " + map_type_name(info_.type) + ", not an mmapable array"));
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = std::size_t{value_stride(info_.value_size)} * info_.max_entries;
    const std::size_t size = (bytes + page - 1) / page * page;
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_.get(), 0);
    if (address == MAP_FAILED)
        return std::unexpected(system_error("map into memory", label(), errno));
    return Mapping(address, size);
}

namespace detail {

bool can_be_mapped(const Map& map)
{
    return map.info().is_mmapable_array() && (::fcntl(map.fd(), F_GETFL) & O_ACCMODE) == O_RDWR;
}

Error wrong_map_type(const Map& map, std::uint32_t wanted)
{
    return incompatible(map,
                        "it is of type " + map_type_name(map.info().type) + ", not " + map_type_name(wanted));
}

Error no_such_entry(const Map& map, std::uint32_t index)
{
    return make_error(ErrorKind::not_found, "read entry " + std::to_string(index) + " of", map.label(),
                      "it has " + std::to_string(map.info().max_entries));
}

} // namespace detail

} // namespace bpfxx
