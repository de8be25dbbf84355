// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/xdp.hpp"
#include "counter/capabilities.hpp"
#include "counter/interface.hpp"
#include "counter/link_features.hpp"
#include "counter/pin_root.hpp"

namespace xdpstat {

/// The first two numbers of a kernel's release.
struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;
    friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

/// Reads "6.18.44-amd64" as 6.18; 0.0 where it is no release. Pure.
[[nodiscard]] KernelVersion parse_kernel_release(std::string_view release);

/// What is left below the root by an interface that went away, or by hand.
struct PinFact {
    std::string directory;
    std::string problem;
    std::string to_do;
};

/// Why a setting of the kernel could not be read.
enum class Unread {
    absent,    ///< the kernel has none
    forbidden, ///< this user may not
    hidden,    ///< it shows elsewhere: in the first network namespace, or on a securityfs that is not mounted
};

/// What the machine is like. A plain value: what could not be seen is empty.
struct MachineFacts {
    KernelVersion kernel;
    std::string release;
    bool kernel_btf = false;
    std::string pin_root;
    std::optional<bool> pin_root_on_bpffs;
    Capabilities held;
    bool is_root = false;
    bool own_user_namespace = false; ///< capabilities in it do not count for BPF
    bool in_container = false;
    bool seccomp = false; ///< a filter of system calls is in force
    int bpf_error = 0;    ///< errno with which bpf() is refused altogether, or 0
    /// "none", "integrity" or "confidentiality".
    std::expected<std::string, Unread> lockdown = std::unexpected(Unread::hidden);
    std::optional<int> unprivileged_bpf_disabled;
    std::expected<int, Unread> jit = std::unexpected(Unread::hidden);
    std::optional<std::uint64_t> memory_lock_limit; ///< bytes (RLIMIT_MEMLOCK); empty: no limit
    std::uint32_t possible_cpus = 0;
    std::uint32_t online_cpus = 0;
    std::vector<PinFact> pins;
    std::string pins_error; ///< why the pins could not be looked at
};

/// Whose program it is.
enum class ProgramOwner { ours, dispatcher_libxdp, dispatcher_bpfman, dispatcher, other, hidden };

/// An XDP program on the interface.
struct ProgramFact {
    std::uint32_t id = 0;
    bpfxx::XdpMode mode = bpfxx::XdpMode::native;
    std::string name; ///< empty where it may not be read (CAP_SYS_ADMIN)
    std::string tag;
    ProgramOwner owner = ProgramOwner::other;
};

/// An interface of another that has an XDP program.
struct OccupiedFact {
    std::string interface;
    std::uint32_t program_id = 0;
};

/// What the interface is like. A plain value.
struct InterfaceFacts {
    Interface interface;
    LinkFeatures features;
    std::vector<ProgramFact> programs;
    std::vector<OccupiedFact> occupied_members; ///< members of a bond or bridge with a program of their own
    std::optional<OccupiedFact> occupied_master;
    std::uint32_t page_size = 4096; ///< bytes; a frame in one buffer has to fit
};

/// Reads the facts. Needs no capability; says less without. Changes nothing.
[[nodiscard]] MachineFacts gather_machine(const PinRoot& root);
/// Errors: not_found, with the near names.
[[nodiscard]] bpfxx::Result<InterfaceFacts> gather_interface(const PinRoot& root, const std::string& name);

} // namespace xdpstat
