/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other programs on the interface: one that passes what it sees on, one that drops it. Both count. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

/* Writers: both programs, atomically. Reader: guest_neighbour. One entry a program. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} neighbour_count SEC(".maps");

static __always_inline void count(__u32 program)
{
	__u64 *frames = bpf_map_lookup_elem(&neighbour_count, &program);

	if (frames)
		__sync_fetch_and_add(frames, 1);
}

SEC("xdp")
int neighbour_pass(struct xdp_md *ctx __attribute__((unused)))
{
	count(0);
	return XDP_PASS;
}

SEC("xdp")
int neighbour_drop(struct xdp_md *ctx __attribute__((unused)))
{
	count(1);
	return XDP_DROP;
}

/* Of the name that all dispatchers have; it is none. */
SEC("xdp")
int xdp_dispatcher(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
