// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bpfxx/error.hpp"

struct bpf_object;
struct bpf_program;

namespace bpfxx {

/// A BPF object by its skeleton, as `bpftool gen skeleton` writes it: open, tune its .rodata and maps, load.
/// Owns the skeleton and all that it opened; what is pinned or attached stays. Not thread-safe.
/// @tparam T the skeleton's structure, whose members open(), load() and destroy() the generated header gives
template <class T>
class Skeleton {
public:
    /// Parses the embedded object; the kernel is not asked yet. Errors: system.
    [[nodiscard]] static Result<Skeleton> open(const std::string& name);

    /// Creates the maps and loads the programs. Errors: permission, unsupported, system; `detail` holds the last
    /// lines of what libbpf and the verifier said.
    [[nodiscard]] Result<> load();

    /// The skeleton's structure: its maps, progs, rodata, bss. Borrowed.
    [[nodiscard]] T* operator->() const noexcept { return skeleton_.get(); }

private:
    struct Destroy {
        void operator()(T* skeleton) const noexcept { T::destroy(skeleton); }
    };
    Skeleton(T* skeleton, std::string name) : skeleton_(skeleton), name_(std::move(name)) {}

    std::unique_ptr<T, Destroy> skeleton_;
    std::string name_;
};

/// Puts a kernel function (kfunc) in place of every call whose number is `placeholder`, between open and load.
/// Errors: unsupported where the running kernel has no such function or no BTF. @param program borrowed
/// @param placeholder the number of the helper function that the program's source calls @param function of the kernel
[[nodiscard]] Result<> bind_kernel_function(struct bpf_program* program, std::int32_t placeholder,
                                            const char* function);

/// Makes libbpf keep the flag of SEC("xdp.frags") among a program's flags, where it can be cleared again, instead of
/// adding it unasked at load. For the whole process, objects opened later; Skeleton::open() calls it. Thread-safe.
void make_xdp_frags_optional();

/// Loads a program of SEC("xdp.frags") as one that meets no multi-buffer frames: for kernels before 5.18, which refuse
/// the flag. Between open and load. Errors: system. @param program borrowed
[[nodiscard]] Result<> clear_xdp_frags(struct bpf_program* program);

/// Collects what libbpf logs on this thread while it lives, in place of libbpf's own printing to stderr.
class LogCapture {
public:
    /// Begins to collect.
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    /// Everything so far, at most the last few kilobytes.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    friend void append_to_log(const char* line);
    std::string text_;
    LogCapture* outer_;
};

// Details.

namespace detail {

/// The error of a failed load: @param error_number positive
[[nodiscard]] Error load_error(const std::string& name, int error_number, const std::string& log);

} // namespace detail

template <class T>
Result<Skeleton<T>> Skeleton<T>::open(const std::string& name)
{
    const LogCapture log;
    make_xdp_frags_optional();
    T* skeleton = T::open();
    if (skeleton == nullptr)
        return std::unexpected(detail::load_error(name, errno, log.text()));
    return Skeleton(skeleton, name);
}

template <class T>
Result<> Skeleton<T>::load()
{
    const LogCapture log;
    if (const int error = T::load(skeleton_.get()); error != 0)
        return std::unexpected(detail::load_error(name_, -error, log.text()));
    return {};
}

} // namespace bpfxx
