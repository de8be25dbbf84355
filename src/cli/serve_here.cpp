// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "bpfxx/pin.hpp"
#include "bpfxx/version.hpp"
#include "cli/serve.hpp"
#include "cli/serve_follow.hpp"
#include "cli/signals.hpp"
#include "counter/empty_root.hpp"
#include "counter/interface.hpp"
#include "exporter/confinement.hpp"
#include "exporter/resident_memory.hpp"
#include "exporter/server.hpp"
#include "version.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

constexpr const char* default_address = "127.0.0.1:10435";

/// Waits a second. False: a signal came that ends the process.
bool pause_between_attempts()
{
    sigset_t signals;
    sigset_t before;
    ::sigemptyset(&signals);
    for (const int signal : ending_signals)
        ::sigaddset(&signals, signal);
    // Also where it would be ignored: as that of a process that is the first of its container.
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 0};
    const bool goes_on = ::sigtimedwait(&signals, nullptr, &second) < 0;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return goes_on;
}

/// Listens, where need be as soon as another process does no more.
bpfxx::Result<ListeningSocket> listen_on_or_wait(const ListenAddress& address, bool retry)
{
    auto socket = listen_on(address);
    for (bool told = false; retry && !socket && socket.error().kind() != bpfxx::ErrorKind::permission;
         socket = listen_on(address)) {
        if (!std::exchange(told, true))
            (void)report(socket.error());
        if (!pause_between_attempts())
            break;
    }
    return socket;
}

/// The service manager's sockets, or else those that were asked for, or else the default.
bpfxx::Result<std::vector<ListeningSocket>> open_sockets(const ServeArguments& arguments)
{
    auto sockets = inherited_sockets();
    if (!sockets || !sockets->empty())
        return sockets;
    std::vector<std::string> addresses = arguments.addresses;
    if (addresses.empty())
        addresses.emplace_back(default_address);
    std::vector<ListenAddress> parsed;
    for (const std::string& text : addresses) {
        auto address = parse_listen_address(text);
        if (!address)
            return std::unexpected(std::move(address).error());
        parsed.push_back(std::move(*address));
    }
    for (const ListenAddress& address : parsed) {
        auto socket = listen_on_or_wait(address, arguments.retry);
        if (!socket)
            return std::unexpected(std::move(socket).error());
        sockets->push_back(std::move(*socket));
    }
    return sockets;
}

/// Attaches what is not attached. False: none of them could be, and the context says why.
bool attach_all(const ServeArguments& arguments, Context& context)
{
    std::size_t failed = 0;
    for (const std::string& interface : arguments.interfaces) {
        if (const auto result = attach_and_tell(interface, arguments.how, context); !result) {
            fail(context, result.error());
            failed++;
        }
    }
    return arguments.interfaces.empty() || failed < arguments.interfaces.size();
}

/// Whether at least one of the interfaces that were named is there, or has a counter that can be read.
bool any_there(const std::vector<std::string>& interfaces, const Context& context, bpfxx::Error& why)
{
    for (const std::string& name : interfaces) {
        if (find_interface(name))
            return true;
        auto instance = PinRoot(context.pin_root).find(name);
        if (instance)
            return true;
        why = std::move(instance).error();
    }
    return false;
}

/// Says what cannot be served for now. It is no failure: the interface may come.
void warn(std::span<const InterfaceScrape> interfaces)
{
    for (const InterfaceScrape& interface : interfaces)
        if (!interface.up())
            std::fprintf(stderr, "xdpstat: %s: %s; xdpstat_up is 0 until it counts\n",
                         printable(interface.interface).c_str(), printable(interface.problem).c_str());
}

/// The maps that the command line and the file of maps name.
bpfxx::Result<std::vector<MapTarget>> wanted_maps(const ServeArguments& arguments)
{
    std::vector<MapTarget> targets;
    for (const std::string& text : arguments.maps) {
        auto target = parse_map_target(text, arguments.map_series);
        if (!target)
            return std::unexpected(std::move(target).error());
        targets.push_back(std::move(*target));
    }
    if (!arguments.map_config.empty()) {
        auto more = read_map_config(arguments.map_config, arguments.map_series);
        if (!more)
            return std::unexpected(std::move(more).error());
        std::ranges::move(*more, std::back_inserter(targets));
    }
    for (const std::string& gauge : arguments.gauges)
        BPFXX_TRY(add_gauge(targets, gauge));
    return targets;
}

/// What would be taken for served and is not.
bpfxx::Result<> check_arguments(const ServeArguments& arguments, const Context& context)
{
    if (is_taken(arguments.telemetry_path))
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "serve metrics at",
                                                 arguments.telemetry_path, "the page or the API is there",
                                                 "choose another --web.telemetry-path"));
    const auto on_bpffs = bpfxx::is_on_bpffs(context.pin_root);
    if (!on_bpffs)
        return std::unexpected(on_bpffs.error());
    // Without any bpf file system nothing has been attached yet, and one may be mounted later; a folder elsewhere is a mistake.
    if (!*on_bpffs && !arguments.retry && std::filesystem::exists(context.pin_root) &&
        !may_hold_pins(context.pin_root))
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, "look for counters below",
                                                 context.pin_root, "it is not on a bpf file system",
                                                 "name the --pin-root that the counters were attached with"));
    return {};
}

