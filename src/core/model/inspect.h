/* SPDX-License-Identifier: PostgreSQL */
/*
 * inspect.h: looking into a model.
 *
 *	trees.c		a tree, node by node
 *	importance.c	what each feature means to the model
 */
#ifndef ML_INSPECT_H
#define ML_INSPECT_H

#include "learn/learn.h"

typedef struct ml_model ml_model;

/* The trees of a model as its learned arrays have them; forest.h tells what is in these. */
typedef struct ml_trees
{
	int trees;
	int classes;    /* tree t, from 0, adds to the margin of class t % classes */
	int64_t *first; /* [trees + 1] node of each tree */
	int64_t *set;   /* [nodes + 1] where the codes of each node begin */
	const double *base;
	const double *feature;
	const double *threshold;
	const double *missing_left;
	const double *left;
	const double *right;
	const double *value;
	const double *cover;
	const double *gain;
	const double *code;
} ml_trees;

/* False for a model that does not consist of trees; its arrays were checked when it was read. */
extern ml_status
ml_model_trees(ml_host *host, const ml_model *model, ml_trees *trees, bool *found);

/*
 * The nodes of a tree, from 0, with the codes that go left; the value of an inner node is the
 * mean of the leaves below, by their rows.
 */
extern ml_status ml_trees_nodes(ml_host *host, const ml_trees *trees, int tree,
                                ml_node **node, int *nodes);

/* What features mean to a model, by feature; NaN: not known of this kind of model. */
typedef struct ml_importance
{
	int count;        /* features that something is learned of */
	bool of_segments; /* share is of the variance between centres, deviation its root */
	uint32_t *order;  /* [count] these features, the most important first */
	double *share; /* in the sum of what they are ordered by: shap, gain or deviation */
	double *shap;  /* mean of the absolute contributions to the margin */
	double *gain;  /* what all splits by the feature took off the loss */
	double *gain_share; /* in the sum over all features */
	double *splits;
	double *cover; /* mean rows of these splits */
	double
	    *deviation; /* of a linear predictor: standard deviation of the contributions */
} ml_importance;

/* count is 0 for a model that has learned nothing of its features one by one. */
extern ml_status
ml_model_importance(ml_host *host, const ml_model *model, ml_importance *importance);

#endif
