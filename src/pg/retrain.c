/* SPDX-License-Identifier: PostgreSQL */
/*
 * retrain.c: cia_retrain and cia_verify: the training of a version once more.
 *
 * What a version keeps of its training are the arguments of cia_train, so a training is repeated
 * by calling that with them: on the rows that the source has now, with rights that the caller and
 * whoever wrote the source have in common (kept.c).
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

CIA_FUNCTION(cia_retrain);
CIA_FUNCTION(cia_verify);

/* What is asked of a version. */
typedef struct question
{
	cia_entry entry;
	const char *source; /* in place of its own; NULL: its own */
	Jsonb *options;     /* on top of its own; NULL: none */
	bool exactly;       /* from the very version that it went on from */
} question;

/*
 * Options are those that were given, and the penalty that 'auto' adds to a linear regression; a
 * further choice is made only if it is asked for.  Null takes an option away.  The version comes as
 * a value, so that a training that takes hours holds no lock on its table.
 */
static const char arguments_of_version[] =
    "SELECT coalesce($2, v.source), v.target, coalesce($3->>'algorithm', v.algorithm), "
    "(SELECT array_agg(f ORDER BY n) FROM jsonb_array_elements_text(v.request->'features') "
    "WITH ORDINALITY t (f, n)), "
    "(SELECT array_agg(f ORDER BY n) FROM jsonb_array_elements_text(v.request->'exclude') "
    "WITH ORDINALITY t (f, n)), "
    "v.id, v.weight, "
    "(v.request->'options' || CASE WHEN v.request->>'algorithm' = 'auto' AND v.algorithm = "
    "'linear' AND NOT (v.request->'options' || coalesce($3, '{}')) ?| "
    "ARRAY['l2', 'lambda', 'algorithm'] THEN jsonb_build_object('l2', v.options->'l2') ELSE "
    "'{}' END || CASE WHEN $4 AND v.options ? 'continue_from' THEN "
    "jsonb_build_object('continue_from', v.options->'continue_from') ELSE '{}' END || "
    "coalesce($3 - 'algorithm', '{}')) "
    "- ARRAY(SELECT key FROM jsonb_each($3) WHERE value = 'null'), "
    "v.options, "
    "v.content, v.fingerprint, v.fingerprint = encode(sha256(%1$s.cia_model_send(v.content)), "
    "'hex'), v.rows_used, v.rows_skipped, v.cia_version, v.pg_version, "
    "(SELECT extversion FROM pg_extension WHERE extname = 'cia'), "
    "current_setting('server_version'), v.trained_by, v.version "
    "FROM (SELECT ($1).*) v";

/* Columns of the answer. */
enum
{
	ANSWER_SOURCE,
	ANSWER_TARGET,
	ANSWER_ALGORITHM,
	ANSWER_FEATURES,
	ANSWER_EXCLUDE,
	ANSWER_ID,
	ANSWER_WEIGHT,
	ANSWER_OPTIONS,
	ANSWER_IN_FORCE,
	ANSWER_CONTENT,
	ANSWER_FINGERPRINT,
	ANSWER_SOUND,
	ANSWER_ROWS,
	ANSWER_SKIPPED,
	ANSWER_CIA,
	ANSWER_PG,
	ANSWER_CIA_NOW,
	ANSWER_PG_NOW,
	ANSWER_AUTHOR,
	ANSWER_VERSION,
	ANSWERS
};

/* The version has gone meanwhile, or there is none at all. */
static void
raise_gone(const cia_entry *entry)
{
	if (entry->version == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("model \"%s\" has no versions", NameStr(entry->name)),
		                errhint("Train one with cia_train.")));
	cia_registry_check(CIA_NO_VERSION,
	                   psprintf("%s@%d", NameStr(entry->name), entry->version), entry);
}

