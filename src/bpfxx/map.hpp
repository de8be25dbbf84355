// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/text.hpp"
#include "bpfxx/view.hpp"

struct bpf_map; // of libbpf

namespace bpfxx {

class Layout;        // projection.hpp
struct LayoutReport; // layout_report.hpp
struct Shape;        // layout.hpp

/// What the kernel tells of a map. `type` and `flags` are the kernel's numbers (enum bpf_map_type, BPF_F_*).
struct MapInfo {
    std::uint32_t id = 0;            ///< unique on the machine
    std::uint32_t type = 0;          ///< enum bpf_map_type
    std::uint32_t key_size = 0;      ///< bytes
    std::uint32_t value_size = 0;    ///< bytes
    std::uint32_t max_entries = 0;   ///< of a ring buffer: bytes
    std::uint32_t flags = 0;         ///< BPF_F_*
    Name name;                       ///< at most 15 characters
    std::uint32_t btf_id = 0;        ///< 0: the map was made without BTF
    std::uint32_t key_type_id = 0;   ///< in its BTF; 0: none
    std::uint32_t value_type_id = 0; ///< likewise

    /// An array that can be mapped into memory (BPF_F_MMAPABLE, kernel 5.5).
    [[nodiscard]] bool is_mmapable_array() const noexcept;
    /// BPF_MAP_TYPE_ARRAY, mmapable or not.
    [[nodiscard]] bool is_array() const noexcept;
    /// BPF_MAP_TYPE_PERCPU_ARRAY.
    [[nodiscard]] bool is_per_cpu_array() const noexcept;
    /// A kind that holds a value for each possible CPU in each entry.
    [[nodiscard]] bool is_per_cpu() const noexcept;
};

/// The kernel's word for a map type: "array", "percpu_hash"; "type 99" where this library knows none.
[[nodiscard]] std::string map_type_name(std::uint32_t type);

/// How a value's layout may be taken for proved.
enum class Proof {
    btf,      ///< only by the map's BTF: what cannot be compared is refused
    btf_part, ///< the same, but a field that the map has not reads as zero: of what another version counted
    size,     ///< by its size alone where the BTF is missing or may not be read: on request only
};

/// What an update does where the key is there already, or is not.
enum class Update : std::uint64_t {
    any,     ///< BPF_ANY: adds it or replaces its value
    insert,  ///< BPF_NOEXIST: only adds
    replace, ///< BPF_EXIST: only replaces
};

/// What a batch operation did.
struct Batch {
    std::uint32_t count = 0; ///< entries
    bool is_last = false;    ///< there are no more
};

/// A map without a C++ type: a descriptor and what the kernel tells of it. Owns its descriptor. Thread-safe: each
/// operation is one system call on buffers of the caller's.
class Map {
public:
    /// The map pinned at a path. Errors: not_found, permission, incompatible where the pin is no map.
    [[nodiscard]] static Result<Map> open_pinned(Text path);
    /// The map of this number. Errors: not_found, permission (CAP_SYS_ADMIN is needed).
    [[nodiscard]] static Result<Map> open_id(std::uint32_t id);
    /// The map of this name. Errors: not_found; busy where several have it, with their numbers; permission
    /// (CAP_SYS_ADMIN is needed).
    [[nodiscard]] static Result<Map> open_name(Text name);
    /// The map of a skeleton or object that is loaded: `skeleton->maps.NAME`. Keeps the map when the skeleton goes.
    /// Errors: invalid where it is not loaded yet. @param map borrowed
    [[nodiscard]] static Result<Map> open_loaded(const struct bpf_map* map);
    /// Another descriptor of a map that somebody else holds, such as a skeleton's. @param fd borrowed
    [[nodiscard]] static Result<Map> duplicate(int fd);
    /// Takes ownership of a map's descriptor.
    [[nodiscard]] static Result<Map> from_fd(Fd fd);

    /// As it was when the map was opened: no system call.
    [[nodiscard]] const MapInfo& info() const noexcept { return info_; }
    /// "map 'NAME' (id N)" for messages.
    [[nodiscard]] std::string label() const;
    /// Borrowed.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// Compares the key's BTF with a C++ type. Without a report: the map has no BTF, or it may not be read
    /// (CAP_SYS_ADMIN is needed) and Proof::size allows for that; then the sizes are equal. @param wanted such as
    /// `shape<T>` of layout.hpp @param proof what is enough
    /// Errors: incompatible, with the table of all differences in `detail`; permission.
    [[nodiscard]] Result<Layout> check_key(const Shape& wanted, Proof proof) const;
    /// The same of the value.
    [[nodiscard]] Result<Layout> check_value(const Shape& wanted, Proof proof) const;
    /// The same of a key that is written as often as read: its layout must be the C++ type's, byte for byte.
    [[nodiscard]] Result<Layout> check_written_key(const Shape& wanted, Proof proof) const;

    /// Pins it: it then lives until the pin is removed. Errors: busy where something is there; not_found; permission.
    [[nodiscard]] Result<> pin(Text path) const;

    /// Bytes that a lookup fills: the value's size, or in a per-CPU map a value for each possible CPU, each rounded
    /// up to 8 bytes.
    [[nodiscard]] std::size_t lookup_size() const noexcept { return lookup_size_; }

