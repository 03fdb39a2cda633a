/* SPDX-License-Identifier: PostgreSQL */
/*
 * name_segment.c: cia_name_segment: a segment of a version gets a name of somebody's choice.
 *
 * Names are in the model's content, so that whatever takes a model along takes them along: a score
 * by value, a dump, an export, a replica.  The version's row is written anew, with the fingerprint
 * of the new bytes: whoever has the model decoded knows it by the row's place and transaction.
 */
#include "score.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_name_segment);

#define LONGEST 200 /* bytes of a name */
#define FEW 20      /* segments that a hint lists */

static char *
name_arg(FunctionCallInfo fcinfo)
{
	char *name = cia_text_arg(fcinfo, 2, "name");
	bool blank = name[strspn(name, " \t\r\n")] == '\0';

	if (blank || strlen(name) > LONGEST || strpbrk(name, "\r\n") != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                blank ? errmsg("name of a segment must not be empty")
		                      : errmsg("invalid name of a segment \"%s\"", name),
		                errhint("A name has 1 to %d bytes, on one line.", LONGEST)));
	return name;
}

static char *
list_of_segments(const ml_schema *schema)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int k = 0; k < Min(schema->classes, FEW); k++)
		appendStringInfo(&list, "%s\"%s\"", k > 0 ? ", " : "",
		                 cia_text_cstring(schema->class_label[k]));
	if (schema->classes > FEW)
		appendStringInfo(&list, " and %d more", schema->classes - FEW);
	return list.data;
}

/* The number of a segment; -1 for none of that name. */
static int
segment_named(const ml_schema *schema, const char *name)
{
	for (int k = 0; k < schema->classes; k++)
		if (ml_text_is(schema->class_label[k], name))
			return k;
	return -1;
}

/* The model as the version's row has it now, locked until the transaction ends. */
static ml_model *
hold_model(const cia_owner_scope *scope, const cia_entry *entry, cia_door *door)
{
	Oid types[] = {UUIDOID, INT4OID};
	Datum values[] = {UUIDPGetDatum(&entry->id), Int32GetDatum(entry->version)};
	bool isnull;

	cia_rights_hold(scope, entry);
	if (cia_owner_execute(
	        scope, &(cia_statement){.text = "SELECT content FROM %1$s.cia_version WHERE "
	                                        "model = $1 AND version = $2 FOR UPDATE",
	                                .expected = SPI_OK_SELECT,
	                                .args = lengthof(types),
	                                .types = types,
	                                .values = values}) == 0)
		cia_registry_check(CIA_ABSENT,
		                   psprintf("%s@%d", NameStr(entry->name), entry->version), NULL);
	return cia_model_decode(
	    door, pg_detoast_datum_copy((struct varlena *) DatumGetPointer(SPI_getbinval(
	              SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull))));
}

/* Writes the content, and into the lineage who has called which segment what. */
static void
write_model(const cia_owner_scope *scope, const cia_entry *entry, struct varlena *content,
            const char *const names[2])
{
	Oid types[] = {UUIDOID, INT4OID, cia_model_type(scope->schema),
	               TEXTOID, TEXTOID, OIDOID};
	Datum values[] = {UUIDPGetDatum(&entry->id),     Int32GetDatum(entry->version),
	                  PointerGetDatum(content),      CStringGetTextDatum(names[0]),
	                  CStringGetTextDatum(names[1]), ObjectIdGetDatum(scope->user)};

	cia_owner_execute(
	    scope,
	    &(cia_statement){
	        .text = "UPDATE %1$s.cia_version SET content = $3, "
	                "fingerprint = encode(sha256(%1$s.cia_model_send($3)), 'hex'), "
	                "named = coalesce(named, '[]') || jsonb_build_object('segment', $4, "
	                "'name', $5, 'by', $6::regrole::text, 'at', now()) "
	                "WHERE model = $1 AND version = $2",
	        .expected = SPI_OK_UPDATE,
	        .args = lengthof(types),
	        .types = types,
	        .values = values});
}

