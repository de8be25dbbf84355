// SPDX-License-Identifier: BSD-2-Clause
#include "view/human.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "view/line.hpp"

namespace xdpstat {

namespace {

/// Three digits at most: "1.23", "12.3", "123".
std::string three_digits(double value)
{
    // The bounds lie where rounding gains a digit: 9.996 is 10.0 and not 10.00.
    if (value < 9.995)
        return fmt::format("{:.2f}", value);
    if (value < 99.95)
        return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

/// Divides by `step` until the number shown stays below it; returns the index of the prefix.
std::size_t scale(double& value, double step, std::size_t prefixes)
{
    std::size_t prefix = 0;
    while (std::round(value) >= step && prefix + 1 < prefixes) {
        value /= step;
        prefix++;
    }
    return prefix;
}

} // namespace

std::string grouped(std::uint64_t number)
{
    std::string text = std::to_string(number);
    for (std::size_t end = text.size(); end > 3; end -= 3)
        text.insert(end - 3, 1, ',');
    return text;
}

std::string human_bytes(std::uint64_t bytes)
{
    static constexpr std::array prefixes{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    const std::size_t prefix = scale(value, 1024, prefixes.size());
    if (prefix == 0)
        return fmt::format("{} B", bytes);
    return value < 99.95 ? fmt::format("{:.1f} {}", value, prefixes.at(prefix))
                         : fmt::format("{:.0f} {}", value, prefixes.at(prefix));
}

std::string human_rate(double per_second, const char* unit)
{
    static constexpr std::array prefixes{"", "k", "M", "G", "T", "P", "E"};
    double value = std::max(0.0, per_second);
    const std::size_t prefix = scale(value, 1000, prefixes.size());
    if (prefix > 0)
        return fmt::format("{} {}{}", three_digits(value), prefixes.at(prefix), unit);
    // Below a thousand a fraction tells something only of a few.
    if (value > 0 && value < 9.95)
        return fmt::format("{:.1f} {}", std::max(value, 0.1), unit);
    return fmt::format("{:.0f} {}", value, unit);
}

std::string human_share(std::uint64_t part, std::uint64_t total)
{
    if (part == 0 || total == 0)
        return "0%";
    if (part >= total)
        return "100%";
    const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(total);
    if (percent < 0.05)
        return "<0.1%";
    if (percent >= 99.95)
        return ">99.9%";
    return fmt::format("{:.1f}%", percent);
}

std::string human_duration(std::chrono::seconds duration)
{
    struct Unit {
        std::int64_t seconds;
        char letter;
    };
    static constexpr std::array units{Unit{86400, 'd'}, Unit{3600, 'h'}, Unit{60, 'm'}, Unit{1, 's'}};
    const std::int64_t seconds = std::max<std::int64_t>(0, duration.count());
    for (std::size_t i = 0; i + 1 < units.size(); i++) {
        const Unit& large = units.at(i);
        const Unit& small = units.at(i + 1);
        if (seconds >= large.seconds)
            return fmt::format("{}{} {}{}", seconds / large.seconds, large.letter,
                               seconds % large.seconds / small.seconds, small.letter);
    }
    return fmt::format("{}s", seconds);
}

namespace {

struct Calendar {
    std::chrono::year_month_day date{};
    std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

Calendar utc(std::chrono::system_clock::time_point time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    return {std::chrono::year_month_day(day),
            std::chrono::hh_mm_ss(std::chrono::floor<std::chrono::milliseconds>(time - day))};
}

std::string date_of(const Calendar& calendar)
{
    return fmt::format("{:04}-{:02}-{:02}", int{calendar.date.year()}, unsigned{calendar.date.month()},
                       unsigned{calendar.date.day()});
}

std::string time_of(const Calendar& calendar)
{
    return fmt::format("{:02}:{:02}:{:02}", calendar.time.hours().count(), calendar.time.minutes().count(),
                       calendar.time.seconds().count());
}

} // namespace

std::string human_time(std::chrono::system_clock::time_point time)
{
    const Calendar calendar = utc(time);
    return fmt::format("{} {} UTC", date_of(calendar), time_of(calendar));
}

std::string rfc3339(std::chrono::system_clock::time_point time)
{
    const Calendar calendar = utc(time);
    return fmt::format("{}T{}.{:03}Z", date_of(calendar), time_of(calendar),
                       calendar.time.subseconds().count());
}

bool steers_a_terminal(std::uint32_t code_point) noexcept
{
    const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
    // Marks that turn the direction of what follows would scramble the whole line.
    return control || (code_point >= 0x200b && code_point <= 0x200f) ||
           (code_point >= 0x2028 && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
}

std::string printable(const std::string& name)
{
    std::string text;
    for (std::size_t at = 0; at < name.size();) {
        const CodePoint point = next_code_point(name, at);
        if (!point.valid || steers_a_terminal(point.value))
            text += '?';
        else
            text += name.substr(at, point.length);
        at += point.length;
    }
    return text;
}

} // namespace xdpstat
