/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of every kind, with keys and values of many types, for the commands that show any map. */
#include <linux/bpf.h>
#include <linux/in6.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#define MAP(name, kind, entries, flags, key_type, value_type)                                                \
	struct {                                                                                             \
		__uint(type, kind);                                                                          \
		__uint(max_entries, entries);                                                                \
		__uint(map_flags, flags);                                                                    \
		__type(key, key_type);                                                                       \
		__type(value, value_type);                                                                   \
	} name SEC(".maps")

enum verdict {
	VERDICT_DROP,
	VERDICT_PASS,
	VERDICT_LATER = 7
};

struct flow {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 pad[3];
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
	enum verdict verdict;
	_Bool seen;
	char comm[11];
	__s16 delta;
	__u32 low : 4, high : 28;
};

struct peer {
	struct in6_addr addr;
	unsigned char mac[6];
	__u16 zone;
};

struct prefix {
	__u32 prefixlen;
	__be32 addr;
};

struct wide {
	__u64 cells[8][16];
};

MAP(flows, BPF_MAP_TYPE_HASH, 600, BPF_F_NO_PREALLOC, struct flow, struct flow_stats);
MAP(lru_flows, BPF_MAP_TYPE_LRU_HASH, 64, 0, struct flow, __u64);
MAP(cpu_flows, BPF_MAP_TYPE_PERCPU_HASH, 8, BPF_F_NO_PREALLOC, struct flow, struct flow_stats);
MAP(peers, BPF_MAP_TYPE_HASH, 8, BPF_F_NO_PREALLOC, struct peer, __u32);
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC, struct prefix, __u32);
MAP(numbers, BPF_MAP_TYPE_ARRAY, 4, 0, __u32, __u64);
MAP(cpu_numbers, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0, __u32, __u64);
MAP(hosts, BPF_MAP_TYPE_HASH, 4, BPF_F_NO_PREALLOC, __be32, __u64);
MAP(wide, BPF_MAP_TYPE_ARRAY, 2, 0, __u32, struct wide);

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__type(value, __u64);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

/* Without __type: the kernel is told sizes and no types. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(key_size, 2);
	__uint(value_size, 3);
} no_types SEC(".maps");

__u64 counted = 5;
struct flow last_flow = { .dport = 0xbb01 };
const volatile char label[8] = "edge";

SEC("xdp")
int kinds(struct xdp_md *ctx __attribute__((unused)))
{
	counted += label[0] + last_flow.protocol;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
