/* SPDX-License-Identifier: PostgreSQL */
/*
 * compat.h: postgres.h, and all that differs between the versions of PostgreSQL.
 *
 * Every file of src/pg includes it first.
 */
#ifndef CIA_COMPAT_H
#define CIA_COMPAT_H

#ifdef FRONTEND

/* The fuzz target of a model's JSON, which has the parser without the server. */
#include "postgres_fe.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

#if PG_VERSION_NUM >= 160000
#define cia_json_result JsonParseErrorType
#define cia_json_go_on() return JSON_SUCCESS
#else
#define cia_json_result void
#define cia_json_go_on() return
#endif

#if PG_VERSION_NUM >= 170000
#define cia_json_lexer(text, length)                                                     \
	makeJsonLexContextCstringLen(NULL, (text), (length), PG_UTF8, true)
#else
#define cia_json_lexer(text, length)                                                     \
	makeJsonLexContextCstringLen((text), (length), PG_UTF8, true)
#endif

#else

/*
 * Before PostgreSQL 16, PGDLLEXPORT is empty on Unix, and with -fvisibility=hidden the
 * SQL-callable functions would be hidden too.
 */
#define PGDLLEXPORT __attribute__((visibility("default")))

#include "postgres.h"

#include "fmgr.h"

/* Declares a function that SQL can call; PG_FUNCTION_INFO_V1 exports it from 16 on only. */
#define CIA_FUNCTION(name)                                                               \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                     \
	PG_FUNCTION_INFO_V1(name)

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"

#if PG_VERSION_NUM >= 160000
#define cia_may_execute(function)                                                        \
	(object_aclcheck(ProcedureRelationId, (function), GetUserId(), ACL_EXECUTE) ==       \
	 ACLCHECK_OK)
#define cia_may_use_schema(schema)                                                       \
	(object_aclcheck(NamespaceRelationId, (schema), GetUserId(), ACL_USAGE) ==           \
	 ACLCHECK_OK)
#include "catalog/pg_namespace.h"
#define cia_can_become(role) member_can_set_role(GetUserId(), (role))
#include "catalog/pg_proc.h"
#else
#define cia_may_execute(function)                                                        \
	(pg_proc_aclcheck((function), GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
#define cia_may_use_schema(schema)                                                       \
	(pg_namespace_aclcheck((schema), GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#define cia_can_become(role) is_member_of_role(GetUserId(), (role))
#endif

/* Since 18 it stands in front, and pg_attribute_noreturn() is no more. */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

#if PG_VERSION_NUM >= 180000
#define cia_executor_run(desc) ExecutorRun((desc), ForwardScanDirection, 0)
#else
#define cia_executor_run(desc) ExecutorRun((desc), ForwardScanDirection, 0, true)
#endif

/*
 * Variables and placeholders of outer joins.  From 16 on each of them says by which joins
 * it may have gone NULL.
 */
#include "nodes/bitmapset.h"
#include "nodes/pathnodes.h"

/* whole_row.c: for variables without such marks */
extern bool cia_join_nulls(const Node *jointree, Index relation);

#if PG_VERSION_NUM >= 160000
static inline bool
cia_var_is_nullable(const PlannerInfo *root, const Var *var)
{
	return !bms_is_empty(var->varnullingrels);
}

static inline void
cia_null_like(PlaceHolderVar *holder, const Var *var)
{
	holder->phnullingrels = bms_copy(var->varnullingrels);
}

static inline void
cia_var_null_like(Var *column, const Var *row)
{
	column->varnullingrels = bms_copy(row->varnullingrels);
}

/* Does the variable go NULL with the placeholder by itself? */
static inline bool
cia_var_is_held(const Var *var, const PlaceHolderVar *holder)
{
	return false;
}
#else
static inline bool
cia_var_is_nullable(const PlannerInfo *root, const Var *var)
{
	return cia_join_nulls((const Node *) root->parse->jointree, var->varno);
}

static inline void
cia_null_like(PlaceHolderVar *holder, const Var *var)
{
}

static inline void
cia_var_null_like(Var *column, const Var *row)
{
}

static inline bool
cia_var_is_held(const Var *var, const PlaceHolderVar *holder)
{
	return IsA(var, Var) && var->varlevelsup == 0 &&
	       bms_is_member(var->varno, holder->phrels);
}
#endif

/*
 * Does an outer join null the variable without a mark?  So it is with MERGE ... WHEN NOT
 * MATCHED BY SOURCE for the parts of a source that is a join (transform_MERGE_to_join).
 */
#if PG_VERSION_NUM >= 170000
static inline bool
cia_var_lacks_mark(const PlannerInfo *root, const Var *var)
{
	const Query *query = root->parse;

	return query->commandType == CMD_MERGE &&
	       (int) var->varno != query->mergeTargetRelation &&
	       bms_is_empty(var->varnullingrels) &&
	       cia_join_nulls((const Node *) query->jointree, var->varno);
}
#else
#define cia_var_lacks_mark(root, var) false
#endif

/* The columns of a range table entry, names and variables. */
#include "parser/parse_relation.h"

#if PG_VERSION_NUM >= 180000
#define cia_expand_rte(rte, var, names, vars)                                            \
	expandRTE((rte), (var)->varno, (var)->varlevelsup, (var)->varreturningtype, -1,      \
	          true, (names), (vars))
#define cia_attribute_is_virtual(attribute)                                              \
	((attribute)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define cia_expand_rte(rte, var, names, vars)                                            \
	expandRTE((rte), (var)->varno, (var)->varlevelsup, -1, true, (names), (vars))
#define cia_attribute_is_virtual(attribute) false
#endif

/* OLD or NEW in RETURNING? */
#if PG_VERSION_NUM >= 180000
#define cia_var_is_old_or_new(var) ((var)->varreturningtype != VAR_RETURNING_DEFAULT)
#else
#define cia_var_is_old_or_new(var) false
#endif

/* What a backend shows of itself, from 1, as of the statistics snapshot. */
#if PG_VERSION_NUM >= 160000
#define cia_backend_status(index) pgstat_get_local_beentry_by_index(index)
#else
#define cia_backend_status(index) pgstat_fetch_stat_local_beentry(index)
#endif

#if PG_VERSION_NUM < 150000
#error "cia needs PostgreSQL 15 or later"
#endif

#endif
#endif
