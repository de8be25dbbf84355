// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bpfxx/error.hpp"
#include "counter/instance.hpp"

struct bpf_object;

namespace xdpstat {

/// How the counter is to be loaded.
struct LoadOptions {
    SlotLayout layout = SlotLayout::percpu;
    bool breakdown = true;
    bool carries =
        false; ///< percpu: a slot more, the last, that no CPU writes, for what another program counted before
    int stats_map = -1;   ///< borrowed: maps to count into in place of new ones, their layout proved
    int traffic_map = -1; ///< likewise
    /// Brings the object, tuned and borrowed for the call, into the kernel in another way than on its own. It may be called for
    /// one source of lengths after another.
    // NOLINTNEXTLINE(readability-redundant-member-init): without it g++ wants it in every list
    std::function<bpfxx::Result<>(struct bpf_object*)> load_by = {};
};

/// The counter in the kernel, loaded and not yet attached. Owns the program and its maps. Move-only.
class LoadedCounter {
public:
    LoadedCounter(LoadedCounter&&) noexcept;
    LoadedCounter& operator=(LoadedCounter&&) noexcept;
    ~LoadedCounter();

    // Borrowed descriptors.
    [[nodiscard]] int program_fd() const noexcept;
    [[nodiscard]] int stats_map_fd() const noexcept;
    /// Negative where the breakdown is switched off: then there is no such map.
    [[nodiscard]] int traffic_map_fd() const noexcept;

    /// How it learns the length of a frame.
    [[nodiscard]] xdp_counter_length length_source() const noexcept;

private:
    friend bpfxx::Result<LoadedCounter> load_counter(const LoadOptions& options, xdp_counter_length length);
    struct Object;
    explicit LoadedCounter(std::unique_ptr<Object> object) noexcept;
    std::unique_ptr<Object> object_;
};

/// Errors: permission, naming the capabilities that loading and attaching need and this thread lacks.
[[nodiscard]] bpfxx::Result<> check_capabilities();

/// Loads the counter with the fastest source of lengths that is true on this kernel and that this thread's
/// capabilities allow. Errors: permission, naming the capability; unsupported; system with the verifier's log.
[[nodiscard]] bpfxx::Result<LoadedCounter> load_counter(const LoadOptions& options);
/// The same with maps of its own.
[[nodiscard]] bpfxx::Result<LoadedCounter> load_counter(SlotLayout layout, bool breakdown);

/// Loads it with exactly this source of lengths.
[[nodiscard]] bpfxx::Result<LoadedCounter> load_counter(const LoadOptions& options,
                                                        xdp_counter_length length);
/// The same with maps of its own.
[[nodiscard]] bpfxx::Result<LoadedCounter> load_counter(SlotLayout layout, bool breakdown,
                                                        xdp_counter_length length);

} // namespace xdpstat
