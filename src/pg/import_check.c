/* SPDX-License-Identifier: PostgreSQL */
/*
 * import_check.c: is a document what cia_export has written?
 *
 * Members are there and of their kind; the model is complete, and its bytes have the fingerprint
 * that the document tells; what the document says of the model besides is what the model says.
 * A document may have been edited where that holds: a comment, a tag, a note.
 */
#include "moved.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

#define LARGEST 9007199254740992.0 /* 2^53: up to there every whole number is a double */

typedef enum kind
{
	TEXT,
	TEXTS,   /* an array of them */
	OBJECT,  /* of anything */
	OBJECTS, /* an array of them */
	WHOLE,   /* a number from 0 */
	NUMBER   /* from 0 */
} kind;

typedef struct member
{
	const char *name;
	kind kind;
	bool optional; /* may be absent or null */
} member;

static const char *const kind_text[] = {
    [TEXT] = "a text",
    [TEXTS] = "an array of texts",
    [OBJECT] = "an object",
    [OBJECTS] = "an array of objects",
    [WHOLE] = "a whole number from 0 on",
    [NUMBER] = "a number from 0 on",
};

static const member document_member[] = {
    {"exported_from", OBJECT}, {"fingerprint", TEXT}, {"content", OBJECT},
    {"lineage", OBJECT},       {"tags", TEXTS},       {"comment", TEXT, true},
};
static const member from_member[] = {
    {"database", TEXT}, {"model", TEXT}, {"version", WHOLE}};
static const member content_member[] = {
    {"format", WHOLE},   {"algorithm", TEXT}, {"task", TEXT},
    {"target", OBJECT},  {"rows", NUMBER},    {"features", OBJECTS},
    {"options", OBJECT}, {"learned", OBJECT}, {"training", OBJECT}};
static const member lineage_member[] = {
    {"source", TEXT},         {"request", OBJECT},     {"columns", OBJECTS},
    {"options", OBJECT},      {"rows_used", WHOLE},    {"rows_skipped", WHOLE},
    {"metrics", OBJECT},      {"intervals", OBJECT},   {"notes", TEXTS},
    {"seconds", NUMBER},      {"trained_by", TEXT},    {"trained_at", TEXT},
    {"parent", WHOLE, true},  {"cia_version", TEXT},   {"pg_version", TEXT},
    {"origin", OBJECT, true}, {"named", OBJECTS, true}};
static const member request_member[] = {
    {"target", TEXT, true},   {"algorithm", TEXT}, {"features", TEXTS, true},
    {"exclude", TEXTS, true}, {"id", TEXTS, true}, {"weight", TEXT, true},
    {"options", OBJECT}};
static const member named_member[] = {
    {"segment", TEXT}, {"name", TEXT}, {"by", TEXT}, {"at", TEXT}};
static const member column_member[] = {{"name", TEXT}, {"type", TEXT}, {"role", TEXT}};

pg_noreturn static void
refuse(char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
	                errmsg("invalid model export"), errdetail_internal("%s", detail),
	                errhint("Export the model again with cia_export, or take an earlier "
	                        "copy of the document.")));
}

static bool
is_number(const ml_value *value)
{
	return value->kind == ML_VALUE_NUMBER && value->number >= 0 &&
	       value->number <= LARGEST;
}

/* An array of nothing has no kind of its own. */
static bool
is_array_of(const ml_value *value, ml_value_kind kind)
{
	if (value->count == 0)
		return value->kind == ML_VALUE_ARRAY || value->kind == ML_VALUE_NUMBERS;
	for (int64 i = 0; value->kind == ML_VALUE_ARRAY && i < value->count; i++)
		if (value->items[i].kind != kind)
			return false;
	return value->kind == ML_VALUE_ARRAY;
}

static bool
is_of_kind(const ml_value *value, kind kind)
{
	switch (kind)
	{
		case TEXT:
			return value->kind == ML_VALUE_TEXT;
		case TEXTS:
			return is_array_of(value, ML_VALUE_TEXT);
		case OBJECT:
			return value->kind == ML_VALUE_OBJECT;
		case OBJECTS:
			return is_array_of(value, ML_VALUE_OBJECT);
		case WHOLE:
			return is_number(value) && value->number == floor(value->number);
		case NUMBER:
			return is_number(value);
	}
	return false;
}

/* Where is what stands before the member's name in messages. */
static void
check_members(const ml_value *object, const char *where, const member *members, int count)
{
	for (int i = 0; i < count; i++)
	{
		const ml_value *found = ml_value_member(object, members[i].name);

		if ((found == NULL || found->kind == ML_VALUE_NULL) && members[i].optional)
			continue;
		if (found == NULL)
			refuse(psprintf("Member \"%s%s\" is missing.", where, members[i].name));
		if (!is_of_kind(found, members[i].kind))
			refuse(psprintf("Member \"%s%s\" is not %s.", where, members[i].name,
			                kind_text[members[i].kind]));
	}
}

