// SPDX-License-Identifier: BSD-2-Clause
#include "counter/loader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <unistd.h>

#include "bpfxx/cpus.hpp"
#include "bpfxx/object.hpp"
#include "counter/capabilities.hpp"

#include "xdp_counter.skel.h"

namespace xdpstat {

struct LoadedCounter::Object {
    bpfxx::Skeleton<xdp_counter_bpf> skeleton;
    bool breakdown;
};

LoadedCounter::LoadedCounter(std::unique_ptr<Object> object) noexcept : object_(std::move(object)) {}
LoadedCounter::LoadedCounter(LoadedCounter&&) noexcept = default;
LoadedCounter& LoadedCounter::operator=(LoadedCounter&&) noexcept = default;
LoadedCounter::~LoadedCounter() = default;

int LoadedCounter::program_fd() const noexcept
{
    return bpf_program__fd(object_->skeleton->progs.xdp_counter);
}

int LoadedCounter::stats_map_fd() const noexcept
{
    return bpf_map__fd(object_->skeleton->maps.stats_map);
}

int LoadedCounter::traffic_map_fd() const noexcept
{
    return object_->breakdown ? bpf_map__fd(object_->skeleton->maps.traffic_map) : -1;
}

xdp_counter_length LoadedCounter::length_source() const noexcept
{
    return static_cast<xdp_counter_length>(object_->skeleton->rodata->config.length);
}

namespace {

/// What the program's CO-RE relocations are resolved against.
constexpr const char* kernel_btf = "/sys/kernel/btf/vmlinux";

bpfxx::Result<> set_slots(struct bpf_map* map, std::uint32_t slots)
{
    if (const int error = bpf_map__set_max_entries(map, slots); error != 0)
        return std::unexpected(bpfxx::system_error("size", bpf_map__name(map), -error));
    return {};
}

bpfxx::Result<> use_map(struct bpf_map* map, int fd)
{
    if (const int error = fd < 0 ? 0 : bpf_map__reuse_fd(map, fd); error != 0)
        return std::unexpected(bpfxx::system_error("count into", bpf_map__name(map), -error));
    return {};
}

/// Every CPU that has a slot of its own in maps of so many entries writes that one alone, as the program before did.
std::uint32_t private_slots(std::uint32_t slots, std::uint32_t cpus)
{
    return slots >= cpus ? cpus : slots - 1;
}

bpfxx::Result<> tune(bpfxx::Skeleton<xdp_counter_bpf>& skeleton, const LoadOptions& options,
                     xdp_counter_length length)
{
    const bool percpu = options.layout == SlotLayout::percpu;
    const auto cpus = bpfxx::possible_cpus();
    if (!cpus)
        return std::unexpected(cpus.error());
    xdp_counter_config& config = skeleton->rodata->config;
    config.slots = percpu ? cpus->id_limit + (options.carries ? 1 : 0) : 1;
    config.breakdown = options.breakdown ? 1 : 0;
    config.length = length;

    if (options.stats_map >= 0) {
        BPFXX_TRY(use_map(skeleton->maps.stats_map, options.stats_map));
        BPFXX_TRY(use_map(skeleton->maps.traffic_map, options.traffic_map));
        config.slots = bpf_map__max_entries(skeleton->maps.stats_map);
    } else {
        BPFXX_TRY(set_slots(skeleton->maps.stats_map, config.slots));
        BPFXX_TRY(set_slots(skeleton->maps.traffic_map, config.slots));
    }
    config.private_slots = percpu ? private_slots(config.slots, cpus->id_limit) : 0;
    if (!options.breakdown)
        bpf_map__set_autocreate(skeleton->maps.traffic_map, false);

    if (length == XDP_COUNTER_LENGTH_KERNEL_CTX)
        return bpfxx::bind_kernel_function(skeleton->progs.xdp_counter, XDP_COUNTER_CAST_TO_KERNEL_CTX,
                                           "bpf_cast_to_kern_ctx");
    if (length == XDP_COUNTER_LENGTH_LINEAR)
        return bpfxx::clear_xdp_frags(skeleton->progs.xdp_counter);
    return {};
}

/// Whether another source of lengths may load where this one did not: not where memory or descriptors ran out.
bool may_lack_a_feature(const bpfxx::Error& error)
{
    constexpr std::array exhausted{ENOMEM, EMFILE, ENFILE, ENOSPC, EINTR, EAGAIN};
    return std::ranges::find(exhausted, error.error_number()) == exhausted.end();
}

} // namespace

bpfxx::Result<LoadedCounter> load_counter(SlotLayout layout, bool breakdown, xdp_counter_length length)
{
    return load_counter(LoadOptions{.layout = layout, .breakdown = breakdown}, length);
}

bpfxx::Result<LoadedCounter> load_counter(SlotLayout layout, bool breakdown)
{
    return load_counter(LoadOptions{.layout = layout, .breakdown = breakdown});
}

bpfxx::Result<LoadedCounter> load_counter(const LoadOptions& options, xdp_counter_length length)
{
    auto skeleton = bpfxx::Skeleton<xdp_counter_bpf>::open("the counter program");
    if (!skeleton)
        return std::unexpected(std::move(skeleton).error());
    BPFXX_TRY(tune(*skeleton, options, length));
    BPFXX_TRY(options.load_by ? options.load_by((*skeleton)->obj) : skeleton->load());
    return LoadedCounter(std::make_unique<LoadedCounter::Object>(
        LoadedCounter::Object{std::move(*skeleton), options.breakdown}));
}

bpfxx::Result<> check_capabilities()
{
    return refuse_without(missing_to_attach(capabilities()), "load", "the counter program");
}

bpfxx::Result<LoadedCounter> load_counter(const LoadOptions& options)
{
    BPFXX_TRY(check_capabilities());
    const Capabilities held = capabilities();
    if (::access(kernel_btf, R_OK) != 0)
        return std::unexpected(
            bpfxx::make_error(bpfxx::ErrorKind::unsupported, "load", "the counter program",
                              std::string("the kernel shows no BTF at ") + kernel_btf,
                              "mount /sys, or take a kernel with CONFIG_DEBUG_INFO_BTF=y"));
    if (held.perfmon) {
        auto counter = load_counter(options, XDP_COUNTER_LENGTH_KERNEL_CTX);
        if (counter || !may_lack_a_feature(counter.error()))
            return counter;
    }
    auto counter = load_counter(options, XDP_COUNTER_LENGTH_HELPER);
    if (counter || !may_lack_a_feature(counter.error()))
        return counter;
    // Before 5.18 there is neither the helper nor a multi-buffer frame that would need it.
    if (auto linear = load_counter(options, XDP_COUNTER_LENGTH_LINEAR))
        return linear;
    if (!held.perfmon)
        counter.error().set_hint(
            "on kernels before 5.18 the program also needs CAP_PERFMON; see xdpstat doctor");
    return counter;
}

} // namespace xdpstat
