// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/keyed_core.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "bpfxx/entry_cursor.hpp"
#include "bpfxx/layout.hpp"
#include "bpfxx/projection.hpp"

namespace bpfxx::detail {

namespace {

Error cannot_write(const Map& map)
{
    return make_error(ErrorKind::incompatible, "write", map.label(),
                      "its layout differs from the C++ type's");
}

Error wrong_count(const Map& map, std::size_t given, std::size_t wanted, const char* of)
{
    return make_error(ErrorKind::invalid, "write", map.label(),
                      std::to_string(given) + " values for " + std::to_string(wanted) + of);
}

/// Whether its keys are the indexes of its entries.
bool is_array(const MapInfo& info)
{
    return info.is_array() || info.is_per_cpu_array();
}

} // namespace

struct KeyedCore::State {
    explicit State(Map&& opened) : map(std::move(opened)) { value.grow(map.lookup_size()); }

    /// Bytes between two CPUs' values.
    [[nodiscard]] std::size_t stride() const noexcept { return value_stride(map.info().value_size); }
    /// Possible CPUs, of a per-CPU map.
    [[nodiscard]] std::size_t cpus() const noexcept { return map.lookup_size() / stride(); }
    [[nodiscard]] Result<> may_write() const
    {
        if (!layout.is_direct())
            return std::unexpected(cannot_write(map));
        return {};
    }
    [[nodiscard]] Result<> read(Bytes key, Reading reading, MutableBytes to, bool& found) const;
    /// Puts the values of all CPUs where the kernel wants them.
    void spread(const std::byte* values, std::byte* to) const noexcept
    {
        const std::size_t size = map.info().value_size;
        for (std::size_t cpu = 0; cpu < cpus(); cpu++)
            std::memcpy(to + cpu * stride(), values + cpu * size, size);
    }

