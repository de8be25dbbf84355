// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/connection.hpp"

#include <array>
#include <ctime>
#include <optional>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "exporter/request_head.hpp"

namespace xdpstat {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using Message = http::response<http::span_body<const char>>;

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t read_size = 4096;
/// What is read and thrown away from a client that was refused, so that it sees why.
constexpr std::size_t most_discarded = 65536;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string_view view_of(const beast::flat_buffer& buffer)
{
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

/// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", without the locale's names. Kept for a second.
std::string_view http_date()
{
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static std::time_t written = 0;
    static std::array<char, 64> text{};
    const std::time_t now = std::time(nullptr);
    if (now != written) {
        written = now;
        struct tm utc = {};
        ::gmtime_r(&now, &utc);
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                      months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                      utc.tm_min, utc.tm_sec);
    }
    return text.data();
}

void put_fields(http::fields& to, const Response& response)
{
    to.set(http::field::date, http_date());
    to.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : security_fields())
        to.set(name, value);
    for (const auto& [name, value] : response.fields)
        to.set(name, value);
}

/// All values of a field, which may be in it several times, as the one list that they mean.
std::string joined(const http::fields& fields, http::field name)
{
    std::string all;
    const auto [first, last] = fields.equal_range(name);
    for (auto field = first; field != last; ++field) {
        if (!all.empty())
            all += ',';
        all.append(field->value().data(), field->value().size());
    }
    return all;
}

enum class Next { request, close, linger };

