/* SPDX-License-Identifier: PostgreSQL */
/*
 * memory.c: the host's arena, with sizes that cannot overflow.
 */
#include "base/base.h"

#include <string.h>

ml_status
ml_memory_check(ml_host *host, double bytes)
{
	if (host->room == NULL || bytes <= host->room(host->context))
		return ML_OK;
	host->fault.bytes = bytes < (double) (SIZE_MAX / 2) ? (size_t) bytes : SIZE_MAX / 2;
	return ML_MEMORY;
}

/* A product past SIZE_MAX is refused. */
void *
ml_alloc_raw(ml_host *host, int64_t count, size_t size)
{
	void *memory = NULL;

	if (count < 0 || (size > 0 && (uint64_t) count > SIZE_MAX / 2 / size))
		host->fault.bytes = SIZE_MAX;
	else
	{
		size *= (size_t) count;
		memory = host->alloc(host->context, size > 0 ? size : 1);
		if (memory == NULL)
			host->fault.bytes = size;
	}
	return memory;
}

/* Zeroed room for count items, or NULL with fault.bytes set. */
void *
ml_alloc_array(ml_host *host, int64_t count, size_t size)
{
	void *memory = ml_alloc_raw(host, count, size);

	if (memory != NULL)
		memset(memory, 0, (size_t) count * size);
	return memory;
}

void *
ml_alloc(ml_host *host, size_t size)
{
	return ml_alloc_array(host, 1, size);
}

ml_status
ml_branch_open(ml_host *host)
{
	return host->branch == NULL || host->branch(host->context) ? ML_OK : ML_MEMORY;
}

ml_status
ml_branch_close(ml_host *host, void **keep, size_t size)
{
	void *kept;

	if (host->prune == NULL)
		return ML_OK;
	kept = host->prune(host->context, keep != NULL ? *keep : NULL, size);
	if (keep == NULL)
		return ML_OK;
	*keep = kept;
	if (kept != NULL)
		return ML_OK;
	host->fault.bytes = size;
	return ML_MEMORY;
}

bool
ml_stop(ml_host *host)
{
	return host->stop != NULL && host->stop(host->context);
}

void
ml_progress(ml_host *host, ml_stage stage, double done, double total)
{
	if (host->progress != NULL)
		host->progress(host->context, stage, done, total);
}

ml_status
ml_fail(ml_host *host, ml_status status, int column, int64_t row)
{
	host->fault.column = column;
	host->fault.row = row;
	return status;
}
