// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bpfxx/fd.hpp"
#include "bpfxx/program.hpp"
#include "counter/change_watch.hpp"
#include "counter/default_route.hpp"
#include "counter/interface_filter.hpp"
#include "counter/pin_root.hpp"
#include "counter/pins.hpp"
#include "counter/reader.hpp"
#include "exporter/problems.hpp"
#include "view/metrics.hpp"

namespace xdpstat {

struct CollectorOptions {
    std::string pin_root = default_pin_root;
    std::vector<std::string>
        interfaces; ///< none, and no filter: all below the root, also those that come later
    std::optional<InterfaceFilter> filter; ///< those as well that it matches, as long as they are there
    bool default_route = false;            ///< those as well that a default route leads over
    bpfxx::Proof proof = bpfxx::Proof::btf;
    bool program_runs = false; ///< have the kernel measure what the program costs, which costs itself
    /// What stands in the way of attaching. Where it is given, what is not there yet is waited for: see not_ready().
    std::shared_ptr<const Problems> problems;
};

/// The counters that are served. An interface that fails is reported as such and never takes the others with it.
/// Not thread-safe.
class Collector {
public:
    /// Errors: permission, unsupported, where the kernel's statistics cannot be switched on.
    [[nodiscard]] static bpfxx::Result<Collector> open(CollectorOptions options);

    /// Reads every interface, after having looked for what came, went or was renamed where anything hints at it and at
    /// least once a second. Sorted by name, each name once. Valid until the next call.
    /// @param age how old a reading may be that is returned in place of a new one
    [[nodiscard]] std::span<const InterfaceScrape> read(std::chrono::nanoseconds age = {});

    /// How many seconds the last reading took.
    [[nodiscard]] double seconds() const noexcept { return seconds_; }
    /// Why nothing can be served: the pin root cannot be looked at, or no interface that was named counts; where problems are
    /// told, also that no interface at all counts, and the problem. Empty where all is well. Of the last reading.
    [[nodiscard]] std::string not_ready() const;
    /// What stands in the way of attaching as it was asked for, where problems are told; others may count all the same. Empty where
    /// nothing does.
    [[nodiscard]] std::string problem() const;
    /// Looks for changes at the next reading, whatever hints at them.
    void look_again() noexcept { next_look_ = {}; }

private:
    struct Source {
        PinIdentity identity; ///< of the pin of its statistics
        std::optional<Reader> reader;
        std::optional<bpfxx::Program> program; ///< where its runs are asked for
    };

    explicit Collector(CollectorOptions options);
    void look();
    void add(const Instance& instance, std::vector<Source>& sources, std::vector<InterfaceScrape>& scrapes);
    void add_missing(std::vector<InterfaceScrape>& scrapes, std::vector<Source>& sources) const;
    [[nodiscard]] bool is_wanted(const Instance& instance) const;
    [[nodiscard]] bpfxx::Result<Source> open_source(const Instance& instance, PinIdentity identity) const;

    CollectorOptions options_;
    PinRoot root_;
    ChangeWatch changes_;
    bpfxx::Fd statistics_; ///< keeps the kernel's statistics on
    std::optional<DefaultRoute> route_;
    std::vector<std::string> wanted_; ///< the names that the wanted interfaces have now
    std::vector<Source> sources_;     ///< of the same interfaces, in the same order
    std::vector<InterfaceScrape> scrapes_;
    std::string root_problem_;
    std::chrono::steady_clock::time_point next_look_;
    std::chrono::steady_clock::time_point taken_;
    double seconds_ = 0;
};

} // namespace xdpstat
