// SPDX-License-Identifier: BSD-2-Clause
/*
 * Stands for an xdpstat of another version: attaches a counter of another build and pins it as that would.
 *
 *     old_build OBJECT INTERFACE FOLDER SLOTS [linear]
 *
 * "linear" is for kernels before 5.18, which have no multi-buffer frames and no helper for their lengths.
 * With 0 slots it puts that build in the place of the one that is pinned there, over the same maps.
 */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/xdp_counter.h"

static void end(const char *what)
{
	fprintf(stderr, "old_build: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct bpf_map *find(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		end(name);
	return map;
}

static void pin(int fd, const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (bpf_obj_pin(fd, path) != 0)
		end(path);
}

static int open_pin(const char *folder, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		end(path);
	return fd;
}

static void use(struct bpf_map *map, const char *folder, const char *name)
{
	if (bpf_map__reuse_fd(map, open_pin(folder, name)) != 0)
		end("use the maps that are there");
}

static void exchange(int program, const char *folder)
{
	char path[256];

	if (bpf_link_update(open_pin(folder, "link"), program, NULL) != 0)
		end("exchange the program");
	snprintf(path, sizeof(path), "%s/prog", folder);
	if (unlink(path) != 0)
		end(path);
	pin(program, folder, "prog");
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	struct xdp_counter_config config = { 0 };
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *stats, *traffic;
	const bool linear = argc > 5;
	int link;

	if (argc < 5) {
		fprintf(stderr, "usage: old_build OBJECT INTERFACE FOLDER SLOTS [linear]\n");
		return 2;
	}
	/* Without a handler of one's own libbpf sets the flag of multi-buffer programs, which those kernels refuse. */
	if (linear && libbpf_register_prog_handler("xdp.frags", BPF_PROG_TYPE_XDP, BPF_XDP, NULL) < 0)
		end("load without multi-buffer frames");
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		end("open the object");
	program = bpf_object__find_program_by_name(object, XDP_COUNTER_PROGRAM);
	stats = find(object, XDP_COUNTER_STATS_MAP);
	traffic = find(object, XDP_COUNTER_TRAFFIC_MAP);
	config.slots = (__u32)atoi(argv[4]);
	if (config.slots == 0) {
		use(stats, argv[3], XDP_COUNTER_STATS_MAP);
		use(traffic, argv[3], XDP_COUNTER_TRAFFIC_MAP);
		config.slots = bpf_map__max_entries(stats);
	} else if (bpf_map__set_max_entries(stats, config.slots) != 0 ||
		   bpf_map__set_max_entries(traffic, config.slots) != 0) {
		end("size the maps");
	}
	config.private_slots = config.slots > 1 ? config.slots - 1 : 0;
	config.breakdown = 1;
	config.length = XDP_COUNTER_LENGTH_HELPER;
	if (linear)
		config.length = XDP_COUNTER_LENGTH_LINEAR;
	if (bpf_map__set_initial_value(find(object, ".rodata"), &config, sizeof(config)) != 0)
		end("set the configuration");
	if (bpf_object__load(object) != 0)
		end("load the object");

	if (atoi(argv[4]) == 0) {
		exchange(bpf_program__fd(program), argv[3]);
		return 0;
	}
	link = bpf_link_create(bpf_program__fd(program), (int)if_nametoindex(argv[2]), BPF_XDP, &options);
	if (link < 0)
		end("attach");
	if (mkdir(argv[3], 0755) != 0)
		end("make the folder");
	pin(bpf_map__fd(stats), argv[3], XDP_COUNTER_STATS_MAP);
	pin(bpf_map__fd(traffic), argv[3], XDP_COUNTER_TRAFFIC_MAP);
	pin(bpf_program__fd(program), argv[3], "prog");
	pin(link, argv[3], "link");
	return 0;
}
