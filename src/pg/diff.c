/* SPDX-License-Identifier: PostgreSQL */
/*
 * diff.c: cia_diff: what changed from one version of a model to another.
 *
 * What was asked for and what came out is compared by what cia_versions has of both; classes,
 * labels and the profile of the features by what the models themselves have kept of the rows
 * that they were trained on.  Only what differs is told.
 */
#include "cia.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_diff);

#define MOST_LABELS 12
#define SMALLEST_SHARE 1e-4 /* of a label, in the index of stability */

enum
{
	SIDE_OLD,
	SIDE_NEW,
	SIDES
};

/* Facts that are compared as text come first. */
enum
{
	FACT_SOURCE,
	FACT_ALGORITHM,
	FACT_TASK,
	FACT_TARGET,
	FACT_TRAINED_BY,
	FACT_CIA_VERSION,
	FACT_PG_VERSION,
	FACT_FINGERPRINT,
	FACT_ROWS_USED,
	FACT_ROWS_SKIPPED,
	FACT_REQUEST,
	FACT_OPTIONS,
	FACT_COLUMNS,
	FACT_METRICS,
	FACTS
};

static const cia_fact fact[FACTS] = {
    [FACT_SOURCE] = {"source", "source"},
    [FACT_ALGORITHM] = {"algorithm", "algorithm"},
    [FACT_TASK] = {"task", "task"},
    [FACT_TARGET] = {"target", "target"},
    [FACT_TRAINED_BY] = {"trained_by", "trained_by"},
    [FACT_CIA_VERSION] = {"cia_version", "cia_version"},
    [FACT_PG_VERSION] = {"pg_version", "pg_version"},
    [FACT_FINGERPRINT] = {"fingerprint", "fingerprint"},
    [FACT_ROWS_USED] = {"used", "rows_used"},
    [FACT_ROWS_SKIPPED] = {"skipped", "rows_skipped"},
    [FACT_REQUEST] = {NULL, "request - '{target,algorithm,options}'::text[]"},
    [FACT_OPTIONS] = {NULL, "options"},
    /* what is compared by name is an object */
    [FACT_COLUMNS] = {NULL,
                      "SELECT coalesce(jsonb_object_agg(name, what), '{}') FROM ("
                      "SELECT c->>'name' AS name, string_agg((c->>'type') || ', ' || "
                      "(c->>'role'), '; ' ORDER BY n) AS what "
                      "FROM jsonb_array_elements(columns) WITH ORDINALITY e(c, n) "
                      "GROUP BY 1) d"},
    [FACT_METRICS] = {NULL, "metrics"},
};

typedef struct side
{
	char *fact[FACTS];
	ml_model *model;
} side;

typedef struct comparison
{
	cia_output out;
	cia_door *door;
	side side[SIDES];
} comparison;

static void
put(comparison *work, const char *aspect, const char *item, const char *const text[SIDES],
    double difference)
{
	cia_output_text(&work->out, aspect);
	cia_output_text(&work->out, item);
	cia_output_text(&work->out, text[SIDE_OLD]);
	cia_output_text(&work->out, text[SIDE_NEW]);
	cia_output_numbers(&work->out, &difference, 1);
	cia_output_row(&work->out);
}

/* Numbers that differ, NaN for one that is not there. */
static void
put_numbers(comparison *work, const char *aspect, const char *item,
            const double number[SIDES])
{
	const char *text[SIDES];

	if (number[SIDE_OLD] == number[SIDE_NEW] ||
	    (isnan(number[SIDE_OLD]) && isnan(number[SIDE_NEW])))
		return;
	for (int s = 0; s < SIDES; s++)
		text[s] = isnan(number[s]) ? NULL : psprintf("%.6g", number[s]);
	put(work, aspect, item, text, number[SIDE_NEW] - number[SIDE_OLD]);
}

