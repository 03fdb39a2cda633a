/* SPDX-License-Identifier: PostgreSQL */
/*
 * training.c: from arguments and a source to rows that can be trained on.
 */
#include "cia.h"

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static ArrayType *
array_arg(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_ARRAYTYPE_P(argument);
}

/*
 * The arena's parent is the context of the call, so that an error or the end of the
 * statement gives everything back.
 */
void
cia_training_open(FunctionCallInfo fcinfo, const cia_training_arguments *at,
                  const char *arena, cia_training *run)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cia training",
	                                              ALLOCSET_DEFAULT_SIZES);

	MemoryContextSetIdentifier(context, arena);
	*run = (cia_training){.door = cia_door_open(context)};
	run->schema = cia_schema(fcinfo);
	run->source = cia_text_arg(fcinfo, at->source, "source");
	run->algorithm = cia_text_arg(fcinfo, at->algorithm, "algorithm");
	run->roles = (cia_roles){
	    .target = at->target < 0 ? NULL : cia_text_arg(fcinfo, at->target, NULL),
	    .features = array_arg(fcinfo, at->features),
	    .exclude = array_arg(fcinfo, at->exclude),
	    .id = array_arg(fcinfo, at->id),
	    .weight = cia_text_arg(fcinfo, at->weight, NULL)};
	cia_object_from_jsonb(run->door, cia_options_arg(fcinfo, at->options), &run->options);
}

static bool
finds_segments(const char *algorithm)
{
	const ml_learner *learner = ml_learner_find(cia_text_of(algorithm));

	return learner != NULL && learner->task == ML_SEGMENTATION;
}

void
cia_target_check(const char *algorithm, const char *target)
{
	if (finds_segments(algorithm) && target != NULL)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("algorithm \"%s\" takes no target", algorithm),
		     errdetail("It finds segments of rows that are alike."),
		     errhint("Leave the target out; a column that is not to make rows alike is "
		             "named by exclude.")));
	if (!finds_segments(algorithm) && target == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("algorithm \"%s\" needs a target", algorithm),
		         errhint("Name the column to predict with target => '...', or find "
		                 "segments with algorithm => 'kmeans'.")));
}

void
cia_training_check(const cia_training *run)
{
	if (strcmp(run->algorithm, "auto") != 0)
		cia_settings_check(run->door, run->algorithm, &run->options);
	cia_target_check(run->algorithm, run->roles.target);
}

static Oid
target_type(TupleDesc tupdesc, const char *target)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), target) == 0)
			return TupleDescAttr(tupdesc, i)->atttypid;
	cia_raise_no_column(target);
}

/* The shape of the source is known; no row has been read. */
static void
start_rows(void *state, TupleDesc tupdesc)
{
	cia_training *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	if (run->roles.target != NULL)
		run->target_type = target_type(tupdesc, run->roles.target);
	cia_settings_open(run->door, run->algorithm, run->target_type, &run->options,
	                  &run->settings);
	run->roles.learner = run->settings.learner;
	cia_continue_from(run->door, run->schema, &run->settings);
	cia_settings_roles(&run->settings, &run->roles);
	if (run->champion != NULL)
		cia_champion_meet(run->champion, tupdesc, &run->roles);
	run->rows = cia_rows_open(run->door, tupdesc, &run->roles);
	cia_constraints_check(run->rows, &run->settings);
	cia_job_expect(run->door, cia_source_expected(), run->settings.learner);
	run->rows->scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(before);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	cia_training *run = state;
	ml_frame *frame = run->rows->frame;

	cia_rows_append(run->rows, values, nulls);
	cia_job_rows(run->door, frame->rows);
	if ((frame->rows & 0xFFFF) == 0)
	{
		ml_progress(&run->door->host, ML_STAGE_READ, (double) frame->rows, 0);
		cia_check(run->door, ML_OK);
	}
}

/* Reads the source with the caller's rights, or one that somebody has left as kept.c has it. */
static void
read_source(cia_training *run, const char *model)
{
	cia_kept_scope scope;

	run->role = GetUserId();
	if (run->kept == NULL)
	{
		cia_source_run(run->source, model, start_rows, take_row, run);
		return;
	}
	scope = cia_kept_begin(run->kept);
	run->role = scope.role;
	cia_source_run(run->source, model, start_rows, take_row, run);
	cia_kept_end(&scope);
}

void
cia_training_read(cia_training *run, const char *model)
{
	cia_job_begin(run->door, run->kind, model);
	read_source(run, model);
	run->choice = cia_settings_follow_rows(run->door, run->algorithm, run->target_type,
	                                       &run->options, &run->settings);
	run->roles.learner = run->settings.learner;
	cia_settings_name(run->door, &run->settings);
	cia_continue_from(run->door, run->schema, &run->settings);
	cia_job_expect(run->door, (double) run->rows->frame->rows, run->settings.learner);
	cia_job_progress(run->door, ML_STAGE_READ, (double) run->rows->frame->rows, 0);
	if (run->champion != NULL)
		cia_champion_settle(run->champion, &run->settings);
}

ml_request
cia_training_request(const cia_training *run)
{
	return (ml_request){.learner = run->settings.learner,
	                    .common = run->settings.common,
	                    .options = run->settings.learner_options,
	                    .given = run->settings.given,
	                    .earlier = run->door->earlier,
	                    .group_is_term = cia_group_is_term(&run->roles),
	                    .champion = run->champion != NULL && run->champion->why == NULL
	                                    ? &run->champion->core
	                                    : NULL};
}