    // Keys and values are as long as the map says, values in buffers of lookup_size(). Errors of all: invalid where a
    // buffer is too short, permission, unsupported where the kernel cannot do it with maps of this kind.

    /// False: there is no such key.
    [[nodiscard]] Result<bool> lookup(Bytes key, MutableBytes value) const;
    /// Errors: busy where Update::insert finds the key, not_found where Update::replace does not; system with E2BIG
    /// where the map is full.
    [[nodiscard]] Result<> update(Bytes key, Bytes value, Update mode = Update::any) const;
    /// False: there was no such key.
    [[nodiscard]] Result<bool> erase(Bytes key) const;
    /// In one step; kernel 5.14 for hash maps. False: there was no such key.
    [[nodiscard]] Result<bool> lookup_and_erase(Bytes key, MutableBytes value) const;
    /// The key that follows another in the map's own order, or the first where `previous` is empty or no longer
    /// there. False: there is no more.
    [[nodiscard]] Result<bool> next_key(Bytes previous, MutableBytes next) const;

    /// Bytes of the place that lookup_batch() keeps between two calls.
    [[nodiscard]] std::size_t cursor_size() const noexcept;
    /// Reads up to `room` entries on from a place; kernel 5.6.
    /// @param cursor the place, cursor_size() bytes; kept by the caller from call to call, written by each
    /// @param from_start from the beginning instead of the place in `cursor`
    /// @param keys written; room for `room` of them @param values written; `room` times lookup_size()
    /// @param room entries
    /// Errors: unsupported; system with ENOSPC where `room` is less than a bucket of a hash map holds.
    [[nodiscard]] Result<Batch> lookup_batch(MutableBytes cursor, bool from_start, MutableBytes keys,
                                             MutableBytes values, std::uint32_t room) const;
    /// Writes `count` entries; kernel 5.6. Stops at the first that fails; `done` then says how many were written
    /// before it.
    [[nodiscard]] Result<> update_batch(Bytes keys, Bytes values, std::uint32_t count, Update mode,
                                        std::uint32_t& done) const;
    /// Erases `count` entries; kernel 5.6. Stops at the first that is not there, or fails; `done` then says how many
    /// were erased before it.
    [[nodiscard]] Result<> erase_batch(Bytes keys, std::uint32_t count, std::uint32_t& done) const;

    /// Maps the values read-only. Errors: unsupported where the map is not mmapable.
    [[nodiscard]] Result<Mapping> map_read_only() const;

private:
    Map(Fd fd, const MapInfo& info, std::size_t lookup_size) noexcept
        : fd_(std::move(fd)), info_(info), lookup_size_(lookup_size)
    {
    }
    Fd fd_;
    MapInfo info_;
    std::size_t lookup_size_;
};

/// The ways to come to a map, for the typed classes: each is that of Map, then Typed::open(map, how...).
/// @tparam Typed the class that derives from this one
template <class Typed>
class OpensMaps {
public:
    /// @param path of the pin @param how a Proof, or what else Typed::open() takes. Errors: as Map::open_pinned and Typed::open.
    template <class... How>
    [[nodiscard]] static auto open_pinned(Text path, How&&... how)
    {
        return open_found(Map::open_pinned(path), std::forward<How>(how)...);
    }
    /// Needs CAP_SYS_ADMIN. @param id the kernel's number @param how as above. Errors: as Map::open_id and Typed::open.
    template <class... How>
    [[nodiscard]] static auto open_id(std::uint32_t id, How&&... how)
    {
        return open_found(Map::open_id(id), std::forward<How>(how)...);
    }
    /// Needs CAP_SYS_ADMIN. @param name of the map @param how as above. Errors: as Map::open_name and Typed::open.
    template <class... How>
    [[nodiscard]] static auto open_name(Text name, How&&... how)
    {
        return open_found(Map::open_name(name), std::forward<How>(how)...);
    }
    /// @param map `skeleton->maps.NAME`, borrowed @param how as above. Errors: as Map::open_loaded and Typed::open.
    template <class... How>
    [[nodiscard]] static auto open_loaded(const struct bpf_map* map, How&&... how)
    {
        return open_found(Map::open_loaded(map), std::forward<How>(how)...);
    }

private:
    friend Typed;
    OpensMaps() = default;
    template <class... How>
    [[nodiscard]] static Result<Typed> open_found(Result<Map> map, How&&... how)
    {
        if (!map)
            return std::unexpected(std::move(map).error());
        return Typed::open(std::move(*map), std::forward<How>(how)...);
    }
};

/// Bytes between two values of an array in memory, and between two CPUs' values in a lookup.
[[nodiscard]] constexpr std::uint32_t value_stride(std::uint32_t value_size) noexcept
{
    return (value_size + 7) / 8 * 8;
}

namespace detail {

/// The error of a map opened as a kind that it is not. @param wanted enum bpf_map_type
[[nodiscard]] Error wrong_map_type(const Map& map, std::uint32_t wanted);
/// The error of an entry beyond the last.
[[nodiscard]] Error no_such_entry(const Map& map, std::uint32_t index);

} // namespace detail

} // namespace bpfxx
