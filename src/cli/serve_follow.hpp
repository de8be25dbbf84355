// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "cli/context.hpp"
#include "cli/serve.hpp"
#include "counter/default_route.hpp"
#include "counter/follower.hpp"
#include "exporter/problems.hpp"

namespace xdpstat {

/// Attaches to the interfaces that a server follows, on a thread of its own: an attach takes some hundredths of a second, and
/// nobody who asks for metrics should wait for it.
class ServeFollow {
public:
    /// Creates the pin root if need be and attaches to those that are there. Null where none are to be followed. Errors:
    /// permission; what one interface refuses is told and no error, and with --retry nothing is.
    /// @param problems told what stands in the way. Borrows all three.
    [[nodiscard]] static bpfxx::Result<std::unique_ptr<ServeFollow>>
    open(const ServeArguments& arguments, const Context& context, Problems& problems);
    ServeFollow(const ServeFollow&) = delete;
    ServeFollow& operator=(const ServeFollow&) = delete;
    ~ServeFollow();

    /// Follows from now on; the thread has the rights that the caller has left.
    void start();
    /// Ends following, and detaches from all that it follows, waiting some seconds for others that attach or detach. What
    /// cannot be detached is told.
    void detach_all();
    /// Attaches also to those that could not be attached to, or were detached by hand. For any thread.
    void look_again();

private:
    ServeFollow(const ServeArguments& arguments, Problems& problems)
        : arguments_(arguments), problems_(problems)
    {
    }
    [[nodiscard]] PinRoot root_of(const Context& context);
    void run();
    void end();
    void wake() const;
    void look();
    void find_wanted();
    void tell(const std::string& interface, const bpfxx::Error& error);
    void tell_missing();

    const ServeArguments& arguments_;
    Problems& problems_;
    std::set<std::string> wanted_; ///< beside those that the regular expressions match
    std::optional<DefaultRoute> route_;
    bool failed_for_all_ = false; ///< at the last look
    std::atomic<bool> stopping_ = false;
    std::chrono::steady_clock::time_point patience_; ///< until when others are waited for even so
    std::atomic<bool> looks_again_ = false;
    bpfxx::Fd wakes_; ///< an eventfd
    std::unique_ptr<Follower> follower_;
    std::thread thread_;
};

} // namespace xdpstat