/// With the scheme that is spoken there.
std::string url_of(const ListeningSocket& socket, const WebSettings& web)
{
    constexpr std::string_view plain = "http:";
    if (!web.is_encrypted() || !socket.url.starts_with(plain))
        return socket.url;
    return "https:" + socket.url.substr(plain.size());
}

std::string folder_of(const std::string& path)
{
    return std::filesystem::absolute(path).parent_path().string();
}

/// Takes the descriptors that as many connections need, of which shells and service managers often allow but 1024 unless a
/// program asks for more. Returns how many connections there may be: fewer where the limit cannot be raised so far.
std::size_t take_descriptors(std::size_t connections)
{
    constexpr rlim_t others = 128; // maps, sockets, timers
    struct rlimit limit = {};
    const rlim_t wanted = connections + others;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return connections;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return connections;
    const rlim_t possible = limit.rlim_cur > 2 * others ? limit.rlim_cur - others : limit.rlim_cur / 2;
    std::fprintf(stderr,
                 "xdpstat: %llu open files are allowed (ulimit -Hn): at most %llu connections at once\n",
                 static_cast<unsigned long long>(limit.rlim_cur), static_cast<unsigned long long>(possible));
    return static_cast<std::size_t>(possible);
}

/// Gives up what serving does not need, and says what is kept.
bpfxx::Result<> confine_to(const std::vector<ListeningSocket>& sockets, const WebSettings& web,
                           const ServeArguments& arguments, const Context& context)
{
    Needs needs;
    needs.find_anew = !arguments.fixed;
    needs.by_size = context.proof == bpfxx::Proof::size;
    needs.attach = arguments.attach && !arguments.fixed;
    needs.retry = arguments.retry;
    needs.give_group = arguments.how.access.group.has_value();
    needs.pin_root = context.pin_root;
    needs.readable = web.folders();
    if (!arguments.map_config.empty())
        needs.readable.push_back(folder_of(arguments.map_config));
    for (const ListeningSocket& socket : sockets)
        if (!socket.path.empty())
            needs.cleared.push_back(folder_of(socket.path));
    const auto kept = confine(needs);
    if (!kept)
        return std::unexpected(kept.error());
    std::fprintf(stderr, "xdpstat: %s\n", kept->c_str());
    return {};
}

void tell_missing_maps(const std::vector<bpfxx::Error>& problems)
{
    for (const bpfxx::Error& problem : problems)
        std::fprintf(stderr, "xdpstat: %s; xdpstat_map_up is 0 until it can be read\n",
                     problem.message().c_str());
}

/// Opens them. What cannot be opened for now is told, and no error unless nothing else is asked for. @param needed at least one
bpfxx::Result<MapCollector> open_maps(const std::vector<MapTarget>& targets, bool needed, bpfxx::Proof proof)
{
    MapCollector maps(proof);
    auto problems = maps.change(targets);
    if (!problems)
        return std::unexpected(std::move(problems).error());
    if (needed && !targets.empty() && problems->size() == targets.size())
        return std::unexpected(std::move(problems->front()));
    tell_missing_maps(*problems);
    return maps;
}

/// Reads the file of maps again, and tells what is wrong with it or cannot be served for now.
void reload_maps(const ServeArguments& arguments, Site& site)
{
    if (arguments.map_config.empty())
        return;
    const auto targets = wanted_maps(arguments);
    const auto problems = targets ? site.change_maps(*targets) : std::unexpected(targets.error());
    if (!problems) {
        std::fprintf(stderr, "xdpstat: %s; going on with what was read before\n",
                     problems.error().message().c_str());
        return;
    }
    tell_missing_maps(*problems);
}

/// For --retry, whose process is told apart by its log.
void tell_readiness(const std::string& problem)
{
    if (problem.empty())
        std::fputs("xdpstat: ready\n", stderr);
    else
        std::fprintf(stderr, "xdpstat: not ready: %s\n", printable(problem).c_str());
}

/// What is told of a map once, and not at every scrape.
void tell_map(const std::string& name, const std::string& problem)
{
    if (problem.empty())
        std::fprintf(stderr, "xdpstat: map %s: it is read\n", printable(name).c_str());
    else
        std::fprintf(stderr, "xdpstat: map %s: %s; xdpstat_map_up is 0 until it can be read\n",
                     printable(name).c_str(), printable(problem).c_str());
}

bool has_only_maps(const ServeArguments& arguments)
{
    const bool has_maps = !arguments.maps.empty() || !arguments.map_config.empty();
    return has_maps && arguments.interfaces.empty() && !arguments.filter && !arguments.default_route;
}

