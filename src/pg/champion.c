/* SPDX-License-Identifier: PostgreSQL */
/*
 * champion.c: the version in production, which a training has to be better than.
 *
 * The source is read once for both: what only the champion needs is kept beside the features.
 * The test is that of cia_compare, on the rows of the challenger's holdout that the champion has
 * not learned from either.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static const char *const promote_choice[] = {"better", "always", "never", NULL};

const ml_option cia_promote_option = {
    "promote",
    ML_OPTION_TEXT,
    0,
    0,
    0,
    0,
    "when a new version goes into production by itself, from now on: if it is better on rows "
    "that neither version has seen, which is the rule of a new model, always or never; of "
    "cia_train alone",
    promote_choice};

char *
cia_promote_read(ml_value *options)
{
	ml_text rule = {NULL, 0};
	ml_option_set set = {&cia_promote_option, 1, &rule};
	ml_value given = {.kind = ML_VALUE_OBJECT};
	int64 kept = 0;

	for (int64 i = 0; i < options->count; i++)
	{
		if (ml_text_is(options->keys[i], cia_promote_option.name))
		{
			given.count = 1;
			given.keys = palloc(sizeof *given.keys);
			given.items = palloc(sizeof *given.items);
			given.keys[0] = options->keys[i];
			given.items[0] = options->items[i];
			continue;
		}
		options->keys[kept] = options->keys[i];
		options->items[kept++] = options->items[i];
	}
	options->count = kept;
	cia_only_options_read(&given, &set, "cia_train");
	return rule.bytes != NULL ? cia_text_cstring(rule) : NULL;
}

static ArrayType *
array_of_row(HeapTupleHeader row, const char *column)
{
	bool isnull;
	Datum datum = GetAttributeByName(row, column, &isnull);

	return isnull ? NULL : DatumGetArrayTypePCopy(datum);
}

/* A model that is damaged can be got rid of by training another one. */
static void
decode(cia_champion *champion, cia_door *door)
{
	ml_model *model;
	ml_status status =
	    ml_model_decode(&door->host, (unsigned char *) VARDATA_ANY(champion->content),
	                    VARSIZE_ANY_EXHDR(champion->content), &model);

	if (status == ML_BAD_MODEL)
	{
		champion->unable = true;
		champion->why = psprintf("version %d is corrupted", champion->version);
		return;
	}
	cia_check(door, status);
	cia_check(door, ml_model_equip(&door->host, model));
	champion->core.model = model;
	champion->core.holdout = cia_model_holdout(model);
}

cia_champion *
cia_champion_read(cia_door *door, const cia_entry *version)
{
	cia_entry named = *version;
	Datum datum = cia_registry_row(&named);
	HeapTupleHeader row = (HeapTupleHeader) DatumGetPointer(datum);
	cia_champion *champion;
	bool isnull;

	if (row == NULL)
		return NULL;
	champion = palloc0(sizeof *champion);
	champion->model = named.id;
	champion->version = named.version;
	champion->content = pg_detoast_datum_copy(
	    (struct varlena *) DatumGetPointer(GetAttributeByName(row, "content", &isnull)));
	champion->inputs = array_of_row(row, "inputs");
	champion->id = array_of_row(row, "id");
	pfree(row);
	decode(champion, door);
	return champion;
}

cia_champion *
cia_champion_find(cia_door *door, Oid schema, const char *name, bool whatever_rule)
{
	cia_entry production;
	char *rule;

	if (!cia_registry_champion(schema, name, &production, &rule) ||
	    (!whatever_rule && strcmp(rule, "better") != 0))
		return NULL;
	return cia_champion_read(door, &production);
}

/* Whatever was found against it first is what counts. */
static void
set_aside(cia_champion *champion, char *why)
{
	if (champion->why == NULL)
		champion->why = why;
}

static Form_pg_attribute
attribute_named(TupleDesc tupdesc, const char *name)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    namestrcmp(&TupleDescAttr(tupdesc, i)->attname, name) == 0)
			return TupleDescAttr(tupdesc, i);
	return NULL;
}

/* The column that names the groups of the champion; NULL: it has none. */
static const ml_feature *
group_of(const cia_champion *champion)
{
	const ml_model *model = champion->core.model;

	return model->by != NULL ? &model->schema.feature[model->by->feature] : NULL;
}

