// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bpfxx/value.hpp"

struct btf; // of libbpf

#pragma GCC visibility push(hidden)
// What TypeDecoder is made of. Pure: asks nothing of the kernel.
namespace bpfxx::detail {

/// Errors: incompatible where the BTF contradicts itself or does not fit the bytes. @param types borrowed by the value
[[nodiscard]] Result<Value> decode_bytes(const struct btf* types, std::uint32_t type_id, Bytes bytes);

/// The type as C writes it; empty where there is none.
[[nodiscard]] std::string c_type_name(const struct btf* types, std::uint32_t type_id);

} // namespace bpfxx::detail
#pragma GCC visibility pop
