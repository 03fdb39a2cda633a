/* SPDX-License-Identifier: PostgreSQL */
/*
 * scoring_view.c: cia_create_scoring_view: a view of scores with plain columns, for dashboards.
 *
 * What is made is the text of CREATE VIEW, run with the caller's rights.  Every column is an expression over
 * the row of the source, without a subquery around it: so the planner sees through the
 * row, a condition on an id reaches its index, and what nobody reads is not computed.
 *
 * Columns have the types that all BI tools read; those of other types are cast.
 */
#include "cia.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

CIA_FUNCTION(cia_create_scoring_view);

enum
{
	ARG_VIEW,
	ARG_MODEL,
	ARG_SOURCE,
	ARG_ID,
	ARG_OPTIONS
};

#define MOST_REASONS 20
#define STANDARD_BANDS 10

typedef struct view_options
{
	int64_t bands;         /* 0: no column */
	const ml_value *names; /* of bands with what each begins at; or NULL */
	int64_t reasons;
	bool probabilities;
	const ml_value *columns; /* stays NULL: the table has room for the name alone */
	bool replace;
	bool security_invoker;
} view_options;

static const ml_option view_option[] = {
    /* an integer, unless names are given */
    {"bands", ML_OPTION_INTEGER, offsetof(view_options, bands), -1, 0, 20,
     "number of bands that the model's score quantiles cut; 0 for no column"},
    {"reasons", ML_OPTION_INTEGER, offsetof(view_options, reasons), 4, 0, MOST_REASONS,
     "columns of reasons"},
    {"probabilities", ML_OPTION_BOOLEAN, offsetof(view_options, probabilities), 0, 0, 1,
     "whether each class or segment has a column with its probability"},
    {"columns", ML_OPTION_ARRAY, offsetof(view_options, columns), 0, 0, 0,
     "further columns of the source"},
    {"replace", ML_OPTION_BOOLEAN, offsetof(view_options, replace), 0, 0, 1,
     "whether a view of that name is replaced"},
    {"security_invoker", ML_OPTION_BOOLEAN, offsetof(view_options, security_invoker), 0,
     0, 1, "whether the source is read with the rights of whoever reads the view"},
};

/* The view on its way. */
typedef struct making
{
	cia_door *door;
	const char *given; /* the view as the caller named it */
	const char *source;
	view_options options;
	ArrayType *further; /* columns that the options name; or NULL */
	cia_entry version;
	const ml_model *model;
	TupleDesc row; /* of the source */
	char *schema;  /* of the extension, quoted */
	char *name;    /* of the model, as a literal */
	bool follows;  /* the version in production */
	bool taken;    /* what has the name already is no view */
	List *columns; /* names so far, C strings */
	StringInfoData select;
} making;

static void
making_error(void *argument)
{
	making *view = argument;
	int code = geterrcode();

	errcontext("creating view \"%s\"", view->given);
	if (view->taken &&
	    (code == ERRCODE_DUPLICATE_TABLE || code == ERRCODE_WRONG_OBJECT_TYPE))
		errhint("Use another name; nothing but a view is replaced.");
	else if (code == ERRCODE_DUPLICATE_TABLE)
		errhint("Use another name, or options => '{\"replace\": true}'.");
	else if (code == ERRCODE_INVALID_TABLE_DEFINITION)
		errhint("Replacing keeps all columns of a view and adds some at its end; else "
		        "DROP VIEW first.");
}

/* --- Options ---------------------------------------------------------------- */

static void
raise_bands(const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"bands\" must be a number of bands, or an object of "
	                       "names with the score at which each begins"),
	                errdetail("%s", detail),
	                errhint("For example {\"low\": null, \"middle\": 0.2, \"high\": "
	                        "0.5}; null begins below all scores.")));
}

static void
check_named_bands(const ml_value *names)
{
	if (names->count == 0)
		raise_bands("There is no name.");
	for (int64 i = 0; i < names->count; i++)
	{
		const ml_value *from = &names->items[i];

		if (from->kind != ML_VALUE_NULL &&
		    !(from->kind == ML_VALUE_NUMBER && isfinite(from->number)))
			raise_bands(psprintf("\"%s\" begins at no number.",
			                     cia_text_cstring(names->keys[i])));
		for (int64 k = 0; k < i; k++)
			if (from->kind == names->items[k].kind &&
			    (from->kind == ML_VALUE_NULL || from->number == names->items[k].number))
				raise_bands(psprintf("\"%s\" and \"%s\" begin at the same score.",
				                     cia_text_cstring(names->keys[k]),
				                     cia_text_cstring(names->keys[i])));
	}
}