static void
compare_text(comparison *work, const char *aspect, int which)
{
	const char *text[] = {work->side[SIDE_OLD].fact[which],
	                      work->side[SIDE_NEW].fact[which]};
	bool rows = which == FACT_ROWS_USED || which == FACT_ROWS_SKIPPED;

	if (text[0] != NULL && text[1] != NULL && strcmp(text[0], text[1]) != 0)
		put(work, aspect, fact[which].label, text,
		    rows ? strtod(text[1], NULL) - strtod(text[0], NULL) : NAN);
}

/* A value as text: a text as it is, all else as JSON; NULL for none. */
static const char *
text_of(const ml_value *value)
{
	if (value == NULL)
		return NULL;
	return value->kind == ML_VALUE_TEXT ? cia_text_cstring(value->text)
	                                    : cia_value_to_json(value);
}

static void
compare_member(comparison *work, const char *aspect, const char *name,
               const ml_value *const value[SIDES])
{
	const char *text[] = {text_of(value[SIDE_OLD]), text_of(value[SIDE_NEW])};
	double difference = NAN;

	if (text[0] != NULL && text[1] != NULL && strcmp(text[0], text[1]) == 0)
		return;
	for (int s = 0; s < SIDES; s++)
		if (value[s] != NULL && value[s]->kind == ML_VALUE_NUMBER)
		{
			text[s] = psprintf("%.6g", value[s]->number);
			difference =
			    s == SIDE_OLD ? -value[s]->number : difference + value[s]->number;
		}
	put(work, aspect, name, text, difference);
}

/* jsonb has members in order of the lengths of their names, then of their bytes. */
static int
name_order(ml_text a, ml_text b)
{
	return a.length != b.length ? (a.length > b.length) - (a.length < b.length)
	                            : ml_text_compare(a, b);
}

/* The member that is next on either side: its name, and its value on the sides that have it. */
static ml_text
next_member(const ml_value object[SIDES], int64 at[SIDES], const ml_value *value[SIDES])
{
	ml_text name = {0};

	for (int s = 0; s < SIDES; s++)
		if (at[s] < object[s].count &&
		    (name.bytes == NULL || name_order(object[s].keys[at[s]], name) < 0))
			name = object[s].keys[at[s]];
	for (int s = 0; s < SIDES; s++)
		value[s] = name.bytes != NULL && at[s] < object[s].count &&
		                   ml_text_equal(object[s].keys[at[s]], name)
		               ? &object[s].items[at[s]++]
		               : NULL;
	return name;
}

static void
compare_objects(comparison *work, const char *aspect, int which)
{
	const ml_value *value[SIDES];
	ml_value object[SIDES];
	int64 at[SIDES] = {0};
	ml_text name;

	for (int s = 0; s < SIDES; s++)
	{
		Datum jsonb =
		    DirectFunctionCall1(jsonb_in, CStringGetDatum(work->side[s].fact[which]));

		cia_value_from_jsonb(work->door, DatumGetJsonbP(jsonb), &object[s]);
	}
	while ((name = next_member(object, at, value)).bytes != NULL)
		compare_member(work, aspect, cia_text_cstring(name), value);
}

/* The share of a class in the training rows; NaN if the model does not know it. */
static double
class_share(const ml_schema *schema, ml_text label)
{
	for (int k = 0; k < schema->classes; k++)
		if (ml_text_equal(schema->class_label[k], label))
			return schema->class_count[k] / schema->rows;
	return NAN;
}

static void
compare_targets(comparison *work, const ml_schema *const schema[SIDES])
{
	if (schema[SIDE_OLD]->classes == 0 && schema[SIDE_NEW]->classes == 0)
	{
		put_numbers(work, "target", "mean",
		            (double[]){schema[0]->target_mean, schema[1]->target_mean});
		put_numbers(work, "target", "sd",
		            (double[]){schema[0]->target_sd, schema[1]->target_sd});
		return;
	}
	for (int s = 0; s < SIDES; s++)
		for (int k = 0; k < schema[s]->classes; k++)
		{
			ml_text label = schema[s]->class_label[k];
			double share[] = {class_share(schema[0], label),
			                  class_share(schema[1], label)};

			/* what both know was told before */
			if (s == SIDE_OLD || isnan(share[SIDE_OLD]))
				put_numbers(work,
				            schema[s]->task == ML_SEGMENTATION ? "segment" : "class",
				            cia_text_cstring(label), share);
		}
}

