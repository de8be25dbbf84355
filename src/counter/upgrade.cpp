// SPDX-License-Identifier: BSD-2-Clause
//
// The new program is pinned beside the old one, in a folder out of sight; then the link is switched to it, which no frame
// notices. Where the maps are the same, that is all. Else the new program counts into maps of its own, with a slot more than
// there are CPUs, and once no CPU runs the old program any more its counts, which are then final, are written to that slot. Only
// then do the two folders change places. So the counts are in the link's program, its maps, and the old maps, at whatever point
// a process is killed, and writing the slot once more changes nothing.
#include "counter/upgrade.hpp"

#include <cerrno>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "bpfxx/array_map.hpp"
#include "bpfxx/counter_array.hpp"
#include "bpfxx/layout_report.hpp"
#include "bpfxx/link.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "counter/adoption.hpp"
#include "counter/capabilities.hpp"
#include "counter/layouts.hpp"
#include "counter/loader.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;
using bpfxx::Map;
using bpfxx::Result;

constexpr const char* operation = "exchange the program of";

/// The tag of the program that an attach with these settings loads. Loading takes long enough to be done once only.
Result<std::string> own_tag(SlotLayout layout, bool breakdown)
{
    static std::mutex mutex;
    static std::map<std::pair<SlotLayout, bool>, std::string> tags;
    const std::lock_guard lock(mutex);
    std::string& tag = tags[{layout, breakdown}];
    if (tag.empty()) {
        const auto counter = load_counter(layout, breakdown);
        const auto info =
            counter ? bpfxx::program_info(counter->program_fd()) : std::unexpected(counter.error());
        if (!info)
            return std::unexpected(info.error());
        tag = info->tag;
    }
    return tag;
}

std::optional<std::uint32_t> id_of_program(const std::string& pin)
{
    const auto program = bpfxx::Program::open_pinned(pin);
    const auto info = program ? program->info() : std::unexpected(program.error());
    return info ? std::optional(info->id) : std::nullopt;
}

std::optional<std::uint32_t> id_of_map(const std::string& pin)
{
    const auto map = Map::open_pinned(pin);
    return map ? std::optional(map->info().id) : std::nullopt;
}

/// A map of the program before, and how its values lie beside this build's.
struct OldMap {
    Map map;
    bpfxx::Layout layout;

    [[nodiscard]] bool is_like_new() const { return map.info().is_mmapable_array() && layout.is_direct(); }
};

template <class V>
Result<OldMap> open_old(const std::string& pin)
{
    auto map = Map::open_pinned(pin);
    if (!map)
        return std::unexpected(std::move(map).error());
    auto layout = map->check_value(bpfxx::shape<V>, bpfxx::Proof::btf_part);
    if (!layout)
        return std::unexpected(std::move(layout).error());
    return OldMap{std::move(*map), std::move(*layout)};
}

/// What of the counts ends or begins with the new program.
void note_fields(const OldMap& map, std::string& note)
{
    const bpfxx::LayoutReport* report = map.layout.report();
    if (report == nullptr)
        return;
    for (const bpfxx::Difference& row : report->differences) {
        if (row.found.empty())
            add_note(note, row.field + " was not counted before: it counts from 0");
        else if (row.wanted.empty())
            add_note(note, row.field + " is counted no more");
    }
}

/// The mode and owner that a pin had, for its successor.
void keep_rights(const std::string& from, const std::string& to)
{
    struct stat had = {};
    struct stat has = {};
    if (::stat(from.c_str(), &had) != 0 || ::stat(to.c_str(), &has) != 0)
        return;
    if (had.st_uid != has.st_uid || had.st_gid != has.st_gid)
        (void)!::chown(to.c_str(), had.st_uid, had.st_gid);
    if (had.st_mode != has.st_mode)
        (void)::chmod(to.c_str(), had.st_mode & 07777);
}

Result<> pin_anew(int fd, const std::string& from, const std::string& to)
{
    BPFXX_TRY(bpfxx::pin(fd, to));
    keep_rights(from, to);
    return {};
}

/// The same pin at a second place, by which a reader recognises it; where that is not allowed, a new pin of the same object.
Result<> pin_same(int fd, const std::string& from, const std::string& to)
{
    if (::link(from.c_str(), to.c_str()) == 0)
        return {};
    return pin_anew(fd, from, to);
}

/// Fills the folder of the new program. @param keeps_maps it counts into the maps of the one before
Result<> stage(const std::string& staging, const std::string& directory, const LoadedCounter& counter,
               const bpfxx::Link& link, bool keeps_maps)
{
    if (::mkdir(staging.c_str(), 0755) != 0)
        return std::unexpected(bpfxx::system_error("create", staging, errno));
    keep_rights(directory, staging);
    const auto pin_map = keeps_maps ? pin_same : pin_anew;
    BPFXX_TRY(pin_map(counter.stats_map_fd(), stats_pin(directory), stats_pin(staging)));
    if (counter.traffic_map_fd() >= 0)
        BPFXX_TRY(pin_map(counter.traffic_map_fd(), traffic_pin(directory), traffic_pin(staging)));
    BPFXX_TRY(pin_same(link.fd(), link_pin(directory), link_pin(staging)));
    // Last: a folder without it is not whole.
    return pin_anew(counter.program_fd(), program_pin(directory), program_pin(staging));
}

