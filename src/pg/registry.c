/* SPDX-License-Identifier: PostgreSQL */
/*
 * registry.c: models by name, their versions, and who may use them.
 *
 * The tables are private to the extension's owner.  Reading goes straight to
 * their indexes under the active snapshot and then asks whether the caller may use
 * the model.  Writing runs fixed, fully qualified statements as the owner of the
 * tables, with search_path pinned, in the caller's transaction.
 */
#include "cia.h"

#include <math.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

CIA_FUNCTION(cia_drop_model);

/* Columns of cia_registry and cia_version, in the order of the SQL script. */
enum
{
	REGISTRY_ID = 1,
	REGISTRY_NAME,
	REGISTRY_OWNER,
	REGISTRY_PRODUCTION
};

enum
{
	VERSION_MODEL = 1,
	VERSION_VERSION,
	VERSION_CONTENT,
	VERSION_SOURCE,
	VERSION_INPUTS,
	VERSION_ID,
	VERSION_WEIGHT,
	VERSION_OPTIONS
};

static Oid
relation_of(Oid schema, const char *name)
{
	Oid relation = get_relname_relid(name, schema);

	if (!OidIsValid(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation \"%s\" of extension cia does not exist", name),
		                errhint("Create the extension anew: DROP EXTENSION cia; CREATE "
		                        "EXTENSION cia.")));
	return relation;
}

/* The tables and the indexes that names and versions are found by. */
typedef struct registry_tables
{
	Oid schema; /* InvalidOid: to be looked up */
	Oid names;
	Oid names_key;
	Oid versions;
	Oid versions_key;
} registry_tables;

static registry_tables known_tables;

/*
 * An index may be replaced by another one until its table is locked, so it has to be asked
 * for thereafter.
 */
static registry_tables
tables_of(Oid schema)
{
	if (known_tables.schema != schema)
	{
		registry_tables tables = {
		    .schema = schema,
		    .names = relation_of(schema, "cia_registry"),
		    .names_key = relation_of(schema, "cia_registry_name_key"),
		    .versions = relation_of(schema, "cia_version"),
		    .versions_key = relation_of(schema, "cia_version_pkey")};

		known_tables = tables;
	}
	return known_tables;
}

bool
cia_registry_forget(Oid relation)
{
	if (OidIsValid(relation) && relation != known_tables.names &&
	    relation != known_tables.versions)
		return false;
	known_tables.schema = InvalidOid;
	return true;
}

Oid
cia_registry_relation(Oid schema)
{
	return tables_of(schema).names;
}

static void
raise_no_model(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
	                errmsg("model \"%s\" does not exist", name),
	                errhint("List models with SELECT * FROM cia_models.")));
}

/*
 * Cuts 'churn@3' into name and version; version 0 stands for the one in production.
 * False for what cannot be the name of a model.
 */
static bool
split_name(const char *given, NameData *name, int32 *version)
{
	const char *at = strrchr(given, '@');
	size_t length = at != NULL ? at - given : strlen(given);
	char *end;
	long number;

	if (length >= NAMEDATALEN)
		return false;
	memset(name, 0, sizeof *name);
	memcpy(NameStr(*name), given, length);
	*version = 0;
	if (at == NULL)
		return true;
	errno = 0;
	number = strtol(at + 1, &end, 10);
	if (at[1] < '0' || at[1] > '9' || *end != '\0' || errno != 0 || number < 1 ||
	    number > PG_INT32_MAX)
		return false;
	*version = (int32) number;
	return true;
}

static void
raise_denied(const char *name, Oid owner)
{
	const char *owner_name = GetUserNameFromId(owner, true);

	ereport(
	    ERROR,
	    (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	     errmsg("permission denied for model \"%s\"", name),
	     owner_name != NULL
	         ? errhint("It belongs to role \"%s\", whose members may use it.", owner_name)
	         : errhint("Its owner no longer exists; a superuser may use or drop it.")));
}

