/* SPDX-License-Identifier: PostgreSQL */
/*
 * status.c: a status of the core as an error: what is wrong, where, and what to do.
 */
#include "cia.h"
#include "judge/calibrate.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

static void
raise_memory(const cia_door *door, ml_status status)
{
	double needed = door->memory.denied ? (double) door->memory.needed
	                                    : (double) cia_arena_taken(&door->memory) +
	                                          (double) door->host.fault.bytes;
	char needs[32];

	if (!door->memory.denied &&
	    (double) door->host.fault.bytes <= cia_arena_room(&door->memory))
		ereport(ERROR,
		        (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
		         errdetail("Failed on request of size %zu.", door->host.fault.bytes)));
	if (needed < 1e9)
		snprintf(needs, sizeof needs, "%.0f MB", ceil(needed / 1048576));
	else
		snprintf(needs, sizeof needs, "%.1f GB", needed / 1073741824);
	ereport(
	    ERROR,
	    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	     errmsg("%s needs %s of memory, more than cia.max_memory allows",
	            door->judges ? "what is read" : "training", needs),
	     errdetail("cia.max_memory is %d MB.", cia_max_memory_kb / 1024),
	     door->memory.shared != NULL && *door->memory.shared > door->memory.used
	         ? errhint("Groups that are read side by side count together: SET "
	                   "enable_hashagg = off reads one after the other. Or raise "
	                   "cia.max_memory.")
	     : door->judges
	         ? errhint("Raise cia.max_memory, or take a sample of the rows.")
	         : errhint(
	               "Raise cia.max_memory, train on a sample of the rows, or leave out "
	               "columns.")));
}

/* "x", or "x[3]" for an element of an array column. */
static char *
column_name(const cia_door *door)
{
	const ml_column *column;

	if (door->frame == NULL || door->host.fault.column < 0 ||
	    door->host.fault.column >= door->frame->columns)
		return NULL;
	column = &door->frame->column[door->host.fault.column];
	return cia_element_name(column->name, column->element);
}

static void
raise_not_finite(const cia_door *door, ml_status status)
{
	const char *column = column_name(door);

	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("column \"%s\" contains a value that is not finite", column),
	         errdetail("It is infinite in row %lld of the source.",
	                   (long long) door->host.fault.row),
	         errhint("Leave such rows out with WHERE, or make them NULL, which counts as "
	                 "missing.")));
}

/* How to leave out the column of the fault; an element goes with its array. */
static char *
exclusion(const cia_door *door)
{
	const ml_column *column = &door->frame->column[door->host.fault.column];

	return psprintf("Leave %s out with exclude => ARRAY[%s]",
	                column->element > 0 ? "its array" : "it",
	                quote_literal_cstr(cia_text_cstring(column->name)));
}

static void
raise_singular(const cia_door *door, ml_status status)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("could not fit model because its columns are linearly dependent"),
	     column != NULL
	         ? errdetail("Column \"%s\" is determined by the columns before it.", column)
	         : 0,
	     column != NULL ? errhint("%s, or set a penalty with options => '{\"l2\": 1}'.",
	                              exclusion(door))
	                    : errhint("Set a penalty with options => '{\"l2\": 1}'.")));
}

static void
raise_range(const cia_door *door, ml_status status)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
	     column != NULL
	         ? errmsg("values of column \"%s\" are too large or too small to compute "
	                  "with",
	                  column)
	         : errmsg("could not fit model because its values are too large or too small "
	                  "to compute with"),
	     errhint("Divide or multiply the column by a power of ten.")));
}

static void
raise_target(const cia_door *door, ml_status status)
{
	const char *who = psprintf("algorithm \"%s\"", door->algorithm), *what = "counts";

	if (door->objective != NULL)
		who = psprintf("objective \"%s\" of %s", door->objective, who);
	if (door->objective != NULL && strcmp(door->objective, "poisson") != 0)
		what = "amounts of zero or more";
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         status == ML_TARGET_BELOW
	             ? errmsg("target \"%s\" is negative, but %s needs %s", door->target, who,
	                      what)
	             : errmsg("target \"%s\" is not greater than zero, but %s needs positive "
	                      "amounts",
	                      door->target, who),
	         errhint("Leave such rows out with WHERE, or use %s.",
	                 door->objective != NULL ? "objective \"squared\""
	                                         : "algorithm => 'linear'")));
}