/* Bands may have names, and columns are a list of these: no option of learners is like that. */
static void
read_options(making *view, Jsonb *jsonb)
{
	ml_option table[lengthof(view_option)];
	ml_option_set set = {table, lengthof(table), &view->options};
	ml_value given, rest;

	memcpy(table, view_option, sizeof table);
	cia_object_from_jsonb(view->door, jsonb, &given);
	cia_check(view->door, ml_value_object(&view->door->host, given.count, &rest));
	for (int64 i = 0; i < given.count; i++)
	{
		const ml_value *item = &given.items[i];

		if (ml_text_is(given.keys[i], "columns"))
		{
			view->further = cia_names_option("columns", item);
			continue;
		}
		if (ml_text_is(given.keys[i], "bands") && item->kind == ML_VALUE_OBJECT)
		{
			table[0].type = ML_OPTION_OBJECT;
			table[0].offset = offsetof(view_options, names);
		}
		ml_value_add(&rest, given.keys[i].bytes, *item);
	}
	cia_only_options_read(&rest, &set, "cia_create_scoring_view");
	if (view->options.names != NULL)
		check_named_bands(view->options.names);
	else if (view->options.bands > 0)
		cia_check_bands(view->options.bands);
}

/* --- Columns ---------------------------------------------------------------- */

static void
add_column(making *view, const char *name, const char *expression)
{
	ListCell *cell;

	foreach (cell, view->columns)
		if (strcmp(lfirst(cell), name) == 0)
			ereport(ERROR,
			        (errcode(ERRCODE_DUPLICATE_COLUMN),
			         errmsg("view would have two columns \"%s\"", name),
			         errhint("Name each column once; if one of the source is called "
			                 "like one that the view adds, give it another name "
			                 "there: SELECT \"%s\" AS ...",
			                 name)));
	appendStringInfo(&view->select, "%s %s AS %s", view->columns == NIL ? "" : ",",
	                 expression, quote_identifier(name));
	view->columns = lappend(view->columns, pstrdup(name));
}

/* function('model', row), with further arguments where they are given */
static char *
call(const making *view, const char *function, const char *further)
{
	return psprintf("%s.%s(%s, s.*%s)", view->schema, function, view->name, further);
}

static bool
is_plain(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case DATEOID:
		case TIMESTAMPOID:
			return true;
		default:
			return false;
	}
}

