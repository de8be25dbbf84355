// SPDX-License-Identifier: BSD-2-Clause
#include "counter/reader.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "bpfxx/mapped_array.hpp"
#include "counter/layouts.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

/// How often a slot is read again that a CPU was just writing. A write takes a few nanoseconds.
constexpr int most_tries = 64;

/// A slot that a CPU was just writing, read again until it is between two frames. Where so many CPUs add to it that it
/// is never seen so, the total is that of the frames whose class is counted already. A slot that stands still is taken
/// as it is, whoever wrote it. Apart from the usual way, which keeps its words in registers.
[[gnu::noinline]] pkt_stats read_again(const bpfxx::MappedArray<pkt_stats>& map, std::uint32_t slot) noexcept
{
    pkt_stats stats = map.read(slot);
    bool stands_still = true;
    for (int i = 0; i < most_tries && !is_whole(stats); i++) {
        const pkt_stats again = map.read(slot);
        stands_still = stands_still && std::ranges::equal(counters(again), counters(stats));
        stats = again;
    }
    if (!stands_still && !is_whole(stats))
        stats.total_packets = classified(stats);
    return stats;
}

void add_slot(pkt_stats& total, const bpfxx::MappedArray<pkt_stats>& map, std::uint32_t slot) noexcept
{
    const pkt_stats stats = map.read(slot);
    if (is_whole(stats)) [[likely]]
        accumulate(total, stats);
    else
        accumulate(total, read_again(map, slot));
}

void add_slot(traffic_stats& total, const bpfxx::MappedArray<traffic_stats>& map, std::uint32_t slot) noexcept
{
    accumulate(total, map.read(slot));
}

/// A map of one slot or many, however it is made: the value of a counter is the sum over its slots.
template <class V>
class SlotMap {
public:
    static bpfxx::Result<SlotMap> open(const std::string& path, bpfxx::Proof proof)
    {
        auto map = bpfxx::Map::open_pinned(path);
        if (!map)
            return std::unexpected(std::move(map).error());
        const std::string object = path + ", " + map->label();
        const bool has_btf = map->info().btf_id != 0;
        auto opened = open(std::move(*map), proof);
        if (opened)
            return opened;
        bpfxx::Error& error = opened.error();
        error.object = object; // the name alone may be that of many maps
        if (error.kind == bpfxx::ErrorKind::permission)
            error.hint = "reading BTF needs CAP_SYS_ADMIN; if you know the layout, add --by-size";
        else if (!has_btf && !error.hint.empty())
            error.hint = "if you know the layout, add --by-size";
        return opened;
    }

    static bpfxx::Result<SlotMap> open(bpfxx::Result<bpfxx::Map> map, bpfxx::Proof proof)
    {
        if (map->info().is_mmapable_array())
            return wrap(bpfxx::MappedArray<V>::open(std::move(*map), proof));
        if (map->info().is_per_cpu_array())
            return wrap(bpfxx::PerCpuArrayMap<V>::open(std::move(*map), proof));
        return wrap(bpfxx::ArrayMap<V>::open(std::move(*map), proof));
    }

    bpfxx::Result<> sum(V& total)
    {
        return std::visit([&](auto& map) { return add(map, total); }, map_);
    }

    std::string note(const std::string& name) const
    {
        const auto& layout = std::visit([](const auto& map) -> const auto& { return map.layout(); }, map_);
        if (!layout)
            return name + ": opened by size, its layout is not proved";
        if (layout->outcome == bpfxx::Outcome::compatible)
            return name + ": made by another version, read field by field";
        return {};
    }

private:
    using Any = std::variant<bpfxx::MappedArray<V>, bpfxx::ArrayMap<V>, bpfxx::PerCpuArrayMap<V>>;
    explicit SlotMap(Any map) : map_(std::move(map)) {}

    template <class Opened>
    static bpfxx::Result<SlotMap> wrap(bpfxx::Result<Opened> opened)
    {
        if (!opened)
            return std::unexpected(std::move(opened).error());
        return SlotMap(Any(std::move(*opened)));
    }

    static bpfxx::Result<> add(const bpfxx::MappedArray<V>& map, V& total)
    {
        for (std::uint32_t slot = 0; slot < map.size(); slot++)
            add_slot(total, map, slot);
        return {};
    }

    static bpfxx::Result<> add(bpfxx::ArrayMap<V>& map, V& total)
    {
        for (std::uint32_t slot = 0; slot < map.size(); slot++) {
            const auto value = map.lookup(slot);
            if (!value)
                return std::unexpected(value.error());
            accumulate(total, *value);
        }
        return {};
    }

    static bpfxx::Result<> add(bpfxx::PerCpuArrayMap<V>& map, V& total)
    {
        for (std::uint32_t entry = 0; entry < map.size(); entry++) {
            const auto values = map.lookup(entry);
            if (!values)
                return std::unexpected(values.error());
            for (const V& value : *values)
                accumulate(total, value);
        }
        return {};
    }

    Any map_;
};

} // namespace

struct Reader::Maps {
    SlotMap<pkt_stats> stats;
    std::optional<SlotMap<traffic_stats>> traffic;
    std::vector<std::string> notes;
};

Reader::Reader(std::unique_ptr<Maps> maps) noexcept : maps_(std::move(maps)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

bpfxx::Result<Reader> Reader::open(const std::string& directory, bpfxx::Proof proof)
{
    auto stats = SlotMap<pkt_stats>::open(stats_pin(directory), proof);
    if (!stats)
        return std::unexpected(std::move(stats).error());
    auto maps = std::make_unique<Maps>(Maps{std::move(*stats), std::nullopt, {}});

    // No pin is no error: the breakdown was switched off.
    auto traffic = SlotMap<traffic_stats>::open(traffic_pin(directory), proof);
    if (traffic)
        maps->traffic = std::move(*traffic);
    else if (traffic.error().kind != bpfxx::ErrorKind::not_found)
        return std::unexpected(std::move(traffic).error());

    const auto keep = [&](std::string note) {
        if (!note.empty())
            maps->notes.push_back(std::move(note));
    };
    keep(maps->stats.note(XDP_COUNTER_STATS_MAP));
    if (maps->traffic)
        keep(maps->traffic->note(XDP_COUNTER_TRAFFIC_MAP));
    return Reader(std::move(maps));
}

bpfxx::Result<Snapshot> Reader::read()
{
    Snapshot snapshot;
    snapshot.taken = std::chrono::steady_clock::now();
    snapshot.wall_clock = std::chrono::system_clock::now();
    BPFXX_TRY(maps_->stats.sum(snapshot.stats));
    if (maps_->traffic) {
        snapshot.has_breakdown = true;
        BPFXX_TRY(maps_->traffic->sum(snapshot.traffic));
    }
    return snapshot;
}

bpfxx::Result<pkt_stats> Reader::read_stats()
{
    // Summed in place and returned by one return: a copy would wait for the stores just made.
    bpfxx::Result<pkt_stats> stats;
    if (auto summed = maps_->stats.sum(*stats); !summed)
        stats = std::unexpected(std::move(summed).error());
    return stats;
}

const std::vector<std::string>& Reader::notes() const noexcept
{
    return maps_->notes;
}

} // namespace xdpstat
