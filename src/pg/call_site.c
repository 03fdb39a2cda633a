/* SPDX-License-Identifier: PostgreSQL */
/*
 * call_site.c: the model that one place in a query uses, kept in its fn_extra.
 *
 * A call site may outlive a query, as in a loop of PL/pgSQL, so a name is looked up anew
 * when the snapshot is another one.
 *
 * Models given by value may change from row to row, as where rows are joined with the model
 * of their group.  They stay decoded, the least recently used ones making room past
 * cia.cache_size, so that such a join decodes each model once.
 */
#include "cia.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Bytes of a value that its hash is of: a TOAST pointer, or a header with a hash of the rest. */
#define TELLING_BYTES 64

/* Rows that are scored without tables for many in about the time that these take to make. */
#define FEW_ROWS 32

/* A model given by value, for when it comes again. */
struct cia_kept_value
{
	dlist_node node; /* most recently used first */
	uint64 hash;
	MemoryContext context;
	struct varlena *given;
	ml_model *model;
	cia_arena memory; /* as in cia_cached, as is rows */
	int rows;
	cia_reader *reader;   /* as the site left it */
	cia_reader *measured; /* the reader that size knows of */
	Size size;            /* bytes of the context */
};

/* Models given by value at one site. */
struct cia_kept_values
{
	HTAB *by_hash;
	dlist_head recent;
	Size size; /* bytes of them all */
	struct cia_kept_value *current;
};

typedef struct kept_slot
{
	uint64 hash;
	struct cia_kept_value *value;
} kept_slot;

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
load_named(cia_site *site, text *name, cia_privilege privilege)
{
	char *given = text_to_cstring(name);
	cia_entry named;

	cia_registry_check(cia_cache_seek(site->schema, given, privilege, &named), given,
	                   &named);
	cia_site_use(site, cia_cache_find(site->schema, &named), given);
	site->seen = cia_current_view();
	if (!same_bytes(site->given, name))
		keep_given(site, name);
}

static uint64
hash_of_value(const struct varlena *given)
{
	Size size = VARSIZE_ANY(given);

	return hash_bytes_extended((const unsigned char *) given,
	                           (int) Min(size, TELLING_BYTES), (uint64) size);
}