/* Would the column be read as it was? */
static bool
is_as_trained(const cia_champion *champion, const ml_feature *feature,
              Form_pg_attribute attribute)
{
	cia_column column;

	if (!cia_column_try(&column, NameStr(attribute->attname), attribute->atttypid,
	                    attribute->attnum, ML_FEATURE))
		return false;
	if (feature == group_of(champion))
		return ml_text_is(feature->type, column.type_name);
	return column.kind == feature->kind && column.is_array == (feature->element > 0);
}

/* Columns without which the champion scores nothing. */
static void
meet_features(cia_champion *champion, TupleDesc tupdesc)
{
	const ml_schema *schema = &champion->core.model->schema;

	for (int f = 0; f < schema->features && champion->why == NULL; f++)
	{
		const ml_feature *feature = &schema->feature[f];
		char *name = cia_text_cstring(feature->name);
		Form_pg_attribute attribute = attribute_named(tupdesc, name);

		if (cia_is_further_element(schema, f))
			continue;
		if (attribute == NULL)
			champion->why = psprintf("version %d cannot score the source any more, which "
			                         "has no column \"%s\"",
			                         champion->version, name);
		else if (!is_as_trained(champion, feature, attribute))
			champion->why = psprintf("version %d cannot score the source any more, whose "
			                         "column \"%s\" is of another type",
			                         champion->version, name);
	}
	champion->unable = champion->why != NULL;
}

static bool
holds_all(ArrayType *names, ArrayType *others)
{
	Datum *datums;
	bool *nulls;
	int count, found = 0;

	if (others == NULL)
		return true;
	deconstruct_array(others, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &count);
	for (int i = 0; i < count; i++)
		found += cia_array_names(names, TextDatumGetCString(datums[i]));
	return found == count;
}

/* Do both arrays hold the same names?  NULL holds none. */
static bool
same_names(ArrayType *a, ArrayType *b)
{
	return holds_all(a, b) && holds_all(b, a);
}

/* Names of the source's columns that a training with these roles reads as features. */
static ArrayType *
inputs_of(TupleDesc tupdesc, const cia_roles *roles)
{
	Datum *names = palloc(sizeof(Datum) * (tupdesc->natts + 1));
	int count = 0;

	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    cia_is_input(roles, NameStr(TupleDescAttr(tupdesc, i)->attname)))
			names[count++] =
			    CStringGetTextDatum(NameStr(TupleDescAttr(tupdesc, i)->attname));
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* Are keys of rows made of the same columns as they were then? */
static bool
has_same_keys(const cia_champion *champion, TupleDesc tupdesc, const cia_roles *roles)
{
	const ml_feature *group = group_of(champion);

	if (champion->id != NULL || roles->id != NULL)
		return same_names(champion->id, roles->id);
	/* the names of groups are read as text, whatever they are */
	return (group == NULL) == (roles->by == NULL) &&
	       (group == NULL || ml_text_is(group->name, roles->by)) &&
	       same_names(champion->inputs, inputs_of(tupdesc, roles));
}

/* Finds the columns that the champion's keys were made of. */
static void
meet_keys(cia_champion *champion, TupleDesc tupdesc)
{
	ArrayType *names = champion->id != NULL ? champion->id : champion->inputs;
	const ml_feature *group = group_of(champion);
	ml_key_column *key;
	Datum *datums;
	bool *nulls;
	int count;

	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &count);
	key = palloc(sizeof *key * (count + 1));
	for (int i = 0; i < count; i++)
	{
		char *name = TextDatumGetCString(datums[i]);
		Form_pg_attribute attribute = attribute_named(tupdesc, name);
		cia_column column;

		if (attribute == NULL || !cia_column_try(&column, name, attribute->atttypid,
		                                         attribute->attnum, ML_FEATURE))
		{
			set_aside(champion, psprintf("which rows version %d was trained on is not "
			                             "known without column \"%s\"",
			                             champion->version, name));
			return;
		}
		if (group != NULL && ml_text_is(group->name, name))
			cia_column_as_group(&column);
		key[i] = (ml_key_column){.name = cia_text_of(name), .kind = column.kind};
	}
	champion->core.key = key;
	champion->core.keys = count;
	champion->core.keyed = champion->id != NULL;
}

