// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bpfxx/error.hpp"

namespace YAML {
class Node;
}

// Files of YAML, read field by field: what is unknown, of the wrong kind or there twice is an error that names its line.
namespace xdpstat {

/// Thrown by readers of fields; read_yaml() makes an Error of it, and of what yaml-cpp throws.
struct BadField {
    int line;
    std::string what;
};

/// Counted from 1.
[[nodiscard]] int line_of(const YAML::Node& node);

using ReadField = std::function<void(const YAML::Node& value)>;
using FieldReaders = std::vector<std::pair<std::string, ReadField>>;

/// Reads each field of a map by its reader; one that has none is an error, for it would be thought to work, and so is
/// one without a value. Null in place of the map is an empty one. @param name of the map, as errors call it; empty: the whole file. Throws BadField.
void read_fields(const YAML::Node& node, const std::string& name, const FieldReaders& readers);

/// Reads a file of one document. @param operation, hint of its errors @param read gets the root
/// Errors: not_found, permission; invalid, naming file, line and what is wrong there.
[[nodiscard]] bpfxx::Result<> read_yaml(const std::string& path, const std::string& operation,
                                        const std::string& hint, const ReadField& read);

} // namespace xdpstat
