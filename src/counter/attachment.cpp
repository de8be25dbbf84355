// SPDX-License-Identifier: BSD-2-Clause
#include "counter/attachment.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/stat.h>

#include "bpfxx/link.hpp"
#include "bpfxx/map.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/capabilities.hpp"
#include "counter/interface.hpp"
#include "counter/loader.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;
using bpfxx::Result;

/// Who holds the interface, in words.
std::string describe_program(std::uint32_t id)
{
    const std::string number = "id " + std::to_string(id);
    const auto program = bpfxx::Program::open_id(id);
    const auto info = program ? program->info() : std::unexpected(program.error());
    return info ? "'" + info->name + "' (" + number + ", tag " + info->tag + ")" : number;
}

Error slot_taken(const Interface& interface, std::uint32_t program_id)
{
    return bpfxx::make_error(ErrorKind::busy, "attach to", interface.name,
                             "another XDP program holds it: " + describe_program(program_id),
                             "detach that one first: ip link set " + interface.name +
                                 " xdp off, or bpftool link detach where a link holds it (bpftool link)");
}

Result<> check_unoccupied(const Interface& interface)
{
    const auto state = bpfxx::query_xdp(interface.index);
    if (!state)
        return std::unexpected(state.error());
    for (const std::uint32_t id : {state->native_id, state->generic_id, state->offload_id})
        if (id != 0)
            return std::unexpected(slot_taken(interface, id));
    return {};
}

/// Errors with which a driver refuses native mode although the interface is free and the caller may attach.
bool is_refusal(int error_number)
{
    return error_number == EOPNOTSUPP || error_number == EINVAL || error_number == ERANGE ||
           error_number == ENOSPC || error_number == ENOMEM || error_number == E2BIG ||
           error_number == EMSGSIZE;
}

std::string why_refused(const Interface& interface, const Error& error)
{
    const std::string driver = interface.driver.empty() ? "its driver" : "driver " + interface.driver;
    if (error.error_number == EOPNOTSUPP)
        return driver + " has no native XDP, or not with its present features; see xdpstat doctor " +
               interface.name;
    return driver + " refuses native XDP (" + error.message() + "); see xdpstat doctor " + interface.name;
}

struct Attached {
    bpfxx::Link link;
    std::string why_not_native;
};

Result<Attached> attach_link(const LoadedCounter& counter, const Interface& interface, ModeChoice choice)
{
    const auto try_mode = [&](bpfxx::XdpMode mode) -> Result<bpfxx::Link> {
        auto link = bpfxx::Link::attach_xdp(counter.program_fd(), interface.index, mode);
        if (link)
            return link;
        Error error = std::move(link).error();
        error.object = interface.name;
        error.operation = std::string("attach in ") + bpfxx::to_string(mode) + " mode to";
        if (is_refusal(error.error_number) && mode != bpfxx::XdpMode::generic)
            error.hint = "see xdpstat doctor " + interface.name + ", or take --mode generic";
        if (error.error_number == EINVAL && mode == bpfxx::XdpMode::offload)
            error.cause = "the card takes no program of this kind";
        if (error.error_number == EINVAL || error.error_number == ERANGE)
            error.kind = ErrorKind::unsupported;
        return std::unexpected(std::move(error));
    };

    const bool automatic = choice == ModeChoice::automatic;
    const auto first = choice == ModeChoice::generic   ? bpfxx::XdpMode::generic
                       : choice == ModeChoice::offload ? bpfxx::XdpMode::offload
                                                       : bpfxx::XdpMode::native;
    auto link = try_mode(first);
    if (link)
        return Attached{std::move(*link), {}};
    if (!automatic || !is_refusal(link.error().error_number))
        return std::unexpected(std::move(link).error());

    std::string why = why_refused(interface, link.error());
    auto generic = try_mode(bpfxx::XdpMode::generic);
    if (!generic)
        return std::unexpected(std::move(generic).error());
    return Attached{std::move(*generic), std::move(why)};
}

