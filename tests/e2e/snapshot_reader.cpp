// SPDX-License-Identifier: BSD-2-Clause
// Takes snapshots of a counter as fast as it can, for so many seconds, and prints how many, and how its memory and
// its descriptors went: snapshot_reader FOLDER SECONDS
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

#include "counter/reader.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// Resident memory in KiB.
long resident()
{
    std::ifstream file("/proc/self/statm");
    long total = 0;
    long pages = 0;
    file >> total >> pages;
    return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

long descriptors()
{
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3)
        return 2;
    auto reader = xdpstat::Reader::open(argv[1]);
    if (!reader) {
        std::fprintf(stderr, "snapshot_reader: %s\n", std::string(reader.error().message()).c_str());
        return 1;
    }
    const auto end = Clock::now() + std::chrono::duration<double>(std::atof(argv[2]));
    constexpr std::uint64_t in_one_go = 10'000;
    std::uint64_t reads = 0;
    std::uint64_t before = 0;
    long memory = 0;
    long files = 0;
    do {
        for (std::uint64_t i = 0; i < in_one_go; i++) {
            const auto snapshot = reader->read();
            if (!snapshot || snapshot->stats.total_packets < before) {
                std::fputs("snapshot_reader: a count went backwards, or could not be read\n", stderr);
                return 1;
            }
            before = snapshot->stats.total_packets;
        }
        reads += in_one_go;
        if (memory == 0) {
            memory = resident();
            files = descriptors();
        }
    } while (Clock::now() < end);
    std::printf("{\"reads\": %" PRIu64
                ", \"grown_kib\": %ld, \"grown_descriptors\": %ld, \"packets\": %" PRIu64 "}\n",
                reads, resident() - memory, descriptors() - files, before);
    return 0;
}
