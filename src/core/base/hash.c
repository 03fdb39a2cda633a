/* SPDX-License-Identifier: PostgreSQL */
/*
 * hash.c: hashes of bytes and of numbers.
 *
 * Eight bytes at a time are read as a little-endian word and mixed in; the last
 * word is padded with zeros and the length goes in first, so "a" and "a\0" differ.
 */
#include "base/base.h"

#include <math.h>
#include <string.h>

static inline uint64_t
little_endian(const unsigned char *bytes, int width)
{
	uint64_t word = 0;

	/* compilers make one load of this */
	for (int i = 0; i < width; i++)
		word |= (uint64_t) bytes[i] << (8 * i);
	return word;
}

/* The last 1 to 7 bytes as a word, by two loads that may overlap. */
static inline uint64_t
read_rest(const unsigned char *bytes, int length)
{
	int half = length / 2;

	if (length >= 4)
		return little_endian(bytes, 4) | little_endian(bytes + length - 4, 4)
		                                     << (8 * (length - 4));
	return bytes[0] | (uint64_t) bytes[half] << (8 * half) |
	       (uint64_t) bytes[length - 1] << (8 * (length - 1));
}

uint64_t
ml_hash_bytes(const void *bytes, int64_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = ml_hash_mix((uint64_t) length + 1);

	for (; length >= 8; at += 8, length -= 8)
		hash = ml_hash_add(hash, little_endian(at, 8));
	if (length > 0)
		hash = ml_hash_add(hash, read_rest(at, (int) length));
	return hash;
}

/* All zeros hash alike, all NaNs too. */
uint64_t
ml_hash_number(double number)
{
	uint64_t bits;

	if (isnan(number))
		return ml_hash_mix(UINT64_C(0x7ff8000000000000));
	number += 0.0;
	memcpy(&bits, &number, sizeof bits);
	return ml_hash_mix(bits);
}
