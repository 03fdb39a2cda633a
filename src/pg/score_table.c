/* SPDX-License-Identifier: PostgreSQL */
/*
 * score_table.c: the table that cia_score_into writes to: id columns, score, class, version
 * and scored_at.
 *
 * A table that does not exist is made, filled without an index, and given its primary
 * key at the end.  One that exists keeps whatever else it has; what it lacks is said
 * before a row is scored, with the statement that helps.  All statements run by
 * SPI with the caller's rights, so triggers, row security, partitions and generated
 * columns are PostgreSQL's own affair.
 */
#include "cia.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* The columns that are written beside the id, in order. */
typedef struct result_column
{
	const char *name;
	const char *type;
	const char *constraint;
	const char *value; /* in terms of the scores n; NULL: the version */
} result_column;

static const result_column result_columns[] = {
    {"score", "double precision", " NOT NULL", "n.score"},
    {"class", "pg_catalog.text", "", "n.class"},
    {"version", "integer", " NOT NULL", NULL},
    {"scored_at", "timestamp with time zone", " NOT NULL", "pg_catalog.now()"}};

static const result_column *
next_result(const cia_score_table *table, const result_column *column)
{
	column = column == NULL ? result_columns : column + 1;
	if (column < result_columns + lengthof(result_columns) && !table->has_class &&
	    strcmp(column->name, "class") == 0)
		column++;
	return column < result_columns + lengthof(result_columns) ? column : NULL;
}

AttrNumber
cia_source_attribute(TupleDesc source, const char *what, const char *name)
{
	AttrNumber found = InvalidAttrNumber;

	for (int i = 0; i < source->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(source, i)->attname), name) != 0)
			continue;
		if (found != InvalidAttrNumber)
			ereport(ERROR,
			        (errcode(ERRCODE_DUPLICATE_COLUMN),
			         errmsg("%s \"%s\" occurs more than once in the source", what, name),
			         errhint("Name the columns of the source that are needed.")));
		found = (AttrNumber) (i + 1);
	}
	if (found == InvalidAttrNumber)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("%s \"%s\" does not exist in the source", what, name),
		                errhint("Names are compared letter by letter.")));
	return found;
}

static void
check_id_name(TupleDesc before, int count, const char *name)
{
	for (size_t i = 0; i < lengthof(result_columns); i++)
		if (strcmp(name, result_columns[i].name) == 0)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
			                errmsg("id column \"%s\" has the name of a column that is "
			                       "written",
			                       name),
			                errhint("Give it another name in the source: SELECT \"%s\" "
			                        "AS ...",
			                        name)));
	for (int i = 0; i < count; i++)
		if (strcmp(name, NameStr(TupleDescAttr(before, i)->attname)) == 0)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_COLUMN),
			                errmsg("id column \"%s\" is named more than once", name),
			                errhint("Name it once.")));
}

/* An id is to be the key of an index. */
static void
check_id_type(const FormData_pg_attribute *id)
{
	TypeCacheEntry *type = lookup_type_cache(id->atttypid, TYPECACHE_BTREE_OPFAMILY);

	if (!OidIsValid(type->btree_opf))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_DATATYPE_MISMATCH),
		     errmsg("id column \"%s\" has type %s, which cannot be the key of an index",
		            NameStr(id->attname), format_type_be(id->atttypid)),
		     errhint("Cast it in the source, for example to text.")));
}

ArrayType *
cia_id_arg(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"id\" must not be null"),
		                errhint("Name the columns that identify a row, as in id => "
		                        "'{customer_id}'.")));
	return PG_GETARG_ARRAYTYPE_P(argument);
}

char **
cia_id_names(ArrayType *id, int *count)
{
	Datum *given;
	bool *nulls;
	char **names;

	deconstruct_array(id, TEXTOID, -1, false, TYPALIGN_INT, &given, &nulls, count);
	if (*count == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"id\" must name at least one column"),
		                errhint("Name the columns that identify a row, as in id => "
		                        "'{customer_id}'.")));
	names = palloc(sizeof *names * *count);
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("lists of columns must not contain NULL"),
			                errhint("Name columns as in ARRAY['age', 'balance'].")));
		names[i] = TextDatumGetCString(given[i]);
	}
	return names;
}

