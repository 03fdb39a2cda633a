/* SPDX-License-Identifier: PostgreSQL */
/*
 * cron.h: schedules as pg_cron reads them, and when they come next.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_CRON_H
#define CIA_CRON_H

#include "pgtime.h"

/* Values are bits, from 0. */
typedef struct cia_cron
{
	uint64 minutes;
	uint32 hours;
	uint32 days;
	uint32 months;
	uint32 weekdays; /* Sunday is 0 */
	bool
	    both_days; /* day and weekday must fit, since one of them is a star; else either */
	bool last_day; /* of the month fits, too */
	bool at_start; /* of the server, and at no other time */
	int seconds;   /* after the last run; 0: the fields tell */
} cia_cron;

/* False for a text that is no schedule. */
extern bool cia_cron_read(const char *text, cia_cron *cron);

/* The zone in which pg_cron reads schedules; raises 22023 for one that is none. */
extern pg_tz *cia_cron_zone(const char *name);

/* The first time after that one; false if there is none within 40 years. */
extern bool
cia_cron_next(const cia_cron *cron, TimestampTz after, pg_tz *zone, TimestampTz *next);

/* Raises 22023. */
extern void cia_cron_check(const char *text, cia_cron *cron);

#endif
