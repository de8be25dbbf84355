// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/tls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace xdpstat {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// To a client that speaks without encryption. Its end is that of the connection, as of old.
constexpr std::string_view not_encrypted =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "this port speaks TLS: ask for https://\n";

int version_of(TlsVersion version)
{
    switch (version) {
    case TlsVersion::tls10:
        return TLS1_VERSION;
    case TlsVersion::tls11:
        return TLS1_1_VERSION;
    case TlsVersion::tls12:
        return TLS1_2_VERSION;
    case TlsVersion::tls13:
        break;
    }
    return TLS1_3_VERSION;
}

int verify_mode_of(ClientAuth auth)
{
    switch (auth) {
    case ClientAuth::none:
        return SSL_VERIFY_NONE;
    case ClientAuth::request:
    case ClientAuth::verify_if_given:
        return SSL_VERIFY_PEER;
    case ClientAuth::require_any:
    case ClientAuth::require_verified:
        break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/// Takes any certificate of a client, verified or not: who asked for one only wants to see it.
int take_any(int, X509_STORE_CTX*)
{
    return 1;
}

constexpr const char* operation = "use the web configuration";

/// What is wrong with a file that OpenSSL does not take. @param what it should hold: "certificate"
bpfxx::Error bad_file(const TlsFile& file, const std::string& what)
{
    if (::access(file.path.c_str(), R_OK) != 0) {
        const int number = errno;
        auto error = bpfxx::system_error(operation, file.where, number);
        error.set_cause(file.path + ": " + std::strerror(number));
        return error;
    }
    // The first one is the cause, those after it who met with it.
    const unsigned long number = ERR_peek_error();
    const int library = ERR_GET_LIB(number);
    const bool is_other =
        (library == ERR_LIB_PEM && ERR_GET_REASON(number) == PEM_R_NO_START_LINE) ||
        (library == ERR_LIB_X509 && ERR_GET_REASON(number) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND) ||
        library == ERR_LIB_OSSL_DECODER;
    if (is_other)
        return bpfxx::make_error(bpfxx::ErrorKind::invalid, operation, file.where,
                                 file.path + ": it holds no " + what + " in PEM format",
                                 "PEM begins with a line -----BEGIN");
    const char* reason = ERR_reason_error_string(number);
    return bpfxx::make_error(bpfxx::ErrorKind::invalid, operation, file.where,
                             file.path + ": " + (reason == nullptr ? "OpenSSL does not take it" : reason));
}

bpfxx::Error bad_key(const TlsFile& key, const TlsFile& certificate, bool is_encrypted)
{
    if (is_encrypted)
        return bpfxx::make_error(bpfxx::ErrorKind::invalid, operation, key.where,
                                 key.path + ": it is encrypted, and pass phrases are not supported",
                                 "decrypt it for this server alone to read: openssl pkey -in " + key.path +
                                     " -out NEW");
    const unsigned long number = ERR_peek_error();
    const int reason = ERR_GET_REASON(number);
    // There is none where the certificate is for a key of another algorithm.
    const bool is_another = (ERR_GET_LIB(number) == ERR_LIB_X509 &&
                             (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) ||
                            (ERR_GET_LIB(number) == ERR_LIB_SSL && reason == SSL_R_NO_CERTIFICATE_ASSIGNED);
    if (is_another)
        return bpfxx::make_error(bpfxx::ErrorKind::invalid, operation, key.where,
                                 key.path + ": it is not the key of " + certificate.path);
    return bad_file(key, "private key");
}

bool has_san(X509* certificate, const std::vector<std::string>& wanted)
{
    return std::ranges::any_of(wanted, [&](const std::string& name) {
        return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                               nullptr) == 1 ||
               X509_check_ip_asc(certificate, name.c_str(), 0) == 1 ||
               X509_check_email(certificate, name.data(), name.size(), 0) == 1;
    });
}

} // namespace

struct TlsContext::State {
    // Streams take it as one that may change, and only make their own state from it. Its calls that throw are not used.
    mutable asio::ssl::context context{asio::ssl::context::tls_server};
    TlsConfig config;
    bool is_encrypted = false; ///< a file wanted a pass phrase
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

bpfxx::Result<std::shared_ptr<const TlsContext>> TlsContext::open(const TlsConfig& config)
{
    auto state = std::make_unique<State>();
    state->config = config;
    SSL_CTX* context = state->context.native_handle();
    // In place of OpenSSL's own, which asks on the terminal: there is nobody there, and everybody would wait.
    boost::system::error_code ignored;
    (void)state->context.set_password_callback(
        [&is_encrypted = state->is_encrypted](std::size_t, asio::ssl::context::password_purpose) {
            is_encrypted = true;
            return std::string();
        },
        ignored);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, config.cert_file.path.c_str()) != 1)
        return std::unexpected(bad_file(config.cert_file, "certificate"));
    if (SSL_CTX_use_PrivateKey_file(context, config.key_file.path.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return std::unexpected(bad_key(config.key_file, config.cert_file, state->is_encrypted));
    if (const TlsFile& authority = config.client_ca_file; !authority.path.empty()) {
        if (SSL_CTX_load_verify_file(context, authority.path.c_str()) != 1)
            return std::unexpected(bad_file(authority, "certificate"));
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(authority.path.c_str()));
    }
    const bool any =
        config.client_auth == ClientAuth::request || config.client_auth == ClientAuth::require_any;
    SSL_CTX_set_verify(context, verify_mode_of(config.client_auth), any ? take_any : nullptr);
    SSL_CTX_set_min_proto_version(context, version_of(config.min_version));
    SSL_CTX_set_max_proto_version(context, version_of(config.max_version));
    const auto unknown = [&](const char* field) {
        return std::unexpected(bpfxx::make_error(bpfxx::ErrorKind::invalid, operation, config.where + field,
                                                 "OpenSSL offers none of them"));
    };
    if (!config.cipher_list.empty() && SSL_CTX_set_cipher_list(context, config.cipher_list.c_str()) != 1)
        return unknown(".cipher_suites");
    if (!config.groups.empty() && SSL_CTX_set1_groups_list(context, config.groups.c_str()) != 1)
        return unknown(".curve_preferences");
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Sessions could be taken up again with what an older configuration allowed.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

std::string TlsContext::warning() const
{
    const X509* certificate = SSL_CTX_get0_certificate(state_->context.native_handle());
    if (certificate == nullptr)
        return {};
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return "the certificate " + state_->config.cert_file.path + " has expired";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return "the certificate " + state_->config.cert_file.path + " is not valid yet";
    return {};
}

namespace {

class TlsTransport final : public Transport {
public:
    TlsTransport(Socket socket, std::shared_ptr<const TlsContext> context)
        : context_(std::move(context)), stream_(std::move(socket), context_->state().context)
    {
    }

    asio::awaitable<bool> handshake() override
    {
        const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, as_result);
        if (error.category() == asio::error::get_ssl_category() &&
            ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST)
            (void)co_await asio::async_write(stream_.next_layer(), asio::buffer(not_encrypted), as_result);
        co_return !error && client_may_come_in();
    }

    asio::awaitable<std::size_t> read_some(std::span<char> into) override
    {
        const auto [error, size] =
            co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
        co_return error ? 0 : size;
    }

    asio::awaitable<bool> write(std::string_view head, std::string_view body) override
    {
        // One record and one packet for what is short.
        std::string both(head);
        both += body;
        const auto [error, size] = co_await asio::async_write(stream_, asio::buffer(both), as_result);
        co_return !error;
    }

    asio::awaitable<void> end() override { (void)co_await stream_.async_shutdown(as_result); }

    void expires_after(std::chrono::steady_clock::duration time) override
    {
        stream_.next_layer().expires_after(time);
    }
    [[nodiscard]] Socket& socket() override { return stream_.next_layer().socket(); }
    [[nodiscard]] bool is_encrypted() const noexcept override { return true; }

private:
    [[nodiscard]] bool client_may_come_in()
    {
        const auto& names = context_->state().config.client_allowed_sans;
        if (names.empty())
            return true;
        X509* certificate = SSL_get0_peer_certificate(stream_.native_handle());
        return certificate != nullptr && has_san(certificate, names);
    }

    std::shared_ptr<const TlsContext> context_;
    asio::ssl::stream<boost::beast::basic_stream<asio::generic::stream_protocol>> stream_;
};

} // namespace

std::unique_ptr<Transport> tls_transport(Socket socket, std::shared_ptr<const TlsContext> context)
{
    return std::make_unique<TlsTransport>(std::move(socket), std::move(context));
}

} // namespace xdpstat
