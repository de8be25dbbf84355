// SPDX-License-Identifier: BSD-2-Clause
#include "view/findings.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "view/human.hpp"
#include "view/json_fields.hpp"
#include "view/line.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t screen_width = 80;
constexpr std::size_t what_column = 6;
constexpr std::size_t detail_column = 21;
constexpr std::size_t packets_end = 40;
constexpr std::size_t bytes_end = 68; // two blanks and the largest number there is
constexpr std::size_t driver_counters_shown = 12;

const char* to_string(Severity severity)
{
    switch (severity) {
    case Severity::ok:
        return "ok";
    case Severity::info:
        return "info";
    case Severity::warn:
        return "warn";
    case Severity::fail:
        break;
    }
    return "fail";
}

Style style_of(Severity severity)
{
    switch (severity) {
    case Severity::ok:
        return Style::normal;
    case Severity::info:
        return Style::faint;
    case Severity::warn:
        return Style::strong;
    case Severity::fail:
        break;
    }
    return Style::warning;
}

/// The words of a text, in lines from the detail column on; the first goes on where `line` ends.
void add_wrapped(std::vector<Line>& lines, Line line, const std::string& text, Style style)
{
    line.pad_to(detail_column);
    std::string_view rest = text;
    bool first = true;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        if (!first && line.width() + 1 + display_width(word) > screen_width) {
            lines.push_back(std::move(line));
            line = Line();
            line.pad_to(detail_column);
            first = true;
        }
        line.add(first ? "" : " ").add(word, style);
        first = false;
    }
    lines.push_back(std::move(line));
}

void add_finding(std::vector<Line>& lines, const Finding& finding)
{
    const Style style = style_of(finding.severity);
    Line line(to_string(finding.severity), style);
    line.pad_to(what_column).add(finding.what, style);
    add_wrapped(lines, std::move(line), printable(finding.detail), Style::normal);
    if (!finding.to_do.empty())
        add_wrapped(lines, Line(), "-> " + printable(finding.to_do), Style::strong);
}

std::ptrdiff_t count(std::span<const Finding> findings, Severity severity)
{
    return std::ranges::count(findings, severity, &Finding::severity);
}

std::string summary(const Examination& examination)
{
    const auto all = [&](Severity severity) {
        return count(examination.machine, severity) + count(examination.about_interface, severity);
    };
    const std::string what =
        examination.interface.empty() ? "attaching" : "attaching to " + printable(examination.interface);
    const auto warnings =
        fmt::format("{} warning{}", all(Severity::warn), all(Severity::warn) == 1 ? "" : "s");
    const auto failures = all(Severity::fail);
    if (failures > 0)
        return fmt::format("{} {} in the way of {}, {}", failures,
                           failures == 1 ? "thing stands" : "things stand", what, warnings);
    return fmt::format("nothing stands in the way of {}, {}", what, warnings);
}

Json finding_fields(const Finding& finding)
{
    return Json{{"severity", to_string(finding.severity)},
                {"what", finding.what},
                {"detail", finding.detail},
                {"to_do", finding.to_do}};
}

Json finding_list(std::span<const Finding> findings)
{
    Json list = Json::array();
    for (const Finding& finding : findings)
        list.push_back(finding_fields(finding));
    return list;
}

Line figures(std::string_view name, const std::string& packets, const std::string& bytes, Style style)
{
    Line line("  ");
    line.add(name, style == Style::faint ? style : Style::normal);
    line.add_right(packets, packets_end, style).add_right(bytes, bytes_end, style);
    return line;
}

/// Kernel counters beside packets and bytes, by the names that the kernel's documents give them.
std::vector<std::pair<std::string_view, std::uint64_t>> other_counters(const KernelCounters& counters)
{
    return {{"rx_errors", counters.rx_errors},
            {"rx_dropped", counters.rx_dropped},
            {"rx_missed", counters.rx_missed},
            {"rx_nohandler", counters.rx_nohandler}};
}

/// Some drivers have a thousand counters; JSON has them all.
void add_driver(std::vector<Line>& lines, std::span<const DriverDifference> counters)
{
    std::size_t left_out = 0;
    std::size_t shown = 0;
    for (const DriverDifference& counter : counters) {
        if (!counter.name.starts_with("rx") || shown == driver_counters_shown) {
            left_out++;
            continue;
        }
        shown++;
        const bool is_bytes = counter.name.find("bytes") != std::string::npos;
        const std::string value = grouped(counter.difference);
        lines.push_back(
            figures(printable(counter.name), is_bytes ? "" : value, is_bytes ? value : "", Style::faint));
    }
    if (left_out > 0)
        lines.emplace_back(fmt::format("  {} more of the driver's counters changed: --json", left_out),
                           Style::faint);
}

} // namespace

std::string doctor_text(const Examination& examination, const TextOptions& options)
{
    std::vector<Line> lines;
    for (const Finding& finding : examination.machine)
        add_finding(lines, finding);
    if (!examination.about_interface.empty()) {
        lines.emplace_back();
        lines.emplace_back(printable(examination.interface), Style::title);
        for (const Finding& finding : examination.about_interface)
            add_finding(lines, finding);
    }
    lines.emplace_back();
    lines.emplace_back(summary(examination), Style::strong);
    return to_text(lines, options.color);
}

std::string doctor_json(const Examination& examination)
{
    const auto failures =
        count(examination.machine, Severity::fail) + count(examination.about_interface, Severity::fail);
    Json document{{"schema", doctor_schema},
                  {"can_attach", failures == 0},
                  {"machine", finding_list(examination.machine)}};
    if (!examination.interface.empty()) {
        document["interface"] = examination.interface;
        document["interface_findings"] = finding_list(examination.about_interface);
    }
    return json_text(document);
}

std::string verify_text(const Verification& verification, const TextOptions& options)
{
    std::vector<Line> lines;
    Line title(printable(verification.interface), Style::title);
    title.add(fmt::format(", {} mode, {:.1f} s", verification.mode, verification.seconds));
    lines.push_back(std::move(title));
    lines.push_back(figures("", "packets", "bytes", Style::faint));
    lines.push_back(figures("counter", grouped(verification.counter.packets),
                            grouped(verification.counter.bytes), Style::strong));
    lines.push_back(figures("kernel", grouped(verification.kernel.packets),
                            grouped(verification.kernel.bytes), Style::strong));
    for (const auto& [name, value] : other_counters(verification.others))
        if (value > 0)
            lines.push_back(figures(name, grouped(value), "", Style::normal));
    add_driver(lines, verification.driver);
    lines.emplace_back();
    for (const Finding& finding : verification.findings)
        add_finding(lines, finding);
    return to_text(lines, options.color);
}

std::string verify_json(const Verification& verification)
{
    const auto cell = [](const Cell& value) {
        return Json{{"packets", value.packets}, {"bytes", value.bytes}};
    };
    Json kernel = cell(verification.kernel);
    for (const auto& [name, value] : other_counters(verification.others))
        kernel[std::string(name)] = value;
    Json driver = Json::object();
    for (const DriverDifference& counter : verification.driver)
        driver[counter.name] = counter.difference;
    return json_text({{"schema", verify_schema},
                      {"interface", verification.interface},
                      {"mode", verification.mode},
                      {"seconds", verification.seconds},
                      {"agrees", verification.agrees},
                      {"counter", cell(verification.counter)},
                      {"kernel", std::move(kernel)},
                      {"uncertainty", cell(verification.uncertainty)},
                      {"driver", std::move(driver)},
                      {"findings", finding_list(verification.findings)}});
}

} // namespace xdpstat
