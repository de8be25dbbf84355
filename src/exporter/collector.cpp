// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/collector.hpp"

#include <algorithm>
#include <utility>

#include "counter/empty_root.hpp"
#include "counter/interface.hpp"

namespace xdpstat {

namespace {

using std::chrono::steady_clock;

/// What no event tells, such as a link that was detached by force, is seen after this time.
constexpr auto longest_without_a_look = std::chrono::seconds(1);

std::string problem_of(const Instance& instance)
{
    if (instance.mode != mode_detached)
        return "";
    return find_interface(instance.interface) ? "its counter is detached"
                                              : "its counter is detached: no interface has its name now";
}

} // namespace

Collector::Collector(CollectorOptions options)
    : options_(std::move(options)), root_(options_.pin_root), changes_(options_.pin_root)
{
}

bpfxx::Result<Collector> Collector::open(CollectorOptions options)
{
    Collector collector(std::move(options));
    if (collector.options_.program_runs) {
        auto statistics = bpfxx::enable_run_statistics();
        if (!statistics)
            return std::unexpected(std::move(statistics).error());
        collector.statistics_ = std::move(*statistics);
    }
    if (collector.options_.default_route) {
        auto route = DefaultRoute::open();
        if (!route)
            return std::unexpected(std::move(route).error());
        collector.route_.emplace(std::move(*route));
    }
    return collector;
}

bool Collector::is_wanted(const Instance& instance) const
{
    if (options_.filter && options_.filter->matches(instance.interface))
        return true;
    if (options_.interfaces.empty() && !route_)
        return !options_.filter;
    return std::ranges::find(wanted_, instance.interface) != wanted_.end();
}

bpfxx::Result<Collector::Source> Collector::open_source(const Instance& instance, PinIdentity identity) const
{
    Source source{.identity = identity, .reader = std::nullopt, .program = std::nullopt};
    auto reader = Reader::open(instance.directory, options_.proof);
    if (!reader)
        return std::unexpected(std::move(reader).error());
    source.reader = std::move(*reader);
    if (options_.program_runs)
        if (auto program = bpfxx::Program::open_pinned(program_pin(instance.directory)))
            source.program = std::move(*program);
    return source;
}

void Collector::add(const Instance& instance, std::vector<Source>& sources,
                    std::vector<InterfaceScrape>& scrapes)
{
    InterfaceScrape scrape;
    scrape.interface = instance.interface;
    scrape.instance = instance;
    scrape.problem = problem_of(instance);
    // Before the maps are opened: a counter exchanged meanwhile is then noticed by the next look.
    const auto identity = identity_of(stats_pin(instance.directory));
    const auto known = std::ranges::find_if(sources_, [&](const Source& source) {
        return source.reader && identity && source.identity == *identity;
    });
    if (known != sources_.end()) {
        sources.push_back(std::move(*known));
        known->reader.reset();
        // An upgrade may have exchanged the program over the same maps.
        if (options_.program_runs)
            if (auto program = bpfxx::Program::open_pinned(program_pin(instance.directory)))
                sources.back().program = std::move(*program);
    } else if (auto opened = open_source(instance, identity.value_or(PinIdentity{}))) {
        sources.push_back(std::move(*opened));
    } else {
        scrape.problem = opened.error().message();
        sources.push_back({});
    }
    scrapes.push_back(std::move(scrape));
}

void Collector::add_missing(std::vector<InterfaceScrape>& scrapes, std::vector<Source>& sources) const
{
    for (const std::string& name : wanted_) {
        if (std::ranges::find(scrapes, name, &InterfaceScrape::interface) != scrapes.end())
            continue;
        InterfaceScrape missing;
        missing.interface = name;
        const auto interface = find_interface(name);
        if (options_.problems)
            missing.problem = options_.problems->of(name);
        if (missing.problem.empty())
            missing.problem = !interface              ? std::string(interface.error().message())
                              : root_problem_.empty() ? "nothing is attached to it below " + options_.pin_root
                                                      : root_problem_;
        scrapes.push_back(std::move(missing));
        sources.push_back({});
    }
}

void Collector::look()
{
    wanted_.clear();
    for (const std::string& name : options_.interfaces) {
        const auto interface = find_interface(name);
        const std::string& now = interface ? interface->name : name;
        if (std::ranges::find(wanted_, now) == wanted_.end())
            wanted_.push_back(now);
    }

    if (route_)
        for (const std::string& name : route_->names())
            if (std::ranges::find(wanted_, name) == wanted_.end())
                wanted_.push_back(name);

    std::vector<Instance> instances;
    root_problem_.clear();
    if (auto all = root_.instances())
        instances = std::move(*all);
    else
        root_problem_ = all.error().message();
    // Of two with the same name, what is left of an interface that is gone stands back.
    std::ranges::stable_sort(instances, {}, [](const Instance& instance) {
        return std::pair(instance.interface, instance.ifindex == 0);
    });
    std::vector<Source> sources;
    std::vector<InterfaceScrape> scrapes;
    for (const Instance& instance : instances)
        if (is_wanted(instance) && (scrapes.empty() || scrapes.back().interface != instance.interface))
            add(instance, sources, scrapes);
    add_missing(scrapes, sources);

    std::vector<std::size_t> order(scrapes.size());
    for (std::size_t i = 0; i < order.size(); i++)
        order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return scrapes[i].interface; });
    sources_.clear();
    scrapes_.clear();
    for (const std::size_t i : order) {
        sources_.push_back(std::move(sources[i]));
        scrapes_.push_back(std::move(scrapes[i]));
    }
}

std::span<const InterfaceScrape> Collector::read(std::chrono::nanoseconds age)
{
    const auto start = steady_clock::now();
    if (taken_ != steady_clock::time_point() && start - taken_ < age)
        return scrapes_;
    if (changes_.changed() || start >= next_look_) {
        look();
        next_look_ = start + longest_without_a_look;
    }
    for (std::size_t i = 0; i < scrapes_.size(); i++) {
        Source& source = sources_[i];
        InterfaceScrape& scrape = scrapes_[i];
        if (!source.reader)
            continue;
        if (!scrape.snapshot)
            scrape.snapshot.emplace();
        if (const auto read = source.reader->read(*scrape.snapshot); !read) {
            scrape.snapshot.reset();
            scrape.problem = read.error().message();
        } else {
            scrape.sums = sums_of(scrape.snapshot->traffic);
        }
        if (source.program)
            if (const auto info = source.program->info())
                scrape.program = ProgramRuns{.time = info->run_time, .runs = info->run_count};
    }
    taken_ = start;
    seconds_ = std::chrono::duration<double>(steady_clock::now() - start).count();
    return scrapes_;
}

std::string Collector::not_ready() const
{
    if (!root_problem_.empty())
        return root_problem_;
    if (std::ranges::any_of(scrapes_, &InterfaceScrape::up) ||
        (options_.interfaces.empty() && !options_.problems))
        return {};
    if (options_.problems)
        if (const std::string problem = options_.problems->first(); !problem.empty())
            return problem;
    return scrapes_.empty() ? why_empty(options_.pin_root)
                            : scrapes_.front().interface + ": " + scrapes_.front().problem;
}

std::string Collector::problem() const
{
    return options_.problems ? options_.problems->first() : std::string();
}

} // namespace xdpstat
