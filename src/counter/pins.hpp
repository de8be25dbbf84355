// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

#include "abi/xdp_counter.h"
#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace xdpstat {

/// The pins of one instance, below its folder.
inline std::string link_pin(const std::string& directory)
{
    return directory + "/link";
}
inline std::string program_pin(const std::string& directory)
{
    return directory + "/prog";
}
inline std::string stats_pin(const std::string& directory)
{
    return directory + "/" XDP_COUNTER_STATS_MAP;
}
inline std::string traffic_pin(const std::string& directory)
{
    return directory + "/" XDP_COUNTER_TRAFFIC_MAP;
}

/// Where the link is pinned until it has its mode and group: a folder is whole when its link has its own name.
inline std::string new_link_pin(const std::string& directory)
{
    return directory + "/%link";
}
/// Likewise the program that runs in a dispatcher: there the link is not ours, and the program's pin comes last.
inline std::string new_program_pin(const std::string& directory)
{
    return directory + "/%prog";
}
/// A symbolic link that stands in the place of the link's pin where the counter runs in a dispatcher, see dispatching.hpp.
inline std::string dispatcher_mark(const std::string& directory)
{
    return directory + "/dispatcher";
}
/// All pins that an instance may have, and the mark.
[[nodiscard]] std::array<std::string, 7> all_pins(const std::string& directory);

/// Prefixes of folders in which an attach, a detach or an upgrade is under way, or that are changing places. An encoded name
/// never starts so: its '%' is always followed by '2'.
inline constexpr const char* attaching_prefix = "%attaching-";
inline constexpr const char* detaching_prefix = "%detaching-";
inline constexpr const char* moving_prefix = "%moving-";
inline constexpr const char* upgrading_prefix = "%upgrading-";
/// Whether a folder's name is one of those.
[[nodiscard]] inline bool is_hidden(const std::string& folder)
{
    return folder.starts_with(attaching_prefix) || folder.starts_with(detaching_prefix) ||
           folder.starts_with(moving_prefix) || folder.starts_with(upgrading_prefix);
}

/// Whether anything is there, of whatever kind.
[[nodiscard]] bool pin_exists(const std::string& path);
/// Whether a path is a folder itself, and no symbolic link to one: whoever may write below a root may not lead us out of it.
[[nodiscard]] bool is_folder(const std::string& path);
/// Whether a path is a folder that holds at least one pin of ours, or may not be looked into.
[[nodiscard]] bool is_instance_folder(const std::string& directory);

/// What tells one pin or folder from the next at the same path: its device and inode.
using PinIdentity = std::pair<dev_t, ino_t>;
/// Nothing where there is none, or where it may not be seen.
[[nodiscard]] std::optional<PinIdentity> identity_of(const std::string& path);

/// Marks a folder as held by this process, until the descriptor is closed or the process ends.
[[nodiscard]] bpfxx::Result<bpfxx::Fd> hold_folder(const std::string& directory);
/// Whether a process that lives has marked it.
[[nodiscard]] bool is_held(const std::string& directory);

// Those that follow change folders: only under the root's lock.

/// Renames a folder. Where the target is a folder that holds something, the two change places.
[[nodiscard]] bpfxx::Result<> exchange_folder(const std::string& from, const std::string& to);
/// The same for two folders that hold something, as kernels before 5.16 need it: in three steps, of which a crash
/// may leave out the last ones; mend_folders() then ends or undoes them.
[[nodiscard]] bpfxx::Result<> exchange_in_steps(const std::string& from, const std::string& to);
/// Detaches and removes an instance, so that a crash leaves it either whole or out of sight. Errors: incompatible,
/// with nothing changed, where the folder holds what is not ours.
[[nodiscard]] bpfxx::Result<> retire(const std::string& root, const std::string& directory);
/// Ends what a process that died had begun below a root: an attach that had its link is completed, any other undone. Of an
/// upgrade only the change of folders: see upgrade.hpp.
[[nodiscard]] bpfxx::Result<> mend_folders(const std::string& root);
/// Removes a folder that is out of sight, the link first: nothing else keeps the program attached.
[[nodiscard]] bpfxx::Result<> remove_folder(const std::string& directory);
/// The same without a touch on the link, which others hold.
[[nodiscard]] bpfxx::Result<> remove_pins(const std::string& directory);

} // namespace xdpstat
