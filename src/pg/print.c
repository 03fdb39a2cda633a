/* SPDX-License-Identifier: PostgreSQL */
/*
 * print.c: cia_print: a regression as R's summary() shows it.
 *
 * Digits are R's: four significant ones for estimates and errors, three for the statistic
 * and for p-values.
 */
#include "cia.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_print);

#define DIGITS 4 /* R's default: options(digits = 7) less 3 */
#define LINE 76  /* characters, for what is wrapped */
#define MOST_COLUMNS 6

/* A table of text; a column's cells are flush right, the last one's flush left. */
typedef struct text_table
{
	int rows;
	int columns;
	const char *header[MOST_COLUMNS];
	char **cell[MOST_COLUMNS];
} text_table;

static void
append_padded(StringInfo out, const char *text, int width, bool right)
{
	int spaces = width - cia_text_width(text);

	appendStringInfo(out, "%*s%s%*s", right ? spaces : 0, "", text, right ? 0 : spaces,
	                 "");
}

static void
end_line(StringInfo out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	appendStringInfoChar(out, '\n');
}

/* The first column and stars are flush left. */
static void
append_table(StringInfo out, const text_table *table)
{
	int width[MOST_COLUMNS];

	for (int c = 0; c < table->columns; c++)
	{
		width[c] = cia_text_width(table->header[c]);
		for (int i = 0; i < table->rows; i++)
			width[c] = Max(width[c], cia_text_width(table->cell[c][i]));
	}
	for (int i = -1; i < table->rows; i++)
	{
		for (int c = 0; c < table->columns; c++)
		{
			const char *text = i < 0 ? table->header[c] : table->cell[c][i];

			if (c > 0)
				appendStringInfoChar(out, ' ');
			append_padded(out, text, width[c], c > 0 && table->header[c][0] != '\0');
		}
		end_line(out);
	}
}

/* A heading and words between separators, on lines of LINE characters. */
static void
append_wrapped(StringInfo out, const char *head, List *words, const char *separator)
{
	const int indent = 4;
	int line = cia_text_width(head);
	ListCell *cell;

	appendStringInfoString(out, head);
	foreach (cell, words)
	{
		const char *word = lfirst(cell);

		if (foreach_current_index(cell) > 0)
		{
			appendStringInfoString(out, separator);
			line += strlen(separator);
			if (line + cia_text_width(word) > LINE)
			{
				end_line(out);
				appendStringInfoSpaces(out, indent);
				line = indent;
			}
		}
		appendStringInfoString(out, word);
		line += cia_text_width(word);
	}
}

/* A feature in a formula of R; NULL for one that is in none. */
static char *
in_formula(const ml_feature *feature)
{
	char *name = cia_element_name(feature->name, feature->element);

	switch (feature->use)
	{
		case ML_USE_OFFSET:
			return psprintf("offset(%s)", name);
		case ML_USE_EXPOSURE:
			return psprintf("offset(log(%s))", name);
		case ML_USE_GROUP:
			return NULL;
		case ML_USE_TERM:
			break;
	}
	return feature->bins != NULL ? psprintf("woe(%s)", name) : name;
}

/* algorithm(target ~ feature + feature) */
static void
append_call(StringInfo out, const ml_model *model)
{
	const ml_schema *schema = &model->schema;
	char *head =
	    psprintf("%s(%s ~ ", model->learner->name, cia_text_cstring(schema->target));
	List *words = NIL;

	for (int f = 0; f < schema->features; f++)
	{
		char *word = in_formula(&schema->feature[f]);

		if (word != NULL)
			words = lappend(words, word);
	}
	appendStringInfoString(out, "Call:\n");
	append_wrapped(out, head, words, " + ");
	appendStringInfoString(out, ")\n\n");
}

static void
append_rows(StringInfo out, const ml_model *model)
{
	const ml_schema *schema = &model->schema;
	double skipped = cia_training_number(model, "skipped");

	if (schema->classes > 0 && schema->positive >= 0)
		appendStringInfo(out, "Positive class: %s\n",
		                 cia_text_cstring(schema->class_label[schema->positive]));
	appendStringInfo(out, "Rows: %.0f, of them %.0f held out and %.0f trained on",
	                 cia_training_number(model, "rows"),
	                 cia_training_number(model, "holdout_rows"), schema->rows);
	if (skipped > 0)
		appendStringInfo(out, "; %.0f without a target or a weight skipped", skipped);
	appendStringInfoString(out, "\n\n");
}

static double
rounded(double number, int decimals)
{
	char *text = psprintf("%.*f", Min(decimals, 300), number);
	/* plus zero: there is no -0 */
	double value = isfinite(number) ? strtod(text, NULL) + 0.0 : number;

	pfree(text);
	return value;
}

