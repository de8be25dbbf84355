// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "frame.hpp"

namespace xdpstat::test {

/// A frame whose class is a matter of opinion.
struct Contested {
    std::size_t frame; ///< counted from 1
    std::string kind;
    std::string right; ///< the letters that are right, first choice first
};

/// What is expected of one capture, a letter for each of its frames: see letter_of(); `s` is a frame that is
/// too short to be run.
struct ExpectedCapture {
    std::string file;
    std::string letters;
    std::vector<Contested> contested;
};

/// Real captures of other people, which are no part of this repository: the folder that XDPSTAT_CAPTURES
/// names, else shared/captures beside the repository. Unpacked into a temporary folder while this object lives.
class Captures {
public:
    [[nodiscard]] static std::filesystem::path folder();

    [[nodiscard]] static std::expected<Captures, std::string> unpack(const std::filesystem::path& folder);

    ~Captures();
    Captures(Captures&& other) noexcept;
    Captures& operator=(Captures&&) = delete;

    [[nodiscard]] const std::vector<ExpectedCapture>& expected() const { return expected_; }

    /// Where a capture lies while this object lives.
    [[nodiscard]] std::filesystem::path path(const ExpectedCapture& capture) const
    {
        return unpacked_ / capture.file;
    }

    /// All frames of one capture, as far as they were captured.
    [[nodiscard]] std::expected<std::vector<Bytes>, std::string> frames(const ExpectedCapture& capture) const;

private:
    Captures() = default;

    std::filesystem::path unpacked_;
    std::vector<ExpectedCapture> expected_;
};

} // namespace xdpstat::test
