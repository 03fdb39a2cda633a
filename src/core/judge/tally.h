/* SPDX-License-Identifier: PostgreSQL */
/*
 * tally.h: measures that are made of sums over the rows, in a small flat state.
 *
 * A tally is a few exact sums in one piece of memory without pointers: the host may copy it,
 * store it, send it and merge it.  As sums are exact, whoever adds the same rows
 * in whatever order and pieces gets the same bits.
 */
#ifndef ML_TALLY_H
#define ML_TALLY_H

#include "base/base.h"

/* What is summed, by weight w: y is the outcome, p what was predicted. */
typedef enum ml_tally_kind
{
	ML_TALLY_LOG_LOSS = 1, /* w, w loss */
	ML_TALLY_BRIER,        /* w, w (y - p)^2 */
	ML_TALLY_CONFUSION,    /* w of true and false negatives, false and true positives */
	ML_TALLY_CALIBRATION,  /* w, and w (y - p) of every bin */
	ML_TALLY_SQUARED,      /* w, w (y - p)^2 */
	ML_TALLY_ABSOLUTE,     /* w, w |y - p| */
	ML_TALLY_PERCENTAGE,   /* w, w |y - p| / |y| */
	ML_TALLY_VARIANCE,     /* w, w y, w y^2, w (y - p)^2 */
	ML_TALLY_DEVIANCE,     /* w, w deviance */
	ML_TALLY_KINDS
} ml_tally_kind;

#define ML_TALLY_MOST_BINS 1000
#define ML_TALLY_MOST_ROWS (INT64_C(1) << 38)
#define ML_TALLY_TERMS 8 /* of one row, at most */

typedef struct ml_tally
{
	int32_t header; /* the host's */
	int16_t kind;
	int16_t sums;
	int64_t rows;
	int16_t low;      /* place of the first digit of every sum */
	int16_t count;    /* digits of a sum */
	int32_t pending;  /* numbers added since the digits were last in order */
	int64_t digit[1]; /* [sums][count] */
} ml_tally;

/* One row, or a part of what it adds: a number for one of the sums. */
typedef struct ml_addend
{
	int sum;
	double value;
} ml_addend;

/* A row as the measures see it. */
typedef struct ml_case
{
	double score;
	double outcome; /* of two classes 1 or 0 */
	double weight;
	double threshold; /* of confusion: a score from here on is called positive */
	int bins;         /* of calibration */
	const struct ml_deviance *deviance;
	double power; /* that the deviance is called with */
} ml_case;

/* Deviance of a row of weight 1, by what the variance is of the mean. */
typedef struct ml_deviance
{
	const char *name;
	double (*of)(double y, double mu, double power);
	double power;
	double least; /* of what was predicted and what came out */
	double most;
	bool mean_above; /* the prediction is more than that */
	bool above;      /* the outcome, too */
} ml_deviance;

extern const ml_deviance ml_deviance_table[];
extern const int ml_deviance_count;

/* Sums of a kind with so many bins. */
extern int ml_tally_sums(ml_tally_kind kind, int bins);

extern size_t ml_tally_size(int sums, int count);

/* Makes an empty one of a few digits around those of 1. */
extern void ml_tally_open(ml_tally *tally, ml_tally_kind kind, int sums);
extern size_t ml_tally_open_size(int sums);

/* -log of the probability that was given to the outcome, at least 1e-15. */
extern double ml_log_loss(bool positive, double probability);

/* What a row adds: up to ML_TALLY_TERMS numbers, which are finite unless they overflow. */
extern int ml_tally_addends(ml_tally_kind kind, const ml_case *row, ml_addend *addend);

/*
 * Adds finite numbers of one row; false: they lie outside of the digits, and nothing was
 * added.  Then ml_tally_widen says what is needed and ml_tally_move puts the sums there.
 */
extern bool ml_tally_add(ml_tally *tally, const ml_addend *addend, int count);
/* Takes out again what a row has added; the addends are changed.  False: it never was in. */
extern bool ml_tally_drop(ml_tally *tally, ml_addend *addend, int count);

extern size_t ml_tally_widen(const ml_tally *tally, const ml_addend *addend, int addends,
                             int *low, int *count);
extern void ml_tally_move(ml_tally *into, const ml_tally *from, int low, int count);

/* Takes out again what a row has added; the addends are changed.  False: it never was in. */
extern bool ml_tally_drop(ml_tally *tally, ml_addend *addend, int count);

/* The same with memory of the host's; *tally may move. */
extern ml_status
ml_tally_create(ml_host *host, ml_tally_kind kind, int bins, ml_tally **tally);
extern ml_status
ml_tally_put(ml_host *host, ml_tally **tally, const ml_addend *addend, int addends);
extern ml_status ml_tally_take(ml_host *host, ml_tally **tally, const ml_case *row);

/* Makes room in into for the sums of from, of the same kind; then adds them. */
extern size_t
ml_tally_widen_for(const ml_tally *into, const ml_tally *from, int *low, int *count);
extern void ml_tally_merge(ml_tally *into, const ml_tally *from);

/* A sum, rounded once. */
extern double ml_tally_sum(const ml_tally *tally, int sum);

/*
 * The measures.  NaN: not defined on these rows, which of an empty tally is so of all; an
 * infinity: too large for a double.
 */
extern double ml_tally_mean(const ml_tally *tally); /* of all kinds of two sums */
extern double ml_tally_rmse(const ml_tally *tally);
extern double ml_tally_r2(const ml_tally *tally);
extern double
ml_tally_fit_rmse(const ml_tally *tally); /* of the sums that r2 is made of */
extern double ml_tally_calibration_error(const ml_tally *tally);
extern double ml_tally_accuracy(const ml_tally *tally);
extern double ml_tally_precision(const ml_tally *tally);
extern double ml_tally_recall(const ml_tally *tally);
extern double ml_tally_f1(const ml_tally *tally);
extern double ml_tally_mcc(const ml_tally *tally);

/* Bytes to keep or to send, the same on every machine; out has room for ml_tally_encoded. */
extern size_t ml_tally_encoded(const ml_tally *tally);
extern void ml_tally_encode(const ml_tally *tally, unsigned char *out);

/*
 * Checks bytes from outside: the size of the tally that they stand for, or 0 if they are
 * none.  Only then may they be decoded.
 */
extern size_t ml_tally_check(const unsigned char *bytes, size_t length);
extern void ml_tally_decode(const unsigned char *bytes, ml_tally *tally);

#endif
