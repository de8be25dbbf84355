// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// Where bytes come from: fills as much of the space as it can at once, and returns how much; 0 at the end.
using ByteSource = std::move_only_function<bpfxx::Result<std::size_t>(std::span<std::uint8_t> space)>;

/// A source read so that a caller sees as many bytes at once as it needs. Move-only; not thread-safe.
class ByteStream {
public:
    explicit ByteStream(ByteSource source);

    /// The next so many bytes, or what there is before the end. They stay in place until the next call.
    /// Errors: those of the source.
    [[nodiscard]] bpfxx::Result<std::span<const std::uint8_t>> peek(std::size_t count);
    /// Goes on behind bytes that peek() has shown.
    void consume(std::size_t count) noexcept { begin_ += count; }
    /// Goes on behind bytes that nobody needs; false where the source ends before. Errors: those of the source.
    [[nodiscard]] bpfxx::Result<bool> skip(std::uint64_t count);

private:
    ByteSource source_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0; ///< of what was read and not consumed
    std::size_t end_ = 0;
    bool at_end_ = false;
};

} // namespace xdpstat
