// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/password_checker.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace xdpstat {

namespace asio = boost::asio;

/// Texts alone: whatever the thread still has at the end of the process belongs to nobody else.
struct PasswordChecker::Job {
    std::uint64_t number;
    std::string password;
    std::string hash;
};

/// Of the checker and its thread, until the later of them ends.
struct PasswordChecker::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Job> jobs;
    bool ended = false;
    /// Called with the mutex, and not once it has ended.
    std::function<void(std::uint64_t number, bool right)> tell;

    void work()
    {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return ended || !jobs.empty(); });
            if (ended)
                return;
            const Job job = std::move(jobs.front());
            jobs.pop_front();
            lock.unlock();
            const bool right = is_password(job.password, job.hash);
            lock.lock();
            if (!ended)
                tell(job.number, right);
        }
    }
};

struct PasswordChecker::Waiter {
    asio::steady_timer wake; ///< never expires
    std::optional<bool> right;
};

PasswordChecker::PasswordChecker(asio::io_context& context) : shared_(std::make_shared<Shared>())
{
    shared_->tell = [this, &context](std::uint64_t number, bool right) {
        asio::post(context, [this, number, right] { take(number, right); });
    };
    // Signals are for the thread that serves.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread([shared = shared_] { shared->work(); }).detach();
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

PasswordChecker::~PasswordChecker()
{
    end();
}

void PasswordChecker::end()
{
    {
        const std::scoped_lock lock(shared_->mutex);
        shared_->ended = true;
        shared_->jobs.clear();
    }
    shared_->changed.notify_one();
}

void PasswordChecker::take(std::uint64_t number, bool right)
{
    const auto found = waiting_.find(number);
    if (found == waiting_.end())
        return;
    found->second->right = right;
    found->second->wake.cancel();
}

asio::awaitable<bool> PasswordChecker::check(std::string password, std::string hash)
{
    Waiter waiter{
        .wake = asio::steady_timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max()),
        .right = std::nullopt};
    /// Also where the coroutine is destroyed while it waits.
    struct Place {
        std::map<std::uint64_t, Waiter*>& all;
        std::uint64_t number;
        Place(std::map<std::uint64_t, Waiter*>& among, std::uint64_t as, Waiter& one) : all(among), number(as)
        {
            all.emplace(number, &one);
        }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { all.erase(number); }
    };
    const Place place(waiting_, ++number_, waiter);
    {
        const std::scoped_lock lock(shared_->mutex);
        shared_->jobs.push_back(
            {.number = place.number, .password = std::move(password), .hash = std::move(hash)});
    }
    shared_->changed.notify_one();
    while (!waiter.right)
        (void)co_await waiter.wake.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return *waiter.right;
}

} // namespace xdpstat
