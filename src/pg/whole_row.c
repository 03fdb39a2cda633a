/* SPDX-License-Identifier: PostgreSQL */
/*
 * whole_row.c: the columns of a row expression, in a query under planning.
 *
 * Four kinds of expression show their columns: the whole-row variable of a relation,
 * subquery, function or CTE; a row constructor, which is also what is left of a subquery
 * that was pulled up; and such a constructor in a placeholder, from the nullable side of
 * an outer join.  For all others the answer is no.
 *
 * The answer is no as well where columns would not mean the same as the row:
 *
 *	- in a LATERAL subquery that is planned on its own, when the row's query level has
 *	  been planned so far that it cannot deliver further columns;
 *	- for a variable given with the state of another query level (origin.c);
 *	- for a row that a flattened LATERAL (... UNION ALL ...) refers to, likewise;
 *	- under GROUPING SETS, which make a row NULL but not its columns;
 *	- for a row from the nullable side of an outer join of an outer query level;
 *	- for a part of the source of MERGE where a row may lack a source;
 *	- for OLD and NEW in RETURNING: where there is no such row, it is NULL;
 *	- for a constructor with columns that are volatile or sets: those not used would not
 *	  be computed any more.
 */
#include "cia.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/placeholder.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/typcache.h"

/* Numbers for placeholders that stand for no column: see cia_plan_placeholder. */
#define PRESENCE_OF_HOLDER -1
#define PRESENCE_OF_VARIABLE -2

/* The planner's state for the query level that a variable belongs to. */
static PlannerInfo *
level_of(PlannerInfo *root, Index levels_up)
{
	while (levels_up > 0 && root != NULL)
	{
		root = root->parent_root;
		levels_up--;
	}
	return root;
}

/*
 * Does a flattened LATERAL (... UNION ALL ...) refer to one of these relations?  What it
 * needs of them is taken from the query as it was before.
 */
static bool
is_promised_to_union(PlannerInfo *level, Relids relations)
{
	ListCell *cell;

	foreach (cell, level->append_rel_list)
	{
		const AppendRelInfo *union_all = lfirst(cell);
		RangeTblEntry *parent = rt_fetch(union_all->parent_relid, level->parse->rtable);

		if (parent->rtekind == RTE_SUBQUERY && parent->lateral &&
		    bms_overlap(relations,
		                pull_varnos_of_level(level, (Node *) parent->subquery, 1)))
			return true;
	}
	return false;
}

/* Are columns of these relations still to be had, and do they mean the same as the row? */
static bool
level_is_open(PlannerInfo *level, Relids relations)
{
	return level != NULL && level->parse != NULL && level->simple_rel_array == NULL &&
	       level->parse->groupingSets == NIL && !is_promised_to_union(level, relations);
}

static bool
is_nulled(const Node *jointree, Index relation, bool nullable)
{
	ListCell *cell;

	if (jointree == NULL)
		return false;
	if (IsA(jointree, RangeTblRef))
		return nullable && ((const RangeTblRef *) jointree)->rtindex == (int) relation;
	if (IsA(jointree, JoinExpr))
	{
		const JoinExpr *join = (const JoinExpr *) jointree;
		bool left = join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL;
		bool right = join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL;

		return is_nulled(join->larg, relation, nullable || left) ||
		       is_nulled(join->rarg, relation, nullable || right);
	}
	foreach (cell, castNode(FromExpr, unconstify(Node *, jointree))->fromlist)
		if (is_nulled(lfirst(cell), relation, nullable))
			return true;
	return false;
}

/* Is the relation on the nullable side of an outer join?  For compat.h. */
bool
cia_join_nulls(const Node *jointree, Index relation)
{
	return is_nulled(jointree, relation, false);
}

/* A row that can be missing altogether: present is NULL then. */
static bool
open_presence(PlannerInfo *root, const Var *row, cia_row_columns *columns)
{
	Node **known;
	PlaceHolderVar *present;

	if (!cia_var_is_nullable(root, row))
		return true;
	if (row->varlevelsup > 0)
		return false;
	known = cia_plan_placeholder(root, row->varno, PRESENCE_OF_VARIABLE);
	if (*known == NULL)
		*known = (Node *) make_placeholder_expr(root, (Expr *) makeBoolConst(true, false),
		                                        bms_make_singleton(row->varno));
	present = copyObject((PlaceHolderVar *) *known);
	cia_null_like(present, row);
	columns->present = (Node *) present;
	return true;
}

static bool
open_var(PlannerInfo *root, const Var *row, cia_row_columns *columns)
{
	PlannerInfo *level = level_of(root, row->varlevelsup);

	if (row->varattno != InvalidAttrNumber || cia_var_is_old_or_new(row) ||
	    !level_is_open(level, bms_make_singleton(row->varno)) ||
	    !cia_origin_is(level, row) || cia_var_lacks_mark(level, row) ||
	    !open_presence(level, row, columns))
		return false;
	columns->row = (const Node *) row;
	if (row->vartype != RECORDOID)
		columns->tupdesc = lookup_rowtype_tupdesc_domain(row->vartype, -1, false);
	else
		cia_expand_rte(rt_fetch(row->varno, level->parse->rtable), row, &columns->names,
		               &columns->vars);
	return true;
}

static bool
open_constructor(PlannerInfo *root, const RowExpr *row, cia_row_columns *columns)
{
	/* without a variable there is one row, or a variable of PL/pgSQL */
	if (!contain_var_clause((Node *) row) || contain_volatile_functions((Node *) row) ||
	    expression_returns_set((Node *) row) ||
	    !level_is_open(root, pull_varnos_of_level(root, (Node *) row, 0)))
		return false;
	if (row->row_typeid == RECORDOID)
		columns->names = row->colnames;
	else
		columns->tupdesc = lookup_rowtype_tupdesc_domain(row->row_typeid, -1, false);
	columns->row = (const Node *) row;
	return true;
}

