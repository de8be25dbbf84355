// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bpfxx/fd.hpp"
#include "counter/pins.hpp"
#include "counter/reader.hpp"
#include "snapshots.hpp"

namespace xdpstat::python {

/// What ended a wait.
enum class Wakening : unsigned char {
    due,         ///< the time came
    closed,      ///< the counter was closed
    interrupted, ///< a signal came, or it is time to look whether one did
};

/// A reader that several threads may use, and one may close while others wait on it. Knows nothing of Python: to be
/// called without the GIL.
class Counter {
public:
    using Clock = std::chrono::steady_clock;

    /// Errors: as PinRoot::find and Reader::open.
    [[nodiscard]] static bpfxx::Result<std::shared_ptr<Counter>>
    open(const std::string& interface, const std::string& pin_root, bpfxx::Proof proof);

    /// Empty: it is closed.
    [[nodiscard]] std::optional<bpfxx::Result<NamedSnapshot>> read();
    /// Whether this very counter still counts: it is pinned, be it under its interface's new name, and its link is
    /// attached. Asks the system. Errors: as PinRoot::instances.
    [[nodiscard]] bpfxx::Result<bool> is_attached() const;
    /// Waits until a time, at most a second: a signal that comes just before the wait is then seen.
    [[nodiscard]] Wakening wait_until(Clock::time_point due) const;
    void close();

    [[nodiscard]] bool is_closed() const;
    [[nodiscard]] const std::string& interface() const noexcept { return interface_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

private:
    Counter(Reader reader, const Instance& instance, std::optional<PinIdentity> identity, bpfxx::Fd closing,
            bpfxx::Proof proof);
    /// Goes on with the maps that an upgrade has given this counter. Under the lock.
    void follow_upgrade();

    mutable std::mutex mutex_;     // of reader_, identity_, next_look_
    std::optional<Reader> reader_; ///< none: it is closed
    std::string interface_;
    std::string directory_;
    std::optional<PinIdentity> identity_; ///< of the pin of stats_map
    std::vector<std::string> notes_;
    bpfxx::Proof proof_;
    Clock::time_point next_look_;
    bpfxx::Fd closing_; ///< an eventfd, readable once it is closed
};

} // namespace xdpstat::python
