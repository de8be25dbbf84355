// SPDX-License-Identifier: BSD-2-Clause
// The plainest reader there is, as somebody who knows only the struct would write it.
#include <bpf/bpf.h>
#include <stdio.h>

#include "abi/xdp_counter.h"

int main(int argc, char **argv)
{
	struct pkt_stats stats;
	__u32 key = 0;
	int fd = argc == 2 ? bpf_obj_get(argv[1]) : -1;

	if (fd < 0 || bpf_map_lookup_elem(fd, &key, &stats) != 0)
		return 1;
	printf("%llu %llu %llu %llu %llu %llu %llu %llu\n", stats.total_packets, stats.total_bytes,
	       stats.icmp_packets, stats.tcp_packets, stats.udp_packets, stats.other_packets,
	       stats.ipv4_packets, stats.ipv6_packets);
	return 0;
}
