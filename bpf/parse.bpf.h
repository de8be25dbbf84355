/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to its cell: network layer, transport and size.
 *
 * classify_near() answers for nearly every frame with a handful of loads in place. What it cannot answer for
 * goes to classify_far(), a function of its own, which reads every header by a copy: from any fragment of a
 * multi-buffer frame, along chains of any length. The verifier takes the two apart, so neither multiplies
 * the other's paths. Fields keep network order in __be16. Nothing is ever written to the frame.
 *
 * The same source is compiled for user space (user_parser.c): what differs there is in access.bpf.h alone.
 */
#ifndef XDPSTAT_BPF_PARSE_BPF_H
#define XDPSTAT_BPF_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>

#include "abi/xdp_counter.h"
#include "access.bpf.h"

/* The tag of 802.1ad's forerunners, still sent by old switches; the UAPI headers do not name it. */
#define ETH_P_QINQ_OLD 0x9100

/* How many tags are skipped: in place, or else by runs of runs, in all more than the 2250 of a 9000-byte frame. */
#define MAX_VLAN_TAGS_NEAR 2
#define TAGS_IN_RUN 14
#define RUNS_IN_LONG_RUN 14
#define MAX_LONG_RUNS 12

#define MAX_EXTENSION_HEADERS 8

/* Fragment offset in the 16-bit field of an IPv4 header (RFC 791) and of an IPv6 fragment header (RFC 8200). */
#define IPV4_FRAGMENT_OFFSET 0x1fff
#define IPV6_FRAGMENT_OFFSET 0xfff8

/* The last field of an Ethernet header and of every tag. */
#define ETHERTYPE_OFFSET 12

/* Network layer and transport in one number: enum traffic_network and enum traffic_transport. */
#define KIND(network, transport) ((network) * TRAFFIC_TRANSPORT_COUNT + (transport))
#define KIND_COUNT KIND(TRAFFIC_NETWORK_COUNT, 0)
#define KIND_FAR KIND_COUNT /* not known from what lies in place */

/* Says which way the code should fall through: the way of most traffic. */
#define likely(condition) __builtin_expect(!!(condition), 1)

struct vlan_tag {
	__be16 control;
	__be16 ethertype;
};

/* The start that all IPv6 extension headers share; the shortest is 8 bytes long (RFC 8200, RFC 4302). */
struct extension_header {
	__u8 next_header;
	__u8 length;
	__be16 fragment_offset; /* in a fragment header only */
	__u32 rest;
};

/* One comparison and so one branch for the verifier to follow, at each of thousands of tags. */
static __always_inline bool is_vlan_tag(__be16 ethertype)
{
	__u64 c_tag = ethertype ^ bpf_htons(ETH_P_8021Q);
	__u64 s_tag = ethertype ^ bpf_htons(ETH_P_8021AD);
	__u64 old_tag = ethertype ^ bpf_htons(ETH_P_QINQ_OLD);

	return c_tag * s_tag * old_tag == 0;
}

static __always_inline bool is_extension_header(__u8 next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_ROUTING ||
	       next_header == IPPROTO_FRAGMENT || next_header == IPPROTO_AH || next_header == IPPROTO_DSTOPTS;
}

/* What both versions of IP number alike. */
static __always_inline __u32 transport_of(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TRAFFIC_TRANSPORT_TCP;
	case IPPROTO_UDP:
		return TRAFFIC_TRANSPORT_UDP;
	case IPPROTO_SCTP:
		return TRAFFIC_TRANSPORT_SCTP;
	case IPPROTO_GRE:
		return TRAFFIC_TRANSPORT_GRE;
	case IPPROTO_ESP:
		return TRAFFIC_TRANSPORT_IPSEC;
	default:
		return TRAFFIC_TRANSPORT_OTHER;
	}
}

/* The protocol field decides, whatever the rest of the header says (RFC 791). */
static __always_inline __u32 kind_of_ipv4(const struct iphdr *ip)
{
	__u32 network = ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET) ? TRAFFIC_NETWORK_IPV4_FRAGMENT
								       : TRAFFIC_NETWORK_IPV4;

	if (likely(ip->protocol == IPPROTO_TCP))
		return KIND(network, TRAFFIC_TRANSPORT_TCP);
	if (ip->protocol == IPPROTO_ICMP)
		return KIND(network, TRAFFIC_TRANSPORT_ICMP);
	if (ip->protocol == IPPROTO_AH)
		return KIND(network, TRAFFIC_TRANSPORT_IPSEC);
	return KIND(network, transport_of(ip->protocol));
}

