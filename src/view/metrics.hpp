// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "view/map_metrics.hpp"
#include "view/metrics_writer.hpp"
#include "view/reading.hpp"

// What a scrape says, as docs/metrics.md describes it.
namespace xdpstat {

/// What the counter's program itself has cost, while the kernel keeps statistics of BPF programs.
struct ProgramRuns {
    std::chrono::nanoseconds time{};
    std::uint64_t runs = 0;
};

/// One interface of a scrape. A plain value.
struct InterfaceScrape {
    std::string interface;
    std::optional<Instance> instance; ///< none where no counter was found
    std::optional<Snapshot> snapshot; ///< none where it could not be read
    /// Of the snapshot's breakdown: made where it is read, while it is in the fastest of the caches.
    TrafficSums sums{};
    std::optional<ProgramRuns> program;
    std::string problem; ///< why it does not count or cannot be read; empty where all is well

    /// Whether its counter is attached and was read.
    [[nodiscard]] bool up() const noexcept { return problem.empty() && snapshot.has_value(); }
};

/// What the serving process uses. A plain value.
struct ProcessFacts {
    double cpu_seconds = 0; ///< user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_descriptors = 0;
    std::uint64_t most_descriptors = 0;
    double start_time = 0; ///< seconds since 1970
};

/// Who serves.
struct BuildFacts {
    std::string version;
    std::string commit;
    std::string libbpf;
};

struct Scrape {
    std::span<const InterfaceScrape> interfaces;
    std::span<const MapScrape> maps;
    double seconds = 0; ///< that reading them all took
    BuildFacts build;
    std::optional<ProcessFacts> process;
};

struct MetricsOptions {
    MetricsFormat format = MetricsFormat::text;
    bool drop_zero = false; ///< leave out cells of which nothing has arrived
};

/// The most series that one interface can have; docs/metrics.md says which.
inline constexpr std::size_t series_of_an_interface = 54;

/// Everything that is known, in one of the two formats. Pure.
[[nodiscard]] std::string metrics(const Scrape& scrape, const MetricsOptions& options);

} // namespace xdpstat
