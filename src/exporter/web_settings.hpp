// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "exporter/password.hpp"
#include "exporter/tls.hpp"
#include "exporter/web_config.hpp"

namespace xdpstat {

/// What --web.config.file asks for, read: how connections are encrypted and who may come in.
struct WebState {
    std::shared_ptr<const TlsContext> tls; ///< none: plain
    Passwords passwords{{}};
    std::vector<std::pair<std::string, std::string>>
        fields; ///< with every answer, in place of ours of the same name
};

/// That file and those that it names, read again when one of them changes, so that certificates can be renewed. What is
/// wrong later on is told once, and the former state goes on. Not thread-safe.
class WebSettings {
public:
    /// @param path empty: plain and open to all
    /// Errors: those of read_web_config() and TlsContext::open().
    [[nodiscard]] static bpfxx::Result<WebSettings> open(std::string path);

    /// The state now; looks at the files at most once a second.
    [[nodiscard]] std::shared_ptr<WebState> now();
    /// Reads all again, whatever the files' times say.
    void reload();

    [[nodiscard]] bool is_encrypted() const noexcept { return state_->tls != nullptr; }
    /// The folders of all files, which have to stay readable.
    [[nodiscard]] std::vector<std::string> folders() const;

private:
    /// What tells a file from the one that takes its place.
    struct Stamp {
        dev_t device = 0;
        ino_t inode = 0;
        std::int64_t changed = 0; ///< nanoseconds
        off_t size = 0;
        bool operator==(const Stamp&) const = default;
    };
    [[nodiscard]] static Stamp stamp_of(const std::string& path);
    [[nodiscard]] bpfxx::Result<> read();
    [[nodiscard]] std::vector<Stamp> stamps() const;

    std::string path_;
    std::vector<std::string> files_; ///< path_ and those that it names
    std::vector<Stamp> stamps_;      ///< of files_
    std::shared_ptr<WebState> state_ = std::make_shared<WebState>();
    std::chrono::steady_clock::time_point next_look_;
};

} // namespace xdpstat
