// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/broadcast.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace xdpstat {

namespace asio = boost::asio;

namespace {

using std::chrono::steady_clock;

/// Proxies close what is silent for a minute or less, and a comment is what keeps a stream from being it.
constexpr auto longest_silence = std::chrono::milliseconds(15000);

} // namespace

Channel::Channel(const asio::any_io_executor& executor, std::chrono::milliseconds every)
    : interval(every), wake(executor, steady_clock::time_point::max())
{
}

std::shared_ptr<Channel> Broadcast::join(const asio::any_io_executor& executor,
                                         std::chrono::milliseconds interval)
{
    std::erase_if(channels_, [](const auto& entry) { return entry.second.expired(); });
    if (auto channel = channels_[interval].lock())
        return channel;
    auto channel = std::make_shared<Channel>(executor, interval);
    channels_[interval] = channel;
    asio::co_spawn(executor, run(channel), asio::detached);
    return channel;
}

void Broadcast::wake_all()
{
    for (const auto& [interval, weak] : channels_)
        if (const auto channel = weak.lock())
            channel->wake.cancel();
}

asio::awaitable<void> Broadcast::run(std::weak_ptr<Channel> weak)
{
    static const auto heartbeat = std::make_shared<const std::string>(": still here\n\n");
    asio::steady_timer clock(co_await asio::this_coro::executor);
    auto next_event = steady_clock::now();
    for (;;) {
        {
            const auto channel = weak.lock();
            if (!channel)
                co_return;
            // A grid of its own: what a reading takes makes no drift, and intervals that were missed are one.
            const auto now = steady_clock::now();
            if (now >= next_event)
                next_event += channel->interval * ((now - next_event) / channel->interval + 1);
            clock.expires_at(std::min(next_event, now + longest_silence));
        }
        const auto [error] = co_await clock.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto channel = weak.lock();
        if (error || !channel)
            co_return;
        channel->latest = steady_clock::now() >= next_event ? site_.snapshot_event() : heartbeat;
        channel->number++;
        channel->wake.cancel();
    }
}

} // namespace xdpstat
