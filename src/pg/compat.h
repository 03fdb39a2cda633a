/* SPDX-License-Identifier: PostgreSQL */
/*
 * compat.h: postgres.h, and all that differs between the versions of PostgreSQL.
 *
 * Every file of src/pg includes it first.
 */
#ifndef CIA_COMPAT_H
#define CIA_COMPAT_H

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
#include "utils/regproc.h"

#if PG_VERSION_NUM >= 160000
#define cia_may_execute(function)                                                        \
	(object_aclcheck(ProcedureRelationId, (function), GetUserId(), ACL_EXECUTE) ==       \
	 ACLCHECK_OK)
#define cia_name_list(text) stringToQualifiedNameList((text), NULL)
#include "catalog/pg_proc.h"
#else
#define cia_may_execute(function)                                                        \
	(pg_proc_aclcheck((function), GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
#define cia_name_list(text) stringToQualifiedNameList(text)
#endif

#if PG_VERSION_NUM >= 180000
#define cia_executor_run(desc) ExecutorRun((desc), ForwardScanDirection, 0)
#else
#define cia_executor_run(desc) ExecutorRun((desc), ForwardScanDirection, 0, true)
#endif

#if PG_VERSION_NUM < 150000
#error "cia needs PostgreSQL 15 or later"
#endif

#endif
