/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that write to maps as real ones do, for the tests of their readers; run by BPF_PROG_TEST_RUN. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "tests/maps/map_programs.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pair);
} mapped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct pair);
} by_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct pair);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct with_bits);
} bits SEC(".maps");

const volatile __u32 step = 1; /* what each run adds */
__u64 runs;
__u64 dropped;
struct pair last = { .first = 7, .second = 7 };
__u32 odd_sized[3] = { 1, 2, 3 };

/* Keeps `first == second` in each pair, but not at each instant. */
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct pair *pair;
	struct with_bits *value;

	(void)ctx;
	runs++;
	pair = bpf_map_lookup_elem(&mapped, &key);
	if (pair) {
		pair->first += step;
		pair->second += step;
	}
	pair = bpf_map_lookup_elem(&by_cpu, &key);
	if (pair) {
		pair->first += step;
		pair->second += step;
	}
	value = bpf_map_lookup_elem(&bits, &key);
	if (value) {
		value->low = runs;
		value->sign = -2;
		value->on = 1;
		value->whole = runs;
	}
	last.first += step;
	last.second += step;
	return XDP_PASS;
}

/* Sends a record, or counts that there was no room for it. */
SEC("xdp")
int send_record(struct xdp_md *ctx)
{
	struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

	(void)ctx;
	if (!record) {
		dropped++;
		return XDP_PASS;
	}
	record->number = runs++;
	record->kind = RECORD_SENT;
	__builtin_memcpy(record->text, "hello", 6);
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

/* Puts an entry in and takes another out, round and round. */
SEC("xdp")
int churn(struct xdp_md *ctx)
{
	__u32 key = (runs++ * 7919) % 512, old = (key + 256) % 512;
	struct pair pair = { .first = key, .second = key };

	(void)ctx;
	bpf_map_update_elem(&pairs, &key, &pair, BPF_ANY);
	bpf_map_delete_elem(&pairs, &old);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
