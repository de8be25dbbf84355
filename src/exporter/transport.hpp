// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

namespace xdpstat {

using Socket = boost::asio::generic::stream_protocol::socket;

/// A connection's bytes, plain or encrypted. One operation at a time; whatever fails or takes too long ends it.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// What has to be agreed upon before the first byte. False: it could not be.
    virtual boost::asio::awaitable<bool> handshake() = 0;
    /// How many bytes were read; 0: there are no more.
    virtual boost::asio::awaitable<std::size_t> read_some(std::span<char> into) = 0;
    /// Writes both, one behind the other. False: the client is gone, or too slow.
    virtual boost::asio::awaitable<bool> write(std::string_view head, std::string_view body) = 0;
    /// Tells the client that nothing more will come.
    virtual boost::asio::awaitable<void> end() = 0;

    /// How long all operations that follow may take together.
    virtual void expires_after(std::chrono::steady_clock::duration time) = 0;
    [[nodiscard]] virtual Socket& socket() = 0;
    [[nodiscard]] virtual bool is_encrypted() const noexcept = 0;
};

[[nodiscard]] std::unique_ptr<Transport> plain_transport(Socket socket);

} // namespace xdpstat
