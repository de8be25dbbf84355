// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/map.hpp"
#include "counter/instance.hpp"
#include "counter/snapshot.hpp"

namespace xdpstat {

/// How an error's hint ends where Proof::size is a way to go on. Who knows the flag for it, names it.
inline constexpr std::string_view by_size_words = "it can be opened by its size";

/// Reads the counters of one instance. Where both maps are mmapable arrays, read() makes no system call but for
/// the clocks, which need none either, and allocates nothing. Not thread-safe: one reader a thread.
class Reader {
public:
    /// Opens the maps below a pin directory and proves their layout. No descriptor stays open where they are mapped.
    /// Errors: not_found, permission, incompatible (all differences in `detail`).
    [[nodiscard]] static bpfxx::Result<Reader> open(const std::string& directory,
                                                    bpfxx::Proof proof = bpfxx::Proof::btf);
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();

    /// The sums over all slots. Errors: only where a map has to be read by system call.
    [[nodiscard]] bpfxx::Result<Snapshot> read();
    /// The same into one that is there, for who reads again and again: it has kilobytes. Means nothing after an error.
    [[nodiscard]] bpfxx::Result<> read(Snapshot& snapshot);
    /// The headline alone.
    [[nodiscard]] bpfxx::Result<pkt_stats> read_stats();

    /// See Snapshot::counter_id.
    [[nodiscard]] std::uint64_t counter_id() const noexcept;

    /// What a person should know of how the layout was proved, a line each; empty where BTF says it is the same.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept;

private:
    [[nodiscard]] static bpfxx::Result<Reader> open_once(const std::string& directory, bpfxx::Proof proof);
    struct Maps;
    explicit Reader(std::unique_ptr<Maps> maps) noexcept;
    std::unique_ptr<Maps> maps_;
};

} // namespace xdpstat
