/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts and views. */
#include "c_test.h"

/* The same names at other places, one of them missing. */
struct moved {
	char name[12];
	uint32_t port;
	uint64_t packets;
};

static const struct bpfxx_field moved_fields[] = {
	BPFXX_C_ARRAY(struct moved, name, BPFXX_CHAR),
	BPFXX_C_FIELD(struct moved, port, BPFXX_UNSIGNED),
	BPFXX_C_FIELD(struct moved, packets, BPFXX_UNSIGNED),
};
static const struct bpfxx_type moved_type = BPFXX_C_STRUCT("moved", struct moved, moved_fields);

struct other {
	uint32_t packets;
	uint64_t nothing;
};

static const struct bpfxx_field other_fields[] = {
	BPFXX_C_FIELD(struct other, packets, BPFXX_UNSIGNED),
	BPFXX_C_FIELD(struct other, nothing, BPFXX_UNSIGNED),
};
static const struct bpfxx_type other_type = BPFXX_C_STRUCT("other", struct other, other_fields);

static const struct flow sample = { 5, 500, 443, "https" };

static void test_outcomes(struct bpfxx_map *map)
{
	struct bpfxx_layout *layout = (struct bpfxx_layout *)1;
	struct moved found = { "", 0, 0 };
	struct flow same = { 0, 0, 0, "" };

	EXPECT(bpfxx_map_check_value(map, NULL, &layout) == -EINVAL && layout == NULL);
	layout = (struct bpfxx_layout *)1;
	EXPECT(bpfxx_map_check_key(map, NULL, &layout) == -EINVAL && layout == NULL);
	EXPECT(bpfxx_map_check_key(map, &number_type, NULL) == BPFXX_SAME);
	EXPECT(bpfxx_map_check_key(map, &flow_type, NULL) == BPFXX_INCOMPATIBLE);

	EXPECT(bpfxx_map_check_value(map, &flow_type, &layout) == BPFXX_SAME);
	EXPECT(bpfxx_layout_outcome(layout) == BPFXX_SAME && *bpfxx_layout_table(layout) == '\0');
	EXPECT(bpfxx_layout_read(layout, &sample, sizeof(sample), &same, sizeof(same)) == 0);
	EXPECT(memcmp(&same, &sample, sizeof(same)) == 0);
	bpfxx_layout_free(layout);

	EXPECT(bpfxx_map_check_value(map, &moved_type, &layout) == BPFXX_COMPATIBLE);
	EXPECT(strstr(bpfxx_layout_table(layout), "bridged") != NULL);
	EXPECT(strstr(bpfxx_layout_table(layout), "  C struct moved  ") != NULL);
	EXPECT(strstr(bpfxx_layout_table(layout), "C++") == NULL);
	EXPECT(bpfxx_layout_read(layout, &sample, sizeof(sample), &found, sizeof(found)) == 0);
	EXPECT(found.packets == 5 && found.port == 443 && strcmp(found.name, "https") == 0);
	EXPECT(bpfxx_layout_read(layout, &sample, sizeof(sample) - 1, &found, sizeof(found)) == -EINVAL);
	EXPECT(bpfxx_layout_read(layout, &sample, sizeof(sample), &found, sizeof(found) - 1) == -EINVAL);
	bpfxx_layout_free(layout);

	EXPECT(bpfxx_map_check_value(map, &other_type, &layout) == BPFXX_INCOMPATIBLE);
	EXPECT(strstr(bpfxx_layout_table(layout), "nothing") != NULL);
	EXPECT(strstr(bpfxx_layout_table(layout), "refused") != NULL);
	EXPECT(strstr(bpfxx_layout_table(layout), "C++") == NULL);
	EXPECT(bpfxx_layout_read(layout, &sample, sizeof(sample), &found, sizeof(found)) == -EMEDIUMTYPE);
	bpfxx_layout_free(layout);
	bpfxx_layout_free(NULL);
}

static void test_nested(void)
{
	struct inner {
		uint64_t cells[2][3];
	};
	struct outer {
		struct inner both[2];
		int32_t sign;
		float real;
	};
	static const struct bpfxx_field inner_fields[] = {
		{ "cells", 0, 48, BPFXX_UNSIGNED, { 2, 3, 0, 0 }, NULL },
	};
	static const struct bpfxx_type inner_type = BPFXX_C_STRUCT("inner", struct inner, inner_fields);
	static const struct bpfxx_field outer_fields[] = {
		{ "both", 0, 96, BPFXX_STRUCT, { 2, 0, 0, 0 }, &inner_type },
		BPFXX_C_FIELD(struct outer, sign, BPFXX_SIGNED),
		BPFXX_C_FIELD(struct outer, real, BPFXX_FLOAT),
	};
	static const struct bpfxx_type outer_type = BPFXX_C_STRUCT("outer", struct outer, outer_fields);
	static const struct bpfxx_field three_fields[] = {
		{ "cells", 0, 48, BPFXX_UNSIGNED, { 3, 2, 0, 0 }, NULL },
	};
	static const struct bpfxx_type three_type = BPFXX_C_STRUCT("inner", struct inner, three_fields);
	struct bpfxx_map *map = NULL;

	EXPECT(bpfxx_map_create(BPF_MAP_TYPE_ARRAY, "nested", &number_type, &outer_type, 1, 0, &map) == 0);
	EXPECT(bpfxx_map_check_value(map, &outer_type, NULL) == BPFXX_SAME);
	EXPECT(bpfxx_map_check_value(map, &three_type, NULL) == BPFXX_INCOMPATIBLE);
	bpfxx_map_close(map);
}

