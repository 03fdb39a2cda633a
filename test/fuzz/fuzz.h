/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz.h: an arena for fuzzers, and what must hold of every model that was accepted.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t) 256 << 20) /* what one input may make the core ask for */

typedef struct arena
{
	void *first; /* each piece begins with a pointer to the next */
	size_t used;
} arena;

static void *
arena_alloc(void *context, size_t size)
{
	arena *a = context;
	void **piece;

	if (size > MOST_BYTES - a->used)
		return NULL;
	piece = malloc(size + 16);
	if (piece == NULL)
		return NULL;
	a->used += size;
	*piece = a->first;
	a->first = piece;
	return piece + 2;
}

static void
arena_free(arena *a)
{
	while (a->first != NULL)
	{
		void *next = *(void **) a->first;

		free(a->first);
		a->first = next;
	}
}

/* A claim that does not hold is a finding. */
#define must(claim)                                                                      \
	do                                                                                   \
	{                                                                                    \
		if (!(claim))                                                                    \
		{                                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim);                  \
			abort();                                                                     \
		}                                                                                \
	} while (0)

/* A row of label number turn of every category; numbers are missing first, then large. */
static void
fill_row(const ml_schema *schema, int turn, double *row)
{
	for (int f = 0; f < schema->features; f++)
	{
		const ml_feature *feature = &schema->feature[f];

		row[f] = feature->kind == ML_NUMBER ? (turn < 0 ? NAN : turn * 1e10)
		         : turn < feature->levels   ? turn
		                                    : feature->levels - 1;
	}
}

/* A class that there is, and none is likelier. */
static void
check_classes(const ml_model *model, const double *row)
{
	static double probability[ML_MAX_CLASSES];
	int chosen = ml_model_class(model, row);

	ml_model_probabilities(model, row, probability);
	must(chosen >= 0 && chosen < model->schema.classes);
	for (int k = 0; k < model->schema.classes; k++)
		must(!(probability[k] > probability[chosen]));
}

/* The model, equipped, and its copy score alike, to the bit; explaining stays within the model. */
static void
check_scores(ml_host *host, ml_model *model, const ml_model *copy)
{
	int features = model->schema.features;
	double *row = ml_alloc_array(host, ml_model_room(model), sizeof *row);
	double *contribution = ml_alloc_array(host, features, sizeof *row);

	must(copy->schema.features == features && copy->learner == model->learner);
	if (row == NULL || contribution == NULL || ml_model_equip(host, model) != ML_OK ||
	    ml_model_lay_out(host, model) != ML_OK)
		return;
	for (int turn = -1; turn < 20; turn++)
	{
		double a, b, bias;

		fill_row(&model->schema, turn, row);
		a = ml_model_score(model, row);
		b = ml_model_score(copy, row);
		must((isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0);
		if (model->schema.task == ML_MULTICLASS || model->schema.task == ML_SEGMENTATION)
			check_classes(model, row);
		else
			must(ml_model_class(model, row) ==
			     (model->schema.task == ML_BINARY && a >= 0.5));
		ml_model_explain(model, row, contribution, &bias);
	}
}

/* The table of coefficients can be made, and names labels that there are. */
static void
check_coefficients(ml_host *host, const ml_model *model)
{
	ml_coefficients table;
	ml_status status = ml_model_coefficients(host, model, 0.95, &table);

	for (int g = 0; model->by != NULL && g < model->by->groups; g++)
		check_coefficients(host, model->by->group[g].model);
	must(status == ML_OK || status == ML_MEMORY);
	for (int64_t i = 0; status == ML_OK && i < table.count; i++)
	{
		const ml_term *term = &table.coefficient[i].term;

		must(table.coefficient[i].set == 0 ||
		     table.coefficient[i].set < model->schema.classes);
		must(term->feature < model->schema.features);
		must(term->level < 0 ||
		     term->level <= model->schema.feature[term->feature].levels);
	}
}

/* What was accepted can be written, comes back as the same bytes and scores alike. */
static void
check_model(ml_host *host, ml_model *model)
{
	ml_bytes bytes, again;
	ml_model *copy;
	ml_status status = ml_model_encode(host, model, 0, &bytes);

	if (status == ML_OK)
		status = ml_model_decode(host, bytes.data, bytes.length, &copy);
	if (status == ML_OK)
		status = ml_model_encode(host, copy, 0, &again);
	must(status == ML_OK || status == ML_MEMORY);
	if (status != ML_OK)
		return;
	must(again.length == bytes.length &&
	     memcmp(again.data, bytes.data, bytes.length) == 0);
	check_scores(host, model, copy);
	check_coefficients(host, model);
}

#endif
