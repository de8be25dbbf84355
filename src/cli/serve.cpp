// SPDX-License-Identifier: BSD-2-Clause
#include "cli/serve.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace xdpstat {

namespace {

constexpr const char* examples = R"(Examples:
  sudo xdpstat serve                                     what is attached, also later, on http://127.0.0.1:10435/
  sudo xdpstat serve eth0 --attach --web.listen-address :10435
  curl -s http://127.0.0.1:10435/metrics
  sudo xdpstat serve --attach --interface-regex 'eth.*|veth.*'        also those that come later, until they go
  sudo xdpstat serve --attach --interface-default-route --retry       in a container: whatever is missing may come
  sudo xdpstat serve --web.listen-address unix:/run/xdpstat.sock
  sudo xdpstat serve --map /sys/fs/bpf/flows --map-gauge flows.depth

It ends by Ctrl-C or SIGTERM; what is attached goes on counting. SIGHUP: look again, and attach again.)";

void add_web_options(CLI::App& command, ServeArguments& arguments)
{
    command
        .add_option(
            "--web.listen-address", arguments.addresses,
            "Where to listen: ADDRESS:PORT, [IPV6]:PORT, :PORT or unix:/PATH; may be given several times "
            "(default 127.0.0.1:10435)")
        ->allow_extra_args(false)
        ->type_name("ADDRESS");
    command
        .add_option(
            "--web.allowed-host", arguments.hosts,
            "A name by which clients may call this server, beside localhost and addresses; * for any; may be "
            "given several times")
        ->allow_extra_args(false)
        ->type_name("NAME");
    command
        .add_option("--web.config.file", arguments.web_config,
                    "TLS and passwords, in the format of Prometheus' exporter-toolkit")
        ->type_name("FILE");
    command.add_option("--web.telemetry-path", arguments.telemetry_path, "Path of the metrics")
        ->check([](const std::string& path) {
            // Others cannot come in a request.
            const auto may_be_asked = [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; };
            const bool is_path = path.starts_with('/') && std::ranges::all_of(path, may_be_asked);
            return is_path ? std::string()
                           : "a path begins with /, is ASCII and has no blank, ? or #, unlike " + path;
        })
        ->capture_default_str()
        ->type_name("PATH");
    command.add_option("--web.max-connections", arguments.connections, "Connections at once")
        ->check(CLI::Range(std::size_t{1}, std::size_t{65536}).description(""))
        ->capture_default_str()
        ->type_name("COUNT");
}

void add_map_options(CLI::App& command, ServeArguments& arguments)
{
    command
        .add_option("--map", arguments.maps, "Serve any pinned map as metrics, by its BTF: PIN or NAME=PIN")
        ->allow_extra_args(false)
        ->type_name("[NAME=]PIN");
    command
        .add_option("--map.config.file", arguments.map_config,
                    "Such maps, and what of each is told and as what: see docs/metrics.md")
        ->type_name("FILE");
    command
        .add_option("--map-gauge", arguments.gauges, "A field of such a map that may also fall: no counter")
        ->allow_extra_args(false)
        ->type_name("NAME.FIELD");
    command.add_option("--map-series", arguments.map_series, "Series that one such map may have")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000000}).description(""))
        ->capture_default_str()
        ->type_name("COUNT");
}

} // namespace

void add_serve(CLI::App& program, Context& context)
{
    auto arguments = std::make_shared<ServeArguments>();
    CLI::App* command =
        program.add_subcommand("serve", "Serve metrics for Prometheus, an API and a live page");
    command->add_option("IFACE", arguments->interfaces,
                        "Interfaces; all attached ones, also those attached later, where none is named");
    CLI::Option* attach = command->add_flag("--attach", arguments->attach,
                                            "Attach the counter to these interfaces where it is not");
    command
        ->add_option(
            "--interface-regex", arguments->include,
            "Interfaces by name, also those that come later; with --attach, attach to each as it comes")
        ->type_name("REGEX");
    command
        ->add_option("--interface-exclude-regex", arguments->exclude,
                     "All interfaces, or all that --interface-regex matches, but these")
        ->type_name("REGEX");
    command->add_flag(
        "--interface-default-route", arguments->default_route,
        "The interfaces that a default route leads over, also when it comes to lead over another");
    CLI::Option* retry = command->add_flag(
        "--retry", arguments->retry,
        "Serve, but not be ready, where something fails at the start, and try it again until it works");
    command
        ->add_flag("--detach-at-end", arguments->detach_at_end,
                   "With --attach and --retry: detach at the end; the counts are lost, also in an update")
        ->needs(attach)
        ->needs(retry);
    add_attach_options(*command, arguments->how);
    add_web_options(*command, *arguments);
    add_map_options(*command, *arguments);
    command
        ->add_flag("--fixed", arguments->fixed,
                   "Keep no capability: counters that are attached later cannot be read")
        ->excludes(retry);
    command->add_flag("--drop-zero", arguments->drop_zero,
                      "Leave out series of which nothing has been counted");
    command->add_flag(
        "--program-stats", arguments->program_stats,
        "Have the kernel measure the run time of BPF programs, which costs each packet some nanoseconds");
    command->footer(examples);
    command->callback([arguments, &context] {
        const bool by_regex = !arguments->include.empty() || !arguments->exclude.empty();
        if (arguments->attach && arguments->interfaces.empty() && !by_regex && !arguments->default_route)
            throw CLI::ValidationError("--attach", "name the interfaces to attach to, or give "
                                                   "--interface-regex or --interface-default-route");
        if (by_regex) {
            auto filter = InterfaceFilter::make(arguments->include, arguments->exclude);
            if (!filter) {
                context.exit_code = report(filter.error());
                return;
            }
            arguments->filter = std::move(*filter);
        }
        context.exit_code = serve_command(*arguments, context);
    });
}

} // namespace xdpstat
