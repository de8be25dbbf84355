// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/value.hpp"
#include "view/json_fields.hpp"

// How one value of a map is written. All pure.
namespace xdpstat {

/// Where a value stands: the whole key of a map says less by its name than a member does.
enum class Place : std::uint8_t { key, value };

/// The address that a value is, where its type or its name says so: IPv4 and IPv6 in their usual form (RFC 5952), or
/// of Ethernet. Never guessed: the bytes' order must be told by the type (__be32, in_addr, in6_addr) or not matter.
/// @param name of the member, or of the array that it is an element of
[[nodiscard]] std::optional<std::string> address_of(const bpfxx::Value& value, std::string_view name,
                                                    bool is_whole_key = false);

/// A part of a value that is written as one word.
struct Leaf {
    std::string path; ///< "peer.addr", "cells[2].bytes"; empty where it is the whole
    const bpfxx::Value* value = nullptr;
    const bpfxx::Value* rate = nullptr; ///< the same part of the rates, or null
    std::optional<std::string> address; ///< as address_of() says
};

/// The leaves of a value, in order. @param rates of the same type; may be null @return borrows from both
[[nodiscard]] std::vector<Leaf> leaves_of(const bpfxx::Value& value, const bpfxx::Value* rates, Place place);

/// Whether nothing but zeros lies there.
[[nodiscard]] bool is_zero(const bpfxx::Value& value);

/// A leaf for a person, without characters that a terminal obeys. @param group digits of quantities by three
[[nodiscard]] std::string leaf_text(const Leaf& leaf, bool group);

/// What a quantity grew in a second, for a person; "-" of what is none.
[[nodiscard]] std::string leaf_rate_text(const Leaf& leaf);

/// A value for programs, see docs/output.md.
[[nodiscard]] Json value_json(const bpfxx::Value& value, Place place);

/// The quantities of per_second(); what is none is left out of objects and null in lists.
[[nodiscard]] Json rates_json(const bpfxx::Value& rates);

} // namespace xdpstat
