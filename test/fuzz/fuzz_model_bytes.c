/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_model_bytes.c: the bytes of a model.
 *
 * They are read as they are, and once more with a right header, checksum included, so
 * that what lies behind it is reached.
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

static void
read_bytes(const unsigned char *bytes, size_t length)
{
	arena a = {0};
	ml_host host = {.alloc = arena_alloc, .context = &a, .threads = 1};
	ml_model *model;
	ml_status status = ml_model_decode(&host, bytes, length, &model);

	must(status == ML_OK || status == ML_BAD_MODEL || status == ML_NEW_FORMAT ||
	     status == ML_MEMORY);
	if (status == ML_OK)
		check_model(&host, model);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	/* of exactly this length, so that a step too far is seen */
	unsigned char *bytes = malloc(length);

	if (length > 0)
		memcpy(bytes, data, length);
	read_bytes(bytes, length);
	if (length > HEADER)
	{
		make_header(bytes, length);
		read_bytes(bytes, length);
	}
	free(bytes);
	return 0;
}
