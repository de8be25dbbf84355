// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/gzip.hpp"

#include <cstdint>

#include <libdeflate.h>

namespace xdpstat {

namespace {

constexpr int fastest_level = 1;

} // namespace

void Gzip::Free::operator()(libdeflate_compressor* compressor) const noexcept
{
    libdeflate_free_compressor(compressor);
}

std::string Gzip::compress(std::string_view text)
{
    // Made when first wanted: it takes memory.
    if (!compressor_)
        compressor_.reset(libdeflate_alloc_compressor(fastest_level));
    if (!compressor_)
        return {};
    std::string compressed;
    compressed.resize_and_overwrite(
        libdeflate_gzip_compress_bound(compressor_.get(), text.size()), [&](char* to, std::size_t room) {
            return libdeflate_gzip_compress(compressor_.get(), text.data(), text.size(), to, room);
        });
    return compressed;
}

std::string decompress_gzip(std::string_view compressed)
{
    std::uint32_t size = 0; // of the text: the last word of the file, little endian (RFC 1952)
    if (compressed.size() < sizeof(size))
        return {};
    for (std::size_t i = 0; i < sizeof(size); i++)
        size = size << 8U | static_cast<std::uint8_t>(compressed[compressed.size() - 1 - i]);
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
        libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
    if (!decompressor)
        return {};
    std::string text(size, '\0');
    const auto result = libdeflate_gzip_decompress(decompressor.get(), compressed.data(), compressed.size(),
                                                   text.data(), text.size(), nullptr);
    // Without a place for the size, what is shorter or longer is an error.
    return result == LIBDEFLATE_SUCCESS ? text : std::string();
}

} // namespace xdpstat
