// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bpfxx/error.hpp"

struct btf; // of libbpf

namespace bpfxx {

// A C++ type, described once for the compiler and for comparison with a map's BTF.

enum class ShapeKind { integer, structure, array };

struct FieldShape;

/// The shape of a C++ type: all that decides whether bytes of a map may be read as it.
struct Shape {
    ShapeKind kind = ShapeKind::integer;
    std::string_view name;              ///< of a structure
    std::uint32_t size = 0;             ///< bytes
    bool is_signed = false;             ///< of an integer
    std::uint32_t count = 0;            ///< elements of an array
    const Shape* element = nullptr;     ///< of an array
    std::span<const FieldShape> fields; ///< of a structure, in order
};

struct FieldShape {
    std::string_view name;
    std::uint32_t offset = 0; ///< bytes from the start of the structure
    const Shape* shape = nullptr;
};

/// Specialised by BPFXX_DESCRIBE for each structure: `name` and `fields`.
template <class T>
struct Description;

template <class T>
constexpr Shape make_shape();

/// The shape of an integer, an array or a described structure; no other type compiles.
template <class T>
inline constexpr Shape shape = make_shape<T>();

template <class T>
constexpr Shape make_shape()
{
    static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>);
    Shape result;
    result.size = sizeof(T);
    if constexpr (std::is_array_v<T>) {
        result.kind = ShapeKind::array;
        result.count = std::extent_v<T>;
        result.element = &shape<std::remove_extent_t<T>>;
    } else if constexpr (std::is_integral_v<T>) {
        result.is_signed = std::is_signed_v<T>;
    } else {
        result.kind = ShapeKind::structure;
        result.name = Description<T>::name;
        result.fields = Description<T>::fields;
    }
    return result;
}

/// Whether a map's bytes can be read as the C++ type.
enum class Outcome {
    same,         ///< byte for byte: may be mapped directly
    compatible,   ///< every field is there with its type, elsewhere or among others: read by projection
    incompatible, ///< a field is missing or of another type
};

/// One difference between the C++ type and the map's.
struct Difference {
    std::string field;  ///< path such as "cell[][].packets"
    std::string wanted; ///< in C++, "u64 at byte 8"; empty where C++ has no such field
    std::string found;  ///< in the map; empty where the map has no such field
    bool fatal = false; ///< makes the types incompatible
};

/// A run of bytes to copy from the map's value to the C++ object.
struct Copy {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t size = 0;
};

/// The result of comparing a C++ type with a map's: all differences, not only the first.
struct LayoutReport {
    Outcome outcome = Outcome::same;
    std::string wanted; ///< name of the C++ type
    std::string found;  ///< name of the map's type
    std::vector<Difference> differences;
    std::vector<Copy> projection; ///< how to read it, unless incompatible; one run where it is the same

    /// The differences as a table for a person, a line for each with its newline; empty where there are none.
    [[nodiscard]] std::string table() const;
};

/// Compares a shape with a BTF type. Pure: asks nothing of the kernel. @param types borrowed
[[nodiscard]] LayoutReport compare_layout(const Shape& wanted, const struct btf* types,
                                          std::uint32_t type_id);

} // namespace bpfxx

/// Describes a structure for bpfxx, at global scope: BPFXX_DESCRIBE(pkt_stats, total_packets, total_bytes).
/// The fields that are named are the ones compared and read; up to 32 of them.
#define BPFXX_DESCRIBE(type, ...)                                                                            \
    template <>                                                                                              \
    struct bpfxx::Description<type> {                                                                        \
        using Described = type;                                                                              \
        static constexpr std::string_view name = #type;                                                      \
        static constexpr auto fields =                                                                       \
            std::to_array<::bpfxx::FieldShape>({BPFXX_EXPAND(BPFXX_EACH_FIELD(__VA_ARGS__))});               \
    }

// The preprocessor's way of a loop: each expansion of BPFXX_EXPAND goes on where the last one stopped.
#define BPFXX_EACH_FIELD(field, ...)                                                                         \
    BPFXX_FIELD(field) __VA_OPT__(, BPFXX_NEXT_FIELD BPFXX_PARENS(__VA_ARGS__))
#define BPFXX_NEXT_FIELD() BPFXX_EACH_FIELD
#define BPFXX_PARENS ()
#define BPFXX_FIELD(field) {#field, offsetof(Described, field), &::bpfxx::shape<decltype(Described::field)>}
#define BPFXX_EXPAND(...) BPFXX_EXPAND_16(BPFXX_EXPAND_16(__VA_ARGS__))
#define BPFXX_EXPAND_16(...) BPFXX_EXPAND_4(BPFXX_EXPAND_4(BPFXX_EXPAND_4(BPFXX_EXPAND_4(__VA_ARGS__))))
#define BPFXX_EXPAND_4(...) BPFXX_EXPAND_1(BPFXX_EXPAND_1(BPFXX_EXPAND_1(BPFXX_EXPAND_1(__VA_ARGS__))))
#define BPFXX_EXPAND_1(...) __VA_ARGS__
