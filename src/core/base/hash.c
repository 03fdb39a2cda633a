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

static uint64_t
read_word(const unsigned char *bytes, int64_t length)
{
	uint64_t word = 0;

	for (int64_t i = 0; i < length; i++)
		word |= (uint64_t) bytes[i] << (8 * i);
	return word;
}

uint64_t
ml_hash_bytes(const void *bytes, int64_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = ml_hash_mix((uint64_t) length + 1);

	for (; length >= 8; at += 8, length -= 8)
		hash = ml_hash_add(hash, read_word(at, 8));
	if (length > 0)
		hash = ml_hash_add(hash, read_word(at, length));
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
