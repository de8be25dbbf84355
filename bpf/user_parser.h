/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program's own parser, compiled for user space: for replaying captures where no program may be loaded, and
 * for fuzzing. */
#ifndef XDPSTAT_BPF_USER_PARSER_H
#define XDPSTAT_BPF_USER_PARSER_H

#include "abi/xdp_counter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The cell of traffic_map to which a frame adds. */
struct traffic_place {
	enum traffic_network network;
	enum traffic_transport transport;
	enum traffic_size size;
};

/*
 * Parses a frame of which `captured` bytes are there, and sorts it by the `length` that it had. `frame` may be null
 * where nothing was captured. Reads nothing beyond and keeps nothing; thread-safe.
 */
struct traffic_place traffic_place_of(const void *frame, __u64 captured, __u64 length);

#ifdef __cplusplus
}
#endif

#endif
