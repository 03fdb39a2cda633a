/* SPDX-License-Identifier: PostgreSQL */
/*
 * rows.c: rows of the executor into a frame.
 *
 * Both doors of the frame, cia_train's receiver and cia_fit's aggregate, come
 * through here: columns are given their roles, then each row is read into cells.
 */
#include "cia.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#define LARGEST_ARRAY 100000

/* Does an array of text hold this name? NULL holds none. */
bool
cia_array_names(ArrayType *names, const char *name)
{
	Datum *datums;
	bool *nulls;
	int count;

	if (names == NULL)
		return false;
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && strcmp(TextDatumGetCString(datums[i]), name) == 0)
			return true;
	return false;
}

static bool
has_column(TupleDesc tupdesc, const char *name)
{
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped &&
		    strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), name) == 0)
			return true;
	return false;
}

/* A name that the user gave is no column of the source. */
void
cia_raise_no_column(const char *name)
{
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN),
	         errmsg("column \"%s\" does not exist in the training source", name),
	         errhint("Names are compared letter by letter, as in the output of the "
	                 "source.")));
}

static void
check_names(TupleDesc tupdesc, ArrayType *names)
{
	Datum *datums;
	bool *nulls;
	int count;

	if (names == NULL)
		return;
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			                errmsg("lists of columns must not contain NULL"),
			                errhint("Name columns as in ARRAY['age', 'balance'].")));
		if (!has_column(tupdesc, TextDatumGetCString(datums[i])))
			cia_raise_no_column(TextDatumGetCString(datums[i]));
	}
}

static void
raise_clash(const char *name, const char *roles)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("column \"%s\" cannot be both %s", name, roles),
	                errhint("Name it in one of these places only.")));
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A column that is known of the linear predictor, or tells clusters, cannot be told by another role. */
static void
check_offset_clashes(const cia_roles *roles, const char *target)
{
	const struct
	{
		const char *name;
		const char *role;
	} given[] = {{roles->offset, "an offset"},
	             {roles->exposure, "an exposure"},
	             {roles->cluster, "a cluster"},
	             {roles->by, "the name of a group"},
	             {roles->order_by, "the order of the rows"}};

	for (size_t i = 0; i < lengthof(given); i++)
	{
		if (is_same(given[i].name, target))
			raise_clash(target, psprintf("target and %s", given[i].role));
		if (is_same(given[i].name, roles->weight))
			raise_clash(roles->weight, psprintf("weight and %s", given[i].role));
		if (given[i].name != roles->cluster && given[i].name != NULL &&
		    cia_array_names(roles->id, given[i].name))
			raise_clash(given[i].name, psprintf("id and %s", given[i].role));
	}
	if (is_same(roles->offset, roles->exposure))
		raise_clash(roles->offset, "an offset and an exposure");
}

static void
check_clashes(const cia_roles *roles)
{
	/* a target that is no column of the source clashes with none */
	const char *target = OidIsValid(roles->target_type) ? NULL : roles->target;

	if (target != NULL && roles->weight != NULL && strcmp(target, roles->weight) == 0)
		raise_clash(target, "target and weight");
	if (target != NULL && cia_array_names(roles->id, target))
		raise_clash(target, "target and id");
	if (roles->weight != NULL && cia_array_names(roles->id, roles->weight))
		raise_clash(roles->weight, "weight and id");
	check_offset_clashes(roles, target);
}

/* Every name that the user gave must be a column, and every column have one name. */
static void
check_roles(TupleDesc tupdesc, const cia_roles *roles)
{
	const char *const named[] = {roles->weight,  roles->offset, roles->exposure,
	                             roles->cluster, roles->by,     roles->order_by};

	check_clashes(roles);
	check_names(tupdesc, roles->features);
	check_names(tupdesc, roles->exclude);
	check_names(tupdesc, roles->id);
	check_names(tupdesc, roles->beside);
	for (size_t i = 0; i < lengthof(named); i++)
		if (named[i] != NULL && !has_column(tupdesc, named[i]))
			cia_raise_no_column(named[i]);
	if (roles->target != NULL && !OidIsValid(roles->target_type) &&
	    !has_column(tupdesc, roles->target))
		cia_raise_no_column(roles->target);
	for (int i = 0; i < tupdesc->natts; i++)
		for (int j = 0; j < i; j++)
			if (!TupleDescAttr(tupdesc, i)->attisdropped &&
			    !TupleDescAttr(tupdesc, j)->attisdropped &&
			    namestrcmp(&TupleDescAttr(tupdesc, i)->attname,
			               NameStr(TupleDescAttr(tupdesc, j)->attname)) == 0)
				ereport(
				    ERROR,
				    (errcode(ERRCODE_DUPLICATE_COLUMN),
				     errmsg("column \"%s\" occurs more than once in the training source",
				            NameStr(TupleDescAttr(tupdesc, i)->attname)),
				     errhint("Give each column a name of its own with AS.")));
}

