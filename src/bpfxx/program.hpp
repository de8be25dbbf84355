// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/view.hpp"

namespace bpfxx {

/// What the kernel tells of a loaded program.
struct ProgramInfo {
    std::uint32_t id = 0;                 ///< unique on the machine
    std::string name;                     ///< at most 15 characters
    std::string tag;                      ///< 16 hexadecimal digits: the hash of its instructions
    std::chrono::nanoseconds loaded_at{}; ///< CLOCK_BOOTTIME
    std::vector<std::uint32_t> map_ids;   ///< maps that the program uses
    std::chrono::nanoseconds run_time{};  ///< 0 unless BPF statistics are switched on
    std::uint64_t run_count = 0;          ///< likewise
};

/// A loaded program. Owns its descriptor; thread-safe for reading.
class Program {
public:
    /// The program pinned at a path. Errors: not_found, permission, incompatible where it is none.
    [[nodiscard]] static Result<Program> open_pinned(const std::string& path);
    /// The program of this number. Errors: not_found, permission (CAP_SYS_ADMIN is needed).
    [[nodiscard]] static Result<Program> open_id(std::uint32_t id);
    /// Takes ownership of a descriptor.
    explicit Program(Fd fd) noexcept : fd_(std::move(fd)) {}

    /// Asks the kernel. Errors: system.
    [[nodiscard]] Result<ProgramInfo> info() const;
    /// Borrowed.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    Fd fd_;
};

/// What the kernel tells of a program that is open elsewhere. @param fd borrowed
[[nodiscard]] Result<ProgramInfo> program_info(int fd);

/// Runs a program once over a packet, attached to nothing (BPF_PROG_TEST_RUN, Linux 4.12), and returns what it returned.
/// An XDP program gets a frame of at least 14 bytes; of one longer than a page only with fragments, which are its own to
/// understand. Errors: permission (CAP_NET_ADMIN and CAP_BPF), unsupported, invalid where the kernel does not take the
/// packet. Thread-safe. @param fd of the program, borrowed @param packet from its link layer on
[[nodiscard]] Result<std::uint32_t> test_run(int fd, Bytes packet);

/// Waits until every run of a BPF program that had begun before is over: a program that was detached or exchanged then writes
/// to its maps no more. CAP_BPF; kernel 5.0. Errors: permission, system.
[[nodiscard]] Result<> wait_for_running_programs();

/// Has the kernel measure the run time and the runs of all programs until the descriptor is closed, which costs each run
/// of each of them some nanoseconds. Errors: permission (CAP_SYS_ADMIN), unsupported before Linux 5.8.
[[nodiscard]] Result<Fd> enable_run_statistics();

} // namespace bpfxx
