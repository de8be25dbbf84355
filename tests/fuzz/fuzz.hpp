// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace xdpstat::fuzz {

using Input = std::span<const std::uint8_t>;

/// Ends the run where something does not hold: libFuzzer then keeps the input.
inline void check(bool holds, std::string_view what)
{
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

[[nodiscard]] inline std::string_view text_of(Input input)
{
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// Each program defines it.
void run(Input input);

} // namespace xdpstat::fuzz

/// What libFuzzer calls.
extern "C" [[gnu::used]] inline int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    xdpstat::fuzz::run({data, size});
    return 0;
}
