// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/web_config.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "exporter/password.hpp"
#include "exporter/yaml_fields.hpp"

namespace xdpstat {

namespace {

template <class Value, std::size_t N>
Value choice(const YAML::Node& node, const std::string& name,
             const std::array<std::pair<const char*, Value>, N>& choices)
{
    const auto word = node.as<std::string>();
    const auto found =
        std::ranges::find(choices, word, [](const auto& one) { return std::string(one.first); });
    if (found == choices.end())
        throw BadField{line_of(node), name + " is " + word + ", which is none of those known"};
    return found->second;
}

constexpr std::array client_auths{std::pair("NoClientCert", ClientAuth::none),
                                  std::pair("RequestClientCert", ClientAuth::request),
                                  std::pair("RequireAnyClientCert", ClientAuth::require_any),
                                  std::pair("VerifyClientCertIfGiven", ClientAuth::verify_if_given),
                                  std::pair("RequireAndVerifyClientCert", ClientAuth::require_verified)};
constexpr std::array versions{std::pair("TLS10", TlsVersion::tls10), std::pair("TLS11", TlsVersion::tls11),
                              std::pair("TLS12", TlsVersion::tls12), std::pair("TLS13", TlsVersion::tls13)};
/// Go's names of what it offers for TLS 1.2, and OpenSSL's. Those of TLS 1.3 cannot be chosen from in either.
constexpr std::array ciphers{
    std::pair("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    std::pair("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    std::pair("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    std::pair("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    std::pair("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    std::pair("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
    std::pair("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
    std::pair("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
    std::pair("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
    std::pair("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
    std::pair("TLS_AES_128_GCM_SHA256", ""),
    std::pair("TLS_AES_256_GCM_SHA384", ""),
    std::pair("TLS_CHACHA20_POLY1305_SHA256", ""),
};
constexpr std::array curves{std::pair("CurveP256", "P-256"), std::pair("CurveP384", "P-384"),
                            std::pair("CurveP521", "P-521"), std::pair("X25519", "X25519")};
/// The headers that may be set. An empty value of them leaves ours.
constexpr std::array known_headers{"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options",
                                   "X-XSS-Protection", "Strict-Transport-Security"};

template <std::size_t N>
std::string joined(const YAML::Node& node, const std::string& name,
                   const std::array<std::pair<const char*, const char*>, N>& names)
{
    if (!node.IsSequence())
        throw BadField{line_of(node), name + " is no list"};
    std::string list;
    for (const YAML::Node& entry : node) {
        const std::string one = choice(entry, name, names);
        if (!one.empty())
            list += (list.empty() ? "" : ":") + one;
    }
    return list;
}

/// What only the fields of a section together can have wrong.
void check_tls(const YAML::Node& node, const std::string& name, const TlsConfig& tls)
{
    const auto line = [&](const char* field) { return line_of(node[field] ? node[field] : node); };
    if (tls.cert_file.path.empty())
        throw BadField{line("cert_file"), name + ".cert_file is missing: TLS needs cert_file and key_file"};
    if (tls.key_file.path.empty())
        throw BadField{line("key_file"), name + ".key_file is missing: TLS needs cert_file and key_file"};
    const bool verifies =
        tls.client_auth == ClientAuth::verify_if_given || tls.client_auth == ClientAuth::require_verified;
    if (verifies && tls.client_ca_file.path.empty())
        throw BadField{line("client_auth_type"), name + ".client_auth_type needs client_ca_file"};
    if (!verifies && !tls.client_ca_file.path.empty())
        throw BadField{line("client_ca_file"),
                       name + ".client_ca_file needs a client_auth_type that verifies"};
    if (tls.min_version <= tls.max_version)
        return;
    if (node["min_version"])
        throw BadField{line("min_version"), name + ".min_version is above max_version"};
    throw BadField{line("max_version"), name + ".max_version is below min_version, TLS12 unless given"};
}

/// @param file that it is in, as errors call it
TlsConfig read_tls(const YAML::Node& node, const std::string& file)
{
    const std::string name = "tls_server_config";
    const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
    const auto where = [&](const YAML::Node& value, const std::string& field) {
        return file + ":" + std::to_string(line_of(value)) + ": " + field;
    };
    TlsConfig tls;
    tls.where = where(node, name);
    const auto path = [&](const char* field, TlsFile& to) {
        return std::pair(std::string(field), ReadField([&, field](const YAML::Node& value) {
                             if (const auto text = value.as<std::string>(); !text.empty())
                                 to = {.path = (folder / text).lexically_normal().string(),
                                       .where = where(value, name + "." + field)};
                         }));
    };
    read_fields(
        node, name,
        {path("cert_file", tls.cert_file),
         path("key_file", tls.key_file),
         path("client_ca_file", tls.client_ca_file),
         {"client_auth_type",
          [&](const YAML::Node& value) {
              tls.client_auth = choice(value, name + ".client_auth_type", client_auths);
          }},
         {"client_allowed_sans",
          [&](const YAML::Node& value) { tls.client_allowed_sans = value.as<std::vector<std::string>>(); }},
         {"min_version",
          [&](const YAML::Node& value) { tls.min_version = choice(value, name + ".min_version", versions); }},
         {"max_version",
          [&](const YAML::Node& value) { tls.max_version = choice(value, name + ".max_version", versions); }},
         {"cipher_suites",
          [&](const YAML::Node& value) {
              tls.cipher_list = joined(value, name + ".cipher_suites", ciphers);
          }},
         {"curve_preferences",
          [&](const YAML::Node& value) { tls.groups = joined(value, name + ".curve_preferences", curves); }},
         // Has no effect in the toolkit either, since Go 1.17.
         {"prefer_server_cipher_suites", [](const YAML::Node& value) { (void)value.as<bool>(); }}});
    check_tls(node, name, tls);
    return tls;
}

void read_http(const YAML::Node& node, WebConfig& config)
{
    const std::string name = "http_server_config";
    const auto read_header = [&](const YAML::Node& headers) {
        if (!headers.IsMap())
            throw BadField{line_of(headers), name + ".headers is no map"};
        for (const auto& entry : headers) {
            const auto key = entry.first.as<std::string>();
            if (entry.second.IsNull())
                throw BadField{line_of(entry.first), "header " + key + " has no value"};
            const auto value = entry.second.as<std::string>();
            if (std::ranges::find(known_headers, key, [](const char* one) { return std::string(one); }) ==
                known_headers.end())
                throw BadField{line_of(entry.first), "header " + key + " cannot be set"};
            if (std::ranges::any_of(value,
                                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
                throw BadField{line_of(entry.second), "header " + key + " has control characters"};
            if (!value.empty())
                config.headers[key] = value;
        }
    };
    read_fields(node, name,
                {{"http2",
                  [&](const YAML::Node& value) {
                      if (value.as<bool>())
                          config.notes.emplace_back(
                              "http_server_config.http2: HTTP/1.1 is what is spoken here");
                  }},
                 {"headers", read_header}});
}

void read_users(const YAML::Node& node, WebConfig& config)
{
    if (!node.IsMap())
        throw BadField{line_of(node), "basic_auth_users is no map"};
    if (node.size() == 0)
        throw BadField{line_of(node), "basic_auth_users names nobody, and everybody could come in"};
    for (const auto& entry : node) {
        const auto user = entry.first.as<std::string>();
        const auto hash = entry.second.as<std::string>();
        if (!is_bcrypt(hash))
            throw BadField{line_of(entry.second), "basic_auth_users." + user + " is no bcrypt hash"};
        if (bcrypt_cost(hash) > most_bcrypt_cost)
            throw BadField{line_of(entry.second),
                           "basic_auth_users." + user + " has the cost " + std::to_string(bcrypt_cost(hash)) +
                               ", and at most " + std::to_string(most_bcrypt_cost) +
                               " is taken: each guess takes a processor for the time that it says"};
        if (!config.users.emplace(user, hash).second)
            throw BadField{line_of(entry.first), "basic_auth_users." + user + " is there twice"};
    }
}

WebConfig parse(const YAML::Node& root, const std::string& file)
{
    WebConfig config;
    read_fields(root, "",
                {{"tls_server_config", [&](const YAML::Node& node) { config.tls = read_tls(node, file); }},
                 {"http_server_config", [&](const YAML::Node& node) { read_http(node, config); }},
                 {"basic_auth_users", [&](const YAML::Node& node) { read_users(node, config); }}});
    return config;
}

} // namespace

bpfxx::Result<WebConfig> read_web_config(const std::string& path)
{
    WebConfig config;
    const auto read = [&](const YAML::Node& root) { config = parse(root, path); };
    BPFXX_TRY(read_yaml(path, "use the web configuration",
                        "the format is that of Prometheus' exporter-toolkit", read));
    return config;
}

} // namespace xdpstat
