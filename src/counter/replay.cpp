// SPDX-License-Identifier: BSD-2-Clause
#include "counter/replay.hpp"

namespace xdpstat {

bpfxx::Result<Replay> Replay::in_kernel()
{
    auto program = TestRun::load();
    if (!program)
        return std::unexpected(std::move(program).error());
    return Replay(std::move(*program));
}

bpfxx::Result<traffic_place> Replay::count(const CapturedFrame& frame)
{
    traffic_place place = traffic_place_of(frame.bytes.data(), frame.bytes.size(), frame.length);
    if (program_ && !program_->takes(frame.bytes.size())) {
        counts_.aside++;
    } else if (program_) {
        const auto counted = program_->count(frame.bytes);
        if (!counted)
            return counted;
        // The program saw a shorter frame where this one was cut: then its size is not the frame's.
        const traffic_size size = frame.is_cut() ? place.size : counted->size;
        place = {counted->network, counted->transport, size};
    }
    counts_.cut += frame.is_cut() ? 1 : 0;
    Cell& cell = counts_.traffic.cell[place.network][place.transport][place.size];
    cell.packets++;
    cell.bytes += frame.length;
    return place;
}

} // namespace xdpstat
