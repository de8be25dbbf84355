/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpfxx for C, and for whatever calls C: BPF maps without types, memory-mapped arrays, and the proof that a map's
 * layout is that of a struct. C11 or C++; link with -lbpfxx.
 *
 * Results: every function that can fail returns 0 or a positive number, or a negative errno. No exception leaves it;
 * -ENOMEM where memory ran out. Errors without an errno of their own have one by their kind:
 *   -ENOENT not there   -EPERM, -EACCES a right is missing   -EBUSY, -EEXIST somebody else has it
 *   -EMEDIUMTYPE of another kind, size or layout   -EOPNOTSUPP this kernel cannot do it   -EINVAL a wrong argument
 * After a negative result bpfxx_last_error() has the whole story in one line. Two results are too frequent, or not ours,
 * to tell a story: an absent key, whose line names neither map nor key, and what a visitor returns, which has none.
 *
 * Ownership: what a function gives through a `**` is the caller's, to be ended by the function that its comment names.
 * Where it fails it gives NULL, whatever was there before. Ending NULL does nothing. What is borrowed says so. Pointers that are passed in are not kept behind the call.
 *
 * Threads: a map, a view and a layout may be used by several threads at once, and be ended by one, when no other uses
 * it any more.
 *
 * Stability: a program that is linked with one version runs with later ones of the same SONAME. Functions are only
 * added. Structures carry their size, set by the caller, and grow only at their end.
 */
#ifndef BPFXX_BPFXX_H
#define BPFXX_BPFXX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface; a library may offer a later one than the header that a program was built with. */
#define BPFXX_C_VERSION 1
uint32_t bpfxx_c_version(void);

/* This thread's last error: "cannot OPERATION OBJECT: CAUSE; HINT"; "" where there was none. Borrowed: valid until the
 * next call of a bpfxx function in this thread that fails. */
const char *bpfxx_last_error(void);
/* Its further lines, such as the table of differences of two layouts; "" where it has none. Borrowed in the same way. */
const char *bpfxx_last_error_detail(void);

/* Maps. */

struct bpfxx_map;
struct bpfxx_type;

struct bpfxx_map_info {
	size_t this_size;    /* set it to sizeof(struct bpfxx_map_info) before the call */
	uint32_t id;         /* of the kernel */
	uint32_t type;       /* enum bpf_map_type */
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes, of one CPU */
	uint32_t max_entries;
	uint32_t flags;     /* BPF_F_* */
	uint32_t btf_id;    /* 0: the map was made without BTF */
	uint32_t cpus;      /* values of an entry: possible CPUs in a per-CPU map, else 1 */
	size_t lookup_size; /* bytes of the buffer for one entry's values, of all CPUs in a per-CPU map */
	char name[16];      /* at most 15 characters */
	char type_name[48]; /* "array", "percpu_hash"; "type 99" where this library knows none */
};

/* Opens a map. End it with bpfxx_map_close(). By number or name CAP_SYS_ADMIN is needed; by name -EBUSY where several
 * have it. bpfxx_map_open_fd() borrows the descriptor and opens the same map once more. -EMEDIUMTYPE where a pin or a
 * descriptor is no map. */
int bpfxx_map_open_pin(const char *path, struct bpfxx_map **map);
int bpfxx_map_open_id(uint32_t id, struct bpfxx_map **map);
int bpfxx_map_open_name(const char *name, struct bpfxx_map **map);
int bpfxx_map_open_fd(int fd, struct bpfxx_map **map);
/* Makes a map, with BTF of key and value where the kernel takes that for its kind. It lives as long as somebody holds or
 * pins it. Needs CAP_BPF. NULL in place of a type: the kind has no keys, or no values. */
int bpfxx_map_create(uint32_t type, const char *name, const struct bpfxx_type *key,
		     const struct bpfxx_type *value, uint32_t max_entries, uint32_t flags,
		     struct bpfxx_map **map);
void bpfxx_map_close(struct bpfxx_map *map);

int bpfxx_map_get_info(const struct bpfxx_map *map, struct bpfxx_map_info *info);
/* Its descriptor, borrowed: it is closed with the map. */
int bpfxx_map_fd(const struct bpfxx_map *map);
/* Pins it; -EEXIST where something is there. */
int bpfxx_map_pin(const struct bpfxx_map *map, const char *path);

/* Keys and values are the kernel's bytes. Sizes are those of the caller's buffers: at least key_size, and lookup_size,
 * of bpfxx_map_info; -EINVAL where one is too short. An absent key is -ENOENT. Of a queue or stack a lookup shows the
 * next value, which stays: key NULL, size 0. */
