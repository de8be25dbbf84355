// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/layout.hpp"

struct btf;      // of libbpf
struct btf_type; // of the kernel's BTF

#pragma GCC visibility push(hidden)
namespace bpfxx::detail {

// What compare_layout() asks of BTF. Of libbpf's checks none is relied on but that a type's own bytes are there:
// a type may be made of itself, lie beyond its structure or have no size.

/// A BTF type that has no parts.
struct Scalar {
    enum class Kind : std::uint8_t { integer, boolean, character, floating, enumeration, pointer, bits };
    Kind kind = Kind::integer;
    ByteOrder order = ByteOrder::native; ///< by a typedef's name, such as __be32
    bool is_signed = false;
    bool any_sign = false;  ///< whether a reader of the other sign sees the same numbers
    std::uint32_t size = 0; ///< bytes
};

/// A member of a BTF structure or union, or of one without a name inside it.
struct Member {
    std::string_view name; ///< borrowed from the BTF; empty: it has none
    std::uint32_t type_id = 0;
    std::uint64_t bit = 0;        ///< from the start of the structure
    std::uint32_t field_bits = 0; ///< of a bit field; 0: it is none
};

/// BTF with the questions above. Borrows it.
class TypeReader {
public:
    explicit TypeReader(const struct btf* types) : types_(types) {}

    /// Behind typedefs and qualifiers; null for void, and where the number leads nowhere.
    [[nodiscard]] const struct btf_type* resolved(std::uint32_t type_id) const;
    /// 0: it has none.
    [[nodiscard]] std::uint64_t size(std::uint32_t type_id) const;
    /// As a person would write it: "u64", "be32", "char[16]", "struct flow", "enum state (u32)".
    [[nodiscard]] std::string name(std::uint32_t type_id) const;
    /// Empty: it has parts, or no size.
    [[nodiscard]] std::optional<Scalar> scalar(std::uint32_t type_id) const;
    /// Of a structure or union, in order, with those of the ones in it that have no name in their place. Empty: more
    /// than any kernel has.
    [[nodiscard]] std::optional<std::vector<Member>> members(const struct btf_type* type) const;

private:
    [[nodiscard]] bool add_members(const struct btf_type* type, std::uint64_t bit, int depth, int& visited,
                                   std::vector<Member>& found) const;
    [[nodiscard]] ByteOrder order(std::uint32_t type_id) const;
    [[nodiscard]] std::string_view text(std::uint32_t offset) const;

    const struct btf* types_;
};

/// "u64", "s8", "be32".
[[nodiscard]] std::string integer_name(std::uint32_t size, bool is_signed, ByteOrder order);
/// "float", "double".
[[nodiscard]] std::string floating_name(std::uint32_t size);

} // namespace bpfxx::detail
#pragma GCC visibility pop
