// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// Who may open an instance's pins. What is not asked for stays as it is: of new pins, their owner alone.
struct PinAccess {
    std::optional<::mode_t> mode;
    std::optional<::gid_t> group;

    [[nodiscard]] bool is_asked_for() const noexcept { return mode.has_value() || group.has_value(); }
};

/// The mode of pins from its octal digits. Errors: invalid, also where the owner could not use them, or anyone
/// could change them. Pure.
[[nodiscard]] bpfxx::Result<::mode_t> parse_pin_mode(const std::string& text);

/// A group by its number, or by its name in a file like /etc/group. Other sources of names, such as a directory
/// service, are not asked: a static binary has no access to them. Errors: not_found, system.
[[nodiscard]] bpfxx::Result<::gid_t> find_group(const std::string& text,
                                                const std::string& file = "/etc/group");

/// The mode of the folder of pins of a mode: whoever may open a pin may list the folder, nobody else may change it. Pure.
[[nodiscard]] ::mode_t folder_mode(::mode_t pins) noexcept;

/// Gives one pin or folder its mode and group. On the way from old to new nobody gets a right that neither of them
/// has. Tells whether anything had to be changed. Errors: not_found, permission, naming the capability.
[[nodiscard]] bpfxx::Result<bool> give_access(const std::string& path, std::optional<::mode_t> mode,
                                              std::optional<::gid_t> group);

/// What a pin has now; nothing where there is none.
[[nodiscard]] PinAccess access_of(const std::string& path);

/// The same as give_access of an instance's folder and all pins in it.
[[nodiscard]] bpfxx::Result<bool> give_access(const std::string& directory, const PinAccess& access);

/// Says who else may change what is below a root, and so replace the counters; empty where nobody may but root and the
/// caller.
[[nodiscard]] std::string note_of_strangers(const std::string& root);

/// What keeps those who may use the pins from reaching them: a folder above that does not let them through; empty
/// where nothing does.
[[nodiscard]] std::string what_bars_the_way(const std::string& directory);

/// The same in words, with what to do; empty where nothing does, or no access was asked for.
[[nodiscard]] std::string note_of_the_way(const std::string& directory, const PinAccess& access);

} // namespace xdpstat
