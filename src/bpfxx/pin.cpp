// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/pin.hpp"

#include <cerrno>
#include <climits>
#include <filesystem>
#include <string_view>

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace bpfxx {

namespace {

bool exists(const std::string& path)
{
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0;
}

} // namespace

const char* to_string(ObjectType type) noexcept
{
    switch (type) {
    case ObjectType::map:
        return "a map";
    case ObjectType::program:
        return "a program";
    case ObjectType::link:
        return "a link";
    case ObjectType::other:
        break;
    }
    return "no BPF object";
}

ObjectType object_type(int fd)
{
    std::error_code error;
    const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error).string();
    if (target == "anon_inode:bpf-map")
        return ObjectType::map;
    if (target == "anon_inode:bpf-prog")
        return ObjectType::program;
    if (target == "anon_inode:bpf_link" || target == "anon_inode:bpf-link")
        return ObjectType::link;
    return ObjectType::other;
}

Result<> pin(int fd, const std::string& path)
{
    if (bpf_obj_pin(fd, path.c_str()) != 0) {
        const int error = errno;
        const auto on_bpffs = is_on_bpffs(path);
        return std::unexpected(system_error(
            "pin", path, error,
            on_bpffs && !*on_bpffs ? "pins lie on a bpf file system: mount -t bpf bpf /sys/fs/bpf" : ""));
    }
    return {};
}

Result<Fd> open_pinned(const std::string& path, ObjectType wanted)
{
    Fd fd(bpf_obj_get(path.c_str()));
    if (!fd && errno == EACCES && wanted != ObjectType::link) {
        LIBBPF_OPTS(bpf_obj_get_opts, to_read, .file_flags = BPF_F_RDONLY);
        fd = Fd(bpf_obj_get_opts(path.c_str(), &to_read));
        if (!fd)
            errno = EACCES; // a folder may be read, but is no pin
    }
    if (!fd) {
        const int error = errno;
        // The kernel answers EACCES for a file that is no pin, which reads as if a permission were missing.
        const auto on_bpffs = is_on_bpffs(path);
        if (exists(path) && on_bpffs && !*on_bpffs)
            return std::unexpected(make_error(ErrorKind::incompatible, "open", path,
                                              "it is no BPF pin: it does not lie on a bpf file system",
                                              "pins lie below /sys/fs/bpf"));
        std::error_code unseen; // a folder that may not be looked at is no folder here
        if (error == EACCES && std::filesystem::is_directory(path, unseen))
            return std::unexpected(
                make_error(ErrorKind::incompatible, "open", path, "it is a folder, not a pin"));
        return std::unexpected(system_error("open", path, error));
    }
    if (const ObjectType found = object_type(fd.get()); found != wanted)
        return std::unexpected(
            make_error(ErrorKind::incompatible, "open", path,
                       std::string("it is ") + to_string(found) + ", not " + to_string(wanted)));
    return fd;
}

Result<bool> is_on_bpffs(const std::string& path)
{
    std::error_code unusable; // an empty path is one
    std::filesystem::path place = std::filesystem::absolute(path, unusable);
    if (unusable)
        return std::unexpected(system_error("look at", "'" + path + "'", unusable.value()));
    for (;;) {
        struct statfs status = {};
        if (::statfs(place.c_str(), &status) == 0)
            return status.f_type == BPF_FS_MAGIC;
        // A bpf file system answers EPERM for any name with a dot, to root too.
        if (errno == EPERM && place.filename().string().find('.') != std::string::npos)
            return std::unexpected(make_error(ErrorKind::invalid, "look at", place.string(),
                                              "a bpf file system takes no name with a dot",
                                              "choose another name"));
        if (errno != ENOENT || !place.has_relative_path())
            return std::unexpected(system_error("look at", place.string(), errno));
        place = place.parent_path();
    }
}

} // namespace bpfxx