/* A column of the source, in a type that is read everywhere. */
static void
add_source_column(making *view, const char *what, const char *name)
{
	Form_pg_attribute attr =
	    TupleDescAttr(view->row, cia_source_attribute(view->row, what, name) - 1);
	int32 typmod = attr->atttypmod;
	Oid base = getBaseTypeAndTypmod(attr->atttypid, &typmod);
	char *value = psprintf("s.%s", quote_identifier(name));
	const char *shown = "text";

	if (base == attr->atttypid && is_plain(base))
	{
		add_column(view, name, value);
		return;
	}
	if (is_plain(base))
	{
		shown = format_type_with_typemod(base, typmod);
		value = psprintf(
		    "%s::%s", value,
		    format_type_extended(base, typmod,
		                         FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	else if (base == TIMESTAMPTZOID)
	{
		shown = "timestamp without time zone, in UTC";
		value = psprintf("pg_catalog.timezone('UTC', %s)", value);
	}
	else
		value = psprintf("%s::pg_catalog.text", value);
	ereport(NOTICE, (errmsg("column \"%s\" of type %s is shown as %s", name,
	                        format_type_be(attr->atttypid), shown)));
	add_column(view, name, value);
}

static void
add_source_columns(making *view, ArrayType *id)
{
	Datum *names;
	int count;
	char **ids = cia_id_names(id, &count);

	for (int i = 0; i < count; i++)
		add_source_column(view, "id column", ids[i]);
	if (view->further == NULL)
		return;
	deconstruct_array(view->further, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL,
	                  &count);
	for (int i = 0; i < count; i++)
		add_source_column(view, "column", TextDatumGetCString(names[i]));
}

static int
by_begin(const void *a, const void *b, void *argument)
{
	const ml_value *names = argument;
	const ml_value *left = &names->items[*(const int64 *) a];
	const ml_value *right = &names->items[*(const int64 *) b];

	if (left->kind == ML_VALUE_NULL || right->kind == ML_VALUE_NULL)
		return left->kind == ML_VALUE_NULL ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

/* Scores that no band is for are no mistake of cia's, but seldom what is meant. */
static void
tell_lowest(const making *view, const ml_value *lowest)
{
	if (lowest->kind == ML_VALUE_NULL ||
	    (view->model->schema.task != ML_REGRESSION && lowest->number <= 0))
		return;
	ereport(NOTICE, (errmsg("scores below %g have no band", lowest->number),
	                 errhint("A band that begins at null begins below all scores.")));
}

/* An array of the names, at the place that the score has among the beginnings. */
static char *
named_band(const making *view, const char *score)
{
	const ml_value *names = view->options.names;
	int64 *order = palloc(sizeof *order * names->count);
	StringInfoData labels, begins;

	initStringInfo(&labels);
	initStringInfo(&begins);
	for (int64 i = 0; i < names->count; i++)
		order[i] = i;
	qsort_arg(order, names->count, sizeof *order, by_begin,
	          unconstify(ml_value *, names));
	for (int64 i = 0; i < names->count; i++)
	{
		const ml_value *begin = &names->items[order[i]];

		appendStringInfo(&labels, "%s%s", i > 0 ? ", " : "",
		                 quote_literal_cstr(cia_text_cstring(names->keys[order[i]])));
		appendStringInfo(
		    &begins, "%s%s", i > 0 ? ", " : "",
		    begin->kind == ML_VALUE_NULL
		        ? "'-Infinity'"
		        : quote_literal_cstr(double_to_shortest_decimal(begin->number)));
	}
	tell_lowest(view, &names->items[order[0]]);
	return psprintf("(ARRAY[%s]::pg_catalog.text[])[pg_catalog.width_bucket(%s, "
	                "ARRAY[%s]::pg_catalog.float8[])]",
	                labels.data, score, begins.data);
}

/* Of segments, whose distances say little beside each other, only where it is asked for. */
static void
add_band(making *view, const char *score)
{
	int64 bands = view->options.bands;

	if (bands < 0)
		bands = view->model->schema.task == ML_SEGMENTATION ? 0 : STANDARD_BANDS;
	if (view->options.names != NULL)
		add_column(view, "band", named_band(view, score));
	else if (bands > 0)
		add_column(view, "band",
		           psprintf("%s.cia_band(%s, %s, %d)", view->schema, view->name, score,
		                    (int) bands));
}

/* The version in production, as the view's reader finds it, or the one that is named. */
static void
add_version(making *view)
{
	add_column(view, "version",
	           view->follows
	               ? psprintf("(SELECT m.version FROM %s.cia_models m WHERE m.model "
	                          "OPERATOR(pg_catalog.=) %s)",
	                          view->schema, view->name)
	               : psprintf("%d", view->version.version));
}

static void
add_probabilities(making *view, const char *all)
{
	const ml_schema *schema = &view->model->schema;

	if (!view->options.probabilities)
		return;
	if (schema->classes == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("option \"probabilities\" needs a model of classes or "
		                "segments"),
		         errdetail("Model \"%s\" is one for %s.", NameStr(view->version.name),
		                   cia_task_words(schema->task)),
		         errhint("Leave the option out; column \"score\" has the value.")));
	for (int i = 0; i < schema->classes; i++)
	{
		char *label = cia_text_cstring(schema->class_label[i]);
		char *name = cia_free_name(view->columns, psprintf("probability_%s", label));

		add_column(
		    view, name,
		    psprintf("pg_catalog.jsonb_object_field_text(%s, %s)::pg_catalog.float8", all,
		             quote_literal_cstr(label)));
	}
}

static void
add_answers(making *view)
{
	ml_task_kind task = view->model->schema.task;
	bool segments = task == ML_SEGMENTATION;
	char *score = call(view, segments ? "cia_segment_distance" : "cia_score", "");
	char *all =
	    call(view, segments ? "cia_segment_probabilities" : "cia_probabilities", "");

	if (segments)
	{
		char *segment = call(view, "cia_segment", "");

		add_column(view, "segment", segment);
		add_column(view, "distance", score);
		add_column(
		    view, "probability",
		    psprintf("pg_catalog.jsonb_object_field_text(%s, %s)::pg_catalog.float8", all,
		             segment));
	}
	else
		add_column(view, "score", score);
	if (task == ML_BINARY || task == ML_MULTICLASS)
		add_column(view, "class", call(view, "cia_class", ""));
	add_band(view, score);
	add_version(view);
	add_probabilities(view, all);
	for (int i = 1; i <= view->options.reasons; i++)
		add_column(view, psprintf("reason_%d", i),
		           psprintf("(%s)[%d]",
		                    call(view, "cia_reasons",
		                         psprintf(", %d", (int) view->options.reasons)),
		                    i));
}

/* --- The view --------------------------------------------------------------- */

/* Raises 42703 for columns that the model needs and the source lacks, 42804 for their types. */
static void
check_row(FunctionCallInfo fcinfo, const making *view)
{
	int count = view->row->natts;
	Datum *names = palloc(sizeof(Datum) * count);
	Oid *types = palloc(sizeof(Oid) * count);

	for (int i = 0; i < count; i++)
	{
		names[i] = CStringGetTextDatum(NameStr(TupleDescAttr(view->row, i)->attname));
		types[i] = TupleDescAttr(view->row, i)->atttypid;
	}
	cia_columns_reader(cia_site_open(fcinfo),
	                   construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT),
	                   types, count);
}

static void
read_arguments(FunctionCallInfo fcinfo, making *view)
{
	Oid schema = cia_schema(fcinfo);
	const char *model = cia_text_arg(fcinfo, ARG_MODEL, "model");

	view->source = cia_text_arg(fcinfo, ARG_SOURCE, "source");
	read_options(view, cia_options_arg(fcinfo, ARG_OPTIONS));
	view->version = cia_registry_find(schema, model);
	view->model = cia_model_arg(fcinfo, ARG_MODEL)->model;
	view->follows = strcmp(NameStr(view->version.name), model) == 0;
	view->schema = pstrdup(quote_identifier(get_namespace_name(schema)));
	view->name = psprintf("%s::pg_catalog.text", quote_literal_cstr(model));
	view->row = cia_source_columns(view->source);
}

/* The relation of that name in the schema where CREATE puts it. */
static Oid
made_view(RangeVar *named)
{
	Oid view = get_relname_relid(named->relname, RangeVarGetCreationNamespace(named));

	/* over temporary tables, it is temporary itself */
	return OidIsValid(view) ? view : RangeVarGetRelid(named, NoLock, false);
}

/*
 * Raises 42725 for a function of somebody else's that fits the row better than ours and has its name:
 * it would be called by whoever reads the view.
 */
static bool
check_calls(Node *node, void *of_ours)
{
	Oid function =
	    node != NULL && IsA(node, FuncExpr) ? ((FuncExpr *) node)->funcid : InvalidOid;

	if (OidIsValid(function) && strncmp(get_func_name(function), "cia_", 4) == 0 &&
	    getExtensionOfObject(ProcedureRelationId, function) !=
	        getExtensionOfObject(ProcedureRelationId, *(Oid *) of_ours))
		ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_FUNCTION),
		                errmsg("function %s would be called in place of cia's",
		                       format_procedure(function)),
		                errhint("Drop it, and let nobody else create functions in the "
		                        "schema of cia.")));
	return expression_tree_walker(node, check_calls, of_ours);
}

