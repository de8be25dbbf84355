// SPDX-License-Identifier: BSD-2-Clause
//
// An attach makes the mark first, then the maps' pins, by libbpf as it makes the maps, and only then is the program loaded: from
// the first moment on a program in a dispatcher that uses the pinned stats_map is known to be ours. The program's own pin is the
// last, and says that the attach is whole. A detach leaves the
// dispatcher before it removes any of them.
#include "counter/dispatching.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <span>
#include <string_view>

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfxx/map.hpp"
#include "bpfxx/pin.hpp"
#include "bpfxx/program.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/capabilities.hpp"
#include "counter/dispatcher.hpp"
#include "counter/libxdp.hpp"
#include "counter/loader.hpp"
#include "counter/netlink.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using bpfxx::Result;
using bpfxx::XdpMode;

constexpr std::array modes{XdpMode::native, XdpMode::generic, XdpMode::offload};

std::uint64_t own_network()
{
    struct stat status = {};
    return ::stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : 0;
}

/// What a mark says.
struct Mark {
    std::uint64_t network = 0; ///< the namespace, by its inode
    std::uint64_t ifindex = 0;
    DispatcherOptions options;
};

Mark read_mark(const std::string& directory)
{
    std::error_code error;
    const std::string text = std::filesystem::read_symlink(dispatcher_mark(directory), error).string();
    std::array<std::uint64_t, 4> numbers{};
    const char* next = text.data();
    const char* end = next + text.size();
    for (std::uint64_t& number : numbers) {
        next = std::from_chars(next, end, number).ptr;
        next += next != end ? 1 : 0; // the '/'
    }
    return {.network = numbers[0],
            .ifindex = numbers[1],
            .options = {.priority = static_cast<std::uint32_t>(numbers[2]),
                        .chain_call_actions = static_cast<std::uint32_t>(numbers[3])}};
}

Result<> write_mark(const std::string& directory, const Interface& interface,
                    const DispatcherOptions& options)
{
    const std::string text = std::to_string(own_network()) + "/" + std::to_string(interface.index) + "/" +
                             std::to_string(options.priority) + "/" +
                             std::to_string(options.chain_call_actions);
    if (::symlink(text.c_str(), dispatcher_mark(directory).c_str()) != 0)
        return std::unexpected(bpfxx::system_error("create", dispatcher_mark(directory), errno));
    return {};
}

/// A dispatcher that has a counter, and how it is attached.
struct Dispatched {
    Dispatcher dispatcher;
    std::size_t position = 0;
    std::optional<XdpMode> mode; ///< none where it is not attached in this network namespace
};

/// None where its index is that of no interface here, or of one that runs another program.
Result<std::optional<XdpMode>> mode_of(const Dispatcher& dispatcher)
{
    const auto state = bpfxx::query_xdp(dispatcher.ifindex);
    if (!state && state.error().kind() != ErrorKind::not_found)
        return std::unexpected(state.error());
    for (const auto mode : modes)
        if (state && state->id(mode) == dispatcher.program_id)
            return mode;
    return std::nullopt;
}

