// SPDX-License-Identifier: BSD-2-Clause
#include "bench/programs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpfxx/object.hpp"

#include "baseline.skel.h"

namespace xdpstat::bench {

struct Baseline::Object {
    bpfxx::Skeleton<baseline_bpf> skeleton;
};

Baseline::Baseline(std::unique_ptr<Object> object) noexcept : object_(std::move(object)) {}
Baseline::Baseline(Baseline&&) noexcept = default;
Baseline& Baseline::operator=(Baseline&&) noexcept = default;
Baseline::~Baseline() = default;

bpfxx::Result<Baseline> Baseline::load()
{
    auto skeleton = bpfxx::Skeleton<baseline_bpf>::open("the programs to compare with");
    if (!skeleton)
        return std::unexpected(std::move(skeleton).error());
    BPFXX_TRY(skeleton->load());
    return Baseline(std::make_unique<Object>(Object{std::move(*skeleton)}));
}

int Baseline::empty() const noexcept
{
    return bpf_program__fd(object_->skeleton->progs.empty);
}

int Baseline::shared_array() const noexcept
{
    return bpf_program__fd(object_->skeleton->progs.shared_array);
}

int Baseline::generator_to(std::uint32_t ifindex) const noexcept
{
    object_->skeleton->bss->target = ifindex;
    return bpf_program__fd(object_->skeleton->progs.generate);
}

bpfxx::Result<> send_frames(int generator_fd, std::span<const std::uint8_t> frame, std::uint32_t count)
{
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.data_in = frame.data();
    run.data_size_in = static_cast<__u32>(frame.size());
    run.repeat = static_cast<int>(count);
    run.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    if (const int error = bpf_prog_test_run_opts(generator_fd, &run); error != 0)
        return std::unexpected(bpfxx::system_error("send", "test frames", -error));
    return {};
}

bpfxx::Result<double> time_program(int program_fd, std::span<const std::uint8_t> frame, std::uint32_t repeat)
{
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.data_in = frame.data();
    run.data_size_in = static_cast<__u32>(frame.size());
    run.repeat = static_cast<int>(repeat);
    if (const int error = bpf_prog_test_run_opts(program_fd, &run); error != 0)
        return std::unexpected(bpfxx::system_error("run", "a program over a test frame", -error));
    return run.duration;
}

std::string to_string(xdp_counter_length length)
{
    switch (length) {
    case XDP_COUNTER_LENGTH_HELPER:
        return "helper";
    case XDP_COUNTER_LENGTH_KERNEL_CTX:
        return "kernel_ctx";
    case XDP_COUNTER_LENGTH_LINEAR:
        return "linear";
    }
    return "unknown";
}

} // namespace xdpstat::bench
