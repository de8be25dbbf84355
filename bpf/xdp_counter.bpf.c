/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts every frame that reaches an interface, in the driver, and passes it on unchanged.
 *
 * It runs for each frame at line rate, so it makes no call that it can do without and touches two cache
 * lines of its own CPU.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "abi/xdp_counter.h"
#include "parse.bpf.h"

/*
 * Writer: this program, on each CPU its own slot. Readers: any number, through a read-only mapping or by
 * lookup. An mmapable array, and not a per-CPU one, because only that can be read without a system call.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, XDP_COUNTER_DEFAULT_SLOTS);
	__type(key, __u32);
	__type(value, struct pkt_stats);
} stats_map SEC(".maps");

/* Writer, readers and kind as above. Apart from stats_map so that the headline stays one cache line a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, XDP_COUNTER_DEFAULT_SLOTS);
	__type(key, __u32);
	__type(value, struct traffic_stats);
} traffic_map SEC(".maps");

const volatile struct xdp_counter_config config = {
	.slots = XDP_COUNTER_DEFAULT_SLOTS,
	.private_slots = XDP_COUNTER_DEFAULT_SLOTS - 1,
	.breakdown = 1,
	.length = XDP_COUNTER_LENGTH_HELPER,
};

/* The kernel's own view of the context; CO-RE finds the field (kernel 5.18: include/net/xdp.h). */
struct xdp_buff {
	__u32 flags;
} __attribute__((preserve_access_index));

#define XDP_BUFF_HAS_FRAGS 1 /* XDP_FLAGS_HAS_FRAGS of enum xdp_buff_flags */

static void *(*const cast_to_kernel_ctx)(void *ctx) = (void *)XDP_COUNTER_CAST_TO_KERNEL_CTX;

/*
 * The whole length, all fragments included. A difference of packet pointers covers the linear part only, so it
 * is taken where that is the whole frame.
 */
static __always_inline __u64 frame_length(struct xdp_md *ctx)
{
	void *data_end = (void *)(long)ctx->data_end;
	void *data = (void *)(long)ctx->data;

	if (config.length == XDP_COUNTER_LENGTH_LINEAR)
		return data_end - data;
	if (config.length == XDP_COUNTER_LENGTH_KERNEL_CTX) {
		struct xdp_buff *kernel_ctx = cast_to_kernel_ctx(ctx);

		if (!(kernel_ctx->flags & XDP_BUFF_HAS_FRAGS))
			return data_end - data;
	}
	return bpf_xdp_get_buff_len(ctx);
}

static __always_inline void add(__u64 *counter, __u64 value, bool shared)
{
	if (shared)
		__sync_fetch_and_add(counter, value);
	else
		*counter += value;
}

/*
 * Which counters of a slot a kind adds to, by arithmetic and not by branches: the kinds of mixed traffic cannot
 * be predicted either, and see forget(). The places stand in a number, four bits for each transport.
 */
#define PLACE(field) (offsetof(struct pkt_stats, field) / sizeof(__u64))
#define PLACE_OF(transport, field) ((__u32)PLACE(field) << (transport) * 4)

static __always_inline __u32 place_of_class(__u32 transport)
{
	__u32 places = PLACE_OF(TRAFFIC_TRANSPORT_TCP, tcp_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_UDP, udp_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_ICMP, icmp_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_SCTP, other_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_GRE, other_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_IPSEC, other_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_OTHER, other_packets) |
		       PLACE_OF(TRAFFIC_TRANSPORT_TRUNCATED, other_packets);

	barrier_var(places); /* else the compiler makes a table of it, in memory */
	return places >> transport * 4 & 7;
}

static __always_inline bool is_ip(__u32 network)
{
	__u32 versions = 1 << TRAFFIC_NETWORK_IPV4 | 1 << TRAFFIC_NETWORK_IPV4_FRAGMENT |
			 1 << TRAFFIC_NETWORK_IPV6 | 1 << TRAFFIC_NETWORK_IPV6_FRAGMENT;

	return versions >> network & 1;
}

/* Where is_ip(): 0 for IPv4 and 1 for IPv6. */
static __always_inline __u32 place_of_version(__u32 network)
{
	return network / TRAFFIC_NETWORK_IPV6 & 1;
}

static __always_inline void count_headline(__u32 slot, bool shared, __u32 kind, __u64 length)
{
	struct pkt_stats *stats = bpf_map_lookup_elem(&stats_map, &slot);

	if (!stats)
		return;
	add(&stats->total_packets, 1, shared);
	add(&stats->total_bytes, length, shared);

	add(&stats->total_packets + place_of_class(kind % TRAFFIC_TRANSPORT_COUNT), 1, shared);
	add(&stats->ipv4_packets + place_of_version(kind / TRAFFIC_TRANSPORT_COUNT),
	    is_ip(kind / TRAFFIC_TRANSPORT_COUNT), shared);
}

static __always_inline void count_cell(__u32 slot, bool shared, __u32 kind, __u64 length)
{
	struct traffic_stats *stats = bpf_map_lookup_elem(&traffic_map, &slot);
	struct traffic_cell *cell;
	__u64 index;

	if (!stats)
		return;
	index = kind * TRAFFIC_SIZE_COUNT + size_of_length(length);
	barrier_var(index); /* the compiler knows that the mask changes nothing, the verifier does not */
	cell = &stats->cell[0][0][0] + (index & (sizeof(*stats) / sizeof(*cell) - 1));
	add(&cell->packets, 1, shared);
	add(&cell->bytes, length, shared);
}

static __always_inline void count(__u32 slot, bool shared, __u32 kind, __u64 length)
{
	count_headline(slot, shared, kind, length);
	if (config.breakdown)
		count_cell(slot, shared, kind, length);
}

/*
 * The same value, of which the verifier no longer knows what it is on which path: without CAP_PERFMON it
 * refuses a pointer that moves by another distance on another path.
 */
static __always_inline __u32 forget(__u32 value, __u32 unknown)
{
	value += unknown;
	barrier_var(value);
	return value - unknown;
}

SEC("xdp.frags")
int xdp_counter(struct xdp_md *ctx)
{
	__u64 length = frame_length(ctx);
	__u32 kind = classify(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end, length);
	__u32 cpu;

	kind = forget(kind, length);

	cpu = bpf_get_smp_processor_id();
	if (cpu < config.private_slots)
		count(cpu, false, kind, length);
	else
		count(config.slots - 1, true, kind, length);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