/* The same feature of another model, sought from behind the one found before; NULL: none. */
static const ml_feature *
find_feature(const ml_schema *schema, const ml_feature *wanted, int *before)
{
	for (int i = 1; i <= schema->features; i++)
	{
		int f = (*before + i) % schema->features;

		if (schema->feature[f].element == wanted->element &&
		    ml_text_equal(schema->feature[f].name, wanted->name))
		{
			*before = f;
			return &schema->feature[f];
		}
	}
	return NULL;
}

/* Labels side by side: the next one's code on each side, -1 where it is not known. */
typedef struct label_walk
{
	const ml_feature *feature[SIDES];
	int at[SIDES];
	int code[SIDES];
} label_walk;

static bool
next_label(label_walk *walk)
{
	ml_text label = {0};

	/* the pool is no label, whatever it is called, and stands last */
	for (int s = 0; s < SIDES; s++)
		if (walk->at[s] < walk->feature[s]->levels - walk->feature[s]->pooled &&
		    (label.bytes == NULL ||
		     ml_text_compare(walk->feature[s]->label[walk->at[s]], label) < 0))
			label = walk->feature[s]->label[walk->at[s]];
	for (int s = 0; s < SIDES; s++)
	{
		const ml_feature *feature = walk->feature[s];
		bool last = walk->at[s] == feature->levels - feature->pooled;

		walk->code[s] = -1;
		if (label.bytes != NULL
		        ? !last && ml_text_equal(feature->label[walk->at[s]], label)
		        : last && feature->pooled)
			walk->code[s] = walk->at[s]++;
	}
	return walk->code[SIDE_OLD] >= 0 || walk->code[SIDE_NEW] >= 0;
}

/* A term of the population stability index. */
static double
stability(double before, double after)
{
	before = Max(before, SMALLEST_SHARE);
	after = Max(after, SMALLEST_SHARE);
	return (after - before) * log(after / before);
}

static void
compare_labels(comparison *work, const char *name, const ml_feature *const feature[SIDES],
               const double rows[SIDES])
{
	label_walk walk = {.feature = {feature[SIDE_OLD], feature[SIDE_NEW]}};
	double index = stability(feature[SIDE_OLD]->missing / rows[SIDE_OLD],
	                         feature[SIDE_NEW]->missing / rows[SIDE_NEW]);
	StringInfoData only[SIDES];
	int count[SIDES] = {0};

	initStringInfo(&only[SIDE_OLD]);
	initStringInfo(&only[SIDE_NEW]);
	while (next_label(&walk))
	{
		double share[SIDES];

		for (int s = 0; s < SIDES; s++)
			share[s] = walk.code[s] >= 0 ? feature[s]->count[walk.code[s]] / rows[s] : 0;
		index += stability(share[SIDE_OLD], share[SIDE_NEW]);
		for (int s = 0; s < SIDES; s++)
			if (walk.code[1 - s] < 0 && count[s]++ < MOST_LABELS)
				appendStringInfo(&only[s], "%s%s", count[s] > 1 ? ", " : "",
				                 cia_text_cstring(feature[s]->label[walk.code[s]]));
	}
	for (int s = 0; s < SIDES; s++)
		if (count[s] > MOST_LABELS)
			appendStringInfo(&only[s], " and %d more", count[s] - MOST_LABELS);
	if (count[SIDE_OLD] + count[SIDE_NEW] > 0)
		put(work, "labels", name,
		    (const char *[]){count[0] > 0 ? only[0].data : NULL,
		                     count[1] > 0 ? only[1].data : NULL},
		    NAN);
	if (index > 0)
		put(work, "drift", name, (const char *[]){NULL, NULL}, index);
}

static char *
feature_kind(const ml_feature *feature)
{
	return psprintf("%s, %s, %s", cia_text_cstring(feature->type),
	                feature->kind == ML_CATEGORY ? "category" : "number",
	                ml_use_word[feature->use]);
}

