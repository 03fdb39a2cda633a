/* SPDX-License-Identifier: PostgreSQL */
/*
 * print_number.c: numbers as R's format(), format.pval() and print() show them.
 *
 * A column of numbers gets one format: so many decimals that every number has the
 * significant digits asked for, less zeros that all end with; with an exponent only where
 * that is shorter.
 */
#include "cia.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#define P_EPSILON                                                                        \
	2.220446e-16 /* .Machine$double.eps: smaller p-values are shown as less */

/* What a format for several numbers has to hold. */
typedef struct number_shape
{
	bool negative;
	int left;        /* of the point, the sign counted */
	int right;       /* decimals */
	int significant; /* digits */
	int largest;     /* exponents */
	int smallest;
} number_shape;

/* Widens the shape for a number rounded to so many digits. */
static void
hold(number_shape *shape, double number, int digits)
{
	char text[40], *exponent;
	int power, significant = digits, left;

	snprintf(text, sizeof text, "%.*e", digits - 1, fabs(number));
	exponent = strchr(text, 'e');
	power = atoi(exponent + 1);
	for (char *at = exponent - 1; significant > 1 && *at == '0'; at--)
		significant--;
	left = (number < 0) + Max(power + 1, 1);
	shape->negative |= number < 0;
	shape->left = Max(shape->left, left);
	shape->right = Max(shape->right, significant - power - 1);
	shape->significant = Max(shape->significant, significant);
	shape->largest = Max(shape->largest, power);
	shape->smallest = Min(shape->smallest, power);
}

void
cia_format_numbers(const double *number, int count, int digits, char **text)
{
	number_shape shape = {.largest = -999, .smallest = 999};
	int fixed, scientific;

	for (int i = 0; i < count; i++)
		if (isfinite(number[i]))
			hold(&shape, number[i], digits);
	fixed = shape.left + shape.right + (shape.right > 0);
	scientific = shape.negative + shape.significant + (shape.significant > 1) + 4 +
	             (shape.largest >= 100 || shape.smallest <= -99);
	for (int i = 0; i < count; i++)
		if (isnan(number[i]))
			text[i] = pstrdup("NA");
		else if (isinf(number[i]))
			text[i] = pstrdup(number[i] > 0 ? "Inf" : "-Inf");
		else if (fixed <= scientific)
			text[i] = psprintf("%.*f", shape.right, number[i]);
		else
			text[i] = psprintf("%.*e", shape.significant - 1, number[i]);
}

char *
cia_format_number(double number, int digits)
{
	char *text;

	cia_format_numbers(&number, 1, digits, &text);
	return text;
}

/* As formatC() shows it: significant digits, without zeros at the end. */
char *
cia_format_short(double number, int digits)
{
	return isnan(number) ? pstrdup("NA") : psprintf("%.*g", digits, number);
}

/* Those of one kind get one format: kind[i] is 0 for tiny, 1 for small ones, 2 for others. */
static int
format_kind(const double *p, const char *kind, int wanted, int count, int digits,
            char **text)
{
	double *some = palloc(sizeof(double) * count);
	char **made = palloc(sizeof(char *) * count);
	int chosen = 0, widest = 0;

	for (int i = 0; i < count; i++)
		if (kind[i] == wanted)
			some[chosen++] = p[i];
	cia_format_numbers(some, chosen, digits, made);
	chosen = 0;
	for (int i = 0; i < count; i++)
		if (kind[i] == wanted)
		{
			text[i] = made[chosen++];
			widest = Max(widest, (int) strlen(text[i]));
		}
	return widest;
}

void
cia_format_p(const double *p, int count, int digits, char **text)
{
	char *kind = palloc(count), *tiny;
	int widest, shown = Max(digits - 2, 1);

	for (int i = 0; i < count; i++)
	{
		kind[i] = p[i] < P_EPSILON ? 0 : floor(log10(p[i])) < -4 ? 1 : 2;
		if (isnan(p[i]))
		{
			kind[i] = 3;
			text[i] = pstrdup("NA");
		}
	}
	widest = format_kind(p, kind, 1, count, digits, text);
	widest = Max(widest, format_kind(p, kind, 2, count, digits, text));
	if (widest > 0 && shown > 1 && shown + 6 > widest)
		shown = Max(1, widest - 7);
	tiny = psprintf("<%s%s", shown == 1 && widest <= 6 ? "" : " ",
	                cia_format_number(P_EPSILON, shown));
	for (int i = 0; i < count; i++)
		if (kind[i] == 0)
			text[i] = tiny;
}

int
cia_text_width(const char *text)
{
	return pg_mbstrlen(text);
}
