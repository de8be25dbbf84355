// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/process_facts.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xdpstat {

namespace {

// Fields of /proc/PID/stat as proc(5) numbers them.
constexpr std::size_t user_time = 14;
constexpr std::size_t system_time = 15;
constexpr std::size_t start_time = 22;
constexpr std::size_t virtual_size = 23;  ///< bytes
constexpr std::size_t resident_size = 24; ///< pages

double seconds_of(clockid_t clock)
{
    struct timespec now = {};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The fields from the third on: the second is a name in parentheses, in which anything may stand.
std::array<std::uint64_t, resident_size + 1> fields_of(std::string_view text)
{
    std::array<std::uint64_t, resident_size + 1> fields{};
    std::size_t at = text.rfind(')');
    for (std::size_t i = 3; i < fields.size() && at != std::string_view::npos; i++) {
        at = text.find(' ', at);
        if (at == std::string_view::npos)
            break;
        at++;
        std::from_chars(text.data() + at, text.data() + text.size(), fields[i]);
    }
    return fields;
}

/// The kernel tells their number as the folder's size since 6.2; before, they are counted.
std::uint64_t count_descriptors(int folder)
{
    struct stat status = {};
    if (::fstat(folder, &status) == 0 && status.st_size > 0)
        return static_cast<std::uint64_t>(status.st_size);
    const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* entries = copy < 0 ? nullptr : ::fdopendir(copy);
    if (entries == nullptr)
        return 0;
    std::uint64_t count = 0;
    while (const struct dirent* entry = ::readdir(entries))
        if (entry->d_name[0] != '.')
            count++;
    ::closedir(entries);
    return count - 1; // without the one that reads
}

} // namespace

ProcessMeter::ProcessMeter()
    : stat_(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC)),
      descriptors_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      boot_time_(seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME))
{
}

std::optional<ProcessFacts> ProcessMeter::read() const
{
    std::array<char, 1024> text{};
    const ssize_t size = stat_ ? ::pread(stat_.get(), text.data(), text.size(), 0) : -1;
    if (size <= 0)
        return std::nullopt;
    const auto fields = fields_of({text.data(), static_cast<std::size_t>(size)});
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    struct rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return ProcessFacts{
        .cpu_seconds = static_cast<double>(fields[user_time] + fields[system_time]) / ticks,
        .resident_bytes = fields[resident_size] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
        .virtual_bytes = fields[virtual_size],
        .open_descriptors = descriptors_ ? count_descriptors(descriptors_.get()) : 0,
        .most_descriptors = limit.rlim_cur,
        .start_time = boot_time_ + static_cast<double>(fields[start_time]) / ticks,
    };
}

} // namespace xdpstat
