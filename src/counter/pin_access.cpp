// SPDX-License-Identifier: BSD-2-Clause
#include "counter/pin_access.hpp"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "counter/pins.hpp"

namespace xdpstat {

namespace {

using bpfxx::ErrorKind;
using bpfxx::Result;

constexpr ::mode_t of_owner = S_IRUSR | S_IWUSR;
constexpr ::mode_t permissions = 07777;

/// A whole number and nothing else.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base)
{
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// The number of a group in a line "name:password:number:members".
std::optional<::gid_t> number_in(const std::string& line, std::string_view name)
{
    const std::size_t password = line.find(':');
    const std::size_t number = password == std::string::npos ? password : line.find(':', password + 1);
    if (number == std::string::npos || std::string_view(line).substr(0, password) != name)
        return std::nullopt;
    const std::size_t end = line.find(':', number + 1);
    return parse_number<::gid_t>(std::string_view(line).substr(number + 1, end - number - 1), 10);
}

Result<> change_mode(const std::string& path, ::mode_t mode)
{
    if (::chmod(path.c_str(), mode) != 0)
        return std::unexpected(
            bpfxx::system_error("set the mode of", path, errno,
                                errno == EPERM ? "it belongs to another user: that takes CAP_FOWNER" : ""));
    return {};
}

} // namespace

Result<::mode_t> parse_pin_mode(const std::string& text)
{
    const auto refuse = [&](const char* cause, const char* hint) {
        return std::unexpected(
            bpfxx::make_error(ErrorKind::invalid, "take as the mode of pins", "'" + text + "'", cause, hint));
    };
    constexpr const char* example = "0640 lets a group read";
    const auto mode = parse_number<::mode_t>(text, 8);
    if (!mode || (*mode & ~::mode_t{0777}) != 0)
        return refuse("it is no octal number up to 0777", example);
    if ((*mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0)
        return refuse("a pin is not executed", example);
    if ((*mode & of_owner) != of_owner)
        return refuse("its owner could not use them", "begin with 06");
    if ((*mode & S_IWOTH) != 0)
        return refuse("anyone could change the counts", "end with 0 or 4");
    return *mode;
}

Result<::gid_t> find_group(const std::string& text, const std::string& file)
{
    // The highest number stands for no group.
    if (const auto number = parse_number<::gid_t>(text, 10); number && *number != static_cast<::gid_t>(-1))
        return *number;
    std::ifstream groups(file);
    if (!groups)
        return std::unexpected(
            bpfxx::system_error("read", file, errno, "give the group's number instead of its name"));
    for (std::string line; std::getline(groups, line);)
        if (const auto number = number_in(line, text))
            return *number;
    return std::unexpected(bpfxx::make_error(ErrorKind::not_found, "find group", "'" + text + "'",
                                             "there is none of this name in " + file,
                                             "give its number: getent group tells it"));
}

::mode_t folder_mode(::mode_t pins) noexcept
{
    ::mode_t mode = S_IRWXU;
    if ((pins & (S_IRGRP | S_IWGRP)) != 0)
        mode |= S_IRGRP | S_IXGRP;
    if ((pins & S_IROTH) != 0)
        mode |= S_IROTH | S_IXOTH;
    return mode;
}

Result<bool> give_access(const std::string& path, std::optional<::mode_t> mode, std::optional<::gid_t> group)
{
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0)
        return std::unexpected(bpfxx::system_error("look at", path, errno));
    if (S_ISLNK(status.st_mode))
        return std::unexpected(bpfxx::make_error(ErrorKind::incompatible, "change", path,
                                                 "it is a symbolic link, not the counter's own",
                                                 "remove it"));
    const ::mode_t before = status.st_mode & permissions;
    const ::mode_t wanted = mode.value_or(before);
    const bool changes_group = group && *group != status.st_gid;
    if (changes_group) {
        // The new group must not have the old mode, nor the old group the new one.
        if (const ::mode_t both = before & wanted; both != before)
            BPFXX_TRY(change_mode(path, both));
        if (::lchown(path.c_str(), static_cast<::uid_t>(-1), *group) != 0)
            return std::unexpected(bpfxx::system_error(
                "give to group " + std::to_string(*group), path, errno,
                errno == EPERM ? "it takes CAP_CHOWN, or to be the owner and in that group" : ""));
    }
    if (wanted != before)
        BPFXX_TRY(change_mode(path, wanted));
    return changes_group || wanted != before;
}

PinAccess access_of(const std::string& path)
{
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return {};
    return {.mode = status.st_mode & permissions, .group = status.st_gid};
}

Result<bool> give_access(const std::string& directory, const PinAccess& access)
{
    bool changed = false;
    for (const std::string& pin : all_pins(directory)) {
        if (!pin_exists(pin) || pin == dispatcher_mark(directory))
            continue;
        const auto given = give_access(pin, access.mode, access.group);
        if (!given)
            return given;
        changed = changed || *given;
    }
    const auto mode = access.mode ? std::optional(folder_mode(*access.mode)) : std::nullopt;
    const auto given = give_access(directory, mode, access.group);
    if (!given)
        return given;
    return changed || *given;
}

std::string note_of_strangers(const std::string& root)
{
    struct stat status = {};
    if (::stat(root.c_str(), &status) != 0)
        return {};
    std::string who;
    if (status.st_uid != 0 && status.st_uid != ::geteuid())
        who = "user " + std::to_string(status.st_uid);
    else if ((status.st_mode & S_IWOTH) != 0)
        who = "anyone";
    else if ((status.st_mode & S_IWGRP) != 0 && status.st_gid != 0)
        who = "group " + std::to_string(status.st_gid);
    return who.empty() ? who
                       : who + " may change what is in " + root + ", and so replace the counters: choose a " +
                             "pin root that only root may write to";
}

std::string note_of_the_way(const std::string& directory, const PinAccess& access)
{
    const std::string folder = access.is_asked_for() ? what_bars_the_way(directory) : "";
    return folder.empty() ? folder
                          : "those who may use its pins cannot reach them: " + folder +
                                " does not let them through (chmod a+x " + folder + ")";
}

std::string what_bars_the_way(const std::string& directory)
{
    struct stat status = {};
    if (::stat(directory.c_str(), &status) != 0)
        return {};
    const ::mode_t folder = status.st_mode;
    const ::gid_t group = status.st_gid;
    std::filesystem::path above = std::filesystem::path(directory).parent_path();
    for (; above.has_relative_path(); above = above.parent_path()) {
        if (::stat(above.c_str(), &status) != 0)
            continue;
        const bool group_passes =
            (status.st_mode & S_IXOTH) != 0 || ((status.st_mode & S_IXGRP) != 0 && status.st_gid == group);
        const bool bars_group = (folder & S_IXGRP) != 0 && !group_passes;
        const bool bars_others = (folder & S_IXOTH) != 0 && (status.st_mode & S_IXOTH) == 0;
        if (bars_group || bars_others)
            return above.string();
    }
    return {};
}

} // namespace xdpstat