/* Version numbers are integers. */
static void
check_version(const ml_value *object, const char *where, const char *name)
{
	const ml_value *found = ml_value_member(object, name);

	if (found != NULL && found->kind == ML_VALUE_NUMBER &&
	    (found->number < 1 || found->number > PG_INT32_MAX))
		refuse(psprintf("Member \"%s%s\" is not the number of a version.", where, name));
}

static void
check_format(const ml_value *document)
{
	const ml_value *format = ml_value_member(document, "cia_export");

	if (format == NULL)
		refuse("Member \"cia_export\" is missing: cia_export has not written this.");
	if (!is_of_kind(format, WHOLE) || format->number < 1)
		refuse("Member \"cia_export\" is not the number of a format.");
	if (format->number > atoi(CIA_EXPORT_FORMAT))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("export format %.0f is not supported", format->number),
		                errhint("Run ALTER EXTENSION cia UPDATE.")));
}

static int
two_digits(const char *at)
{
	return 10 * (at[0] - '0') + at[1] - '0';
}

/* YYYY-MM-DDTHH:MM:SS.ffffffZ, as cia_export writes it; is there such a time? */
static void
check_time(ml_text time)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";
	const char *at = time.bytes;
	bool fits = time.length == (int32) sizeof form - 1;
	struct pg_tm tm = {0};

	for (int i = 0; fits && i < time.length; i++)
		fits = form[i] == '0' ? at[i] >= '0' && at[i] <= '9' : at[i] == form[i];
	if (fits)
	{
		tm.tm_year = 100 * two_digits(at) + two_digits(at + 2);
		tm.tm_mon = two_digits(at + 5);
		tm.tm_mday = two_digits(at + 8);
		fits = ValidateDate(DTK_DATE_M, false, false, false, &tm) == 0 &&
		       two_digits(at + 11) < 24 && two_digits(at + 14) < 60 &&
		       two_digits(at + 17) < 60;
	}
	if (!fits)
		refuse("Member \"lineage.trained_at\" is not a time such as "
		       "2026-01-31T12:00:00.000000Z.");
}

static void
check_tags(const ml_value *tags)
{
	for (int64 i = 0; i < tags->count; i++)
		if (tags->items[i].text.length < 1 || tags->items[i].text.length >= NAMEDATALEN)
			refuse(psprintf("Member \"tags[" INT64_FORMAT "]\" is not a tag: it has 1 to "
			                "%d bytes.",
			                i, NAMEDATALEN - 1));
}

static void
check_columns(const ml_value *columns, const ml_schema *schema)
{
	for (int64 i = 0; i < columns->count; i++)
		check_members(&columns->items[i],
		              psprintf("lineage.columns[" INT64_FORMAT "].", i), column_member,
		              lengthof(column_member));
	for (int f = 0; f < schema->features; f++)
	{
		bool found = false;

		for (int64 i = 0; i < columns->count && !found; i++)
			found = ml_text_equal(ml_value_member(&columns->items[i], "name")->text,
			                      schema->feature[f].name);
		if (!found)
			refuse(
			    psprintf("Member \"lineage.columns\" lacks feature \"%s\" of the model.",
			             cia_text_cstring(schema->feature[f].name)));
	}
}

/* Pairs of numbers, of metrics that the model has. */
static void
check_intervals(const ml_value *intervals, const ml_value *metrics)
{
	for (int64 i = 0; i < intervals->count; i++)
	{
		const ml_value *pair = &intervals->items[i];
		char *name = cia_text_cstring(intervals->keys[i]);

		if (pair->kind != ML_VALUE_NUMBERS || pair->count != 2 ||
		    !isfinite(pair->numbers[0]) || !isfinite(pair->numbers[1]) ||
		    pair->numbers[0] > pair->numbers[1] || ml_value_member(metrics, name) == NULL)
			refuse(psprintf("Member \"lineage.intervals.%s\" is not the interval of a "
			                "metric: two numbers.",
			                name));
	}
}

/* No number is past the range of doubles: JSON would not know how to write it. */
static void
check_finite(const ml_value *value, const char *where)
{
	check_stack_depth();
	if (value->kind == ML_VALUE_NUMBER && !isfinite(value->number))
		refuse(psprintf("Member \"%s\" has a number that is out of range.", where));
	for (int64 i = 0; value->kind == ML_VALUE_NUMBERS && i < value->count; i++)
		if (isinf(value->numbers[i]))
			refuse(psprintf("Member \"%s\" has a number that is out of range.", where));
	for (int64 i = 0; i < value->count &&
	                  (value->kind == ML_VALUE_ARRAY || value->kind == ML_VALUE_OBJECT);
	     i++)
		check_finite(&value->items[i], where);
}