/// Pins an attached counter under a name of its own, then shows it whole. What is returned marks the folder as held
/// by this process; it is empty where the link is pinned.
Result<bpfxx::Fd> publish(const PinRoot& root, const std::string& interface, const LoadedCounter& counter,
                          const bpfxx::Link& link, bool keep)
{
    const std::string staging = root.path() + "/" + attaching_prefix + encode_name(interface);
    const std::string directory = root.directory(interface);
    if (::mkdir(staging.c_str(), 0755) != 0)
        return std::unexpected(bpfxx::system_error("create", staging, errno));
    bpfxx::Fd hold;
    const auto fill = [&]() -> Result<> {
        BPFXX_TRY(bpfxx::pin(counter.stats_map_fd(), stats_pin(staging)));
        if (counter.traffic_map_fd() >= 0)
            BPFXX_TRY(bpfxx::pin(counter.traffic_map_fd(), traffic_pin(staging)));
        BPFXX_TRY(bpfxx::pin(counter.program_fd(), program_pin(staging)));
        if (keep) {
            BPFXX_TRY(bpfxx::pin(link.fd(), link_pin(staging)));
        } else {
            auto held = hold_folder(staging);
            if (!held)
                return std::unexpected(std::move(held).error());
            hold = std::move(*held);
        }
        if (::rename(staging.c_str(), directory.c_str()) != 0)
            return std::unexpected(
                bpfxx::system_error("create", directory, errno, "something else is there: move it away"));
        return {};
    };
    if (auto filled = fill(); !filled) {
        (void)remove_folder(staging); // the first error is the one to tell
        return std::unexpected(std::move(filled).error());
    }
    return hold;
}

/// Maps whose pins were removed by hand are found by the program that writes them, and pinned again. Tells whether
/// any was.
Result<bool> restore_maps(const Instance& instance)
{
    const auto program = bpfxx::Program::open_pinned(program_pin(instance.directory));
    const auto info = program ? program->info() : std::unexpected(program.error());
    if (!info)
        return std::unexpected(info.error());
    bool restored = false;
    for (const std::uint32_t id : info->map_ids) {
        const auto map = bpfxx::Map::open_id(id);
        if (!map)
            return std::unexpected(map.error());
        for (const std::string& path : {stats_pin(instance.directory), traffic_pin(instance.directory)}) {
            if (path.ends_with("/" + map->info().name) && !pin_exists(path)) {
                BPFXX_TRY(bpfxx::pin(map->fd(), path));
                restored = true;
            }
        }
    }
    return restored;
}

