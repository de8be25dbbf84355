// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/cpus.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

namespace bpfxx {

namespace {

constexpr const char* possible_path = "/sys/devices/system/cpu/possible";

bool parse_number(std::string_view& text, std::uint32_t& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{})
        return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool skip(std::string_view& text, char c)
{
    if (!text.starts_with(c))
        return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

Result<PossibleCpus> parse_cpu_list(std::string_view list)
{
    const auto bad = [&] {
        return std::unexpected(make_error(ErrorKind::invalid, "read the CPU list", std::string(list),
                                          "expected ranges such as 0-3,8"));
    };
    PossibleCpus cpus;
    std::string_view rest = list;
    do { // NOLINT(cppcoreguidelines-avoid-do-while): a list holds a range at least
        std::uint32_t first = 0;
        if (!parse_number(rest, first))
            return bad();
        std::uint32_t last = first;
        if (skip(rest, '-') && !parse_number(rest, last))
            return bad();
        if (last < first)
            return bad();
        cpus.count += last - first + 1;
        cpus.id_limit = std::max(cpus.id_limit, last + 1);
    } while (skip(rest, ','));
    if (!rest.empty() && rest != "\n")
        return bad();
    return cpus;
}

Result<PossibleCpus> possible_cpus()
{
    std::ifstream file(possible_path);
    std::string line;
    if (!std::getline(file, line))
        return std::unexpected(make_error(ErrorKind::system, "read", possible_path, "not readable",
                                          "mount sysfs: mount -t sysfs sysfs /sys"));
    return parse_cpu_list(line);
}

} // namespace bpfxx
