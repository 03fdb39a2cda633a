/* SPDX-License-Identifier: PostgreSQL */
/*
 * run.h: what has become of trainings, the failed ones included.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_RUN_H
#define CIA_RUN_H

#define CIA_RUN_TEXT 1024

/* A training that is over, in one piece: it travels through shared memory. */
typedef struct cia_run
{
	Oid database;
	Oid schema; /* of the extension */
	Oid role;
	cia_job_kind kind;
	NameData model;
	int32 version;  /* 0: none has come of it */
	int64 job;      /* of the schedule; 0: nobody's */
	int64 rows;     /* read until then */
	int sqlerrcode; /* 0: it went well */
	bool skipped;   /* another run of its schedule was under way */
	TimestampTz started;
	TimestampTz ended;
	char message[CIA_RUN_TEXT]; /* empty: none */
	char detail[CIA_RUN_TEXT];
	char hint[CIA_RUN_TEXT];
} cia_run;

/*
 * From here to cia_run_succeed, which is to follow in the same function, an error is recorded: when
 * it has aborted its transaction or subtransaction, by a worker with a transaction of its own.
 */
extern void cia_run_begin(const cia_training *training, const char *model);

/* Records it in the caller's transaction. */
extern void cia_run_succeed(int32 version, int64 rows);

/* A run of that schedule is under way, which records errors that are caught within it itself. */
extern void cia_run_scheduled(int64 job);

/* A run of which nothing but the beginning is known. */
extern cia_run cia_run_open(Oid schema, const char *model, cia_job_kind kind);

/* What went wrong, cut to size. */
extern void cia_run_fail(cia_run *run, const ErrorData *error);

/* Writes it, and lets what there is too much of go.  Needs a snapshot. */
extern void cia_run_write(const cia_run *run);

/* run_worker.c: has a worker write it, at once or later; never throws */
extern void cia_run_send(const cia_run *run);

/* The same for what could not be sent yet. */
extern void cia_run_send_rest(void);

#endif
