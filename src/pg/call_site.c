/* SPDX-License-Identifier: PostgreSQL */
/*
 * call_site.c: the model that one place in a query uses, kept in its fn_extra.
 *
 * A call site may outlive a query, as in a loop of PL/pgSQL, so a name is looked up anew
 * when the snapshot is another one.
 */
#include "cia.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

static void
unpin(void *argument)
{
	cia_site *site = argument;

	if (site->cached != NULL)
		cia_cache_unpin(site->cached);
	site->cached = NULL;
}

cia_site *
cia_site_open(FunctionCallInfo fcinfo)
{
	cia_site *site = fcinfo->flinfo->fn_extra;
	Oid *types;
	int count;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *site);
		site->lasting = fcinfo->flinfo->fn_mcxt;
		site->context =
		    AllocSetContextCreate(site->lasting, "cia call site", ALLOCSET_SMALL_SIZES);
		site->schema = cia_schema(fcinfo);
		get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
		site->by_name = types[0] == TEXTOID;
		site->row_type = count > 1 ? types[1] : InvalidOid;
		site->release = (MemoryContextCallback){.func = unpin, .arg = site};
		MemoryContextRegisterResetCallback(site->lasting, &site->release);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

static void
clear_site(cia_site *site)
{
	unpin(site);
	site->given = NULL;
	site->reader = NULL;
	MemoryContextReset(site->context);
}

/* The model to be used from now on; what was kept for another one goes. */
void
cia_site_use(cia_site *site, cia_cached *cached, const char *name)
{
	if (site->cached == cached && strcmp(site->loaded.name, name) == 0)
		return;
	cia_cache_pin(cached);
	clear_site(site);
	site->cached = cached;
	site->loaded.model = cached->model;
	site->loaded.name = MemoryContextStrdup(site->context, name);
}

static void
keep_given(cia_site *site, const struct varlena *given)
{
	struct varlena *copy = MemoryContextAlloc(site->context, VARSIZE_ANY(given));

	memcpy(copy, given, VARSIZE_ANY(given));
	site->given = copy;
}

static bool
same_bytes(const void *kept, const void *given)
{
	return kept != NULL && VARSIZE_ANY(kept) == VARSIZE_ANY(given) &&
	       memcmp(kept, given, VARSIZE_ANY(given)) == 0;
}

static void
load_named(cia_site *site, text *name)
{
	char *given = text_to_cstring(name);
	cia_entry named;

	cia_registry_check(cia_cache_seek(site->schema, given, &named), given, &named);
	cia_site_use(site, cia_cache_find(site->schema, &named), given);
	site->seen = cia_current_view();
	if (!same_bytes(site->given, name))
		keep_given(site, name);
}

static void
load_value(cia_site *site, struct varlena *value)
{
	clear_site(site);
	site->loaded.model = cia_model_decode(
	    cia_door_for_model(site->context),
	    (struct varlena *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(value)));
	site->loaded.name = "by value";
	keep_given(site, value);
}

/* A TOAST pointer to the same value is the same bytes, so values are compared undetoasted. */
const cia_loaded *
cia_model_arg(FunctionCallInfo fcinfo, int argument)
{
	cia_site *site = cia_site_open(fcinfo);
	struct varlena *given = (struct varlena *) PG_GETARG_POINTER(argument);

	if (site->by_name)
	{
		text *name = PG_GETARG_TEXT_PP(argument);

		if (!same_bytes(site->given, name) || !cia_view_holds(&site->seen))
			load_named(site, name);
	}
	else if (!same_bytes(site->given, given))
		load_value(site, given);
	return &site->loaded;
}

/* The schema that the extension lives in: that of the function called. */
Oid
cia_schema(FunctionCallInfo fcinfo)
{
	return get_func_namespace(fcinfo->flinfo->fn_oid);
}

/* A function of the extension, by name and types of arguments; InvalidOid for none. */
Oid
cia_function(Oid schema, const char *name, const Oid *types, int count)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
	                       PointerGetDatum(buildoidvector(types, count)),
	                       ObjectIdGetDatum(schema));
}
