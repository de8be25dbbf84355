// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "view/reading.hpp"
#include "view/watch_screen.hpp"

// Readings that the tests of the views share, and the comparison with golden files.
namespace xdpstat::samples {

/// 2026-11-23 10:25:12.042 UTC.
[[nodiscard]] std::chrono::system_clock::time_point moment();

/// A counter of every kind of traffic, whose headline is the sum of its breakdown.
[[nodiscard]] Reading mixed(const std::string& interface = "eth0");
/// One that has counted nothing.
[[nodiscard]] Reading empty(const std::string& interface = "eth0");
/// Every counter and the fullest cells at 2^64 - 1.
[[nodiscard]] Reading full(const std::string& interface = "enp0s31f6np0123");
/// mixed() with the breakdown switched off.
[[nodiscard]] Reading without_breakdown(const std::string& interface = "eth0");

/// An interface that has been watched for some seconds of rising traffic.
[[nodiscard]] WatchedInterface watched(const Reading& reading);
[[nodiscard]] WatchFacts facts(const std::vector<Reading>& readings);

/// The lines of a screen without styles.
[[nodiscard]] std::string plain(const std::vector<Line>& lines);

/// Compares with tests/golden/NAME, or writes it where XDPSTAT_UPDATE_GOLDEN is 1. A missing file is a failure.
void expect_golden(const std::string& name, const std::string& text);

} // namespace xdpstat::samples
