/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the counter is compared with: a program that does nothing, and the simplest that counts; and what sends the
 * frames that they are run over.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "abi/xdp_counter.h"

/* Writer: shared_array(), from all CPUs at once. Readers: none. One entry, as the simplest counters have it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pkt_stats);
} shared_map SEC(".maps");

SEC("xdp.frags")
int empty(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

/* Packets and bytes only, and no parsing: less than the counter does. */
SEC("xdp.frags")
int shared_array(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	void *data = (void *)(long)ctx->data;
	__u32 key = 0;
	struct pkt_stats *stats = bpf_map_lookup_elem(&shared_map, &key);

	if (stats) {
		__sync_fetch_and_add(&stats->total_packets, 1);
		__sync_fetch_and_add(&stats->total_bytes, data_end - data);
	}
	return XDP_PASS;
}

/* Where generate() sends, by index. Writer: the measuring program, before it is run. */
__u32 target;

SEC("xdp")
int generate(struct xdp_md *ctx __attribute__((unused)))
{
	return bpf_redirect(target, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
