/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the C interface share. */
#ifndef BPFXX_C_TEST_H
#define BPFXX_C_TEST_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "bpfxx/bpfxx.h"

/* Ends the test where a condition does not hold. */
#define EXPECT(condition)                                                                                    \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: not so: %s\nlast error: %s\n%s", __FILE__, __LINE__,         \
				#condition, bpfxx_last_error(), bpfxx_last_error_detail());                  \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

struct flow {
	uint64_t packets;
	uint64_t bytes;
	uint32_t port;
	char name[12];
};

extern const struct bpfxx_type number_type; /* uint32_t */
extern const struct bpfxx_type flow_type;

/* A map of flows by number; ends the test where it cannot be made. */
struct bpfxx_map *make_map(uint32_t type, uint32_t entries, uint32_t flags);

void test_layouts(void);
void test_views(void);

#endif
