// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "bpf/user_parser.h"
#include "bpfxx/error.hpp"

namespace xdpstat {

/// The counter program, loaded into the kernel for frames that are put before it by hand and attached to nothing.
/// Owns the program and its maps. Move-only; not thread-safe.
class TestRun {
public:
    /// Errors: as load_counter().
    [[nodiscard]] static bpfxx::Result<TestRun> load();
    TestRun(TestRun&&) noexcept;
    TestRun& operator=(TestRun&&) noexcept;
    ~TestRun();

    /// Whether the kernel takes a frame of so many bytes.
    [[nodiscard]] bool takes(std::size_t size) const noexcept;

    /// Has the program count a frame, and returns the cell that it added to, as its maps show it.
    /// Errors: system, also where it did not count the frame once and as a whole, or would not pass it on.
    [[nodiscard]] bpfxx::Result<traffic_place> count(std::span<const std::uint8_t> frame);

private:
    struct State;
    explicit TestRun(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

} // namespace xdpstat
