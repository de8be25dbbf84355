// SPDX-License-Identifier: BSD-2-Clause
#include "counter/adoption.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "bpfxx/link.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "counter/dispatching.hpp"
#include "counter/pin_access.hpp"
#include "counter/pins.hpp"
#include "counter/upgrade.hpp"

namespace xdpstat {

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;
using bpfxx::Result;

/// Whether a pin holds the map of this number.
bool holds_map(const std::string& path, std::uint32_t id)
{
    const auto pinned = bpfxx::Map::open_pinned(path);
    return pinned && pinned->info().id == id;
}

/// The program's own maps, wherever a pin of theirs is missing or holds something else. Tells whether any was.
Result<bool> restore_maps(const Instance& instance, const std::vector<std::uint32_t>& ids)
{
    bool restored = false;
    for (const std::uint32_t id : ids) {
        const auto map = bpfxx::Map::open_id(id);
        if (!map)
            return std::unexpected(map.error());
        for (const std::string& path : {stats_pin(instance.directory), traffic_pin(instance.directory)}) {
            if (!path.ends_with("/" + map->info().name) || holds_map(path, id))
                continue;
            if (::unlink(path.c_str()) != 0 && errno != ENOENT)
                return std::unexpected(bpfxx::system_error("replace", path, errno));
            BPFXX_TRY(bpfxx::pin(map->fd(), path));
            restored = true;
        }
    }
    return restored;
}

/// Whether the pins are the maps that the program writes, as far as this can be told without looking maps up by
/// number, which takes CAP_SYS_ADMIN. Where there is no breakdown, one pin is all there is.
bool maps_are_in_place(const Instance& instance, const std::vector<std::uint32_t>& ids)
{
    const auto is_one_of = [&](const std::string& path) {
        return std::ranges::any_of(ids, [&](std::uint32_t id) { return holds_map(path, id); });
    };
    return is_one_of(stats_pin(instance.directory)) && is_one_of(traffic_pin(instance.directory));
}

/// Likewise the program, found by the link that keeps it attached.
Result<bool> restore_program(const Instance& instance)
{
    if (pin_exists(program_pin(instance.directory)))
        return false;
    if (is_dispatched(instance.directory)) {
        BPFXX_TRY(restore_dispatched_program(instance.directory));
        return true;
    }
    const auto link = bpfxx::Link::open_pinned(link_pin(instance.directory));
    const auto info = link ? link->info() : std::unexpected(link.error());
    if (!info)
        return std::unexpected(info.error());
    const auto program = bpfxx::Program::open_id(info->program_id);
    if (!program)
        return std::unexpected(program.error());
    BPFXX_TRY(bpfxx::pin(program->fd(), program_pin(instance.directory)));
    return true;
}

Result<std::vector<std::uint32_t>> map_ids(const Instance& instance)
{
    const auto program = bpfxx::Program::open_pinned(program_pin(instance.directory));
    const auto info = program ? program->info() : std::unexpected(program.error());
    if (!info)
        return std::unexpected(info.error());
    return info->map_ids;
}

Result<bool> restore_pins(const Instance& instance)
{
    const auto restored = restore_program(instance);
    if (!restored)
        return restored;
    const auto ids = map_ids(instance);
    if (!ids)
        return std::unexpected(ids.error());
    if (maps_are_in_place(instance, *ids))
        return restored;
    const auto maps = restore_maps(instance, *ids);
    if (!maps && maps.error().kind() == ErrorKind::permission && pin_exists(stats_pin(instance.directory)))
        return restored; // most likely there is no breakdown
    return maps ? Result<bool>(*restored || *maps) : maps;
}

Result<> check_settings(const Instance& instance, const AttachOptions& options)
{
    std::string differs;
    const auto want = [&](const std::string& what, const std::string& wanted, const std::string& found) {
        if (wanted != found)
            differs += (differs.empty() ? "" : ", ") + what + " " + found + ", not " + wanted;
    };
    // What may not be read is refused where it is opened.
    if (instance.layout)
        want("layout", to_string(options.layout), to_string(*instance.layout));
    if (instance.breakdown)
        want("breakdown", options.breakdown ? "on" : "off", *instance.breakdown ? "on" : "off");
    const auto found = dispatcher_options(instance.directory);
    const auto way = [](bool dispatched) { return dispatched ? "by a dispatcher" : "alone"; };
    want("attached", way(options.dispatcher.has_value()), way(found.has_value()));
    if (options.dispatcher && found) {
        want("priority", std::to_string(options.dispatcher->priority), std::to_string(found->priority));
        want("chain call actions", action_words(options.dispatcher->chain_call_actions),
             action_words(found->chain_call_actions));
    }
    if (options.mode == ModeChoice::native)
        want("mode", "native", instance.mode);
    if (options.mode == ModeChoice::generic)
        want("mode", "generic", instance.mode);
    if (options.mode == ModeChoice::offload)
        want("mode", "offload", instance.mode);
    if (differs.empty())
        return {};
    return std::unexpected(bpfxx::make_error(ErrorKind::busy, "attach to", instance.interface,
                                             "it is attached with other settings: " + differs,
                                             "to change them: xdpstat detach " + instance.interface));
}

} // namespace

