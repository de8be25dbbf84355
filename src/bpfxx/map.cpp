// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/map.hpp"

#include <cerrno>
#include <memory>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "bpfxx/pin.hpp"

namespace bpfxx {

namespace {

struct BtfDeleter {
    void operator()(struct btf* types) const noexcept { btf__free(types); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

Error incompatible(const Map& map, std::string cause, std::string hint = {})
{
    return make_error(ErrorKind::incompatible, "read", map.label(), std::move(cause), std::move(hint));
}

constexpr const char* by_size_hint = "if you know its layout, it can be opened by its size";

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

std::string map_type_name(std::uint32_t type)
{
    const char* name = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(type));
    return name != nullptr ? name : "type " + std::to_string(type);
}

Result<Map> Map::open_pinned(const std::string& path)
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
        return std::unexpected(system_error("open map", "id " + std::to_string(id), errno));
    return from_fd(std::move(fd));
}

Result<Map> Map::from_fd(Fd fd)
{
    struct bpf_map_info raw = {};
    __u32 size = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd.get(), &raw, &size) != 0)
        return std::unexpected(system_error("ask for a map's", "information", errno));
    return Map(std::move(fd), MapInfo{.id = raw.id,
                                      .type = raw.type,
                                      .key_size = raw.key_size,
                                      .value_size = raw.value_size,
                                      .max_entries = raw.max_entries,
                                      .flags = raw.map_flags,
                                      .name = raw.name,
                                      .btf_id = raw.btf_id,
                                      .value_type_id = raw.btf_value_type_id});
}

std::string Map::label() const
{
    return "map '" + info_.name + "' (id " + std::to_string(info_.id) + ")";
}

Result<std::optional<LayoutReport>> Map::check_value(const Shape& wanted, Proof proof) const
{
    if (info_.key_size != sizeof(std::uint32_t))
        return std::unexpected(
            incompatible(*this, "its keys are " + std::to_string(info_.key_size) + " bytes, not 4"));

    const auto by_size = [&](Error unproved) -> Result<std::optional<LayoutReport>> {
        if (proof == Proof::btf)
            return std::unexpected(std::move(unproved));
        if (info_.value_size != wanted.size)
            return std::unexpected(incompatible(*this, "its values are " + std::to_string(info_.value_size) +
                                                           " bytes, not " + std::to_string(wanted.size)));
        return std::nullopt;
    };

    if (info_.btf_id == 0 || info_.value_type_id == 0)
        return by_size(incompatible(*this, "it has no BTF, so its layout cannot be proved", by_size_hint));
    const BtfPointer types(btf__load_from_kernel_by_id(info_.btf_id));
    if (!types) {
        const int error = errno;
        const char* hint =
            error == EPERM
                ? "reading BTF needs CAP_SYS_ADMIN; if you know its layout, it can be opened by its size"
                : by_size_hint;
        return by_size(system_error("read the BTF of", label(), error, hint));
    }

    LayoutReport report = compare_layout(wanted, types.get(), info_.value_type_id);
    if (report.outcome == Outcome::incompatible) {
        Error error =
            incompatible(*this, "its values (" + report.found + ") do not fit the C++ type " + report.wanted,
                         "the differences are listed below");
        error.detail = report.table();
        return std::unexpected(std::move(error));
    }
    for (const Copy& copy : report.projection)
        if (std::uint64_t{copy.from} + copy.size > info_.value_size)
            return std::unexpected(incompatible(*this, "its BTF describes more than its values hold"));
    return report;
}

Result<> Map::lookup(std::uint32_t index, std::span<std::byte> value) const
{
    std::size_t needed = value_stride(info_.value_size);
    if (info_.is_per_cpu_array()) {
        auto cpus = possible_cpus();
        if (!cpus)
            return std::unexpected(std::move(cpus).error());
        needed *= cpus->count;
    }
    if (value.size() < needed)
        return std::unexpected(make_error(ErrorKind::invalid, "read", label(), "the buffer is too small"));
    if (bpf_map_lookup_elem(fd_.get(), &index, value.data()) != 0)
        return std::unexpected(system_error("read entry " + std::to_string(index) + " of", label(), errno));
    return {};
}

Result<> Map::update(std::uint32_t index, std::span<const std::byte> value) const
{
    if (value.size() < info_.value_size)
        return std::unexpected(make_error(ErrorKind::invalid, "write", label(), "the value is too small"));
    if (bpf_map_update_elem(fd_.get(), &index, value.data(), BPF_ANY) != 0)
        return std::unexpected(system_error("write entry " + std::to_string(index) + " of", label(), errno));
    return {};
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

Error wrong_map_type(const Map& map, std::string_view wanted)
{
    return incompatible(map,
                        "it is of type " + map_type_name(map.info().type) + ", not " + std::string(wanted));
}

std::vector<Copy> projection_of(const std::optional<LayoutReport>& layout, std::uint32_t size)
{
    return layout ? layout->projection : std::vector<Copy>{{0, 0, size}};
}

} // namespace detail

} // namespace bpfxx
