/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "user_parser.h"

#include "parse.bpf.h"

/* More than classify_near() looks at: two tags and the longest fixed header. */
#define LINEAR_BYTES 64

/* Headers are read in place as far as they lie in the linear part. As in the kernel, the IP header behind the 14
 * bytes of Ethernet begins at a multiple of four. */
struct linear_part {
	__u16 padding;
	__u8 bytes[LINEAR_BYTES];
} __attribute__((aligned(4)));

struct traffic_place traffic_place_of(const void *frame, __u64 captured, __u64 length)
{
	__u64 linear_bytes = captured < LINEAR_BYTES ? captured : LINEAR_BYTES;
	struct xdp_md ctx = { .data = frame, .length = captured };
	struct traffic_place place;
	struct linear_part linear;
	__u32 kind;

	if (linear_bytes)
		__builtin_memcpy(linear.bytes, frame, linear_bytes);
	kind = classify(&ctx, linear.bytes, linear.bytes + linear_bytes, captured);
	place.network = kind / TRAFFIC_TRANSPORT_COUNT;
	place.transport = kind % TRAFFIC_TRANSPORT_COUNT;
	place.size = size_of_length(length);
	return place;
}
