// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "view/metrics_writer.hpp"

// What a client would rather have (RFC 9110, 12.5). All pure.
namespace xdpstat {

/// The format of metrics that an Accept header prefers; text where it says nothing of either.
[[nodiscard]] MetricsFormat choose_format(std::string_view accept) noexcept;

/// Whether an Accept-Encoding header takes gzip.
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding) noexcept;

/// Whether an If-None-Match header names this entity tag, which is given with its quotation marks.
[[nodiscard]] bool matches_tag(std::string_view if_none_match, std::string_view tag) noexcept;

} // namespace xdpstat