/// The counts of a map whose program runs no more, into the slot of the new map that no CPU writes.
template <class V>
Result<> carry(const std::string& from_pin, const std::string& to_pin)
{
    auto from = Map::open_pinned(from_pin);
    if (!from)
        return std::unexpected(std::move(from).error());
    auto slots = bpfxx::CounterArray<V>::open(std::move(*from), bpfxx::Proof::btf_part);
    if (!slots)
        return std::unexpected(std::move(slots).error());
    const auto sum = slots->sum();
    if (!sum)
        return std::unexpected(sum.error());
    auto map = Map::open_pinned(to_pin);
    if (!map)
        return std::unexpected(std::move(map).error());
    auto to = bpfxx::ArrayMap<V>::open(std::move(*map));
    if (!to)
        return std::unexpected(std::move(to).error());
    return to->update(to->size() - 1, *sum);
}

/// What is left to do once the link has the new program; may be done again.
Result<> complete(const std::string& staging, const std::string& directory)
{
    if (id_of_map(stats_pin(staging)) != id_of_map(stats_pin(directory))) {
        BPFXX_TRY(bpfxx::wait_for_running_programs());
        BPFXX_TRY(carry<pkt_stats>(stats_pin(directory), stats_pin(staging)));
        if (pin_exists(traffic_pin(staging)))
            BPFXX_TRY(carry<traffic_stats>(traffic_pin(directory), traffic_pin(staging)));
    }
    BPFXX_TRY(exchange_folder(staging, directory));
    return remove_pins(staging);
}

std::string staging_of(const PinRoot& root, const Instance& instance)
{
    return root.path() + "/" + upgrading_prefix +
           std::filesystem::path(instance.directory).filename().string();
}

/// Of a refusal: whose program it is about, and that all goes on.
Error refused(Error error, const Instance& instance)
{
    error.set_operation(operation);
    error.set_object(instance.interface);
    error.set_hint("the one before counts on; to begin from 0: xdpstat detach " + instance.interface +
                   ", and attach again");
    return error;
}

/// Loads this build's program over the maps of the one before, or over its own. @param traffic none: no breakdown
Result<LoadedCounter> load_over(const Instance& instance, const OldMap& stats,
                                const std::optional<OldMap>& traffic, const AttachOptions& options,
                                bool keeps_maps)
{
    LoadOptions load{.layout = options.layout, .breakdown = options.breakdown};
    if (keeps_maps) {
        load.stats_map = stats.map.fd();
        load.traffic_map = traffic ? traffic->map.fd() : -1;
        return load_counter(load);
    }
    if (options.layout == SlotLayout::shared)
        return std::unexpected(bpfxx::make_error(ErrorKind::incompatible, operation, instance.interface,
                                                 "its maps have another layout, and the one slot that all "
                                                 "CPUs share cannot take the counts while they add to it"));
    load.carries = true;
    return load_counter(load);
}

} // namespace

Result<Upgrade> upgrade(const PinRoot& root, const Instance& instance, const AttachOptions& options)
{
    const std::string& directory = instance.directory;
    auto link = bpfxx::Link::open_pinned(link_pin(directory));
    const auto running = bpfxx::Program::open_pinned(program_pin(directory));
    const auto info = running ? running->info() : std::unexpected(running.error());
    if (!link || !info)
        return Upgrade{}; // held by a process that will detach it
    const auto tag = own_tag(options.layout, options.breakdown);
    if (!tag)
        return std::unexpected(tag.error());
    const auto stats_map = Map::open_pinned(stats_pin(directory));
    if (!stats_map)
        return std::unexpected(stats_map.error());
    if (info->tag == *tag && stats_map->info().value_size == sizeof(pkt_stats))
        return Upgrade{};
    if (!capabilities().sys_admin)
        return Upgrade{.note = "its program is not the one that would be attached now (tag " + info->tag +
                               ", not " + *tag +
                               "); to exchange it takes CAP_SYS_ADMIN, which reads how its maps lie"};

    auto stats = open_old<pkt_stats>(stats_pin(directory));
    if (!stats)
        return std::unexpected(refused(std::move(stats).error(), instance));
    std::optional<OldMap> traffic;
    if (options.breakdown) {
        auto opened = open_old<traffic_stats>(traffic_pin(directory));
        if (!opened)
            return std::unexpected(refused(std::move(opened).error(), instance));
        traffic = std::move(*opened);
    }
    const bool keeps_maps = stats->is_like_new() &&
                            (!traffic || (traffic->is_like_new() &&
                                          traffic->map.info().max_entries == stats->map.info().max_entries));
    const auto counter = load_over(instance, *stats, traffic, options, keeps_maps);
    if (!counter)
        return std::unexpected(refused(counter.error(), instance));

    const std::string staging = staging_of(root, instance);
    auto switched = stage(staging, directory, *counter, *link, keeps_maps);
    if (switched)
        switched = link->update(counter->program_fd(), running->fd());
    if (!switched) {
        (void)remove_pins(staging); // the first error is the one to tell
        return std::unexpected(refused(std::move(switched).error(), instance));
    }
    BPFXX_TRY(complete(staging, directory));

    Upgrade result{.done = true, .note = "its counts go on"};
    note_fields(*stats, result.note);
    if (traffic)
        note_fields(*traffic, result.note);
    return result;
}

Result<> mend_upgrades(const std::string& root)
{
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(root, ignored)) {
        const std::string staging = entry.path().string();
        const std::string folder = entry.path().filename().string();
        if (!folder.starts_with(upgrading_prefix))
            continue;
        const std::string directory = root + "/" + folder.substr(std::string(upgrading_prefix).size());
        const auto link = bpfxx::Link::open_pinned(link_pin(directory));
        const auto info = link ? link->info() : std::unexpected(link.error());
        const auto staged = id_of_program(program_pin(staging));
        const bool is_switched =
            info && staged && info->program_id == *staged && id_of_program(program_pin(directory)) != staged;
        if (!is_switched)
            (void)remove_pins(staging); // what cannot be removed is out of sight already
        else
            BPFXX_TRY(complete(staging, directory));
    }
    return {};
}

} // namespace xdpstat
