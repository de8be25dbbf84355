/* SPDX-License-Identifier: BSD-2-Clause */
/* What map_programs.bpf.c writes. */
#ifndef XDPSTAT_TESTS_MAP_PROGRAMS_H
#define XDPSTAT_TESTS_MAP_PROGRAMS_H

#include <linux/types.h>

struct pair {
	__u64 first;
	__u64 second;
};

enum record_kind {
	RECORD_NONE,
	RECORD_SENT
};

struct record {
	__u64 number;
	enum record_kind kind;
	char text[8];
};

struct with_bits {
	__u32 low : 5;
	__s32 sign : 3;
	__u32 on : 1;
	__u64 whole;
};

#endif
