// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace xdpstat {

/// What cannot be done for now, and why, by interface: from whoever tries it to whoever is asked for it. What concerns all
/// interfaces stands under the empty name. Thread-safe.
class Problems {
public:
    /// Whether that was not known yet.
    bool set(const std::string& interface, const std::string& why)
    {
        const std::scoped_lock lock(mutex_);
        return std::exchange(all_[interface], why) != why;
    }
    void clear(const std::string& interface)
    {
        const std::scoped_lock lock(mutex_);
        all_.erase(interface);
    }
    /// Empty where there is none.
    [[nodiscard]] std::string of(const std::string& interface) const
    {
        const std::scoped_lock lock(mutex_);
        const auto found = all_.find(interface);
        return found == all_.end() ? std::string() : found->second;
    }
    /// One of them, first that which concerns all; empty where there is none.
    [[nodiscard]] std::string first() const
    {
        const std::scoped_lock lock(mutex_);
        return all_.empty() ? std::string() : all_.begin()->second;
    }
    [[nodiscard]] std::vector<std::string> interfaces() const
    {
        const std::scoped_lock lock(mutex_);
        std::vector<std::string> names;
        names.reserve(all_.size());
        for (const auto& [interface, why] : all_)
            names.push_back(interface);
        return names;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> all_;
};

} // namespace xdpstat
