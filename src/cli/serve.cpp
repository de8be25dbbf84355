// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>

#include "bpfxx/version.hpp"
#include "cli/attach.hpp"
#include "cli/context.hpp"
#include "counter/interface.hpp"
#include "exporter/confinement.hpp"
#include "exporter/server.hpp"
#include "version.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

constexpr const char* default_address = "127.0.0.1:10435";
constexpr std::size_t default_connections = 512;

constexpr const char* examples = R"(Examples:
  sudo xdpstat serve                                     what is attached, also later, on http://127.0.0.1:10435/
  sudo xdpstat serve eth0 --attach --web.listen-address :10435
  curl -s http://127.0.0.1:10435/metrics
  sudo xdpstat serve --web.listen-address unix:/run/xdpstat.sock

It ends by Ctrl-C or SIGTERM; what is attached goes on counting. SIGHUP: look again, and attach again.)";

struct Arguments {
    std::vector<std::string> interfaces;
    bool attach = false;
    AttachOptions how;
    std::vector<std::string> addresses;
    std::string telemetry_path = "/metrics";
    std::string web_config; ///< a file
    std::size_t connections = default_connections;
    bool fixed = false; ///< only what is attached at the start
    bool drop_zero = false;
    bool program_stats = false;
};

/// The service manager's sockets, or else those that were asked for, or else the default.
bpfxx::Result<std::vector<ListeningSocket>> open_sockets(const Arguments& arguments)
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
        auto socket = listen_on(address);
        if (!socket)
            return std::unexpected(std::move(socket).error());
        sockets->push_back(std::move(*socket));
    }
    return sockets;
}

/// Attaches what is not attached. False: none of them could be, and the context says why.
bool attach_all(const Arguments& arguments, Context& context)
{
    std::size_t failed = 0;
    for (const std::string& interface : arguments.interfaces) {
        if (const auto result = attach_and_tell(interface, arguments.how, context); !result) {
            fail(context, result.error());
            failed++;
        }
    }
    // Loading took megabytes that a process which runs for months should not keep.
    ::malloc_trim(0);
    return failed < arguments.interfaces.size();
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

/// Gives up what serving does not need, and says what is kept.
bpfxx::Result<> confine_to(const std::vector<ListeningSocket>& sockets, const WebSettings& web,
                           const Arguments& arguments, const Context& context)
{
    Needs needs;
    needs.find_anew = !arguments.fixed;
    needs.by_size = context.proof == bpfxx::Proof::size;
    needs.attach = arguments.attach && !arguments.fixed;
    needs.pin_root = context.pin_root;
    needs.readable = web.folders();
    for (const ListeningSocket& socket : sockets)
        if (!socket.path.empty())
            needs.cleared.push_back(folder_of(socket.path));
    const auto kept = confine(needs);
    if (!kept)
        return std::unexpected(kept.error());
    std::fprintf(stderr, "xdpstat: %s\n", kept->c_str());
    return {};
}

/// Attaches, opens and serves, the sockets being open.
bpfxx::Result<> serve_on(std::vector<ListeningSocket> sockets, WebSettings& web, const Arguments& arguments,
                         Context& context)
{
    if (const auto instances = PinRoot(context.pin_root).instances(); !instances)
        return std::unexpected(instances.error());
    bpfxx::Error why;
    if (!arguments.interfaces.empty() && !any_there(arguments.interfaces, context, why))
        return std::unexpected(why);
    auto collector = Collector::open({.pin_root = context.pin_root,
                                      .interfaces = arguments.interfaces,
                                      .proof = context.proof,
                                      .program_runs = arguments.program_stats});
    if (!collector)
        return std::unexpected(std::move(collector).error());
    warn(collector->read());
    BPFXX_TRY(confine_to(sockets, web, arguments, context));
    for (const ListeningSocket& socket : sockets)
        std::fprintf(stderr, "xdpstat: listening on %s\n", url_of(socket, web).c_str());

    Site site(std::move(*collector),
              {.telemetry_path = arguments.telemetry_path,
               .drop_zero = arguments.drop_zero,
               .build = {.version = version, .commit = commit, .libbpf = bpfxx::libbpf_version()}});
    const ServiceManager manager = ServiceManager::from_environment();
    const auto reload = [&] {
        if (arguments.attach && !arguments.fixed)
            (void)attach_all(arguments, context);
    };
    return serve(site, web, std::move(sockets), manager,
                 {.most_connections = arguments.connections, .reload = reload});
}

int serve_command(const Arguments& arguments, Context& context)
{
    // Before anything is attached: what cannot be served should not be left behind.
    auto web = WebSettings::open(arguments.web_config);
    if (!web)
        return report(web.error());
    auto sockets = open_sockets(arguments);
    if (!sockets)
        return report(sockets.error());
    std::vector<std::string> paths;
    for (const ListeningSocket& socket : *sockets)
        if (!socket.path.empty())
            paths.push_back(socket.path);
    int code = exit_ok;
    if (arguments.attach && !attach_all(arguments, context))
        code = context.exit_code;
    else if (const auto result = serve_on(std::move(*sockets), *web, arguments, context); !result)
        code = report(result.error());
    for (const std::string& path : paths)
        std::remove(path.c_str());
    return code;
}

void add_web_options(CLI::App& command, Arguments& arguments)
{
    command
        .add_option(
            "--web.listen-address", arguments.addresses,
            "Where to listen: ADDRESS:PORT, [IPV6]:PORT, :PORT or unix:/PATH; may be given several times "
            "(default 127.0.0.1:10435)")
        ->allow_extra_args(false)
        ->type_name("ADDRESS");
    command
        .add_option("--web.config.file", arguments.web_config,
                    "TLS and passwords, in the format of Prometheus' exporter-toolkit")
        ->type_name("FILE");
    command.add_option("--web.telemetry-path", arguments.telemetry_path, "Path of the metrics")
        ->check([](const std::string& path) {
            const bool is_path =
                path.starts_with('/') && path.find_first_of("?# \t\r\n") == std::string::npos;
            return is_path ? std::string() : "a path begins with / and has no blank, ? or #, unlike " + path;
        })
        ->capture_default_str()
        ->type_name("PATH");
    command.add_option("--web.max-connections", arguments.connections, "Connections at once")
        ->check(CLI::Range(std::size_t{1}, std::size_t{65536}).description(""))
        ->capture_default_str()
        ->type_name("COUNT");
}

} // namespace

void add_serve(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("serve", "Serve metrics for Prometheus, an API and a live page");
    command->add_option("IFACE", arguments->interfaces,
                        "Interfaces; all attached ones, also those attached later, where none is named");
    command->add_flag("--attach", arguments->attach,
                      "Attach the counter to the interfaces named where it is not");
    add_attach_options(*command, arguments->how);
    add_web_options(*command, *arguments);
    command->add_flag("--fixed", arguments->fixed,
                      "Keep no capability: counters that are attached later cannot be read");
    command->add_flag("--drop-zero", arguments->drop_zero,
                      "Leave out series of which nothing has been counted");
    command->add_flag(
        "--program-stats", arguments->program_stats,
        "Have the kernel measure the run time of BPF programs, which costs each packet some nanoseconds");
    command->footer(examples);
    command->callback([arguments, &context] {
        if (arguments->attach && arguments->interfaces.empty())
            throw CLI::ValidationError("--attach", "name the interfaces to attach to");
        context.exit_code = serve_command(*arguments, context);
    });
}

} // namespace xdpstat
