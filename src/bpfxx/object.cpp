// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/object.hpp"
#include "bpfxx/version.hpp"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace bpfxx {

namespace {

constexpr std::size_t longest_log = 16 * 1024;

// libbpf hands its printing function no context.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
thread_local LogCapture* current_capture = nullptr;

} // namespace

void append_to_log(const char* line)
{
    if (current_capture == nullptr)
        return;
    std::string& text = current_capture->text_;
    text += line;
    if (text.size() > longest_log)
        text.erase(0, text.size() - longest_log);
}

namespace {

int log_line(enum libbpf_print_level level, const char* format, va_list arguments)
{
    if (level == LIBBPF_DEBUG)
        return 0;
    std::array<char, 4096> line{};
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    append_to_log(line.data());
    return length;
}

} // namespace

LogCapture::LogCapture() : outer_(current_capture)
{
    current_capture = this;
    libbpf_set_print(log_line);
}

LogCapture::~LogCapture()
{
    current_capture = outer_;
}

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
    if (error.kind == ErrorKind::permission)
        error.hint = "run as root, or with CAP_BPF and CAP_NET_ADMIN";
    error.detail = log;
    return error;
}

} // namespace detail

} // namespace bpfxx
