// SPDX-License-Identifier: BSD-2-Clause
#include "counter/test_run.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <linux/bpf.h>

#include "bpfxx/mapped_array.hpp"
#include "bpfxx/program.hpp"
#include "counter/layouts.hpp"
#include "counter/loader.hpp"
#include "counter/snapshot.hpp"

namespace xdpstat {

namespace {

using bpfxx::Result;

/// An Ethernet header, without which the kernel runs no XDP program (net/bpf/test_run.c).
constexpr std::size_t shortest = 14;
/// 17 fragments (MAX_SKB_FRAGS) of a page each, behind a linear part that only makes it longer.
constexpr std::size_t longest_in_fragments = std::size_t{17} * 4096;
/// A page of 4096 bytes without headroom and tailroom, rounded down.
constexpr std::size_t longest_linear = 3072;

/// The maps have one slot: whatever CPU this runs on.
constexpr std::uint32_t slot = 0;

template <class V>
Result<bpfxx::MappedArray<V>> map_slots(int fd)
{
    auto map = bpfxx::Map::duplicate(fd);
    if (!map)
        return std::unexpected(std::move(map).error());
    // Of the object that was built with this program: nothing to prove, and no right to read BTF is needed.
    return bpfxx::MappedArray<V>::open(std::move(*map), bpfxx::Proof::size);
}

bpfxx::Error miscounted(std::size_t size, const std::string& cause)
{
    return bpfxx::make_error(bpfxx::ErrorKind::system, "count",
                             "a frame of " + std::to_string(size) + " bytes", cause,
                             "this is a fault of the counter program: report it with the capture");
}

/// The one cell that a frame added to, or none where that is not what the two states differ by.
std::optional<traffic_place> changed_cell(const traffic_stats& before, const traffic_stats& after,
                                          __u64 length)
{
    std::optional<traffic_place> changed;
    for (std::size_t network = 0; network < TRAFFIC_NETWORK_COUNT; network++) {
        for (std::size_t transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; transport++) {
            for (std::size_t size = 0; size < TRAFFIC_SIZE_COUNT; size++) {
                const Cell& old = before.cell[network][transport][size];
                const Cell& now = after.cell[network][transport][size];
                if (old.packets == now.packets && old.bytes == now.bytes)
                    continue;
                if (changed || now.packets != old.packets + 1 || now.bytes != old.bytes + length)
                    return std::nullopt;
                changed = {static_cast<traffic_network>(network), static_cast<traffic_transport>(transport),
                           static_cast<traffic_size>(size)};
            }
        }
    }
    return changed;
}

} // namespace

struct TestRun::State {
    LoadedCounter counter;
    bpfxx::MappedArray<pkt_stats> stats;
    bpfxx::MappedArray<traffic_stats> traffic;
    traffic_stats counted{};
};

TestRun::TestRun(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TestRun::TestRun(TestRun&&) noexcept = default;
TestRun& TestRun::operator=(TestRun&&) noexcept = default;
TestRun::~TestRun() = default;

Result<TestRun> TestRun::load()
{
    auto counter = load_counter(SlotLayout::shared, true);
    if (!counter)
        return std::unexpected(std::move(counter).error());
    auto stats = map_slots<pkt_stats>(counter->stats_map_fd());
    if (!stats)
        return std::unexpected(std::move(stats).error());
    auto traffic = map_slots<traffic_stats>(counter->traffic_map_fd());
    if (!traffic)
        return std::unexpected(std::move(traffic).error());
    return TestRun(std::make_unique<State>(
        State{.counter = std::move(*counter), .stats = std::move(*stats), .traffic = std::move(*traffic)}));
}

bool TestRun::takes(std::size_t size) const noexcept
{
    const bool linear = state_->counter.length_source() == XDP_COUNTER_LENGTH_LINEAR;
    return size >= shortest && size <= (linear ? longest_linear : longest_in_fragments);
}

Result<traffic_place> TestRun::count(std::span<const std::uint8_t> frame)
{
    const auto verdict = bpfxx::test_run(state_->counter.program_fd(), frame);
    if (!verdict)
        return std::unexpected(verdict.error());
    if (*verdict != XDP_PASS)
        return std::unexpected(miscounted(frame.size(), "the program returned " + std::to_string(*verdict)));

    const traffic_stats before = std::exchange(state_->counted, state_->traffic.read(slot));
    const auto place = changed_cell(before, state_->counted, frame.size());
    if (!place)
        return std::unexpected(miscounted(frame.size(), "not one cell of the breakdown has it"));
    const pkt_stats headline = state_->stats.read(slot);
    const pkt_stats sum = roll_up(state_->counted);
    if (!std::ranges::equal(counters(headline), counters(sum)))
        return std::unexpected(miscounted(frame.size(), "the totals are not the sum of the breakdown"));
    return *place;
}

} // namespace xdpstat