    Map map;
    Layout layout;
    std::size_t object_size = 0; ///< of the C++ type
    EntryCursor cursor;
    Buffer value;   ///< what a lookup gives
    Buffer decoded; ///< of all CPUs, where they do not lie as the C++ type
};

KeyedCore::KeyedCore(Map&& map) : state_(new State(std::move(map))) {}

void KeyedCore::discard(State* state) noexcept
{
    delete state;
}

Result<> KeyedCore::check(std::uint32_t type, const Shape& key, const Shape& value, Proof proof)
{
    const Map& map = state_->map;
    if (map.info().type != type)
        return std::unexpected(wrong_map_type(map, type));
    // That the keys of an array are its indexes needs no BTF, and often it has none.
    BPFXX_TRY(map.check_written_key(key, is_array(map.info()) ? Proof::size : proof));
    auto layout = map.check_value(value, proof);
    if (!layout)
        return std::unexpected(std::move(layout).error());
    state_->layout = std::move(*layout);
    state_->object_size = value.size;
    return {};
}

const Map& KeyedCore::map() const noexcept
{
    return state_->map;
}

const LayoutReport* KeyedCore::report() const noexcept
{
    return state_->layout.report();
}

Result<> KeyedCore::State::read(Bytes key, Reading reading, MutableBytes to, bool& found) const
{
    auto result = reading == Reading::lookup ? map.lookup(key, to) : map.lookup_and_erase(key, to);
    if (!result)
        return std::unexpected(std::move(result).error());
    found = *result;
    return {};
}

Result<> KeyedCore::get(Bytes key, Reading reading, MutableBytes value, bool& found)
{
    if (state_->layout.is_direct()) // straight to where it is wanted
        return state_->read(key, reading, value, found);
    BPFXX_TRY(state_->read(key, reading, state_->value, found));
    if (found)
        decode(state_->value.data(), value);
    return {};
}

Result<> KeyedCore::get_cpus(Bytes key, Reading reading, Bytes& values, bool& found)
{
    BPFXX_TRY(state_->read(key, reading, state_->value, found));
    if (found)
        values = decode_cpus(state_->value.data());
    return {};
}

void KeyedCore::start(bool in_batches)
{
    state_->cursor.start(state_->map, in_batches);
}

Result<> KeyedCore::next(Entries& entries)
{
    const EntryCursor& cursor = state_->cursor;
    BPFXX_TRY(state_->cursor.next(state_->map));
    entries = {.keys = cursor.keys(),
               .values = cursor.values(),
               .value_stride = state_->map.lookup_size(),
               .count = cursor.count(),
               .is_direct = state_->layout.is_direct()};
    return {};
}

void KeyedCore::decode(const std::byte* from, MutableBytes value) const noexcept
{
    std::memset(value.data(), 0, value.size());
    project(state_->layout.projection(), from, value.data());
}

Bytes KeyedCore::decode_cpus(const std::byte* from)
{
    const State& state = *state_;
    const std::size_t size = state.object_size;
    const std::size_t cpus = state.cpus();
    if (state.layout.is_direct() && size == state.stride() &&
        reinterpret_cast<std::uintptr_t>(from) % Buffer::alignment == 0)
        return {from, cpus * size};
    state_->decoded.grow(cpus * size);
    for (std::size_t cpu = 0; cpu < cpus; cpu++) {
        const MutableBytes value(state.decoded.data() + cpu * size, size);
        if (state.layout.is_direct())
            std::memcpy(value.data(), from + cpu * state.stride(), size);
        else
            decode(from + cpu * state.stride(), value);
    }
    return {state.decoded.data(), cpus * size};
}

Result<> KeyedCore::update(Bytes key, Bytes value, Update mode)
{
    BPFXX_TRY(state_->may_write());
    return state_->map.update(key, value, mode);
}

Result<> KeyedCore::update_cpus(Bytes key, Bytes value, Update mode)
{
    BPFXX_TRY(state_->may_write());
    for (std::size_t cpu = 0; cpu < state_->cpus(); cpu++)
        std::memcpy(state_->value.data() + cpu * state_->stride(), value.data(), value.size());
    return state_->map.update(key, state_->value, mode);
}

Result<> KeyedCore::update_each_cpu(Bytes key, Bytes values, Update mode)
{
    BPFXX_TRY(state_->may_write());
    if (const std::size_t given = values.size() / state_->map.info().value_size; given != state_->cpus())
        return std::unexpected(wrong_count(state_->map, given, state_->cpus(), " possible CPUs"));
    state_->spread(values.data(), state_->value.data());
    return state_->map.update(key, state_->value, mode);
}

Result<> KeyedCore::update_all(Bytes keys, Bytes values, Update mode)
{
    BPFXX_TRY(state_->may_write());
    const MapInfo& info = state_->map.info();
    const std::size_t count = keys.size() / info.key_size;
    const std::size_t each = info.is_per_cpu() ? state_->cpus() : 1;
    if (const std::size_t given = values.size() / info.value_size; given != count * each)
        return std::unexpected(wrong_count(state_->map, given, count,
                                           info.is_per_cpu() ? " keys, of each possible CPU one" : " keys"));
    Buffer spread_values;
    if (info.is_per_cpu() && state_->stride() != info.value_size) {
        spread_values.grow(count * state_->map.lookup_size());
        for (std::size_t i = 0; i < count; i++)
            state_->spread(values.data() + i * each * info.value_size,
                           spread_values.data() + i * state_->map.lookup_size());
        values = spread_values;
    }
    std::uint32_t done = 0;
    auto written = state_->map.update_batch(keys, values, static_cast<std::uint32_t>(count), mode, done);
    if (written || written.error().kind() != ErrorKind::unsupported)
        return written;
    for (std::size_t i = done; i < count; i++)
        BPFXX_TRY(state_->map.update(keys.subspan(i * info.key_size, info.key_size),
                                     values.subspan(i * state_->map.lookup_size(), state_->map.lookup_size()),
                                     mode));
    return {};
}

Result<std::uint32_t> KeyedCore::erase_all(Bytes keys)
{
    const std::size_t size = state_->map.info().key_size;
    std::uint32_t erased = 0;
    while (!keys.empty()) {
        std::uint32_t done = 0;
        const auto result =
            state_->map.erase_batch(keys, static_cast<std::uint32_t>(keys.size() / size), done);
        erased += done;
        keys = keys.subspan(done * size);
        if (result || keys.empty())
            continue;
        if (result.error().kind() != ErrorKind::not_found && result.error().kind() != ErrorKind::unsupported)
            return std::unexpected(result.error());
        // The one that the batch stopped at, or each of them where there are no batches.
        const auto one = state_->map.erase(keys.first(size));
        if (!one)
            return std::unexpected(one.error());
        erased += *one ? 1 : 0;
        keys = keys.subspan(size);
    }
    return erased;
}

} // namespace bpfxx::detail