static bool
is_same_json(const ml_value *a, const ml_value *b)
{
	return compareJsonbContainers(&cia_value_to_jsonb(a)->root,
	                              &cia_value_to_jsonb(b)->root) == 0;
}

/* What the document says twice must be the same in both places. */
static void
check_agreement(const ml_value *lineage, const ml_model *model)
{
	static const char *const number[][2] = {{"rows_used", "rows"},
	                                        {"rows_skipped", "skipped"}};
	const ml_value *metrics = ml_value_member(&model->training, "metrics");

	for (size_t i = 0; i < lengthof(number); i++)
		if (ml_value_member(lineage, number[i][0])->number !=
		    cia_training_number(model, number[i][1]))
			refuse(psprintf("Member \"lineage.%s\" is not what the model says of its "
			                "training.",
			                number[i][0]));
	if (!is_same_json(ml_value_member(lineage, "options"), &model->options))
		refuse("Member \"lineage.options\" is not what the model says of its training.");
	if (metrics == NULL || !is_same_json(ml_value_member(lineage, "metrics"), metrics))
		refuse("Member \"lineage.metrics\" is not what the model says of its training.");
	check_intervals(ml_value_member(lineage, "intervals"), metrics);
	check_columns(ml_value_member(lineage, "columns"), &model->schema);
}

static void
check_lineage(const ml_value *lineage)
{
	const ml_value *request, *named = ml_value_member(lineage, "named");

	check_members(lineage, "lineage.", lineage_member, lengthof(lineage_member));
	check_version(lineage, "lineage.", "parent");
	check_time(ml_value_member(lineage, "trained_at")->text);
	request = ml_value_member(lineage, "request");
	check_members(request, "lineage.request.", request_member, lengthof(request_member));
	for (int64 i = 0; named != NULL && i < named->count; i++)
		check_members(&named->items[i], psprintf("lineage.named[" INT64_FORMAT "].", i),
		              named_member, lengthof(named_member));
	for (int64 i = 0; i < lineage->count; i++)
		check_finite(&lineage->items[i],
		             psprintf("lineage.%s", cia_text_cstring(lineage->keys[i])));
}

static void
check_algorithm(ml_text name)
{
	for (int i = 0; i < ml_learner_count; i++)
		if (ml_text_is(name, ml_learner_table[i]->name))
			return;
	refuse(
	    psprintf("Member \"content.algorithm\" is \"%s\", which this version of cia does "
	             "not have.",
	             cia_text_cstring(name)));
}

/* cia_versions shows it as a number. */
static void
check_seed(const ml_value *options)
{
	const ml_value *seed = ml_value_member(options, "seed");

	if (seed != NULL && !is_of_kind(seed, WHOLE))
		refuse(psprintf("Member \"content.options.seed\" is not %s.", kind_text[WHOLE]));
}

static void
check_fingerprint(const cia_import_document *document)
{
	const ml_value *told = ml_value_member(&document->all, "fingerprint");
	char *found = cia_fingerprint(document->content);

	if (!ml_text_is(told->text, found))
		refuse(psprintf("Member \"content\" was changed: its fingerprint is %s, and not "
		                "\"%s\".",
		                found, cia_text_cstring(told->text)));
}

static void
read_model(cia_import_document *document)
{
	const ml_value *content = ml_value_member(&document->all, "content");
	ml_status status;

	check_members(content, "content.", content_member, lengthof(content_member));
	check_algorithm(ml_value_member(content, "algorithm")->text);
	status = ml_model_read(&document->door->host, content, &document->model);
	if (status == ML_BAD_MODEL)
		refuse("Member \"content\" does not describe a complete model.");
	cia_check(document->door, status);
	document->content = cia_model_encode(document->door, document->model);
	check_fingerprint(document);
	check_seed(&document->model->options);
}

void
cia_import_read(Jsonb *jsonb, cia_import_document *document)
{
	const ml_value *from;

	*document = (cia_import_document){.door = cia_door_for_model(CurrentMemoryContext)};
	cia_value_from_jsonb(document->door, jsonb, &document->all);
	if (document->all.kind != ML_VALUE_OBJECT)
		refuse("It is not an object.");
	check_format(&document->all);
	check_members(&document->all, "", document_member, lengthof(document_member));
	from = ml_value_member(&document->all, "exported_from");
	check_members(from, "exported_from.", from_member, lengthof(from_member));
	check_version(from, "exported_from.", "version");
	check_tags(ml_value_member(&document->all, "tags"));
	document->lineage = ml_value_member(&document->all, "lineage");
	check_lineage(document->lineage);
	read_model(document);
	check_agreement(document->lineage, document->model);
}