typedef struct version_scan
{
	Relation table;
	SysScanDesc scan;
	HeapTuple tuple;
} version_scan;

static version_scan
open_version(Oid schema, const cia_entry *entry)
{
	version_scan found;
	ScanKeyData key[2];

	found.table = table_open(tables_of(schema).versions, AccessShareLock);
	ScanKeyInit(&key[0], VERSION_MODEL, BTEqualStrategyNumber, F_UUID_EQ,
	            UUIDPGetDatum(&entry->id));
	ScanKeyInit(&key[1], VERSION_VERSION, BTEqualStrategyNumber, F_INT4EQ,
	            Int32GetDatum(entry->version));
	found.scan = systable_beginscan(found.table, tables_of(schema).versions_key, true,
	                                GetActiveSnapshot(), 2, key);
	found.tuple = systable_getnext(found.scan);
	return found;
}

static void
close_version(version_scan *found)
{
	systable_endscan(found->scan);
	table_close(found->table, AccessShareLock);
}

/* For a version that is known to be there. */
static version_scan
need_version(Oid schema, const cia_entry *entry)
{
	version_scan found = open_version(schema, entry);

	if (!HeapTupleIsValid(found.tuple))
		raise_no_model(psprintf("%s@%d", NameStr(entry->name), entry->version));
	return found;
}

static cia_row_place
place_of(HeapTuple tuple)
{
	return (cia_row_place){.at = tuple->t_self,
	                       .xmin = HeapTupleHeaderGetRawXmin(tuple->t_data)};
}

