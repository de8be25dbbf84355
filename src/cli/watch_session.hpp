// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"
#include "bpfxx/map.hpp"
#include "counter/pin_root.hpp"
#include "counter/pins.hpp"
#include "counter/reader.hpp"
#include "view/watch_screen.hpp"

namespace xdpstat {

/// The counters being watched: their readers, last rates and history. Not thread-safe; move-only.
class WatchSession {
public:
    /// Opens the named counters, or all that are attached. The first call of sample() gives the first rates.
    /// Errors: not_found, permission, incompatible.
    [[nodiscard]] static bpfxx::Result<WatchSession>
    open(const PinRoot& root, const std::vector<std::string>& names, bpfxx::Proof proof);

    /// Reads every counter and derives its rates.
    [[nodiscard]] bpfxx::Result<> sample();

    /// Finds out which interfaces and counters are gone, came back or are new: a mapping stays readable when its
    /// counter is gone. A few system calls an interface; once a second is often enough.
    /// Returns what changed, a line for each.
    [[nodiscard]] bpfxx::Result<std::vector<std::string>> look_again();

    [[nodiscard]] bool any_counting() const;
    /// Why there is nothing left to watch. Kind: not_found.
    [[nodiscard]] bpfxx::Error nothing_left() const;

    [[nodiscard]] std::vector<WatchedInterface> interfaces() const;

private:
    struct Entry {
        WatchedInterface facts;
        std::optional<Reader> reader;        ///< none where it is detached or gone
        std::optional<PinIdentity> identity; ///< of the pin of stats_map
    };

    WatchSession(PinRoot root, bpfxx::Proof proof, bool follow_all)
        : root_(std::move(root)), proof_(proof), follow_all_(follow_all)
    {
    }

    /// Where the pins of an entry are now; none where they are gone.
    [[nodiscard]] static const Instance* find_same(const Entry& entry,
                                                   const std::vector<Instance>& instances);
    [[nodiscard]] bpfxx::Result<Entry> open_entry(const Instance& instance) const;
    void check(Entry& entry, const std::vector<Instance>& instances, std::vector<std::string>& changes) const;
    void add_new(const std::vector<Instance>& instances, std::vector<std::string>& changes);

    PinRoot root_;
    bpfxx::Proof proof_;
    bool follow_all_; ///< no names were given: what is attached later is watched too
    std::vector<Entry> entries_;
};

} // namespace xdpstat
