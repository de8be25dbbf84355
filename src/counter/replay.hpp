// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <utility>

#include "bpfxx/error.hpp"
#include "counter/capture.hpp"
#include "counter/replay_counts.hpp"
#include "counter/snapshot.hpp"
#include "counter/test_run.hpp"

namespace xdpstat {

/// Counts the frames of captures. Of a frame that was cut when it was captured, what is left is parsed, and the whole
/// length counted. Move-only; not thread-safe.
class Replay {
public:
    /// By the counter program itself. Errors: as TestRun::load().
    [[nodiscard]] static bpfxx::Result<Replay> in_kernel();
    /// By its parser, compiled for user space: it needs no right.
    [[nodiscard]] static Replay in_user_space() { return Replay(std::nullopt); }

    [[nodiscard]] ReplayEngine engine() const noexcept
    {
        return program_ ? ReplayEngine::kernel : ReplayEngine::user;
    }

    /// Adds a frame. Errors: those of TestRun::count().
    [[nodiscard]] bpfxx::Result<traffic_place> count(const CapturedFrame& frame);
    /// What was counted since it was last asked; from then on anew.
    [[nodiscard]] ReplayCounts take() noexcept { return std::exchange(counts_, {}); }

private:
    explicit Replay(std::optional<TestRun> program) : program_(std::move(program)) {}

    std::optional<TestRun> program_;
    ReplayCounts counts_;
};

} // namespace xdpstat
