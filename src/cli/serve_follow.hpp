// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "bpfxx/error.hpp"
#include "bpfxx/fd.hpp"
#include "cli/context.hpp"
#include "cli/serve.hpp"
#include "counter/follower.hpp"

namespace xdpstat {

/// Attaches to the interfaces that a server follows, on a thread of its own: an attach takes some hundredths of a second, and
/// nobody who asks for metrics should wait for it.
class ServeFollow {
public:
    /// Creates the pin root if need be and attaches to those that are there. Null where none are to be followed. Errors:
    /// permission; what one interface refuses is told and no error.
    [[nodiscard]] static bpfxx::Result<std::unique_ptr<ServeFollow>> open(const ServeArguments& arguments,
                                                                          const Context& context);
    ServeFollow(const ServeFollow&) = delete;
    ServeFollow& operator=(const ServeFollow&) = delete;
    ~ServeFollow();

    /// Follows from now on; the thread has the rights that the caller has left.
    void start();
    /// Attaches also to those that could not be attached to, or were detached by hand. For any thread.
    void look_again();

private:
    ServeFollow() = default;
    void run();
    void wake() const;

    std::atomic<bool> stopping_ = false;
    std::atomic<bool> looks_again_ = false;
    bpfxx::Fd wakes_; ///< an eventfd
    std::unique_ptr<Follower> follower_;
    std::thread thread_;
};

} // namespace xdpstat
