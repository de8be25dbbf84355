/* SPDX-License-Identifier: BSD-2-Clause */
/* The C interface on real maps: what it answers, and with which errno. */
#include "c_test.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct bpfxx_field flow_fields[] = {
	BPFXX_C_FIELD(struct flow, packets, BPFXX_UNSIGNED),
	BPFXX_C_FIELD(struct flow, bytes, BPFXX_UNSIGNED),
	BPFXX_C_FIELD(struct flow, port, BPFXX_UNSIGNED),
	BPFXX_C_ARRAY(struct flow, name, BPFXX_CHAR),
};
const struct bpfxx_type flow_type = BPFXX_C_STRUCT("flow", struct flow, flow_fields);
const struct bpfxx_type number_type = BPFXX_C_SCALAR(uint32_t, BPFXX_UNSIGNED);

struct bpfxx_map *make_map(uint32_t type, uint32_t entries, uint32_t flags)
{
	struct bpfxx_map *map = NULL;

	EXPECT(bpfxx_map_create(type, "c_flows", &number_type, &flow_type, entries, flags, &map) == 0);
	return map;
}

static int update(struct bpfxx_map *map, uint32_t key, uint64_t packets, uint32_t mode)
{
	const struct flow value = { packets, 2 * packets, 443, "https" };

	return bpfxx_map_update(map, &key, sizeof(key), &value, sizeof(value), mode);
}

static void test_operations(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_HASH, 2, 0);
	struct flow value;
	uint32_t key = 7;

	EXPECT(bpfxx_map_lookup(map, &key, sizeof(key), &value, sizeof(value)) == -ENOENT);
	EXPECT(strstr(bpfxx_last_error(), "not there") != NULL);
	EXPECT(update(map, 7, 1, BPFXX_UPDATE_REPLACE) == -ENOENT);
	EXPECT(update(map, 7, 1, BPFXX_UPDATE_INSERT) == 0);
	EXPECT(update(map, 7, 1, BPFXX_UPDATE_INSERT) == -EEXIST);
	EXPECT(update(map, 7, 9, BPFXX_UPDATE_ANY) == 0);
	EXPECT(update(map, 7, 9, 3) == -EINVAL);
	EXPECT(update(map, 8, 1, BPFXX_UPDATE_ANY) == 0);
	EXPECT(update(map, 9, 1, BPFXX_UPDATE_ANY) == -E2BIG);
	EXPECT(strstr(bpfxx_last_error(), "it is full; it holds 2 entries") != NULL);
	EXPECT(bpfxx_map_lookup(map, &key, sizeof(key), &value, sizeof(value)) == 0);
	EXPECT(value.packets == 9 && value.bytes == 18 && strcmp(value.name, "https") == 0);
	EXPECT(bpfxx_map_lookup(map, &key, 3, &value, sizeof(value)) == -EINVAL);
	EXPECT(bpfxx_map_lookup(map, &key, sizeof(key), &value, sizeof(value) - 1) == -EINVAL);
	EXPECT(bpfxx_map_lookup(map, NULL, sizeof(key), &value, sizeof(value)) == -EINVAL);
	EXPECT(bpfxx_map_erase(map, &key, sizeof(key)) == 0);
	EXPECT(bpfxx_map_erase(map, &key, sizeof(key)) == -ENOENT);
	bpfxx_map_close(map);
}

static int add_up(void *context, const void *key, const void *value)
{
	uint64_t *sums = context;
	uint32_t number;
	struct flow flow;

	memcpy(&number, key, sizeof(number));
	memcpy(&flow, value, sizeof(flow));
	sums[0] += number;
	sums[1] += flow.packets;
	return number == 1000 ? 42 : 0;
}

static void test_iteration(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_HASH, 600, 0);
	uint64_t sums[2] = { 0, 0 };
	uint64_t seen = 0;
	uint32_t key;
	int more;

	for (key = 0; key < 500; key++)
		EXPECT(update(map, key, key * 2, BPFXX_UPDATE_ANY) == 0);
	EXPECT(bpfxx_map_for_each(map, add_up, sums) == 0);
	EXPECT(sums[0] == 500 * 499 / 2 && sums[1] == 500 * 499);

	for (more = bpfxx_map_next_key(map, NULL, &key, sizeof(key)); more == 0;
	     more = bpfxx_map_next_key(map, &key, &key, sizeof(key)))
		seen += key;
	EXPECT(more == -ENOENT && seen == 500 * 499 / 2);

	EXPECT(update(map, 1000, 1, BPFXX_UPDATE_ANY) == 0);
	EXPECT(bpfxx_map_for_each(map, add_up, sums) == 42); /* what the visitor said */
	bpfxx_map_close(map);
}