/// Whether a program is attached in one of the other network namespaces that this one knows. It knows those to which an
/// interface of its own was moved (Linux 4.15). Those that may not be looked into have none.
bool is_attached_elsewhere(std::uint32_t program_id)
{
    const auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    std::vector<std::uint32_t> namespaces;
    if (socket)
        (void)socket->ask(NetlinkRequest(RTM_GETNSID, NLM_F_DUMP, rtgenmsg{}), "network namespaces",
                          [&](std::span<const std::byte> answer) {
                              const auto [header, attributes] = split_answer<struct rtgenmsg>(answer);
                              if (const auto number = attributes.value<std::uint32_t>(NETNSA_NSID))
                                  namespaces.push_back(*number);
                          });
    bool found = false;
    for (const std::uint32_t number : namespaces) {
        NetlinkRequest interfaces(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
        interfaces.add(IFLA_TARGET_NETNSID, number);
        (void)socket->ask(interfaces, "interfaces elsewhere", [&](std::span<const std::byte> answer) {
            const auto xdp = split_answer<struct ifinfomsg>(answer).second.nested(IFLA_XDP);
            for (const auto which : {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID})
                found |= xdp.value<std::uint32_t>(static_cast<std::uint16_t>(which)) == program_id;
        });
    }
    return found;
}

/// Whether a program uses the map that is pinned as a folder's stats_map.
bool uses_map_of(const std::string& directory, const std::string& program_pin)
{
    const auto map = bpfxx::Map::open_pinned(stats_pin(directory));
    const auto program = bpfxx::Program::open_pinned(program_pin);
    const auto info = program ? program->info() : std::unexpected(program.error());
    return map && info && std::ranges::find(info->map_ids, map->info().id) != info->map_ids.end();
}

/// Those of all dispatchers that have the counter of a folder; one that is attached comes first.
Result<std::vector<Dispatched>> dispatched_by(const std::vector<Dispatcher>& dispatchers,
                                              const std::string& directory)
{
    const auto pinned = bpfxx::Program::open_pinned(program_pin(directory));
    const auto own = pinned ? pinned->info() : std::unexpected(pinned.error());
    const auto is_own = [&](const Dispatcher& dispatcher, std::size_t position) {
        return own ? own->id == dispatcher.programs.at(position).id
                   : uses_map_of(directory, dispatched_pin(dispatcher, position));
    };
    std::vector<Dispatched> all;
    for (const Dispatcher& dispatcher : dispatchers)
        for (std::size_t position = 0; position < dispatcher.programs.size(); position++) {
            if (!is_own(dispatcher, position))
                continue;
            const auto mode = mode_of(dispatcher);
            if (!mode)
                return std::unexpected(mode.error());
            all.insert(*mode ? all.begin() : all.end(), {dispatcher, position, *mode});
            break;
        }
    return all;
}

bool runs_here(const std::vector<Dispatched>& all)
{
    return !all.empty() && all.front().mode;
}

/// Whether the interface of a counter that does not run here is in another network namespace: it was attached there, or
/// moved there. An interface that was deleted is in none.
bool runs_elsewhere(const std::vector<Dispatched>& all, const std::string& directory)
{
    return read_mark(directory).network != own_network() ||
           std::ranges::any_of(all, [](const Dispatched& found) {
               return is_attached_elsewhere(found.dispatcher.program_id);
           });
}

bool may_see_dispatchers()
{
    std::error_code error;
    const std::filesystem::directory_iterator entries(libxdp_folder(), error);
    return error != std::errc::permission_denied && error != std::errc::operation_not_permitted;
}

/// The mode that others have chosen, or a person; none where native may fall back to generic.
Result<std::optional<XdpMode>> only_mode(const Interface& interface, ModeChoice choice)
{
    const auto state = bpfxx::query_xdp(interface.index);
    if (!state)
        return std::unexpected(state.error());
    std::optional<XdpMode> only;
    for (const auto mode : modes)
        if (state->id(mode) != 0)
            only = mode;
    if (choice == ModeChoice::automatic)
        return only;
    if (choice == ModeChoice::offload)
        return std::unexpected(bpfxx::make_error(ErrorKind::unsupported, "attach in offload mode to",
                                                 interface.name, "a dispatcher runs on no card"));
    const auto wanted = choice == ModeChoice::native ? XdpMode::native : XdpMode::generic;
    if (only && *only != wanted)
        return std::unexpected(bpfxx::make_error(ErrorKind::busy, "attach to", interface.name,
                                                 std::string("its dispatcher is attached in ") +
                                                     bpfxx::to_string(*only) + " mode",
                                                 std::string("take --mode ") + bpfxx::to_string(*only)));
    return wanted;
}

} // namespace

std::string action_words(std::uint32_t actions)
{
    constexpr std::array words{"aborted", "drop", "pass", "tx", "redirect"}; // by enum xdp_action
    std::string text;
    for (std::size_t action = 0; action < words.size(); action++)
        if ((actions >> action & 1U) != 0)
            text += (text.empty() ? "" : ",") + std::string(words.at(action));
    return text;
}

bool is_dispatched(const std::string& directory)
{
    return pin_exists(dispatcher_mark(directory));
}

std::optional<DispatcherOptions> dispatcher_options(const std::string& directory)
{
    return is_dispatched(directory) ? std::optional(read_mark(directory).options) : std::nullopt;
}

