// SPDX-License-Identifier: BSD-2-Clause
/*
 * guest_frames IFACE COUNT: sends so many UDP frames of 64 bytes out of an interface, one after the other, and says
 * nothing unless that fails. A frame for which the other end has no room is refused and sent again. It is linked static,
 * for guests that have no library.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_BYTES 64

static void fill(unsigned char *frame)
{
	struct ether_header ether = { .ether_dhost = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
				      .ether_shost = { 2, 0, 0, 0, 0, 1 },
				      .ether_type = htons(ETHERTYPE_IP) };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .tot_len = htons(FRAME_BYTES - sizeof(ether)),
			    .ttl = 1,
			    .protocol = IPPROTO_UDP };

	memcpy(frame, &ether, sizeof(ether));
	memcpy(frame + sizeof(ether), &ip, sizeof(ip));
}

int main(int argc, char **argv)
{
	unsigned char frame[FRAME_BYTES] = { 0 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (argc != 3) {
		fprintf(stderr, "usage: guest_frames IFACE COUNT\n");
		return 2;
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || to.sll_ifindex == 0) {
		fprintf(stderr, "guest_frames: cannot send on %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	fill(frame);
	for (long left = strtol(argv[2], NULL, 10); left > 0;) {
		if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) >= 0) {
			left--;
		} else if (errno != ENOBUFS) {
			fprintf(stderr, "guest_frames: cannot send on %s: %s\n", argv[1], strerror(errno));
			return 1;
		}
	}
	return 0;
}
