/* SPDX-License-Identifier: PostgreSQL */
/*
 * base.h: the ground floor of the core, and its table of contents.
 *
 *	host.h		the door: arena, stop, progress, statuses
 *	hash.h		64-bit hashes of bytes and numbers, the same on every machine
 *	value.h		JSON-shaped values and their compact binary form
 *	parallel.h	loops over tasks on a small pool of threads
 *	linalg.h	the few dense matrix operations, by BLAS or by the portable twin
 *	exact.h		sums of doubles without rounding
 *	count.h		searching among edges without a branch
 *	sort.h		stable sorts that need no allocation of their own
 *	special.h	log gamma, its derivatives, incomplete gamma and beta functions
 *	distribution.h	tails and quantiles of normal, t, F and chi-squared
 */
#ifndef ML_BASE_H
#define ML_BASE_H

#include "base/host.h"
#include "base/hash.h"
#include "base/value.h"
#include "base/parallel.h"
#include "base/linalg.h"
#include "base/exact.h"
#include "base/count.h"
#include "base/sort.h"
#include "base/special.h"
#include "base/distribution.h"

#endif
