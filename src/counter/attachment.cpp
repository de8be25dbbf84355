// SPDX-License-Identifier: BSD-2-Clause
#include "counter/attachment.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <ranges>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "bpfxx/link.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/adoption.hpp"
#include "counter/capabilities.hpp"
#include "counter/dispatcher.hpp"
#include "counter/dispatching.hpp"
#include "counter/interface.hpp"
#include "counter/loader.hpp"
#include "counter/pins.hpp"
#include "counter/upgrade.hpp"

namespace xdpstat {

namespace {

using bpfxx::Error;
using bpfxx::ErrorKind;
using bpfxx::Result;

/// A dispatcher holds it. What to do: go into libxdp's, or have bpfman put the counter into its own.
Error taken_by(const Interface& interface, const Dispatcher& dispatcher)
{
    std::string cause = std::string(to_string(dispatcher.kind)) + " holds it (id " +
                        std::to_string(dispatcher.program_id) + ")";
    if (!dispatcher.programs.empty())
        cause += " and runs " + describe(dispatcher.programs);
    const std::string hint =
        dispatcher.kind == DispatcherKind::libxdp
            ? "run beside them: xdpstat attach " + interface.name + " --dispatcher"
        : dispatcher.kind == DispatcherKind::bpfman
            ? "have bpfman run the counter too: bpfman load file --path xdp_counter.o, then bpfman attach"
            : "unload it by what loaded it: xdp-loader status, bpfman list";
    return bpfxx::make_error(ErrorKind::busy, "attach to", interface.name, cause, hint);
}

Error slot_taken(const Interface& interface, std::uint32_t program_id)
{
    if (const auto dispatcher = find_dispatcher(interface.index, program_id))
        return taken_by(interface, *dispatcher);
    const DispatchedProgram program = look_up_program(program_id);
    if (program.name == XDP_COUNTER_PROGRAM)
        return bpfxx::make_error(
            ErrorKind::busy, "attach to", interface.name,
            "a counter that is not pinned here holds it: " + describe(program),
            "name its pin root with --pin-root (bpftool prog show -f tells its pins), or " +
                std::string("detach it: ip link set ") + interface.name + " xdp off");
    return bpfxx::make_error(ErrorKind::busy, "attach to", interface.name,
                             "another XDP program holds it: " + describe(program),
                             "detach that one first: ip link set " + interface.name +
                                 " xdp off, or bpftool link detach where a link holds it (bpftool link); "
                                 "loaded anew by xdp-loader it leaves room for attach --dispatcher");
}

/// What the program takes for the ethertype would be some bytes of an IP header.
Result<> check_ethernet(const Interface& interface)
{
    if (interface.ethernet)
        return {};
    return std::unexpected(
        bpfxx::make_error(ErrorKind::unsupported, "attach to", interface.name,
                          "its frames have no Ethernet header, from which the counter starts",
                          "attach to the interface that carries its packets"));
}

bool is_of_libxdp(const Interface& interface, std::uint32_t program_id)
{
    const auto dispatcher = find_dispatcher(interface.index, program_id);
    return dispatcher && dispatcher->kind == DispatcherKind::libxdp;
}

/// @param beside whether programs in libxdp's dispatcher are none of its occupants
Result<> check_unoccupied(const Interface& interface, bool beside)
{
    const auto state = bpfxx::query_xdp(interface.index);
    if (!state)
        return std::unexpected(state.error());
    for (const std::uint32_t id : {state->native_id, state->generic_id, state->offload_id})
        if (id != 0 && !(beside && is_of_libxdp(interface, id)))
            return std::unexpected(slot_taken(interface, id));
    return {};
}

std::string why_refused(const Interface& interface, const Error& error)
{
    const std::string driver = interface.driver.empty() ? "its driver" : "driver " + interface.driver;
    if (error.error_number() == EOPNOTSUPP)
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
        error.set_object(interface.name);
        error.set_operation(std::string("attach in ") + bpfxx::to_string(mode) + " mode to");
        if (is_refusal(error.error_number()) && mode != bpfxx::XdpMode::generic)
            error.set_hint("see xdpstat doctor " + interface.name + ", or take --mode generic");
        if (error.error_number() == EINVAL && mode == bpfxx::XdpMode::offload)
            error.set_cause("the card takes no program of this kind");
        if (error.error_number() == EINVAL || error.error_number() == ERANGE)
            error.set_kind(ErrorKind::unsupported);
        return std::unexpected(std::move(error));
    };

    const bool automatic = choice == ModeChoice::automatic;
    const auto first = choice == ModeChoice::generic   ? bpfxx::XdpMode::generic
                       : choice == ModeChoice::offload ? bpfxx::XdpMode::offload
                                                       : bpfxx::XdpMode::native;
    auto link = try_mode(first);
    if (link)
        return Attached{std::move(*link), {}};
    if (!automatic || !is_refusal(link.error().error_number()))
        return std::unexpected(std::move(link).error());

