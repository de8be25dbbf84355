// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// The skeleton names its types.
#include "tests/maps/map_programs.h"

#include <map_programs.skel.h>

#include "bpfxx/object.hpp"
#include "map_test.hpp"

BPFXX_DESCRIBE(pair, first, second);

namespace bpfxx::test {

/// The programs of map_programs.bpf.c, loaded.
class Programs {
public:
    Programs() : Programs([](Skeleton<map_programs_bpf>&) {}) {}
    /// @param tune gets the skeleton before it is loaded
    template <class Tune>
    explicit Programs(Tune tune) : skeleton_(take(Skeleton<map_programs_bpf>::open("map_programs")))
    {
        tune(skeleton_);
        take(skeleton_.load());
    }

    map_programs_bpf* operator->() const { return skeleton_.operator->(); }
    const Skeleton<map_programs_bpf>& skeleton() const { return skeleton_; }

    /// Runs a program on a frame of zeros.
    static void run(const struct bpf_program* program, int times = 1)
    {
        const std::uint8_t frame[64] = {};
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof frame,
                    .repeat = times);
        if (const int error = bpf_prog_test_run_opts(bpf_program__fd(program), &options); error != 0)
            throw std::runtime_error("BPF_PROG_TEST_RUN: error " + std::to_string(error));
    }

private:
    Skeleton<map_programs_bpf> skeleton_;
};

} // namespace bpfxx::test