static void
raise_offset(const cia_door *door, ml_status status)
{
	const char *column = column_name(door);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     status == ML_NO_OFFSET
	         ? errmsg("column \"%s\" is null in some rows, but is an offset or an "
	                  "exposure",
	                  column)
	         : errmsg("exposure \"%s\" is not greater than zero in some rows", column),
	     errhint("Leave such rows out with WHERE.")));
}

static void
raise_classes(const cia_door *door, ml_status status)
{
	long long classes = door->host.fault.count;

	if (classes > ML_MAX_CLASSES)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION),
		         errmsg("target \"%s\" has %lld classes, more than %d", door->target,
		                classes, ML_MAX_CLASSES),
		         errhint("Put rare classes together in the source, or tell one class "
		                 "from all others with algorithm => 'logistic' and options "
		                 "=> '{\"positive\": \"...\"}'.")));
	if (door->algorithm == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("target \"%s\" has %lld classes instead of two",
		                       door->target, classes),
		                errhint("Tell one class from all others with options => "
		                        "'{\"positive\": \"...\"}'.")));
	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("target \"%s\" has %lld classes, but algorithm \"%s\" takes two",
	            door->target, classes, door->algorithm),
	     errhint("%s for all classes, or tell one of them from all others with options "
	             "=> '{\"positive\": \"...\"}'.",
	             ml_learner_of_task(cia_text_of(door->algorithm), ML_MULTICLASS) != NULL
	                 ? "Leave option \"objective\" out"
	                 : "Use algorithm => 'multinomial'")));
}

static void
raise_stopped(const cia_door *door, ml_status status)
{
	CHECK_FOR_INTERRUPTS();
	ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
	                errmsg("canceling statement due to user request")));
}

static void
raise_weight(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
	                errmsg("weight \"%s\" is negative", column_name(door)),
	                errdetail("It is negative in row %lld of the source.",
	                          (long long) door->host.fault.row),
	                errhint("Weights must be zero or more.")));
}

static void
raise_id(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
	                errmsg("id \"%s\" is null", column_name(door)),
	                errdetail("It is null in row %lld of the source.",
	                          (long long) door->host.fault.row),
	                errhint("Leave such rows out with WHERE, or train without id.")));
}

/* The column of a role, as messages name it. */
static const char *
role_name(const cia_door *door, ml_role role)
{
	return cia_text_cstring(ml_frame_role(door->frame, role)->name);
}

/* Rows there were, but all of them are skipped. */
static void
raise_skipped(const cia_door *door)
{
	long long skipped = (long long) door->frame->skipped;
	long long weightless = (long long) door->frame->weightless;

	if (weightless == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
		                errmsg("target \"%s\" is missing in every row",
		                       role_name(door, ML_TARGET)),
		                errdetail("All %lld rows of the source are skipped.", skipped),
		                errhint("See where the source has it from.")));
	if (weightless < skipped)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATA_EXCEPTION),
		     errmsg("no row of the source has a target and a weight"),
		     errdetail("Of %lld rows, %lld have no target \"%s\", and weight \"%s\" of "
		               "the others is 0 or missing.",
		               skipped, skipped - weightless, role_name(door, ML_TARGET),
		               role_name(door, ML_WEIGHT)),
		     errhint("See where the source has them from.")));
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
	                errmsg("weight \"%s\" is 0 or missing in every row",
	                       role_name(door, ML_WEIGHT)),
	                errdetail("All %lld rows of the source are skipped.", skipped),
	                errhint("Rows to learn from have a weight above 0; without argument "
	                        "\"weight\" all of them weigh the same.")));
}