    std::string why = why_refused(interface, link.error());
    auto generic = try_mode(bpfxx::XdpMode::generic);
    if (!generic)
        return std::unexpected(std::move(generic).error());
    return Attached{std::move(*generic), std::move(why)};
}

/// Makes a folder out of sight, has it filled, and shows it whole. What cannot be filled is removed.
template <class Fill>
Result<> publish(const PinRoot& root, const std::string& interface, const AttachOptions& options, Fill fill)
{
    const std::string staging = root.path() + "/" + attaching_prefix + encode_name(interface);
    const std::string directory = root.directory(interface);
    const ::mode_t mode = options.access.is_asked_for() ? 0700 : 0755;
    if (::mkdir(staging.c_str(), mode) != 0)
        return std::unexpected(
            bpfxx::system_error("create", staging, errno, errno == EEXIST ? "remove what is in it" : ""));
    Result<> filled = fill(staging);
    if (filled && ::rename(staging.c_str(), directory.c_str()) != 0)
        filled = std::unexpected(
            bpfxx::system_error("create", directory, errno, "something else is there: move it away"));
    if (!filled)
        (void)remove_folder(staging); // the first error is the one to tell
    return filled;
}

/// Pins an attached counter. What is returned marks the folder as held by this process; it is empty where the link is
/// pinned.
Result<bpfxx::Fd> pin_all(const PinRoot& root, const std::string& interface, const LoadedCounter& counter,
                          const bpfxx::Link& link, const AttachOptions& options)
{
    bpfxx::Fd hold;
    const auto fill = [&](const std::string& staging) -> Result<> {
        BPFXX_TRY(bpfxx::pin(counter.stats_map_fd(), stats_pin(staging)));
        if (counter.traffic_map_fd() >= 0)
            BPFXX_TRY(bpfxx::pin(counter.traffic_map_fd(), traffic_pin(staging)));
        BPFXX_TRY(bpfxx::pin(counter.program_fd(), program_pin(staging)));
        if (options.keep)
            BPFXX_TRY(bpfxx::pin(link.fd(), new_link_pin(staging)));
        if (options.access.is_asked_for())
            if (const auto given = give_access(staging, options.access); !given)
                return std::unexpected(given.error());
        if (options.keep) {
            // From here on whoever mends completes the attach: all else must be done.
            if (::rename(new_link_pin(staging).c_str(), link_pin(staging).c_str()) != 0)
                return std::unexpected(bpfxx::system_error("create", link_pin(staging), errno));
        } else {
            auto held = hold_folder(staging);
            if (!held)
                return std::unexpected(std::move(held).error());
            hold = std::move(*held);
        }
        return {};
    };
    if (auto published = publish(root, interface, options, fill); !published)
        return std::unexpected(std::move(published).error());
    return hold;
}

/// What a person should know of the way in which the program learns a frame's length.
std::string note_of(xdp_counter_length source)
{
    switch (source) {
    case XDP_COUNTER_LENGTH_HELPER:
        return "lengths come from a helper call, which costs some nanoseconds a packet more: the other way "
               "needs " +
               std::string("CAP_PERFMON and kernel 6.2");
    case XDP_COUNTER_LENGTH_LINEAR:
        return "this kernel has no multi-buffer XDP (5.18): native mode takes frames that fit one buffer";
    case XDP_COUNTER_LENGTH_KERNEL_CTX:
        break;
    }
    return {};
}

/// Under the root's lock, as all that follow.
Result<> mend_all(const PinRoot& root)
{
    BPFXX_TRY(mend_folders(root.path()));
    return mend_upgrades(root.path());
}

/// A counter that has the interface for itself.
Result<> attach_alone(const PinRoot& root, const Interface& interface, const AttachOptions& options,
                      AttachResult& result)
{
    const auto counter = load_counter(options.layout, options.breakdown);
    if (!counter)
        return std::unexpected(counter.error());
    auto attached = attach_link(*counter, interface, options.mode);
    if (!attached)
        return std::unexpected(std::move(attached).error());
    auto hold = pin_all(root, interface.name, *counter, attached->link, options);
    if (!hold)
        return std::unexpected(std::move(hold).error());
    result.why_not_native = std::move(attached->why_not_native);
    add_note(result.note, note_of(counter->length_source()));
    if (!options.keep)
        result.held.emplace(std::move(attached->link), std::move(*hold));
    return {};
}

/// One beside others.
Result<> attach_beside(const PinRoot& root, const Interface& interface, const AttachOptions& options,
                       AttachResult& result)
{
    const auto fill = [&](const std::string& staging) -> Result<> {
        auto joined = join_dispatcher(staging, interface, options);
        if (!joined)
            return std::unexpected(std::move(joined).error());
        result.why_not_native = std::move(joined->why_not_native);
        add_note(result.note, note_of(joined->length_source));
        if (options.access.is_asked_for())
            if (const auto given = give_access(staging, options.access); !given)
                return std::unexpected(given.error());
        // From here on whoever mends completes the attach.
        if (::rename(new_program_pin(staging).c_str(), program_pin(staging).c_str()) != 0)
            return std::unexpected(bpfxx::system_error("create", program_pin(staging), errno));
        return {};
    };
    return publish(root, interface.name, options, fill);
}

Result<AttachResult> attach_locked(const PinRoot& root, const Interface& interface,
                                   const AttachOptions& options)
{
    BPFXX_TRY(mend_all(root));
    const auto note = vacate(root, interface);
    if (!note)
        return std::unexpected(note.error());
    const auto existing = root.find(interface.name);
    if (existing)
        return adopt(root, *existing, options);

    BPFXX_TRY(check_unoccupied(interface, options.dispatcher.has_value()));
    AttachResult result;
    result.note = *note;
    const auto how = options.dispatcher ? attach_beside : attach_alone;
    BPFXX_TRY(how(root, interface, options, result));
    auto instance = root.find(interface.name);
    if (!instance) {
        (void)retire(root.path(), root.directory(interface.name)); // the first error is the one to tell
        return std::unexpected(std::move(instance).error());
    }
    result.instance = std::move(*instance);
    add_note(result.note, note_of_the_way(result.instance.directory, options.access));
    return result;
}

/// The root's lock. Another process may remove a root that it had made between our creating it and locking it; then it
/// is made anew. @param made the folders that were made for it, also where it fails
Result<bpfxx::Fd> create_and_lock(const PinRoot& root, bool mount_bpffs, std::vector<std::string>& made)
{
    for (;;) {
        auto created = root.create(mount_bpffs);
        if (!created)
            return std::unexpected(std::move(created).error());
        std::ranges::move(*created, std::back_inserter(made));
        auto lock = root.lock();
        if (lock || lock.error().kind() != ErrorKind::not_found)
            return lock;
    }
}

Result<> detach_locked(const PinRoot& root, const Instance& instance)
{
    if (instance.mode != mode_detached && !pin_exists(link_pin(instance.directory)) &&
        !is_dispatched(instance.directory))
        return std::unexpected(held_by_run("detach from", instance));
    BPFXX_TRY(retire(root.path(), instance.directory));
    return mend_upgrades(root.path()); // what is left of one has no link any more
}

} // namespace

