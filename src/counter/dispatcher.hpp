// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "counter/instance.hpp"

// A dispatcher is an XDP program that runs others in turn, so that they share an interface. libxdp and bpfman load one of
// the same name; each keeps its programs pinned in a place of its own. What is read here needs no more than the right to
// open those pins.
namespace xdpstat {

/// The name of the dispatcher's program, whoever loaded it.
inline constexpr const char* dispatcher_name = "xdp_dispatcher";

enum class DispatcherKind { libxdp, bpfman, unknown };

/// A dispatcher on an interface. A plain value.
struct Dispatcher {
    DispatcherKind kind = DispatcherKind::unknown;
    std::uint32_t ifindex = 0;
    std::uint32_t program_id = 0;
    std::string folder; ///< where libxdp pins its programs; empty for the others
    std::vector<DispatchedProgram>
        programs; ///< in the order in which they run; none where they cannot be found
};

/// The folder of libxdp's pins: that which libxdp itself takes.
[[nodiscard]] std::string libxdp_folder();

/// The dispatcher that a program attached to an interface is; none where it is no dispatcher, or that may not be seen.
[[nodiscard]] std::optional<Dispatcher> find_dispatcher(std::uint32_t ifindex, std::uint32_t program_id);

/// All of libxdp's that are pinned, also of interfaces that are gone or in other network namespaces.
[[nodiscard]] std::vector<Dispatcher> pinned_dispatchers();

/// Removes libxdp's pins of the program in this place, from 0, and the folder if none is left: of a dispatcher that is attached to
/// nothing. Errors: system, permission.
[[nodiscard]] bpfxx::Result<> remove_pinned(const Dispatcher& dispatcher, std::size_t position);

/// Where libxdp pins the program that it runs in this place, from 0.
[[nodiscard]] std::string dispatched_pin(const Dispatcher& dispatcher, std::size_t position);

/// "libxdp's dispatcher", "bpfman's dispatcher", "a dispatcher".
[[nodiscard]] const char* to_string(DispatcherKind kind) noexcept;

/// "'xdp_drop' (id 12, tag 57cd311f2e27366b)", or "id 12" where no more may be known. Pure.
[[nodiscard]] std::string describe(const DispatchedProgram& program);
/// All of them, with commas. Pure.
[[nodiscard]] std::string describe(const std::vector<DispatchedProgram>& programs);

/// The program of this number, as far as it may be known.
[[nodiscard]] DispatchedProgram look_up_program(std::uint32_t id);

} // namespace xdpstat
