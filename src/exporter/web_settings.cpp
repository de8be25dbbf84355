// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/web_settings.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <sys/stat.h>

namespace xdpstat {

namespace {

using std::chrono::steady_clock;

constexpr auto between_looks = std::chrono::seconds(1);

} // namespace

WebSettings::Stamp WebSettings::stamp_of(const std::string& path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        return {};
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .changed = status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec,
            .size = status.st_size};
}

std::vector<WebSettings::Stamp> WebSettings::stamps() const
{
    std::vector<Stamp> all;
    all.reserve(files_.size());
    for (const std::string& file : files_)
        all.push_back(stamp_of(file));
    return all;
}

bpfxx::Result<WebSettings> WebSettings::open(std::string path)
{
    WebSettings settings;
    settings.path_ = std::move(path);
    if (settings.path_.empty())
        return settings;
    BPFXX_TRY(settings.read());
    return settings;
}

bpfxx::Result<> WebSettings::read()
{
    files_ = {path_};
    stamps_ = stamps();
    auto config = read_web_config(path_);
    if (!config)
        return std::unexpected(std::move(config).error());
    auto state = std::make_shared<WebState>();
    if (const auto& wanted = config->tls) {
        for (const TlsFile* file : {&wanted->cert_file, &wanted->key_file, &wanted->client_ca_file})
            if (!file->path.empty())
                files_.push_back(file->path);
        // Before they are read: what changes meanwhile is seen by the next look.
        stamps_ = stamps();
        auto tls = TlsContext::open(*wanted);
        if (!tls)
            return std::unexpected(std::move(tls).error());
        state->tls = std::move(*tls);
        if (const std::string warning = state->tls->warning(); !warning.empty())
            config->notes.push_back(warning);
    }
    for (const std::string& note : config->notes)
        std::fprintf(stderr, "xdpstat: %s: %s\n", path_.c_str(), note.c_str());
    state->passwords = Passwords(std::move(config->users));
    state->fields.assign(config->headers.begin(), config->headers.end());
    state_ = std::move(state);
    return {};
}

void WebSettings::reload()
{
    if (path_.empty())
        return;
    if (const auto result = read(); !result)
        std::fprintf(stderr, "xdpstat: %s; going on with what was read before\n",
                     result.error().message().c_str());
}

std::shared_ptr<WebState> WebSettings::now()
{
    const auto now = steady_clock::now();
    if (!path_.empty() && now >= next_look_) {
        next_look_ = now + between_looks;
        if (stamps() != stamps_)
            reload();
    }
    return state_;
}

std::vector<std::string> WebSettings::folders() const
{
    std::vector<std::string> folders;
    folders.reserve(2 * files_.size());
    for (const std::string& file : files_) {
        // A certificate is often a link to where its renewals lie.
        std::error_code ignored;
        folders.push_back(std::filesystem::absolute(file).parent_path().string());
        folders.push_back(std::filesystem::canonical(file, ignored).parent_path().string());
    }
    return folders;
}

} // namespace xdpstat