/// Likewise the program, found by the link that keeps it attached.
Result<bool> restore_program(const Instance& instance)
{
    if (pin_exists(program_pin(instance.directory)))
        return false;
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

/// Looking objects up by number takes CAP_SYS_ADMIN, so it is done only where a pin may be missing.
Result<bool> restore_pins(const Instance& instance)
{
    const auto program = restore_program(instance);
    if (!program ||
        (pin_exists(stats_pin(instance.directory)) && pin_exists(traffic_pin(instance.directory))))
        return program;
    const auto maps = restore_maps(instance);
    if (!maps && maps.error().kind == ErrorKind::permission && pin_exists(stats_pin(instance.directory)))
        return program; // most likely there is no breakdown
    return maps ? Result<bool>(*program || *maps) : maps;
}

Error held_by_run(const std::string& operation, const std::string& interface)
{
    return bpfxx::make_error(ErrorKind::busy, operation, interface,
                             "a running 'xdpstat run' holds it and will detach it", "end that one first");
}

Error in_other_namespace(const std::string& operation, const Instance& instance)
{
    return bpfxx::make_error(ErrorKind::busy, operation, instance.directory,
                             "it belongs to an interface of the same name in another network namespace",
                             "run xdpstat there, or choose another folder with --pin-root");
}

Result<> check_settings(const Instance& instance, const AttachOptions& options)
{
    std::string differs;
    const auto want = [&](const std::string& what, const std::string& wanted, const std::string& found) {
        if (wanted != found)
            differs += (differs.empty() ? "" : ", ") + what + " " + found + ", not " + wanted;
    };
    want("layout", to_string(options.layout), to_string(instance.layout));
    want("breakdown", options.breakdown ? "on" : "off", instance.breakdown ? "on" : "off");
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

/// Takes over an instance that counts already. Its folder is given the interface's present name.
Result<AttachResult> adopt(const PinRoot& root, Instance instance, const AttachOptions& options)
{
    AttachResult result;
    result.already_attached = true;
    // What is refused changes nothing; where a map's pin is missing, the settings are known only when it is restored.
    if (pin_exists(stats_pin(instance.directory)) && pin_exists(traffic_pin(instance.directory)))
        BPFXX_TRY(check_settings(instance, options));
    if (!pin_exists(link_pin(instance.directory))) {
        if (options.keep)
            return std::unexpected(held_by_run("attach to", instance.interface));
    } else {
        const auto restored = restore_pins(instance);
        if (!restored)
            return std::unexpected(restored.error());
        if (*restored)
            result.note = "pins were missing and are restored";
    }
    const std::string directory = root.directory(instance.interface);
    if (instance.directory != directory) {
        BPFXX_TRY(exchange_folder(instance.directory, directory));
        result.note = "the interface was renamed: its pins are now in " + directory;
    }
    auto now = root.find(instance.interface);
    if (!now)
        return std::unexpected(std::move(now).error());
    BPFXX_TRY(check_settings(*now, options));
    result.instance = std::move(*now);
    return result;
}

/// Takes from the interface's folder whatever is not its own: an instance that counts no more, or counts elsewhere.
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

} // namespace

Result<> check_may_attach(const std::string& interface)
{
    if (const auto found = find_interface(interface); !found)
        return std::unexpected(found.error());
    return check_capabilities();
}

Result<AttachResult> attach(const PinRoot& root, const std::string& name, const AttachOptions& options)
{
    const auto interface = find_interface(name);
    if (!interface)
        return std::unexpected(interface.error());
    const auto lock = root.lock();
    if (!lock)
        return std::unexpected(lock.error());
    BPFXX_TRY(mend_folders(root.path()));
    const auto note = vacate(root, *interface);
    if (!note)
        return std::unexpected(note.error());
    const auto existing = root.find(name);
    if (existing)
        return adopt(root, *existing, options);

    BPFXX_TRY(check_unoccupied(*interface));
    const auto counter = load_counter(options.layout, options.breakdown);
    if (!counter)
        return std::unexpected(counter.error());
    auto attached = attach_link(*counter, *interface, options.mode);
    if (!attached)
        return std::unexpected(std::move(attached).error());
    auto hold = publish(root, name, *counter, attached->link, options.keep);
    if (!hold)
        return std::unexpected(std::move(hold).error());

    auto instance = root.find(name);
    if (!instance)
        return std::unexpected(std::move(instance).error());
    std::string notes = *note;
    if (!interface->up)
        notes += (notes.empty() ? "" : "; ") +
                 std::string("it is down and counts as soon as it is up: ip link set ") + name + " up";
    AttachResult result{.instance = std::move(*instance),
                        .already_attached = false,
                        .why_not_native = std::move(attached->why_not_native),
                        .held = std::nullopt,
                        .note = std::move(notes)};
    if (!options.keep)
        result.held.emplace(std::move(attached->link), std::move(*hold));
    return result;
}

Result<> mend(const PinRoot& root)
{
    const auto lock = root.lock();
    if (!lock)
        return std::unexpected(lock.error());
    return mend_folders(root.path());
}

Result<> detach(const PinRoot& root, const std::string& interface)
{
    const auto lock = root.lock();
    if (!lock && lock.error().kind == ErrorKind::not_found)
        return std::unexpected(root.find(interface).error()); // no root: it says that nothing is attached
    if (!lock)
        return std::unexpected(lock.error());
    const bool begun = pin_exists(root.path() + "/" + detaching_prefix + encode_name(interface));
    BPFXX_TRY(mend_folders(root.path()));
    const auto instance = root.find(interface);
    if (!instance && instance.error().kind == ErrorKind::not_found && begun)
        return {}; // a detach that was killed: it is done now
    if (!instance)
        return std::unexpected(instance.error());
    if (instance->mode == mode_elsewhere)
        return std::unexpected(in_other_namespace("detach", *instance));
    if (instance->mode != mode_detached && !pin_exists(link_pin(instance->directory)))
        return std::unexpected(held_by_run("detach from", interface));
    return retire(root.path(), instance->directory);
}

Result<> end(const PinRoot& root, AttachResult attached)
{
    const auto lock = root.lock();
    if (!lock)
        return std::unexpected(lock.error());
    const auto all = root.instances();
    if (!all)
        return std::unexpected(all.error());
    attached.held.reset();
    // By its program: an interface may have been renamed, and its name given to another.
    const auto instance = std::ranges::find(*all, attached.instance.program_id, &Instance::program_id);
    if (instance == all->end())
        return {};
    return retire(root.path(), instance->directory);
}

} // namespace xdpstat