/* The first next header that is no extension header decides (RFC 8200). */
static __always_inline __u32 kind_of_ipv6(__u32 network, __u8 next_header)
{
	if (next_header == IPPROTO_ICMPV6)
		return KIND(network, TRAFFIC_TRANSPORT_ICMP);
	return KIND(network, transport_of(next_header));
}

static __always_inline __u32 kind_of_ethertype(__be16 ethertype)
{
	switch (ethertype) {
	case bpf_htons(ETH_P_ARP):
		return KIND(TRAFFIC_NETWORK_ARP, TRAFFIC_TRANSPORT_OTHER);
	case bpf_htons(ETH_P_MPLS_UC):
	case bpf_htons(ETH_P_MPLS_MC):
		return KIND(TRAFFIC_NETWORK_MPLS, TRAFFIC_TRANSPORT_OTHER);
	case bpf_htons(ETH_P_PPP_DISC):
	case bpf_htons(ETH_P_PPP_SES):
		return KIND(TRAFFIC_NETWORK_PPPOE, TRAFFIC_TRANSPORT_OTHER);
	default:
		return KIND(TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_OTHER);
	}
}

static __always_inline __u32 classify_ipv4_near(const void *header, const void *data_end)
{
	const struct iphdr *ip = header;

	return header + sizeof(*ip) <= data_end ? kind_of_ipv4(ip) : KIND_FAR;
}