/*
 * An expression in a placeholder like the row's own: evaluated where that was, NULL where
 * that is.  The same column of the same row gets the same placeholder.
 */
static Node *
placeholder(PlannerInfo *root, const PlaceHolderVar *holder, Node *column, int at)
{
	Node **known = cia_plan_placeholder(root, holder->phid, at);
	PlaceHolderVar *made = copyObject(unconstify(PlaceHolderVar *, holder));

	made->phexpr = (Expr *) column;
	made->phid =
	    *known != NULL ? ((PlaceHolderVar *) *known)->phid : ++root->glob->lastPHId;
	if (*known == NULL)
		*known = copyObject((Node *) made);
	return (Node *) made;
}

/* Constants do not mind being evaluated elsewhere, nor do variables that go NULL anyway. */
static Node *
hold(PlannerInfo *root, const PlaceHolderVar *holder, Node *column, int at)
{
	if (IsA(column, Const) || cia_var_is_held((Var *) column, holder))
		return column;
	return placeholder(root, holder, column, at);
}

static bool
open_placeholder(PlannerInfo *root, const PlaceHolderVar *holder,
                 cia_row_columns *columns)
{
	if (holder->phlevelsup > 0 || !IsA(holder->phexpr, RowExpr) ||
	    !open_constructor(root, (const RowExpr *) holder->phexpr, columns))
		return false;
	columns->holder = holder;
	columns->present =
	    placeholder(root, holder, makeBoolConst(true, false), PRESENCE_OF_HOLDER);
	return true;
}

static bool
open_row(PlannerInfo *root, const Node *row, cia_row_columns *columns)
{
	if (IsA(row, Var))
		return open_var(root, (const Var *) row, columns);
	if (IsA(row, RowExpr))
		return open_constructor(root, (const RowExpr *) row, columns);
	if (IsA(row, PlaceHolderVar))
		return open_placeholder(root, (const PlaceHolderVar *) row, columns);
	return false;
}

/*
 * Opens a row expression, for cia_whole_row_column to take columns from; false if it
 * shows none.
 */
bool
cia_whole_row_open(PlannerInfo *root, const Node *row, cia_row_columns *columns)
{
	*columns = (cia_row_columns){.root = root, .last = -1};
	columns->present = makeBoolConst(true, false);
	if (!open_row(root, row, columns))
		return false;
	columns->count =
	    columns->tupdesc != NULL ? columns->tupdesc->natts : list_length(columns->names);
	if (IsA(columns->row, RowExpr))
		columns->count =
		    Min(columns->count, list_length(((const RowExpr *) columns->row)->args));
	return true;
}

void
cia_whole_row_close(cia_row_columns *columns)
{
	if (columns->tupdesc != NULL)
		ReleaseTupleDesc(columns->tupdesc);
}

/* The name of a column; NULL for one that was dropped. */
static const char *
name_at(const cia_row_columns *columns, int at)
{
	Form_pg_attribute attribute;

	if (columns->tupdesc == NULL)
		return strVal(list_nth(columns->names, at));
	attribute = TupleDescAttr(columns->tupdesc, at);
	return attribute->attisdropped ? NULL : NameStr(attribute->attname);
}

/*
 * The place of a column; -1 for none of that name, or more than one, which a type cannot
 * have.  The search begins behind the column found before, since a model's columns come
 * in their order.
 */
static int
place_of(cia_row_columns *columns, ml_text name)
{
	int found = -1;

	for (int i = 1; i <= columns->count; i++)
	{
		int at = (columns->last + i) % columns->count;
		const char *here = name_at(columns, at);

		if (here == NULL || !ml_text_is(name, here))
			continue;
		if (found >= 0)
			return -1;
		found = at;
		if (columns->tupdesc != NULL)
			break;
	}
	columns->last = found;
	return found;
}

static Node *
column_of_var(const cia_row_columns *columns, int at)
{
	Form_pg_attribute attribute = TupleDescAttr(columns->tupdesc, at);
	Var *column;

	if (cia_attribute_is_virtual(attribute))
		return NULL;
	column = copyObject(unconstify(Var *, (const Var *) columns->row));
	column->varattno = attribute->attnum;
	column->vartype = attribute->atttypid;
	column->vartypmod = attribute->atttypmod;
	column->varcollid = attribute->attcollation;
	if (column->varnosyn != 0)
		column->varattnosyn = attribute->attnum;
	column->location = -1;
	return (Node *) column;
}

/* A column of a row without a named type; of no more than a constant if it was dropped. */
static Node *
column_of_record(const cia_row_columns *columns, int at)
{
	Node *column = copyObject(list_nth(columns->vars, at));

	if (IsA(column, Var))
		cia_var_null_like((Var *) column, (const Var *) columns->row);
	return column;
}

/* The column of that name; NULL for none. */
Node *
cia_whole_row_column(cia_row_columns *columns, ml_text name)
{
	int at = place_of(columns, name);
	Node *column;

	if (at < 0)
		return NULL;
	if (columns->vars != NIL)
		return column_of_record(columns, at);
	if (IsA(columns->row, Var))
		return column_of_var(columns, at);
	column = copyObject(list_nth(((const RowExpr *) columns->row)->args, at));
	if (columns->holder == NULL)
		return column;
	return hold(columns->root, columns->holder, column, at);
}
