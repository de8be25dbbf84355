// SPDX-License-Identifier: BSD-2-Clause
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/context.hpp"
#include "cli/map_source.hpp"
#include "cli/map_watch.hpp"
#include "view/human.hpp"

namespace xdpstat {

namespace {

constexpr const char* examples = R"(MAP is the path of a pin, id:N or name:NAME.

Examples:
  sudo xdpstat map list
  sudo xdpstat map show /sys/fs/bpf/xdpstat/eth0/stats_map
  sudo xdpstat map show id:42 --by packets -n 10
  sudo xdpstat map show name:flows --json | jq '.entries[].value'
  sudo xdpstat map top name:flows --by bytes --rate)";

constexpr std::size_t entries_of_top = 20;

struct Arguments {
    std::string target;
    MapQuery query;
    MapWatch watch;
};

/// The width of the terminal; 0 where the output is none.
std::size_t output_width()
{
    struct winsize size = {};
    if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

int list(bool json)
{
    std::vector<MapFacts> maps;
    const auto listed = bpfxx::for_each_map([&](const bpfxx::Map& map) {
        // What cannot be read about one map does not hide the others.
        const auto types = bpfxx::TypeDecoder::of(map);
        if (types) {
            maps.push_back(facts_of(map, *types));
            return;
        }
        report(types.error());
    });
    if (!listed) {
        bpfxx::Error error = listed.error();
        if (error.kind() == bpfxx::ErrorKind::permission)
            error.set_hint("it needs CAP_SYS_ADMIN: run as root");
        return report(error);
    }
    std::fputs(json ? map_list_json(maps).c_str() : to_text(map_list_lines(maps), wants_color()).c_str(),
               stdout);
    return exit_ok;
}

/// Says what a reader of the entries has to know beforehand.
void tell_limits(const bpfxx::Map& map)
{
    if (bpfxx::is_taken_from(map.info().type))
        std::fprintf(
            stderr,
            "xdpstat: %s: the entries of a %s have no keys and are read by taking them out; shown is the "
            "next, which stays\n",
            printable(map.label()).c_str(), bpfxx::map_type_name(map.info().type).c_str());
}

bpfxx::Result<> show(MapSource& source, const Arguments& arguments)
{
    auto reading = source.read(arguments.query);
    if (reading && arguments.query.rate) {
        const auto waited = wait_interval(arguments.watch.interval);
        if (!waited)
            return std::unexpected(waited.error());
        if (!*waited)
            return {};
        reading = source.read(arguments.query);
    }
    if (!reading)
        return std::unexpected(std::move(reading).error());
    const bool color = wants_color();
    const std::string text =
        arguments.watch.json
            ? map_json(*reading)
            : to_text(
                  map_lines(*reading, {.color = color, .width = output_width(), .all = arguments.watch.all}),
                  color);
    std::fputs(text.c_str(), stdout);
    return {};
}

using Way = bpfxx::Result<> (*)(MapSource&, const Arguments&);

bpfxx::Result<> watch(MapSource& source, const Arguments& arguments)
{
    return watch_map(source, arguments.query, arguments.watch);
}

int run(const Arguments& arguments, const Context& context, Way way)
{
    auto source = MapSource::open(arguments.target, context.proof);
    if (!source)
        return report(source.error());
    if (const auto fits = source->check(arguments.query); !fits)
        return report(fits.error());
    tell_limits(source->map());
    const auto result = way(*source, arguments);
    return result ? exit_ok : report(result.error());
}

std::string interval_error(const std::string& text)
{
    double seconds = 0;
    if (CLI::detail::lexical_cast(text, seconds) && seconds >= 0.05 && seconds <= 86400)
        return {};
    return "an interval is 0.05 to 86400 seconds, not " + text;
}

std::string count_error(const std::string& text)
{
    std::uint64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    return error == std::errc() && stop == end && count > 0
               ? ""
               : "a count is a whole number above 0, not " + text;
}

/// What show, watch and top have in common.
CLI::App* add_reader(CLI::App& parent, const char* name, const char* help,
                     const std::shared_ptr<Arguments>& arguments)
{
    CLI::App* command = parent.add_subcommand(name, help);
    MapQuery& query = arguments->query;
    command->add_option("MAP", arguments->target, "A pin's path, id:N or name:NAME")->required();
    command->add_flag("--json", arguments->watch.json, "As JSON, by a versioned schema");
    command->add_flag("--rate", query.rate, "What the numbers grow by in a second");
    command
        ->add_option("-i,--interval", arguments->watch.interval, "Seconds between two readings, from 0.05 up")
        ->check(CLI::Validator(interval_error, ""))
        ->type_name("SECONDS")
        ->capture_default_str();
    command->add_option("-n,--limit", query.limit, "Show only the first so many entries")
        ->check(CLI::Validator(count_error, ""))
        ->type_name("N");
    command
        ->add_option("--by", query.by,
                     "Sort by a field, the largest first: packets, key.saddr, cells[0].bytes")
        ->type_name("FIELD");
    command->add_flag("--reverse", query.smallest_first, "Sort the smallest first");
    command->add_flag("--per-cpu", query.per_cpu, "Show what each CPU has, and not the sum");
    command->add_flag("--all", arguments->watch.all, "Show zeros too (JSON always has them)");
    command->footer(examples);
    return command;
}

void add_count(CLI::App& command, Arguments& arguments)
{
    command.add_option("--count", arguments.watch.count, "End after so many readings")
        ->check(CLI::Validator(count_error, ""))
        ->type_name("COUNT");
}

} // namespace

void add_map(CLI::App& program, Context& context)
{
    CLI::App* map = program.add_subcommand("map", "Show any BPF map of this machine, whoever made it");
    map->require_subcommand(1);
    map->footer(examples);

    auto json = std::make_shared<bool>(false);
    CLI::App* list_command = map->add_subcommand("list", "List all maps");
    list_command->add_flag("--json", *json, "As JSON, by a versioned schema");
    list_command->callback([json, &context] { context.exit_code = list(*json); });

    auto of_show = std::make_shared<Arguments>();
    add_reader(*map, "show", "Show the entries of a map", of_show)->callback([of_show, &context] {
        context.exit_code = run(*of_show, context, show);
    });

    auto of_watch = std::make_shared<Arguments>();
    CLI::App* watch_command =
        add_reader(*map, "watch", "Show the entries of a map at each interval", of_watch);
    add_count(*watch_command, *of_watch);
    watch_command->callback([of_watch, &context] { context.exit_code = run(*of_watch, context, watch); });

    auto of_top = std::make_shared<Arguments>();
    of_top->query.limit = entries_of_top;
    CLI::App* top_command =
        add_reader(*map, "top", "Show the largest entries of a map at each interval", of_top);
    top_command->get_option("--by")->required();
    top_command->get_option("--limit")->capture_default_str();
    add_count(*top_command, *of_top);
    top_command->callback([of_top, &context] { context.exit_code = run(*of_top, context, watch); });
}

} // namespace xdpstat
