// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "abi/xdp_counter.h"
#include "bpfxx/layout.hpp"

// The structures of abi/xdp_counter.h as bpfxx compares them with a map's BTF.
BPFXX_DESCRIBE(pkt_stats, total_packets, total_bytes, icmp_packets, tcp_packets, udp_packets, other_packets,
               ipv4_packets, ipv6_packets);
BPFXX_DESCRIBE(traffic_cell, packets, bytes);
BPFXX_DESCRIBE(traffic_stats, cell);
