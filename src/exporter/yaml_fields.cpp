// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/yaml_fields.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <yaml-cpp/yaml.h>

namespace xdpstat {

int line_of(const YAML::Node& node)
{
    return node.Mark().line + 1;
}

void read_fields(const YAML::Node& node, const std::string& name, const FieldReaders& readers)
{
    if (node.IsNull())
        return;
    if (!node.IsMap())
        throw BadField{line_of(node), (name.empty() ? "the file" : name) + " is no map"};
    std::vector<std::string> seen;
    for (const auto& entry : node) {
        const auto key = entry.first.as<std::string>();
        const auto found = std::ranges::find(readers, key, &FieldReaders::value_type::first);
        const std::string path = name.empty() ? key : name + "." + key;
        if (found == readers.end())
            throw BadField{line_of(entry.first), "unknown field " + path};
        if (std::ranges::find(seen, key) != seen.end())
            throw BadField{line_of(entry.first), path + " is there twice"};
        seen.push_back(key);
        // Null stands at the line of what follows it.
        if (entry.second.IsNull())
            throw BadField{line_of(entry.first), path + " has no value"};
        try {
            found->second(entry.second);
        } catch (const YAML::BadConversion&) {
            throw BadField{line_of(entry.second), path + " has a value of the wrong kind"};
        }
    }
}

bpfxx::Result<> read_yaml(const std::string& path, const std::string& operation, const std::string& hint,
                          const ReadField& read)
{
    const auto bad = [&](int line, const std::string& what) {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, operation,
                                                 path + ":" + std::to_string(line), what, hint));
    };
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
        return std::unexpected(bpfxx::system_error(operation, path, EISDIR));
    errno = 0;
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file.is_open() || file.bad())
        return std::unexpected(bpfxx::system_error(operation, path, errno == 0 ? EIO : errno));
    try {
        const std::vector<YAML::Node> documents = YAML::LoadAll(text);
        if (documents.size() > 1)
            return bad(line_of(documents[1]), "a second document begins, which nobody would read");
        read(documents.empty() ? YAML::Node() : documents.front());
        return {};
    } catch (const BadField& field) {
        return bad(field.line, field.what);
    } catch (const YAML::Exception& error) {
        return bad(error.mark.line + 1, error.msg);
    }
}

} // namespace xdpstat