/* The profile of a feature that both models have. */
static void
compare_profiles(comparison *work, const ml_feature *const feature[SIDES],
                 const double rows[SIDES])
{
	const ml_feature *old = feature[SIDE_OLD], *new = feature[SIDE_NEW];
	char *name = cia_element_name(old->name, old->element);
	const char *const kind[] = {feature_kind(old), feature_kind(new)};

	if (strcmp(kind[0], kind[1]) != 0)
		put(work, "feature", name, kind, NAN);
	put_numbers(work, "missing", name,
	            (double[]){old->missing / rows[0], new->missing / rows[1]});
	if (old->kind == ML_CATEGORY && new->kind == ML_CATEGORY)
		compare_labels(work, name, feature, rows);
	if (old->kind == ML_CATEGORY || new->kind == ML_CATEGORY)
		return;
	if (old->mean != new->mean)
		put(work, "mean", name,
		    (const char *[]){cia_profile_text(old, old->mean),
		                     cia_profile_text(new, new->mean)},
		    new->mean - old->mean);
	if (old->sd != new->sd)
		put(work, "sd", name,
		    (const char *[]){cia_deviation_text(old), cia_deviation_text(new)},
		    new->sd - old->sd);
	if (old->sd > 0 && old->mean != new->mean)
		put(work, "drift", name, (const char *[]){NULL, NULL},
		    (new->mean - old->mean) / old->sd);
}

static void
compare_features(comparison *work, const ml_schema *const schema[SIDES])
{
	const double rows[] = {schema[SIDE_OLD]->rows, schema[SIDE_NEW]->rows};

	for (int s = 0; s < SIDES; s++)
	{
		int before = -1;

		for (int f = 0; f < schema[s]->features; f++)
		{
			const ml_feature *here = &schema[s]->feature[f];
			const ml_feature *there = find_feature(schema[1 - s], here, &before);
			const char *kind[SIDES] = {NULL, NULL};

			CHECK_FOR_INTERRUPTS();
			kind[s] = there == NULL ? feature_kind(here) : NULL;
			if (there == NULL)
				put(work, "feature", cia_element_name(here->name, here->element), kind,
				    NAN);
			else if (s == SIDE_OLD)
				compare_profiles(work, (const ml_feature *[]){here, there}, rows);
		}
	}
}

static void
open_side(comparison *work, int s, Oid schema, const char *version)
{
	cia_entry entry = cia_registry_manage(schema, version);

	cia_version_facts(schema, &entry, fact, FACTS, work->side[s].fact);
	work->side[s].model =
	    cia_model_decode(work->door, cia_registry_content(schema, &entry));
}

/* Rows of aspect, item, old, new, and by how much, where that is a number. */
Datum
cia_diff(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	comparison work = {.out = cia_output_open(fcinfo),
	                   .door = cia_door_for_model(CurrentMemoryContext)};
	const ml_schema *schemas[SIDES];
	int settings = cia_plain_settings();

	cia_registry_manage_model(schema, name);
	for (int s = 0; s < SIDES; s++)
	{
		open_side(&work, s, schema, psprintf("%s@%d", name, PG_GETARG_INT32(1 + s)));
		schemas[s] = &work.side[s].model->schema;
	}
	for (int i = FACT_SOURCE; i <= FACT_TARGET; i++)
		compare_text(&work, "training", i);
	compare_objects(&work, "request", FACT_REQUEST);
	compare_objects(&work, "option", FACT_OPTIONS);
	compare_objects(&work, "column", FACT_COLUMNS);
	compare_text(&work, "rows", FACT_ROWS_USED);
	compare_text(&work, "rows", FACT_ROWS_SKIPPED);
	compare_objects(&work, "metric", FACT_METRICS);
	compare_targets(&work, schemas);
	compare_features(&work, schemas);
	for (int i = FACT_TRAINED_BY; i <= FACT_PG_VERSION; i++)
		compare_text(&work, "made", i);
	compare_text(&work, "model", FACT_FINGERPRINT);
	cia_path_unpin(settings);
	return (Datum) 0;
}
