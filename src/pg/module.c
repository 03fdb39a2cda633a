/* SPDX-License-Identifier: PostgreSQL */
/*
 * module.c: what happens when the library is loaded: settings and hooks.
 */
#include "cia.h"

#include <limits.h>

#include "utils/guc.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

int cia_threads = 0;
int cia_max_memory_kb = 1024 * 1024;
int cia_cache_size_kb = 64 * 1024;
bool cia_see_through = true;
int cia_progress = CIA_PROGRESS_AUTO;

static const struct config_enum_entry progress_options[] = {
    {"auto", CIA_PROGRESS_AUTO, false},
    {"on", CIA_PROGRESS_ON, false},
    {"off", CIA_PROGRESS_OFF, false},
    {NULL, 0, false},
};

void
_PG_init(void)
{
	DefineCustomIntVariable(
	    "cia.threads", "Sets the number of threads that train a model or score a table.",
	    "0 means 1 + max_parallel_workers_per_gather, at most the "
	    "number of processors.",
	    &cia_threads, 0, 0, ML_MAX_THREADS, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("cia.max_memory",
	                        "Sets the memory that one training or evaluation may use.",
	                        NULL, &cia_max_memory_kb, 1024 * 1024, 1024, MAX_KILOBYTES,
	                        PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable(
	    "cia.cache_size", "Sets the memory in which a session keeps models decoded.",
	    "Models in use stay beyond it.", &cia_cache_size_kb, 64 * 1024, 0, MAX_KILOBYTES,
	    PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomBoolVariable(
	    "cia.see_through", "Lets the planner hand over columns instead of whole rows.",
	    "For development: off, every score takes the record path.", &cia_see_through,
	    true, PGC_USERSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
	DefineCustomEnumVariable(
	    "cia.progress", "Reports progress of training and scoring as notices.",
	    "auto reports to psql alone.", &cia_progress, CIA_PROGRESS_AUTO, progress_options,
	    PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("cia");
	cia_cache_open();
	cia_plan_open();
}