/* The segment that is to get the name; -1 if it has it. */
static int
find_segment(const ml_model *model, const cia_entry *entry, const char *const names[2])
{
	const ml_schema *schema = &model->schema;
	int segment;

	cia_need_segments(model, NameStr(entry->name));
	segment = segment_named(schema, names[0]);
	if (segment < 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("segment \"%s\" of model \"%s@%d\" does not exist",
		                       names[0], NameStr(entry->name), entry->version),
		                errhint("Its segments are %s.", list_of_segments(schema))));
	if (segment_named(schema, names[1]) == segment)
		return -1;
	if (segment_named(schema, names[1]) >= 0)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
		                errmsg("segment \"%s\" of model \"%s@%d\" already exists",
		                       names[1], NameStr(entry->name), entry->version),
		                errhint("Choose another name, or rename that segment first.")));
	return segment;
}

/* Another name for one that a version had then, if it has been renamed since; else NULL. */
static const ml_text *
renamed(const ml_schema *then, const ml_schema *now, ml_text name)
{
	for (int k = 0; k < then->classes && k < now->classes; k++)
		if (ml_text_equal(then->class_label[k], name) &&
		    !ml_text_equal(now->class_label[k], name))
			return &now->class_label[k];
	return NULL;
}

/* Are all names different? */
static bool
are_distinct(const ml_text *label, int count)
{
	for (int a = 0; a < count; a++)
		for (int b = 0; b < a; b++)
			if (ml_text_equal(label[a], label[b]))
				return false;
	return true;
}

/* The version whose names were kept has been read when the training began. */
void
cia_follow_names(const cia_owner_scope *scope, const pg_uuid_t *model, cia_record *record)
{
	cia_champion *then = record->training->named, *now;
	ml_schema *schema = &record->result->model->schema;
	cia_entry named = {.schema = scope->schema, .id = *model};
	MemoryContext within;
	ml_text *label;

	if (then == NULL || then->core.model == NULL || schema->task != ML_SEGMENTATION)
		return;
	named.version = then->version;
	within = MemoryContextSwitchTo(scope->caller);
	now = cia_champion_read(record->training->door, &named);
	MemoryContextSwitchTo(within);
	if (now == NULL || now->core.model == NULL)
		return;
	label = MemoryContextAlloc(scope->caller, sizeof *label * schema->classes);
	for (int k = 0; k < schema->classes; k++)
	{
		const ml_text *other = renamed(&then->core.model->schema,
		                               &now->core.model->schema, schema->class_label[k]);

		label[k] = other != NULL ? *other : schema->class_label[k];
	}
	if (!are_distinct(label, schema->classes))
		return;
	schema->class_label = label;
	then->content = now->content;
	record->content = cia_model_encode(record->training->door, record->result->model);
}

/* Answers the number of the version. */
Datum
cia_name_segment(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	char *given = cia_text_arg(fcinfo, 0, "model");
	const char *const names[] = {cia_text_arg(fcinfo, 1, "segment"), name_arg(fcinfo)};
	cia_door *door = cia_door_for_model(CurrentMemoryContext);
	cia_entry entry;
	cia_owner_scope scope;
	ml_model *model;
	int segment;

	PreventCommandIfReadOnly("cia_name_segment()");
	entry = cia_registry_manage(schema, given);
	scope = cia_owner_begin(schema);
	model = hold_model(&scope, &entry, door);
	segment = find_segment(model, &entry, names);
	if (segment < 0)
	{
		cia_owner_leave(&scope);
		PG_RETURN_INT32(entry.version);
	}
	model->schema.class_label[segment] = cia_text_of(names[1]);
	write_model(&scope, &entry, cia_model_encode(door, model), names);
	cia_owner_end(&scope);
	PG_RETURN_INT32(entry.version);
}