/* The answer, in the context of the call; raises 42704 if the version has gone meanwhile. */
static void
ask(Oid schema, const question *about, NullableDatum *answer)
{
	cia_entry version = about->entry;
	Datum row = cia_registry_row(&version);
	cia_owner_scope scope;
	Oid types[] = {InvalidOid, TEXTOID, JSONBOID, BOOLOID};
	char nulls[lengthof(types) + 1] = "    ";
	Datum values[lengthof(types)];

	if (row == (Datum) 0)
		raise_gone(&about->entry);
	scope = cia_owner_begin(schema);
	types[0] = HeapTupleHeaderGetTypeId(DatumGetHeapTupleHeader(row));
	values[0] = row;
	values[1] = cia_text_or_null(about->source, &nulls[1]);
	values[2] = about->options != NULL ? JsonbPGetDatum(about->options) : (Datum) 0;
	nulls[2] = about->options != NULL ? ' ' : 'n';
	values[3] = BoolGetDatum(about->exactly);
	cia_owner_execute(&scope, &(cia_statement){.text = arguments_of_version,
	                                           .expected = SPI_OK_SELECT,
	                                           .args = lengthof(types),
	                                           .types = types,
	                                           .values = values,
	                                           .nulls = nulls});
	for (int i = 0; i < ANSWERS; i++)
	{
		Form_pg_attribute column = TupleDescAttr(SPI_tuptable->tupdesc, i);

		answer[i].value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
		                                i + 1, &answer[i].isnull);
		if (!answer[i].isnull)
			answer[i].value =
			    SPI_datumTransfer(answer[i].value, column->attbyval, column->attlen);
	}
	cia_owner_leave(&scope);
}

/* Arguments of cia_train, for a call with the rights and the answer of this one. */
static void
set_arguments(FunctionCallInfo call, FunctionCallInfo fcinfo, const cia_entry *entry,
              const NullableDatum *answer)
{
	InitFunctionCallInfoData(*call, fcinfo->flinfo, CIA_TRAIN_ARGUMENTS,
	                         fcinfo->fncollation, fcinfo->context, fcinfo->resultinfo);
	call->args[cia_train_arguments.model] =
	    (NullableDatum){.value = CStringGetTextDatum(NameStr(entry->name))};
	call->args[cia_train_arguments.source] = answer[ANSWER_SOURCE];
	call->args[cia_train_arguments.target] = answer[ANSWER_TARGET];
	call->args[cia_train_arguments.algorithm] = answer[ANSWER_ALGORITHM];
	call->args[cia_train_arguments.features] = answer[ANSWER_FEATURES];
	call->args[cia_train_arguments.exclude] = answer[ANSWER_EXCLUDE];
	call->args[cia_train_arguments.id] = answer[ANSWER_ID];
	call->args[cia_train_arguments.weight] = answer[ANSWER_WEIGHT];
	call->args[cia_train_arguments.options] = answer[ANSWER_OPTIONS];
}

/* The version's own source, which its author has written. */
static const cia_kept *
kept_source(const question *about, const NullableDatum *answer)
{
	cia_kept *kept = palloc(sizeof *kept);

	*kept = (cia_kept){.version = about->entry,
	                   .author = DatumGetObjectId(answer[ANSWER_AUTHOR].value)};
	kept->version.version = DatumGetInt32(answer[ANSWER_VERSION].value);
	return kept;
}

/* Options that are given must be an object. */
static Jsonb *
options_arg(FunctionCallInfo fcinfo, int argument)
{
	ml_value object;
	Jsonb *options;

	if (PG_ARGISNULL(argument))
		return NULL;
	options = PG_GETARG_JSONB_P(argument);
	cia_object_from_jsonb(cia_door_for_model(CurrentMemoryContext), options, &object);
	return options;
}

Datum
cia_retrain(PG_FUNCTION_ARGS)
{
	LOCAL_FCINFO(call, CIA_TRAIN_ARGUMENTS);
	Oid schema = cia_schema(fcinfo);
	NullableDatum answer[ANSWERS];
	question about = {.options = options_arg(fcinfo, 2)};
	char *model;

	PreventCommandIfReadOnly("cia_retrain()");
	model = cia_text_arg(fcinfo, 0, "model");
	/* of a model without a version in production the newest one is trained again */
	about.entry = strchr(model, '@') != NULL ? cia_registry_manage(schema, model)
	                                         : cia_registry_manage_model(schema, model);
	about.source = cia_text_arg(fcinfo, 1, NULL);
	ask(schema, &about, answer);
	set_arguments(call, fcinfo, &about.entry, answer);
	return cia_train_as(call, CIA_JOB_RETRAIN,
	                    about.source == NULL ? kept_source(&about, answer) : NULL);
}

