/* SPDX-License-Identifier: BSD-2-Clause */
/* The same as main.cpp, in C and through the C interface alone. */
#include <bpfxx/bpfxx.h>

#include <inttypes.h>
#include <stdio.h>

#include <linux/bpf.h>

struct traffic {
	uint64_t packets;
	uint64_t bytes;
};

static const struct bpfxx_field fields[] = {
	BPFXX_C_FIELD(struct traffic, packets, BPFXX_UNSIGNED),
	BPFXX_C_FIELD(struct traffic, bytes, BPFXX_UNSIGNED),
};
static const struct bpfxx_type traffic = BPFXX_C_STRUCT("traffic", struct traffic, fields);
static const struct bpfxx_type number = BPFXX_C_SCALAR(uint32_t, BPFXX_UNSIGNED);

static int through_a_hash(struct traffic *found)
{
	const uint32_t host = 1;
	const struct traffic counted = { 7, 700 };
	struct bpfxx_map *map = NULL;
	int error = bpfxx_map_create(BPF_MAP_TYPE_HASH, "hosts", &number, &traffic, 16, 0, &map);

	if (!error)
		error = bpfxx_map_update(map, &host, sizeof(host), &counted, sizeof(counted),
					 BPFXX_UPDATE_INSERT);
	if (!error)
		error = bpfxx_map_lookup(map, &host, sizeof(host), found, sizeof(*found));
	bpfxx_map_close(map);
	return error;
}

static int through_an_array(struct traffic *sum)
{
	const struct traffic counted = { 1, 100 };
	struct bpfxx_map *map = NULL;
	struct bpfxx_view *view = NULL;
	uint64_t sums[2] = { 0, 0 };
	int error = bpfxx_map_create(BPF_MAP_TYPE_ARRAY, "slots", &number, &traffic, 2, BPF_F_MMAPABLE, &map);

	for (uint32_t slot = 0; slot < 2 && !error; slot++)
		error = bpfxx_map_update(map, &slot, sizeof(slot), &counted, sizeof(counted),
					 BPFXX_UPDATE_ANY);
	if (!error)
		error = bpfxx_map_check_value(map, &traffic, NULL); /* above 0 where the layout is another */
	if (!error)
		error = bpfxx_view_open(map, &view);
	bpfxx_map_close(map);
	if (!error)
		error = bpfxx_view_sum(view, sums, 2);
	bpfxx_view_close(view);
	sum->packets = sums[0];
	sum->bytes = sums[1];
	return error;
}

int main(void)
{
	struct traffic hash = { 0, 0 };
	struct traffic array = { 0, 0 };

	if (through_a_hash(&hash) || through_an_array(&array)) {
		fprintf(stderr, "%s\n", bpfxx_last_error());
		return 1;
	}
	printf("hash: %" PRIu64 " packets, %" PRIu64 " bytes\n", hash.packets, hash.bytes);
	printf("array: %" PRIu64 " packets, %" PRIu64 " bytes\n", array.packets, array.bytes);
	return 0;
}
