/* SPDX-License-Identifier: PostgreSQL */
/*
 * moved.h: versions under names that they were not trained under.
 *
 *	moved.c			renamed and copied
 *	export.c		as a document
 *	import.c		from a document
 *	import_check.c	what a document must be
 */
#ifndef CIA_MOVED_H
#define CIA_MOVED_H

#include "cia.h"

#define CIA_EXPORT_FORMAT "1"

/*
 * moved.c: ends the scope of a version that was written.  The first one of a new model goes into
 * production, for which kind and reason are given; others wait for cia_promote.
 */
extern void cia_version_arrived(const cia_owner_scope *scope, const pg_uuid_t *id,
                                int32 version, const cia_promotion *first);

/* A document that was read and found in order. */
typedef struct cia_import_document
{
	cia_door *door;
	ml_value all;
	const ml_value *lineage;
	ml_model *model;
	struct varlena *content; /* the model's bytes */
} cia_import_document;

/* Reads and checks; raises 22P02 with what is wrong. */
extern void cia_import_read(Jsonb *jsonb, cia_import_document *document);

#endif
