// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/transport.hpp"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>

namespace xdpstat {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(Socket socket) : stream_(std::move(socket)) {}

    asio::awaitable<bool> handshake() override { co_return true; }

    asio::awaitable<std::size_t> read_some(std::span<char> into) override
    {
        const auto [error, size] =
            co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
        co_return error ? 0 : size;
    }

    asio::awaitable<bool> write(std::string_view head, std::string_view body) override
    {
        const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(body)};
        const auto [error, size] = co_await asio::async_write(stream_, both, as_result);
        co_return !error;
    }

    asio::awaitable<void> end() override
    {
        boost::system::error_code ignored;
        (void)stream_.socket().shutdown(Socket::shutdown_send, ignored);
        co_return;
    }

    void expires_after(std::chrono::steady_clock::duration time) override { stream_.expires_after(time); }
    [[nodiscard]] Socket& socket() override { return stream_.socket(); }
    [[nodiscard]] bool is_encrypted() const noexcept override { return false; }

private:
    boost::beast::basic_stream<asio::generic::stream_protocol> stream_;
};

} // namespace

std::unique_ptr<Transport> plain_transport(Socket socket)
{
    return std::make_unique<PlainTransport>(std::move(socket));
}

} // namespace xdpstat
