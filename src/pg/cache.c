/* SPDX-License-Identifier: PostgreSQL */
/*
 * cache.c: decoded models, and what their names stand for, per backend.
 *
 * A row never changes, so an entry found by (model, version, place of the version's row and
 * transaction that wrote it) is right for ever, in every snapshot; only the name has to be
 * looked up anew, whenever the snapshot is another one.  Entries are pinned by the call sites that use
 * them.  Past cia.cache_size the least recently used ones without a pin make room, and
 * when the registry changes all leave that are not in use, so that nothing is kept of
 * models dropped or replaced.
 */
#include "cia.h"

#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/sinval.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* Bytes of a decoded model for each that is stored, or a few more. */
#define GROWTH 8

static dlist_head entries = DLIST_STATIC_INIT(entries);
static Size entries_size = 0;

/* The registry that plans depend on, once a name was looked up. */
static Oid registry = InvalidOid;

/* While it is set, a message about the registry is our own and about plans alone. */
static bool only_plans = false;

/* What a name stood for when it was last looked up. */
typedef struct cia_memo
{
	Oid schema; /* InvalidOid: nothing here */
	char given[NAMEDATALEN + 12];
	cia_view seen;
	cia_entry entry;
} cia_memo;

static cia_memo memos[16];

/*
 * Snapshots of equal bounds and equal counts see the same: the set of what is running below
 * a bound only shrinks.  The exception is a transaction that is being prepared, which is
 * counted twice for a moment.
 */
static uint32
hash_of_running(Snapshot snapshot)
{
	if (likely(max_prepared_xacts == 0 || snapshot->xcnt == 0))
		return 0;
	return hash_bytes((const unsigned char *) snapshot->xip,
	                  (int) (snapshot->xcnt * sizeof(TransactionId)));
}

cia_view
cia_current_view(void)
{
	Snapshot snapshot = GetActiveSnapshot();

	return (cia_view){.user = GetUserId(),
	                  .own = GetTopTransactionIdIfAny(),
	                  .subtransaction = GetCurrentSubTransactionId(),
	                  .command = snapshot->curcid,
	                  .xmin = snapshot->xmin,
	                  .xmax = snapshot->xmax,
	                  .running = snapshot->xcnt,
	                  .running_below = snapshot->subxcnt,
	                  .prepared = hash_of_running(snapshot)};
}

bool
cia_view_holds(const cia_view *seen)
{
	Snapshot snapshot = GetActiveSnapshot();

	return snapshot->xmin == seen->xmin && snapshot->xmax == seen->xmax &&
	       snapshot->curcid == seen->command && snapshot->xcnt == seen->running &&
	       snapshot->subxcnt == seen->running_below && GetUserId() == seen->user &&
	       GetTopTransactionIdIfAny() == seen->own &&
	       GetCurrentSubTransactionId() == seen->subtransaction &&
	       hash_of_running(snapshot) == seen->prepared;
}

static void
remove_entry(cia_cached *entry)
{
	dlist_delete(&entry->node);
	entries_size -= entry->size;
	MemoryContextDelete(entry->context);
}

static void
make_room(const cia_cached *spared)
{
	dlist_node *node = dlist_is_empty(&entries) ? NULL : dlist_tail_node(&entries);

	while (entries_size > (Size) cia_cache_size_kb * 1024 && node != NULL)
	{
		cia_cached *entry = dlist_container(cia_cached, node, node);

		node = dlist_has_prev(&entries, node) ? dlist_prev_node(&entries, node) : NULL;
		if (entry->pins == 0 && entry != spared)
			remove_entry(entry);
	}
}

static void
forget_names(void)
{
	for (int i = 0; i < lengthof(memos); i++)
		memos[i].schema = InvalidOid;
}

/* Roles have been changed, or who is a member of them. */
static void
roles_changed(Datum argument, int cache, uint32 hash)
{
	forget_names();
}

/* Something was written into the registry, or the message about it may have been lost. */
static void
registry_changed(Datum argument, Oid relation)
{
	dlist_mutable_iter at;

	if (only_plans || !cia_registry_forget(relation))
		return;
	forget_names();
	dlist_foreach_modify(at, &entries)
	{
		cia_cached *entry = dlist_container(cia_cached, node, at.cur);

		entry->leaving = true;
		if (entry->pins == 0)
			remove_entry(entry);
	}
}

