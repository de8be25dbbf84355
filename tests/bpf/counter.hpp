// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "abi/xdp_counter.h"
#include "frame.hpp"
#include "reference.hpp"

struct xdp_counter_bpf;

namespace xdpstat::test {

/// How the program is told to learn a frame's length, with what its loader must do for it.
struct LengthSource {
    const char* name;
    xdp_counter_length length;
    bool multi_buffer;                ///< the program may meet frames in fragments
    int (*prepare)(xdp_counter_bpf&); ///< between open and load; 0 or -errno

    friend std::ostream& operator<<(std::ostream& out, const LengthSource& source)
    {
        return out << source.name;
    }
};

/// Every length source there is. A new one is one line in counter.cpp, and all suites run with it.
[[nodiscard]] std::vector<LengthSource> length_sources();
/// Those that also know the length of a frame in fragments.
[[nodiscard]] std::vector<LengthSource> multi_buffer_length_sources();
/// Why this kernel cannot load a length source; empty where it can.
[[nodiscard]] std::optional<std::string> unsupported(const LengthSource& source);

/// The slots of both maps and which of them have one CPU as their only writer.
struct Layout {
    const char* name;
    std::uint32_t slots;
    std::uint32_t private_slots;

    [[nodiscard]] std::uint32_t slot_of(unsigned cpu) const { return cpu < private_slots ? cpu : slots - 1; }
};

[[nodiscard]] Layout per_cpu_layout();
[[nodiscard]] Layout shared_layout();

struct LoadOptions {
    LengthSource length;
    Layout layout = per_cpu_layout();
    bool breakdown = true;
};

struct RunOptions {
    std::optional<std::size_t> linear =
        {}; ///< bytes in the linear part, the rest in fragments; all where empty
    std::uint32_t repeat = 1;
};

/// What one run changed.
struct Outcome {
    struct Cell {
        Verdict verdict;
        std::uint64_t packets;
        std::uint64_t bytes;
    };

    int error = 0;                                         ///< errno of the run itself
    std::uint32_t code = 0;                                ///< what the program returned
    Bytes packet;                                          ///< the frame as the program left it
    pkt_stats stats{};                                     ///< summed over the slots
    std::vector<Cell> cells;                               ///< those that changed, of all slots
    std::vector<std::uint32_t> stats_slots, traffic_slots; ///< that changed, ascending
};

/// The longest frame that every kernel leaves in one piece under BPF_PROG_TEST_RUN: a page of 4096 bytes
/// less headroom and tailroom.
inline constexpr std::size_t longest_linear = 3072;

/// The longest frame at all: 17 fragments (MAX_SKB_FRAGS) of a page each.
inline constexpr std::size_t longest_multi_buffer = std::size_t{17} * 4096;

/// One loaded instance of the real object, with both of its maps mapped for reading.
/// Uses libbpf directly: these tests are a witness independent of the project's own readers.
class Counter {
public:
    /// On failure: one line and what the verifier said.
    [[nodiscard]] static std::expected<Counter, std::string> load(const LoadOptions& options);

    ~Counter();
    Counter(Counter&&) noexcept;
    Counter& operator=(Counter&&) noexcept;

    /// Runs one frame on the calling thread's CPU and tells what changed since the last call.
    [[nodiscard]] Outcome run(std::span<const std::uint8_t> frame, const RunOptions& options = {});

    /// Runs one frame without looking at the maps; for several threads at once. Returns errno.
    [[nodiscard]] int drive(std::span<const std::uint8_t> frame, const RunOptions& options) const;

    /// What changed since the last run() or settle().
    [[nodiscard]] Outcome settle();

    [[nodiscard]] const Layout& layout() const;
    [[nodiscard]] int stats_fd() const;
    [[nodiscard]] int traffic_fd() const;
    [[nodiscard]] const pkt_stats& stats(std::uint32_t slot) const;
    [[nodiscard]] const traffic_stats& traffic(std::uint32_t slot) const;

private:
    struct State;
    explicit Counter(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

} // namespace xdpstat::test
