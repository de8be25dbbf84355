// SPDX-License-Identifier: BSD-2-Clause
#include "counter/reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "bpfxx/counter_array.hpp"
#include "bpfxx/layout_report.hpp"
#include "counter/layouts.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

/// How often a slot is read again that a CPU was just writing. A write takes a few nanoseconds.
constexpr int most_tries = 64;

/// A slot that a CPU was just writing, read again until it is between two frames. Where so many CPUs add to it that it
/// is never seen so, the total is that of the frames whose class is counted already. A slot that stands still is taken
/// as it is, whoever wrote it.
[[gnu::noinline]] pkt_stats read_again(const bpfxx::MappedArray<pkt_stats>& map, std::uint32_t slot) noexcept
{
    pkt_stats stats = map.read(slot);
    bool stands_still = true;
    // One frame is ahead of its class: its CPU has counted it, and stands still before the class, however long.
    if (stats.total_packets == classified(stats) + 1)
        stats.total_packets--;
    for (int i = 0; i < most_tries && !is_whole(stats); i++) {
        const pkt_stats again = map.read(slot);
        stands_still = stands_still && std::ranges::equal(counters(again), counters(stats));
        stats = again;
    }
    if (!stands_still && !is_whole(stats))
        stats.total_packets = classified(stats);
    return stats;
}

/// The sum slot by slot, for when a CPU was just writing one of them. Apart from the usual way, whose registers it
/// would take.
[[gnu::noinline, gnu::cold]] pkt_stats sum_with_care(const bpfxx::MappedArray<pkt_stats>& map) noexcept
{
    pkt_stats total{};
    map.for_each([&](std::uint32_t slot, const pkt_stats& stats) {
        accumulate(total, is_whole(stats) ? stats : read_again(map, slot));
    });
    return total;
}

/// A map of slots, and its number in the kernel.
template <class V>
struct OpenSlots {
    bpfxx::CounterArray<V> slots;
    std::uint32_t map_id;
};

/// Opens a map of slots, saying of which pin it speaks where it fails, and how to go on.
template <class V>
bpfxx::Result<OpenSlots<V>> open_slots(const std::string& path, bpfxx::Proof proof)
{
    auto map = bpfxx::Map::open_pinned(path);
    if (!map) {
        bpfxx::Error& error = map.error();
        if (error.hint().empty())
            error.set_hint(error.kind() == bpfxx::ErrorKind::permission ? "run as root"
                                                                        : "xdpstat attach restores its pins");
        return std::unexpected(std::move(error));
    }
    const std::string object = path + ", " + map->label();
    const bool has_btf = map->info().btf_id != 0;
    const std::uint32_t map_id = map->info().id;
    auto opened = bpfxx::CounterArray<V>::open(std::move(*map), proof);
    if (opened)
        return OpenSlots<V>{std::move(*opened), map_id};
    bpfxx::Error& error = opened.error();
    const std::string if_known = "if you know the layout, " + std::string(by_size_words);
    error.set_object(object); // the name alone may be that of many maps
    if (error.kind() == bpfxx::ErrorKind::permission)
        error.set_hint("reading BTF needs CAP_SYS_ADMIN; " + if_known);
    else if (!has_btf && !error.hint().empty())
        error.set_hint(if_known);
    else if (error.hint().empty())
        error.set_hint("it is not the counter's own: xdpstat attach restores that");
    return std::unexpected(std::move(error));
}

/// What a person should know of how a layout was proved; empty where BTF says that it is the same.
std::string note_of(const bpfxx::LayoutReport* layout, const std::string& name)
{
    if (layout == nullptr)
        return name + ": opened by size, its layout is not proved";
    if (layout->outcome == bpfxx::Outcome::compatible)
        return name + ": made by another version, read field by field";
    return {};
}

} // namespace

struct Reader::Maps {
    bpfxx::CounterArray<pkt_stats> stats;
    std::optional<bpfxx::CounterArray<traffic_stats>> traffic;
    std::vector<std::string> notes;
    std::uint32_t map_id;     ///< of stats_map
    std::uint64_t counter_id; ///< see Snapshot
};

Reader::Reader(std::unique_ptr<Maps> maps) noexcept : maps_(std::move(maps)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

bpfxx::Result<Reader> Reader::open(const std::string& directory, bpfxx::Proof proof)
{
    // An attach may rename the folder, or a new counter take its place, between the two maps.
    for (int i = 0; i < most_tries; i++) {
        const auto before = identity_of(directory);
        auto reader = open_once(directory, proof);
        if (before == identity_of(directory))
            return reader;
    }
    return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::busy, "read", directory,
                                             "it is exchanged all the time",
                                             "see who attaches and detaches"));
}

bpfxx::Result<Reader> Reader::open_once(const std::string& directory, bpfxx::Proof proof)
{
    auto stats = open_slots<pkt_stats>(stats_pin(directory), proof);
    if (!stats)
        return std::unexpected(std::move(stats).error());
    auto maps = std::make_unique<Maps>(Maps{std::move(stats->slots), std::nullopt, {}, stats->map_id, 0});
    if (const auto link = identity_of(link_pin(directory)))
        maps->counter_id = link->second;

    // No pin is no error: the breakdown was switched off.
    auto traffic = open_slots<traffic_stats>(traffic_pin(directory), proof);
    if (traffic)
        maps->traffic = std::move(traffic->slots);
    else if (traffic.error().kind() != bpfxx::ErrorKind::not_found)
        return std::unexpected(std::move(traffic).error());

    const auto keep = [&](std::string note) {
        if (!note.empty())
            maps->notes.push_back(std::move(note));
    };
    keep(note_of(maps->stats.layout(), XDP_COUNTER_STATS_MAP));
    if (const auto& slots = maps->traffic)
        keep(note_of(slots->layout(), XDP_COUNTER_TRAFFIC_MAP));
    return Reader(std::move(maps));
}

bpfxx::Result<Snapshot> Reader::read()
{
    bpfxx::Result<Snapshot> snapshot;
    BPFXX_TRY(read(*snapshot));
    return snapshot;
}

bpfxx::Result<> Reader::read(Snapshot& snapshot)
{
    snapshot.map_id = maps_->map_id;
    snapshot.counter_id = maps_->counter_id;
    snapshot.taken = std::chrono::steady_clock::now();
    snapshot.wall_clock = std::chrono::system_clock::now();
    const auto stats = read_stats();
    if (!stats)
        return std::unexpected(stats.error());
    snapshot.stats = *stats;
    snapshot.has_breakdown = maps_->traffic.has_value();
    if (auto& traffic = maps_->traffic)
        return traffic->sum_to(snapshot.traffic);
    snapshot.traffic = {};
    return {};
}

bpfxx::Result<pkt_stats> Reader::read_stats()
{
    const auto* mapped = maps_->stats.mapped();
    if (mapped == nullptr) [[unlikely]]
        return maps_->stats.sum();
    // One look at the end tells whether a slot was just being written. Of two slots, one whose class is a frame behind
    // may make up for one whose class is a frame ahead: the sum is whole all the same.
    pkt_stats total{};
    mapped->sum_to(total);
    if (!is_whole(total)) [[unlikely]]
        return sum_with_care(*mapped);
    return total;
}

std::uint64_t Reader::counter_id() const noexcept
{
    return maps_->counter_id;
}

const std::vector<std::string>& Reader::notes() const noexcept
{
    return maps_->notes;
}

} // namespace xdpstat
