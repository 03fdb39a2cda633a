/* SPDX-License-Identifier: PostgreSQL */
/*
 * schedule.h: what the files share that deal with schedules of pg_cron.
 */
#ifndef CIA_SCHEDULE_H
#define CIA_SCHEDULE_H

#include "cia.h"

#include "executor/spi.h"

/* The name of a model's job; the model may be renamed, and its id stays. */
extern char *cia_cron_name(const pg_uuid_t *model);

/* Is pg_cron an extension of this database, with the schema of jobs its own? */
extern bool cia_cron_is_here(void);

/* As the tables' owner: takes the model's job out of pg_cron, if it is there and may be. */
extern void cia_cron_unschedule(const cia_owner_scope *scope, const pg_uuid_t *model);

#endif
