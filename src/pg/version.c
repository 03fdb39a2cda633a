/* SPDX-License-Identifier: PostgreSQL */
/*
 * version.c: versions that are trained, in the caller's transaction.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

/* Raises 42501 unless the row that was written lets the caller manage. */
static void
check_rights(const cia_owner_scope *scope, const char *name)
{
	HeapTuple row = SPI_tuptable->vals[0];
	TupleDesc columns = SPI_tuptable->tupdesc;
	bool isnull;
	const cia_rights rights = {
	    .owner = DatumGetObjectId(SPI_getbinval(row, columns, 3, &isnull)),
	    .scorers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 4, &isnull)),
	    .managers = DatumGetArrayTypeP(SPI_getbinval(row, columns, 5, &isnull))};
	Oid through;

	if (!cia_rights_allow(&rights, scope->user, CIA_MANAGE, &through))
		cia_raise_denied(name, rights.owner, CIA_MANAGE);
}

/* The model's row, which is ours to change until the transaction ends. */
typedef struct claim
{
	pg_uuid_t id;
	int32 version;    /* the number that the new version gets */
	int32 production; /* 0: none is */
	char *rule;
} claim;

static int32
integer_of_row(int column)
{
	bool isnull;
	Datum datum =
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

static claim
claim_version(const cia_owner_scope *scope, const char *name, const char *promote)
{
	Oid types[] = {NAMEOID, OIDOID, TEXTOID};
	char nulls[lengthof(types) + 1] = "   ";
	Datum values[lengthof(types)];
	bool isnull;
	NameData fixed;
	claim taken;

	cia_owner_lock(scope);
	namestrcpy(&fixed, name);
	values[0] = NameGetDatum(&fixed);
	values[1] = ObjectIdGetDatum(scope->user);
	values[2] = cia_text_or_null(promote, &nulls[2]);
	/* the update locks the row, so that two trainings of one name take turns */
	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text = "INSERT INTO %1$s.cia_registry AS r (name, owner, promote) "
	                "VALUES ($1, $2, coalesce($3, 'better')) "
	                "ON CONFLICT (name) DO UPDATE SET latest = r.latest + 1, "
	                "promote = coalesce($3, r.promote) "
	                "RETURNING id, latest, owner, scorers, managers, production, promote",
	        .expected = SPI_OK_INSERT_RETURNING,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
	taken.id = *DatumGetUUIDP(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	taken.version = integer_of_row(2);
	taken.production = integer_of_row(6);
	taken.rule = MemoryContextStrdup(
	    scope->caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 7));
	/* somebody else may have taken the name since it was checked */
	check_rights(scope, name);
	return taken;
}

void
cia_version_claim(const cia_owner_scope *scope, const char *name, pg_uuid_t *id,
                  int32 *version)
{
	claim taken = claim_version(scope, name, NULL);

	*id = taken.id;
	*version = taken.version;
}

static Datum
metrics_datum(const ml_result *result)
{
	return JsonbPGetDatum(
	    cia_value_to_jsonb(ml_value_member(&result->model->training, "metrics")));
}

/* What is not an argument is found out by the statement itself. */
static const char version_row[] =
    "INSERT INTO %1$s.cia_version (model, version, content, source, inputs, id, weight, "
    "options, algorithm, task, target, features, rows_used, rows_skipped, metric, "
    "value, metrics, notes, seconds, trained_by, request, parent, fingerprint, "
    "cia_version, pg_version, columns, intervals, decision) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
    "$17, $18, $19, $20, "
    "jsonb_strip_nulls(jsonb_build_object('target', $11, 'algorithm', $21, "
    "'features', $22, 'exclude', $23, 'id', $6, 'weight', $7, 'options', $24)), "
    "(SELECT production FROM %1$s.cia_registry WHERE id = $1), "
    "encode(sha256(%1$s.cia_model_send($3)), 'hex'), "
    "(SELECT extversion FROM pg_extension WHERE extname = 'cia'), "
    "current_setting('server_version'), $25, $26, $27)";

static void
insert_version(const cia_owner_scope *scope, const claim *taken, const cia_record *record,
               ArrayType *notes, const char *decision)
{
	const cia_training *training = record->training;
	const ml_result *result = record->result;
	Oid type = cia_model_type(scope->schema);
	const ml_metric *main_metric =
	    ml_report_metric(&result->holdout, ml_model_metric(result->model));
	Oid types[] = {UUIDOID,   INT4OID,  type,    TEXTOID,      TEXTARRAYOID, TEXTARRAYOID,
	               TEXTOID,   JSONBOID, TEXTOID, TEXTOID,      TEXTOID,      INT4OID,
	               INT8OID,   INT8OID,  TEXTOID, FLOAT8OID,    JSONBOID,     TEXTARRAYOID,
	               FLOAT8OID, OIDOID,   TEXTOID, TEXTARRAYOID, TEXTARRAYOID, JSONBOID,
	               JSONBOID,  JSONBOID, TEXTOID};
	Datum values[lengthof(types)];
	char nulls[lengthof(types) + 1];

	memset(nulls, ' ', sizeof nulls);
	values[0] = UUIDPGetDatum(&taken->id);
	values[1] = Int32GetDatum(taken->version);
	values[2] = PointerGetDatum(record->content);
	values[3] = CStringGetTextDatum(training->source);
	values[4] = PointerGetDatum(record->inputs);
	values[5] = cia_array_or_null(training->roles.id, &nulls[5]);
	values[6] = cia_text_or_null(training->roles.weight, &nulls[6]);
	values[7] = JsonbPGetDatum(cia_value_to_jsonb(&training->settings.given));
	values[8] = CStringGetTextDatum(result->model->learner->name);
	values[9] = CStringGetTextDatum(cia_task_words(result->model->schema.task));
	values[10] = cia_text_or_null(training->roles.target, &nulls[10]);
	values[11] = Int32GetDatum(result->model->schema.features);
	values[12] = Int64GetDatum(result->rows);
	values[13] = Int64GetDatum(result->skipped);
	values[14] = CStringGetTextDatum(ml_model_metric(result->model));
	values[15] = Float8GetDatum(main_metric != NULL ? main_metric->value : 0);
	if (main_metric == NULL || isnan(main_metric->value))
		nulls[15] = 'n';
	values[16] = metrics_datum(result);
	values[17] = PointerGetDatum(notes);
	values[18] = Float8GetDatum(record->seconds);
	values[19] = ObjectIdGetDatum(training->role);
	values[20] = CStringGetTextDatum(training->algorithm);
	values[21] = cia_array_or_null(training->roles.features, &nulls[21]);
	values[22] = cia_array_or_null(training->roles.exclude, &nulls[22]);
	values[23] = JsonbPGetDatum(cia_value_to_jsonb(&training->options));
	values[24] = JsonbPGetDatum(record->columns);
	values[25] = JsonbPGetDatum(cia_intervals(&result->holdout));
	values[26] = CStringGetTextDatum(decision);
	cia_owner_execute(scope, &(cia_statement){.text = version_row,
	                                          .expected = SPI_OK_INSERT,
	                                          .args = lengthof(types),
	                                          .types = types,
	                                          .values = values,
	                                          .nulls = nulls});
}

Oid
cia_model_type(Oid schema)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("cia_model"),
	                       ObjectIdGetDatum(schema));
}