TupleDesc
cia_score_table_ids(const char *source_text, ArrayType *id)
{
	TupleDesc source = cia_source_columns(source_text), ids;
	int count;
	char **names = cia_id_names(id, &count);

	ids = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
	{
		check_id_name(ids, i, names[i]);
		TupleDescCopyEntry(ids, (AttrNumber) (i + 1), source,
		                   cia_source_attribute(source, "id column", names[i]));
		check_id_type(TupleDescAttr(ids, i));
	}
	return ids;
}

static const char *
id_name(const cia_score_table *table, int id)
{
	return NameStr(TupleDescAttr(table->ids, id)->attname);
}

/* The id columns between commas, each behind the prefix. */
static char *
id_list(const cia_score_table *table, const char *prefix)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < table->ids->natts; i++)
		appendStringInfo(&list, "%s%s%s", i > 0 ? ", " : "", prefix,
		                 quote_identifier(id_name(table, i)));
	return list.data;
}

/* The type of an id column, with its collation where that is not the type's. */
static char *
id_type(const cia_score_table *table, int id)
{
	Form_pg_attribute attr = TupleDescAttr(table->ids, id);
	char *type =
	    format_type_extended(attr->atttypid, attr->atttypmod,
	                         FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (!OidIsValid(attr->attcollation) ||
	    attr->attcollation == get_typcollation(attr->atttypid))
		return type;
	return psprintf("%s COLLATE %s", type, generate_collation_name(attr->attcollation));
}

void
cia_score_table_execute(const char *statement, int expected)
{
	int result = SPI_execute(statement, false, 0);

	if (result != expected)
		elog(ERROR, "could not execute \"%s\": %s", statement,
		     SPI_result_code_string(result));
}

char *
cia_qualified_name(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
	                                  get_rel_name(relation));
}

static void
make_table(cia_score_table *table, const RangeVar *named)
{
	StringInfoData create;

	initStringInfo(&create);
	appendStringInfo(&create, "CREATE TABLE %s (",
	                 quote_qualified_identifier(named->schemaname, named->relname));
	for (int i = 0; i < table->ids->natts; i++)
		appendStringInfo(&create, "%s %s NOT NULL, ", quote_identifier(id_name(table, i)),
		                 id_type(table, i));
	for (const result_column *column = next_result(table, NULL); column != NULL;
	     column = next_result(table, column))
		appendStringInfo(&create, "%s%s %s%s", column == result_columns ? "" : ", ",
		                 column->name, column->type, column->constraint);
	appendStringInfoChar(&create, ')');
	cia_score_table_execute(create.data, SPI_OK_UTILITY);
	CommandCounterIncrement();
	table->relation = RangeVarGetRelid(named, RowExclusiveLock, false);
}

/*
 * Two calls may want to make the table at once: the second waits for the first, and finds it.  The
 * lock is on a number out of the name, in a schema that exists, which PostgreSQL locks otherwise.
 */
static void
find_or_make(cia_score_table *table, const RangeVar *named)
{
	uint16 number = (uint16) (1 + string_hash(named->relname, NAMEDATALEN) % 0xFFFF);

	LockDatabaseObject(NamespaceRelationId, RangeVarGetCreationNamespace(named), number,
	                   ExclusiveLock);
	table->relation = RangeVarGetRelid(named, RowExclusiveLock, true);
	table->fresh = !OidIsValid(table->relation);
	if (table->fresh)
		make_table(table, named);
}

/* The relation that a view shows; InvalidOid: none, or several. */
static Oid
shown_by(Oid view)
{
	Relation relation = relation_open(view, AccessShareLock);
	const Query *query = get_view_query(relation);
	const List *from = query->jointree->fromlist;
	Oid shown = InvalidOid;

	/* a subquery has no relation either */
	if (list_length(from) == 1 && IsA(linitial(from), RangeTblRef))
		shown = rt_fetch(linitial_node(RangeTblRef, from)->rtindex, query->rtable)->relid;
	relation_close(relation, AccessShareLock);
	return shown;
}

/* The table that has the rows, whole: behind a view, above a partition. */
static Oid
whole_table(Oid relation)
{
	while (get_rel_relkind(relation) == RELKIND_VIEW)
	{
		Oid shown = shown_by(relation);

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(shown))
			return relation;
		relation = shown;
	}
	return get_rel_relispartition(relation) ? llast_oid(get_partition_ancestors(relation))
	                                        : relation;
}