bool is_refusal(int error_number)
{
    return error_number == EOPNOTSUPP || error_number == EINVAL || error_number == ERANGE ||
           error_number == ENOSPC || error_number == ENOMEM || error_number == E2BIG ||
           error_number == EMSGSIZE;
}

Result<> check_may_attach(const std::string& interface, const AttachOptions& options)
{
    const auto found = find_interface(interface);
    if (!found)
        return std::unexpected(found.error());
    BPFXX_TRY(check_ethernet(*found));
    return options.dispatcher ? check_may_dispatch() : check_capabilities();
}

Result<AttachResult> attach(const PinRoot& root, const std::string& name, const AttachOptions& options)
{
    const auto interface = find_interface(name);
    if (!interface)
        return std::unexpected(interface.error());
    BPFXX_TRY(check_ethernet(*interface));
    std::vector<std::string> made;
    const auto lock = create_and_lock(root, options.mount_bpffs, made);
    auto result = lock ? attach_locked(root, *interface, options) : std::unexpected(lock.error());
    if (!result) {
        for (const std::string& folder : made | std::views::reverse)
            (void)::rmdir(folder.c_str()); // what another process has put there meanwhile stays
        return result;
    }
    add_note(result->note, note_of_strangers(root.path()));
    if (!interface->up)
        add_note(result->note,
                 "it is down and counts as soon as it is up: ip link set " + interface->name + " up");
    return result;
}

Result<> mend(const PinRoot& root)
{
    const auto lock = root.lock();
    if (!lock)
        return std::unexpected(lock.error());
    BPFXX_TRY(mend_folders(root.path()));
    (void)mend_upgrades(root.path()); // one that cannot be completed is told of by the next attach
    return {};
}

Result<> detach(const PinRoot& root, const std::string& interface)
{
    const auto lock = root.lock();
    if (!lock && lock.error().kind() == ErrorKind::not_found)
        return std::unexpected(root.find(interface).error()); // no root: it says that nothing is attached
    if (!lock)
        return std::unexpected(lock.error());
    const bool begun = pin_exists(root.path() + "/" + detaching_prefix + encode_name(interface));
    BPFXX_TRY(mend_folders(root.path()));
    (void)mend_upgrades(root.path()); // one that cannot be completed ends here
    const auto instance = root.find(interface);
    if (!instance && instance.error().kind() == ErrorKind::not_found && begun)
        return {}; // a detach that was killed: it is done now
    if (!instance)
        return std::unexpected(instance.error());
    if (instance->mode == mode_elsewhere)
        return std::unexpected(in_other_namespace("detach", *instance));
    return detach_locked(root, *instance);
}

Result<> detach(const PinRoot& root, const Instance& instance)
{
    const auto lock = root.lock();
    if (!lock)
        return std::unexpected(lock.error());
    const auto all = root.instances();
    if (!all)
        return std::unexpected(all.error());
    const auto now = std::ranges::find(*all, instance.directory, &Instance::directory);
    if (now == all->end() || now->program_id != instance.program_id)
        return {}; // somebody else has detached it meanwhile
    return detach_locked(root, *now);
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
