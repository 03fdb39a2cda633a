/* SPDX-License-Identifier: PostgreSQL */
/*
 * job.c: what a long call is at, for other sessions to see.
 *
 * PostgreSQL gives every backend a slot of shared memory in which commands such as VACUUM show
 * their progress: the number of the command and 20 numbers of 64 bits.  We use it under a number
 * of our own, so that no preloading is needed.  PostgreSQL clears the slot when a transaction or
 * subtransaction is aborted and when the backend ends.  All of the slot is written each time, in a
 * critical section of 20 stores: commands that run within a call may have used it meanwhile, and
 * building an index writes there even if it shows nothing.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

CIA_FUNCTION(cia_job_list);

/* The bytes "cia" and a version of the layout; PostgreSQL's own commands count from 1. */
#define OUR_COMMAND ((ProgressCommandType) 0x63696101)

/* The stages that follow the core's. */
enum
{
	STAGE_STORE = ML_STAGE_PERMUTE + 1
};

/* The slot's numbers; the name of the model comes first. */
enum
{
	SLOT_NAME,
	SLOT_SERIAL = SLOT_NAME + NAMEDATALEN / sizeof(int64),
	SLOT_KIND,
	SLOT_STAGE,
	SLOT_SHARE,
	SLOT_ROWS,
	SLOT_LOSS,
	SLOT_ROLE,
	SLOT_STARTED,
	SLOT_END
};

StaticAssertDecl(SLOT_END <= PGSTAT_NUM_PROGRESS_PARAM, "a job must fit into its slot");

/* What a slot holds. */
typedef struct slot
{
	ProgressCommandType command;
	Oid target;
	int64 number[PGSTAT_NUM_PROGRESS_PARAM];
} slot;

/* Up to which share of the whole the stages of a call go. */
typedef struct spans
{
	double read;
	double order;
	double fit;   /* the parts, of a call that has some */
	double judge; /* what follows is writing */
} spans;

struct cia_job
{
	slot shown;
	slot before; /* what another command has shown */
	spans until;
	double share;    /* never falls */
	double expected; /* rows of the source, as the planner sees it */
	double part;     /* where the current group or fold begins */
	double width;    /* of a group or fold; 0: there are none */
	MemoryContextCallback callback;
};

static int64 serials = 0;

const char *
cia_job_kind_word(cia_job_kind kind)
{
	static const char *const word[] = {
	    [CIA_JOB_TRAIN] = "train",   [CIA_JOB_RETRAIN] = "retrain",
	    [CIA_JOB_VERIFY] = "verify", [CIA_JOB_CROSS_VALIDATE] = "cross-validate",
	    [CIA_JOB_JUDGE] = "judge",   [CIA_JOB_SCORE] = "score"};

	return (int) kind >= 0 && (int) kind < lengthof(word) ? word[kind] : NULL;
}

static const char *
stage_word(int stage)
{
	static const char *const word[] = {
	    [ML_STAGE_READ] = "reading",       [ML_STAGE_ORDER] = "ordering",
	    [ML_STAGE_FIT] = "fitting",        [ML_STAGE_GROUP] = "fitting groups",
	    [ML_STAGE_FOLD] = "fitting folds", [ML_STAGE_JUDGE] = "judging",
	    [ML_STAGE_PERMUTE] = "permuting",  [STAGE_STORE] = "storing"};

	return stage >= 0 && stage < lengthof(word) ? word[stage] : NULL;
}

static int64
bits_of(double number)
{
	int64 bits;

	memcpy(&bits, &number, sizeof bits);
	return bits;
}

static double
double_of(int64 bits)
{
	double number;

	memcpy(&number, &bits, sizeof number);
	return number;
}

static void
read_slot(slot *into)
{
	volatile PgBackendStatus *mine = MyBEEntry;

	into->command = mine->st_progress_command;
	into->target = mine->st_progress_command_target;
	for (int i = 0; i < PGSTAT_NUM_PROGRESS_PARAM; i++)
		into->number[i] = mine->st_progress_param[i];
}

