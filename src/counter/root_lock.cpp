// SPDX-License-Identifier: BSD-2-Clause
#include "counter/root_lock.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace xdpstat {

namespace {

using bpfxx::Fd;
using bpfxx::Result;

constexpr std::chrono::milliseconds pause_between_tries{5};
constexpr std::chrono::seconds silence{1};

/// The process that holds a lock on a file, as /proc/locks tells: "1: FLOCK ADVISORY WRITE 42 00:15:1234 0 EOF".
std::string holder_of(const Fd& fd)
{
    struct stat file = {};
    if (::fstat(fd.get(), &file) != 0)
        return "another process";
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::string number, kind, advisory, access, process, where;
        std::istringstream(line) >> number >> kind >> advisory >> access >> process >> where;
        unsigned major_number = 0, minor_number = 0;
        char colon = 0;
        ino_t inode = 0;
        std::istringstream(where) >> std::hex >> major_number >> colon >> minor_number >> colon >> std::dec >>
            inode;
        if (kind != "FLOCK" || inode != file.st_ino || makedev(major_number, minor_number) != file.st_dev)
            continue;
        std::string name;
        std::ifstream comm("/proc/" + process + "/comm");
        std::getline(comm, name);
        // A process that has ended may have left its descriptor to a child.
        return name.empty() ? "another process" : "process " + process + " (" + name + ")";
    }
    return "another process";
}

/// Whether the path still names the folder that was opened: whoever held it before may have removed it.
bool is_still(const std::string& path, const Fd& fd)
{
    struct stat opened = {};
    struct stat present = {};
    return ::fstat(fd.get(), &opened) == 0 && ::stat(path.c_str(), &present) == 0 &&
           opened.st_dev == present.st_dev && opened.st_ino == present.st_ino;
}

/// Asks for the lock until it is had or given up.
Result<> acquire(const Fd& fd, const std::string& path, const LockWait& wait)
{
    const auto begin = std::chrono::steady_clock::now();
    bool told = false;
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return std::unexpected(bpfxx::system_error("lock", path, errno));
        if (wait.gives_up && wait.gives_up())
            return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::busy, "lock", path,
                                                     "interrupted while " + holder_of(fd) + " changes it",
                                                     "wait for its end, or end it"));
        if (!told && wait.tell && std::chrono::steady_clock::now() - begin >= silence) {
            wait.tell(holder_of(fd));
            told = true;
        }
        std::this_thread::sleep_for(pause_between_tries);
    }
    return {};
}

} // namespace

std::string holder_of_folder(const std::string& path)
{
    return holder_of(Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

Result<Fd> lock_root(const std::string& path, const LockWait& wait)
{
    for (;;) {
        Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd)
            return std::unexpected(
                bpfxx::system_error("open", path, errno, errno == EACCES ? "run as root" : ""));
        BPFXX_TRY(acquire(fd, path, wait));
        if (is_still(path, fd))
            return fd;
    }
}

} // namespace xdpstat