void
cia_cache_open(void)
{
	CacheRegisterRelcacheCallback(registry_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
}

void
cia_cache_pin(cia_cached *entry)
{
	entry->pins++;
}

void
cia_cache_unpin(cia_cached *entry)
{
	if (--entry->pins == 0 && entry->leaving)
		remove_entry(entry);
	else
		make_room(NULL);
}

void
cia_cache_measure(cia_cached *entry)
{
	Size size = MemoryContextMemAllocated(entry->context, true);

	entries_size += size - entry->size;
	entry->size = size;
	make_room(entry);
}

static cia_cached *
find_entry(const cia_entry *named)
{
	dlist_iter at;

	dlist_foreach(at, &entries)
	{
		cia_cached *entry = dlist_container(cia_cached, node, at.cur);

		if (cia_same_version(&entry->named, named))
		{
			dlist_move_head(&entries, &entry->node);
			entry->leaving = false;
			return entry;
		}
	}
	return NULL;
}

/* What is stored should never be damaged; if it is, say so with the model's name. */
static void
decode_stored(cia_cached *entry, struct varlena *content)
{
	cia_door *door = cia_door_for_model(entry->context);
	const cia_entry *named = &entry->named;
	ml_status status;

	cia_arena_expect(&door->memory, (Size) GROWTH * VARSIZE_ANY_EXHDR(content));
	status = ml_model_decode(&door->host, (unsigned char *) VARDATA_ANY(content),
	                         VARSIZE_ANY_EXHDR(content), &entry->model);
	entry->memory = door->memory;
	if (status == ML_BAD_MODEL)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED),
		         errmsg("model \"%s\" is corrupted", NameStr(named->name)),
		         errdetail("The stored bytes of version %d are not what was written.",
		                   named->version),
		         errhint("Train it again, or restore it from a backup.")));
	cia_check(door, status);
}

/* Names of the columns that the model uses, each once. */
static ArrayType *
columns_of(const ml_model *model)
{
	const ml_schema *schema = &model->schema;
	Datum *name = palloc(sizeof(Datum) * schema->features);
	int count = 0;

	for (int f = 0; f < schema->features; f++)
		if (!cia_is_further_element(schema, f))
			name[count++] = PointerGetDatum(cstring_to_text_with_len(
			    schema->feature[f].name.bytes, schema->feature[f].name.length));
	return construct_array(name, count, TEXTOID, -1, false, TYPALIGN_INT);
}

static cia_cached *
load_entry(Oid schema, const cia_entry *named)
{
	struct varlena *content = cia_registry_content(schema, named);
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "cia model", ALLOCSET_DEFAULT_SIZES);
	cia_cached *entry = MemoryContextAllocZero(context, sizeof *entry);
	MemoryContext before;

	entry->named = *named;
	entry->context = context;
	decode_stored(entry, content);
	pfree(content);
	before = MemoryContextSwitchTo(context);
	entry->columns = columns_of(entry->model);
	MemoryContextSwitchTo(before);
	/* from here on nothing fails */
	MemoryContextSetParent(context, CacheMemoryContext);
	dlist_push_head(&entries, &entry->node);
	cia_cache_measure(entry);
	return entry;
}

static bool
is_about(const cia_memo *memo, Oid schema, const char *given, cia_privilege privilege)
{
	/* who may manage may score */
	return memo->schema == schema && memo->entry.privilege >= privilege &&
	       strcmp(memo->given, given) == 0;
}

/* As cia_registry_seek, without a look at the tables while nothing can have changed. */
cia_finding
cia_cache_seek(Oid schema, const char *given, cia_privilege privilege, cia_entry *entry)
{
	uint32 slot = string_hash(given, strlen(given) + 1) % lengthof(memos);
	cia_memo *memo = &memos[slot];
	cia_finding finding;

	/* what this transaction sees stays, but rights may go meanwhile */
	if (IsolationUsesXactSnapshot())
		AcceptInvalidationMessages();
	if (is_about(memo, schema, given, privilege) && cia_view_holds(&memo->seen))
	{
		*entry = memo->entry;
		return CIA_FOUND;
	}
	/* a message read on the way may say that the places are no longer the same */
	if (is_about(memo, schema, given, privilege) &&
	    cia_registry_confirm(schema, &memo->entry) && memo->schema == schema)
	{
		memo->seen = cia_current_view();
		*entry = memo->entry;
		return CIA_FOUND;
	}
	registry = cia_registry_relation(schema);
	finding = cia_registry_seek(schema, given, privilege, entry);
	if (finding == CIA_FOUND && strlen(given) < sizeof memo->given)
	{
		*memo = (cia_memo){.schema = schema, .seen = cia_current_view(), .entry = *entry};
		strlcpy(memo->given, given, sizeof memo->given);
	}
	return finding;
}

cia_cached *
cia_cache_find(Oid schema, const cia_entry *named)
{
	cia_cached *entry = find_entry(named);

	return entry != NULL ? entry : load_entry(schema, named);
}

void
cia_cache_forget_plans(void)
{
	SharedInvalidationMessage message;

	memset(&message, 0, sizeof message);
	message.rc.id = SHAREDINVALRELCACHE_ID;
	message.rc.dbId = MyDatabaseId;
	message.rc.relId = registry;
	only_plans = true;
	PG_TRY();
	{
		LocalExecuteInvalidationMessage(&message);
	}
	PG_FINALLY();
	{
		only_plans = false;
	}
	PG_END_TRY();
}