static void test_opening(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_HASH, 2, 0);
	struct bpfxx_map *again = NULL;
	struct bpfxx_map_info info = { .this_size = sizeof(info) };
	struct bpfxx_map_info other = { .this_size = sizeof(other) };

	EXPECT(bpfxx_map_get_info(map, &info) == 0);
	EXPECT(info.type == BPF_MAP_TYPE_HASH && info.key_size == 4 &&
	       info.value_size == sizeof(struct flow));
	EXPECT(info.max_entries == 2 && info.cpus == 1 && info.lookup_size == sizeof(struct flow) &&
	       info.btf_id != 0);
	EXPECT(strcmp(info.name, "c_flows") == 0 && strcmp(info.type_name, "hash") == 0);
	other.this_size = 8;
	EXPECT(bpfxx_map_get_info(map, &other) == -EINVAL);
	other.this_size = sizeof(other);

	EXPECT(bpfxx_map_open_id(info.id, &again) == 0);
	EXPECT(bpfxx_map_get_info(again, &other) == 0 && other.id == info.id);
	bpfxx_map_close(again);
	EXPECT(bpfxx_map_open_fd(bpfxx_map_fd(map), &again) == 0);
	EXPECT(bpfxx_map_fd(again) != bpfxx_map_fd(map));
	bpfxx_map_close(again);
	EXPECT(bpfxx_map_open_name("c_flows", &again) == 0);
	bpfxx_map_close(again);
	EXPECT(bpfxx_map_open_name("no such name", &again) == -ENOENT);
	EXPECT(bpfxx_map_open_id(UINT32_MAX, &again) == -ENOENT);
	EXPECT(bpfxx_map_open_pin("/nowhere/at/all", &again) == -ENOENT);
	EXPECT(strstr(bpfxx_last_error(), "/nowhere/at/all") != NULL);
	EXPECT(bpfxx_map_open_pin(NULL, &again) == -EINVAL);
	EXPECT(bpfxx_map_open_pin("/", NULL) == -EINVAL);
	EXPECT(bpfxx_map_create(BPF_MAP_TYPE_HASH, "a name that is too long", &number_type, &flow_type, 1, 0,
				&again) == -EINVAL);
	bpfxx_map_close(map);
	bpfxx_map_close(NULL);
}

/* Whatever the handle held, a call that fails leaves NULL. */
static void test_handles_of_failed_calls(void)
{
	struct bpfxx_map *const garbage = (struct bpfxx_map *)1;
	struct bpfxx_map *map = garbage;

	EXPECT(bpfxx_map_open_pin("/nowhere/at/all", &map) == -ENOENT && map == NULL);
	map = garbage;
	EXPECT(bpfxx_map_open_pin(NULL, &map) == -EINVAL && map == NULL);
	map = garbage;
	EXPECT(bpfxx_map_open_id(UINT32_MAX, &map) == -ENOENT && map == NULL);
	map = garbage;
	EXPECT(bpfxx_map_open_name("no such name", &map) == -ENOENT && map == NULL);
	map = garbage;
	EXPECT(bpfxx_map_open_fd(-1, &map) == -EBADF && map == NULL);
	map = garbage;
	EXPECT(bpfxx_map_create(9999, "c_none", &number_type, &flow_type, 1, 0, &map) < 0 && map == NULL);
	bpfxx_map_close(map);
}

static void test_descriptors_of_other_things(void)
{
	struct bpfxx_map *map = NULL;
	const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	EXPECT(file >= 0 && bpfxx_map_open_fd(file, &map) == -EMEDIUMTYPE);
	EXPECT(strstr(bpfxx_last_error(), "no BPF object, not a map") != NULL);
	close(file);

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	EXPECT(fd >= 0 && bpfxx_map_open_fd(fd, &map) == -EMEDIUMTYPE);
	EXPECT(strstr(bpfxx_last_error(), "it is a program, not a map") != NULL);
	close(fd);
}