static bool
is_listed(const cia_roles *roles, const char *name)
{
	if ((is_same(roles->cluster, name) || is_same(roles->order_by, name)) &&
	    roles->features == NULL)
		return false;
	return (roles->features == NULL || cia_array_names(roles->features, name)) &&
	       !cia_array_names(roles->exclude, name);
}

bool
cia_group_is_term(const cia_roles *roles)
{
	return roles->by != NULL && is_listed(roles, roles->by);
}

/* What a column of the source is; false if it is not read at all. */
static bool
role_of(const cia_roles *roles, const char *name, ml_role *role)
{
	*role = ML_FEATURE;
	if (roles->target != NULL && !OidIsValid(roles->target_type) &&
	    strcmp(name, roles->target) == 0)
		*role = ML_TARGET;
	else if (roles->weight != NULL && strcmp(name, roles->weight) == 0)
		*role = ML_WEIGHT;
	else if (cia_array_names(roles->id, name))
		*role = ML_ID;
	else if (is_same(roles->offset, name) || is_same(roles->exposure, name))
		return true;
	else if (!is_same(roles->by, name))
		return is_listed(roles, name);
	return true;
}

bool
cia_is_input(const cia_roles *roles, const char *name)
{
	ml_role role;

	return role_of(roles, name, &role) && role == ML_FEATURE;
}

/* Room for so many cells; those there are keep what has been read into them. */
static void
need_cells(cia_rows *rows, int count)
{
	int room = Max(count, 2 * rows->cell_room);

	if (count <= rows->cell_room)
		return;
	rows->cells = rows->cells == NULL ? palloc(sizeof(ml_cell) * room)
	                                  : repalloc(rows->cells, sizeof(ml_cell) * room);
	for (; rows->cell_room < room; rows->cell_room++)
		rows->cells[rows->cell_room] = (ml_cell){.number = get_float8_nan()};
}

static void
add_cells(cia_rows *rows, cia_column *column, int width)
{
	MemoryContext before = MemoryContextSwitchTo(rows->door->arena);

	column->cell = palloc(sizeof(int) * width);
	column->width = width;
	for (int i = 0; i < width; i++)
	{
		ml_column spec = {.name = cia_text_of(column->name),
		                  .type = cia_text_of(column->type_name),
		                  .position = column->attno,
		                  .element = column->is_array ? i + 1 : 0,
		                  .kind = column->kind,
		                  .role = column->role};

		cia_check(rows->door, ml_frame_add_column(rows->frame, &spec, &column->cell[i]));
	}
	need_cells(rows, rows->frame->columns);
	MemoryContextSwitchTo(before);
}

void
cia_rows_add_array(cia_rows *rows, const char *name, int width)
{
	for (int i = 0; i < rows->columns; i++)
	{
		cia_column *column = &rows->column[i];

		if (column->is_array && column->width == 0 && strcmp(column->name, name) == 0)
			add_cells(rows, column, width);
	}
}

