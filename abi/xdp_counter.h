/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The layout that the XDP program writes and every reader reads.
 *
 * This is the only description of the maps' contents: the BPF program, the C++ readers and the tests all
 * include it. It is plain C, so that any C, C++ or BPF program can. A change here is a change of contract:
 * the map's BTF carries it to readers built from another version, and they notice (src/bpfxx/layout.hpp).
 */
#ifndef XDPSTAT_ABI_XDP_COUNTER_H
#define XDPSTAT_ABI_XDP_COUNTER_H

#include <linux/types.h>

#ifdef __cplusplus
#define XDP_COUNTER_ASSERT(condition, message) static_assert(condition, message)
#else
#define XDP_COUNTER_ASSERT(condition, message) _Static_assert(condition, message)
#endif

/* Names of kernel objects; the kernel keeps at most 15 characters of each. */
#define XDP_COUNTER_PROGRAM "xdp_counter"
#define XDP_COUNTER_STATS_MAP "stats_map"
#define XDP_COUNTER_TRAFFIC_MAP "traffic_map"

/*
 * stats_map: the headline. BPF_MAP_TYPE_ARRAY with BPF_F_MMAPABLE, one entry (a slot) for each possible CPU
 * or a single shared one; the value of a counter is the sum over all slots. Counters only ever grow.
 *
 * Always: total_packets = icmp_packets + tcp_packets + udp_packets + other_packets,
 *         ipv4_packets + ipv6_packets <= total_packets.
 * total_bytes is the sum of frame lengths as XDP sees them: from the destination address to the end of the
 * payload, all fragments of a multi-buffer frame included, without the frame check sequence.
 */
struct pkt_stats {
	__u64 total_packets;
	__u64 total_bytes;
	__u64 icmp_packets; /* ICMP over IPv4 and ICMPv6 over IPv6 */
	__u64 tcp_packets;
	__u64 udp_packets;
	__u64 other_packets; /* every frame that is none of the three, IP or not */
	__u64 ipv4_packets;
	__u64 ipv6_packets;
};

XDP_COUNTER_ASSERT(sizeof(struct pkt_stats) == 64, "a slot of stats_map is one cache line");

/* The four classes of stats_map, in the order of its fields. */
enum traffic_class {
	TRAFFIC_CLASS_ICMP,
	TRAFFIC_CLASS_TCP,
	TRAFFIC_CLASS_UDP,
	TRAFFIC_CLASS_OTHER,
	TRAFFIC_CLASS_COUNT,
};

/*
 * traffic_map: the breakdown. Same kind of map, same slots; every frame adds to exactly one cell, chosen by
 * its outermost network layer, its transport and its length. Every other figure is a sum of cells.
 */
enum traffic_network {
	TRAFFIC_NETWORK_OTHER, /* any ethertype not named below, or a frame that ends before its ethertype */
	TRAFFIC_NETWORK_ARP,
	TRAFFIC_NETWORK_IPV4,
	TRAFFIC_NETWORK_IPV4_FRAGMENT, /* not the first fragment of its datagram */
	TRAFFIC_NETWORK_IPV6,
	TRAFFIC_NETWORK_IPV6_FRAGMENT, /* not the first fragment of its datagram */
	TRAFFIC_NETWORK_MPLS,
	TRAFFIC_NETWORK_PPPOE,
	TRAFFIC_NETWORK_COUNT,
};

enum traffic_transport {
	TRAFFIC_TRANSPORT_TCP,
	TRAFFIC_TRANSPORT_UDP,
	TRAFFIC_TRANSPORT_ICMP, /* ICMP over IPv4, ICMPv6 over IPv6 */
	TRAFFIC_TRANSPORT_SCTP,
	TRAFFIC_TRANSPORT_GRE,
	TRAFFIC_TRANSPORT_IPSEC, /* ESP, and AH over IPv4 */
	TRAFFIC_TRANSPORT_OTHER,
	TRAFFIC_TRANSPORT_TRUNCATED, /* the frame ends before the field that names the transport */
	TRAFFIC_TRANSPORT_COUNT,
};

/*
 * Frame length in bytes as XDP sees it, without the frame check sequence. The bounds are those of RFC 2819
 * (etherStatsPkts64Octets to etherStatsPkts1024to1518Octets), then jumbo frames, then what only a
 * multi-buffer frame reaches.
 */
#define TRAFFIC_SIZE_BOUNDS                                                                                  \
	{ 64, 127, 255, 511, 1023, 1518, 9018 } /* the largest length of each but the last */

enum traffic_size {
	TRAFFIC_SIZE_TO_64,
	TRAFFIC_SIZE_TO_127,
	TRAFFIC_SIZE_TO_255,
	TRAFFIC_SIZE_TO_511,
	TRAFFIC_SIZE_TO_1023,
	TRAFFIC_SIZE_TO_1518,
	TRAFFIC_SIZE_TO_9018,
	TRAFFIC_SIZE_LARGER,
	TRAFFIC_SIZE_COUNT,
};

struct traffic_cell {
	__u64 packets;
	__u64 bytes;
};

struct traffic_stats {
	struct traffic_cell cell[TRAFFIC_NETWORK_COUNT][TRAFFIC_TRANSPORT_COUNT][TRAFFIC_SIZE_COUNT];
};

XDP_COUNTER_ASSERT(sizeof(struct traffic_stats) == 8 * 8 * 8 * 16, "the breakdown is 8 x 8 x 8 cells");

/* The one class that each transport rolls up to. */
static inline enum traffic_class traffic_class_of(enum traffic_transport transport)
{
	switch (transport) {
	case TRAFFIC_TRANSPORT_ICMP:
		return TRAFFIC_CLASS_ICMP;
	case TRAFFIC_TRANSPORT_TCP:
		return TRAFFIC_CLASS_TCP;
	case TRAFFIC_TRANSPORT_UDP:
		return TRAFFIC_CLASS_UDP;
	default:
		return TRAFFIC_CLASS_OTHER;
	}
}

/* How the program learns a frame's length. */
enum xdp_counter_length {
	XDP_COUNTER_LENGTH_HELPER, /* bpf_xdp_get_buff_len(): kernel 5.18 or newer */
	XDP_COUNTER_LENGTH_KERNEL_CTX, /* struct xdp_buff; the helper only for multi-buffer frames: 6.2, CAP_PERFMON */
	XDP_COUNTER_LENGTH_LINEAR, /* data_end - data: only where no multi-buffer frame can arrive, CAP_PERFMON */
};

/*
 * The number of the call that stands in the program where bpf_cast_to_kern_ctx() belongs. A loader that asks for
 * XDP_COUNTER_LENGTH_KERNEL_CTX puts the kernel function there before load. It is no extern symbol because
 * loaders that know none would then refuse the whole object; unused, the verifier removes it.
 */
#define XDP_COUNTER_CAST_TO_KERNEL_CTX 0x58445053

/*
 * The program's tunables: its whole .rodata, set before load and constant afterwards, so that what is
 * switched off is pruned by the verifier. The values in the object suit a loader that sets nothing.
 */
struct xdp_counter_config {
	__u32 slots;         /* entries of both maps */
	__u32 private_slots; /* CPUs below this number are the only writers of the slot of their own number; the
				others share the last slot with atomic adds. 0: all CPUs share it */
	__u32 breakdown;     /* 0: traffic_map stays empty */
	__u32 length;        /* enum xdp_counter_length */
};

/* What the object says where no loader sets it: 1 MiB of cells, and more CPUs than that share the last slot. */
#define XDP_COUNTER_DEFAULT_SLOTS 128

#endif
