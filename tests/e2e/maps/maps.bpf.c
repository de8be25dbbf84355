/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps that are not made by xdpstat, for the readers of the walk-through: some they must read, some they must
 * refuse. And a program that is somebody else's.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "abi/xdp_counter.h"

#define MAP(name, kind, entries, flags, value_type)                                                          \
	struct {                                                                                             \
		__uint(type, kind);                                                                          \
		__uint(max_entries, entries);                                                                \
		__uint(map_flags, flags);                                                                    \
		__type(key, __u32);                                                                          \
		__type(value, value_type);                                                                   \
	} name SEC(".maps")

/* The names of struct pkt_stats at other places. */
struct reordered {
	__u64 ipv6_packets;
	__u64 ipv4_packets;
	__u64 other_packets;
	__u64 udp_packets;
	__u64 tcp_packets;
	__u64 icmp_packets;
	__u64 total_bytes;
	__u64 total_packets;
};

/* The same names and the same size, but not eight 64-bit numbers. */
struct narrow {
	__u64 total_packets;
	__u64 total_bytes;
	__u32 icmp_packets;
	__u32 tcp_packets;
	__u64 udp_packets;
	__u64 other_packets;
	__u64 ipv4_packets;
	__u64 ipv6_packets;
	__u64 : 64;
};

struct renamed {
	__u64 packets[7];
	__u64 total_bytes;
};

struct nested {
	struct {
		__u64 inner;
	} outer;
	__u64 last[7];
};

MAP(slots, BPF_MAP_TYPE_ARRAY, 4, BPF_F_MMAPABLE, struct pkt_stats);
MAP(many_slots, BPF_MAP_TYPE_ARRAY, 128, BPF_F_MMAPABLE, struct pkt_stats);
MAP(one_entry, BPF_MAP_TYPE_ARRAY, 1, 0, struct pkt_stats);
MAP(percpu, BPF_MAP_TYPE_PERCPU_ARRAY, 2, 0, struct pkt_stats);
MAP(reordered, BPF_MAP_TYPE_ARRAY, 1, 0, struct reordered);
MAP(narrow, BPF_MAP_TYPE_ARRAY, 1, 0, struct narrow);
MAP(renamed, BPF_MAP_TYPE_ARRAY, 1, 0, struct renamed);
MAP(nested, BPF_MAP_TYPE_ARRAY, 1, 0, struct nested);
MAP(no_struct, BPF_MAP_TYPE_ARRAY, 1, 0, __u64[8]);
MAP(number, BPF_MAP_TYPE_ARRAY, 1, 0, __u64);
MAP(hash, BPF_MAP_TYPE_HASH, 4, BPF_F_NO_PREALLOC, struct pkt_stats);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 4, BPF_F_NO_PREALLOC, struct pkt_stats);

/* Our program uses one of this name too. */
MAP(traffic_map, BPF_MAP_TYPE_ARRAY, 1, 0, struct traffic_stats);

SEC("xdp")
int someone_else(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 key = 0;
	struct traffic_stats *traffic = bpf_map_lookup_elem(&traffic_map, &key);

	if (traffic)
		__sync_fetch_and_add(&traffic->cell[0][0][0].packets, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
