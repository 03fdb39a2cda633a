/* SPDX-License-Identifier: PostgreSQL */
/*
 * arena.c: the memory that the core asks for.
 *
 * Requests are cut from slabs, each twice the size of the one before, so that a small
 * training stays small and a large one consists of few pieces.  Large slabs ask
 * for huge pages: columns are read and written in random order, and with pages
 * of 4 kB the processor would spend its time on address translation.
 *
 * What is handed out counts against the limit; the rest of a slab does not, since pages that
 * nobody writes to take no memory.  So what a training needs does not depend on the limit.
 *
 * A branch is a context below, that takes the place of the arena's until it is pruned.
 */
#include "cia.h"

#include <sys/mman.h>

#include "access/parallel.h"
#include "utils/memutils.h"

#define FIRST_SLAB ((Size) 16 * 1024)
#define LARGEST_SLAB ((Size) 32 * 1024 * 1024)
#define HUGE_PAGE ((Size) 2 * 1024 * 1024)

void
cia_arena_open(cia_arena *arena, MemoryContext context, Size limit)
{
	*arena = (cia_arena){.context = context, .limit = limit, .next = FIRST_SLAB};
}

/* So many bytes will be asked for, more or less: one slab for all of them. */
void
cia_arena_expect(cia_arena *arena, Size bytes)
{
	while (arena->next < bytes && arena->next < 4 * HUGE_PAGE)
		arena->next *= 2;
}

static void
leave_shared(void *argument)
{
	cia_arena *arena = argument;

	*arena->shared -= arena->used;
}

/* From now on the limit is one of all arenas that share the count, while their contexts live. */
void
cia_arena_share(cia_arena *arena, Size *shared)
{
	MemoryContextCallback *callback =
	    MemoryContextAllocZero(arena->context, sizeof *callback);

	arena->shared = shared;
	*shared += arena->used;
	callback->func = leave_shared;
	callback->arg = arena;
	MemoryContextRegisterResetCallback(arena->context, callback);
}

/* Bytes that count against the limit. */
Size
cia_arena_taken(const cia_arena *arena)
{
	return arena->shared != NULL ? *arena->shared : arena->used;
}

static void
ask_for_huge_pages(char *memory, Size size)
{
#ifdef MADV_HUGEPAGE
	char *begin = (char *) TYPEALIGN(HUGE_PAGE, memory);
	char *end = (char *) TYPEALIGN_DOWN(HUGE_PAGE, memory + size);

	/* a hint: if the system does not take it, nothing is lost */
	if (begin < end)
		(void) madvise(begin, end - begin, MADV_HUGEPAGE);
#endif
}

/* From the context, or NULL: there is none. */
static char *
take(cia_arena *arena, Size size)
{
	char *memory = MemoryContextAllocExtended(arena->context, size,
	                                          MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (memory != NULL && size >= 2 * HUGE_PAGE)
		ask_for_huge_pages(memory, size);
	return memory;
}

/*
 * Large slabs are touched ahead; not where the threads of the core are at work, nor in many
 * arenas at once, or in one of several workers.
 */
static void
touch_ahead(cia_arena *arena, char *slab, Size size)
{
	if (size >= 2 * HUGE_PAGE && !arena->crowded && arena->branch == NULL &&
	    arena->shared == NULL && !IsParallelWorker() && cia_thread_count() > 1)
		cia_touch_begin(&arena->toucher, arena->context, slab, slab + size);
}

/* From now on the threads of the core are at work. */
void
cia_arena_crowd(cia_arena *arena)
{
	arena->crowded = true;
	cia_touch_end(arena->toucher);
}

/* Room for requests to come, never more than would be granted; false: there is none. */
static bool
take_slab(cia_arena *arena)
{
	Size size = Min(arena->next, MAXALIGN_DOWN(arena->limit - cia_arena_taken(arena)));
	char *slab = take(arena, size);

	if (slab == NULL)
		return false;
	arena->free = slab;
	arena->left = size;
	touch_ahead(arena, slab, size);
	arena->next = Min(2 * arena->next, LARGEST_SLAB);
	return true;
}

static char *
cut(cia_arena *arena, Size size)
{
	char *memory = arena->free;

	arena->free += size;
	arena->left -= size;
	if (arena->toucher != NULL && arena->branch == NULL)
		cia_touch_follow(arena->toucher, arena->free);
	return memory;
}

/* Memory for any use, or NULL: past the limit, or there is none. */
void *
cia_arena_alloc(cia_arena *arena, Size size)
{
	Size taken = cia_arena_taken(arena);
	char *memory;

	size = MAXALIGN(size);
	arena->denied = size > arena->limit - Min(taken, arena->limit);
	if (arena->denied)
	{
		arena->needed = taken + size;
		return NULL;
	}
	/* what is large for a slab gets a piece of its own */
	if (size <= arena->left || (size <= arena->next / 4 && take_slab(arena)))
		memory = cut(arena, size);
	else
		memory = take(arena, size);
	if (memory == NULL)
		return NULL;
	arena->used += size;
	if (arena->shared != NULL)
		*arena->shared += size;
	return memory;
}

/* Bytes that would still be granted. */
double
cia_arena_room(const cia_arena *arena)
{
	return (double) arena->limit - (double) cia_arena_taken(arena);
}

/* What an arena is to be again after its branch. */
struct cia_branch
{
	cia_arena before;
};

/* May throw: there is no memory. */
void
cia_arena_branch(cia_arena *arena)
{
	MemoryContext context =
	    AllocSetContextCreate(arena->context, "cia branch", ALLOCSET_DEFAULT_SIZES);
	struct cia_branch *branch = MemoryContextAlloc(context, sizeof *branch);

	branch->before = *arena;
	arena->branch = branch;
	arena->context = context;
	arena->next = FIRST_SLAB;
	arena->left = 0;
}

/* Back to before the branch; answers a copy of what is kept, or NULL. */
void *
cia_arena_prune(cia_arena *arena, const void *keep, Size size)
{
	MemoryContext context = arena->context;
	Size gone = arena->used - arena->branch->before.used, needed = arena->needed;
	bool denied = arena->denied;
	void *copy = NULL;

	if (arena->shared != NULL)
		*arena->shared -= gone;
	*arena = arena->branch->before;
	/* a refusal within the branch is still to be told */
	arena->denied = denied;
	arena->needed = needed;
	if (keep != NULL)
		copy = cia_arena_alloc(arena, size);
	if (copy != NULL)
		memcpy(copy, keep, size);
	MemoryContextDelete(context);
	return copy;
}