/* Compares with the champion that the row names, if the training has met another one or none. */
static cia_verdict
challenge(cia_owner_scope *scope, const claim *taken, const cia_record *record)
{
	cia_training *training = record->training;
	cia_champion *champion = training->champion;
	const cia_entry production = {
	    .schema = scope->schema, .id = taken->id, .version = taken->production};
	cia_verdict verdict;
	MemoryContext within;

	if (champion != NULL && champion->version == taken->production &&
	    memcmp(&champion->model, &taken->id, sizeof taken->id) == 0)
		return cia_champion_compare(champion, training->door, record->result,
		                            record->content);
	within = MemoryContextSwitchTo(scope->caller);
	champion = cia_champion_read(training->door, &production);
	MemoryContextSwitchTo(within);
	if (champion == NULL)
		return (cia_verdict){.promote = true,
		                     .compared = true,
		                     .reason = psprintf("version %d is gone", taken->production)};
	/* the source is the caller's to run; the row stays ours */
	cia_owner_leave(scope);
	verdict =
	    cia_champion_compare_anew(champion, training, record->result, record->content);
	*scope = cia_owner_begin(training->schema);
	return verdict;
}

/* Decides by the model's rule; reads the source again if production has changed meanwhile. */
static cia_verdict
decide(cia_owner_scope *scope, const claim *taken, const cia_record *record)
{
	if (strcmp(taken->rule, "never") == 0)
		return (cia_verdict){.reason = "the rule is \"never\""};
	if (taken->version == 1)
		return (cia_verdict){.promote = true, .reason = "the first version"};
	if (taken->production == 0)
		return (cia_verdict){.promote = true, .reason = "no version was in production"};
	if (strcmp(taken->rule, "always") == 0)
		return (cia_verdict){.promote = true, .reason = "the rule is \"always\""};
	return challenge(scope, taken, record);
}

/* What the notes say of the decision; NULL: it goes without saying. */
static char *
note_of(const char *name, const claim *taken, const cia_verdict *verdict)
{
	if (verdict->promote)
		return verdict->compared ? psprintf("promoted: %s", verdict->reason) : NULL;
	if (verdict->compared)
		return psprintf("not promoted: %s", verdict->reason);
	return psprintf("not promoted: %s; to put it into production: SELECT "
	                "cia_promote(%s, %d)",
	                verdict->reason, quote_literal_cstr(name), taken->version);
}

/* A retraining adds to a model: a first version means that its name has gone meanwhile. */
static void
check_still_there(const char *name, const claim *taken, const cia_record *record)
{
	if (record->training->kind == CIA_JOB_RETRAIN && taken->version == 1)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT),
		         errmsg("model \"%s\" does not exist any more", name),
		         errdetail("It was dropped or renamed while it was trained again."),
		         errhint("List models with SELECT * FROM cia_models.")));
}

cia_added
cia_registry_add(Oid schema, const char *name, cia_record *record)
{
	cia_owner_scope scope = cia_owner_begin(schema);
	claim taken = claim_version(&scope, name, record->promote);
	cia_verdict verdict;
	cia_added added;
	MemoryContext before;
	char *note;

	check_still_there(name, &taken, record);
	cia_follow_names(&scope, &taken.id, record);
	verdict = decide(&scope, &taken, record);
	added = (cia_added){.version = taken.version, .promoted = verdict.promote};
	before = MemoryContextSwitchTo(scope.caller);
	note = note_of(name, &taken, &verdict);
	added.notes = cia_notes_text(record->result, note != NULL ? lcons(note, record->notes)
	                                                          : record->notes);
	MemoryContextSwitchTo(before);
	insert_version(&scope, &taken, record, added.notes,
	               psprintf("%s: %s", verdict.promote ? "promoted" : "not promoted",
	                        verdict.reason));
	if (!verdict.promote)
	{
		/* what the name stands for is as it was */
		cia_owner_leave(&scope);
		return added;
	}
	cia_put_into_production(&scope, &(cia_promotion){.model = &taken.id,
	                                                 .version = taken.version,
	                                                 .previous = taken.production,
	                                                 .kind = "training",
	                                                 .reason = verdict.reason});
	cia_owner_end(&scope);
	return added;
}