static void
raise_rows(const cia_door *door, ml_status status)
{
	if (status == ML_NO_TRAINING_ROWS)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION),
		         errmsg("training source has too few rows to keep a holdout"),
		         errdetail("Rows that fell into the holdout: %lld of %lld.",
		                   (long long) door->frame->rows, (long long) door->frame->rows),
		         errhint("Train on all rows with options => '{\"holdout\": 0}'.")));
	if (door->frame != NULL && door->frame->skipped > 0)
		raise_skipped(door);
	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION), errmsg("training source returned no rows"),
	     errhint("Look at what it returns to you; row security and search_path are those "
	             "of the caller.")));
}

static void
raise_few_distinct(const cia_door *door, ml_status status)
{
	if (door->host.fault.count < 2)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATA_EXCEPTION),
		     errmsg("training source has no two rows that differ"),
		     errdetail("All rows to learn from have the same features."),
		     errhint("Segments take different rows. The holdout takes some: of few rows, "
		             "set option \"holdout\" to 0.")));
	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("training source has fewer different rows than segments are asked for"),
	     errdetail("Of the rows to learn from, %lld differ in their features.",
	               (long long) door->host.fault.count),
	     errhint("Ask for fewer with option \"k\".")));
}

static void
raise_no_covariance(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
	                errmsg("could not find a covariance for each segment"),
	                errdetail("Within a segment some numbers are determined by others."),
	                errhint("Raise option \"regularization\", or use \"covariance\" "
	                        "diagonal.")));
}

static void
raise_many_numbers(const cia_door *door, ml_status status)
{
	ereport(ERROR,
	        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	         errmsg("full covariances of %lld numbers cannot be learned, more than %d",
	                (long long) door->host.fault.count, ML_FULL_NUMBERS),
	         errhint("Use option \"covariance\" diagonal, or fewer features.")));
}

static void
raise_folds(const cia_door *door, ml_status status)
{
	if (status == ML_NO_ORDER)
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("column \"%s\" is null in some rows, but tells their order",
		                column_name(door)),
		         errhint("Leave such rows out with WHERE.")));
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("training source is too small for %lld folds",
	                (long long) door->host.fault.count),
	         errdetail("A fold, or what comes before the first, would have no rows."),
	         errhint("Ask for fewer folds.")));
}

static void
raise_calibration(const cia_door *door, ml_status status)
{
	ereport(
	    ERROR,
	    (errcode(ERRCODE_DATA_EXCEPTION),
	     errmsg("the holdout is too small to calibrate the model"),
	     errdetail("Each half of it needs %d rows or more, of both classes; one has "
	               "%lld rows%s.",
	               ML_CALIBRATION_ROWS, (long long) door->host.fault.count,
	               door->host.fault.count < ML_CALIBRATION_ROWS ? "" : " of one class"),
	     errhint(
	         "Train on more rows, raise option \"holdout\" or ask for fewer folds, or "
	         "leave option \"calibrate\" out.")));
}

static void
raise_features(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
	                errmsg("training source has no column that can be a feature"),
	                errhint("Every column is the target, an id, the weight, "
	                        "excluded, constant or an identifier.")));
}

static void
raise_evidence(const cia_door *door, ml_status status)
{
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("no column tells anything of target \"%s\"", door->target),
	         errdetail("The values of each column fall into one bin."),
	         errhint("Options \"max_bins\", \"min_bin\" and \"monotone\" allow more "
	                 "bins; without \"encode\" there are none.")));
}

static void
raise_one_value(const cia_door *door, ml_status status)
{
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("target \"%s\" has only one distinct value", door->target),
	         errhint("Rows whose target is NULL are skipped; the training rows must "
	                 "hold at least two values.")));
}

static void
raise_class(const cia_door *door, ml_status status)
{
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_EXCEPTION),
	         errmsg("target \"%s\" has no such class", door->target),
	         door->host.fault.row >= 0
	             ? errdetail("The model was not trained on a class of the source.")
	             : errdetail("No training row has the label that option \"positive\" "
	                         "names."),
	         errhint("Labels are compared letter by letter.")));
}

