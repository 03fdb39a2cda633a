/* SPDX-License-Identifier: PostgreSQL */
/*
 * hash.h: 64-bit hashes that are the same on every machine and in every release.
 *
 * Row keys decide on which side of the holdout a customer falls, for as long as
 * the model lives, so these functions are part of the model's contract.
 */
#ifndef ML_HASH_H
#define ML_HASH_H

#include <stdint.h>

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of x reaches every
 * bit of the result. */
static inline uint64_t
ml_hash_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Adds one more hash to a running one; the order matters. */
static inline uint64_t
ml_hash_add(uint64_t hash, uint64_t next)
{
	return ml_hash_mix(hash + UINT64_C(0x9e3779b97f4a7c15) + next);
}

/* SplitMix64's next number of at least 0 and less than 1; the state is any number at first. */
static inline double
ml_hash_uniform(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return (double) (ml_hash_mix(*state) >> 11) * 0x1p-53;
}

extern uint64_t ml_hash_bytes(const void *bytes, int64_t length);
extern uint64_t ml_hash_number(double number);

#endif
