/* SPDX-License-Identifier: PostgreSQL */
/*
 * dictionary.h: the labels of one category column, each with a code.
 *
 * Codes count from 0 in the order of arrival.  Open addressing with linear
 * probing; slot[] holds code + 1, 0 is free.
 */
#ifndef ML_DICTIONARY_H
#define ML_DICTIONARY_H

#include "base/base.h"

typedef struct ml_dictionary
{
	ml_host *host;
	int32_t count;  /* labels */
	int32_t room;   /* labels there is room for */
	int32_t slots;  /* a power of two, at least twice room */
	ml_text *label; /* [count] */
	uint64_t *hash; /* [count] ml_hash_bytes of the label */
	int32_t *slot;  /* [slots] */
	char *page;     /* where the next label's bytes go */
	int32_t page_left;
} ml_dictionary;

extern ml_status ml_dictionary_create(ml_host *host, ml_dictionary **dictionary);

/* The label's code, added if it is new. */
extern ml_status
ml_dictionary_add(ml_dictionary *dictionary, ml_text label, int32_t *code);

/* The label's code, or -1. */
extern int32_t ml_dictionary_find(const ml_dictionary *dictionary, ml_text label);

#endif
