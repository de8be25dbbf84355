// SPDX-License-Identifier: BSD-2-Clause
/*
 * guest_caps NUMBER[,NUMBER...] COMMAND [ARGUMENT...]: runs a command of root's that has these capabilities alone, by their
 * numbers in linux/capability.h. It is linked static, for guests that have no library.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MOST_CAPABILITIES 64

int main(int argc, char **argv)
{
	unsigned long long kept = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: guest_caps NUMBER[,NUMBER...] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	for (char *number = strtok(argv[1], ","); number != NULL; number = strtok(NULL, ","))
		kept |= 1ULL << strtoul(number, NULL, 10);
	/* What execve() gives root is all that is in the bounding set. */
	for (int capability = 0; capability < MOST_CAPABILITIES; capability++) {
		if ((kept >> capability & 1) != 0 || prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
			fprintf(stderr, "guest_caps: cannot drop capability %d: %s\n", capability,
				strerror(errno));
			return 1;
		}
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "guest_caps: cannot run %s: %s\n", argv[2], strerror(errno));
	return 127;
}
