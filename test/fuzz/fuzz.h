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

/* Bytes and back are the same bytes; scoring and explaining stay within the model. */
static void
check_model(ml_host *host, const ml_model *model)
{
	ml_bytes bytes, again;
	ml_model *copy;
	double *row, *contribution, bias, sum;

	if (ml_model_encode(host, model, 0, &bytes) != ML_OK)
		return;
	must(ml_model_decode(host, bytes.data, bytes.length, &copy) == ML_OK);
	must(ml_model_encode(host, copy, 0, &again) == ML_OK);
	must(again.length == bytes.length &&
	     memcmp(again.data, bytes.data, bytes.length) == 0);

	row = ml_alloc_array(host, model->schema.features, sizeof *row);
	contribution = ml_alloc_array(host, model->schema.features, sizeof *row);
	if (row == NULL || contribution == NULL)
		return;
	for (int turn = -1; turn < 3; turn++)
	{
		for (int f = 0; f < model->schema.features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];

			row[f] = feature->kind == ML_NUMBER ? (turn < 0 ? NAN : turn * 1e10)
			         : turn < feature->levels   ? turn
			                                    : feature->levels - 1;
		}
		ml_model_class(model, ml_model_score(model, row));
		model->learner->explain(model->state, row, contribution, &bias);
		sum = bias;
		for (int f = 0; f < model->schema.features; f++)
			sum += contribution[f];
		(void) sum;
	}
}

#endif
