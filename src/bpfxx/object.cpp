// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/object.hpp"
#include "bpfxx/version.hpp"

#include <cerrno>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace bpfxx {

void make_xdp_frags_optional()
{
    static const int handler = [] {
        LIBBPF_OPTS(libbpf_prog_handler_opts, options);
        options.prog_setup_fn = [](struct bpf_program* program, long) {
            return bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
        };
        return libbpf_register_prog_handler("xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP, &options);
    }();
    (void)handler; // registered for as long as the process lives
}

Result<> clear_xdp_frags(struct bpf_program* program)
{
    const __u32 flags = bpf_program__flags(program) & ~__u32{BPF_F_XDP_HAS_FRAGS};
    if (const int error = bpf_program__set_flags(program, flags); error != 0)
        return std::unexpected(system_error("clear the frags flag of", bpf_program__name(program), -error));
    return {};
}

Result<> bind_kernel_function(struct bpf_program* program, std::int32_t placeholder, const char* function)
{
    const auto unsupported = [&](const char* cause) {
        return std::unexpected(make_error(ErrorKind::unsupported, "use kernel function", function, cause));
    };
    const LogCapture quiet;
    const std::unique_ptr<struct btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), &btf__free);
    if (!kernel)
        return unsupported("the kernel has no BTF");
    const int id = btf__find_by_name_kind(kernel.get(), function, BTF_KIND_FUNC);
    if (id < 0)
        return unsupported("this kernel does not have it");

    const struct bpf_insn* begin = bpf_program__insns(program);
    std::vector<struct bpf_insn> instructions(begin, begin + bpf_program__insn_cnt(program));
    for (struct bpf_insn& instruction : instructions) {
        if (instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg == 0 &&
            instruction.imm == placeholder) {
            instruction.src_reg = BPF_PSEUDO_KFUNC_CALL;
            instruction.imm = id;
        }
    }
    if (const int error = bpf_program__set_insns(program, instructions.data(), instructions.size());
        error != 0)
        return std::unexpected(system_error("use kernel function", function, -error));
    return {};
}

std::string libbpf_version()
{
    return std::to_string(libbpf_major_version()) + "." + std::to_string(libbpf_minor_version());
}

namespace detail {

Error load_error(const std::string& name, int error_number, const std::string& log)
{
    Error error = system_error("load", name, error_number);
    if (error.kind() == ErrorKind::permission)
        error.set_hint("run as root, or with CAP_BPF and CAP_NET_ADMIN");
    error.set_detail(log);
    return error;
}

} // namespace detail

} // namespace bpfxx
