// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/gzip.hpp"

#include <array>

#define ZLIB_CONST // its input is then const
#include <zlib.h>

namespace xdpstat {

namespace {

constexpr int window_bits = 15 + 16; // the largest, with gzip's header and trailer
constexpr int memory_level = 8;

} // namespace

struct Gzip::State {
    z_stream stream = {};
    bool ready;

    State()
        : ready(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits, memory_level,
                             Z_DEFAULT_STRATEGY) == Z_OK)
    {
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State()
    {
        if (ready)
            deflateEnd(&stream);
    }
};

Gzip::Gzip() = default;
Gzip::Gzip(Gzip&&) noexcept = default;
Gzip& Gzip::operator=(Gzip&&) noexcept = default;
Gzip::~Gzip() = default;

std::string Gzip::compress(std::string_view text)
{
    // Made when first wanted: it takes a quarter of a megabyte.
    if (!state_)
        state_ = std::make_unique<State>();
    if (!state_->ready || deflateReset(&state_->stream) != Z_OK)
        return {};
    z_stream& stream = state_->stream;
    std::string compressed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<const Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        return {};
    compressed.resize(stream.total_out);
    return compressed;
}

std::string decompress_gzip(std::string_view compressed)
{
    z_stream stream = {};
    stream.next_in = reinterpret_cast<const Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    if (inflateInit2(&stream, window_bits) != Z_OK)
        return {};
    std::string text;
    std::array<char, 16384> part{};
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = static_cast<uInt>(part.size());
        result = inflate(&stream, Z_NO_FLUSH);
        text.append(part.data(), part.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    return result == Z_STREAM_END ? text : std::string();
}

} // namespace xdpstat
