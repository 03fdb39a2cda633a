/* SPDX-License-Identifier: PostgreSQL */
/*
 * training.h: what the functions share that train on a source.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_TRAINING_H
#define CIA_TRAINING_H

/* Which arguments of a function they are. */
typedef struct cia_training_arguments
{
	int model; /* -1: there is none */
	int source;
	int target; /* -1: there is none */
	int algorithm;
	int features;
	int exclude;
	int id;
	int weight;
	int options;
} cia_training_arguments;

/* train.c: those of cia_train */
#define CIA_TRAIN_ARGUMENTS 9
extern const cia_training_arguments cia_train_arguments;

/* Does what cia_train does with its arguments; others see it as that kind of job. */
extern Datum
cia_train_as(FunctionCallInfo fcinfo, cia_job_kind kind, const cia_kept *kept);

/* A training on its way: what was asked for, and then the rows. */
typedef struct cia_training
{
	Oid schema;        /* of the extension */
	cia_job_kind kind; /* what others see it as */
	char *source;
	const cia_kept *kept; /* whose text that is; NULL: the caller's */
	Oid role;             /* with whose rights it was read */
	char *algorithm;
	Oid target_type;
	cia_roles roles;  /* may be added to before the source is read */
	ml_value options; /* as given */
	cia_door *door;   /* all of this lives in its arena */
	cia_settings settings;
	cia_rows *rows;
	char *choice; /* why 'auto' stands for what it does; NULL: it was not asked for */
	struct cia_champion
	    *champion; /* what the training is to be compared with; NULL: nothing */
	struct cia_champion *named; /* whose segments' names are kept; NULL: none */
} cia_training;

/* Opens a door with an arena of that name below the current context, and takes the arguments. */
extern void cia_training_open(FunctionCallInfo fcinfo, const cia_training_arguments *at,
                              const char *arena, cia_training *run);

/* Raises 22023 if an algorithm lacks its target, or is given one that it has no use for. */
extern void cia_target_check(const char *algorithm, const char *target);

/* Raises what is wrong before anything runs. */
extern void cia_training_check(const cia_training *run);

/*
 * Runs the source once, with the caller's rights, and settles the learner; model names the model
 * under training in error contexts, or is NULL.
 */
extern void cia_training_read(cia_training *run, const char *model);

/* What the core is asked for. */
extern ml_request cia_training_request(const cia_training *run);

/*
 * continue.c: finds the model that option continue_from names, if it does, as the door's earlier
 * one; the option becomes name@version.  Called before rows are read and, as the number of
 * classes may have changed the learner, after it.  Raises 42704, 42501, and 22023 for a model of
 * another kind.
 */
extern void cia_continue_from(cia_door *door, Oid schema, cia_settings *settings);

/* options.c: has an option that all learners share a meaning for this one? */
extern bool cia_option_is_for(const ml_option *option, const ml_learner *learner);

/* choose_k.c: the notes with the reason for a number of segments that was left to us. */
extern List *cia_note_choice(const ml_model *model, List *notes);

/* The notes with what is to be said of it. */
extern List *
cia_note_continued(const cia_door *door, const cia_settings *settings, List *notes);

#endif