/* Reads the registry's row of that name; false if there is none. */
static bool
read_entry(Oid schema, const NameData *name, cia_entry *entry)
{
	Relation table = table_open(tables_of(schema).names, AccessShareLock);
	TupleDesc tupdesc = RelationGetDescr(table);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	bool isnull;

	ScanKeyInit(&key, REGISTRY_NAME, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(name));
	scan = systable_beginscan(table, tables_of(schema).names_key, true,
	                          GetActiveSnapshot(), 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		*entry = (cia_entry){
		    .name = *name,
		    .id = *DatumGetUUIDP(heap_getattr(tuple, REGISTRY_ID, tupdesc, &isnull)),
		    .owner =
		        DatumGetObjectId(heap_getattr(tuple, REGISTRY_OWNER, tupdesc, &isnull)),
		    .version =
		        DatumGetInt32(heap_getattr(tuple, REGISTRY_PRODUCTION, tupdesc, &isnull)),
		    .in_names = place_of(tuple)};
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return HeapTupleIsValid(tuple);
}

cia_finding
cia_registry_seek(Oid schema, const char *given, cia_entry *entry)
{
	NameData name;
	int32 version;
	version_scan found;
	bool is_there;

	if (!split_name(given, &name, &version) || !read_entry(schema, &name, entry))
		return CIA_ABSENT;
	if (!has_privs_of_role(GetUserId(), entry->owner))
		return CIA_DENIED;
	if (version != 0)
		entry->version = version;
	found = open_version(schema, entry);
	is_there = HeapTupleIsValid(found.tuple);
	if (is_there)
		entry->in_versions = place_of(found.tuple);
	close_version(&found);
	return is_there ? CIA_FOUND : CIA_ABSENT;
}

/* Is the row at that place still the same one, and is it seen? */
static bool
is_seen(Oid relation, const cia_row_place *place)
{
	Relation table = table_open(relation, AccessShareLock);
	HeapTupleData tuple = {.t_self = place->at};
	Buffer buffer = InvalidBuffer;
	bool seen = false;

	if (ItemPointerGetBlockNumber(&place->at) < RelationGetNumberOfBlocks(table) &&
	    heap_fetch(table, GetActiveSnapshot(), &tuple, &buffer, false))
	{
		seen = HeapTupleHeaderGetRawXmin(tuple.t_data) == place->xmin;
		ReleaseBuffer(buffer);
	}
	table_close(table, AccessShareLock);
	return seen;
}

/*
 * A name is unique, so as long as its row is seen no other one is; what that row and the
 * version's say cannot have changed.  This is much quicker than to look them up.
 */
bool
cia_registry_confirm(Oid schema, const cia_entry *entry)
{
	return has_privs_of_role(GetUserId(), entry->owner) &&
	       is_seen(tables_of(schema).names, &entry->in_names) &&
	       is_seen(tables_of(schema).versions, &entry->in_versions);
}

/* The error that stands for a finding; returns for CIA_FOUND. */
void
cia_registry_check(cia_finding finding, const char *given, const cia_entry *entry)
{
	switch (finding)
	{
		case CIA_FOUND:
			return;
		case CIA_ABSENT:
			raise_no_model(given);
			break;
		case CIA_DENIED:
			raise_denied(NameStr(entry->name), entry->owner);
			break;
	}
}

/* Finds a model the caller may use, under the active snapshot; raises 42704 or 42501. */
cia_entry
cia_registry_find(Oid schema, const char *given)
{
	cia_entry entry;

	cia_registry_check(cia_registry_seek(schema, given, &entry), given, &entry);
	return entry;
}

/* A column of the version, or 0 for NULL. */
static Datum
version_column(const version_scan *found, int column)
{
	bool isnull;
	Datum datum =
	    heap_getattr(found->tuple, column, RelationGetDescr(found->table), &isnull);

	return isnull ? (Datum) 0 : datum;
}

/* The model's bytes, detoasted into the current memory context. */
struct varlena *
cia_registry_content(Oid schema, const cia_entry *entry)
{
	version_scan found = need_version(schema, entry);
	struct varlena *content = pg_detoast_datum_copy(
	    (struct varlena *) DatumGetPointer(version_column(&found, VERSION_CONTENT)));

	close_version(&found);
	return content;
}

static char *
text_column(const version_scan *found, int column)
{
	Datum datum = version_column(found, column);

	return datum == 0 ? NULL : TextDatumGetCString(datum);
}

static ArrayType *
array_column(const version_scan *found, int column)
{
	Datum datum = version_column(found, column);

	return datum == 0 ? NULL : DatumGetArrayTypePCopy(datum);
}

cia_lineage
cia_registry_lineage(Oid schema, const cia_entry *entry)
{
	version_scan found = need_version(schema, entry);
	cia_lineage lineage = {.source = text_column(&found, VERSION_SOURCE),
	                       .inputs = array_column(&found, VERSION_INPUTS),
	                       .id = array_column(&found, VERSION_ID),
	                       .weight = text_column(&found, VERSION_WEIGHT)};

	close_version(&found);
	return lineage;
}

/* Writing as the owner of the tables; everything is undone by leave_owner or an abort. */
typedef struct owner_scope
{
	Oid user;
	int context;
	int guc_level;
} owner_scope;

static owner_scope
become_owner(Oid schema)
{
	owner_scope scope;
	Relation table = table_open(tables_of(schema).names, AccessShareLock);
	Oid owner = table->rd_rel->relowner;

	table_close(table, AccessShareLock);
	GetUserIdAndSecContext(&scope.user, &scope.context);
	scope.guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(owner, scope.context | SECURITY_LOCAL_USERID_CHANGE |
	                                  SECURITY_RESTRICTED_OPERATION);
	set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
	                  GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	return scope;
}

/*
 * Every plan that depends on the registry, and every model kept decoded, is looked at
 * anew: here at once, elsewhere when the transaction commits.
 */
static void
leave_owner(const owner_scope *scope, Oid schema)
{
	SPI_finish();
	CacheInvalidateRelcacheByRelid(tables_of(schema).names);
	AtEOXact_GUC(true, scope->guc_level);
	SetUserIdAndSecContext(scope->user, scope->context);
}

/* A statement of ours; %s in its text is the extension's schema. */
typedef struct statement
{
	const char *text;
	int expected; /* what SPI answers when it went well */
	int args;
	Oid *types;
	Datum *values;
	const char *nulls;
} statement;

/* Answers the number of rows. */
static uint64
execute(Oid schema, const statement *run)
{
	const char *qualifier = quote_identifier(get_namespace_name(schema));
	char *query = psprintf(run->text, qualifier);

	if (SPI_execute_with_args(query, run->args, run->types, run->values, run->nulls,
	                          false, 0) != run->expected)
		elog(ERROR, "could not execute \"%s\"", query);
	return SPI_processed;
}

/* A name to train under: new, or of a model that the caller may manage. */
void
cia_registry_check_name(Oid schema, const char *name)
{
	NameData fixed;
	cia_entry entry;

	if (name[0] == '\0' || strchr(name, '@') != NULL || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_NAME), errmsg("invalid model name \"%s\"", name),
		         errhint("A name has 1 to %d bytes and no \"@\", which stands before a "
		                 "version.",
		                 NAMEDATALEN - 1)));
	namestrcpy(&fixed, name);
	if (read_entry(schema, &fixed, &entry) &&
	    !has_privs_of_role(GetUserId(), entry.owner))
		raise_denied(name, entry.owner);
}

