// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>

#include "bpfxx/error.hpp"
#include "bpfxx/map.hpp"
#include "counter/instance.hpp"
#include "counter/verify.hpp"

namespace xdpstat {

/// Compares the counter of an interface with the kernel's and the driver's figures over an interval; returns after
/// it. Where they do not agree the end is read again a few times: a frame on its way is no gap, and a real gap stays.
/// Errors: not_found where the interface is or goes away, permission, incompatible.
[[nodiscard]] bpfxx::Result<Verification> verify(const Instance& instance,
                                                 std::chrono::duration<double> interval, bpfxx::Proof proof);

} // namespace xdpstat