/* Estimates and errors in one format, rounded as printCoefmat() does. */
static void
format_estimates(const ml_coefficient *const *row, int rows, char **estimate,
                 char **error)
{
	double *number = palloc(sizeof(double) * 2 * rows), smallest = INFINITY;
	char **text = palloc(sizeof(char *) * 2 * rows);
	int decimals = 1;

	for (int i = 0; i < rows; i++)
	{
		number[i] = row[i]->estimate;
		number[rows + i] = row[i]->error;
	}
	for (int i = 0; i < 2 * rows; i++)
		if (fabs(number[i]) > 0)
			smallest = Min(smallest, fabs(number[i]));
	if (isfinite(smallest))
		decimals = Max(1, DIGITS - 1 - (int) floor(log10(smallest)));
	for (int i = 0; i < 2 * rows; i++)
		number[i] = rounded(number[i], decimals);
	cia_format_numbers(number, 2 * rows, DIGITS, text);
	/* a coefficient that the elastic net has dropped */
	for (int i = 0; i < rows; i++)
		if (isnan(row[i]->error) && row[i]->estimate == 0)
			text[i] = pstrdup(".");
	memcpy(estimate, text, sizeof(char *) * rows);
	memcpy(error, text + rows, sizeof(char *) * rows);
}

static char *
stars(double p)
{
	return isnan(p)     ? ""
	       : p <= 0.001 ? "***"
	       : p <= 0.01  ? "**"
	       : p <= 0.05  ? "*"
	       : p <= 0.1   ? "."
	                    : "";
}

/* The names, estimates and tests of one set of coefficients, and whether it has errors and stars. */
static void
fill_table(text_table *table, const ml_schema *schema, const ml_coefficient *const *row,
           bool *errors, bool *starred)
{
	int rows = table->rows;
	double *number = palloc(sizeof(double) * rows);

	*errors = *starred = false;
	for (int c = 0; c < MOST_COLUMNS; c++)
		table->cell[c] = palloc(sizeof(char *) * rows);
	for (int i = 0; i < rows; i++)
	{
		table->cell[0][i] = cia_term_name(schema, &row[i]->term);
		table->cell[5][i] = stars(row[i]->p);
		number[i] = rounded(row[i]->statistic, DIGITS - 1);
		*errors |= !isnan(row[i]->error);
		*starred |= row[i]->p < 0.1;
	}
	format_estimates(row, rows, table->cell[1], table->cell[2]);
	cia_format_numbers(number, rows, DIGITS, table->cell[3]);
	for (int i = 0; i < rows; i++)
		number[i] = row[i]->p;
	cia_format_p(number, rows, DIGITS - 1, table->cell[4]);
}

/* Without errors the estimates alone; without a star no legend of stars. */
static void
append_coefficients(StringInfo out, const ml_schema *schema, bool z,
                    const ml_coefficient *const *row, int rows)
{
	text_table table = {.rows = rows,
	                    .header = {"", "Estimate", "Std. Error",
	                               z ? "z value" : "t value", z ? "Pr(>|z|)" : "Pr(>|t|)",
	                               ""}};
	bool errors, starred;

	fill_table(&table, schema, row, &errors, &starred);
	table.columns = !errors ? 2 : starred ? MOST_COLUMNS : MOST_COLUMNS - 1;
	append_table(out, &table);
	if (starred)
		appendStringInfoString(out,
		                       "---\nSignif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 "
		                       "'.' 0.1 ' ' 1\n");
}

/* Every set of coefficients, of several classes each under its label. */
static void
append_sets(StringInfo out, const ml_schema *schema, const ml_coefficients *in)
{
	const ml_coefficient **row = palloc(sizeof *row * in->count);

	for (int64_t i = 0; i < in->count;)
	{
		int set = in->coefficient[i].set, rows = 0;

		for (; i < in->count && in->coefficient[i].set == set; i++)
			if (!in->coefficient[i].term.reference)
				row[rows++] = &in->coefficient[i];
		if (in->terms.classes > 1)
			appendStringInfo(out, "Coefficients of %s against %s:\n",
			                 cia_text_cstring(schema->class_label[set]),
			                 cia_text_cstring(schema->class_label[0]));
		else
			appendStringInfoString(out, "Coefficients:\n");
		append_coefficients(out, schema, isinf(in->df), row, rows);
		appendStringInfoChar(out, '\n');
	}
}

static void
append_references(StringInfo out, const ml_schema *schema, const ml_coefficients *in)
{
	List *words = NIL;

	for (int64_t i = 0; i < in->terms.count; i++)
		if (in->terms.term[i].reference)
			words = lappend(words, cia_term_name(schema, &in->terms.term[i]));
	if (words == NIL)
		return;
	append_wrapped(out, "Reference levels: ", words, ", ");
	appendStringInfoChar(out, '\n');
}