static void
open_column(cia_rows *rows, const cia_roles *roles, const char *name, Oid type,
            AttrNumber attno, ml_role role)
{
	cia_column *column = &rows->column[rows->columns++];

	cia_column_open(column, name, type, attno, role);
	if (role == ML_FEATURE && is_same(roles->by, name))
		cia_column_as_group(column);
	if (role == ML_TARGET && roles->learner->task != ML_REGRESSION)
		cia_column_as_category(column);
	else if (role == ML_TARGET && column->kind != ML_NUMBER)
		ereport(ERROR,
		        (errcode(ERRCODE_DATATYPE_MISMATCH),
		         errmsg("target \"%s\" has type %s, but algorithm \"%s\" needs a number",
		                name, column->type_name, roles->learner->name),
		         errhint("For classes use algorithm => 'logistic', or 'multinomial' for "
		                 "more than two.")));
	if ((is_same(roles->offset, name) || is_same(roles->exposure, name)) &&
	    role == ML_FEATURE && (column->kind != ML_NUMBER || column->is_array))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" has type %s, which cannot be used as an "
		                       "offset or an exposure",
		                       name, column->type_name),
		                errhint("Cast it to float8.")));
	if (!column->is_array)
		add_cells(rows, column, 1);
}

/* A column beside, read as a feature is, unless it is one and read so. */
static void
open_aside(cia_rows *rows, const cia_roles *roles, Form_pg_attribute attribute)
{
	cia_column *column = &rows->column[rows->columns];

	cia_column_open(column, NameStr(attribute->attname), attribute->atttypid,
	                attribute->attnum, ML_FEATURE);
	if (is_same(roles->aside_by, column->name))
		cia_column_as_group(column);
	column->role = ML_BESIDE;
	for (int i = 0; i < rows->columns; i++)
		if (rows->column[i].attno == column->attno &&
		    rows->column[i].role == ML_FEATURE && rows->column[i].kind == column->kind &&
		    rows->column[i].is_array == column->is_array)
			return;
	rows->columns++;
	if (!column->is_array)
		add_cells(rows, column, 1);
}

/* The number of the row in its source, from 1, which comes behind all other columns. */
static void
add_number(cia_rows *rows, int position)
{
	ml_column spec = {.name = cia_text_of(""),
	                  .position = position,
	                  .kind = ML_NUMBER,
	                  .role = ML_BESIDE};

	cia_check(rows->door, ml_frame_add_column(rows->frame, &spec, &rows->number_cell));
	need_cells(rows, rows->frame->columns);
	rows->numbered = true;
}

/* Raises 42804 where several features are of no use, so that not one error after the other tells of them. */
static void
check_types(TupleDesc tupdesc, const cia_roles *roles)
{
	StringInfoData columns, names;
	int bad = 0;

	initStringInfo(&columns);
	initStringInfo(&names);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		const char *name = NameStr(attribute->attname), *comma = bad > 0 ? ", " : "";
		cia_column column;
		ml_role role;

		if (attribute->attisdropped || !role_of(roles, name, &role) ||
		    role != ML_FEATURE ||
		    cia_column_try(&column, name, attribute->atttypid, attribute->attnum, role))
			continue;
		appendStringInfo(&columns, "%s\"%s\" (%s)", comma, name,
		                 format_type_be(attribute->atttypid));
		appendStringInfo(&names, "%s%s", comma, quote_literal_cstr(name));
		bad++;
	}
	if (bad > 1)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("columns cannot be used as features: %s", columns.data),
		                errhint("Cast them in the source, or leave them out with exclude "
		                        "=> ARRAY[%s].",
		                        names.data)));
}

/* Parts the columns by what there is to do for each row. */
static void
part_columns(cia_rows *rows)
{
	rows->plain = palloc(sizeof(cia_plain) * (rows->columns + 1));
	rows->other = palloc(sizeof(cia_column *) * (rows->columns + 1));
	for (int i = 0; i < rows->columns; i++)
	{
		cia_column *column = &rows->column[i];

		if (column->is_double)
			rows->plain[rows->plains++] =
			    (cia_plain){.at = column->attno - 1, .cell = column->cell[0]};
		else
			rows->other[rows->others++] = column;
	}
}

/*
 * Opens a frame for rows of this shape.  A target that is no column of the source is the
 * last column.  Lives in the door's arena.
 */
