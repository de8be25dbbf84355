// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bpfxx/layout.hpp"
#include "bpfxx/type_reader.hpp"

#pragma GCC visibility push(hidden)
namespace bpfxx::detail {

// What compare_layout() decides about two types without parts.

/// What a reader of one scalar sees in another of the same size.
enum class Fit : std::uint8_t {
    same,
    renamed, ///< the same bytes, called something else
    refused,
};

[[nodiscard]] Fit fit(const Shape& wanted, const Scalar& found);

/// Whether a C++ type has room for all that a bit field can hold.
[[nodiscard]] bool fits_bits(const Shape& wanted, const Scalar& found, std::uint32_t bits);

/// As a person would write it: "u64", "be32", "char[16]", "struct flow", "enum state (u32)".
[[nodiscard]] std::string shape_name(const Shape& shape);

} // namespace bpfxx::detail
#pragma GCC visibility pop
