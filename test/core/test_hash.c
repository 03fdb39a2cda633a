/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_hash.c: hashes are part of the model's contract, so their values are pinned.
 */
#include "test.h"

/* The first outputs of SplitMix64 from seed 1234567, as published with the generator. */
static void
mixes_as_published(test_host *t)
{
	static const uint64_t output[] = {
	    UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
	    UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
	    UINT64_C(16408922859458223821)};
	uint64_t state = 1234567;

	(void) t;
	for (int i = 0; i < 5; i++)
		CHECK(test_random(&state) == output[i]);
}

/* The text of hash.c, byte by byte. */
static uint64_t
hash_slowly(const unsigned char *bytes, int64_t length)
{
	uint64_t hash = ml_hash_mix((uint64_t) length + 1);

	for (int64_t first = 0; first < length; first += 8)
	{
		uint64_t word = 0;

		for (int64_t i = first + 7; i >= first; i--)
			word = word << 8 | (i < length ? bytes[i] : 0);
		hash = ml_hash_mix(hash + UINT64_C(0x9e3779b97f4a7c15) + word);
	}
	return hash;
}

static void
hashes_every_length(test_host *t)
{
	unsigned char *bytes;
	uint64_t state = 1, seen[100];

	for (int length = 0; length < 100; length++)
	{
		/* a piece of exactly this length: one byte too far is seen */
		bytes = ml_alloc(&t->core, (size_t) length);
		for (int i = 0; i < length; i++)
			bytes[i] = (unsigned char) test_random(&state);
		seen[length] = ml_hash_bytes(bytes, length);
		CHECK(seen[length] == hash_slowly(bytes, length));
		for (int i = 0; i < length; i++)
			CHECK(seen[i] != seen[length]);
	}
}

static void
keeps_its_values(test_host *t)
{
	(void) t;
	CHECK(ml_hash_bytes("", 0) == UINT64_C(0x5692161d100b05e5));
	CHECK(ml_hash_bytes("customer-42", 11) == UINT64_C(0xc796f7cf8e24031b));
	CHECK(ml_hash_number(0) == UINT64_C(0));
	CHECK(ml_hash_number(1) == UINT64_C(0x2a20cd80798dae26));
	CHECK(ml_hash_number(-1234.5) == UINT64_C(0x5192ede89c69d4b3));
	CHECK(ml_hash_number(NAN) == UINT64_C(0x469bf2dcc1aa179b));
	CHECK(ml_hash_add(1, 2) == UINT64_C(0x1d0b14e4db018fed));
}

static void
tells_padding_from_content(test_host *t)
{
	(void) t;
	CHECK(ml_hash_bytes("a", 1) != ml_hash_bytes("a\0", 2));
	CHECK(ml_hash_bytes("", 0) != ml_hash_bytes("\0", 1));
	CHECK(ml_hash_bytes("12345678", 8) != ml_hash_bytes("12345678\0", 9));
	CHECK(ml_hash_add(ml_hash_add(0, 1), 2) != ml_hash_add(ml_hash_add(0, 2), 1));
}

static void
knows_equal_numbers(test_host *t)
{
	uint64_t bits = UINT64_C(0xfff8000000000123);
	double other_nan;

	(void) t;
	memcpy(&other_nan, &bits, sizeof bits);
	CHECK(ml_hash_number(0.0) == ml_hash_number(-0.0));
	CHECK(ml_hash_number(NAN) == ml_hash_number(other_nan));
	CHECK(ml_hash_number(1) != ml_hash_number(-1));
	CHECK(ml_hash_number(INFINITY) != ml_hash_number(-INFINITY));
	CHECK(ml_hash_number(1) != ml_hash_number(1 + DBL_EPSILON));
}

/* A flipped bit flips each bit of the hash half of the time: within 5 sd over 4096 trials. */
static void
spreads_every_bit(test_host *t)
{
	uint64_t state = 3;

	(void) t;
	for (int in = 0; in < 64; in++)
	{
		int flips[64] = {0};

		for (int trial = 0; trial < 4096; trial++)
		{
			uint64_t x = test_random(&state);
			uint64_t apart = ml_hash_mix(x) ^ ml_hash_mix(x ^ UINT64_C(1) << in);

			for (int out = 0; out < 64; out++)
				flips[out] += (int) (apart >> out & 1);
		}
		for (int out = 0; out < 64; out++)
			CHECK(abs(flips[out] - 2048) < 5 * 32);
	}
}

TEST_MAIN({mixes_as_published, "the mixer gives the published numbers of SplitMix64"},
          {hashes_every_length, "bytes of every length hash as described, all apart"},
          {keeps_its_values, "hashes are the values that stored models were split by"},
          {tells_padding_from_content, "zero bytes and order count"},
          {knows_equal_numbers, "zeros hash alike, and all NaNs"},
          {spreads_every_bit, "every bit reaches every bit"})
