// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "view/history_json.hpp"

namespace xdpstat {

/// The last rows of an interface's history in little memory: of each row only the counters that are not as in the row
/// before, and of these the difference. A second without traffic takes about 10 bytes, and one in which every counter
/// grew 100 to 200; a plain row takes 384. Exact, whatever the counters do. Not thread-safe.
class RowLog {
public:
    /// @param most rows that are kept
    explicit RowLog(std::size_t most) : most_(most) {}

    void add(const HistoryRow& row);

    /// Those that are kept, oldest first.
    [[nodiscard]] std::vector<HistoryRow> rows() const;
    /// The time of the last one; 0 where there is none.
    [[nodiscard]] std::int64_t latest() const noexcept { return last_.time; }
    /// What is allocated for them.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    /// Rows that go together: the first of them is written against a row of zeros.
    struct Chunk {
        std::vector<std::uint8_t> bytes;
        std::size_t rows = 0;
    };

    std::size_t most_;
    std::size_t count_ = 0; ///< rows in all chunks
    std::deque<Chunk> chunks_;
    HistoryRow last_;
};

} // namespace xdpstat
