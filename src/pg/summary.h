/* SPDX-License-Identifier: PostgreSQL */
/*
 * summary.h: what the tables and the printout of a regression share, by file.
 *
 * A part of cia.h, which includes it last.
 */
#ifndef CIA_SUMMARY_H
#define CIA_SUMMARY_H

/* coefficients.c: names of coefficients; the level is NULL for a number */
extern char *cia_term_name(const ml_schema *schema, const ml_term *term);
extern char *cia_term_level(const ml_schema *schema, const ml_term *term);

/* Raises 42809 for a model that has none. */
extern void cia_need_coefficients(const cia_loaded *loaded, int64_t count);

/* Calls take for the model, or for each part of a model by group; part is NULL for all rows. */
typedef void (*cia_take_part)(void *state, const cia_loaded *loaded, const char *part);
extern void cia_each_part(const cia_loaded *loaded, cia_take_part take, void *state);

/* summary.c: what a model was trained as; NULL or NaN for what is not known */
typedef enum cia_penalty
{
	CIA_PENALTY_NONE,
	CIA_PENALTY_RIDGE, /* errors are conditional on it */
	CIA_PENALTY_NET    /* the elastic net: there are no errors */
} cia_penalty;

extern cia_penalty cia_penalty_of(const ml_model *model);
extern const char *cia_family_name(const ml_model *model);
extern const char *cia_link_name(const ml_model *model);
extern const char *cia_kind_of_errors(const ml_model *model);
extern char *cia_option_text(const ml_model *model, const char *name);
extern bool cia_option_holds(const ml_model *model, const char *name);
extern double cia_training_number(const ml_model *model, const char *name);

/* print_number.c: several numbers in one format; digits are significant ones */
extern void cia_format_numbers(const double *number, int count, int digits, char **text);
extern char *cia_format_number(double number, int digits);
extern char *cia_format_short(double number, int digits);
extern void cia_format_p(const double *p, int count, int digits, char **text);

/* Characters of a text. */
extern int cia_text_width(const char *text);

#endif
