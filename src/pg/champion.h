/* SPDX-License-Identifier: PostgreSQL */
/*
 * champion.h: the version in production, which a training has to be better than.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_CHAMPION_H
#define CIA_CHAMPION_H

#include "judge/champion.h"

struct cia_training;

/* A version in production on its way to be compared; all of it lives in the arena of the training. */
typedef struct cia_champion
{
	pg_uuid_t model;
	int32 version;
	struct varlena *content;
	ArrayType *inputs; /* columns that it was trained on */
	ArrayType *id;
	ml_champion core;
	bool unable; /* it can no longer score the source */
	char
	    *why; /* it cannot be compared, or is unable; NULL: nothing is known against it */
} cia_champion;

/* What came of a comparison. */
typedef struct cia_verdict
{
	bool promote;
	bool compared; /* on common rows, or with equal bytes */
	char *reason;
} cia_verdict;

/* The rule of promotion, as an option of cia_train, in no learner's table. */
extern const ml_option cia_promote_option;

/* Takes that option out of the others; NULL if it is not given.  Raises 22023. */
extern char *cia_promote_read(ml_value *options);

/* What the name stands for, if a better one is to take its place; NULL: there is none such. */
extern cia_champion *
cia_champion_find(cia_door *door, Oid schema, const char *name, bool whatever_rule);

/* That version as it is by now, of which nothing is known yet; NULL: it is gone. */
extern cia_champion *cia_champion_read(cia_door *door, const cia_entry *version);

/* The shape of the source is known: adds to the roles what the champion needs beside. */
extern void
cia_champion_meet(cia_champion *champion, TupleDesc tupdesc, cia_roles *roles);

/* The rows are in, and the learner is settled. */
extern void cia_champion_settle(cia_champion *champion, const cia_settings *settings);

/* After the training: is the challenger better on the rows that it was judged on? */
extern cia_verdict
cia_champion_compare(const cia_champion *champion, cia_door *door,
                     const ml_result *result, const struct varlena *content);

/* The same with a champion that the training did not know of: reads the source anew. */
extern cia_verdict
cia_champion_compare_anew(cia_champion *champion, const struct cia_training *training,
                          const ml_result *result, const struct varlena *content);

#endif
