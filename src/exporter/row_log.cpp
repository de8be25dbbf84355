// SPDX-License-Identifier: BSD-2-Clause
#include "exporter/row_log.hpp"

#include <bit>

namespace xdpstat {

namespace {

constexpr std::size_t rows_of_a_chunk = 60;

/// Each row begins with the set of its counters that have changed; the highest bit tells of the breakdown.
constexpr unsigned breakdown_bit = 63;
static_assert(history_counters <= breakdown_bit);

/// Seven bits a byte, the lowest first; all bytes but the last have the highest bit (LEB128).
void put(std::vector<std::uint8_t>& to, std::uint64_t number)
{
    for (; number >= 0x80; number >>= 7U)
        to.push_back(static_cast<std::uint8_t>(number | 0x80U));
    to.push_back(static_cast<std::uint8_t>(number));
}

std::uint64_t get(const std::uint8_t*& at) noexcept
{
    std::uint64_t number = 0;
    unsigned shift = 0;
    for (; (*at & 0x80U) != 0; shift += 7)
        number |= std::uint64_t{*at++ & 0x7fU} << shift;
    return number | std::uint64_t{*at++} << shift;
}

/// A difference modulo 2^64, so that small ones of either sign are small numbers.
std::uint64_t folded(std::uint64_t from, std::uint64_t to) noexcept
{
    const std::uint64_t difference = to - from;
    return difference << 1U ^ (difference >> 63U != 0 ? ~std::uint64_t{0} : 0);
}

std::uint64_t unfolded(std::uint64_t from, std::uint64_t number) noexcept
{
    return from + (number >> 1U ^ ((number & 1U) != 0 ? ~std::uint64_t{0} : 0));
}

void put_row(std::vector<std::uint8_t>& to, const HistoryRow& before, const HistoryRow& row)
{
    std::uint64_t changed = row.has_breakdown ? std::uint64_t{1} << breakdown_bit : 0;
    for (std::size_t i = 0; i < history_counters; i++)
        if (row.counters[i] != before.counters[i])
            changed |= std::uint64_t{1} << i;
    put(to, std::rotl(changed, 1)); // the bit that is mostly set first: few bytes where little has changed
    put(to, folded(std::bit_cast<std::uint64_t>(before.time), std::bit_cast<std::uint64_t>(row.time)));
    for (std::size_t i = 0; i < history_counters; i++)
        if ((changed >> i & 1U) != 0)
            put(to, folded(before.counters[i], row.counters[i]));
}

/// Turns the row before into this one.
void get_row(const std::uint8_t*& at, HistoryRow& row) noexcept
{
    const std::uint64_t changed = std::rotr(get(at), 1);
    row.has_breakdown = changed >> breakdown_bit != 0;
    row.time = std::bit_cast<std::int64_t>(unfolded(std::bit_cast<std::uint64_t>(row.time), get(at)));
    for (std::size_t i = 0; i < history_counters; i++)
        if ((changed >> i & 1U) != 0)
            row.counters[i] = unfolded(row.counters[i], get(at));
}

} // namespace

void RowLog::add(const HistoryRow& row)
{
    if (chunks_.empty() || chunks_.back().rows == rows_of_a_chunk) {
        if (!chunks_.empty())
            chunks_.back().bytes.shrink_to_fit();
        chunks_.emplace_back();
        last_ = {};
    }
    put_row(chunks_.back().bytes, last_, row);
    chunks_.back().rows++;
    last_ = row;
    count_++;
    if (count_ - chunks_.front().rows >= most_) {
        count_ -= chunks_.front().rows;
        chunks_.pop_front();
    }
}

std::vector<HistoryRow> RowLog::rows() const
{
    std::vector<HistoryRow> rows;
    rows.reserve(count_);
    std::size_t too_many = count_ > most_ ? count_ - most_ : 0;
    for (const Chunk& chunk : chunks_) {
        const std::uint8_t* at = chunk.bytes.data();
        HistoryRow row;
        for (std::size_t i = 0; i < chunk.rows; i++) {
            get_row(at, row);
            if (too_many > 0)
                too_many--;
            else
                rows.push_back(row);
        }
    }
    return rows;
}

std::size_t RowLog::bytes() const noexcept
{
    std::size_t bytes = chunks_.size() * sizeof(Chunk);
    for (const Chunk& chunk : chunks_)
        bytes += chunk.bytes.capacity();
    return bytes;
}

} // namespace xdpstat
