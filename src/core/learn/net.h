/* SPDX-License-Identifier: PostgreSQL */
/*
 * net.h: the elastic net along a path of penalties, and the choice of one by folds.
 *
 * We minimize, as glmnet does,
 *
 *	1/W sum_i w_i loss(y_i, x_i . b) + lambda sum_j [ alpha |u_j| + (1 - alpha)/2 u_j^2 / c ],
 *
 * where W is the sum of the weights, u_j = b_j s_j with s_j the standard deviation of the
 * column, labels' columns included, and c is 1, but for least squares the standard deviation of
 * the target, since glmnet standardizes that as well.  The intercept is free.
 *
 *	quadratic loss	one pass over the rows gives the Gram matrix of every fold.  All
 *					fits, with and without a fold, are coordinate descent on sums of
 *					these, and so are their errors: nothing else reads the rows.
 *	other losses	proximal Newton: coordinate descent on the quadratic model at a point,
 *					a pass for the exact gradient there, and so on.  The model is made
 *					anew only when steps stop shrinking fast.  The fit without a
 *					fold begins with one step of its own from the fit of all rows,
 *					whose gradient and Gram matrix less that of the fold it knows for nothing;
 *					what is left to do is a pass for many penalties and all folds at once.
 */
#ifndef ML_NET_H
#define ML_NET_H

#include "learn/descent.h"
#include "learn/sweep.h"

typedef struct ml_net
{
	const ml_family *family;
	double lambda; /* infinite: chosen by folds */
	double alpha;
	int lambdas; /* steps of the path */
	int folds;
	bool sparsest; /* the largest penalty within one standard error of the best */
	int64_t max_iterations; /* passes for one step of the path */
	double start;           /* the intercept to begin with */
	double offset;          /* taken off the target */
} ml_net;

/* Rows of the problem: all of them, or all but a fold. */
typedef struct ml_net_view
{
	double rows; /* sum of their weights */
	double unit; /* c of the formula above */
	double *sd;  /* [cols] of the matrix's columns; 0: never varies */
} ml_net_view;

/*
 * The loss near a point as a quadratic function, per row: the intercept is put at its best
 * beforehand, and so the matrix is the Schur complement of its entry.
 */
typedef struct ml_net_model
{
	int n;
	const int *column; /* [n] ascending; the others stay at zero */
	double *h;         /* [n][n] */
	double *cross;    /* [n] what a change of a column moves the intercept by, negative */
	double curvature; /* of the intercept */
} ml_net_model;

/* Everything that a path works on. */
typedef struct ml_path
{
	ml_host *host;
	const ml_problem *problem;
	const ml_net *net;
	ml_design design;
	ml_sweep sweep;
	int all;             /* the view of all rows; view v before it lacks fold v */
	ml_net_view *view;   /* [all + 1] */
	ml_net_model *model; /* [all + 1] around one point */
	ml_descent *descent; /* [threads] */
	double **scratch;    /* [threads][cols] */
	int *column;         /* [cols] of the models */
	bool *modelled;      /* [cols] */
	int *index;          /* [cols + 1] of the sweep's job */

	int steps;      /* done so far, in the end of the path */
	int room;       /* steps there is room for */
	int kept;       /* the first step that is reported */
	double *lambda; /* [room] */
	double **beta;  /* [all + 1], each [room][cols] */
	double *loss;   /* [room] of all rows */
	double *held;   /* [all][room] loss of each fold by the fit without it */
	double null_loss;
	double
	    *least; /* [folds] what the loss would be if every row were predicted exactly */
	bool converged;
	int64_t iterations; /* passes */
} ml_path;

/* One step of proximal Newton from a point. */
typedef struct ml_net_step
{
	int view;
	double lambda;
	const ml_net_model *model;
	const double *at;       /* [cols] */
	const double *gradient; /* [cols] X'g of the view's rows there */
	double *to;             /* [cols] out */
	double size;            /* out: the step in units of the intercept's square */
} ml_net_step;

extern ml_status ml_net_newton(const ml_path *path, ml_net_step *step, ml_worker *worker);

/*
 * The columns of a model at a point: those in use, and those whose gradient lets expect them
 * further down the path; all of them, if that is half.  Answers how many.
 */
extern int ml_net_choose(const ml_path *path, int v, double lambda, const double *beta,
                         const double *gradient, int *column);

/* Is a column left out of the model that would move? */
extern bool
ml_net_violates(const ml_path *path, int v, double lambda, const double *gradient);

/* Models of all views from the Gram matrices of the last sweep. */
extern ml_status ml_net_models(ml_path *path, ml_net_model *model, int first, int count);

/* The loss's part and the penalty's part of f, times the sum of weights. */
extern double
ml_net_penalty(const ml_path *path, int view, double lambda, const double *beta);

/* Fills lambda from the gradient of the fit without columns. */
extern void ml_net_lay_path(ml_path *path, const double *gradient);

/* Has the path come to where further steps explain nothing more? */
extern bool ml_net_ends(const ml_path *path);

/* net_gaussian.c, net_newton.c: the path for a quadratic loss, and for any. */
extern ml_status ml_net_least_squares(ml_path *path);
extern ml_status ml_net_likelihood(ml_path *path);
extern double ml_net_likelihood_memory(const ml_design *design, int folds);

extern ml_status ml_net_fit(ml_host *host, const ml_problem *problem, const ml_net *net,
                            ml_fitted *fitted);
extern double ml_net_memory(const ml_problem *problem, const ml_net *net, int threads);

#endif
