// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace xdpstat {

/// Gives back what only the start needed: free memory of the heap, and the pages of program and libraries that can be had
/// again from their files (code, constants, symbols). What is used again is mapped again, at a fault of some microseconds
/// each. From then on the heap keeps some memory from one answer to the next. For a process that runs for months: it then
/// holds what serving needs. Safe at any time and in any thread.
void give_back_memory() noexcept;

} // namespace xdpstat
