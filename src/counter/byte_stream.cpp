// SPDX-License-Identifier: BSD-2-Clause
#include "counter/byte_stream.hpp"

#include <algorithm>
#include <utility>

namespace xdpstat {

namespace {

/// Bytes that are asked for at once: as many as a pipe holds.
constexpr std::size_t chunk = 65536;

} // namespace

ByteStream::ByteStream(ByteSource source) : source_(std::move(source)), buffer_(chunk) {}

bpfxx::Result<std::span<const std::uint8_t>> ByteStream::peek(std::size_t count)
{
    if (end_ - begin_ < count && !at_end_) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
        buffer_.resize(std::max(buffer_.size(), count));
    }
    while (end_ - begin_ < count && !at_end_) {
        const auto got = source_(std::span(buffer_).subspan(end_));
        if (!got)
            return std::unexpected(got.error());
        end_ += *got;
        at_end_ = *got == 0;
    }
    return std::span(buffer_).subspan(begin_, std::min(count, end_ - begin_));
}

bpfxx::Result<bool> ByteStream::skip(std::uint64_t count)
{
    while (count > 0) {
        const auto bytes = peek(static_cast<std::size_t>(std::min<std::uint64_t>(count, chunk)));
        if (!bytes)
            return std::unexpected(bytes.error());
        if (bytes->empty())
            return false;
        consume(bytes->size());
        count -= bytes->size();
    }
    return true;
}

} // namespace xdpstat
