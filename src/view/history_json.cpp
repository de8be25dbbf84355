// SPDX-License-Identifier: BSD-2-Clause
#include "view/history_json.hpp"

#include <charconv>
#include <vector>

#include "view/json_fields.hpp"

namespace xdpstat {

namespace {

using Rows = std::vector<const HistoryRow*>;

/// Where a row's counters by size, transport and version of IP begin.
constexpr std::size_t sizes_at = headline_counters.size();
constexpr std::size_t transports_at = sizes_at + 2 * TRAFFIC_SIZE_COUNT;
constexpr std::size_t versions_at = transports_at + 2 * TRAFFIC_TRANSPORT_COUNT;
static_assert(versions_at + 2 * ip_versions == history_counters);

Rows chosen_rows(const HistoryOf& history, const HistoryQuery& query)
{
    Rows rows;
    std::int64_t last_step = -1;
    for (const HistoryRow& row : history.rows) {
        if (row.time < query.since)
            continue;
        const std::int64_t this_step = row.time / (query.step * 1000);
        if (this_step == last_step)
            rows.back() = &row;
        else
            rows.push_back(&row);
        last_step = this_step;
    }
    return rows;
}

/// A JSON document as text: a tree of so many numbers would cost more than the numbers.
class HistoryText {
public:
    explicit HistoryText(std::string& text) : text_(text) {}

    template <class NumberOf>
    void column(std::string_view name, const Rows& rows, NumberOf number_of)
    {
        key(name);
        text_ += '[';
        for (const HistoryRow* row : rows) {
            std::array<char, 24> digits{};
            const auto [end, error] =
                std::to_chars(digits.data(), digits.data() + digits.size(), number_of(*row));
            text_.append(digits.data(), end);
            text_ += ',';
        }
        close(']');
    }

    /// Two columns for each name, where the rows have a breakdown.
    template <class NameOf>
    void cells(std::string_view name, const Rows& rows, std::size_t first, std::size_t count, NameOf name_of)
    {
        open(name);
        for (std::size_t i = 0; i < count; i++) {
            const std::size_t at = first + 2 * i;
            open(name_of(i));
            column("packets", rows, [at](const HistoryRow& row) { return row.counters[at]; });
            column("bytes", rows, [at](const HistoryRow& row) { return row.counters[at + 1]; });
            close('}');
        }
        close('}');
    }

    void key(std::string_view name)
    {
        text_ += '"';
        text_ += name; // of names.hpp: nothing to escape
        text_ += "\":";
    }
    void open(std::string_view name)
    {
        key(name);
        text_ += '{';
    }
    /// Ends a list in the place of its last comma, and separates it from what follows.
    void close(char bracket)
    {
        if (text_.ends_with(','))
            text_.pop_back();
        text_ += bracket;
        text_ += ',';
    }

private:
    std::string& text_;
};

template <class Enum>
std::string_view key_of(std::size_t i)
{
    return name_of(static_cast<Enum>(i)).key;
}

bool is_total(const HeadlineCounter& counter)
{
    return counter.field == &pkt_stats::total_packets || counter.field == &pkt_stats::total_bytes;
}

void write_interface(std::string& text, const HistoryOf& history, const Rows& rows, HistoryCounters counters)
{
    text += "{\"interface\":";
    text += harmless(Json(history.interface).dump(-1, ' ', false, Json::error_handler_t::replace));
    text += ',';
    HistoryText out(text);
    out.column("time", rows, [](const HistoryRow& row) { return row.time; });
    out.open("stats");
    for (std::size_t i = 0; i < headline_counters.size(); i++)
        if (counters == HistoryCounters::all || is_total(headline_counters[i]))
            out.column(headline_counters[i].key, rows,
                       [i](const HistoryRow& row) { return row.counters[i]; });
    out.close('}');
    // A counter attached anew may have gained or lost the breakdown: without it for a row, there is none.
    bool has_breakdown = !rows.empty() && counters == HistoryCounters::all;
    for (const HistoryRow* row : rows)
        has_breakdown = has_breakdown && row->has_breakdown;
    if (has_breakdown) {
        out.open("traffic");
        out.cells("by_size", rows, sizes_at, TRAFFIC_SIZE_COUNT, key_of<traffic_size>);
        out.cells("by_transport", rows, transports_at, TRAFFIC_TRANSPORT_COUNT, key_of<traffic_transport>);
        out.cells("by_ip_version", rows, versions_at, ip_versions,
                  [](std::size_t i) { return to_string(static_cast<IpVersion>(i)); });
        out.close('}');
    }
    out.close('}');
}

template <std::size_t N>
std::uint64_t* put(std::uint64_t* to, const std::array<Cell, N>& cells)
{
    for (const Cell& cell : cells) {
        *to++ = cell.packets;
        *to++ = cell.bytes;
    }
    return to;
}

} // namespace

HistoryRow history_row(const Snapshot& snapshot) noexcept
{
    using std::chrono::milliseconds;
    HistoryRow row;
    row.time = std::chrono::floor<milliseconds>(snapshot.wall_clock.time_since_epoch()).count();
    row.has_breakdown = snapshot.has_breakdown;
    for (std::size_t i = 0; i < headline_counters.size(); i++)
        row.counters[i] = snapshot.stats.*headline_counters[i].field;
    if (snapshot.has_breakdown) {
        std::uint64_t* to = row.counters.data() + sizes_at;
        to = put(to, by_size(snapshot.traffic));
        to = put(to, by_transport(snapshot.traffic));
        put(to, by_ip_version(snapshot.traffic));
    }
    return row;
}

std::string history_json(std::span<const HistoryOf> interfaces, const HistoryQuery& query)
{
    std::string text = R"({"schema":")" + std::string(history_schema) + R"(","step":)" +
                       std::to_string(query.step) + R"(,"interfaces":[)";
    for (const HistoryOf& history : interfaces)
        write_interface(text, history, chosen_rows(history, query), query.counters);
    if (text.ends_with(','))
        text.pop_back();
    return text += "]}\n";
}

} // namespace xdpstat
