// SPDX-License-Identifier: BSD-2-Clause
/*
 * guest_neighbour IFACE VERB PROGRAM [PRIORITY]: another program on the interface, as its owners load it.
 *
 *     load      put it into libxdp's dispatcher, as xdp-loader does
 *     unload    take it out again
 *     seen      print how many frames it has seen; it must be in the dispatcher
 *     pinned    print libxdp's pins of programs of that name, in whichever dispatcher
 *     plain     attach it without a dispatcher, by a link pinned at /sys/fs/bpf/neighbour
 *     bpfman    the same, pinned as bpfman pins its dispatcher, with neighbour_pass as the program behind it
 */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "neighbours.skel.h"

static int fail(const char *operation, int error)
{
	fprintf(stderr, "guest_neighbour: %s: %s\n", operation, strerror(error < 0 ? -error : error));
	return 1;
}

/* The program of this name in the dispatcher; the caller closes what holds it. */
static struct xdp_program *find(struct xdp_multiprog *programs, const char *name)
{
	struct xdp_program *program = NULL;

	while ((program = xdp_multiprog__next_prog(program, programs)))
		if (strcmp(xdp_program__name(program), name) == 0)
			return program;
	return NULL;
}

static int load(int ifindex, const char *name, unsigned int priority)
{
	struct neighbours_bpf *skeleton = neighbours_bpf__open();
	struct bpf_program *other;
	DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .prog_name = name);
	struct xdp_program *program;
	int error;

	if (!skeleton)
		return fail("open", errno);
	options.obj = skeleton->obj;
	bpf_object__for_each_program(other, skeleton->obj)
		bpf_program__set_autoload(other, strcmp(bpf_program__name(other), name) == 0);
	program = xdp_program__create(&options);
	if (!program)
		return fail("create", errno);
	xdp_program__set_run_prio(program, priority);
	error = xdp_program__attach(program, ifindex, XDP_MODE_NATIVE, 0);
	return error ? fail("attach", error) : 0;
}

static int unload(int ifindex, const char *name)
{
	struct xdp_multiprog *programs = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *program = libxdp_get_error(programs) ? NULL : find(programs, name);
	int error;

	if (!program)
		return fail("find", ENOENT);
	program = xdp_program__from_id(xdp_program__id(program));
	error = xdp_program__detach(program, ifindex, XDP_MODE_NATIVE, 0);
	return error ? fail("detach", error) : 0;
}

static int seen(int ifindex, const char *name)
{
	struct xdp_multiprog *programs = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *program = libxdp_get_error(programs) ? NULL : find(programs, name);
	__u32 map = 0, key = strcmp(name, "neighbour_drop") == 0, size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 1, .map_ids = (unsigned long)&map };
	unsigned long long frames = 0;

	if (!program)
		return fail("find", ENOENT);
	if (bpf_obj_get_info_by_fd(xdp_program__fd(program), &info, &size) ||
	    bpf_map_lookup_elem(bpf_map_get_fd_by_id(map), &key, &frames))
		return fail("read the count", errno);
	printf("%llu\n", frames);
	return 0;
}

static int pinned(const char *name)
{
	glob_t paths;
	int error = glob("/sys/fs/bpf/xdp/dispatch-*/prog*-prog", 0, NULL, &paths);

	for (size_t i = 0; error == 0 && i < paths.gl_pathc; i++) {
		struct bpf_prog_info info = { .nr_map_ids = 0 };
		__u32 size = sizeof(info);
		int program = bpf_obj_get(paths.gl_pathv[i]);

		if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &size))
			return fail(paths.gl_pathv[i], errno);
		if (strcmp(info.name, name) == 0)
			puts(paths.gl_pathv[i]);
	}
	return error == 0 || error == GLOB_NOMATCH ? 0 : fail("list", errno);
}

static int pin_link(struct bpf_program *program, int ifindex, const char *path)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	int link = bpf_link_create(bpf_program__fd(program), ifindex, BPF_XDP, &options);

	return link < 0 || bpf_obj_pin(link, path) ? fail(path, errno) : 0;
}

static int plain(int ifindex)
{
	struct neighbours_bpf *skeleton = neighbours_bpf__open_and_load();

	return skeleton ? pin_link(skeleton->progs.neighbour_drop, ifindex, "/sys/fs/bpf/neighbour")
			: fail("load", errno);
}

static int bpfman(int ifindex)
{
	static const char *const folders[] = { "/run", "/run/bpfman", "/run/bpfman/fs", NULL };
	struct neighbours_bpf *skeleton = neighbours_bpf__open_and_load();
	char path[128];

	if (!skeleton)
		return fail("load", errno);
	for (int i = 0; folders[i]; i++)
		mkdir(folders[i], 0755);
	if (mount("bpf", "/run/bpfman/fs", "bpf", 0, NULL))
		return fail("mount", errno);
	mkdir("/run/bpfman/fs/xdp", 0755);
	mkdir("/run/bpfman/fs/xdp/dispatcher_1_99_1", 0755); /* of another interface */
	snprintf(path, sizeof(path), "/run/bpfman/fs/xdp/dispatcher_1_%d_2", ifindex);
	mkdir(path, 0755);
	strcat(path, "/link_0");
	/* What is behind a dispatcher hangs on it by a link of another kind; which program it is, any link tells. */
	if (pin_link(skeleton->progs.neighbour_pass, 1, path))
		return 1;
	snprintf(path, sizeof(path), "/run/bpfman/fs/xdp/dispatcher_1_%d_link", ifindex);
	return pin_link(skeleton->progs.xdp_dispatcher, ifindex, path);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	const char *program = argc > 3 ? argv[3] : "";
	int ifindex = argc > 1 ? (int)if_nametoindex(argv[1]) : 0;

	if (ifindex == 0)
		return fail("no such interface", ENODEV);
	if (strcmp(verb, "load") == 0 && argc > 4)
		return load(ifindex, program, (unsigned int)strtoul(argv[4], NULL, 10));
	if (strcmp(verb, "unload") == 0)
		return unload(ifindex, program);
	if (strcmp(verb, "seen") == 0)
		return seen(ifindex, program);
	if (strcmp(verb, "pinned") == 0)
		return pinned(program);
	if (strcmp(verb, "plain") == 0)
		return plain(ifindex);
	if (strcmp(verb, "bpfman") == 0)
		return bpfman(ifindex);
	fprintf(stderr,
		"usage: guest_neighbour IFACE load|unload|seen|pinned|plain|bpfman PROGRAM [PRIORITY]\n");
	return 2;
}
