// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string_view>

namespace xdpstat {

/// A file of the page, compiled into the program. Static: all views live as long as the process.
struct EmbeddedFile {
    std::string_view path; ///< of the request: "/" for index.html, else "/assets/app-1a2b3c.js"
    std::string_view content_type;
    std::string_view bytes; ///< empty where it is held compressed
    std::string_view gzip;  ///< as gzip; empty where that would be no shorter
    std::string_view etag;  ///< with its quotation marks
};

/// All files of the page, by path; empty where it was built without one.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files() noexcept;

} // namespace xdpstat