cia_rows *
cia_rows_open(cia_door *door, TupleDesc tupdesc, const cia_roles *roles)
{
	MemoryContext before = MemoryContextSwitchTo(door->arena);
	cia_rows *rows = palloc0(sizeof *rows);

	rows->door = door;
	check_roles(tupdesc, roles);
	check_types(tupdesc, roles);
	cia_check(door, ml_frame_create(&door->host, &rows->frame));
	door->frame = rows->frame;
	door->target = roles->target;
	door->algorithm = roles->learner->name;
	rows->column = palloc0(sizeof(cia_column) * (5 * tupdesc->natts + 1));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		ml_role role;

		if (!attribute->attisdropped &&
		    role_of(roles, NameStr(attribute->attname), &role))
			open_column(rows, roles, NameStr(attribute->attname), attribute->atttypid,
			            attribute->attnum, role);
		/* a column may tell clusters and be an id or a feature besides */
		if (!attribute->attisdropped &&
		    is_same(roles->cluster, NameStr(attribute->attname)))
			open_column(rows, roles, roles->cluster, attribute->atttypid,
			            attribute->attnum, ML_CLUSTER);
		if (!attribute->attisdropped &&
		    cia_array_names(roles->beside, NameStr(attribute->attname)))
			open_column(rows, roles, NameStr(attribute->attname), attribute->atttypid,
			            attribute->attnum, ML_BESIDE);
		if (!attribute->attisdropped &&
		    is_same(roles->order_by, NameStr(attribute->attname)))
			open_column(rows, roles, roles->order_by, attribute->atttypid,
			            attribute->attnum, ML_ORDER);
		if (!attribute->attisdropped &&
		    cia_array_names(roles->aside, NameStr(attribute->attname)))
			open_aside(rows, roles, attribute);
	}
	if (OidIsValid(roles->target_type))
		open_column(rows, roles, roles->target, roles->target_type, tupdesc->natts + 1,
		            ML_TARGET);
	if (roles->numbered)
		add_number(rows, tupdesc->natts + 2);
	part_columns(rows);
	MemoryContextSwitchTo(before);
	return rows;
}

void
cia_raise_width(const char *column, int width, int other)
{
	ereport(ERROR,
	        (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
	         errmsg("column \"%s\" holds arrays of %d and of %d elements", column,
	                Min(width, other), Max(width, other)),
	         errhint("All arrays of a feature must have one length; NULL is missing.")));
}

static void
read_array(cia_rows *rows, cia_column *column, Datum value, bool isnull)
{
	double *elements;
	int width = cia_array_read(column, value, isnull, &elements);

	if (width > LARGEST_ARRAY)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		     errmsg("column \"%s\" holds an array of %d elements, more than %d",
		            column->name, width, LARGEST_ARRAY),
		     errhint(
		         "Leave it out with exclude => ARRAY[%s], or shorten it in the source.",
		         quote_literal_cstr(column->name))));
	if (width > 0 && column->width == 0)
		add_cells(rows, column, width);
	if (width > 0 && width != column->width)
		cia_raise_width(column->name, column->width, width);
	for (int i = 0; i < column->width; i++)
		rows->cells[column->cell[i]].number = width > 0 ? elements[i] : get_float8_nan();
}

/* Appends one row; values and nulls are by attribute number, from 0. */
void
cia_rows_append(cia_rows *rows, const Datum *values, const bool *nulls)
{
	MemoryContext before = NULL;
	ml_cell *cells = rows->cells;
	double missing = get_float8_nan();

	if (rows->scratch != NULL)
		before = MemoryContextSwitchTo(rows->scratch);
	for (int i = 0; i < rows->plains; i++)
	{
		const cia_plain *plain = &rows->plain[i];

		cells[plain->cell].number =
		    nulls[plain->at] ? missing : DatumGetFloat8(values[plain->at]);
	}
	for (int i = 0; i < rows->others; i++)
	{
		cia_column *column = rows->other[i];
		int at = column->attno - 1;

		if (column->is_array)
			read_array(rows, column, values[at], nulls[at]);
		else
			cia_cell_read(column, values[at], nulls[at], &rows->cells[column->cell[0]]);
	}
	if (rows->numbered)
		rows->cells[rows->number_cell].number =
		    (double) (rows->frame->rows + rows->frame->skipped + 1);
	cia_check(rows->door, ml_frame_append(rows->frame, rows->cells));
	if (rows->scratch != NULL)
	{
		MemoryContextSwitchTo(before);
		MemoryContextReset(rows->scratch);
	}
}