static void
raise_groups(const cia_door *door, ml_status status)
{
	ereport(ERROR,
	        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	         errmsg("option \"by\" names column \"%s\", which has %lld values, "
	                "more than %d",
	                column_name(door), (long long) door->host.fault.count, ML_MAX_GROUPS),
	         errhint("Take a column of fewer groups, or pool the rare ones in the "
	                 "source.")));
}

static void
raise_size(const cia_door *door, ml_status status)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
	                errmsg("model or state exceeds 1 GB"),
	                errhint("Train on fewer columns or categories; a parallel "
	                        "cia_fit may be replaced by cia_train.")));
}

static void
raise_model(const cia_door *door, ml_status status)
{
	if (status == ML_NEW_FORMAT)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("model format %lld is not supported",
		                       (long long) door->host.fault.count),
		                errhint("Run ALTER EXTENSION cia UPDATE.")));
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
	                errmsg("invalid model data")));
}

static void
raise_earlier(const cia_door *door, ml_status status)
{
	const ml_feature *feature;

	if (status == ML_OTHER_CLASSES)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATA_EXCEPTION),
		     errmsg("cannot go on from model \"%s\"", door->earlier_name),
		     errdetail("Target \"%s\" has other classes than in its training.",
		               door->target),
		     errhint("All classes must occur in the training rows, and no others. Train "
		             "from the beginning where they have changed.")));
	feature = &door->earlier->schema.feature[door->host.fault.count];
	ereport(
	    ERROR,
	    (errcode(ERRCODE_UNDEFINED_COLUMN),
	     errmsg("cannot go on from model \"%s\"", door->earlier_name),
	     errdetail("Its trees ask for column \"%s\" of type %s, which is no feature of "
	               "the source, or of another kind.",
	               cia_element_name(feature->name, feature->element),
	               cia_text_cstring(feature->type)),
	     errhint("Add the column to the source and to the features, or cast it.")));
}

/* ML_TOO_FEW_ROWS is of groups alone, which are noted. */
static void (*const raise_of[])(const cia_door *door, ml_status status) = {
    [ML_MEMORY] = raise_memory,
    [ML_STOPPED] = raise_stopped,
    [ML_NOT_FINITE] = raise_not_finite,
    [ML_NEGATIVE_WEIGHT] = raise_weight,
    [ML_TARGET_BELOW] = raise_target,
    [ML_TARGET_NOT_ABOVE] = raise_target,
    [ML_NO_OFFSET] = raise_offset,
    [ML_BAD_EXPOSURE] = raise_offset,
    [ML_NULL_ID] = raise_id,
    [ML_NO_ROWS] = raise_rows,
    [ML_NO_TRAINING_ROWS] = raise_rows,
    [ML_NO_FEATURES] = raise_features,
    [ML_NO_EVIDENCE] = raise_evidence,
    [ML_ONE_VALUE] = raise_one_value,
    [ML_TOO_MANY_CLASSES] = raise_classes,
    [ML_NO_SUCH_CLASS] = raise_class,
    [ML_OTHER_CLASSES] = raise_earlier,
    [ML_LOST_FEATURE] = raise_earlier,
    [ML_TOO_MANY_GROUPS] = raise_groups,
    [ML_EMPTY_FOLD] = raise_folds,
    [ML_NO_ORDER] = raise_folds,
    [ML_NO_CALIBRATION] = raise_calibration,
    [ML_FEW_DISTINCT] = raise_few_distinct,
    [ML_NO_COVARIANCE] = raise_no_covariance,
    [ML_TOO_MANY_NUMBERS] = raise_many_numbers,
    [ML_SINGULAR] = raise_singular,
    [ML_NOT_NUMERIC] = raise_range,
    [ML_TOO_LARGE] = raise_size,
    [ML_BAD_MODEL] = raise_model,
    [ML_NEW_FORMAT] = raise_model,
};

void
cia_check(cia_door *door, ml_status status)
{
	if (door->pending != NULL)
		ReThrowError(door->pending);
	if (status == ML_OK)
		return;
	if ((size_t) status < lengthof(raise_of) && raise_of[status] != NULL)
		raise_of[status](door, status);
	elog(ERROR, "unrecognized status of the core: %d", (int) status);
}
