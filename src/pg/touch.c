/* SPDX-License-Identifier: PostgreSQL */
/*
 * touch.c: a thread that touches memory before it is written to.
 *
 * The kernel clears a page when it is first touched, and a virtual machine may have to ask
 * its host for it: that can take longer than to read the rows that are put there.  While rows
 * are read the other processors have nothing to do for the training, so one of them asks for
 * the pages, a little ahead of where memory is handed out: what nobody needs stays untouched.
 *
 * The thread calls the kernel and nothing of PostgreSQL, has all signals blocked, and is
 * joined by a callback of the context before that gives its memory back.  Where the kernel
 * does not know the request (before Linux 5.14), pages are touched as they are written to.
 */
#include "cia.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "utils/memutils.h"

#define PAGES ((Size) 64 * 1024)      /* a multiple of any page */
#define STEP ((Size) 2 * 1024 * 1024) /* of one request: a huge page */
#define LEAD ((Size) 4 * 1024 * 1024) /* ahead of what is handed out */

struct cia_toucher
{
	MemoryContextCallback callback;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char *at;  /* touched up to here */
	char *to;  /* to be touched */
	char *end; /* of what may be touched */
	bool closing;
};

#ifdef MADV_POPULATE_WRITE

/* Up to the end of a huge page, or the end of it all. */
static char *
step_from(const cia_toucher *toucher)
{
	char *next = (char *) TYPEALIGN_DOWN(STEP, toucher->at + STEP);

	return next < toucher->end ? next : toucher->end;
}

static void *
touch_main(void *argument)
{
	cia_toucher *toucher = argument;

	pthread_mutex_lock(&toucher->lock);
	while (!toucher->closing)
	{
		char *from = toucher->at, *next = step_from(toucher);

		if (from >= toucher->to)
		{
			pthread_cond_wait(&toucher->wake, &toucher->lock);
			continue;
		}
		toucher->at = next;
		pthread_mutex_unlock(&toucher->lock);
		/* a hint: what it does not touch is touched later */
		(void) madvise(from, next - from, MADV_POPULATE_WRITE);
		pthread_mutex_lock(&toucher->lock);
	}
	pthread_mutex_unlock(&toucher->lock);
	return NULL;
}

void
cia_touch_end(cia_toucher *toucher)
{
	if (toucher == NULL || toucher->closing)
		return;
	pthread_mutex_lock(&toucher->lock);
	toucher->closing = true;
	pthread_cond_signal(&toucher->wake);
	pthread_mutex_unlock(&toucher->lock);
	pthread_join(toucher->thread, NULL);
	pthread_cond_destroy(&toucher->wake);
	pthread_mutex_destroy(&toucher->lock);
}

static void
close_toucher(void *argument)
{
	cia_touch_end(argument);
}

static cia_toucher *
open_toucher(MemoryContext context)
{
	cia_toucher *toucher = MemoryContextAllocExtended(
	    context, sizeof *toucher, MCXT_ALLOC_ZERO | MCXT_ALLOC_NO_OOM);
	sigset_t all, before;
	bool started;

	if (toucher == NULL)
		return NULL;
	pthread_mutex_init(&toucher->lock, NULL);
	pthread_cond_init(&toucher->wake, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&toucher->thread, NULL, touch_main, toucher) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!started)
		return NULL;
	toucher->callback.func = close_toucher;
	toucher->callback.arg = toucher;
	MemoryContextRegisterResetCallback(context, &toucher->callback);
	return toucher;
}

void
cia_touch_begin(cia_toucher **toucher, MemoryContext context, char *begin, char *end)
{
	if (*toucher == NULL)
		*toucher = open_toucher(context);
	if (*toucher == NULL || (*toucher)->closing)
		return;
	pthread_mutex_lock(&(*toucher)->lock);
	/* requests are of whole pages */
	(*toucher)->at = (*toucher)->to = (char *) TYPEALIGN(PAGES, begin);
	(*toucher)->end = (char *) TYPEALIGN_DOWN(PAGES, end);
	pthread_mutex_unlock(&(*toucher)->lock);
	cia_touch_follow(*toucher, begin);
}

void
cia_touch_follow(cia_toucher *toucher, const char *used)
{
	char *to = (char *) TYPEALIGN_DOWN(STEP, used + LEAD);

	/* the thread does not change these two */
	if (toucher->closing || to <= toucher->to)
		return;
	pthread_mutex_lock(&toucher->lock);
	toucher->to = Min(to, toucher->end);
	pthread_cond_signal(&toucher->wake);
	pthread_mutex_unlock(&toucher->lock);
}

#else

void
cia_touch_begin(cia_toucher **toucher, MemoryContext context, char *begin, char *end)
{
}

void
cia_touch_follow(cia_toucher *toucher, const char *used)
{
}

void
cia_touch_end(cia_toucher *toucher)
{
}

#endif