static Datum
text_or_null(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
array_or_null(ArrayType *array, char *null)
{
	*null = array == NULL ? 'n' : ' ';
	return PointerGetDatum(array);
}

/* The model's row, new or locked, and the number that the next version gets. */
static void
claim_version(Oid schema, const char *name, Oid user, pg_uuid_t *id, int32 *version)
{
	Oid types[] = {NAMEOID, OIDOID};
	Datum values[2];
	bool isnull;
	NameData fixed;

	namestrcpy(&fixed, name);
	values[0] = NameGetDatum(&fixed);
	values[1] = ObjectIdGetDatum(user);
	/* the update locks the row, so that two trainings of one name take turns */
	execute(schema,
	        &(statement){
	            .text = "INSERT INTO %s.cia_registry AS r (name, owner) VALUES ($1, $2) "
	                    "ON CONFLICT (name) DO UPDATE SET latest = r.latest + 1 "
	                    "RETURNING id, latest, owner",
	            .expected = SPI_OK_INSERT_RETURNING,
	            .args = 2,
	            .types = types,
	            .values = values});
	*id = *DatumGetUUIDP(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*version = DatumGetInt32(
	    SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	/* somebody else may have taken the name since it was checked */
	if (!has_privs_of_role(
	        user, DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0],
	                                             SPI_tuptable->tupdesc, 3, &isnull))))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("permission denied for model \"%s\"", name)));
}

static Datum
metrics_datum(const ml_result *result)
{
	return JsonbPGetDatum(
	    cia_value_to_jsonb(ml_value_member(&result->model->training, "metrics")));
}

