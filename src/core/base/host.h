/* SPDX-License-Identifier: PostgreSQL */
/*
 * host.h: the door between the core and whoever runs it.
 *
 * The host hands in an arena, a question ("stop?"), a place to report progress
 * and, if it has one, a BLAS.  The core answers with a status and, in
 * host->fault, with the place it is about.  It never throws, never frees but by
 * the branch, and never prints; no message text crosses the door.
 *
 * The callbacks are called by the thread that entered the core, and by
 * no other; none of them may jump out of the core (no longjmp, no exceptions).
 */
#ifndef ML_HOST_H
#define ML_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ml_status
{
	ML_OK = 0,
	ML_MEMORY,           /* alloc refused; fault.bytes says how much was asked for */
	ML_STOPPED,          /* stop() said so */
	ML_NOT_FINITE,       /* an infinity; fault.column, fault.row */
	ML_NEGATIVE_WEIGHT,  /* a weight below zero; fault.row */
	ML_TARGET_BELOW,     /* a target below zero where the family takes none */
	ML_TARGET_NOT_ABOVE, /* a target of zero or less where the family takes none */
	ML_NO_OFFSET,        /* a row without offset or exposure; fault.column */
	ML_BAD_EXPOSURE,     /* an exposure of zero or less; fault.column */
	ML_NULL_ID,          /* a row without an id; fault.column, fault.row */
	ML_NO_ROWS,          /* no row with a known target and a positive weight */
	ML_NO_TRAINING_ROWS, /* all rows fell into the holdout */
	ML_NO_FEATURES,      /* every column was left out */
	ML_NO_EVIDENCE,      /* every feature has but one bin */
	ML_ONE_VALUE,        /* the target never varies */
	ML_TOO_MANY_CLASSES, /* fault.count classes, more than the learner takes */
	ML_NO_SUCH_CLASS,    /* option "positive" names no label of the target */
	ML_TOO_FEW_ROWS, /* no more training rows than coefficients, where a part needs them */
	ML_NO_CALIBRATION, /* a half of the holdout, of fault.count rows, is too small for it */
	ML_EMPTY_FOLD,     /* rows or groups are too few for so many folds */
	ML_NO_ORDER,       /* a row without the number that orders it; fault.column */
	ML_OTHER_CLASSES,   /* than those of the model that the training goes on from */
	ML_LOST_FEATURE,    /* fault.count of that model's features is no more what it was */
	ML_TOO_MANY_GROUPS, /* option "by": fault.column has fault.count labels */
	ML_FEW_DISTINCT,    /* no more than fault.count different rows, for more segments */
	ML_NO_COVARIANCE,   /* numbers of a segment depend on one another */
	ML_TOO_MANY_NUMBERS, /* fault.count of them, more than full covariances are learned of */
	ML_SINGULAR,         /* fault.column depends on the columns before it */
	ML_NOT_NUMERIC,      /* arithmetic left the range of doubles; fault.column if known */
	ML_TOO_LARGE,        /* a model or a value of more than 1 GB */
	ML_BAD_MODEL,        /* bytes or JSON that are no model */
	ML_NEW_FORMAT        /* a model of a later format; fault.count is the format */
} ml_status;

/* What a status is about; fields that do not apply are -1 or 0. */
typedef struct ml_fault
{
	int64_t row;   /* row as read, from 1 */
	int column;    /* of the frame */
	int64_t count; /* classes, format */
	size_t bytes;  /* memory asked for when it was refused */
} ml_fault;

/* What is under way, for progress. */
typedef enum ml_stage
{
	ML_STAGE_READ,
	ML_STAGE_ORDER,
	ML_STAGE_FIT,
	ML_STAGE_GROUP, /* models by group */
	ML_STAGE_FOLD,  /* models of all rows but a fold */
	ML_STAGE_JUDGE,
	ML_STAGE_PERMUTE /* features one by one */
} ml_stage;

/*
 * The BLAS and LAPACK routines the core uses, in Fortran's calling convention
 * (column-major, everything by reference).  See linalg.h.
 */