void
cia_score_table_take_turn(const cia_score_table *table)
{
	/* not the lock of the relation, whose modes all keep others from it */
	LockDatabaseObject(RelationRelationId, whole_table(table->relation), 1,
	                   ExclusiveLock);
}

typedef struct missing_columns
{
	StringInfoData names;
	StringInfoData additions; /* for ALTER TABLE */
} missing_columns;

static void
look_for_column(const cia_score_table *table, const char *name, const char *type,
                missing_columns *missing)
{
	const char *comma = missing->names.len > 0 ? ", " : "";
	const char *own = "pg_catalog.";

	if (get_attnum(table->relation, name) != InvalidAttrNumber)
		return;
	appendStringInfo(&missing->names, "%s\"%s\"", comma, name);
	/* to be read by people */
	appendStringInfo(&missing->additions, "%sADD COLUMN %s %s", comma,
	                 quote_identifier(name),
	                 strncmp(type, own, strlen(own)) == 0 ? type + strlen(own) : type);
}

/* All columns that the table lacks, at once. */
static void
check_columns(const cia_score_table *table)
{
	missing_columns missing;

	initStringInfo(&missing.names);
	initStringInfo(&missing.additions);
	for (int i = 0; i < table->ids->natts; i++)
		look_for_column(table, id_name(table, i), id_type(table, i), &missing);
	for (const result_column *column = next_result(table, NULL); column != NULL;
	     column = next_result(table, column))
		look_for_column(table, column->name, column->type, &missing);
	if (missing.names.len > 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("table \"%s\" lacks columns for scores", table->given),
		                errdetail("Missing: %s.", missing.names.data),
		                table->kind == RELKIND_VIEW
		                    ? 0
		                    : errhint("Run ALTER TABLE %s %s.", table->name,
		                              missing.additions.data)));
}

/* Can ON CONFLICT take this index for the id columns, whatever their order? */
static bool
is_key(const cia_score_table *table, Oid index)
{
	HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	bool fits;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	fits = form->indisunique && !form->indisexclusion && form->indimmediate &&
	       form->indisvalid && form->indnkeyatts == table->ids->natts &&
	       heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
	for (int i = 0; fits && i < table->ids->natts; i++)
	{
		AttrNumber attribute = get_attnum(table->relation, id_name(table, i));
		int at = 0;

		while (at < form->indnkeyatts && form->indkey.values[at] != attribute)
			at++;
		fits = at < form->indnkeyatts;
	}
	ReleaseSysCache(tuple);
	return fits;
}

static bool
has_key(const cia_score_table *table, Relation relation)
{
	List *indexes = RelationGetIndexList(relation);
	ListCell *cell;

	foreach (cell, indexes)
		if (is_key(table, lfirst_oid(cell)))
			return true;
	return false;
}

static void
check_key(const cia_score_table *table, Relation relation)
{
	if (has_key(table, relation))
		return;
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
	         errmsg("table \"%s\" has no unique index on exactly the id columns",
	                table->given),
	         errdetail("Partial and deferrable indexes and indexes on expressions do not "
	                   "serve."),
	         errhint("Run CREATE UNIQUE INDEX ON %s (%s).", table->name,
	                 id_list(table, ""))));
}

static bool
is_written(const cia_score_table *table, const char *name)
{
	for (int i = 0; i < table->ids->natts; i++)
		if (strcmp(id_name(table, i), name) == 0)
			return true;
	for (const result_column *column = next_result(table, NULL); column != NULL;
	     column = next_result(table, column))
		if (strcmp(column->name, name) == 0)
			return true;
	return false;
}

/*
 * ON CONFLICT checks a row for nulls before it looks for a conflict, so further columns that
 * are not null and have no default fail even where every row is there.
 */