static bool
has_bins(const ml_schema *schema)
{
	for (int f = 0; f < schema->features; f++)
		if (schema->feature[f].bins != NULL)
			return true;
	return false;
}

/* What a reader of R does not expect: penalties, other errors, a course that broke off. */
static void
append_notes(StringInfo out, const ml_model *model, const ml_coefficients *in)
{
	bool plain =
	    cia_option_text(model, "cluster") == NULL && !cia_option_holds(model, "robust");
	double clusters = ml_model_scalar(model, "clusters");
	int before = out->len;

	append_references(out, &model->schema, in);
	if (has_bins(&model->schema))
		appendStringInfoString(out, "Features count by the weight of evidence of their "
		                            "bins, as cia_scorecard shows them.\n");
	if (cia_kind_of_errors(model) == NULL)
		appendStringInfoString(out, "Standard errors: none under an elastic net\n");
	else if (!plain)
		appendStringInfo(out, "Standard errors: %s%s\n", cia_kind_of_errors(model),
		                 clusters > 0 ? psprintf(" (%.0f clusters)", clusters) : "");
	if (cia_option_text(model, "class_weight") != NULL)
		appendStringInfo(out, "Class weights: %s\n",
		                 cia_option_text(model, "class_weight"));
	if (cia_penalty_of(model) == CIA_PENALTY_NET)
		appendStringInfo(out, "Penalty: lambda = %s, alpha = %s\n",
		                 cia_format_number(ml_model_scalar(model, "lambda"), 7),
		                 cia_format_number(ml_model_scalar(model, "alpha"), 7));
	else if (cia_penalty_of(model) == CIA_PENALTY_RIDGE)
		appendStringInfo(out, "Penalty: l2 = %s\n",
		                 cia_format_number(ml_model_option(model, "l2"), 7));
	if (cia_penalty_of(model) == CIA_PENALTY_RIDGE)
		appendStringInfoString(out,
		                       "The penalty biases estimates towards zero; errors, tests "
		                       "and criteria are\nconditional on it.\n");
	if (cia_training_number(model, "converged") == 0)
		appendStringInfoString(out, "Training stopped before it converged.\n");
	if (out->len > before)
		appendStringInfoChar(out, '\n');
}

/* The lines below the table of summary.lm(); what is not known is left out. */
static void
append_least_squares(StringInfo out, const ml_model *model)
{
	double f = ml_model_scalar(model, "f_statistic"), r2 = ml_model_scalar(model, "r2");
	double df = ml_model_scalar(model, "df_model");
	double residual = ml_model_scalar(model, "df_residual");
	double p = ml_f_tail(f, df, residual);
	char *tail;

	cia_format_p(&p, 1, DIGITS, &tail);
	if (!isnan(residual))
		appendStringInfo(
		    out, "Residual standard error: %s on %.0f degrees of freedom\n",
		    cia_format_short(sqrt(ml_model_scalar(model, "dispersion")), DIGITS),
		    residual);
	if (!isnan(r2))
		appendStringInfo(out, "Multiple R-squared:  %s,\tAdjusted R-squared:  %s\n",
		                 cia_format_short(r2, DIGITS),
		                 cia_format_short(ml_model_scalar(model, "adjusted_r2"), DIGITS));
	if (!isnan(f))
		appendStringInfo(out, "F-statistic: %s on %.0f and %.0f DF,  p-value: %s\n",
		                 cia_format_short(f, DIGITS), df, residual, tail);
}

/* R's name of the family with its shape; NULL for one that summary() does not name. */
static char *
r_family(const ml_model *model)
{
	double theta = ml_model_scalar(model, "theta");

	if (ml_model_family(model) == NULL)
		return NULL;
	if (!isnan(theta))
		return psprintf("Negative Binomial(%s)", cia_format_number(theta, DIGITS + 1));
	return pstrdup(strcmp(model->learner->name, "gamma") == 0 ? "Gamma"
	                                                          : cia_family_name(model));
}

