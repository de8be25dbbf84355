// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bench/machine.hpp"
#include "bench/report.hpp"
#include "bpfxx/error.hpp"

namespace xdpstat::bench {

struct Settings {
    Machine machine;
    int rounds = 0;           ///< of each measurement; at least 1
    std::uint32_t repeat = 0; ///< runs of a program in one go
    std::string xdpstat;      ///< path of the program
    std::string stats_reader; ///< path of the native reader
    std::string demo;         ///< folder of the scripts that read
    std::string scripts;      ///< folder of what wrk runs
};

// The measurements, a file each. Only in namespaces of their own: see isolate().

[[nodiscard]] bpfxx::Result<Section> measure_program_cost(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_frame_cost(const Settings& settings);
/// Errors: unsupported where there is only one CPU.
[[nodiscard]] bpfxx::Result<Section> measure_two_cpus(const Settings& settings);
/// Errors: unsupported before Linux 5.18.
[[nodiscard]] bpfxx::Result<Section> measure_traffic(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_snapshot_cost(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_reading_ways(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_library_cost(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_compile_cost(const Settings& settings);
[[nodiscard]] bpfxx::Result<Section> measure_commands(const Settings& settings);
/// Errors: unsupported where there is only one CPU.
[[nodiscard]] bpfxx::Result<Section> measure_exporter(const Settings& settings);

} // namespace xdpstat::bench
