// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <memory>
#include <string>

#include "bpfxx/error.hpp"

namespace xdpstat {

/// Which interfaces are meant, by their names. A plain value, cheap to copy; thread-safe.
class InterfaceFilter {
public:
    /// Every interface.
    InterfaceFilter() = default;
    /// Regular expressions (ECMAScript) that have to match a whole name, as those of Prometheus' exporters do.
    /// Errors: invalid, saying which of them is none and why.
    /// @param include empty: all @param exclude of those; empty: none
    [[nodiscard]] static bpfxx::Result<InterfaceFilter> make(const std::string& include,
                                                             const std::string& exclude);

    [[nodiscard]] bool matches(const std::string& interface) const;

private:
    struct Patterns;
    std::shared_ptr<const Patterns> patterns_;
};

} // namespace xdpstat
