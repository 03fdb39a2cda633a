/* SPDX-License-Identifier: PostgreSQL */
/*
 * judged.h: what the functions share that judge a model on the rows of a source.
 *
 * A part of cia.h, which includes it last.
 */
#ifndef CIA_JUDGED_H
#define CIA_JUDGED_H

/* judged.c: options of these functions; each has a table of those that it takes */
typedef struct cia_judged_options
{
	ml_text rows;
	int64_t points;
	int64_t bins;
	ml_text strategy;
	double threshold;
	ml_text favourable;
	int64_t sample;
	ml_dependence_options dependence;
	ml_permutation_options permutation;
} cia_judged_options;

typedef struct cia_judged_table
{
	const ml_option *option;
	int options;
	bool
	    ordered; /* rows are to be in canonical order, and no more than a sample of them */
	bool segments;   /* takes a segmentation, which has no target */
	bool unjudged;   /* features are all that is read, of any rows */
	bool reveals;    /* what is in the model: only for whoever may manage it */
	bool own_source; /* without a source that of the training is read */
} cia_judged_table;

extern const char *const cia_judged_rows[];

/* The entry that every table has. */
#define CIA_OPTION_ROWS                                                                  \
	{                                                                                    \
		"rows", ML_OPTION_TEXT, offsetof(cia_judged_options, rows), 0, 0, 0,             \
		    "rows that are judged; auto takes what was kept out of training from the "   \
		    "source that the model was trained on, and all of any other",                \
		    cia_judged_rows                                                              \
	}

#define CIA_OPTION_THRESHOLD                                                             \
	{                                                                                    \
		"threshold", ML_OPTION_NUMBER, offsetof(cia_judged_options, threshold), 0.5, 0,  \
		    1, "least score that makes a row positive"                                   \
	}

#define CIA_OPTION_BINS                                                                  \
	{                                                                                    \
		"bins", ML_OPTION_INTEGER, offsetof(cia_judged_options, bins), 10, 2, 1000,      \
		    "parts that the rows are put into"                                           \
	}

/* The entry of tables of functions that are content with fewer rows. */
#define CIA_OPTION_SAMPLE(standard)                                                      \
	{                                                                                    \
		"sample", ML_OPTION_INTEGER, offsetof(cia_judged_options, sample), standard, 1,  \
		    1e9, "most rows that are looked at; of more, those of the lowest keys"       \
	}

/* A model on its way to be judged, and then with the rows. */
typedef struct cia_judged
{
	const cia_loaded *loaded;
	cia_door *door; /* all of this lives in its arena */
	cia_entry entry;
	cia_lineage lineage;
	char *source;
	cia_judged_options options;
	cia_roles roles;   /* may be added to before the source is read */
	bool holdout;      /* judge only what was kept out of training */
	bool with_id;      /* keep the id columns beside, where the source has them all */
	bool tell;         /* that all rows are judged, which nobody asked for */
	bool ordered;      /* in canonical order, and at most options.sample of them */
	ml_stream *stream; /* rows are scored as they come, and do not stay; or NULL */
	cia_rows *input;
	ml_rows rows; /* of input's frame: features mapped, codes not translated */
} cia_judged;

/*
 * The share of all keys whose rows a model has not learned from: of the holdout of a calibrated
 * one that is one half.
 */
extern double cia_model_holdout(const ml_model *model);

/*
 * Looks up the model that is the first argument, opens a door, and reads the options, which
 * are that argument.  The source is the second; NULL: the one of the training.  Raises 22023.
 */
extern cia_judged *
cia_judged_open(FunctionCallInfo fcinfo, int options, const cia_judged_table *table);

/* Which argument is what. */
typedef struct cia_judged_call
{
	const cia_judged_table *table;
	int model;
	int source;
	int options;
} cia_judged_call;

/* The same for functions of several models, each decoded anew: a call site keeps one alone. */
extern cia_judged *
cia_judged_open_copy(FunctionCallInfo fcinfo, const cia_judged_call *call);

/*
 * Runs the source once, with the caller's rights or, if it is that of the training, as kept.c has
 * it, and finds the columns of the features: rows is
 * then what there is to judge; if that is the holdout or a sample, in canonical order.
 */
extern void cia_judged_run(cia_judged *const *run, int runs, const char *source);

/* Raises 42809 for a model that does not tell two classes apart. */
extern void cia_judged_need_two_classes(const cia_judged *run);

/* A notice of which rows are judged. */
extern void cia_judged_tell(const cia_judged *run);

/* Runs the second argument, tells, and scores the rows. */
extern void cia_judged_score(cia_judged *run, FunctionCallInfo fcinfo, ml_judged *judged);

/* output.c: the rows of a function that returns a table, column by column */
typedef struct cia_output
{
	ReturnSetInfo *set;
	int columns; /* set so far of the row under construction */
	Datum value[32];
	bool null[32];
} cia_output;

extern cia_output cia_output_open(FunctionCallInfo fcinfo);

/* The next columns; NULL and NaN become NULL. */
extern void cia_output_text(cia_output *out, const char *text);
extern void cia_output_integer(cia_output *out, int32 number);
extern void cia_output_bigint(cia_output *out, int64 number);
extern void cia_output_bool(cia_output *out, bool value, bool null);
extern void cia_output_numbers(cia_output *out, const double *number, int count);

/* Ends the row. */
extern void cia_output_row(cia_output *out);

#endif
