// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "abi/xdp_counter.h"
#include "bpfxx/error.hpp"

namespace xdpstat::bench {

/// The programs that the counter is compared with; owns them.
class Baseline {
public:
    [[nodiscard]] static bpfxx::Result<Baseline> load();
    Baseline(Baseline&&) noexcept;
    Baseline& operator=(Baseline&&) noexcept;
    ~Baseline();

    // Borrowed descriptors.
    /// Returns XDP_PASS and does nothing else.
    [[nodiscard]] int empty() const noexcept;
    /// Adds packets and bytes atomically to one entry of an array.
    [[nodiscard]] int shared_array() const noexcept;
    /// Sends each frame out of the interface of this index. From the next run on: it is written, and not loaded anew.
    [[nodiscard]] int generator_to(std::uint32_t ifindex) const noexcept;

private:
    struct Object;
    explicit Baseline(std::unique_ptr<Object> object) noexcept;
    std::unique_ptr<Object> object_;
};

/// Runs a program `repeat` times over a frame, on the calling thread's CPU. Thread-safe.
/// @returns nanoseconds a run by the kernel's own clock, cut to whole ones
[[nodiscard]] bpfxx::Result<double> time_program(int program_fd, std::span<const std::uint8_t> frame,
                                                 std::uint32_t repeat);

/// Has a generator send a frame so many times, on the calling thread's CPU. Kernel 5.18 or newer. Errors: system.
[[nodiscard]] bpfxx::Result<> send_frames(int generator_fd, std::span<const std::uint8_t> frame,
                                          std::uint32_t count);

[[nodiscard]] std::string to_string(xdp_counter_length length);

} // namespace xdpstat::bench
