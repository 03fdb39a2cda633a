/* SPDX-License-Identifier: PostgreSQL */
/*
 * around.c: a query around a source, which asks a version about each of its rows.
 *
 * So the executor reads the source, in parallel if it likes, and whatever the planner knows of
 * such calls serves here, too.
 */
#include "around.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"

static Node *
column_of_source(Node *field)
{
	ColumnRef *column = makeNode(ColumnRef);

	column->fields = list_make2(makeString("s"), field);
	column->location = -1;
	return (Node *) column;
}

static ResTarget *
target(Node *value)
{
	ResTarget *target = makeNode(ResTarget);

	target->val = value;
	target->location = -1;
	return target;
}

ResTarget *
cia_around_column(const char *name)
{
	return target(column_of_source(name != NULL ? (Node *) makeString(pstrdup(name))
	                                            : (Node *) makeNode(A_Star)));
}

/* s.* is s even where the source has a column of that name. */
ResTarget *
cia_around_answer(Oid schema, const cia_entry *version, const char *function)
{
	A_Const *model = makeNode(A_Const);
	TypeCast *name = makeNode(TypeCast);

	model->val.sval.type = T_String;
	model->val.sval.sval = psprintf("%s@%d", NameStr(version->name), version->version);
	model->location = -1;
	/* the very types of our function, so that no other one of that name fits as well */
	name->arg = (Node *) model;
	name->typeName = SystemTypeName("text");
	name->location = -1;
	return target((Node *) makeFuncCall(
	    list_make2(makeString(get_namespace_name(schema)), makeString(pstrdup(function))),
	    list_make2(name, column_of_source((Node *) makeNode(A_Star))),
	    COERCE_EXPLICIT_CALL, -1));
}

SelectStmt *
cia_around_source(SelectStmt *source, List *targets)
{
	SelectStmt *around = makeNode(SelectStmt);
	RangeSubselect *from = makeNode(RangeSubselect);

	around->withClause = source->withClause;
	source->withClause = NULL;
	from->subquery = (Node *) source;
	from->alias = makeAlias("s", NIL);
	around->fromClause = list_make1(from);
	around->targetList = targets;
	return around;
}
