// SPDX-License-Identifier: BSD-2-Clause
#include "counter.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpfxx/object.hpp"

#include "machine.hpp"
#include "xdp_counter.skel.h"

namespace xdpstat::test {
namespace {

std::string& loader_log()
{
    static std::string log;
    return log;
}

int keep_in_log(enum libbpf_print_level level, const char* format, va_list arguments)
{
    char line[8192];
    if (level != LIBBPF_DEBUG && std::vsnprintf(line, sizeof(line), format, arguments) > 0)
        loader_log() += line;
    return 0;
}

int nothing_to_prepare(xdp_counter_bpf&)
{
    return 0;
}

int refuse_fragments(xdp_counter_bpf& skeleton)
{
    return bpfxx::clear_xdp_frags(skeleton.progs.xdp_counter) ? 0 : -EINVAL;
}

/// A map's slots, mapped read-only.
template <class Slot>
class Mapping {
public:
    ~Mapping()
    {
        if (address_)
            munmap(address_, size_);
    }
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    [[nodiscard]] bool map(int fd, std::uint32_t slots)
    {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        size_ = (sizeof(Slot) * slots + page - 1) / page * page;
        void* address = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
        if (address == MAP_FAILED)
            return false;
        address_ = address;
        before_.resize(slots);
        return true;
    }

    [[nodiscard]] const Slot& now(std::uint32_t slot) const
    {
        return static_cast<const Slot*>(address_)[slot];
    }

    /// Calls back with number, former and present contents of each slot that changed since the last call.
    template <class Callback>
    void changes(Callback callback)
    {
        for (std::uint32_t slot = 0; slot < before_.size(); ++slot) {
            if (!std::memcmp(&before_[slot], &now(slot), sizeof(Slot)))
                continue;
            callback(slot, std::as_const(before_[slot]), now(slot));
            before_[slot] = now(slot);
        }
    }

private:
    void* address_ = nullptr;
    std::size_t size_ = 0;
    std::vector<Slot> before_;
};

void add_difference(pkt_stats& sum, const pkt_stats& before, const pkt_stats& now)
{
    sum.total_packets += now.total_packets - before.total_packets;
    sum.total_bytes += now.total_bytes - before.total_bytes;
    sum.icmp_packets += now.icmp_packets - before.icmp_packets;
    sum.tcp_packets += now.tcp_packets - before.tcp_packets;
    sum.udp_packets += now.udp_packets - before.udp_packets;
    sum.other_packets += now.other_packets - before.other_packets;
    sum.ipv4_packets += now.ipv4_packets - before.ipv4_packets;
    sum.ipv6_packets += now.ipv6_packets - before.ipv6_packets;
}

void add_cells(std::vector<Outcome::Cell>& cells, const traffic_stats& before, const traffic_stats& now)
{
    for (unsigned network = 0; network < TRAFFIC_NETWORK_COUNT; ++network) {
        for (unsigned transport = 0; transport < TRAFFIC_TRANSPORT_COUNT; ++transport) {
            for (unsigned size = 0; size < TRAFFIC_SIZE_COUNT; ++size) {
                const traffic_cell& old_cell = before.cell[network][transport][size];
                const traffic_cell& new_cell = now.cell[network][transport][size];
                if (!std::memcmp(&old_cell, &new_cell, sizeof(traffic_cell)))
                    continue;
                cells.push_back({{static_cast<traffic_network>(network),
                                  static_cast<traffic_transport>(transport), static_cast<traffic_size>(size)},
                                 new_cell.packets - old_cell.packets,
                                 new_cell.bytes - old_cell.bytes});
            }
        }
    }
}

/// Runs a program over a frame; `output`, where not null, receives the frame afterwards.
int test_run(int program, std::span<const std::uint8_t> frame, const RunOptions& options, Bytes* output,
             std::uint32_t* code)
{
    xdp_md context{};
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.data_in = frame.data();
    run.data_size_in = static_cast<__u32>(frame.size());
    run.repeat = static_cast<int>(options.repeat);
    if (options.linear) {
        context.data_end = static_cast<__u32>(*options.linear);
        run.ctx_in = &context;
        run.ctx_size_in = sizeof(context);
    }
    if (output) {
        output->resize(frame.size());
        run.data_out = output->data();
        run.data_size_out = static_cast<__u32>(output->size());
    }
    const int error = bpf_prog_test_run_opts(program, &run);
    if (output)
        output->resize(run.data_size_out);
    if (code)
        *code = run.retval;
    return -error;
}

constexpr const char* cast_to_kernel_ctx = "bpf_cast_to_kern_ctx";

bool kernel_has_function(const char* name)
{
    const std::unique_ptr<struct btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), &btf__free);
    return kernel && btf__find_by_name_kind(kernel.get(), name, BTF_KIND_FUNC) > 0;
}

/// The one thing that only a loader of ours does to the object, so it is done as the loader does it.
int bind_cast_to_kernel_ctx(xdp_counter_bpf& skeleton)
{
    const auto bound = bpfxx::bind_kernel_function(skeleton.progs.xdp_counter, XDP_COUNTER_CAST_TO_KERNEL_CTX,
                                                   cast_to_kernel_ctx);
    return bound ? 0 : -EOPNOTSUPP;
}

} // namespace