/* Names of the champion's features and of what its keys are made of. */
static ArrayType *
columns_of(const cia_champion *champion)
{
	const ml_schema *schema = &champion->core.model->schema;
	Datum *names = palloc(sizeof(Datum) * (schema->features + champion->core.keys));
	int count = 0;

	for (int f = 0; f < schema->features; f++)
		if (!cia_is_further_element(schema, f))
			names[count++] =
			    CStringGetTextDatum(cia_text_cstring(schema->feature[f].name));
	for (int k = 0; k < champion->core.keys; k++)
		names[count++] =
		    CStringGetTextDatum(cia_text_cstring(champion->core.key[k].name));
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

void
cia_champion_meet(cia_champion *champion, TupleDesc tupdesc, cia_roles *roles)
{
	const ml_schema *schema;
	const ml_feature *group;

	if (champion->why != NULL)
		return;
	schema = &champion->core.model->schema;
	group = group_of(champion);
	if (schema->task == ML_SEGMENTATION)
	{
		/* new segments take the place of the old ones, whose names they keep */
		champion->unable = roles->target == NULL;
		champion->why =
		    champion->unable
		        ? psprintf(
		              "they take the place of the segments of version %d, as no target "
		              "tells which are better",
		              champion->version)
		        : psprintf("version %d finds segments, whose worth no target tells",
		                   champion->version);
		return;
	}
	if (roles->target == NULL || !ml_text_is(schema->target, roles->target))
		set_aside(champion,
		          psprintf("version %d predicts another target, \"%s\"",
		                   champion->version, cia_text_cstring(schema->target)));
	if (champion->why == NULL)
		meet_features(champion, tupdesc);
	if (champion->core.holdout == 0)
		set_aside(champion,
		          psprintf("version %d was trained on all rows", champion->version));
	if (champion->why == NULL && !has_same_keys(champion, tupdesc, roles))
		meet_keys(champion, tupdesc);
	if (champion->why != NULL)
		return;
	roles->aside = columns_of(champion);
	roles->aside_by = group != NULL ? cia_text_cstring(group->name) : NULL;
}

void
cia_champion_settle(cia_champion *champion, const cia_settings *settings)
{
	ml_task_kind task;

	if (champion->why != NULL)
		return;
	task = champion->core.model->schema.task;
	if (task != settings->learner->task)
		set_aside(champion, psprintf("version %d is a model for %s", champion->version,
		                             cia_task_words(task)));
	if (settings->common.holdout == 0)
		set_aside(champion, pstrdup("no row was kept out of this training"));
}

/* 11970 as 11,970. */
static char *
count_in_words(int64 count)
{
	char *digits = psprintf("%lld", (long long) count);
	int length = (int) strlen(digits);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < length; i++)
		appendStringInfo(&text, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "",
		                 digits[i]);
	return text.data;
}

/* Decimals that show the first digit of a difference; three at least. */
static int
decimals_for(double difference)
{
	int decimals = difference != 0 ? (int) ceil(-log10(fabs(difference))) : 3;

	return Min(Max(decimals, 3), 12);
}