Error held_by_run(const std::string& operation, const Instance& instance)
{
    const std::string holder = holder_of_folder(instance.directory);
    return bpfxx::make_error(ErrorKind::busy, operation, instance.interface,
                             "a running 'xdpstat run', " + holder + ", holds it and will detach it",
                             "end that one first");
}

Error in_other_namespace(const std::string& operation, const Instance& instance)
{
    return bpfxx::make_error(
        ErrorKind::busy, operation, instance.directory,
        "it belongs to an interface in another network namespace",
        "run xdpstat there, choose another folder with --pin-root, or detach all: xdpstat detach --all");
}

void add_note(std::string& notes, const std::string& note)
{
    if (!note.empty())
        notes += (notes.empty() ? "" : "; ") + note;
}

Result<AttachResult> adopt(const PinRoot& root, const Instance& instance, const AttachOptions& options)
{
    AttachResult result;
    result.already_attached = true;
    // What is refused changes nothing; where a map's pin is not its own, the settings are known only when it is restored.
    if (const auto ids = map_ids(instance); ids && maps_are_in_place(instance, *ids))
        BPFXX_TRY(check_settings(instance, options));
    const bool dispatched = is_dispatched(instance.directory);
    if (!pin_exists(link_pin(instance.directory)) && !dispatched) {
        if (options.keep)
            return std::unexpected(held_by_run("attach to", instance));
    } else {
        const auto restored = restore_pins(instance);
        if (!restored)
            return std::unexpected(restored.error());
        PinAccess access = options.access;
        if (*restored && !access.is_asked_for())
            access = access_of(
                dispatched ? stats_pin(instance.directory)
                           : link_pin(instance.directory)); // what is pinned anew is its owner's alone
        const auto given = access.is_asked_for() ? give_access(instance.directory, access) : false;
        if (!given)
            return std::unexpected(given.error());
        if (*given && options.access.is_asked_for())
            add_note(result.note, "who may use its pins is changed");
        add_note(result.note, note_of_the_way(instance.directory, options.access));
        if (*restored)
            add_note(result.note, "pins were missing, or not the counter's own, and are restored");
    }
    const std::string directory = root.directory(instance.interface);
    if (instance.directory != directory) {
        BPFXX_TRY(exchange_folder(instance.directory, directory));
        add_note(result.note, "the interface was renamed: its pins are now in " + directory);
    }
    auto now = root.find(instance.interface);
    if (!now)
        return std::unexpected(std::move(now).error());
    BPFXX_TRY(check_settings(*now, options));
    auto exchanged = upgrade(root, *now, options);
    if (!exchanged)
        return std::unexpected(std::move(exchanged).error());
    add_note(result.note, exchanged->note);
    result.upgraded = exchanged->done;
    if (result.upgraded) {
        now = root.find(instance.interface);
        if (!now)
            return std::unexpected(std::move(now).error());
    }
    result.instance = std::move(*now);
    return result;
}

Result<std::string> vacate(const PinRoot& root, const Interface& interface)
{
    const std::string directory = root.directory(interface.name);
    std::string note;
    // Interfaces that changed names in a circle take a step each; every step puts one folder right.
    for (;;) {
        const auto all = root.instances();
        if (!all)
            return std::unexpected(all.error());
        const auto occupant = std::ranges::find(*all, directory, &Instance::directory);
        if (occupant == all->end() || occupant->ifindex == interface.index)
            return note;
        if (occupant->mode == mode_elsewhere)
            return std::unexpected(in_other_namespace("use", *occupant));
        if (occupant->mode == mode_unknown)
            return std::unexpected(bpfxx::make_error(ErrorKind::permission, "use", directory,
                                                     "its pins may not be opened by this user",
                                                     "run as root: sudo xdpstat attach " + interface.name));
        if (occupant->mode == mode_detached) {
            BPFXX_TRY(retire(root.path(), directory));
            return "the pins of an earlier counter that had ended are removed: it counts from 0";
        }
        const std::string own = root.directory(occupant->interface);
        const auto in_place = std::ranges::find(*all, own, &Instance::directory);
        if (in_place != all->end() && in_place->mode == mode_elsewhere)
            return std::unexpected(in_other_namespace("use", *in_place));
        if (in_place != all->end() && in_place->mode == mode_detached)
            BPFXX_TRY(retire(root.path(), own));
        BPFXX_TRY(exchange_folder(directory, own));
        note = "the pins of " + occupant->interface + ", which had this name before, are moved to its own";
    }
}

} // namespace xdpstat