static void
write_slot(const slot *from)
{
	volatile PgBackendStatus *mine = MyBEEntry;

	if (mine == NULL || !pgstat_track_activities)
		return;
	PGSTAT_BEGIN_WRITE_ACTIVITY(mine);
	mine->st_progress_command = from->command;
	mine->st_progress_command_target = from->target;
	for (int i = 0; i < PGSTAT_NUM_PROGRESS_PARAM; i++)
		mine->st_progress_param[i] = from->number[i];
	PGSTAT_END_WRITE_ACTIVITY(mine);
}

/*
 * The arena goes.  After an error the slot is clear, or another job's; then nothing is to be
 * put back.
 */
static void
end_job(void *argument)
{
	cia_job *job = argument;
	slot now;

	if (MyBEEntry == NULL)
		return;
	read_slot(&now);
	if (now.command == OUR_COMMAND &&
	    now.number[SLOT_SERIAL] == job->shown.number[SLOT_SERIAL])
		write_slot(&job->before);
}

/* Trees take their time, and a regression is mostly reading. */
static spans
spans_of(cia_job_kind kind, const ml_learner *learner)
{
	switch (kind)
	{
		case CIA_JOB_TRAIN:
		case CIA_JOB_RETRAIN:
		case CIA_JOB_VERIFY:
			if (learner != NULL && learner->missing_tells)
				return (spans){.read = 0.15, .order = 0.25, .fit = 0.9, .judge = 0.99};
			return (spans){.read = 0.5, .order = 0.6, .fit = 0.9, .judge = 0.99};
		case CIA_JOB_CROSS_VALIDATE:
			return (spans){.read = 0.1, .order = 0.15, .fit = 0.99, .judge = 0.99};
		case CIA_JOB_JUDGE:
			return (spans){.read = 0.5, .order = 0.6, .fit = 0.99, .judge = 0.99};
		case CIA_JOB_SCORE:
			return (spans){.read = 0.5, .order = 0.5, .fit = 0.5, .judge = 0.5};
	}
	return (spans){0};
}

void
cia_job_begin(cia_door *door, cia_job_kind kind, const char *model)
{
	cia_job *job = MemoryContextAllocZero(door->arena, sizeof *job);
	int64 *number = job->shown.number;

	if (MyBEEntry == NULL)
		return;
	read_slot(&job->before);
	job->shown.command = OUR_COMMAND;
	if (model != NULL)
		strlcpy((char *) &number[SLOT_NAME], model, NAMEDATALEN);
	number[SLOT_SERIAL] = ++serials;
	number[SLOT_KIND] = kind;
	number[SLOT_ROLE] = GetUserId();
	number[SLOT_STARTED] = GetCurrentTimestamp();
	job->until = spans_of(kind, NULL);
	job->callback = (MemoryContextCallback){.func = end_job, .arg = job};
	MemoryContextRegisterResetCallback(door->arena, &job->callback);
	door->job = job;
	write_slot(&job->shown);
}

void
cia_job_end(cia_door *door)
{
	if (door->job != NULL)
		end_job(door->job);
	door->job = NULL;
}

void
cia_job_expect(cia_door *door, double rows, const ml_learner *learner)
{
	cia_job *job = door->job;

	if (job == NULL)
		return;
	job->expected = rows;
	job->until = spans_of((cia_job_kind) job->shown.number[SLOT_KIND], learner);
	write_slot(&job->shown);
}

static double
quotient(double done, double total)
{
	return total > 0 ? Min(done / total, 1) : 0;
}

/* Up to which share of the whole the job has come. */
static double
share_at(cia_job *job, ml_stage stage, double x)
{
	const spans *until = &job->until;

	switch (stage)
	{
		case ML_STAGE_READ:
			return until->read * x;
		case ML_STAGE_ORDER:
			return until->read + (until->order - until->read) * x;
		case ML_STAGE_FIT:
			/* a part is judged, too */
			if (job->width > 0)
				return job->part + 0.9 * job->width * x;
			return until->order + (until->fit - until->order) * x;
		case ML_STAGE_GROUP:
		case ML_STAGE_FOLD:
			return job->part;
		case ML_STAGE_JUDGE:
			return job->width > 0 ? job->part + 0.9 * job->width : until->fit;
		case ML_STAGE_PERMUTE:
			return until->order + (until->fit - until->order) * x;
	}
	return 0;
}

