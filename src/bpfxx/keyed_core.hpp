// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfxx/map.hpp"

// Details.

namespace bpfxx::detail {

/// Whether an entry stays when it is read.
enum class Reading : std::uint8_t { lookup, take };

/// Entries that were read at once; borrowed until the next use of the map.
struct Entries {
    const std::byte* keys = nullptr;   ///< one behind the other
    const std::byte* values = nullptr; ///< likewise, each as a lookup gives it
    std::size_t value_stride = 0;      ///< bytes between two of them
    std::uint32_t count = 0;           ///< 0: there are no more
    bool is_direct = false;            ///< the values are of the C++ type, byte for byte
};

/// All of a keyed map that does not depend on its types: compiled once, so that the templates above it are thin. As
/// large as a pointer. Move-only; one that was moved from must not be used again.
class KeyedCore {
public:
    /// Of a map whose kind and types are not compared yet.
    explicit KeyedCore(Map&& map);
    KeyedCore(KeyedCore&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
    KeyedCore& operator=(KeyedCore&& other) noexcept
    {
        State* const state = other.state_;
        other.state_ = state_;
        state_ = state;
        return *this;
    }
    ~KeyedCore()
    {
        if (state_ != nullptr)
            discard(state_);
    }
    /// Errors: as Map::check_written_key and Map::check_value; incompatible where the map is of another kind.
    [[nodiscard]] Result<> check(std::uint32_t type, const Shape& key, const Shape& value, Proof proof);

    [[nodiscard]] const Map& map() const noexcept;
    /// Null where only the size was compared.
    [[nodiscard]] const LayoutReport* report() const noexcept;

    // Reading. A value is given as an object of the C++ type that check() compared with.

    /// @param value of the C++ type's size @param found false: there is no such key
    /// Errors: as Map::lookup, or Map::lookup_and_erase
    [[nodiscard]] Result<> get(Bytes key, Reading reading, MutableBytes value, bool& found);
    /// The same of a per-CPU map. @param values of all CPUs; borrowed until the next use
    [[nodiscard]] Result<> get_cpus(Bytes key, Reading reading, Bytes& values, bool& found);

    /// Begins to go through all entries. @param in_batches whether to ask the kernel for batches at all
    void start(bool in_batches);
    /// The next of them. Errors: as EntryCursor::next
    [[nodiscard]] Result<> next(Entries& entries);
    /// Decodes a value that is not direct. @param from as a lookup gives it @param value of the C++ type's size
    void decode(const std::byte* from, MutableBytes value) const noexcept;
    /// The values of all CPUs as the C++ type; borrowed until the next use. @param from as a lookup gives them
    [[nodiscard]] Bytes decode_cpus(const std::byte* from);

    // Writing. Errors of all: as Map::update(); incompatible where the value is read by projection.

    [[nodiscard]] Result<> update(Bytes key, Bytes value, Update mode);
    /// @param value for every CPU
    [[nodiscard]] Result<> update_cpus(Bytes key, Bytes value, Update mode);
    /// @param values one for each CPU, without gaps. Errors: invalid where there are more or less.
    [[nodiscard]] Result<> update_each_cpu(Bytes key, Bytes values, Update mode);
    /// @param values as many as keys, or in a per-CPU map as many for each key as there are CPUs; without gaps
    /// Errors: invalid where there are more or less.
    [[nodiscard]] Result<> update_all(Bytes keys, Bytes values, Update mode);
    [[nodiscard]] Result<std::uint32_t> erase_all(Bytes keys);

private:
    struct State;
    static void discard(State* state) noexcept;
    State* state_;
};

} // namespace bpfxx::detail