/* Null and residual deviance, with their degrees of freedom where they are known. */
static void
append_deviances(StringInfo out, const ml_model *model)
{
	double residual = ml_model_scalar(model, "df_residual");
	double df[] = {residual + ml_model_scalar(model, "df_model"), residual};
	double number[] = {ml_model_scalar(model, "null_deviance"),
	                   ml_model_scalar(model, "deviance")};
	static const char *const label[] = {"    Null", "Residual"};
	char *deviance[2], *degrees[2];

	cia_format_numbers(number, 2, DIGITS + 1, deviance);
	cia_format_numbers(df, 2, 15, degrees);
	for (int i = 0; i < 2; i++)
	{
		if (isnan(number[i]))
			continue;
		appendStringInfo(out, "%s deviance: %*s", label[i],
		                 (int) Max(strlen(deviance[0]), strlen(deviance[1])),
		                 deviance[i]);
		if (!isnan(residual))
			appendStringInfo(out, "  on %*s  degrees of freedom",
			                 (int) Max(strlen(degrees[0]), strlen(degrees[1])),
			                 degrees[i]);
		appendStringInfoChar(out, '\n');
	}
}

/* The last lines of MASS's summary.negbin(). */
static void
append_theta(StringInfo out, const ml_model *model)
{
	double theta = ml_model_scalar(model, "theta");
	double error = ml_model_scalar(model, "theta_error");
	int decimals = error > 0 ? Min(Max(2 - (int) floor(log10(error)), 0), 15) : DIGITS;

	if (isnan(theta))
		return;
	appendStringInfo(out, "\n              Theta:  %.*f\n", decimals, theta);
	if (!isnan(error))
		appendStringInfo(out, "          Std. Err.:  %.*f\n", decimals, error);
	appendStringInfo(out, "\n 2 x log-likelihood:  %.3f\n",
	                 2 * ml_model_scalar(model, "log_likelihood"));
}

/* The lines below the table of summary.glm(). */
static void
append_likelihood(StringInfo out, const ml_model *model)
{
	double aic = ml_model_scalar(model, "aic");
	char *family = r_family(model);

	if (family != NULL)
		appendStringInfo(out, "(Dispersion parameter for %s family taken to be %s)\n\n",
		                 family,
		                 cia_format_number(ml_model_scalar(model, "dispersion"), 7));
	append_deviances(out, model);
	if (!isnan(aic))
		appendStringInfo(out, "AIC: %s\n", cia_format_number(aic, DIGITS + 1));
	appendStringInfo(out, "\nNumber of Fisher Scoring iterations: %.0f\n",
	                 cia_training_number(model, "iterations"));
	append_theta(out, model);
}

/* The lines below an elastic net, in the words of glmnet. */
static void
append_net(StringInfo out, const ml_model *model, const ml_coefficients *table)
{
	double ratio =
	    1 - ml_model_scalar(model, "deviance") / ml_model_scalar(model, "null_deviance");
	int count = 0, kept = 0;

	for (int64_t i = 0; i < table->count; i++)
		if (table->coefficient[i].term.feature >= 0 &&
		    !table->coefficient[i].term.reference)
		{
			count++;
			kept += table->coefficient[i].estimate != 0;
		}
	appendStringInfo(out, "Nonzero coefficients: %d of %d\n", kept, count);
	append_deviances(out, model);
	if (!isnan(ratio))
		appendStringInfo(out, "Deviance explained: %.2f %%\n", 100 * ratio);
	appendStringInfo(out, "\nNumber of iterations: %.0f\n",
	                 cia_training_number(model, "iterations"));
}

/* What a call of cia_print is about. */
typedef struct printout
{
	StringInfoData text;
	char *by; /* names the groups of a model by group, or is NULL */
} printout;

static void
append_model(void *state, const cia_loaded *loaded, const char *part)
{
	printout *print = state;
	StringInfo out = &print->text;
	const ml_model *model = loaded->model;
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	ml_coefficients table;

	cia_check(door, ml_model_coefficients(&door->host, model, 0.95, &table));
	cia_need_coefficients(loaded, table.count);
	if (part != NULL)
		appendStringInfo(out, "\n==== %s = %s\n\n", print->by, part);
	else if (print->by != NULL)
		appendStringInfo(out, "==== all rows, for values of %s without a part\n\n",
		                 print->by);
	append_call(out, model);
	append_rows(out, model);
	append_sets(out, &model->schema, &table);
	append_notes(out, model, &table);
	if (cia_penalty_of(model) == CIA_PENALTY_NET)
		append_net(out, model, &table);
	else if (ml_model_family(model) != NULL && ml_model_family(model)->quadratic)
		append_least_squares(out, model);
	else
		append_likelihood(out, model);
}

Datum
cia_print(PG_FUNCTION_ARGS)
{
	const cia_loaded *loaded = cia_managed_arg(fcinfo, 0);
	const ml_model *model = loaded->model;
	printout print = {.by = NULL};

	if (model->by != NULL)
		print.by = cia_text_cstring(model->schema.feature[model->by->feature].name);
	initStringInfo(&print.text);
	cia_each_part(loaded, append_model, &print);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(print.text.data, print.text.len - 1));
}