void describe_dispatched(Instance& instance, ListedDispatchers& listed)
{
    const bool is_new = !listed;
    if (is_new)
        listed = pinned_dispatchers();
    auto all = dispatched_by(*listed, instance.directory);
    if (!is_new && all && !runs_here(*all)) { // another dispatcher may have taken its place meanwhile
        listed = pinned_dispatchers();
        all = dispatched_by(*listed, instance.directory);
    }
    if (all && runs_here(*all)) {
        Dispatched& found = all->front();
        instance.interface = interface_name(found.dispatcher.ifindex);
        instance.ifindex = found.dispatcher.ifindex;
        if (found.mode)
            instance.mode = bpfxx::to_string(*found.mode);
        instance.dispatcher = DispatcherPlace{found.dispatcher.program_id,
                                              std::move(found.dispatcher.programs), found.position};
    } else if (all && runs_elsewhere(*all, instance.directory)) {
        instance.mode = mode_elsewhere;
    } else if (!all || !may_see_dispatchers()) {
        instance.mode = mode_unknown;
    }
}

Result<Joined> join_dispatcher(const std::string& directory, const Interface& interface,
                               const AttachOptions& options)
{
    BPFXX_TRY(
        refuse_without(missing_to_dispatch(capabilities()), "attach by a dispatcher to", interface.name));
    const auto only = only_mode(interface, options.mode);
    if (!only)
        return std::unexpected(only.error());
    BPFXX_TRY(write_mark(directory, interface, options.dispatcher.value_or(DispatcherOptions{})));
    std::optional<bpfxx::Error> refusal; // which that of a source of lengths tried before may hide
    const auto load_in = [&](XdpMode mode) {
        LoadOptions load{.layout = options.layout, .breakdown = options.breakdown};
        load.load_by = [&, mode](struct bpf_object* object) -> Result<> {
            // An attempt with another source of lengths may have left its own.
            ::unlink(stats_pin(directory).c_str());
            ::unlink(traffic_pin(directory).c_str());
            auto attached = libxdp::attach(object, directory, interface, mode, *options.dispatcher);
            if (!attached && attached.error().kind() == ErrorKind::unsupported)
                refusal = attached.error();
            return attached;
        };
        return load_counter(load);
    };
    std::string why_not_native;
    auto counter = load_in(only->value_or(XdpMode::native));
    const auto why = [&] { return refusal ? *refusal : counter.error(); };
    if (!counter && !*only &&
        is_refusal(why().error_number())) { // what the kernel refuses in any mode has no number
        why_not_native =
            "its driver refuses (" + std::string(why().cause()) + "); see xdpstat doctor " + interface.name;
        refusal.reset();
        counter = load_in(XdpMode::generic);
    }
    if (!counter)
        return std::unexpected(why());
    BPFXX_TRY(bpfxx::pin(counter->program_fd(), new_program_pin(directory)));
    return Joined{counter->length_source(), std::move(why_not_native)};
}

Result<> check_may_dispatch()
{
    return refuse_without(missing_to_dispatch(capabilities()), "change", "the dispatcher");
}

Result<> restore_dispatched_program(const std::string& directory)
{
    const auto all = dispatched_by(pinned_dispatchers(), directory);
    if (!all)
        return std::unexpected(all.error());
    if (!runs_here(*all))
        return std::unexpected(bpfxx::make_error(ErrorKind::not_found, "restore", program_pin(directory),
                                                 "no dispatcher runs it"));
    const auto program =
        bpfxx::Program::open_pinned(dispatched_pin(all->front().dispatcher, all->front().position));
    if (!program)
        return std::unexpected(program.error());
    return bpfxx::pin(program->fd(), program_pin(directory));
}

Result<> leave_dispatcher(const std::string& directory)
{
    if (!is_dispatched(directory))
        return {};
    BPFXX_TRY(check_may_dispatch());
    const auto all = dispatched_by(pinned_dispatchers(), directory);
    if (!all)
        return std::unexpected(all.error());
    if (!all->empty() && !runs_here(*all) && runs_elsewhere(*all, directory)) {
        const Dispatched& found = all->front();
        return std::unexpected(bpfxx::make_error(
            ErrorKind::busy, "detach", directory, "it belongs to an interface in another network namespace",
            "run xdpstat there; if that is gone: rm -r " + directory + " " + found.dispatcher.folder +
                "/prog" + std::to_string(found.position) + "-*"));
    }
    // What is not attached here may still run where we cannot see it, and others' programs in it: theirs are not touched.
    for (const Dispatched& found : *all)
        BPFXX_TRY(found.mode ? libxdp::detach(dispatched_pin(found.dispatcher, found.position),
                                              found.dispatcher.ifindex, *found.mode)
                             : remove_pinned(found.dispatcher, found.position));
    return {};
}

} // namespace xdpstat
