/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_model_bytes.c: the bytes of a model.
 *
 * The header is made right, checksum included, so that what lies behind it is read;
 * an input whose first byte is odd keeps the header it has.
 */
#include "fuzz.h"

#define HEADER 16

static void
make_header(unsigned char *bytes, size_t length)
{
	uint64_t hash = ml_hash_bytes(bytes + HEADER, (int64_t) (length - HEADER));

	memcpy(bytes, "CIAM\1\0\0\0", 8);
	for (int i = 0; i < 8; i++)
		bytes[8 + i] = (unsigned char) (hash >> (8 * i));
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	arena a = {0};
	ml_host host = {.alloc = arena_alloc, .context = &a, .threads = 1};
	unsigned char *bytes = malloc(length + 1);
	ml_model *model;

	memcpy(bytes, data, length);
	if (length > HEADER && bytes[0] % 2 == 0)
		make_header(bytes, length);
	if (ml_model_decode(&host, bytes, length, &model) == ML_OK)
		check_model(&host, model);
	free(bytes);
	arena_free(&a);
	return 0;
}
