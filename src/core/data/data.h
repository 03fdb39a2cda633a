/* SPDX-License-Identifier: PostgreSQL */
/*
 * data.h: rows on their way from the executor to a learner; the floor's table of
 * contents.
 *
 *	dictionary.h	labels of a category and their codes
 *	frame.h			rows in memory, column by column, and their canonical order
 *	schema.h		what a model knows of its features and of its target
 *	bins.h			a feature in bins, each with its weight of evidence
 *	cuts.h			features as bytes, for trees
 */
#ifndef ML_DATA_H
#define ML_DATA_H

#include "data/dictionary.h"
#include "data/frame.h"
#include "data/schema.h"
#include "data/bins.h"
#include "data/cuts.h"

#endif
