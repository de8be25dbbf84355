// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// Numbers as people read them. All pure, none depends on the locale.
namespace xdpstat {

/// "18,446,744,073,709,551,615": every digit, in groups of three.
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "512 B", "1.5 MiB", "940 GiB": three digits at most and the IEC unit.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

/// "0.3 pps", "12 pps", "1.20 Mpps", "940 Mbit/s": three digits and the SI prefix before the unit.
[[nodiscard]] std::string human_rate(double per_second, const char* unit);

/// "0%", "<0.1%", "12.3%", ">99.9%", "100%": 0% only of nothing, 100% only of everything.
[[nodiscard]] std::string human_share(std::uint64_t part, std::uint64_t total);

/// The two largest units: "45s", "5m 10s", "3h 12m", "12d 4h". What is negative is "0s".
[[nodiscard]] std::string human_duration(std::chrono::seconds duration);

/// "2026-11-23 10:25:12 UTC".
[[nodiscard]] std::string human_time(std::chrono::system_clock::time_point time);

/// RFC 3339 in UTC with milliseconds: "2026-11-23T10:25:12.042Z".
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point time);

/// Whether a code point is a control character, or a mark that turns the direction of text. Pure.
[[nodiscard]] bool steers_a_terminal(std::uint32_t code_point) noexcept;

/// A name that a terminal may print: control characters and what is no UTF-8 become '?'. The kernel forbids
/// only '/', ':' and white space in the name of an interface, so it may hold escape sequences.
[[nodiscard]] std::string printable(const std::string& name);

} // namespace xdpstat