static void
check_view(FunctionCallInfo fcinfo, Oid made)
{
	Relation view = relation_open(made, AccessShareLock);

	check_calls((Node *) get_view_query(view)->targetList, &fcinfo->flinfo->fn_oid);
	relation_close(view, NoLock);
}

static bool
is_taken(const RangeVar *named)
{
	Oid other = RangeVarGetRelid(named, NoLock, true);

	return OidIsValid(other) && get_rel_relkind(other) != RELKIND_VIEW;
}

Datum
cia_create_scoring_view(PG_FUNCTION_ARGS)
{
	making view = {.door = cia_door_for_model(CurrentMemoryContext),
	               .given = cia_text_arg(fcinfo, ARG_VIEW, "view")};
	ErrorContextCallback callback = {
	    .callback = making_error, .arg = &view, .previous = error_context_stack};
	RangeVar *named = makeRangeVarFromNameList(cia_name_parts(view.given, "view"));
	ArrayType *id = cia_id_arg(fcinfo, ARG_ID);
	Oid made;

	error_context_stack = &callback;
	read_arguments(fcinfo, &view);
	check_row(fcinfo, &view);
	initStringInfo(&view.select);
	appendStringInfo(&view.select, "CREATE %sVIEW %s %sAS SELECT",
	                 view.options.replace ? "OR REPLACE " : "",
	                 quote_qualified_identifier(named->schemaname, named->relname),
	                 view.options.security_invoker ? "WITH (security_invoker = true) "
	                                               : "");
	add_source_columns(&view, id);
	add_answers(&view);
	appendStringInfo(&view.select, " FROM %s s", cia_source_item(view.source));
	view.taken = is_taken(named);
	SPI_connect();
	cia_score_table_execute(view.select.data, SPI_OK_UTILITY);
	SPI_finish();
	made = made_view(named);
	check_view(fcinfo, made);
	error_context_stack = callback.previous;
	PG_RETURN_OID(made);
}