typedef struct ml_blas
{
	void (*dsyrk)(const char *uplo, const char *trans, const int *n, const int *k,
	              const double *alpha, const double *a, const int *lda,
	              const double *beta, double *c, const int *ldc);
	void (*dgemm)(const char *transa, const char *transb, const int *m, const int *n,
	              const int *k, const double *alpha, const double *a, const int *lda,
	              const double *b, const int *ldb, const double *beta, double *c,
	              const int *ldc);
	void (*dtrsm)(const char *side, const char *uplo, const char *transa,
	              const char *diag, const int *m, const int *n, const double *alpha,
	              const double *a, const int *lda, double *b, const int *ldb);
	void (*dgelqf)(const int *m, const int *n, double *a, const int *lda, double *tau,
	               double *work, const int *lwork, int *info);
} ml_blas;

typedef struct ml_pool ml_pool;

typedef struct ml_host
{
	void *(*alloc)(void *context,
	               size_t size);   /* aligned for any number, or NULL: refused */
	double (*room)(void *context); /* bytes that alloc would still grant */
	bool (*stop)(void *context);   /* is the query to be cancelled? */
	void (*progress)(void *context, ml_stage stage, double done, double total);

	/*
	 * What is allocated after branch is given back by prune, but for size bytes at keep: of these
	 * it answers a copy, or NULL if that is refused.  Branches nest.  NULL: nothing is given back.
	 */
	bool (*branch)(void *context);
	void *(*prune)(void *context, const void *keep, size_t size);

	void *context;       /* handed to all of these */
	int threads;         /* threads to use, the caller's included; at least 1 */
	const ml_blas *blas; /* NULL: linalg's portable twin serves */
	ml_pool *pool;       /* set by ml_pool_open (parallel.h) */
	double loss_aside; /* of a fit so far, on rows it does not learn from; 0: not known */
	ml_fault fault;    /* set by the core with a status other than ML_OK */
} ml_host;

/* Leaves early with the status of a call that went wrong. */
#define ML_TRY(call)                                                                     \
	do                                                                                   \
	{                                                                                    \
		ml_status status_ = (call);                                                      \
		if (status_ != ML_OK)                                                            \
			return status_;                                                              \
	} while (0)

/*
 * Compiles a hot function twice and picks by processor when the library is loaded.  Wider
 * registers alone, no contraction: the results are the same bits.  For static functions only, since
 * what picks would be exported.
 */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) &&                \
    !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&                             \
    !defined(__SANITIZE_THREAD__)
#define ML_HOT __attribute__((target_clones("avx2", "default")))
#else
#define ML_HOT
#endif

/* In a long loop: asks the host every 65,536 rounds, and leaves with ML_STOPPED. */
#define ML_PAUSE(host, round)                                                            \
	do                                                                                   \
	{                                                                                    \
		if (((round) &0xffff) == 0 && ml_stop(host))                                     \
			return ML_STOPPED;                                                           \
	} while (0)

/* Allocates, or leaves with ML_MEMORY. */
#define ML_NEW(host, pointer, count)                                                     \
	do                                                                                   \
	{                                                                                    \
		(pointer) = ml_alloc_array((host), (count), sizeof *(pointer));                  \
		if ((pointer) == NULL)                                                           \
			return ML_MEMORY;                                                            \
	} while (0)

/* The same without zeros, for what is large and written before it is read. */
#define ML_NEW_RAW(host, pointer, count)                                                 \
	do                                                                                   \
	{                                                                                    \
		(pointer) = ml_alloc_raw((host), (count), sizeof *(pointer));                    \
		if ((pointer) == NULL)                                                           \
			return ML_MEMORY;                                                            \
	} while (0)

/* ML_MEMORY, before anything is asked for, if so many bytes would be refused. */
extern ml_status ml_memory_check(ml_host *host, double bytes);

extern void *ml_alloc(ml_host *host, size_t size);
extern void *ml_alloc_array(ml_host *host, int64_t count, size_t size);

/* The same, not zeroed: for what is large and written before it is read. */
extern void *ml_alloc_raw(ml_host *host, int64_t count, size_t size);

/* Opens a branch of the arena; each is to be closed, whatever the status. */
extern ml_status ml_branch_open(ml_host *host);

/* Closes it; keep moves out of it and may be NULL. */
extern ml_status ml_branch_close(ml_host *host, void **keep, size_t size);

extern bool ml_stop(ml_host *host);
extern void ml_progress(ml_host *host, ml_stage stage, double done, double total);

/* Records the place a status is about and returns the status. */
extern ml_status ml_fail(ml_host *host, ml_status status, int column, int64_t row);

#endif
