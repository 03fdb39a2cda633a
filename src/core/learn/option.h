/* SPDX-License-Identifier: PostgreSQL */
/*
 * option.h: option tables.
 *
 * One table per learner, and one for what all learners share, drive parsing,
 * range errors, cia_options() and the documentation.
 */
#ifndef ML_OPTION_H
#define ML_OPTION_H

#include "data/data.h"

typedef enum ml_option_type
{
	ML_OPTION_NUMBER,  /* double */
	ML_OPTION_INTEGER, /* int64_t */
	ML_OPTION_BOOLEAN, /* bool */
	ML_OPTION_TEXT,    /* ml_text; bytes == NULL when not given */
	ML_OPTION_AUTO,    /* double, or the word "auto": infinity */
	ML_OPTION_COUNT,   /* the same of whole numbers */
	ML_OPTION_OBJECT,  /* const ml_value *; NULL when not given */
	ML_OPTION_ARRAY    /* likewise */
} ml_option_type;

typedef struct ml_option
{
	const char *name;
	ml_option_type type;
	size_t offset;   /* of the field in the learner's struct of options */
	double standard; /* the default; outside of the range, and of a text, "not given" */
	double minimum;
	double maximum;
	const char *meaning;
	const char *const
	    *choice; /* words a text is one of, NULL at the end; NULL: any text */
} ml_option;

/* A table and the struct that it fills. */
typedef struct ml_option_set
{
	const ml_option *option;
	int options;
	void *values;
} ml_option_set;

typedef enum ml_option_error
{
	ML_OPTION_FINE,
	ML_OPTION_UNKNOWN,
	ML_OPTION_WRONG_TYPE,
	ML_OPTION_NO_CHOICE,
	ML_OPTION_OUT_OF_RANGE,
	ML_OPTION_NEEDS,       /* has no meaning without the other */
	ML_OPTION_EXCLUDES,    /* contradicts the other */
	ML_OPTION_TWO_CLASSES, /* has no meaning but for two classes */
	ML_OPTION_NEEDS_TARGET /* has no meaning for segments */
} ml_option_error;

typedef struct ml_option_fault
{
	ml_option_error error;
	ml_text name;            /* as given */
	const ml_option *option; /* the one it is about, or the nearest name, or NULL */
	const char *other;       /* the option that it needs or excludes, with its value */
} ml_option_fault;

/* Options that every learner takes. */
typedef struct ml_common_options
{
	double holdout;
	ml_text positive;
	int64_t max_categories;
	ml_text by;
	ml_text calibrate;
	ml_text order_by;
} ml_common_options;

extern const ml_option ml_common_option[];
extern const int ml_common_option_count;

/* Entries for columns whose number, or its logarithm, is added to what is learned. */
#define ML_OPTION_OFFSET(place, to)                                                      \
	{                                                                                    \
		"offset", ML_OPTION_TEXT, place, 0, 0, 0,                                        \
		    "column that is added to " to ", with coefficient 1"                         \
	}
#define ML_OPTION_EXPOSURE(place)                                                        \
	{                                                                                    \
		"exposure", ML_OPTION_TEXT, place, 0, 0, 0,                                      \
		    "column of exposures, such as months or insured years; its logarithm is an " \
		    "offset, so that rates are modelled"                                         \
	}

/* The three entries of a table for the ml_bin_options that are a field of that struct. */
#define ML_BIN_OPTIONS(type, field)                                                          \
	{"max_bins",                                                                             \
	 ML_OPTION_INTEGER,                                                                      \
	 offsetof(type, field.max_bins),                                                         \
	 8,                                                                                      \
	 1,                                                                                      \
	 ML_MOST_BINS,                                                                           \
	 "most bins of a feature, the one of missing values not counted"},                       \
	    {"min_bin",                                                                          \
	     ML_OPTION_NUMBER,                                                                   \
	     offsetof(type, field.min_bin),                                                      \
	     0.05,                                                                               \
	     0,                                                                                  \
	     0.5,                                                                                \
	     "least share of the rows in a bin, the one of missing values excepted; labels "     \
	     "of less than a fifth of it are pooled"},                                           \
	{                                                                                        \
		"monotone", ML_OPTION_TEXT, offsetof(type, field.monotone), 0, 0, 0,                 \
		    "how the event rate of a number goes from bin to bin; auto, the default, takes " \
		    "increasing or decreasing, whichever has the larger information value",          \
		    ml_monotone_choice                                                               \
	}

extern const char *const ml_monotone_choice[];

/*
 * Fills the sets' structs with defaults, then with what the object gives.  False
 * with the first fault found.
 */
extern bool ml_options_read(const ml_value *given, const ml_option_set *sets, int count,
                            ml_option_fault *fault);

/* All options with the values in force, as an object; what is not given and has no default is left out. */
extern ml_status
ml_options_value(ml_host *host, const ml_option_set *sets, int count, ml_value *object);

#endif
