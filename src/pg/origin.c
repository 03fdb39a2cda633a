/* SPDX-License-Identifier: PostgreSQL */
/*
 * origin.c: which relation a whole-row variable belongs to.
 *
 * A variable names its relation by number and query level, and the planner's state that a
 * support function is given ought to be that of the query around the variable.  It is not
 * always: PostgreSQL simplifies the WHERE of an EXISTS with the state of the query around
 * that (convert_EXISTS_to_ANY), and functions in FROM of a subquery about to be pulled up
 * with a state whose parent is not the real one (pull_up_simple_subquery).
 *
 * So before a query is planned, its relations are numbered, and every whole-row variable
 * gets the number of its relation.  The numbers stand in fields that PostgreSQL copies,
 * never compares, and does not need any more: a variable's place in the text of the
 * query, and the row count of a transition table in entries that are none.
 */
#include "cia.h"

#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

/* Places in the text are from -1 up. */
#define FIRST_PLACE -1000

typedef struct numbering
{
	List *queries; /* the innermost first */
	int last;
} numbering;

static void
number_relations(Query *query, numbering *numbers)
{
	ListCell *cell;

	foreach (cell, query->rtable)
	{
		RangeTblEntry *relation = lfirst(cell);

		if (relation->rtekind != RTE_NAMEDTUPLESTORE)
			relation->enrtuples = ++numbers->last;
	}
}

static void
number_variable(Var *row, const numbering *numbers)
{
	const Query *query;
	const RangeTblEntry *relation;

	if ((int) row->varlevelsup >= list_length(numbers->queries))
		return;
	query = list_nth(numbers->queries, row->varlevelsup);
	if (row->varno > list_length(query->rtable))
		return;
	relation = rt_fetch(row->varno, query->rtable);
	if (relation->rtekind != RTE_NAMEDTUPLESTORE)
		row->location = FIRST_PLACE - (int) relation->enrtuples;
}

static bool
number_node(Node *node, void *argument)
{
	numbering *numbers = argument;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		number_relations((Query *) node, numbers);
		numbers->queries = lcons(node, numbers->queries);
		query_tree_walker((Query *) node, number_node, argument, 0);
		numbers->queries = list_delete_first(numbers->queries);
		return false;
	}
	if (IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber)
		number_variable((Var *) node, numbers);
	return expression_tree_walker(node, number_node, argument);
}

void
cia_origin_number(Query *query)
{
	numbering numbers = {.last = 0};

	number_node((Node *) query, &numbers);
}

/*
 * Is this the level that the variable belongs to?  Without a number, as in a function that
 * the planner has put in place of its call, only where nothing can go wrong.
 */
bool
cia_origin_is(const PlannerInfo *level, const Var *row)
{
	const RangeTblEntry *relation;

	if (row->varno > list_length(level->parse->rtable))
		return false;
	relation = rt_fetch(row->varno, level->parse->rtable);
	if (row->location < FIRST_PLACE)
		return relation->enrtuples == FIRST_PLACE - row->location;
	return row->varlevelsup == 0 && !level->parse->hasSubLinks;
}
