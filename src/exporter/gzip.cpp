// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/gzip.hpp"

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

} // namespace xdpstat
