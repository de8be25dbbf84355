// SPDX-License-Identifier: BSD-2-Clause
/*
 * frame_sender: puts frames on an interface as fast as one CPU can, and says exactly how many the kernel took.
 *
 * A packet socket that bypasses the queueing discipline hands each frame straight to the driver. A driver that
 * has no room refuses (ENOBUFS); the frame is then sent again, so --count frames are always accepted in the end.
 * Prints one line of JSON: frames and bytes that were taken, and how often the driver refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/ethernet.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define MAX_CPUS 4096

struct frame {
	uint8_t *data;
	size_t length;
};

struct frames {
	struct frame *frame;
	size_t count;
};

struct sent {
	uint64_t frames;
	uint64_t bytes;
	uint64_t refused;
};

static const char usage[] =
	"usage: frame_sender --interface NAME (--frame HEX | --pcap FILE) [--count N] [--cpu N]\n"
	"       [--pause MICROSECONDS]     after each 64 frames\n";

static bool append(struct frames *frames, const uint8_t *data, size_t length)
{
	struct frame *grown = realloc(frames->frame, (frames->count + 1) * sizeof(*grown));
	uint8_t *copy = malloc(length);

	if (grown)
		frames->frame = grown;
	if (!grown || !copy) {
		free(copy);
		fprintf(stderr, "frame_sender: out of memory after %zu frames\n", frames->count);
		return false;
	}
	memcpy(copy, data, length);
	grown[frames->count++] = (struct frame){ .data = copy, .length = length };
	return true;
}

static bool read_hex(struct frames *frames, const char *hex)
{
	size_t length = strlen(hex) / 2;
	uint8_t *data = malloc(length + 1);
	bool good = data && length > 0 && strlen(hex) % 2 == 0 &&
		    strspn(hex, "0123456789abcdefABCDEF") == strlen(hex);

	for (size_t i = 0; good && i < length; i++) {
		char digits[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		data[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	if (good)
		good = append(frames, data, length);
	else
		fprintf(stderr, "frame_sender: --frame is no string of hexadecimal bytes\n");
	free(data);
	return good;
}

static bool read_pcap(struct frames *frames, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	bool good = true;
	int result = 0;

	pcap_t *capture = pcap_open_offline(path, error);
	if (!capture) {
		fprintf(stderr, "frame_sender: cannot open a capture: %s\n", error);
		return false;
	}
	while (good && (result = pcap_next_ex(capture, &header, &data)) == 1)
		good = append(frames, data, header->caplen);
	if (good && result == PCAP_ERROR) {
		fprintf(stderr, "frame_sender: cannot read %s: %s\n", path, pcap_geterr(capture));
		good = false;
	}
	if (good && frames->count == 0) {
		fprintf(stderr, "frame_sender: no frames in %s\n", path);
		good = false;
	}
	pcap_close(capture);
	return good;
}

static bool stay_on_cpu(unsigned long cpu)
{
	cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(MAX_CPUS);
	int result = -1;

	errno = ENOMEM;
	if (set) {
		CPU_ZERO_S(size, set);
		CPU_SET_S(cpu, size, set);
		result = sched_setaffinity(0, size, set);
		CPU_FREE(set);
	}
	if (result)
		fprintf(stderr, "frame_sender: cannot run on CPU %lu: %s\n", cpu, strerror(errno));
	return result == 0;
}

/* A socket that sends only: bound to no protocol, it receives nothing and costs the receiver nothing. */
static int open_socket(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int on = 1;

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (!address.sll_ifindex) {
		fprintf(stderr, "frame_sender: no interface %s: %s\n", interface, strerror(errno));
		return -1;
	}
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on))) {
		fprintf(stderr, "frame_sender: cannot open a packet socket on %s: %s\n", interface,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static bool send_all(int fd, const struct frames *frames, uint64_t rounds, uint64_t pause, struct sent *sent)
{
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	uint64_t total = rounds * frames->count;

	while (sent->frames < total) {
		unsigned int batch =
			total - sent->frames < BATCH ? (unsigned int)(total - sent->frames) : BATCH;

		for (unsigned int i = 0; i < batch; i++) {
			const struct frame *frame = &frames->frame[(sent->frames + i) % frames->count];

			parts[i] = (struct iovec){ .iov_base = frame->data, .iov_len = frame->length };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		int taken = sendmmsg(fd, messages, batch, 0);
		if (taken < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)) {
			sent->refused++;
			/* The receiver may be waiting for this very CPU. */
			sched_yield();
			continue;
		}
		if (taken < 0) {
			fprintf(stderr, "frame_sender: cannot send frame %" PRIu64 " of %zu bytes: %s\n",
				sent->frames, parts[0].iov_len, strerror(errno));
			return false;
		}
		for (int i = 0; i < taken; i++)
			sent->bytes += parts[i].iov_len;
		sent->frames += (uint64_t)taken;
		if (pause)
			usleep((useconds_t)pause);
	}
	return true;
}

static bool parse_number(const char *text, uint64_t limit, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end && *number <= limit;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "interface", required_argument, NULL, 'i' },
		{ "frame", required_argument, NULL, 'f' },
		{ "pcap", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'n' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "pause", required_argument, NULL, 's' },
		{ 0 },
	};
	const char *interface = NULL, *hex = NULL, *pcap = NULL;
	struct frames frames = { 0 };
	struct sent sent = { 0 };
	uint64_t count = 1, cpu = 0, pause = 0;
	bool good = true, pinned = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'i')
			interface = optarg;
		else if (option == 'f')
			hex = optarg;
		else if (option == 'p')
			pcap = optarg;
		else if (option == 'n')
			good = good && parse_number(optarg, UINT32_MAX, &count);
		else if (option == 's')
			good = good && parse_number(optarg, 999999, &pause);
		else if (option == 'c')
			good = pinned = good && parse_number(optarg, MAX_CPUS - 1, &cpu);
		else
			good = false;
	}
	if (!good || !interface || !hex == !pcap || optind != argc) {
		fputs(usage, stderr);
		return 2;
	}

	good = (!pinned || stay_on_cpu(cpu)) && (hex ? read_hex(&frames, hex) : read_pcap(&frames, pcap));
	int fd = good ? open_socket(interface) : -1;
	if (fd >= 0) {
		good = send_all(fd, &frames, count, pause, &sent);
		printf("{\"frames\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"refused\": %" PRIu64 "}\n",
		       sent.frames, sent.bytes, sent.refused);
		close(fd);
	}
	for (size_t i = 0; i < frames.count; i++)
		free(frames.frame[i].data);
	free(frames.frame);
	return fd >= 0 && good ? 0 : 1;
}
