/* SPDX-License-Identifier: PostgreSQL */
/*
 * planner.h: what sees through the row: the glue's promises to the planner, by file.
 *
 * A part of cia.h, which includes it last.
 */
#ifndef CIA_PLANNER_H
#define CIA_PLANNER_H

/* origin.c: the relations of whole-row variables */
/* To be called before the query is planned, and changed by that. */
extern void cia_origin_number(Query *query);
extern bool cia_origin_is(const PlannerInfo *level, const Var *row);

/* see_through.c: what the planner thinks that the model's own part in a score costs */
extern Cost cia_work_cost(const ml_model *model);

/* whole_row.c: the columns of a row expression */
typedef struct cia_row_columns
{
	PlannerInfo *root;
	const Node *row;              /* Var or RowExpr */
	const PlaceHolderVar *holder; /* around the RowExpr, or NULL */
	Node *present;     /* an expression: true, or NULL for a row that is not there */
	TupleDesc tupdesc; /* of a named type, pinned; else NULL */
	List *names;       /* [count] of a record */
	List *vars;        /* [count] of a Var that is a record */
	int count;
	int last; /* the column found last, or -1 */
} cia_row_columns;

/* What is opened is to be closed. */
extern bool
cia_whole_row_open(PlannerInfo *root, const Node *row, cia_row_columns *columns);
extern Node *cia_whole_row_column(cia_row_columns *columns, ml_text name);
extern void cia_whole_row_close(cia_row_columns *columns);

/* plan.c: plans that depend on models */
extern void cia_plan_open(void);

/* The plan under way depends on the registry, and on the role it is made for. */
extern void cia_plan_depend(PlannerInfo *root, Oid schema);

/* A cached model stays while the query is planned. */
extern void cia_plan_pin(cia_cached *cached);

/* The plan was made for this version, and hands over these columns. */
extern void cia_plan_note(PlannerInfo *root, Oid schema, const Const *name,
                          const cia_entry *named, ArrayType *columns);

/* Where a placeholder is remembered, for one planning; what is there may be NULL. */
extern Node **cia_plan_placeholder(PlannerInfo *root, Index number, int column);

#endif