static void
append(StringInfo out, const char *words)
{
	appendStringInfo(out, "%s%s", out->len > 0 ? "; " : "", words);
}

/* Is what is known of a feature's values the same, to the last bit? */
static bool
same_profile(const ml_feature *a, const ml_feature *b)
{
	if (a->kind != b->kind || a->missing != b->missing || a->levels != b->levels)
		return false;
	if (a->kind == ML_NUMBER)
		return a->mean == b->mean && a->sd == b->sd && a->min == b->min &&
		       a->max == b->max;
	for (int i = 0; i < a->levels; i++)
		if (!ml_text_equal(a->label[i], b->label[i]) || a->count[i] != b->count[i])
			return false;
	return true;
}

static bool
same_target(const ml_schema *a, const ml_schema *b)
{
	if (a->task == ML_REGRESSION)
		return a->target_mean == b->target_mean && a->target_sd == b->target_sd;
	if (a->classes != b->classes)
		return false;
	for (int k = 0; k < a->classes; k++)
		if (!ml_text_equal(a->class_label[k], b->class_label[k]) ||
		    a->class_count[k] != b->class_count[k])
			return false;
	return true;
}

/* What differs in the columns that both were trained on. */
static void
compare_columns(const ml_schema *then, const ml_schema *now, StringInfo out)
{
	bool same = then->features == now->features;

	for (int f = 0; f < then->features && same; f++)
		same = then->feature[f].element == now->feature[f].element &&
		       ml_text_equal(then->feature[f].name, now->feature[f].name);
	if (!same)
	{
		append(out, psprintf("the features differ: %d then, %d now", then->features,
		                     now->features));
		return;
	}
	for (int f = 0; f < then->features; f++)
		if (!same_profile(&then->feature[f], &now->feature[f]))
		{
			append(out, psprintf("the values of column \"%s\" differ",
			                     cia_element_name(now->feature[f].name,
			                                      now->feature[f].element)));
			break;
		}
	if (!same_target(then, now))
		append(out, now->task == ML_SEGMENTATION
		                ? "the segments differ"
		                : psprintf("the values of target \"%s\" differ",
		                           cia_text_cstring(now->target)));
}

/* Has it been trained by others than us? */
static void
compare_builds(const NullableDatum *answer, StringInfo out)
{
	char *cia = TextDatumGetCString(answer[ANSWER_CIA].value);
	char *pg = TextDatumGetCString(answer[ANSWER_PG].value);
	char *cia_now = TextDatumGetCString(answer[ANSWER_CIA_NOW].value);
	char *pg_now = TextDatumGetCString(answer[ANSWER_PG_NOW].value);

	append(out, "rows, columns and options look the same, but the bytes differ");
	if (strcmp(cia, cia_now) != 0)
		append(out, psprintf("it was trained by cia %s, and this is %s", cia, cia_now));
	if (strcmp(pg, pg_now) != 0)
		append(out,
		       psprintf("it was trained on PostgreSQL %s, and this is %s", pg, pg_now));
	append(out, "values of the holdout may have changed, or another processor or "
	            "library rounds otherwise");
}

/* Defaults may be others than they were. */
static bool
same_options(const NullableDatum *answer, const cia_training *run)
{
	Jsonb *then = DatumGetJsonbP(answer[ANSWER_IN_FORCE].value);
	Jsonb *now = cia_value_to_jsonb(&run->settings.given);

	return compareJsonbContainers(&then->root, &now->root) == 0;
}

static const ml_model *
stored_model(const NullableDatum *answer, const cia_training *run)
{
	return cia_model_decode(run->door, PG_DETOAST_DATUM(answer[ANSWER_CONTENT].value));
}