static void
show(cia_job *job, int stage, double share)
{
	job->share = Max(job->share, share);
	job->shown.number[SLOT_STAGE] = stage;
	job->shown.number[SLOT_SHARE] = bits_of(job->share);
	write_slot(&job->shown);
}

void
cia_job_progress(cia_door *door, ml_stage stage, double done, double total)
{
	cia_job *job = door->job;
	bool parts = stage == ML_STAGE_GROUP || stage == ML_STAGE_FOLD;

	if (job == NULL)
		return;
	if (stage == ML_STAGE_READ)
	{
		job->shown.number[SLOT_ROWS] = (int64) done;
		total = job->expected;
	}
	if (parts && total > 0)
	{
		job->width = (job->until.fit - job->until.order) / total;
		job->part = job->until.order + job->width * done;
	}
	job->shown.number[SLOT_LOSS] = bits_of(door->host.loss_aside);
	/* what goes on within a part is the part's affair */
	show(job,
	     job->width > 0 && !parts ? (int) job->shown.number[SLOT_STAGE] : (int) stage,
	     share_at(job, stage, quotient(done, total)));
}

void
cia_job_rows(cia_door *door, int64 rows)
{
	if (rows <= 1024 || (rows & 0x3F) == 0)
		cia_job_progress(door, ML_STAGE_READ, (double) rows, 0);
}

void
cia_job_store(cia_door *door, double done, double total)
{
	cia_job *job = door->job;

	if (job != NULL)
		show(job, STAGE_STORE,
		     job->until.judge + (1 - job->until.judge) * quotient(done, total));
}

/* As pg_stat_activity has it: one's own roles, or all of them. */
static bool
may_see(const PgBackendStatus *of, Oid role)
{
	Oid user = GetUserId();

	return has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) ||
	       has_privs_of_role(user, of->st_userid) || has_privs_of_role(user, role);
}

static void
put_job(cia_output *out, const PgBackendStatus *of)
{
	const int64 *number = of->st_progress_param;
	double share = double_of(number[SLOT_SHARE]), loss = double_of(number[SLOT_LOSS]);
	const char *name = (const char *) &number[SLOT_NAME];

	cia_output_text(out, name[0] != '\0' ? name : NULL);
	cia_output_text(out, cia_job_kind_word((cia_job_kind) number[SLOT_KIND]));
	cia_output_text(out, stage_word((int) number[SLOT_STAGE]));
	cia_output_numbers(out, &share, 1);
	cia_output_bigint(out, number[SLOT_ROWS]);
	loss = loss > 0 ? loss : NAN;
	cia_output_numbers(out, &loss, 1);
	out->value[out->columns++] = ObjectIdGetDatum((Oid) number[SLOT_ROLE]);
	out->value[out->columns++] = TimestampTzGetDatum(number[SLOT_STARTED]);
	cia_output_integer(out, of->st_procpid);
	cia_output_row(out);
}

Datum
cia_job_list(PG_FUNCTION_ARGS)
{
	cia_output out = cia_output_open(fcinfo);
	int backends = pgstat_fetch_stat_numbackends();

	for (int i = 1; i <= backends; i++)
	{
		const LocalPgBackendStatus *local = cia_backend_status(i);
		const PgBackendStatus *of = local != NULL ? &local->backendStatus : NULL;

		if (of != NULL && of->st_procpid > 0 && of->st_progress_command == OUR_COMMAND &&
		    of->st_databaseid == MyDatabaseId &&
		    may_see(of, (Oid) of->st_progress_param[SLOT_ROLE]))
			put_job(&out, of);
	}
	return (Datum) 0;
}
