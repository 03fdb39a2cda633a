/* SPDX-License-Identifier: PostgreSQL */
/*
 * job.h: what a long call is at, for other sessions to see.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_JOB_H
#define CIA_JOB_H

typedef enum cia_job_kind
{
	CIA_JOB_TRAIN,
	CIA_JOB_RETRAIN,
	CIA_JOB_VERIFY,
	CIA_JOB_CROSS_VALIDATE,
	CIA_JOB_JUDGE,
	CIA_JOB_SCORE
} cia_job_kind;

typedef struct cia_job cia_job;

/* The word for it in views. */
extern const char *cia_job_kind_word(cia_job_kind kind);

/*
 * Shows the call until the door's arena goes, also by an error; model is NULL where there is
 * none.  What another command shows of itself meanwhile comes back then.
 */
extern void cia_job_begin(cia_door *door, cia_job_kind kind, const char *model);

/* Ends it before the arena goes. */
extern void cia_job_end(cia_door *door);

/* The source is about to return rows; learner is NULL where nothing is learned. */
extern void cia_job_expect(cia_door *door, double rows, const ml_learner *learner);

/* So many rows have been read: shown one by one at first, since a source may be slow. */
extern void cia_job_rows(cia_door *door, int64 rows);

/* Where the core is, as it tells its host.  Never throws. */
extern void cia_job_progress(cia_door *door, ml_stage stage, double done, double total);

/* The work is done but for writing what came of it, of which so much is done. */
extern void cia_job_store(cia_door *door, double done, double total);

#endif
