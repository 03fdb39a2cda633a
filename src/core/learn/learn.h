/* SPDX-License-Identifier: PostgreSQL */
/*
 * learn.h: from a frame to learned numbers; the floor's table of contents.
 *
 *	option.h	option tables: parsing, ranges, defaults
 *	learner.h	what a learner is, and the table of them
 *	design.h	a frame as the design matrix of a linear predictor
 *	loss.h		what a family of distributions says of a row
 *	normal.h	weighted least squares over a design: Gram matrix or QR
 *	sweep.h		passes over the rows for many linear predictors at once
 *	descent.h	coordinate descent on a quadratic function
 *	net.h		the elastic net along a path of penalties
 *	glm.h		what the linear predictors share: solver, inference, scoring
 *	softmax.h	several classes at once: their gradient and Hessian
 *	multinomial.h	the same as a fit: solver, inference, scoring
 *	tree.h		growing one tree on rows that are bytes
 *	forest.h	trees as learned arrays: scoring and explaining
 *	objective.h	what boosting minimizes
 *	boosting.h	boosted_trees, its options
 *	space.h		rows as points, and their distances to centres
 *	kmeans.h	segments about centres
 *	mixture.h	segments as normal distributions
 *	dendrogram.h	segments that are merged step by step
 *
 * regression.c, multinomial.c, boosting_option.c, bagging.c, kmeans.c, mixture.c and
 * hierarchical.c hold the learners.
 */
#ifndef ML_LEARN_H
#define ML_LEARN_H

#include "learn/option.h"
#include "learn/learner.h"
#include "learn/design.h"
#include "learn/loss.h"
#include "learn/normal.h"
#include "learn/sweep.h"
#include "learn/descent.h"
#include "learn/net.h"
#include "learn/glm.h"
#include "learn/softmax.h"
#include "learn/multinomial.h"
#include "learn/tree.h"
#include "learn/forest.h"
#include "learn/forest_slots.h"
#include "learn/objective.h"
#include "learn/boosting.h"
#include "learn/space.h"
#include "learn/kmeans.h"
#include "learn/mixture.h"
#include "learn/dendrogram.h"

#endif
