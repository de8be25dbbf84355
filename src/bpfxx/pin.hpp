// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"

namespace bpfxx {

/// What kind of object a descriptor of the bpf() system call stands for.
enum class ObjectType { map, program, link, other };

/// The name of a kind with its article, for messages: "a map".
[[nodiscard]] const char* to_string(ObjectType type) noexcept;

/// The kind of an open BPF object. @param fd borrowed
[[nodiscard]] ObjectType object_type(int fd);

/// Pins an object. The path's folder must exist, on a bpf file system; the object outlives the process.
/// Errors: busy where the path is taken. @param fd borrowed @param path below /sys/fs/bpf, or wherever it is mounted
[[nodiscard]] Result<> pin(int fd, const std::string& path);

/// Opens a pinned object of the kind wanted. Errors: not_found, permission, incompatible where it is of another
/// kind or no BPF object at all. The caller owns the descriptor; it keeps the object alive, the pin need not stay. A pin
/// that may be read and not written, such as one of mode 0640 by its group, is opened to read only, but a link.
[[nodiscard]] Result<Fd> open_pinned(const std::string& path, ObjectType wanted);

/// Whether a path, or the nearest parent of it that exists, lies on a bpf file system.
[[nodiscard]] Result<bool> is_on_bpffs(const std::string& path);

} // namespace bpfxx