std::vector<LengthSource> length_sources()
{
    return {
        {"Helper", XDP_COUNTER_LENGTH_HELPER, true, nothing_to_prepare},
        {"KernelCtx", XDP_COUNTER_LENGTH_KERNEL_CTX, true, bind_cast_to_kernel_ctx},
        {"Linear", XDP_COUNTER_LENGTH_LINEAR, false, refuse_fragments},
    };
}

std::vector<LengthSource> multi_buffer_length_sources()
{
    auto sources = length_sources();
    std::erase_if(sources, [](const LengthSource& source) { return !source.multi_buffer; });
    return sources;
}

std::optional<std::string> unsupported(const LengthSource& source)
{
    if (source.multi_buffer &&
        libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len, nullptr) != 1)
        return "this kernel has no multi-buffer XDP (5.18 or newer has it)";
    if (source.length == XDP_COUNTER_LENGTH_KERNEL_CTX && !kernel_has_function(cast_to_kernel_ctx))
        return "this kernel has no bpf_cast_to_kern_ctx() (6.2 or newer has it)";
    return {};
}

Layout per_cpu_layout()
{
    const auto cpus = possible_cpus();
    return {"PerCpu", cpus, cpus};
}

Layout shared_layout()
{
    return {"Shared", 1, 0};
}

struct Counter::State {
    explicit State(const Layout& chosen) : layout(chosen) {}
    ~State() { xdp_counter_bpf__destroy(skeleton); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Layout layout;
    xdp_counter_bpf* skeleton = nullptr;
    Mapping<pkt_stats> stats;
    Mapping<traffic_stats> traffic;
};

Counter::Counter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Counter::~Counter() = default;
Counter::Counter(Counter&&) noexcept = default;
Counter& Counter::operator=(Counter&&) noexcept = default;

std::expected<Counter, std::string> Counter::load(const LoadOptions& options)
{
    bpfxx::make_xdp_frags_optional();
    libbpf_set_print(keep_in_log);
    loader_log().clear();
    const auto failed = [&](const char* operation, int error) {
        return std::unexpected(std::string(operation) + " of xdp_counter (" + options.length.name + ", " +
                               options.layout.name + "): " + std::strerror(error) + '\n' + loader_log());
    };

    auto state = std::make_unique<State>(options.layout);
    xdp_counter_bpf* skeleton = state->skeleton = xdp_counter_bpf__open();
    if (!skeleton)
        return failed("open", errno);
    skeleton->rodata->config.slots = options.layout.slots;
    skeleton->rodata->config.private_slots = options.layout.private_slots;
    skeleton->rodata->config.breakdown = options.breakdown;
    skeleton->rodata->config.length = options.length.length;
    for (bpf_map* map : {skeleton->maps.stats_map, skeleton->maps.traffic_map}) {
        if (const int error = bpf_map__set_max_entries(map, options.layout.slots))
            return failed("set_max_entries", -error);
    }
    if (const int error = options.length.prepare(*skeleton))
        return failed("preparation", -error);
    if (const int error = xdp_counter_bpf__load(skeleton))
        return failed("load", -error);

    Counter counter(std::move(state));
    if (!counter.state_->stats.map(counter.stats_fd(), options.layout.slots) ||
        !counter.state_->traffic.map(counter.traffic_fd(), options.layout.slots))
        return failed("mmap of the maps", errno);
    return counter;
}

Outcome Counter::run(std::span<const std::uint8_t> frame, const RunOptions& options)
{
    Bytes packet;
    std::uint32_t code = 0;
    const int error =
        test_run(bpf_program__fd(state_->skeleton->progs.xdp_counter), frame, options, &packet, &code);
    Outcome outcome = settle();
    outcome.error = error;
    outcome.code = code;
    outcome.packet = std::move(packet);
    return outcome;
}

int Counter::drive(std::span<const std::uint8_t> frame, const RunOptions& options) const
{
    return test_run(bpf_program__fd(state_->skeleton->progs.xdp_counter), frame, options, nullptr, nullptr);
}

Outcome Counter::settle()
{
    Outcome outcome;
    state_->stats.changes([&](std::uint32_t slot, const pkt_stats& before, const pkt_stats& now) {
        outcome.stats_slots.push_back(slot);
        add_difference(outcome.stats, before, now);
    });
    state_->traffic.changes([&](std::uint32_t slot, const traffic_stats& before, const traffic_stats& now) {
        outcome.traffic_slots.push_back(slot);
        add_cells(outcome.cells, before, now);
    });
    return outcome;
}

const Layout& Counter::layout() const
{
    return state_->layout;
}

int Counter::stats_fd() const
{
    return bpf_map__fd(state_->skeleton->maps.stats_map);
}

int Counter::traffic_fd() const
{
    return bpf_map__fd(state_->skeleton->maps.traffic_map);
}

const pkt_stats& Counter::stats(std::uint32_t slot) const
{
    return state_->stats.now(slot);
}

const traffic_stats& Counter::traffic(std::uint32_t slot) const
{
    return state_->traffic.now(slot);
}

} // namespace xdpstat::test