/* "auc 0.857 against 0.851 of version 3 on 11,970 rows that neither has seen (...)" */
static char *
describe(const cia_champion *champion, const ml_difference *main)
{
	int decimals = decimals_for(main->difference);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(
	    &text,
	    "%s %.*f against %.*f of version %d on %s rows that neither has seen "
	    "(difference %.*f",
	    main->name, decimals, main->a, decimals, main->b, champion->version,
	    count_in_words(champion->core.rows), decimals, main->difference);
	if (isfinite(main->low) && isfinite(main->high))
		appendStringInfo(&text, ", 95 %% from %.*f to %.*f", decimals, main->low,
		                 decimals, main->high);
	if (isfinite(main->p) && main->p >= 0.001)
		appendStringInfo(&text, ", p = %.2g", main->p);
	else if (isfinite(main->p))
		appendStringInfoString(&text, ", p < 0.001");
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* Why there is nothing to compare on; NULL if there is. */
static char *
why_not(const cia_champion *champion, const ml_schema *schema)
{
	const ml_schema *other;

	if (champion->why != NULL)
		return champion->why;
	other = &champion->core.model->schema;
	switch (champion->core.meeting)
	{
		case ML_COMMON_ROWS:
			break;
		case ML_NO_COMMON_ROW:
			return psprintf("no row was kept out of both trainings, this one and that of "
			                "version %d",
			                champion->version);
		case ML_LACKS_COLUMNS:
			return psprintf("version %d cannot score the source any more, whose arrays "
			                "have another length",
			                champion->version);
		case ML_UNKNOWN_CLASS:
			return psprintf("target \"%s\" has a class that version %d does not know",
			                cia_text_cstring(other->target), champion->version);
		case ML_NO_SCORE:
			return psprintf("version %d has no finite score of some rows",
			                champion->version);
	}
	if (schema->task == ML_BINARY &&
	    !ml_text_equal(schema->class_label[1], other->class_label[1]))
		return psprintf("the positive class of version %d is \"%s\"", champion->version,
		                cia_text_cstring(other->class_label[1]));
	return NULL;
}

static bool
same_bytes(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static cia_verdict
compare(const cia_champion *champion, cia_door *door, const ml_judged *challenger)
{
	ml_comparison comparison;
	const ml_difference *main = &comparison.metric[0];

	cia_check(door, ml_challenge(&door->host, challenger, &champion->core, &comparison));
	if (!isfinite(main->difference))
		return (cia_verdict){
		    .reason = psprintf("%s cannot be told of the %s rows that neither this "
		                       "version nor version %d has seen",
		                       main->name, count_in_words(champion->core.rows),
		                       champion->version)};
	return (cia_verdict){.promote = main->difference != 0 &&
	                                (main->difference > 0) == main->more_is_better,
	                     .compared = true,
	                     .reason = describe(champion, main)};
}

cia_verdict
cia_champion_compare(const cia_champion *champion, cia_door *door,
                     const ml_result *result, const struct varlena *content)
{
	char *why = why_not(champion, &result->model->schema);
	bool unable = champion->unable ||
	              (champion->why == NULL && champion->core.meeting == ML_LACKS_COLUMNS);

	if (same_bytes(champion->content, content))
		return (cia_verdict){
		    .compared = true,
		    .reason = psprintf("the same model as version %d", champion->version)};
	if (why != NULL)
		return (cia_verdict){.promote = unable, .compared = unable, .reason = why};
	return compare(champion, door, &result->judged);
}

/* Puts the rows in order, and judges both models on them. */
static void
judge_anew(const cia_training *run, const ml_model *challenger, ml_judged *judged)
{
	ml_host *host = &run->door->host;
	const ml_common_options *options = &run->settings.common;
	ml_frame *frame = run->rows->frame;
	ml_rows rows = {.frame = frame};
	ml_status status;

	cia_door_equip(run->door);
	cia_check(run->door, ml_pool_open(host));
	status = ml_frame_order(frame, options->holdout);
	if (status == ML_OK)
		status = ml_champion_judge(host, frame, options, &run->champion->core);
	ml_pool_close(host);
	cia_check(run->door, status);
	rows.end = ml_champion_rows(frame, options);
	cia_check(run->door, ml_rows_map(host, frame, &challenger->schema, &rows.column));
	if (rows.column == NULL || rows.end == 0)
		run->champion->core.meeting = ML_NO_COMMON_ROW;
	else
		cia_check(run->door, ml_judged_read(host, challenger, &rows, judged));
}

cia_verdict
cia_champion_compare_anew(cia_champion *champion, const cia_training *training,
                          const ml_result *result, const struct varlena *content)
{
	MemoryContext arena = AllocSetContextCreate(CurrentMemoryContext, "cia training",
	                                            ALLOCSET_DEFAULT_SIZES);
	cia_training again = *training;
	ml_result judged = *result;
	cia_verdict verdict;

	MemoryContextSetIdentifier(arena, "cia compare anew");
	again.door = cia_door_open(arena);
	again.champion = champion;
	again.roles.aside = NULL;
	if (!same_bytes(champion->content, content))
	{
		cia_training_read(&again, NULL);
		if (champion->why == NULL)
			judge_anew(&again, result->model, &judged.judged);
	}
	verdict = cia_champion_compare(champion, again.door, &judged, content);
	MemoryContextDelete(arena);
	return verdict;
}