static void test_pins(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_HASH, 2, 0);
	struct bpfxx_map *again = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/sys/fs/bpf/xs-c-%ld", (long)getpid());
	EXPECT(bpfxx_map_pin(map, path) == 0);
	EXPECT(bpfxx_map_pin(map, path) == -EEXIST);
	EXPECT(bpfxx_map_open_pin(path, &again) == 0);
	unlink(path);
	EXPECT(update(map, 1, 5, BPFXX_UPDATE_ANY) == 0);
	EXPECT(update(again, 1, 5, BPFXX_UPDATE_INSERT) == -EEXIST); /* it is the same map */
	bpfxx_map_close(again);
	bpfxx_map_close(map);
}

static void test_cpus(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0);
	struct bpfxx_map_info info = { .this_size = sizeof(info) };
	uint64_t sum = 0;
	uint32_t key = 0;
	void *values;

	EXPECT(bpfxx_map_get_info(map, &info) == 0);
	EXPECT(info.cpus == (uint32_t)sysconf(_SC_NPROCESSORS_CONF));
	EXPECT(info.lookup_size == (size_t)info.cpus * sizeof(struct flow));
	values = calloc(1, info.lookup_size);
	EXPECT(values != NULL);
	for (uint32_t cpu = 0; cpu < info.cpus; cpu++)
		((struct flow *)bpfxx_map_cpu_value_mutable(map, values, cpu))->packets = 100 + cpu;
	EXPECT(bpfxx_map_update(map, &key, sizeof(key), values, info.lookup_size, BPFXX_UPDATE_ANY) == 0);
	memset(values, 0, info.lookup_size);
	EXPECT(bpfxx_map_lookup(map, &key, sizeof(key), values, info.lookup_size) == 0);
	for (uint32_t cpu = 0; cpu < info.cpus; cpu++)
		sum += ((const struct flow *)bpfxx_map_cpu_value(map, values, cpu))->packets;
	EXPECT(sum == 100 * (uint64_t)info.cpus + (uint64_t)info.cpus * (info.cpus - 1) / 2);
	EXPECT(bpfxx_map_cpu_value(map, values, info.cpus) == NULL);
	free(values);
	bpfxx_map_close(map);
}

static void test_queue(void)
{
	struct bpfxx_map *map = NULL;
	uint32_t value = 5;

	EXPECT(bpfxx_map_create(BPF_MAP_TYPE_QUEUE, "c_queue", NULL, &number_type, 2, 0, &map) == 0);
	EXPECT(bpfxx_map_take(map, NULL, 0, &value, sizeof(value)) == -ENOENT);
	EXPECT(bpfxx_map_update(map, NULL, 0, &value, sizeof(value), BPFXX_UPDATE_ANY) == 0);
	value = 0;
	EXPECT(bpfxx_map_lookup(map, NULL, 0, &value, sizeof(value)) == 0 && value == 5); /* it stays */
	value = 0;
	EXPECT(bpfxx_map_take(map, NULL, 0, &value, sizeof(value)) == 0 && value == 5);
	EXPECT(bpfxx_map_for_each(map, add_up, &value) == -EOPNOTSUPP);
	EXPECT(bpfxx_map_check_value(map, &number_type, NULL) == -EMEDIUMTYPE); /* queues have no BTF */
	EXPECT(strstr(bpfxx_last_error(), "it has no BTF") != NULL);
	EXPECT(strstr(bpfxx_last_error(), "compare the sizes and copy the bytes") != NULL);
	bpfxx_map_close(map);
}

int main(void)
{
	const char *required = getenv("XDPSTAT_REQUIRE");

	if (geteuid() != 0) {
		fprintf(stderr, "root is missing, to make maps\n");
		return required && strcmp(required, "all") == 0 ? 1 : 77;
	}
	EXPECT(bpfxx_c_version() == BPFXX_C_VERSION);
	EXPECT(*bpfxx_last_error() == '\0' && *bpfxx_last_error_detail() == '\0');
	test_operations();
	test_iteration();
	test_opening();
	test_handles_of_failed_calls();
	test_descriptors_of_other_things();
	test_pins();
	test_cpus();
	test_queue();
	test_layouts();
	test_views();
	return 0;
}
