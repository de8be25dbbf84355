// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct libdeflate_compressor;

namespace xdpstat {

/// Compresses, again and again with the same memory. Not thread-safe.
class Gzip {
public:
    /// The text in gzip's format (RFC 1952), at the fastest level; empty where there is no memory for it.
    [[nodiscard]] std::string compress(std::string_view text);

private:
    struct Free {
        void operator()(libdeflate_compressor* compressor) const noexcept;
    };
    std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

/// What was compressed so, whole. Empty where it was not, or there is no memory for it.
[[nodiscard]] std::string decompress_gzip(std::string_view compressed);

} // namespace xdpstat
