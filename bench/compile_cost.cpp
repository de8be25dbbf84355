// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "bench/series.hpp"

namespace xdpstat::bench {

namespace {

using bpfxx::Result;
using Clock = std::chrono::steady_clock;

/// A round takes a third of a second: few are enough, and more would make a reader wait.
constexpr int most_rounds = 12;

/// A program of bench/compile.
struct Program {
    std::string name;
    std::string file;
    std::string aim;
    Series times{};  ///< milliseconds
    Series ratios{}; ///< to the first program, of each round
};

/// A file for what the compiler writes; gone with this object.
class Output {
public:
    Output() : path_(std::filesystem::temp_directory_path() / fmt::format("bench-{}.o", ::getpid())) {}
    ~Output()
    {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

Result<double> time_compiler(const Program& program, const Output& output)
{
    const auto begin = Clock::now();
    BPFXX_TRY(run_command({XDPSTAT_BENCH_COMPILER, "-std=c++23", "-O2", "-I", XDPSTAT_BENCH_HEADERS, "-c",
                           XDPSTAT_BENCH_PROGRAMS "/" + program.file, "-o", output.path()}));
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

} // namespace

Result<Section> measure_compile_cost(const Settings& settings)
{
    BPFXX_TRY(free_thread(settings.machine));
    std::vector<Program> programs{
        {.name = "libbpf's headers and `<expected>`", .file = "by_libbpf.cpp", .aim = ""},
        {.name = "`bpfxx/map.hpp`", .file = "by_map.cpp", .aim = "at most 1.5"},
        {.name = "`bpfxx/keyed_map.hpp`: HashMap", .file = "by_hash_map.cpp", .aim = ""}};
    const Output output;
    const int rounds = std::min(settings.rounds, most_rounds);
    for (int round = -1; round < rounds; round++) {
        double base = 0;
        for (Program& program : programs) {
            const auto time = time_compiler(program, output);
            if (!time)
                return std::unexpected(time.error());
            if (round < 0)
                continue; // the files are in memory from now on
            base = base > 0 ? base : *time;
            program.times.add(*time);
            program.ratios.add(*time / base);
        }
    }

    Section section{
        .title = "Compile cost",
        .method = fmt::format("The same program, which opens a pinned hash, looks up a value, writes it "
                              "back and prints what fails, compiled from the files in bench/compile by the "
                              "machine's compiler ({}, `-std=c++23 -O2 -c`); by turns, {} rounds; medians, "
                              "and the median of the rounds' ratios.",
                              XDPSTAT_BENCH_COMPILER_NAME, rounds),
        .table = {{"a program with", "median, ms", "ratio", "aim"}}};
    for (const Program& program : programs)
        section.table.push_back({program.name, fmt::format("{:.0f}", program.times.median()),
                                 fmt::format("{:.2f}", program.ratios.median()), program.aim});
    return section;
}

} // namespace xdpstat::bench