int bpfxx_map_lookup(const struct bpfxx_map *map, const void *key, size_t key_size, void *value,
		     size_t value_size);
enum bpfxx_update {
	BPFXX_UPDATE_ANY = 0,
	BPFXX_UPDATE_INSERT = 1, /* -EEXIST where the key is there */
	BPFXX_UPDATE_REPLACE = 2 /* -ENOENT where it is not */
};
/* -E2BIG where the map is full. @mode: enum bpfxx_update */
int bpfxx_map_update(const struct bpfxx_map *map, const void *key, size_t key_size, const void *value,
		     size_t value_size, uint32_t mode);
int bpfxx_map_erase(const struct bpfxx_map *map, const void *key, size_t key_size);
/* Reads and erases in one step; kernel 5.14 for hash maps. The way to take from a queue or stack: key NULL, size 0. */
int bpfxx_map_take(const struct bpfxx_map *map, const void *key, size_t key_size, void *value,
		   size_t value_size);
/* The key behind another in the map's own order; the first where `previous` is NULL or no longer there. -ENOENT: there is
 * no more. Both buffers have key_size bytes. */
int bpfxx_map_next_key(const struct bpfxx_map *map, const void *previous, void *next, size_t key_size);

/* Gets the context of the caller and one entry, borrowed for the call. Not 0 ends it. It must not throw or jump away. */
typedef int (*bpfxx_visit)(void *context, const void *key, const void *value);
/* Visits every entry, in batches where the kernel has them (5.6). An entry that is there all the while is visited.
 * Returns what the visitor returned last, or a negative errno: a visitor that returns numbers above 0 is told apart from
 * a failure. Of what it returns bpfxx_last_error() knows nothing. */
int bpfxx_map_for_each(const struct bpfxx_map *map, bpfxx_visit visit, void *context);

/* One CPU's value in what a lookup or a visit gave, and in what an update takes, of a per-CPU map; borrowed, of value_size
 * bytes. In other maps CPU 0 has the only one. NULL: there is no such CPU. */
const void *bpfxx_map_cpu_value(const struct bpfxx_map *map, const void *values, uint32_t cpu);
void *bpfxx_map_cpu_value_mutable(const struct bpfxx_map *map, void *values, uint32_t cpu);

/* Layouts: a struct of the caller's against the map's BTF. */

enum bpfxx_kind {
	BPFXX_UNSIGNED = 1, /* of 1 to 16 bytes, as all integers */
	BPFXX_SIGNED = 2,
	BPFXX_BIG_ENDIAN = 3, /* unsigned, as __be32 */
	BPFXX_LITTLE_ENDIAN = 4,
	BPFXX_BOOL = 5,
	BPFXX_CHAR = 6,
	BPFXX_FLOAT = 7, /* of 4 or 8 bytes */
	BPFXX_ENUM = 8,  /* with a sign: BPFXX_SIGNED takes it */
	BPFXX_STRUCT = 9,
	BPFXX_UNION = 10
};

#define BPFXX_MOST_DIMENSIONS 4

/* A field. Zeros after the kind: it is one scalar. */
struct bpfxx_field {
	const char *name;
	uint32_t offset;                            /* bytes from the start of the struct */
	uint32_t size;                              /* bytes, of the whole array where it is one */
	uint32_t kind;                              /* enum bpfxx_kind, of an array's elements */
	uint32_t dimensions[BPFXX_MOST_DIMENSIONS]; /* elements of an array, outermost first; 0 ends them */
	const struct bpfxx_type *type;              /* of a BPFXX_STRUCT or BPFXX_UNION */
};

/* A type: a scalar, or a struct or union with those fields that the caller wants compared and read. */
struct bpfxx_type {
	size_t this_size;  /* sizeof(struct bpfxx_type) */
	size_t field_size; /* sizeof(struct bpfxx_field) */
	const char *name;  /* of a struct, union or enum */
	uint32_t size;     /* bytes */
	uint32_t kind;     /* enum bpfxx_kind */
	uint32_t field_count;
	const struct bpfxx_field *fields;
};

