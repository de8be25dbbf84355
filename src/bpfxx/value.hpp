// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/map.hpp"

namespace bpfxx {

/// 128 bits, the widest integer that BTF knows.
__extension__ using Wide = unsigned __int128;

/// What a value is made of, and where it has its content.
enum class ValueKind : std::uint8_t {
    none,       ///< nothing that can be told, such as a sum of texts
    structure,  ///< also the variables of a section of global data
    overlay,    ///< a union: each part is another reading of the same bytes
    array,      ///< its parts have no names
    integer,    ///< `number`
    boolean,    ///< `number`, as it lies there: 0 is false
    character,  ///< `number`
    enumerator, ///< `number`, and `symbol` where the enum names it
    pointer,    ///< `number`
    floating,   ///< `real`
    text,       ///< `bytes`: the characters of a char[] up to its first NUL
    octets,     ///< `bytes`: an array of unsigned 8-bit integers, or a char[] that is no text
    untyped,    ///< `bytes` of which no BTF tells what they are
};

/// A value of any type, as BTF describes it: a tree of plain values. Typedefs and qualifiers are resolved; the members
/// of an anonymous struct or union stand among those of the one around it, as in C. `name`, `type` and `symbol` are
/// borrowed: valid as long as the TypeDecoder that gave the value.
struct Value {
    ValueKind kind = ValueKind::none; ///< says which of the following have a meaning
    bool is_signed = false;           ///< of an integer or an enum
    /// Its type says that the bytes are in network order (__be16, __be32, __be64, in_addr_t); `number` is what they mean.
    bool network_order = false;
    std::uint32_t size = 0;   ///< of a number: bytes of its type, also where it is a bit field
    std::string_view name;    ///< as a member or a variable; empty of a whole key or value, or of an element
    std::string_view type;    ///< of a struct or union its tag, of others the outermost typedef; may be empty
    std::string_view symbol;  ///< of an enum's number
    Wide number = 0;          ///< of a negative number the two's complement, extended to all bits
    double real = 0;          ///< of a floating-point number
    std::string bytes;        ///< of a text, of octets, of what is untyped
    std::vector<Value> parts; ///< of a structure, an overlay, an array; in order

    /// Whether it is made of `parts`.
    [[nodiscard]] bool has_parts() const noexcept
    {
        return kind == ValueKind::structure || kind == ValueKind::overlay || kind == ValueKind::array;
    }
    /// Something that is counted or measured: that may be added up, and has a rate.
    [[nodiscard]] bool is_quantity() const noexcept
    {
        return (kind == ValueKind::integer && !network_order) || kind == ValueKind::floating;
    }
};

/// Decodes the bytes of a map's keys and values by the map's BTF alone. Owns a copy of the BTF, and needs the map no
/// more. Move-only; may be used by several threads at once. BTF that contradicts itself gives an error: nothing is read
/// beyond the bytes given, and depth and size of the tree are limited.
class TypeDecoder {
public:
    /// Of a map that has no BTF, and with Proof::size of one whose BTF may not be read, keys and values are `untyped`;
    /// the index of an array is an integer all the same.
    /// Errors: permission (reading BTF needs CAP_SYS_ADMIN); incompatible where the BTF is damaged.
    [[nodiscard]] static Result<TypeDecoder> of(const Map& map, Proof proof = Proof::btf);
    /// On BTF that is at hand. @param raw as a file has it @param key_type_id, value_type_id 0: untyped
    /// Errors: invalid where it is no BTF.
    [[nodiscard]] static Result<TypeDecoder> from_btf(std::span<const std::byte> raw,
                                                      std::uint32_t key_type_id, std::uint32_t value_type_id);
    /// The other must not be used again.
    TypeDecoder(TypeDecoder&&) noexcept;
    /// Likewise.
    TypeDecoder& operator=(TypeDecoder&&) noexcept;
    ~TypeDecoder();

    /// Decodes a key. Errors: incompatible where the BTF does not fit the bytes.
    [[nodiscard]] Result<Value> key(Bytes bytes) const;
    /// Decodes a value. Errors: as key(). @param bytes of one CPU in a per-CPU map
    [[nodiscard]] Result<Value> value(Bytes bytes) const;

    /// The type as C writes it: "struct flow_key", "__be32", "char[16]", ".bss"; empty where it is not known.
    [[nodiscard]] const std::string& key_type() const noexcept;
    /// The same of the value.
    [[nodiscard]] const std::string& value_type() const noexcept;

private:
    struct State;
    explicit TypeDecoder(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

// What follows is pure, for values of one type.

/// The sum of the values that a per-CPU map holds for one key. Quantities are added up; what is none of those is kept
/// where it is the same on all CPUs, and else becomes `none`.
[[nodiscard]] Value sum_over_cpus(std::span<const Value> values);

/// How fast the quantities grew, as floating-point parts; what is none of those is `none`. One that fell has a negative
/// rate. @param before the earlier value @param now the later one, of the same type @param seconds between them, above 0
[[nodiscard]] Value per_second(const Value& before, const Value& now, double seconds);

/// The part that a path such as "packets", "peer.addr" or "cells[2].bytes" names, or null. The whole is "".
[[nodiscard]] const Value* find_part(const Value& value, std::string_view path);

/// Below 0, 0 or above 0 as a value is less than, equal to or greater than another: numbers by size, texts and bytes
/// by their bytes, `none` before all others, structures and arrays by the first part that differs.
[[nodiscard]] int compare(const Value& a, const Value& b);

/// A whole number in decimal.
[[nodiscard]] std::string decimal(Wide number, bool is_signed);

} // namespace bpfxx
