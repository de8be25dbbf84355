// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "counter.hpp"
#include "frame.hpp"
#include "machine.hpp"
#include "reference.hpp"

namespace xdpstat::test {

/// Base of all suites that run frames through the program: loads it once for each length source, stays on one
/// CPU, and checks after every run what must hold for any frame.
class CounterTest : public ::testing::TestWithParam<LengthSource> {
protected:
    void SetUp() override;

    /// Replaces the instance under test. A failure to load is fatal for the test.
    void load(const LoadOptions& options);

    [[nodiscard]] Counter& counter() { return *counter_; }

    /// The CPUs this process may use; the test itself stays on the first.
    [[nodiscard]] const std::vector<unsigned>& cpus() const { return cpus_; }

    /// Runs a frame (on `cpu` where given, else on the CPU of the test) and checks the properties.
    Outcome count(std::span<const std::uint8_t> frame, const RunOptions& options = {},
                  std::optional<unsigned> cpu = {});

    /// Runs a frame and compares with what it must be counted as.
    [[nodiscard]] ::testing::AssertionResult
    counts_as(const Expected& expected, std::span<const std::uint8_t> frame, const RunOptions& options = {});

    /// Runs a frame and compares with the reference model.
    [[nodiscard]] ::testing::AssertionResult counts_right(std::span<const std::uint8_t> frame,
                                                          const RunOptions& options = {});

private:
    void check_properties(const Outcome& outcome, std::span<const std::uint8_t> frame,
                          const RunOptions& options, unsigned cpu) const;

    std::vector<unsigned> cpus_;
    std::optional<PinnedThread> pinned_;
    bool breakdown_ = true;
    std::optional<Counter> counter_;
};

/// The name of a suite's instance, for INSTANTIATE_TEST_SUITE_P.
[[nodiscard]] inline std::string name_of(const ::testing::TestParamInfo<LengthSource>& info)
{
    return info.param.name;
}

} // namespace xdpstat::test

/// Runs a suite with every length source.
#define XDPSTAT_INSTANTIATE(suite)                                                                           \
    INSTANTIATE_TEST_SUITE_P(Length, suite, ::testing::ValuesIn(::xdpstat::test::length_sources()),          \
                             ::xdpstat::test::name_of)

/// Runs a suite with every length source that knows frames in fragments.
#define XDPSTAT_INSTANTIATE_MULTI_BUFFER(suite)                                                              \
    INSTANTIATE_TEST_SUITE_P(Length, suite,                                                                  \
                             ::testing::ValuesIn(::xdpstat::test::multi_buffer_length_sources()),            \
                             ::xdpstat::test::name_of)
