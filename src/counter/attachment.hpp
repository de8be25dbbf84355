// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <linux/bpf.h>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "bpfxx/link.hpp"
#include "counter/instance.hpp"
#include "counter/pin_access.hpp"
#include "counter/pin_root.hpp"

namespace xdpstat {

/// The mode a person asks for.
enum class ModeChoice { automatic, native, generic, offload };

/// How a counter shares an interface with other programs, by libxdp's dispatcher.
struct DispatcherOptions {
    std::uint32_t priority = 0; ///< the lowest runs first
    /// A bit for each action of the counter after which the next program runs; it always passes.
    std::uint32_t chain_call_actions = 1U << XDP_PASS;
};

/// The actions of a set, as options name them: "pass,tx". Pure.
[[nodiscard]] std::string action_words(std::uint32_t actions);

/// Whether an errno is one with which a driver refuses native mode although the interface is free and the caller may attach.
/// Pure.
[[nodiscard]] bool is_refusal(int error_number);

struct AttachOptions {
    bool mount_bpffs = false; ///< where no bpf file system is mounted, mount one
    ModeChoice mode = ModeChoice::automatic;
    SlotLayout layout = SlotLayout::percpu;
    bool breakdown = true;
    PinAccess access; ///< who may open the pins; where the counter is attached already, that is changed
    std::optional<DispatcherOptions> dispatcher; ///< none: it has the interface for itself; else keep is set
    bool keep = true; ///< pin the link, so that it counts on when the process ends; else it is attached while
                      ///< AttachResult::held lives, whatever ends the process
};

/// What keeps a counter attached whose link is not pinned, and its folder marked as in use. Move-only.
struct HeldLink {
    bpfxx::Link link;
    bpfxx::Fd folder;
};

struct AttachResult {
    Instance instance;
    bool already_attached = false; ///< it counted before, with the same settings: nothing was changed
    bool upgraded = false;         ///< it counted before, and its program was exchanged for this build's
    std::string why_not_native;    ///< the reason, where automatic mode fell back to generic; else empty
    std::optional<HeldLink> held;  ///< where it was attached without keeping it
    std::string note;              ///< what else a person should know, such as pins that were restored
};

/// Whether the interface is there and the caller may attach to it, before anything is touched. Errors: not_found,
/// permission, naming the capability.
[[nodiscard]] bpfxx::Result<> check_may_attach(const std::string& interface, const AttachOptions& options);

/// Attaches the counter to an interface and pins it below the root, which is created where it is not there.
/// Idempotent; mends what a crash of an earlier attach or detach left. A crash at any point leaves the old state or
/// the new one, and what is refused leaves nothing.
/// Errors: not_found, permission, busy (another program, or the counter with other settings), unsupported.
[[nodiscard]] bpfxx::Result<AttachResult> attach(const PinRoot& root, const std::string& interface,
                                                 const AttachOptions& options);

/// Ends what an attach or a detach that was killed had begun. Errors: not_found where there is no root.
[[nodiscard]] bpfxx::Result<> mend(const PinRoot& root);

/// Detaches the counter of an interface and removes its pins. Errors: not_found, permission, busy where a process
/// holds it or it belongs to another network namespace.
[[nodiscard]] bpfxx::Result<> detach(const PinRoot& root, const std::string& interface);

/// The same of an instance in whichever network namespace; nothing where it was detached meanwhile.
[[nodiscard]] bpfxx::Result<> detach(const PinRoot& root, const Instance& instance);

/// Detaches what was attached without keeping it, and nothing else: a counter that has come in its place stays.
[[nodiscard]] bpfxx::Result<> end(const PinRoot& root, AttachResult attached);

} // namespace xdpstat
