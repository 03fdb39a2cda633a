/* SPDX-License-Identifier: PostgreSQL */
/*
 * sort.h: a merge sort over the caller's work space.
 */
#ifndef ML_SORT_H
#define ML_SORT_H

#include "base/host.h"

/* Less than, equal to or greater than zero, as a comes before, with or after b. */
typedef int (*ml_compare)(const void *context, uint32_t a, uint32_t b);

extern ml_status ml_sort_indexes(ml_host *host, uint32_t *index, uint32_t *work,
                                 int64_t count, ml_compare compare, const void *context);
extern ml_status
ml_sort_numbers(ml_host *host, const double *number, int64_t count, uint32_t *index);

#endif
