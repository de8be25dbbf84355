/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program and a map of somebody else that bear the names of ours. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} stats_map SEC(".maps");

SEC("xdp")
int xdp_counter(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 key = 0;
	__u64 *packets = bpf_map_lookup_elem(&stats_map, &key);

	if (packets)
		__sync_fetch_and_add(packets, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
