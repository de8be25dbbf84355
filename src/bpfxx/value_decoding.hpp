// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/value.hpp"

struct btf;      // of libbpf
struct btf_type; // of the kernel's BTF

#pragma GCC visibility push(hidden)
// What TypeDecoder is made of. Pure: asks nothing of the kernel.
namespace bpfxx::detail {

/// Errors: incompatible where the BTF contradicts itself or does not fit the bytes. @param types borrowed by the value
[[nodiscard]] Result<Value> decode_bytes(const struct btf* types, std::uint32_t type_id, Bytes bytes);

/// The type as C writes it; empty where there is none.
[[nodiscard]] std::string c_type_name(const struct btf* types, std::uint32_t type_id);

/// The opposite of decode_bytes(). @param size bytes Errors: as TypeDecoder::encode_key
[[nodiscard]] Result<std::vector<std::byte>> encode_bytes(const struct btf* types, std::uint32_t type_id,
                                                          const Value& value, std::size_t size);

// What both of them ask of BTF.

/// The kernel's own limit to types inside types, and to typedefs of typedefs.
inline constexpr int most_depth = 32;

/// What a chain of typedefs and qualifiers leads to.
struct Resolved {
    const struct btf_type* type = nullptr; ///< null: nothing, or the chain has no end
    std::uint32_t id = 0;
    std::string_view alias; ///< the outermost typedef
    bool network_order = false;
};

[[nodiscard]] Resolved resolve(const struct btf* types, std::uint32_t id);
[[nodiscard]] std::string_view name_at(const struct btf* types, std::uint32_t offset);
/// A single byte that C calls char. Compilers mark it in different ways, or not at all.
[[nodiscard]] bool is_char(const struct btf* types, const struct btf_type* type);
/// The number of an enum's entry, in 64 bits.
[[nodiscard]] std::uint64_t enumerator_value(const struct btf_type* type, std::uint32_t index);

} // namespace bpfxx::detail
#pragma GCC visibility pop
