// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/connection.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "exporter/request_head.hpp"
#include "exporter/words.hpp"

namespace xdpstat {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using Parser = http::request_parser<http::empty_body>;

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t read_size = 4096;
/// What is read and thrown away from a client that was refused, so that it sees why.
constexpr std::size_t most_discarded = 65536;
/// Passwords that are being checked at once; each takes a processor for tens of milliseconds.
constexpr std::size_t most_checked = 16;

constexpr std::string_view unknown_host = "no server of the name in your request is known here: ask by an "
                                          "address or by localhost, or have this server "
                                          "started with --web.allowed-host NAME";

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

/// What RFC 9110 calls the statuses that are given here.
std::string_view reason_of(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Error";
    }
}

void add_field(std::string& head, std::string_view name, std::string_view value)
{
    (((head += name) += ": ") += value) += "\r\n";
}

/// The head of an answer, with the empty line that ends it.
std::string head_of(const Response& response, const WebState& web, bool keep)
{
    std::string head =
        "HTTP/1.1 " + std::to_string(response.status) + ' ' + std::string(reason_of(response.status));
    head += "\r\n";
    add_field(head, "Date", http_date());
    add_field(head, "Content-Type", response.content_type);
    for (const auto& [name, value] : web.fields)
        add_field(head, name, value);
    for (const auto& [name, value] : security_fields())
        if (std::ranges::find(web.fields, name, &std::pair<std::string, std::string>::first) ==
            web.fields.end())
            add_field(head, name, value);
    for (const auto& [name, value] : response.fields)
        add_field(head, name, value);
    if (response.status != 304 && !response.stream)
        add_field(head, "Content-Length", std::to_string(response.content().size()));
    if (!keep)
        add_field(head, "Connection", "close");
    return head += "\r\n";
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

/// Counts one more while it lives.
class Counted {
public:
    explicit Counted(std::size_t& count) : count_(count) { count_++; }
    ~Counted() { count_--; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::size_t& count_;
};

/// One connection: its bytes, and what was read of the next requests.
class Session {
public:
    Session(std::unique_ptr<Transport> transport, bool any_host, Connections& all)
        : all_(all), place_(all), transport_(std::move(transport)), any_host_(any_host)
    {
        const int on = 1;
        // Fails of a local socket, which needs none.
        ::setsockopt(transport_->socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    asio::awaitable<void> run()
    {
        transport_->expires_after(all_.patience.head);
        bool agreed = false;
        {
            const Connections::Waiting waiting(all_, transport_->socket());
            agreed = co_await transport_->handshake();
        }
        Next next = agreed ? Next::request : Next::close;
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
        const std::string_view head = std::string_view(buffer_).substr(0, *end);
        if (!fault_)
            fault_ = check_head(head);
        if (fault_)
            co_return co_await refuse(*fault_);
        // The parser knows no later minor version, and is to understand it as 1.1.
        char& minor = buffer_[buffer_.find("\r\n") - 1];
        minor = std::min(minor, '1');
        Parser parser;
        parser.header_limit(most_head_bytes + 1);
        parser.skip(true);
        boost::beast::error_code error;
        parser.put(asio::buffer(head.data(), head.size()), error);
        if (error || !parser.is_header_done())
            co_return co_await refuse({400, "the request cannot be understood"});
        buffer_.erase(0, *end);
        co_return co_await answer(parser);
    }

    /// Reads up to the end of a head. Nothing: the connection is to be closed. What is wrong with it is in fault_.
    asio::awaitable<std::optional<std::size_t>> read_head()
    {
        const Connections::Waiting waiting(all_, transport_->socket());
        transport_->expires_after(all_.patience.idle);
        bool has_begun = false;
        for (;;) {
            // An empty line before a request is ignored (RFC 9112, 2.2).
            while (buffer_.starts_with("\r\n"))
                buffer_.erase(0, 2);
            const std::size_t end = buffer_.find(head_end);
            if (end != std::string::npos && end + head_end.size() <= most_head_bytes)
                co_return end + head_end.size();
            fault_ = check_beginning(buffer_);
            if (!fault_ && buffer_.size() > most_head_bytes)
                fault_ = what_is_too_long(buffer_);
            if (fault_)
                co_return buffer_.size();
            if (!buffer_.empty() && !has_begun) {
                has_begun = true;
                transport_->expires_after(all_.patience.head);
            }
            if (co_await read_some() == 0)
                co_return std::nullopt;
        }
    }

    /// Reads behind what was read before.
    asio::awaitable<std::size_t> read_some()
    {
        const std::size_t before = buffer_.size();
        buffer_.resize(before + read_size);
        const std::size_t size = co_await transport_->read_some(std::span(buffer_).subspan(before));
        buffer_.resize(before + size);
        co_return size;
    }

    asio::awaitable<Next> answer(const Parser& parser)
    {
        const auto& request = parser.get();
        if (!any_host_ && !all_.hosts.takes(host_of(request.target(), request[http::field::host])))
            co_return co_await refuse({421, unknown_host});
        if (const auto scheme = scheme_of(request.target());
            !scheme.empty() && same_word(scheme, "https") != transport_->is_encrypted())
            co_return co_await refuse(
                {421, "this address is not served by this port: http and https differ"});
        const bool is_head = request.method() == http::verb::head;
        const bool reads = is_head || request.method() == http::verb::get;
        const bool has_content =
            request.count(http::field::transfer_encoding) != 0 || parser.content_length().value_or(0) > 0;
        if (has_content && reads)
            co_return co_await refuse({413, "a request for reading has no content here"});
        const std::string authorization = joined(request, http::field::authorization);
        const auto fault = co_await check_login(authorization);
        if (fault)
            co_return co_await refuse(*fault);
        const std::string accept = joined(request, http::field::accept);
        const std::string accept_encoding = joined(request, http::field::accept_encoding);
        const std::string if_none_match = joined(request, http::field::if_none_match);
        const bool is_known = request.method() != http::verb::unknown;
        const Response response = all_.site.answer({.method = is_head    ? Method::head
                                                              : reads    ? Method::get
                                                              : is_known ? Method::other
                                                                         : Method::unknown,
                                                    .target = request.target(),
                                                    .accept = accept,
                                                    .accept_encoding = accept_encoding,
                                                    .if_none_match = if_none_match});
        if (response.stream && !is_head) {
            if (all_.may_stream())
                co_return co_await stream_events(response, *response.stream);
            co_return co_await refuse({503, "there are too many streams"});
        }
        const bool keep = parser.keep_alive() && request.version() == 11 && !has_content && !all_.stopping;
        const bool written = co_await write(response, is_head, keep);
        if (!written)
            co_return Next::close;
        co_return keep ? Next::request : Next::linger;
    }

    /// Nothing: the client may come in.
    asio::awaitable<std::optional<RequestFault>> check_login(std::string_view authorization)
    {
        const auto web = all_.web.now();
        if (web->passwords.empty())
            co_return std::nullopt;
        const RequestFault stranger{401, "who are you?"};
        const auto login = parse_basic(authorization);
        if (!login)
            co_return stranger;
        auto right = web->passwords.remembered(*login);
        if (!right) {
            if (all_.checking >= most_checked)
                co_return RequestFault{503, "too many passwords are being checked"};
            const Counted counted(all_.checking);
            // By another thread: this one goes on with other connections.
            const bool fits =
                co_await all_.passwords->check(login->password, web->passwords.hash_of(login->user));
            right = fits && web->passwords.has(login->user);
            web->passwords.remember(*login, *right);
        }
        co_return *right ? std::nullopt : std::optional(stranger);
    }

    asio::awaitable<Next> refuse(RequestFault fault)
    {
        Response response;
        response.status = fault.status;
        response.body = std::string(fault.reason) + "\n";
        response.fields.emplace_back("Cache-Control", "no-store");
        if (fault.status == 401)
            response.fields.emplace_back("WWW-Authenticate", R"(Basic realm="xdpstat", charset="UTF-8")");
        const bool written = co_await write(response, false, false);
        co_return written ? Next::linger : Next::close;
    }

    /// False: the client is gone, or too slow.
    asio::awaitable<bool> write(const Response& response, bool is_head, bool keep)
    {
        const bool has_content = response.status != 304 && !is_head;
        const std::string head = head_of(response, *all_.web.now(), keep);
        transport_->expires_after(all_.patience.write);
        co_return co_await transport_->write(head, has_content ? response.content() : std::string_view());
    }

    /// Events until the client goes. It is told to come back a second later when this server ends.
    asio::awaitable<Next> stream_events(const Response& response, std::chrono::milliseconds interval)
    {
        const Counted counted(all_.streams);
        const auto channel = all_.broadcast.join(transport_->socket().get_executor(), interval);
        bool written = co_await write(response, false, false);
        const auto first = all_.site.snapshot_event();
        if (written)
            written = co_await transport_->write("retry: 1000\n\n", *first);
        auto seen = channel->number;
        while (written && !all_.stopping) {
            if (channel->number == seen) {
                (void)co_await channel->wake.async_wait(asio::as_tuple(asio::use_awaitable));
                continue;
            }
            seen = channel->number;
            // Held until it is written: the next one may come meanwhile.
            const auto event = channel->latest;
            transport_->expires_after(all_.patience.event);
            written = co_await transport_->write(*event, {});
        }
        co_return written ? Next::linger : Next::close;
    }

    /// Closing with bytes unread would reset the connection, and the client might never see the answer.
    asio::awaitable<void> linger()
    {
        transport_->expires_after(all_.patience.goodbye);
        co_await transport_->end();
        for (std::size_t discarded = 0; discarded < most_discarded;) {
            buffer_.clear();
            const std::size_t size = co_await read_some();
            if (size == 0)
                co_return;
            discarded += size;
        }
    }

    Connections& all_;
    Connections::Place place_;
    std::unique_ptr<Transport> transport_;
    bool any_host_;
    std::string buffer_;
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
    (void)waiting_.front()->close(ignored);
    // The next one is asked to go before this one has noticed.
    waiting_.splice(waiting_.end(), waiting_, waiting_.begin());
    return true;
}

void Connections::close_idle()
{
    boost::system::error_code ignored;
    for (Socket* socket : waiting_)
        (void)socket->close(ignored);
}

asio::awaitable<void> serve_connection(std::unique_ptr<Transport> transport, bool any_host, Connections& all)
{
    Session session(std::move(transport), any_host, all);
    co_await session.run();
}

} // namespace xdpstat
