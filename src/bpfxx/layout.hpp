// SPDX-License-Identifier: BSD-2-Clause
/// @file
/// A C++ type described once, for the compiler and for comparison with the types that a map's BTF gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "bpfxx/endian.hpp"
#include "bpfxx/text.hpp"
#include "bpfxx/view.hpp"

namespace bpfxx {

// A C++ type, described once for the compiler and for comparison with a map's BTF.
//
// These types can be read from a map, each from what stands behind it:
//   integers of 1 to 16 bytes    an integer of that size and sign, an enum, a bool; std::uint64_t also a pointer
//   BigEndian<T> LittleEndian<T> __be32, __le32 and their like, or a plain integer of that size
//   bool                         a bool alone: another integer might hold what no C++ bool can
//   char                         a char or a plain integer of one byte, whatever its sign
//   float double                 a float of that size
//   enums                        an enum or an integer of that size and sign; an enum without numbers that the sign
//                                changes may have either. The enumerators' names are not compared
//   T[N] std::array<T, N>        an array of as many elements
//   structures, unions           a structure or a union that has the described fields, by name, wherever they lie:
//                                also in structures and unions without a name inside it
//
// A field that is not described is neither compared nor read, so the description of a large value may name only
// the part that is wanted; a structure with that part alone is the fastest to read.
// A bit field of the map's is read into an integer or enum that has room for all its numbers, one of a single bit into
// a bool too; its structure is then read by projection, not written. In C++ none can be described: it has no offset.
// Not possible: pointers in C++. Those of a map are the kernel's addresses.

// Only a typedef takes the word that keeps -Wpedantic quiet.
/// The widest integer that BTF knows, with a sign.
__extension__ typedef __int128 Int128; // NOLINT(modernize-use-using)
/// The same without one.
__extension__ typedef unsigned __int128 UInt128; // NOLINT(modernize-use-using)

/// What a C++ type is made of.
enum class ShapeKind : std::uint8_t {
    integer,
    boolean,
    character,
    floating,
    enumeration,
    structure,
    either, ///< a union
    array,
};

/// Of an integer's bytes in memory.
enum class ByteOrder : std::uint8_t { native, big, little };

struct FieldShape;

/// The shape of a C++ type: all that decides whether bytes of a map may be read as it.
struct Shape {
    ShapeKind kind = ShapeKind::integer; ///< says which of the following have a meaning
    ByteOrder order = ByteOrder::native; ///< of an integer
    bool is_signed = false;              ///< of an integer or an enum
    Text name;                           ///< of a structure, a union or an enum
    std::uint32_t size = 0;              ///< bytes
    std::uint32_t count = 0;             ///< elements of an array
    const Shape* element = nullptr;      ///< of an array
    View<const FieldShape> fields;       ///< of a structure or a union, in the order of the description
};

/// A described field of a structure or a union.
struct FieldShape {
    Text name;                    ///< as C++ and the map have it
    std::uint32_t offset = 0;     ///< bytes from the start of the structure
    const Shape* shape = nullptr; ///< of its type; lives as long as the program
};

/// Specialised by BPFXX_DESCRIBE for each structure, by BPFXX_DESCRIBE_UNION for each union: `name` and `fields`.
template <class T>
struct Description;

/// Makes the shape of a type; `shape` is the one that there is of each.
template <class T>
constexpr Shape make_shape();

/// The shape of a type out of the list above; no other type compiles.
template <class T>
inline constexpr Shape shape = make_shape<T>();

namespace detail {

template <class T>
inline constexpr bool is_wide_integer = std::is_same_v<T, Int128> || std::is_same_v<T, UInt128>;

template <class T>
inline constexpr ByteOrder order_of = ByteOrder::native;
template <class T>
inline constexpr ByteOrder order_of<BigEndian<T>> = ByteOrder::big;
template <class T>
inline constexpr ByteOrder order_of<LittleEndian<T>> = ByteOrder::little;

template <class T>
inline constexpr std::size_t array_count = 0;
template <class T, std::size_t count>
inline constexpr std::size_t array_count<T[count]> = count;
/// std::array, whose header is not needed to recognise it, and its like.
template <template <class, std::size_t> class Array, class T, std::size_t count>
    requires requires(Array<T, count>& array) {
        requires sizeof(Array<T, count>) == count * sizeof(T);
        requires std::is_same_v<decltype(array.data()), T*>;
        requires std::is_same_v<decltype(array[0]), T&>;
    }
inline constexpr std::size_t array_count<Array<T, count>> = count;

/// A type's name without its namespaces, as the compiler writes it: "... [with T = network::State; ..." or "]". No NUL
/// follows it.
template <class T>
constexpr View<const char> type_name()
{
    const char* begin = __PRETTY_FUNCTION__;
    while (begin[0] != 'T' || begin[1] != ' ' || begin[2] != '=')
        begin++;
    begin += 4;
    const char* end = begin;
    for (; *end != ';' && *end != ']'; end++)
        if (*end == ':')
            begin = end + 1;
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// The same with a NUL behind it.
template <class T>
struct TypeName {
    char text[type_name<T>().size() + 1] = {};
    constexpr TypeName()
    {
        for (std::size_t i = 0; const char character : type_name<T>())
            text[i++] = character;
    }
};
template <class T>
inline constexpr TypeName<T> type_name_of;

template <class T>
constexpr void set_enum(Shape& result)
{
    using Number = std::underlying_type_t<T>;
    static_assert(
        requires { T{0}; },
        "an enum needs a fixed underlying type, as enum class has: a map may hold any number");
    static_assert(!std::is_same_v<Number, bool>, "a map may hold what no C++ bool can");
    result.kind = ShapeKind::enumeration;
    result.is_signed = std::is_signed_v<Number>;
    result.name = {type_name_of<T>.text, type_name<T>().size()};
}

template <class T>
constexpr void set_fields(Shape& result)
{
    static_assert(
        requires { Description<T>::fields; },
        "a structure needs BPFXX_DESCRIBE, a union BPFXX_DESCRIBE_UNION; other types cannot be read");
    result.kind = std::is_union_v<T> ? ShapeKind::either : ShapeKind::structure;
    result.name = Description<T>::name;
    result.fields = Description<T>::fields;
}

} // namespace detail

template <class T>
constexpr Shape make_shape()
{
    using Type = std::remove_cv_t<T>;
    static_assert(std::is_trivially_copyable_v<Type> && std::is_standard_layout_v<Type>);
    Shape result;
    result.size = sizeof(Type);
    if constexpr (detail::array_count<Type> != 0) {
        result.kind = ShapeKind::array;
        result.count = detail::array_count<Type>;
        result.element = &shape<std::remove_cvref_t<decltype(std::declval<Type&>()[0])>>;
    } else if constexpr (detail::order_of<Type> != ByteOrder::native) {
        result.order = detail::order_of<Type>;
    } else if constexpr (std::is_same_v<Type, bool>) {
        result.kind = ShapeKind::boolean;
    } else if constexpr (std::is_same_v<Type, char>) {
        result.kind = ShapeKind::character;
    } else if constexpr (std::is_integral_v<Type> || detail::is_wide_integer<Type>) {
        result.is_signed = static_cast<Type>(-1) < Type{0};
    } else if constexpr (std::is_same_v<Type, float> || std::is_same_v<Type, double>) {
        result.kind = ShapeKind::floating;
    } else if constexpr (std::is_enum_v<Type>) {
        detail::set_enum<Type>(result);
    } else {
        detail::set_fields<Type>(result);
    }
    return result;
}

/// Whether two described fields share bytes, as those of a union do.
constexpr bool has_overlap(const Shape& type)
{
    for (std::size_t i = 0; i < type.fields.size(); i++)
        for (std::size_t j = i + 1; j < type.fields.size(); j++) {
            const FieldShape& a = type.fields[i];
            const FieldShape& b = type.fields[j];
            if (a.offset < b.offset + b.shape->size && b.offset < a.offset + a.shape->size)
                return true;
        }
    return false;
}

/// Whether a type has no part but unsigned 64-bit integers, and no bytes besides: then its words can be added up.
constexpr bool is_made_of_u64(const Shape& type)
{
    if (type.kind == ShapeKind::integer)
        return type.size == sizeof(std::uint64_t) && !type.is_signed && type.order == ByteOrder::native;
    if (type.kind == ShapeKind::array)
        return is_made_of_u64(*type.element);
    if (type.kind != ShapeKind::structure || has_overlap(type))
        return false;
    std::uint32_t described = 0; // bytes
    for (const FieldShape& field : type.fields) {
        if (!is_made_of_u64(*field.shape))
            return false;
        described += field.shape->size;
    }
    return described == type.size;
}

namespace detail {

/// A word of a value of whatever type.
template <class V>
[[nodiscard]] inline std::uint64_t get_word(const V& value, std::size_t index) noexcept
{
    std::uint64_t word; // NOLINT(cppcoreguidelines-init-variables): filled by the next line
    std::memcpy(&word, reinterpret_cast<const std::byte*>(&value) + index * sizeof(word), sizeof(word));
    return word;
}
/// Writes one.
template <class V>
inline void set_word(V& value, std::size_t index, std::uint64_t word) noexcept
{
    std::memcpy(reinterpret_cast<std::byte*>(&value) + index * sizeof(word), &word, sizeof(word));
}

} // namespace detail

/// Adds a value to a total, word by word. @tparam V made of unsigned 64-bit integers alone
template <class V>
void add_words(V& total, const V& value) noexcept
{
    static_assert(is_made_of_u64(shape<V>));
    for (std::size_t i = 0; i < sizeof(V) / sizeof(std::uint64_t); i++)
        detail::set_word(total, i, detail::get_word(total, i) + detail::get_word(value, i));
}

} // namespace bpfxx

/// Describes a structure for bpfxx, at global scope: BPFXX_DESCRIBE(pkt_stats, total_packets, total_bytes).
/// The fields that are named are the ones compared and read; up to 32 of them. Members of a union without a name in
/// it are fields like others.
#define BPFXX_DESCRIBE(type, ...)                                                                            \
    static_assert(std::is_class_v<type>);                                                                    \
    BPFXX_DESCRIPTION(type, __VA_ARGS__)

/// Describes a union by those members that the reader chooses from; the map's union may have more. Which of them a
/// value holds, the reader must know: usually by another field.
#define BPFXX_DESCRIBE_UNION(type, ...)                                                                      \
    static_assert(std::is_union_v<type>);                                                                    \
    BPFXX_DESCRIPTION(type, __VA_ARGS__)

#define BPFXX_DESCRIPTION(type, ...)                                                                         \
    template <>                                                                                              \
    struct bpfxx::Description<type> {                                                                        \
        using Described = type;                                                                              \
        static constexpr ::bpfxx::Text name = #type;                                                         \
        static constexpr ::bpfxx::FieldShape fields[] = {BPFXX_EXPAND(BPFXX_EACH_FIELD(__VA_ARGS__))};       \
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
