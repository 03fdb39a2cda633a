/* SPDX-License-Identifier: PostgreSQL */
/*
 * cache.c: decoded models, per backend.
 *
 * A version never changes, so an entry found by (model, version, transaction that
 * wrote it) is right for ever, in every snapshot; only the name has to be looked up
 * anew, once per function call site and snapshot, since a call site may outlive a query,
 * as in a loop of PL/pgSQL.  Entries are pinned by the call sites that use them; the
 * least recently used one without a pin makes room.
 */
#include "cia.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define MOST_MODELS 32

typedef struct cache_key
{
	pg_uuid_t id;
	int32 version;
	TransactionId stamp;
} cache_key;

typedef struct cache_entry
{
	dlist_node node; /* most recently used first */
	cache_key key;
	int pins;
	MemoryContext context;
	ml_model *model;
} cache_entry;

static dlist_head entries = DLIST_STATIC_INIT(entries);
static int entry_count = 0;

static void
make_room(void)
{
	dlist_node *node = dlist_is_empty(&entries) ? NULL : dlist_tail_node(&entries);

	while (entry_count >= MOST_MODELS && node != NULL)
	{
		cache_entry *entry = dlist_container(cache_entry, node, node);

		node = dlist_has_prev(&entries, node) ? dlist_prev_node(&entries, node) : NULL;
		if (entry->pins > 0)
			continue;
		dlist_delete(&entry->node);
		MemoryContextDelete(entry->context);
		entry_count--;
	}
}

static cache_entry *
find_entry(const cache_key *key)
{
	dlist_iter at;

	dlist_foreach(at, &entries)
	{
		cache_entry *entry = dlist_container(cache_entry, node, at.cur);

		if (memcmp(&entry->key, key, sizeof *key) == 0)
		{
			dlist_move_head(&entries, &entry->node);
			return entry;
		}
	}
	return NULL;
}

/* What is stored should never be damaged; if it is, say so with the model's name. */
static ml_model *
decode_stored(MemoryContext context, const cia_entry *named, struct varlena *content)
{
	cia_door *door = cia_door_for_model(context);
	ml_model *model;
	ml_status status;

	status = ml_model_decode(&door->host, (unsigned char *) VARDATA_ANY(content),
	                         VARSIZE_ANY_EXHDR(content), &model);
	if (status == ML_BAD_MODEL)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED),
		         errmsg("model \"%s\" is corrupted", named->name),
		         errdetail("The stored bytes of version %d are not what was written.",
		                   named->version),
		         errhint("Train it again, or restore it from a backup.")));
	cia_check(door, status);
	return model;
}

static cache_entry *
load_entry(Oid schema, const cia_entry *named, const cache_key *key)
{
	struct varlena *content = cia_registry_content(schema, named);
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "cia model", ALLOCSET_DEFAULT_SIZES);
	cache_entry *entry = MemoryContextAllocZero(context, sizeof *entry);

	entry->key = *key;
	entry->context = context;
	entry->model = decode_stored(context, named, content);
	/* from here on nothing fails */
	MemoryContextSetParent(context, CacheMemoryContext);
	make_room();
	dlist_push_head(&entries, &entry->node);
	entry_count++;
	return entry;
}

/*
 * What a look-up by name depends on: who asks, and what he sees.  No transaction
 * commits, and no command of our own ends, without a change here.
 */
typedef struct view_point
{
	Oid user;
	SubTransactionId subtransaction; /* what it did may have been undone */
	CommandId command;
	TransactionId xmin;
	TransactionId xmax;
	uint32 running;
	int32 running_below;
} view_point;

/* The model that one call site uses, kept in its fn_extra. */
typedef struct call_site
{
	cia_loaded loaded;
	struct varlena *given; /* the argument, for comparison; NULL: no model yet */
	bool by_name;
	view_point seen;
	cache_entry *entry;    /* pinned; of a model by name */
	MemoryContext context; /* of what depends on the model */
	MemoryContextCallback release;
	void *row; /* of input.c */
} call_site;

static void
unpin(void *argument)
{
	call_site *site = argument;

	if (site->entry != NULL)
		site->entry->pins--;
	site->entry = NULL;
}

static call_site *
open_site(FunctionCallInfo fcinfo)
{
	call_site *site = fcinfo->flinfo->fn_extra;
	Oid *types;
	int count;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *site);
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "cia call site",
		                                      ALLOCSET_SMALL_SIZES);
		get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
		site->by_name = types[0] == TEXTOID;
		site->release = (MemoryContextCallback){.func = unpin, .arg = site};
		MemoryContextRegisterResetCallback(fcinfo->flinfo->fn_mcxt, &site->release);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* The place where input.c keeps what it knows of the row's type. */
void **
cia_site_row(FunctionCallInfo fcinfo)
{
	return &open_site(fcinfo)->row;
}

/* Memory that lives until the call site changes its model. */
MemoryContext
cia_site_context(FunctionCallInfo fcinfo)
{
	return open_site(fcinfo)->context;
}

static void
clear_site(call_site *site)
{
	unpin(site);
	site->given = NULL;
	site->row = NULL;
	MemoryContextReset(site->context);
}

static void
keep_given(call_site *site, const struct varlena *given)
{
	struct varlena *copy = MemoryContextAlloc(site->context, VARSIZE_ANY(given));

	memcpy(copy, given, VARSIZE_ANY(given));
	site->given = copy;
}

static view_point
current_view(void)
{
	Snapshot snapshot = GetActiveSnapshot();

	return (view_point){.user = GetUserId(),
	                    .subtransaction = GetCurrentSubTransactionId(),
	                    .command = snapshot->curcid,
	                    .xmin = snapshot->xmin,
	                    .xmax = snapshot->xmax,
	                    .running = snapshot->xcnt,
	                    .running_below = snapshot->subxcnt};
}

static bool
same_view(const view_point *a, const view_point *b)
{
	return a->user == b->user && a->subtransaction == b->subtransaction &&
	       a->command == b->command && a->xmin == b->xmin && a->xmax == b->xmax &&
	       a->running == b->running && a->running_below == b->running_below;
}

static bool
same_bytes(const void *kept, const void *given)
{
	return kept != NULL && VARSIZE_ANY(kept) == VARSIZE_ANY(given) &&
	       memcmp(kept, given, VARSIZE_ANY(given)) == 0;
}

static void
load_named(FunctionCallInfo fcinfo, call_site *site, text *name)
{
	char *given = text_to_cstring(name);
	Oid schema = cia_schema(fcinfo);
	view_point seen = current_view();
	cia_entry named = cia_registry_find(schema, given);
	cache_key key = {.id = named.id, .version = named.version, .stamp = named.stamp};
	cache_entry *entry = find_entry(&key);

	if (entry == NULL)
		entry = load_entry(schema, &named, &key);
	site->seen = seen;
	if (entry == site->entry && same_bytes(site->given, name))
		return;
	clear_site(site);
	entry->pins++;
	site->entry = entry;
	site->loaded.model = entry->model;
	site->loaded.name = MemoryContextStrdup(site->context, given);
	keep_given(site, name);
}

static void
load_value(call_site *site, struct varlena *value)
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
	call_site *site = open_site(fcinfo);
	struct varlena *given = (struct varlena *) PG_GETARG_POINTER(argument);

	if (site->by_name)
	{
		text *name = PG_GETARG_TEXT_PP(argument);
		view_point now = current_view();

		if (!same_bytes(site->given, name) || !same_view(&site->seen, &now))
			load_named(fcinfo, site, name);
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