/* Why the bytes are others, as far as that can be told. */
static char *
explain(const NullableDatum *answer, const cia_training *run, const ml_result *now)
{
	const ml_model *then = stored_model(answer, run);
	int64 rows = DatumGetInt64(answer[ANSWER_ROWS].value);
	int64 skipped = DatumGetInt64(answer[ANSWER_SKIPPED].value);
	StringInfoData out;

	initStringInfo(&out);
	if (rows != now->rows)
		append(&out, psprintf("the rows differ: %lld then, %lld now", (long long) rows,
		                      (long long) now->rows));
	else if (skipped != now->skipped)
		append(&out, psprintf("the rows that are skipped differ: %lld then, %lld now",
		                      (long long) skipped, (long long) now->skipped));
	if (!same_options(answer, run))
		append(&out, "the options differ, since the defaults of this cia are others");
	if (then->learner != now->model->learner)
		append(&out, psprintf("it was a model for %s, and is one for %s",
		                      cia_task_words(then->learner->task),
		                      cia_task_words(now->model->learner->task)));
	else
		compare_columns(&then->schema, &now->model->schema, &out);
	if (out.len == 0)
		compare_builds(answer, &out);
	return out.data;
}

/*
 * Trains as cia_train does, and stores nothing.  Segments may have their names from a version
 * that is gone, or in another database: they keep those that they have.
 */
static void
train_again(FunctionCallInfo call, const cia_kept *kept, const NullableDatum *answer,
            cia_training *run, ml_result *result)
{
	ml_request request;

	cia_training_open(call, &cia_train_arguments, "cia verify", run);
	run->kind = CIA_JOB_VERIFY;
	run->kept = kept;
	cia_training_check(run);
	cia_training_read(run, NULL);
	cia_door_equip(run->door);
	request = cia_training_request(run);
	if (request.learner->task == ML_SEGMENTATION &&
	    DatumGetBool(answer[ANSWER_SOUND].value))
		request.named = stored_model(answer, run);
	cia_check(run->door, ml_train(&run->door->host, run->rows->frame, &request, result));
}

static char *
fingerprint_of(struct varlena *content)
{
	bytea *digest =
	    DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(content)));
	char *hex = palloc(2 * VARSIZE_ANY_EXHDR(digest) + 1);

	hex[hex_encode(VARDATA_ANY(digest), VARSIZE_ANY_EXHDR(digest), hex)] = '\0';
	return hex;
}

/* Words for a model whose own bytes are not what was written. */
static const char damaged[] =
    "the stored bytes are not those that were written: restore the version from a backup, "
    "or drop it";

Datum
cia_verify(PG_FUNCTION_ARGS)
{
	LOCAL_FCINFO(call, CIA_TRAIN_ARGUMENTS);
	cia_output out = cia_output_open(fcinfo);
	Oid schema = cia_schema(fcinfo);
	NullableDatum answer[ANSWERS];
	question about = {.exactly = true};
	cia_training run;
	ml_result result;
	char *then, *now;
	bool sound, same;

	about.entry = cia_registry_manage(schema, cia_text_arg(fcinfo, 0, "model"));
	ask(schema, &about, answer);
	set_arguments(call, fcinfo, &about.entry, answer);
	train_again(call, kept_source(&about, answer), answer, &run, &result);
	then = TextDatumGetCString(answer[ANSWER_FINGERPRINT].value);
	now = fingerprint_of(cia_model_encode(run.door, result.model));
	sound = DatumGetBool(answer[ANSWER_SOUND].value);
	same = strcmp(then, now) == 0;
	cia_output_text(&out, NameStr(about.entry.name));
	cia_output_integer(&out, about.entry.version);
	cia_output_bool(&out, sound && same, false);
	cia_output_text(&out, then);
	cia_output_text(&out, now);
	cia_output_bigint(&out, DatumGetInt64(answer[ANSWER_ROWS].value));
	cia_output_bigint(&out, result.rows);
	if (!sound)
		cia_output_text(&out, damaged);
	else if (same)
		cia_output_text(&out, "the same model, byte for byte");
	else
		cia_output_text(&out, explain(answer, &run, &result));
	cia_output_row(&out);
	MemoryContextDelete(run.door->arena);
	return (Datum) 0;
}