/* At most two tags, the fixed header in the linear part, no extension header: else KIND_FAR. */
static __always_inline __u32 classify_near(const void *data, const void *data_end)
{
	const void *header = data + sizeof(struct ethhdr);
	__be16 ethertype;

	if (header > data_end)
		return KIND_FAR;
	ethertype = *(const __be16 *)(data + ETHERTYPE_OFFSET);
	if (likely(ethertype == bpf_htons(ETH_P_IP)))
		return classify_ipv4_near(header, data_end);

#pragma unroll
	for (int i = 0; i < MAX_VLAN_TAGS_NEAR && is_vlan_tag(ethertype); i++) {
		const struct vlan_tag *tag = header;

		header += sizeof(*tag);
		if (header > data_end)
			return KIND_FAR;
		ethertype = tag->ethertype;
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		return classify_ipv4_near(header, data_end);
	if (ethertype == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = header;

		if (header + sizeof(*ip) > data_end || is_extension_header(ip->nexthdr))
			return KIND_FAR;
		return kind_of_ipv6(TRAFFIC_NETWORK_IPV6, ip->nexthdr);
	}
	return is_vlan_tag(ethertype) ? KIND_FAR : kind_of_ethertype(ethertype);
}

static __always_inline __u64 extension_header_bytes(__u8 kind, __u8 length)
{
	if (kind == IPPROTO_FRAGMENT)
		return 8;
	if (kind == IPPROTO_AH)
		return (length + 2) * 4;
	return (length + 1) * 8;
}

/* No loop either, for the same reason as in skip_run(). */
__noinline __u32 walk_ipv6(struct xdp_md *ctx, __u64 offset, __u64 frame_length)
{
	struct extension_header extension;
	struct ipv6hdr ip;
	__u8 next_header;

	if (!read_header(ctx, offset, &ip, sizeof(ip)))
		return KIND(TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED);
	next_header = ip.nexthdr;
	offset += sizeof(ip);

#pragma unroll
	for (int i = 0; i < MAX_EXTENSION_HEADERS && is_extension_header(next_header); i++) {
		__u8 kind = next_header;

		if (!read_header(ctx, offset, &extension, sizeof(extension)))
			return KIND(TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED);
		offset += extension_header_bytes(kind, extension.length);
		if (offset > frame_length)
			return KIND(TRAFFIC_NETWORK_IPV6, TRAFFIC_TRANSPORT_TRUNCATED);
		next_header = extension.next_header;
		if (kind == IPPROTO_FRAGMENT && extension.fragment_offset & bpf_htons(IPV6_FRAGMENT_OFFSET))
			return kind_of_ipv6(TRAFFIC_NETWORK_IPV6_FRAGMENT, next_header);
	}
	return kind_of_ipv6(TRAFFIC_NETWORK_IPV6, next_header);
}

/*
 * The three functions below go from one ethertype field to the first that names no tag, or to the one behind
 * as many tags as the function takes; 0 where the frame ends before. The verifier walks each of them once, as
 * they are not static. They have no loop: without CAP_PERFMON it follows a loop beyond its end and gives up.
 */
__noinline __u32 skip_run(struct xdp_md *ctx, __u32 offset)
{
	__be16 ethertype;

#pragma unroll
	for (int i = 0; i < TAGS_IN_RUN; i++) {
		if (!read_header(ctx, offset, &ethertype, sizeof(ethertype)))
			return 0;
		if (!is_vlan_tag(ethertype))
			return offset;
		offset += sizeof(struct vlan_tag);
	}
	return offset;
}

__noinline __u32 skip_long_run(struct xdp_md *ctx, __u32 offset)
{
#pragma unroll
	for (int i = 0; i < RUNS_IN_LONG_RUN; i++) {
		__u32 next = skip_run(ctx, offset);

		if (next != offset + TAGS_IN_RUN * sizeof(struct vlan_tag))
			return next;
		offset = next;
	}
	return offset;
}

__noinline __u32 skip_tags(struct xdp_md *ctx, __u32 offset)
{
#pragma unroll
	for (int i = 0; i < MAX_LONG_RUNS; i++) {
		__u32 next = skip_long_run(ctx, offset);

		if (next != offset + RUNS_IN_LONG_RUN * TAGS_IN_RUN * sizeof(struct vlan_tag))
			return next;
		offset = next;
	}
	return offset;
}

/* Only the outermost network layer counts: what a tunnel carries does not. */
__noinline __u32 classify_far(struct xdp_md *ctx, __u64 frame_length)
{
	__u32 offset = ETHERTYPE_OFFSET;
	__be16 ethertype;
	struct iphdr ip;

	if (!read_header(ctx, offset, &ethertype, sizeof(ethertype)))
		return KIND(TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED);
	if (is_vlan_tag(ethertype)) {
		offset = skip_tags(ctx, offset);
		if (!offset || !read_header(ctx, offset, &ethertype, sizeof(ethertype)))
			return KIND(TRAFFIC_NETWORK_OTHER, TRAFFIC_TRANSPORT_TRUNCATED);
	}
	offset += sizeof(ethertype);

	if (ethertype == bpf_htons(ETH_P_IP))
		return read_header(ctx, offset, &ip, sizeof(ip))
			       ? kind_of_ipv4(&ip)
			       : KIND(TRAFFIC_NETWORK_IPV4, TRAFFIC_TRANSPORT_TRUNCATED);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return walk_ipv6(ctx, offset, frame_length);
	return kind_of_ethertype(ethertype);
}

/* The kind of a frame of this length whose linear part, which may be all of it, lies between data and data_end. */
static __always_inline __u32 classify(struct xdp_md *ctx, const void *data, const void *data_end,
				      __u64 frame_length)
{
	__u32 kind = classify_near(data, data_end);

	return kind == KIND_FAR ? classify_far(ctx, frame_length) : kind;
}

/* Four numbers in a word, each with the highest bit of its lane to spare. */
#define LANE_COUNT 4
#define LANE_BITS 16
#define LANE_TOP 0x8000
#define LANE_LARGEST 0x3fff
#define EACH_LANE 0x0001000100010001ULL

/* In each lane what makes a length above the bound carry into the highest bit. */
static __always_inline __u64 lanes_of_bounds(int first)
{
	static const __u64 bounds[] = TRAFFIC_SIZE_BOUNDS;
	__u64 lanes = 0;

#pragma unroll
	for (int i = 0; i < LANE_COUNT; i++)
		if (first + i < TRAFFIC_SIZE_COUNT - 1)
			lanes |= (LANE_TOP - 1 - bounds[first + i]) << i * LANE_BITS;
	return lanes;
}

/*
 * How many bounds the length is above. Without a branch, as the lengths of mixed traffic cannot be predicted,
 * and four bounds at a time, as one by one takes twice the instructions.
 */
static __always_inline __u32 size_of_length(__u64 length)
{
	__s64 too_long = (__s64)(LANE_LARGEST - length) >> 63; /* all bits, or none */
	__u64 lanes, above;

	barrier_var(too_long); /* else the compiler makes a branch of it */
	lanes = ((length | too_long) & LANE_LARGEST) * EACH_LANE;
	above = (lanes + lanes_of_bounds(0)) / LANE_TOP & EACH_LANE;
	above += (lanes + lanes_of_bounds(LANE_COUNT)) / LANE_TOP & EACH_LANE;
	return above * EACH_LANE >> (LANE_COUNT - 1) * LANE_BITS;
}

#endif