/// One connection: its stream, and what was read of the next requests.
class Session {
public:
    Session(Socket socket, Connections& all)
        : all_(all), place_(all), stream_(std::move(socket)), buffer_(most_head_bytes + read_size)
    {
        const int on = 1;
        // Fails of a local socket, which needs none.
        ::setsockopt(stream_.socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    asio::awaitable<void> run()
    {
        Next next = Next::request;
        while (next == Next::request && !all_.stopping)
            next = co_await one_request();
        if (next == Next::linger)
            co_await linger();
    }

private:
    asio::awaitable<Next> one_request()
    {
        const auto end = co_await read_head();
        if (!end)
            co_return Next::close;
        if (fault_)
            co_return co_await refuse(*fault_);
        const std::string_view head = view_of(buffer_).substr(0, *end);
        if (const auto fault = check_head(head))
            co_return co_await refuse(*fault);
        http::request_parser<http::empty_body> parser;
        parser.header_limit(most_head_bytes + 1);
        parser.skip(true);
        beast::error_code error;
        parser.put(asio::buffer(head.data(), head.size()), error);
        if (error || !parser.is_header_done())
            co_return co_await refuse({400, "the request cannot be understood"});
        buffer_.consume(*end);
        co_return co_await answer(parser);
    }

    /// Reads up to the end of a head. Nothing: the connection is to be closed. What is wrong with it is in fault_.
    asio::awaitable<std::optional<std::size_t>> read_head()
    {
        const Connections::Waiting waiting(all_, stream_.socket());
        stream_.expires_after(all_.patience.idle);
        bool has_begun = false;
        for (;;) {
            // An empty line before a request is ignored (RFC 9112, 2.2).
            while (view_of(buffer_).starts_with("\r\n"))
                buffer_.consume(2);
            const std::string_view bytes = view_of(buffer_);
            const std::size_t end = bytes.find(head_end);
            if (end != std::string_view::npos && end + head_end.size() <= most_head_bytes)
                co_return end + head_end.size();
            fault_ = check_beginning(bytes);
            if (!fault_ && bytes.size() > most_head_bytes)
                fault_ = RequestFault{431, "the head is longer than 8192 bytes"};
            if (fault_)
                co_return bytes.size();
            if (!bytes.empty() && !has_begun) {
                has_begun = true;
                stream_.expires_after(all_.patience.head);
            }
            const auto [error, size] =
                co_await stream_.async_read_some(buffer_.prepare(read_size), as_result);
            if (error)
                co_return std::nullopt;
            buffer_.commit(size);
        }
    }

    asio::awaitable<Next> answer(const http::request_parser<http::empty_body>& parser)
    {
        const auto& request = parser.get();
        const bool is_head = request.method() == http::verb::head;
        const bool reads = is_head || request.method() == http::verb::get;
        const auto length = parser.content_length();
        const bool has_content =
            parser.chunked() || request.count(http::field::transfer_encoding) != 0 || (length && *length > 0);
        if (has_content && reads)
            co_return co_await refuse({413, "a request for reading has no content here"});
        const std::string accept = joined(request, http::field::accept);
        const std::string accept_encoding = joined(request, http::field::accept_encoding);
        const std::string if_none_match = joined(request, http::field::if_none_match);
        Response response = all_.site.answer({.method = is_head ? Method::head
                                                        : reads ? Method::get
                                                                : Method::other,
                                              .target = request.target(),
                                              .accept = accept,
                                              .accept_encoding = accept_encoding,
                                              .if_none_match = if_none_match});
        if (response.stream && !is_head) {
            if (all_.may_stream())
                co_return co_await stream_events(response);
            co_return co_await refuse({503, "there are too many streams"});
        }
        const bool keep = parser.keep_alive() && request.version() == 11 && !has_content && !all_.stopping;
        const bool written = co_await write(response, is_head, keep);
        if (!written)
            co_return Next::close;
        co_return keep ? Next::request : Next::linger;
    }

    asio::awaitable<Next> refuse(RequestFault fault)
    {
        Response response;
        response.status = fault.status;
        response.body = std::string(fault.reason) + "\n";
        response.fields.emplace_back("Cache-Control", "no-store");
        const bool written = co_await write(response, false, false);
        co_return written ? Next::linger : Next::close;
    }

    /// False: the client is gone, or too slow.
    asio::awaitable<bool> write(const Response& response, bool is_head, bool keep)
    {
        Message message;
        message.version(11);
        message.result(response.status);
        put_fields(message, response);
        message.keep_alive(keep);
        const std::string_view content = response.content();
        const bool has_content = response.status != 304 && !response.stream;
        if (has_content)
            message.content_length(content.size());
        message.body() = {content.data(), content.size()};
        http::response_serializer<http::span_body<const char>> serializer(message);
        stream_.expires_after(all_.patience.write);
        if (is_head || !has_content) {
            const auto [error, size] = co_await http::async_write_header(stream_, serializer, as_result);
            co_return !error;
        }
        const auto [error, size] = co_await http::async_write(stream_, serializer, as_result);
        co_return !error;
    }

    /// Events until the client goes. It is told to come back a second later when this server ends.
    asio::awaitable<Next> stream_events(const Response& response)
    {
        all_.streams++;
        const std::shared_ptr<void> ended(nullptr, [this](void*) { all_.streams--; });
        const auto channel = all_.broadcast.join(stream_.get_executor(), *response.stream);
        bool written = co_await write(response, false, false);
        if (written)
            written = co_await write_event(std::make_shared<const std::string>("retry: 1000\n\n"));
        if (written)
            written = co_await write_event(all_.site.snapshot_event());
        auto seen = channel->number;
        while (written && !all_.stopping) {
            if (channel->number == seen) {
                (void)co_await channel->wake.async_wait(as_result);
                continue;
            }
            seen = channel->number;
            written = co_await write_event(channel->latest);
        }
        co_return written ? Next::linger : Next::close;
    }

    asio::awaitable<bool> write_event(std::shared_ptr<const std::string> event)
    {
        stream_.expires_after(all_.patience.event);
        const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(*event), as_result);
        co_return !error;
    }

    /// Closing with bytes unread would reset the connection, and the client might never see the answer.
    asio::awaitable<void> linger()
    {
        beast::error_code ignored;
        stream_.socket().shutdown(Socket::shutdown_send, ignored);
        stream_.expires_after(all_.patience.goodbye);
        buffer_.clear();
        for (std::size_t discarded = 0; discarded < most_discarded;) {
            const auto [error, size] =
                co_await stream_.async_read_some(buffer_.prepare(read_size), as_result);
            if (error)
                co_return;
            discarded += size;
        }
    }

    Connections& all_;
    Connections::Place place_;
    Stream stream_;
    beast::flat_buffer buffer_;
    std::optional<RequestFault> fault_;
};

} // namespace

bool Connections::make_room()
{
    if (count_ < most_)
        return true;
    if (waiting_.empty())
        return false;
    boost::system::error_code ignored;
    waiting_.front()->close(ignored);
    // The next one is asked to go before this one has noticed.
    waiting_.splice(waiting_.end(), waiting_, waiting_.begin());
    return true;
}

void Connections::close_idle()
{
    boost::system::error_code ignored;
    for (Socket* socket : waiting_)
        socket->close(ignored);
}

asio::awaitable<void> serve_connection(Socket socket, Connections& all)
{
    Session session(std::move(socket), all);
    co_await session.run();
}

} // namespace xdpstat
