// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "counter/finding.hpp"
#include "counter/verify.hpp"

// The ways in which a driver's or the kernel's figures differ from the frames that XDP sees. All of it is pure.
namespace xdpstat {

/// A count as a number that may be taken from another.
[[nodiscard]] inline std::int64_t as_signed(std::uint64_t value)
{
    return static_cast<std::int64_t>(value);
}

/// The comparison on its way: kernel less counter, and what is known besides.
struct Gap {
    const VerifyFacts& facts;
    const Verification& report;
    std::int64_t packets;
    std::int64_t bytes;

    [[nodiscard]] bool about(std::int64_t value, std::int64_t wanted) const
    {
        return std::abs(value - wanted) <= as_signed(report.uncertainty.packets);
    }
    [[nodiscard]] bool about_bytes(std::int64_t value, std::int64_t wanted) const
    {
        return std::abs(value - wanted) <= as_signed(report.uncertainty.bytes);
    }
    /// Trains are reckoned with only where the mean length tells of them: the bound would be of no use else.
    [[nodiscard]] std::int64_t longest_frame() const;
};

struct Explanation {
    Finding finding;
    bool covers_bytes = false; ///< the gap in bytes follows from it too
};

/// What accounts for a gap in packets, if any figure does.
[[nodiscard]] std::optional<Explanation> explain_packets(const Gap& gap);
/// What accounts for a gap in bytes alone.
[[nodiscard]] std::optional<Finding> explain_bytes(const Gap& gap);
/// What it may be, where no figure proves it.
[[nodiscard]] std::vector<Finding> candidates(const Gap& gap);

} // namespace xdpstat
