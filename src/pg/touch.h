/* SPDX-License-Identifier: PostgreSQL */
/*
 * touch.h: memory that is touched before it is written to.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_TOUCH_H
#define CIA_TOUCH_H

typedef struct cia_toucher cia_toucher;

/*
 * Memory from begin to end will be written to, from begin on: begins to touch it, by a thread
 * that lives as long as the context.  *toucher is NULL the first time, and stays so where no
 * thread can be had.
 */
extern void
cia_touch_begin(cia_toucher **toucher, MemoryContext context, char *begin, char *end);

/* It has been handed out up to there. */
extern void cia_touch_follow(cia_toucher *toucher, const char *used);

/* Nothing more is to be touched ahead. */
extern void cia_touch_end(cia_toucher *toucher);

/* door.c: threads that a training may use, the caller's included */
extern int cia_thread_count(void);

#endif
