// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"

// The file of --web.config.file, in the format of Prometheus' exporter-toolkit.
namespace xdpstat {

/// Whether a client shows a certificate, as Go's crypto/tls names it.
enum class ClientAuth : std::uint8_t {
    none,             ///< NoClientCert
    request,          ///< RequestClientCert: any, or none
    require_any,      ///< RequireAnyClientCert
    verify_if_given,  ///< VerifyClientCertIfGiven
    require_verified, ///< RequireAndVerifyClientCert
};

/// Versions of TLS.
enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };

/// A file that the configuration names.
struct TlsFile {
    std::string path;  ///< empty: none is named
    std::string where; ///< "web.yml:2: tls_server_config.cert_file", for errors
};

struct TlsConfig {
    std::string where; ///< "web.yml:2: tls_server_config", for errors
    TlsFile cert_file;
    TlsFile key_file;
    TlsFile client_ca_file;
    ClientAuth client_auth = ClientAuth::none;
    std::vector<std::string> client_allowed_sans; ///< empty: any
    TlsVersion min_version = TlsVersion::tls12;
    TlsVersion max_version = TlsVersion::tls13;
    std::string cipher_list; ///< as OpenSSL names them, for TLS 1.2; empty: its defaults
    std::string groups;      ///< likewise
};

struct WebConfig {
    std::optional<TlsConfig> tls;
    std::map<std::string, std::string> users;   ///< name to bcrypt hash
    std::map<std::string, std::string> headers; ///< sent with every answer
    std::vector<std::string> notes;             ///< what was read and is not done, a line each
};

/// Reads and checks it; paths in it are relative to its folder. Errors: not_found, permission; invalid, naming line and
/// field.
[[nodiscard]] bpfxx::Result<WebConfig> read_web_config(const std::string& path);

} // namespace xdpstat