static void expect_refused(struct bpfxx_map *map, const struct bpfxx_type *type, const char *words)
{
	EXPECT(bpfxx_map_check_value(map, type, NULL) == -EINVAL);
	EXPECT(strstr(bpfxx_last_error(), words) != NULL);
}

static void test_wrong_descriptions(struct bpfxx_map *map)
{
	struct bpfxx_field fields[] = { BPFXX_C_FIELD(struct flow, packets, BPFXX_UNSIGNED) };
	struct bpfxx_type type = BPFXX_C_STRUCT("wrong", struct flow, fields);
	struct bpfxx_type endless = BPFXX_C_STRUCT("endless", struct flow, fields);

	type.this_size--;
	expect_refused(map, &type, "this_size");
	type.this_size++;
	type.field_size = 4;
	expect_refused(map, &type, "field_size");
	type.field_size = sizeof(fields[0]);
	type.field_count = 0;
	expect_refused(map, &type, "no fields");
	type.field_count = 1;
	fields[0].offset = sizeof(struct flow);
	expect_refused(map, &type, "beyond its end");
	fields[0].offset = 0;
	fields[0].size = 3;
	expect_refused(map, &type, "of a size that its kind has not");
	fields[0].size = 8;
	fields[0].dimensions[0] = 3;
	expect_refused(map, &type, "not that of so many elements");
	fields[0].dimensions[0] = 0;
	fields[0].name = NULL;
	expect_refused(map, &type, "no name");
	fields[0].name = "packets";
	fields[0].kind = BPFXX_STRUCT;
	expect_refused(map, &type, "its type is missing");
	/* A type that holds itself. */
	fields[0].type = &endless;
	fields[0].size = sizeof(struct flow);
	expect_refused(map, &endless, "too many types");
	EXPECT(bpfxx_map_check_value(map, NULL, NULL) == -EINVAL);
}

void test_layouts(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_ARRAY, 1, 0);

	test_outcomes(map);
	test_nested();
	test_wrong_descriptions(map);
	bpfxx_map_close(map);
}

void test_views(void)
{
	struct bpfxx_map *map = make_map(BPF_MAP_TYPE_ARRAY, 3, BPF_F_MMAPABLE);
	struct bpfxx_view *view = NULL;
	struct bpfxx_layout *layout = NULL;
	struct flow all[3];
	struct flow one;
	struct moved found;
	uint64_t sums[4];

	for (uint32_t key = 0; key < 3; key++) {
		one = sample;
		one.packets += key;
		EXPECT(bpfxx_map_update(map, &key, sizeof(key), &one, sizeof(one), BPFXX_UPDATE_ANY) == 0);
	}
	EXPECT(bpfxx_map_check_value(map, &moved_type, &layout) == BPFXX_COMPATIBLE);
	EXPECT(bpfxx_view_open(map, &view) == 0);
	bpfxx_map_close(map); /* the view stays */
	EXPECT(bpfxx_view_count(view) == 3 && bpfxx_view_value_size(view) == sizeof(struct flow));

	EXPECT(bpfxx_view_read(view, 2, &one, sizeof(one)) == 0 && one.packets == 7);
	EXPECT(bpfxx_view_read(view, 3, &one, sizeof(one)) == -ENOENT);
	EXPECT(bpfxx_view_read(view, 0, &one, sizeof(one) - 1) == -EINVAL);
	EXPECT(bpfxx_view_read_as(view, layout, 1, &found, sizeof(found)) == 0);
	EXPECT(found.packets == 6 && found.port == 443);
	EXPECT(bpfxx_view_read_as(view, layout, 3, &found, sizeof(found)) == -ENOENT);
	EXPECT(bpfxx_view_snapshot(view, all, sizeof(all)) == 0);
	EXPECT(all[0].packets == 5 && all[1].packets == 6 && all[2].packets == 7 && all[2].bytes == 500);
	EXPECT(bpfxx_view_snapshot(view, all, sizeof(all) - 1) == -EINVAL);
	EXPECT(bpfxx_view_sum(view, sums, 4) == 0 && sums[0] == 18 && sums[1] == 1500);
	EXPECT(bpfxx_view_sum(view, sums, 3) == -EINVAL);
	bpfxx_view_close(view);
	bpfxx_layout_free(layout);

	map = make_map(BPF_MAP_TYPE_ARRAY, 3, 0);
	view = (struct bpfxx_view *)1;
	EXPECT(bpfxx_view_open(map, &view) == -EOPNOTSUPP && view == NULL);
	bpfxx_map_close(map);
	bpfxx_view_close(NULL);
}
