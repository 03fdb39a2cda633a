/* SPDX-License-Identifier: PostgreSQL */
/*
 * constraints.c: options that say how columns may act: do their names suit the source?
 */
#include "cia.h"

/* What is added as it is, is no term that could be held back. */
static void
check_added(const cia_settings *settings, const char *option, ml_text name)
{
	static const char *const added[] = {"offset", "exposure"};

	for (size_t i = 0; i < lengthof(added); i++)
	{
		const ml_value *value = ml_value_member(&settings->given, added[i]);

		if (value != NULL && value->kind == ML_VALUE_TEXT &&
		    ml_text_equal(value->text, name))
			ereport(
			    ERROR,
			    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			     errmsg("option \"%s\" names column \"%s\", which is the model's %s",
			            option, cia_text_cstring(name), added[i]),
			     errhint("It is added to the score's margin as it is: leave it out.")));
	}
}

/* The feature of that name; an option that names anything else is an error. */
static const cia_column *
feature_named(const cia_rows *rows, const char *option, ml_text name)
{
	const char *wanted = cia_text_cstring(name);

	for (int i = 0; i < rows->columns; i++)
		if (rows->column[i].role == ML_FEATURE &&
		    strcmp(rows->column[i].name, wanted) == 0)
			return &rows->column[i];
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN),
	         errmsg("option \"%s\" names column \"%s\", which is not a feature", option,
	                wanted),
	         errhint("Names are compared letter by letter, as in the output of the "
	                 "source.")));
}

static void
check_direction(const cia_column *column, const ml_value *direction)
{
	if (column->kind != ML_NUMBER && direction->number != 0)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATATYPE_MISMATCH),
		     errmsg("column \"%s\" has type %s, which has no order that a score could "
		            "follow",
		            column->name, column->type_name),
		     errhint("Option \"monotone\" is for numbers and dates.")));
}

/* Only who has the options can have set them; their shape has been checked. */
void
cia_constraints_check(const cia_rows *rows, const cia_settings *settings)
{
	const ml_value *monotone = ml_value_member(&settings->given, "monotone");
	const ml_value *groups = ml_value_member(&settings->given, "interactions");

	if (monotone != NULL && monotone->kind == ML_VALUE_OBJECT)
		for (int64 i = 0; i < monotone->count; i++)
		{
			check_added(settings, "monotone", monotone->keys[i]);
			check_direction(feature_named(rows, "monotone", monotone->keys[i]),
			                &monotone->items[i]);
		}
	for (int64 i = 0; groups != NULL && i < groups->count; i++)
		for (int64 k = 0; k < groups->items[i].count; k++)
		{
			check_added(settings, "interactions", groups->items[i].items[k].text);
			(void) feature_named(rows, "interactions", groups->items[i].items[k].text);
		}
}
