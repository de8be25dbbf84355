// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <memory>

#include "bpfxx/error.hpp"
#include "exporter/transport.hpp"
#include "exporter/web_config.hpp"

namespace xdpstat {

/// Certificates and settings, read. Immutable.
class TlsContext {
public:
    /// Errors: not_found, permission, invalid, naming the file and where the configuration names it: it cannot be read, is no certificate, does not fit the key.
    [[nodiscard]] static bpfxx::Result<std::shared_ptr<const TlsContext>> open(const TlsConfig& config);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    struct State;
    [[nodiscard]] const State& state() const noexcept { return *state_; }
    /// Why the certificate will not be trusted: it has expired, or is not valid yet; empty where it is.
    [[nodiscard]] std::string warning() const;

private:
    explicit TlsContext(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The connection keeps the context for as long as it lives.
[[nodiscard]] std::unique_ptr<Transport> tls_transport(Socket socket,
                                                       std::shared_ptr<const TlsContext> context);

} // namespace xdpstat
