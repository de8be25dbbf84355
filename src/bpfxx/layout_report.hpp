// SPDX-License-Identifier: BSD-2-Clause
/// @file
/// The comparison of a C++ type with the type that a map's BTF gives, for those who want to see or print it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpfxx/projection.hpp"

struct btf; // of libbpf

namespace bpfxx {

struct Shape; // layout.hpp

/// Whether a map's bytes can be read as the C++ type.
enum class Outcome {
    same,         ///< byte for byte: may be mapped directly, and written
    compatible,   ///< every field is there with its type, elsewhere or among others: read by projection
    incompatible, ///< a field is missing or of another type
};

/// What one difference means for the reader.
enum class Effect {
    same_bytes, ///< nothing: an enum for an integer, another member of a union
    bridged,    ///< the value is read by projection
    refused,    ///< the types are incompatible
};

/// One difference between the C++ type and the map's.
struct Difference {
    std::string field;               ///< path such as "cell[][].packets"; "(type)" for the whole
    std::string wanted;              ///< in C++, "u64 at byte 8"; empty where C++ has no such field
    std::string found;               ///< in the map; empty where the map has no such field
    Effect effect = Effect::bridged; ///< whether the values can be read all the same
};

/// The result of comparing a C++ type with a map's: all differences, not only the first.
struct LayoutReport {
    Outcome outcome = Outcome::same;     ///< the worst that any difference means
    std::string wanted;                  ///< name of the C++ type
    std::string found;                   ///< name of the map's type
    std::vector<Difference> differences; ///< in the order of the C++ fields, then those that only the map has
    std::vector<Copy> projection; ///< how to read it, unless incompatible; one run where it is the same

    /// The differences as a table for a person, a line for each with its newline; empty where there are none.
    [[nodiscard]] std::string table() const;
};

/// Compares a shape with a BTF type. Pure: asks nothing of the kernel.
/// @param wanted the C++ type @param types borrowed @param type_id of the map's type in them
/// @param missing_is_zero a field that the map has not is bridged, as zero, and not refused
[[nodiscard]] LayoutReport compare_layout(const Shape& wanted, const struct btf* types, std::uint32_t type_id,
                                          bool missing_is_zero = false);

} // namespace bpfxx
