// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "bpfxx/map.hpp"

namespace bpfxx {

/// What a new map is to be.
struct MapSpec {
    std::uint32_t type = 0;        ///< enum bpf_map_type
    Text name;                     ///< at most 15 characters; borrowed
    const Shape* key = nullptr;    ///< none: the kind has no keys
    const Shape* value = nullptr;  ///< none: the kind has no values
    std::uint32_t max_entries = 0; ///< of a ring buffer: bytes, a power of 2 and of whole pages
    std::uint32_t flags = 0;       ///< BPF_F_*
    const Map* inner = nullptr;    ///< of a map of maps: one like those that it will hold; borrowed
};

/// Makes a map, with BTF of its key and value where the kernel takes that for this kind; it lives as long as somebody
/// holds or pins it. Errors: invalid for a name too long; permission (CAP_BPF); system.
[[nodiscard]] Result<Map> create_map(const MapSpec& spec);

} // namespace bpfxx
