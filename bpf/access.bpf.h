/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How the parser reaches a frame: the one thing in which the kernel and a program of user space differ.
 *
 * Both give struct xdp_md, read_header() and the compiler's words of bpf_helpers.h.
 */
#ifndef XDPSTAT_BPF_ACCESS_BPF_H
#define XDPSTAT_BPF_ACCESS_BPF_H

#include <stdbool.h>

#include <linux/types.h>

#include "abi/xdp_counter.h"

#ifdef __bpf__

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern const volatile struct xdp_counter_config config;

/* No frame in one piece is longer, and the verifier wants a bound. */
#define LONGEST_LINEAR 0x7fff

/* Kernels that know multi-buffer frames copy from any fragment (bpf_xdp_load_bytes: 5.18). */
static __always_inline bool is_linear(void)
{
	return config.length == XDP_COUNTER_LENGTH_LINEAR;
}

/* Copies a header. False: the frame ends before the header does. */
static __always_inline bool read_header(struct xdp_md *ctx, __u64 offset, void *copy, __u32 size)
{
	const void *header;

	if (!is_linear())
		return !bpf_xdp_load_bytes(ctx, offset, copy, size);

	if (offset > LONGEST_LINEAR)
		return false;
	header = (const void *)(long)ctx->data + offset;
	if (header + size > (const void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(copy, header, size);
	return true;
}

#else /* in user space */

/* As bpf_helpers.h has it: the UAPI headers know it as a hint. */
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
/* A function of its own for the verifier; here nobody else's to call. */
#define __noinline static __attribute__((noinline))
#define barrier_var(variable) __asm__ volatile("" : "+r"(variable))

/* In place of the kernel's: a frame in memory, as far as it was captured. */
struct xdp_md {
	const __u8 *data;
	__u64 length;
};

static __always_inline bool read_header(struct xdp_md *ctx, __u64 offset, void *copy, __u32 size)
{
	if (offset > ctx->length || size > ctx->length - offset)
		return false;
	__builtin_memcpy(copy, ctx->data + offset, size);
	return true;
}

#endif

#endif