static void
check_further_columns(const cia_score_table *table, Relation relation)
{
	TupleDesc tupdesc = RelationGetDescr(relation);
	StringInfoData names;

	/* a trigger may fill them */
	if (relation->trigdesc != NULL && relation->trigdesc->trig_insert_before_row)
		return;
	initStringInfo(&names);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(tupdesc, i);

		if (attr->attnotnull && !attr->attisdropped && !attr->atthasdef &&
		    attr->attidentity == '\0' && get_typdefault(attr->atttypid) == NULL &&
		    !is_written(table, NameStr(attr->attname)))
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
			                 NameStr(attr->attname));
	}
	if (names.len > 0)
		ereport(ERROR,
		        (errcode(ERRCODE_NOT_NULL_VIOLATION),
		         errmsg("table \"%s\" has further columns that must not be null",
		                table->given),
		         errdetail("Without a default are: %s.", names.data),
		         errhint("Give them defaults, or write the scores to a table of their "
		                 "own.")));
}

static void
check_kind(const cia_score_table *table)
{
	if ((table->kind != RELKIND_RELATION && table->kind != RELKIND_PARTITIONED_TABLE &&
	     table->kind != RELKIND_VIEW) ||
	    IsCatalogRelationOid(table->relation))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_WRONG_OBJECT_TYPE),
		     errmsg("cannot write scores to \"%s\"", table->given),
		     table->kind == RELKIND_FOREIGN_TABLE
		         ? errdetail("ON CONFLICT cannot update rows of a foreign table.")
		         : errdetail(
		               "It is neither a table nor a view, or one of PostgreSQL's own."),
		     errhint("Name another table; one that does not exist is made.")));
}

void
cia_score_table_open(cia_score_table *table)
{
	RangeVar *named = makeRangeVarFromNameList(cia_name_parts(table->given, "table"));
	Relation relation;

	/* the lock of an INSERT, until the end of the transaction: nobody drops it meanwhile */
	table->relation = RangeVarGetRelid(named, RowExclusiveLock, true);
	if (!OidIsValid(table->relation))
		find_or_make(table, named);
	table->name = cia_qualified_name(table->relation);
	table->kind = get_rel_relkind(table->relation);
	if (table->fresh)
		return;
	check_kind(table);
	check_columns(table);
	if (table->kind == RELKIND_VIEW)
		return;
	relation = relation_open(table->relation, NoLock);
	check_key(table, relation);
	check_further_columns(table, relation);
	relation_close(relation, NoLock);
}

/* An event trigger may have given it one before: PostgreSQL replicates no updates without. */
void
cia_score_table_add_key(const cia_score_table *table)
{
	Relation relation = relation_open(table->relation, NoLock);
	bool is_there = has_key(table, relation);

	relation_close(relation, NoLock);
	if (!is_there)
		cia_score_table_execute(psprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)",
		                                 table->name, id_list(table, "")),
		                        SPI_OK_UTILITY);
}

/*
 * What tells a row that was there from a new one: xmax, which ON CONFLICT's lock leaves on the
 * former.  Of a row on its way to a partition only its place is known.  A view has neither.
 */
static const char *
answer_of(const cia_score_table *table)
{
	switch (table->kind)
	{
		case RELKIND_PARTITIONED_TABLE:
			return " RETURNING t.tableoid, t.ctid";
		case RELKIND_VIEW:
			return "";
		default:
			return " RETURNING t.xmax";
	}
}

char *
cia_score_table_insert(const cia_score_table *table, const char *scores, int32 version)
{
	StringInfoData names, values, updates;
	const char *conflict = "";

	initStringInfo(&names);
	initStringInfo(&values);
	initStringInfo(&updates);
	for (const result_column *column = next_result(table, NULL); column != NULL;
	     column = next_result(table, column))
	{
		appendStringInfo(&names, ", %s", column->name);
		appendStringInfo(&values, ", %s",
		                 column->value != NULL ? column->value : psprintf("%d", version));
		appendStringInfo(&updates, "%s%s = excluded.%s",
		                 column == result_columns ? "" : ", ", column->name,
		                 column->name);
	}
	if (!table->fresh)
		conflict = psprintf(" ON CONFLICT (%s) DO UPDATE SET %s%s", id_list(table, ""),
		                    updates.data, answer_of(table));
	return psprintf("INSERT INTO %s AS t (%s%s) OVERRIDING SYSTEM VALUE "
	                "SELECT %s%s FROM %s n%s",
	                table->name, id_list(table, ""), names.data, id_list(table, "n."),
	                values.data, scores, conflict);
}
