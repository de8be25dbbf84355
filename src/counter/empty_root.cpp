// SPDX-License-Identifier: BSD-2-Clause
#include "counter/empty_root.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "bpfxx/pin.hpp"
#include "counter/pins.hpp"

namespace xdpstat {

namespace {

constexpr std::size_t most_names = 5; ///< that are told

std::vector<std::filesystem::path> below(const std::filesystem::path& folder)
{
    std::error_code error;
    std::vector<std::filesystem::path> entries;
    for (std::filesystem::directory_iterator entry(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        if (const std::string name = entry->path().filename().string();
            !is_hidden(name) && name != "maps.debug" &&
            name != "progs.debug") // the kernel's own, in each file system
            entries.push_back(entry->path());
    std::ranges::sort(entries);
    return entries;
}

bool lies_on_bpffs(const std::filesystem::path& path)
{
    const auto answer = bpfxx::is_on_bpffs(path.string());
    return answer && *answer;
}

std::string names_of(const std::vector<std::filesystem::path>& entries)
{
    std::string text;
    for (std::size_t i = 0; i < std::min(entries.size(), most_names); i++)
        (text += i == 0 ? "" : ", ") += entries[i].filename().string();
    return entries.empty() ? "nothing" : entries.size() > most_names ? text + " ..." : text;
}

} // namespace

bool may_hold_pins(const std::string& pin_root)
{
    return lies_on_bpffs(pin_root) || std::ranges::any_of(below(pin_root), [](const auto& entry) {
               std::error_code unseen;
               return std::filesystem::is_directory(entry, unseen) && lies_on_bpffs(entry);
           });
}

std::string why_empty(const std::string& pin_root)
{
    if (!may_hold_pins(pin_root))
        return pin_root + " does not lie on a bpf file system, and no folder in it does: mount one there";
    std::string found;
    for (const auto& entry : below(pin_root)) {
        std::error_code unseen;
        if (std::filesystem::is_directory(entry, unseen) && !is_instance_folder(entry.string()))
            (found += found.empty() ? "" : "; ") +=
                entry.string() + " holds " + names_of(below(entry)) + ", but no " + XDP_COUNTER_STATS_MAP;
    }
    return found.empty() ? "nothing is attached below " + pin_root : found;
}

} // namespace xdpstat