/// What has to be there before anything can be served. With --retry nothing has.
bpfxx::Result<> check_there(const ServeArguments& arguments, const Context& context)
{
    if (arguments.retry)
        return {};
    if (const auto instances = PinRoot(context.pin_root).instances(); !instances)
        return std::unexpected(instances.error());
    bpfxx::Error why;
    if (!arguments.interfaces.empty() && !any_there(arguments.interfaces, context, why))
        return std::unexpected(why);
    return {};
}

/// Detaches at its end, however it comes to that.
class DetachAtEnd {
public:
    /// @param follow null: nothing is to be detached. Borrowed.
    explicit DetachAtEnd(ServeFollow* follow) : follow_(follow) {}
    DetachAtEnd(const DetachAtEnd&) = delete;
    DetachAtEnd& operator=(const DetachAtEnd&) = delete;
    ~DetachAtEnd()
    {
        if (follow_ != nullptr)
            follow_->detach_all();
    }

private:
    ServeFollow* follow_;
};

/// Attaches, opens and serves, the sockets being open.
bpfxx::Result<> serve_on(std::vector<ListeningSocket> sockets, WebSettings& web, const HostNames& hosts,
                         const std::vector<MapTarget>& targets, const ServeArguments& arguments,
                         Context& context)
{
    const auto problems = std::make_shared<Problems>();
    const auto follow = ServeFollow::open(arguments, context, *problems);
    if (!follow)
        return std::unexpected(follow.error());
    const DetachAtEnd detach_at_end{arguments.detach_at_end ? follow->get() : nullptr};
    BPFXX_TRY(check_there(arguments, context));
    auto collector = Collector::open({.pin_root = context.pin_root,
                                      .interfaces = arguments.interfaces,
                                      .filter = arguments.filter,
                                      .default_route = arguments.default_route,
                                      .proof = context.proof,
                                      .program_runs = arguments.program_stats,
                                      .problems = arguments.retry ? problems : nullptr});
    if (!collector)
        return std::unexpected(std::move(collector).error());
    auto maps = open_maps(targets, !arguments.retry && has_only_maps(arguments), context.proof);
    if (!maps)
        return std::unexpected(std::move(maps).error());
    const auto found = collector->read();
    if (!arguments.retry)
        warn(found);
    if (found.empty() && !arguments.retry)
        std::fprintf(stderr,
                     "xdpstat: nothing is attached yet: xdpstat attach IFACE; it is served from then on\n");
    const std::size_t connections = take_descriptors(arguments.connections);
    BPFXX_TRY(confine_to(sockets, web, arguments, context));
    if (*follow && !arguments.fixed)
        (*follow)->start();
    std::vector<std::string> urls;
    urls.reserve(sockets.size());
    for (const ListeningSocket& socket : sockets)
        urls.push_back(url_of(socket, web));

    Site site(std::move(*collector), std::move(*maps),
              {.telemetry_path = arguments.telemetry_path,
               .drop_zero = arguments.drop_zero,
               .build = {.version = version, .commit = commit, .libbpf = bpfxx::libbpf_version()},
               .only_maps = arguments.retry && has_only_maps(arguments),
               .pin_root = context.pin_root,
               .readiness = arguments.retry ? tell_readiness : nullptr,
               .map_problem = tell_map});
    const ServiceManager manager = ServiceManager::from_environment();
    const auto reload = [&] {
        if (arguments.attach && !arguments.fixed) {
            if (!arguments.retry)
                (void)attach_all(arguments, context);
            if (*follow)
                (*follow)->look_again();
        }
        reload_maps(arguments, site);
        give_back_memory();
    };
    const auto started = [&] {
        give_back_memory();
        for (const std::string& url : urls)
            std::fprintf(stderr, "xdpstat: listening on %s\n", url.c_str());
    };
    return serve(site, web, std::move(sockets), manager,
                 {.most_connections = connections, .hosts = hosts, .reload = reload, .started = started});
}

} // namespace

int serve_command(const ServeArguments& arguments, Context& context)
{
    if (const auto checked = check_arguments(arguments, context); !checked)
        return report(checked.error());
    // Before anything is attached: what cannot be served should not be left behind.
    auto web = WebSettings::open(arguments.web_config);
    if (!web)
        return report(web.error());
    const auto hosts = HostNames::parse(arguments.hosts);
    if (!hosts)
        return report(hosts.error());
    const auto targets = wanted_maps(arguments);
    if (!targets)
        return report(targets.error());
    auto sockets = open_sockets(arguments);
    if (!sockets)
        return report(sockets.error());
    std::vector<std::string> paths;
    for (const ListeningSocket& socket : *sockets)
        if (!socket.path.empty())
            paths.push_back(socket.path);
    int code = exit_ok;
    if (arguments.attach && !arguments.retry && !attach_all(arguments, context))
        code = context.exit_code;
    else if (const auto result = serve_on(std::move(*sockets), *web, *hosts, *targets, arguments, context);
             !result)
        code = report(result.error());
    for (const std::string& path : paths)
        std::remove(path.c_str());
    return code;
}

} // namespace xdpstat