/* Initialisers: BPFXX_C_FIELD(struct flow, packets, BPFXX_UNSIGNED); BPFXX_C_ARRAY for an array of one dimension. */
#define BPFXX_C_SIZE(type, member) ((uint32_t)sizeof(((type *)0)->member))
#define BPFXX_C_FIELD(type, member, kind)                                                                    \
	{ #member, (uint32_t)offsetof(type, member), BPFXX_C_SIZE(type, member), kind, { 0, 0, 0, 0 }, NULL }
#define BPFXX_C_ARRAY(type, member, kind)                                                                    \
	{ #member,                                                                                           \
	  (uint32_t)offsetof(type, member),                                                                  \
	  BPFXX_C_SIZE(type, member),                                                                        \
	  kind,                                                                                              \
	  { BPFXX_C_SIZE(type, member) / BPFXX_C_SIZE(type, member[0]), 0, 0, 0 },                           \
	  NULL }
#define BPFXX_C_STRUCT(name, type, fields)                                                                   \
	{ sizeof(struct bpfxx_type),                                                                         \
	  sizeof(struct bpfxx_field),                                                                        \
	  name,                                                                                              \
	  (uint32_t)sizeof(type),                                                                            \
	  BPFXX_STRUCT,                                                                                      \
	  (uint32_t)(sizeof(fields) / sizeof((fields)[0])),                                                  \
	  fields }
#define BPFXX_C_SCALAR(type, kind)                                                                           \
	{ sizeof(struct bpfxx_type), sizeof(struct bpfxx_field), NULL, (uint32_t)sizeof(type), kind, 0, NULL }

struct bpfxx_layout;

enum bpfxx_outcome {
	BPFXX_SAME = 0, /* byte for byte: the struct may be copied */
	BPFXX_COMPATIBLE =
		1, /* every field is there, elsewhere or among others: bpfxx_layout_read() finds them */
	BPFXX_INCOMPATIBLE = 2 /* a field is missing or of another type */
};

/* Compares the map's values, or its keys, with a type. Returns an enum bpfxx_outcome, or a negative errno where nothing
 * can be compared: -EMEDIUMTYPE without BTF, -EPERM where it may not be read (CAP_SYS_ADMIN); who knows the layout all the
 * same compares the sizes in bpfxx_map_info, and takes the bytes of a lookup for the struct. @layout may be NULL; end it with
 * bpfxx_layout_free(). */
int bpfxx_map_check_value(const struct bpfxx_map *map, const struct bpfxx_type *type,
			  struct bpfxx_layout **layout);
int bpfxx_map_check_key(const struct bpfxx_map *map, const struct bpfxx_type *type,
			struct bpfxx_layout **layout);
void bpfxx_layout_free(struct bpfxx_layout *layout);
int bpfxx_layout_outcome(const struct bpfxx_layout *layout);
/* All differences, a line for each with its newline; "" where there are none. Borrowed from the layout. */
const char *bpfxx_layout_table(const struct bpfxx_layout *layout);
/* Copies one value of the map's, of one CPU, into the caller's struct, each field to its place; the rest of the struct is
 * left as it is. -EMEDIUMTYPE where the layout is incompatible. */
int bpfxx_layout_read(const struct bpfxx_layout *layout, const void *value, size_t value_size, void *to,
		      size_t to_size);

/* Views: an array with BPF_F_MMAPABLE (kernel 5.5), mapped read-only. From then on reading makes no system call, needs no
 * right, and the map may be closed. Each aligned word of up to 8 bytes is read atomically, a value as a whole is not. */

struct bpfxx_view;

/* -EOPNOTSUPP where the map is not mmapable. End it with bpfxx_view_close(). */
int bpfxx_view_open(const struct bpfxx_map *map, struct bpfxx_view **view);
void bpfxx_view_close(struct bpfxx_view *view);
uint32_t bpfxx_view_count(const struct bpfxx_view *view);      /* entries */
uint32_t bpfxx_view_value_size(const struct bpfxx_view *view); /* bytes */
/* One value; -ENOENT beyond the last. */
int bpfxx_view_read(const struct bpfxx_view *view, uint32_t index, void *to, size_t to_size);
/* The same into the caller's struct, as bpfxx_layout_read() does. */
int bpfxx_view_read_as(const struct bpfxx_view *view, const struct bpfxx_layout *layout, uint32_t index,
		       void *to, size_t to_size);
/* A snapshot of all values behind each other without gaps: count x value_size bytes. */
int bpfxx_view_snapshot(const struct bpfxx_view *view, void *to, size_t to_size);
/* The sums over all entries, modulo 2^64, of values that are unsigned 64-bit counters alone. Proves nothing: check the
 * layout first. @count: counters in a value, which must be value_size / 8 */
int bpfxx_view_sum(const struct bpfxx_view *view, uint64_t *sums, size_t count);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
