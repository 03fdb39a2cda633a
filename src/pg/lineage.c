/* SPDX-License-Identifier: PostgreSQL */
/*
 * lineage.c: what a version keeps of its training, and reading what is kept.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

static bool
is_named(const char *name, const cia_column *column)
{
	return name != NULL && strcmp(name, column->name) == 0;
}

/* In the words of cia_train's arguments and options. */
static const char *
role_word(const cia_column *column, const cia_roles *roles)
{
	switch (column->role)
	{
		case ML_TARGET:
			return "target";
		case ML_WEIGHT:
			return "weight";
		case ML_ID:
			return "id";
		case ML_CLUSTER:
			return "cluster";
		case ML_ORDER:
			return "order_by";
		case ML_GROUP:
			return "by";
		case ML_BESIDE:
		case ML_FEATURE:
			break;
	}
	if (is_named(roles->offset, column))
		return "offset";
	if (is_named(roles->exposure, column))
		return "exposure";
	return is_named(roles->by, column) ? "by" : "feature";
}

static Jsonb *
parse(const StringInfoData *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text->data)));
}

Jsonb *
cia_columns_list(const cia_rows *rows, const cia_roles *roles)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < rows->columns; i++)
	{
		const cia_column *column = &rows->column[i];

		/* what is there for others alone is no part of this training */
		if (column->role == ML_BESIDE)
			continue;
		appendStringInfoString(&out, out.len == 0 ? "[{\"name\": " : ", {\"name\": ");
		escape_json(&out, column->name);
		appendStringInfoString(&out, ", \"type\": ");
		escape_json(&out, column->type_name);
		appendStringInfo(&out, ", \"role\": \"%s\"}", role_word(column, roles));
	}
	appendStringInfoString(&out, out.len == 0 ? "[]" : "]");
	return parse(&out);
}

Jsonb *
cia_intervals(const ml_report *report)
{
	StringInfoData out;
	const char *separator = "";

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < report->metrics; i++)
	{
		const ml_metric *metric = &report->metric[i];
		double range[] = {metric->low, metric->high};
		ml_value value = ml_value_numbers(range, 2);

		if (!isfinite(metric->low) || !isfinite(metric->high))
			continue;
		appendStringInfo(&out, "%s\"%s\": %s", separator, metric->name,
		                 cia_value_to_json(&value));
		separator = ", ";
	}
	appendStringInfoChar(&out, '}');
	return parse(&out);
}

int
cia_plain_settings(void)
{
	static const char *const setting[][2] = {
	    {"extra_float_digits", "1"}, {"DateStyle", "ISO, YMD"}, {"TimeZone", "UTC"}};
	int level = cia_path_pin();

	for (size_t i = 0; i < lengthof(setting); i++)
		set_config_option(setting[i][0], setting[i][1], PGC_USERSET, PGC_S_SESSION,
		                  GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/*
 * The version's row of cia_versions is in SPI_tuptable, until SPI_finish.  The look-up by name went
 * by today's rights, and the view goes by those that the snapshot sees.
 */
static void
select_row(Oid schema, const cia_entry *entry, const char *columns)
{
	Oid types[] = {TEXTOID, INT4OID};
	Datum values[] = {CStringGetTextDatum(NameStr(entry->name)),
	                  Int32GetDatum(entry->version)};
	char *query =
	    psprintf("SELECT %s FROM %s.cia_versions WHERE model = $1 AND version = $2",
	             columns, quote_identifier(get_namespace_name(schema)));

	SPI_connect();
	if (SPI_execute_with_args(query, 2, types, values, NULL, true, 1) != SPI_OK_SELECT ||
	    SPI_processed != 1)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		                errmsg("could not read version %d of model \"%s\"",
		                       entry->version, NameStr(entry->name)),
		                errdetail("The right to manage the model is younger than the "
		                          "transaction's snapshot."),
		                errhint("Begin the transaction again.")));
}

void
cia_version_facts(Oid schema, const cia_entry *entry, const cia_fact *fact, int facts,
                  char **text)
{
	MemoryContext context = CurrentMemoryContext;
	int settings = cia_plain_settings();
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < facts; i++)
		appendStringInfo(&columns, "%s(%s)::text", i == 0 ? "" : ", ",
		                 fact[i].expression);
	select_row(schema, entry, columns.data);
	for (int i = 0; i < facts; i++)
	{
		const char *value =
		    SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1);

		text[i] = value != NULL ? MemoryContextStrdup(context, value) : NULL;
	}
	SPI_finish();
	cia_path_unpin(settings);
}

Jsonb *
cia_version_json(Oid schema, const cia_entry *entry, const char *expression)
{
	MemoryContext context = CurrentMemoryContext;
	int settings = cia_plain_settings();
	bool isnull;
	Datum datum;
	Jsonb *json;

	select_row(schema, entry, expression);
	datum = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	MemoryContextSwitchTo(context);
	json = DatumGetJsonbPCopy(datum);
	SPI_finish();
	cia_path_unpin(settings);
	return json;
}

ArrayType *
cia_text_array(const char *text)
{
	return DatumGetArrayTypeP(
	    OidInputFunctionCall(F_ARRAY_IN, pstrdup(text), TEXTOID, -1));
}

char *
cia_fingerprint(struct varlena *content)
{
	Datum hash = DirectFunctionCall1(sha256_bytea, PointerGetDatum(content));

	return TextDatumGetCString(
	    DirectFunctionCall2(binary_encode, hash, CStringGetTextDatum("hex")));
}

/* Dates that a model from outside may tell of are not always dates. */
static bool
is_moment(const ml_feature *feature, double seconds)
{
	static const char *const type[] = {"date", "timestamp without time zone",
	                                   "timestamp with time zone"};

	for (size_t i = 0; i < lengthof(type); i++)
		if (ml_text_is(feature->type, type[i]))
			return fabs(seconds) < 5e10;
	return false;
}

char *
cia_profile_text(const ml_feature *feature, double value)
{
	if (!isfinite(value))
		return NULL;
	return is_moment(feature, value) ? cia_feature_text(feature, floor(value))
	                                 : psprintf("%.6g", value);
}

char *
cia_deviation_text(const ml_feature *feature)
{
	if (!isfinite(feature->sd))
		return NULL;
	return is_moment(feature, feature->sd) ? psprintf("%.6g days", feature->sd / 86400)
	                                       : psprintf("%.6g", feature->sd);
}