static void
open_values(cia_site *site)
{
	HASHCTL control = {
	    .keysize = sizeof(uint64), .entrysize = sizeof(kept_slot), .hcxt = site->lasting};

	site->values = MemoryContextAllocZero(site->lasting, sizeof *site->values);
	dlist_init(&site->values->recent);
	site->values->by_hash = hash_create("cia models by value", 32, &control,
	                                    HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
forget_value(struct cia_kept_values *values, struct cia_kept_value *value)
{
	hash_search(values->by_hash, &value->hash, HASH_REMOVE, NULL);
	dlist_delete(&value->node);
	values->size -= value->size;
	MemoryContextDelete(value->context);
}

/* Puts the model in use back among the others; the least recently used ones make room. */
static void
leave_value(cia_site *site)
{
	struct cia_kept_values *values = site->values;
	struct cia_kept_value *value = values->current;

	if (value == NULL)
		return;
	values->current = NULL;
	value->reader = site->reader;
	site->reader = NULL;
	if (value->measured == NULL || value->measured != value->reader)
	{
		Size size = MemoryContextMemAllocated(value->context, true);

		values->size += size - value->size;
		value->size = size;
		value->measured = value->reader;
	}
	while (values->size > (Size) cia_cache_size_kb * 1024 &&
	       !dlist_is_empty(&values->recent))
		forget_value(values, dlist_container(struct cia_kept_value, node,
		                                     dlist_tail_node(&values->recent)));
}

static void
enter_value(cia_site *site, struct cia_kept_value *value)
{
	site->values->current = value;
	site->loaded.model = value->model;
	site->loaded.name = "by value";
	site->given = value->given;
	site->reader = value->reader;
	site->context = value->context;
}

static struct cia_kept_value *
decode_value(cia_site *site, struct varlena *given, uint64 hash)
{
	MemoryContext context =
	    AllocSetContextCreate(site->lasting, "cia model by value", ALLOCSET_SMALL_SIZES);
	struct cia_kept_value *value = MemoryContextAllocZero(context, sizeof *value);
	cia_door *door = cia_door_for_model(context);

	value->hash = hash;
	value->context = context;
	value->model = cia_model_decode(
	    door, (struct varlena *) PG_DETOAST_DATUM_PACKED(PointerGetDatum(given)));
	value->memory = door->memory;
	value->given = MemoryContextAlloc(context, VARSIZE_ANY(given));
	memcpy(value->given, given, VARSIZE_ANY(given));
	return value;
}

/* The model becomes the one in use: decoded, unless it was met before. */
static void
load_value(cia_site *site, struct varlena *given)
{
	uint64 hash = hash_of_value(given);
	struct cia_kept_value *value;
	kept_slot *slot;

	if (site->values == NULL)
		open_values(site);
	leave_value(site);
	site->given = NULL;
	slot = hash_search(site->values->by_hash, &hash, HASH_FIND, NULL);
	if (slot != NULL && !same_bytes(slot->value->given, given))
	{
		forget_value(site->values, slot->value);
		slot = NULL;
	}
	if (slot != NULL)
	{
		dlist_move_head(&site->values->recent, &slot->value->node);
		enter_value(site, slot->value);
		return;
	}
	value = decode_value(site, given, hash);
	slot = hash_search(site->values->by_hash, &hash, HASH_ENTER, NULL);
	slot->value = value;
	dlist_push_head(&site->values->recent, &value->node);
	enter_value(site, value);
}

/* Adds to the site's model, or to a part of it: ours alone, though whoever scores must not change it. */
static void
add_to_model(cia_site *site, const ml_model *part,
             ml_status (*make)(ml_host *host, ml_model *model))
{
	cia_arena *memory =
	    site->cached != NULL ? &site->cached->memory : &site->values->current->memory;
	cia_door *door = cia_door_for_model(memory->context);
	ml_status status;

	door->memory = *memory;
	status = make(&door->host, (ml_model *) part);
	*memory = door->memory;
	cia_check(door, status);
	if (site->cached != NULL)
		cia_cache_measure(site->cached);
	else
		site->values->current->measured = NULL;
}

void
cia_site_lay_out(cia_site *site, const double *row)
{
	const double *inner;
	const ml_model *part = ml_model_part(site->loaded.model, row, &inner);

	if (!part->laid_out)
		add_to_model(site, part, ml_model_lay_out);
}

void
cia_site_equip(cia_site *site)
{
	if (!site->loaded.model->equipped)
		add_to_model(site, site->loaded.model, ml_model_equip);
}

void
cia_site_count_row(cia_site *site)
{
	int *rows = site->cached != NULL ? &site->cached->rows : &site->values->current->rows;

	if (++*rows > FEW_ROWS)
		cia_site_equip(site);
}

/* A TOAST pointer to the same value is the same bytes, so values are compared undetoasted. */
static inline const cia_loaded *
model_arg(FunctionCallInfo fcinfo, int argument, cia_privilege privilege)
{
	cia_site *site = cia_site_open(fcinfo);
	struct varlena *given = (struct varlena *) PG_GETARG_POINTER(argument);

	if (site->by_name)
	{
		text *name = PG_GETARG_TEXT_PP(argument);

		if (!same_bytes(site->given, name) || !cia_view_holds(&site->seen))
			load_named(site, name, privilege);
	}
	else if (!same_bytes(site->given, given))
		load_value(site, given);
	cia_site_count(site);
	return &site->loaded;
}

const cia_loaded *
cia_model_arg(FunctionCallInfo fcinfo, int argument)
{
	return model_arg(fcinfo, argument, CIA_SCORE);
}

const cia_loaded *
cia_managed_arg(FunctionCallInfo fcinfo, int argument)
{
	return model_arg(fcinfo, argument, CIA_MANAGE);
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
