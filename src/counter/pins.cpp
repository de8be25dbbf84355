// SPDX-License-Identifier: BSD-2-Clause
//
// Pins come and go whole: a folder is filled under a name of its own and renamed, and emptied under another name.
// A process that dies in between leaves such a folder; whoever comes next, under the lock, ends what it began.
#include "counter/pins.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfxx/link.hpp"
#include "counter/dispatching.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using bpfxx::Result;

std::vector<std::filesystem::path> entries_of(const std::string& directory)
{
    std::error_code error;
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error))
        entries.push_back(entry.path());
    return entries;
}

Result<> check_only_ours(const std::string& directory)
{
    const auto ours = all_pins(directory);
    for (const std::filesystem::path& entry : entries_of(directory))
        if (std::ranges::find(ours, entry.string()) == ours.end())
            return std::unexpected(bpfxx::make_error(
                ErrorKind::incompatible, "remove", directory,
                "it holds '" + entry.filename().string() + "', which is not ours", "move that away first"));
    return {};
}

const char* hint_of(int error)
{
    return error == EACCES || error == EPERM ? "run as root" : "";
}

Result<> rename_folder(const std::string& from, const std::string& to)
{
    if (::rename(from.c_str(), to.c_str()) != 0)
        return std::unexpected(bpfxx::system_error("rename " + from + " to", to, errno, hint_of(errno)));
    return {};
}

/// Stands between the two names in that of a folder that is moving. In an encoded name '2' follows the '%'.
constexpr const char* moving_separator = "%-";

/// Ends a move whose second step is done, or undoes one that had only its first.
Result<> mend_move(const std::string& root, const std::string& folder)
{
    const std::string names = folder.substr(std::string(moving_prefix).size());
    const std::size_t separator = names.find(moving_separator);
    if (separator == std::string::npos)
        return {};
    const std::string from = root + "/" + names.substr(0, separator);
    const std::string to = root + "/" + names.substr(separator + std::string(moving_separator).size());
    return rename_folder(root + "/" + folder, pin_exists(to) ? from : to);
}

Result<bpfxx::Fd> open_folder(const std::string& directory)
{
    bpfxx::Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd)
        return std::unexpected(bpfxx::system_error("open", directory, errno));
    return fd;
}

} // namespace

std::array<std::string, 7> all_pins(const std::string& directory)
{
    return {link_pin(directory),        new_link_pin(directory), program_pin(directory),
            new_program_pin(directory), stats_pin(directory),    traffic_pin(directory),
            dispatcher_mark(directory)};
}

bool pin_exists(const std::string& path)
{
    // Not access(), which asks what the real user may, whatever capabilities the process has.
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0;
}

bool is_folder(const std::string& path)
{
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_instance_folder(const std::string& directory)
{
    if (!is_folder(directory))
        return false;
    struct stat status = {};
    const bool closed = ::stat((directory + "/.").c_str(), &status) != 0 && errno == EACCES;
    return closed || std::ranges::any_of(all_pins(directory), pin_exists);
}

std::optional<PinIdentity> identity_of(const std::string& path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        return std::nullopt;
    return PinIdentity(status.st_dev, status.st_ino);
}

Result<bpfxx::Fd> hold_folder(const std::string& directory)
{
    auto fd = open_folder(directory);
    // It waits for those only who look, in is_held().
    while (fd && ::flock(fd->get(), LOCK_EX) != 0)
        if (errno != EINTR)
            return std::unexpected(bpfxx::system_error("lock", directory, errno));
    return fd;
}

bool is_held(const std::string& directory)
{
    const auto fd = open_folder(directory);
    return fd && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<> exchange_folder(const std::string& from, const std::string& to)
{
    if (::rename(from.c_str(), to.c_str()) == 0)
        return {};
    if (errno == ENOTEMPTY) {
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0)
            return {};
        if (errno == EINVAL)
            return exchange_in_steps(from, to);
    }
    return std::unexpected(bpfxx::system_error("rename " + from + " to", to, errno, hint_of(errno)));
}

Result<> exchange_in_steps(const std::string& from, const std::string& to)
{
    const std::filesystem::path origin(from);
    const std::string moving = (origin.parent_path() / moving_prefix).string() + origin.filename().string() +
                               moving_separator + std::filesystem::path(to).filename().string();
    BPFXX_TRY(rename_folder(from, moving));
    BPFXX_TRY(rename_folder(to, from));
    return rename_folder(moving, to);
}

Result<> remove_folder(const std::string& directory)
{
    if (const auto link = bpfxx::Link::open_pinned(link_pin(directory)))
        (void)link->detach(); // a link that cannot be detached by force goes with its last descriptor
    BPFXX_TRY(leave_dispatcher(directory));
    return remove_pins(directory);
}

Result<> remove_pins(const std::string& directory)
{
    for (const std::string& path : all_pins(directory))
        if (::unlink(path.c_str()) != 0 && errno != ENOENT)
            return std::unexpected(bpfxx::system_error("remove", path, errno));
    if (::rmdir(directory.c_str()) != 0)
        return std::unexpected(bpfxx::system_error("remove", directory, errno));
    return {};
}

Result<> retire(const std::string& root, const std::string& directory)
{
    BPFXX_TRY(check_only_ours(directory));
    BPFXX_TRY(leave_dispatcher(directory)); // which may be refused: then nothing is out of sight
    const std::string folder = std::filesystem::path(directory).filename().string();
    const std::string hidden = root + "/" + detaching_prefix + folder;
    BPFXX_TRY(exchange_folder(directory, hidden));
    return remove_folder(hidden);
}

Result<> mend_folders(const std::string& root)
{
    // Moves first: they bring back what the others look for.
    for (const std::filesystem::path& entry : entries_of(root))
        if (const std::string folder = entry.filename().string();
            folder.starts_with(moving_prefix) && is_folder(entry.string()))
            BPFXX_TRY(mend_move(root, folder));
    // What cannot be removed is out of sight already, and no reason to refuse what has nothing to do with it.
    for (const std::filesystem::path& entry : entries_of(root)) {
        const std::string folder = entry.filename().string();
        if (!is_folder(entry.string()))
            continue;
        if (folder.starts_with(detaching_prefix)) {
            (void)remove_folder(entry.string());
        } else if (folder.starts_with(attaching_prefix)) {
            const std::string target = root + "/" + folder.substr(std::string(attaching_prefix).size());
            const std::string last =
                is_dispatched(entry.string()) ? program_pin(entry.string()) : link_pin(entry.string());
            if (pin_exists(last) && !pin_exists(target))
                BPFXX_TRY(exchange_folder(entry.string(), target));
            else
                (void)remove_folder(entry.string());
        }
    }
    return {};
}

} // namespace xdpstat
