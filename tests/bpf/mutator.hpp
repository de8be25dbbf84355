// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "frame.hpp"

namespace xdpstat::test {

inline constexpr std::size_t shortest_frame = 14; ///< what BPF_PROG_TEST_RUN takes

/// Valid frames, damaged at random where it matters to a parser. The same seed gives the same frames.
class Mutator {
public:
    explicit Mutator(unsigned seed);

    [[nodiscard]] Bytes next();
    /// Any number below the limit.
    [[nodiscard]] std::size_t below(std::size_t limit)
    {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

private:
    void change(Bytes& frame);

    std::mt19937 random_;
    std::vector<Bytes> seeds_;
};

} // namespace xdpstat::test