static void
insert_version(Oid schema, const pg_uuid_t *id, int32 version, Oid type, Oid user,
               const cia_record *record)
{
	const ml_result *result = record->result;
	const ml_metric *main_metric =
	    ml_report_metric(&result->holdout, ml_main_metric(result->model->schema.task));
	Oid types[] = {UUIDOID,      INT4OID,  type,         TEXTOID,   TEXTARRAYOID,
	               TEXTARRAYOID, TEXTOID,  JSONBOID,     TEXTOID,   TEXTOID,
	               TEXTOID,      INT4OID,  INT8OID,      INT8OID,   TEXTOID,
	               FLOAT8OID,    JSONBOID, TEXTARRAYOID, FLOAT8OID, OIDOID};
	Datum values[lengthof(types)];
	char nulls[lengthof(types) + 1];

	memset(nulls, ' ', sizeof nulls);
	values[0] = UUIDPGetDatum(id);
	values[1] = Int32GetDatum(version);
	values[2] = PointerGetDatum(record->content);
	values[3] = CStringGetTextDatum(record->source);
	values[4] = PointerGetDatum(record->inputs);
	values[5] = array_or_null(record->roles->id, &nulls[5]);
	values[6] = text_or_null(record->roles->weight, &nulls[6]);
	values[7] = JsonbPGetDatum(cia_value_to_jsonb(&record->settings->given));
	values[8] = CStringGetTextDatum(result->model->learner->name);
	values[9] = CStringGetTextDatum(
	    result->model->schema.task == ML_BINARY ? "classification" : "regression");
	values[10] = CStringGetTextDatum(record->roles->target);
	values[11] = Int32GetDatum(result->model->schema.features);
	values[12] = Int64GetDatum(result->rows);
	values[13] = Int64GetDatum(result->skipped);
	values[14] = CStringGetTextDatum(ml_main_metric(result->model->schema.task));
	values[15] = Float8GetDatum(main_metric != NULL ? main_metric->value : 0);
	if (main_metric == NULL || isnan(main_metric->value))
		nulls[15] = 'n';
	values[16] = metrics_datum(result);
	values[17] = PointerGetDatum(record->notes);
	values[18] = Float8GetDatum(record->seconds);
	values[19] = ObjectIdGetDatum(user);
	execute(
	    schema,
	    &(statement){
	        .text =
	            "INSERT INTO %s.cia_version (model, version, content, source, inputs, id, weight, "
	            "options, algorithm, task, target, features, rows_used, rows_skipped, metric, "
	            "value, metrics, notes, seconds, trained_by) VALUES ($1, $2, $3, $4, $5, $6, $7, "
	            "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
	        .expected = SPI_OK_INSERT,
	        .args = lengthof(types),
	        .types = types,
	        .values = values,
	        .nulls = nulls});
}

/*
 * Writes a version, and puts it into production: a rule of promotion other than
 * "always" is not there yet.
 */
int32
cia_registry_add(Oid schema, const char *name, const cia_record *record, bool *promoted)
{
	Oid user = GetUserId();
	Oid model_type =
	    GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("cia_model"),
	                    ObjectIdGetDatum(schema));
	owner_scope scope = become_owner(schema);
	pg_uuid_t id;
	int32 version;
	Oid types[] = {UUIDOID, INT4OID};
	Datum values[2];

	claim_version(schema, name, user, &id, &version);
	insert_version(schema, &id, version, model_type, user, record);
	values[0] = UUIDPGetDatum(&id);
	values[1] = Int32GetDatum(version);
	execute(
	    schema,
	    &(statement){.text = "UPDATE %s.cia_registry SET production = $2 WHERE id = $1",
	                 .expected = SPI_OK_UPDATE,
	                 .args = 2,
	                 .types = types,
	                 .values = values});
	*promoted = true;
	leave_owner(&scope, schema);
	return version;
}

/* Drops a model with all its versions; false if there is none of that name. */
Datum
cia_drop_model(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid types[] = {UUIDOID};
	cia_entry entry;
	Datum values[1];
	owner_scope scope;

	PreventCommandIfReadOnly("cia_drop_model()");
	if (strchr(name, '@') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("cannot drop a single version of model \"%s\"", name),
		                errhint("Give the name without \"@\" to drop the model.")));
	entry = cia_registry_find(schema, name);
	values[0] = UUIDPGetDatum(&entry.id);
	scope = become_owner(schema);
	if (execute(schema, &(statement){.text = "DELETE FROM %s.cia_registry WHERE id = $1",
	                                 .expected = SPI_OK_DELETE,
	                                 .args = 1,
	                                 .types = types,
	                                 .values = values}) == 0)
		/* somebody else has dropped it while we waited */
		raise_no_model(name);
	leave_owner(&scope, schema);
	PG_RETURN_BOOL(true);
}
