// SPDX-License-Identifier: BSD-2-Clause
#include "captures.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pcap/pcap.h>

namespace xdpstat::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, char separator)
{
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
        parts.push_back(part);
    return parts;
}

/// `7:ver_bad:T-O,9:ihl_bad:U-O`, or a dot for none.
std::expected<std::vector<Contested>, std::string> parse_contested(const std::string& text)
{
    std::vector<Contested> contested;
    if (text == ".")
        return contested;
    for (const std::string& entry : split(text, ',')) {
        const auto parts = split(entry, ':');
        if (parts.size() != 3 || parts[0].empty() ||
            parts[0].find_first_not_of("0123456789") != std::string::npos)
            return std::unexpected("cannot read the contested frame '" + entry + "'");
        contested.push_back({std::stoul(parts[0]), parts[1], parts[2]});
    }
    return contested;
}

std::expected<std::vector<ExpectedCapture>, std::string> parse_expected(const fs::path& path)
{
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line))
        return std::unexpected("cannot read " + path.string());
    std::vector<ExpectedCapture> captures;
    while (std::getline(file, line)) {
        const auto columns = split(line, '\t');
        if (columns.size() != 4 || columns[1] != std::to_string(columns[2].size()))
            return std::unexpected(path.string() + ": cannot read the line '" + line + "'");
        auto contested = parse_contested(columns[3]);
        if (!contested)
            return std::unexpected(path.string() + ": " + contested.error());
        captures.push_back({columns[0], columns[2], std::move(*contested)});
    }
    return captures;
}

bool extract(const fs::path& archive, const fs::path& into)
{
    std::string tar = "tar", zstd = "--zstd", extract = "-xf", from = archive.string(), directory = "-C",
                to = into.string();
    std::array<char*, 7> arguments{tar.data(),       zstd.data(), extract.data(), from.data(),
                                   directory.data(), to.data(),   nullptr};
    pid_t child = 0;
    int status = 0;
    return posix_spawnp(&child, "tar", nullptr, nullptr, arguments.data(), environ) == 0 &&
           waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

fs::path Captures::folder()
{
    if (const char* chosen = std::getenv("XDPSTAT_CAPTURES"))
        return chosen;
    return fs::path(XDPSTAT_SOURCE_ROOT) / "../shared/captures";
}

std::expected<Captures, std::string> Captures::unpack(const fs::path& folder)
{
    Captures captures;
    auto expected = parse_expected(folder / "expected.tsv");
    if (!expected)
        return std::unexpected(expected.error());
    captures.expected_ = std::move(*expected);

    std::string name = (fs::temp_directory_path() / "xdpstat-captures-XXXXXX").string();
    if (!mkdtemp(name.data()))
        return std::unexpected("cannot make the folder " + name + ": " + std::strerror(errno));
    captures.unpacked_ = name;
    const auto archive = folder / "captures.tar.zst";
    if (!extract(archive, captures.unpacked_))
        return std::unexpected("cannot unpack " + archive.string() + " with tar and zstd");
    return captures;
}

Captures::Captures(Captures&& other) noexcept
    : unpacked_(std::exchange(other.unpacked_, {})), expected_(std::move(other.expected_))
{
}

Captures::~Captures()
{
    if (unpacked_.empty())
        return;
    std::error_code ignored; // a temporary folder that stays behind harms no result
    fs::remove_all(unpacked_, ignored);
}

std::expected<std::vector<Bytes>, std::string> Captures::frames(const ExpectedCapture& capture) const
{
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(
        pcap_open_offline(path(capture).c_str(), error.data()), pcap_close);
    if (!file)
        return std::unexpected(error.data());
    std::vector<Bytes> frames;
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    int result = 0;
    while ((result = pcap_next_ex(file.get(), &header, &data)) == 1)
        frames.emplace_back(data, data + header->caplen);
    // Some captures break off in the middle of a frame; what counts is that none that is expected is missing.
    if (frames.size() < capture.letters.size() ||
        (result == PCAP_ERROR_BREAK && frames.size() > capture.letters.size()))
        return std::unexpected(std::to_string(frames.size()) + " frames instead of " +
                               std::to_string(capture.letters.size()) + ": " + pcap_geterr(file.get()));
    return frames;
}

} // namespace xdpstat::test
