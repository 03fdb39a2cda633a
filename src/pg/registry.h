/* SPDX-License-Identifier: PostgreSQL */
/*
 * registry.h: models by name: finding them, reading what is kept of them, and writing.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_REGISTRY_H
#define CIA_REGISTRY_H

/* registry.c: names, versions and rights; registry_tables.c: the tables themselves */

/* A row of a table: where it is, and which transaction put it there. */
typedef struct cia_row_place
{
	ItemPointerData at;
	TransactionId xmin;
} cia_row_place;

/* What a look-up by name is for. */
typedef enum cia_privilege
{
	CIA_SCORE, /* to ask the model for answers */
	CIA_MANAGE /* to look into it, and all else that its owner may */
} cia_privilege;

typedef struct cia_entry
{
	Oid schema; /* of the extension */
	pg_uuid_t id;
	int32 version;
	Oid owner;
	cia_privilege privilege; /* that was looked for */
	Oid through; /* whose it is: a role of which the caller is a member, or InvalidOid for everybody's */
	NameData name;          /* without the version */
	cia_row_place in_names; /* the rows that say so */
	cia_row_place in_versions;
} cia_entry;

typedef enum cia_finding
{
	CIA_FOUND,
	CIA_ABSENT,
	CIA_NO_VERSION, /* the model is there and not that version of it */
	CIA_DENIED,     /* there, but not the caller's to use */
	CIA_UNPROMOTED  /* there, but no version of it is in production */
} cia_finding;

/* What a training has to say of itself. */
typedef struct cia_record
{
	struct cia_training *training;
	const char *promote; /* the rule of promotion from now on; NULL: as it is */
	ml_result *result;
	ArrayType *inputs; /* columns read as features */
	List *notes;       /* C strings */
	struct varlena *content;
	double seconds;
	Jsonb *columns; /* of the source, as cia_columns_list tells them */
} cia_record;

/* What became of it. */
typedef struct cia_added
{
	int32 version;
	bool promoted;
	ArrayType *notes;
} cia_added;

/* Looks a name up for the current user, under the active snapshot. */
extern cia_finding cia_registry_seek(Oid schema, const char *name,
                                     cia_privilege privilege, cia_entry *entry);

/* The same for another role; InvalidOid has what everybody has. */
extern cia_finding cia_registry_seek_for(Oid schema, const char *name, Oid role,
                                         cia_privilege privilege, cia_entry *entry);

/* Do the rows that an earlier look-up has found still say the same, and may this user still know? */
extern bool cia_registry_confirm(Oid schema, const cia_entry *entry);

/* Seek and check, for whoever may score. */
extern cia_entry cia_registry_find(Oid schema, const char *name);

/* The same for whoever may do what the owner may. */
extern cia_entry cia_registry_manage(Oid schema, const char *name);

/*
 * The same for a model as a whole, of which there need be no version in production; version is
 * that, or 0.  Raises 42602 for name@version too.
 */
extern cia_entry cia_registry_manage_model(Oid schema, const char *name);

/* The table of names: what plans depend on. */
extern Oid cia_registry_relation(Oid schema);

/* Forgets what is known of the tables if it is about them; InvalidOid is about all. */
extern bool cia_registry_forget(Oid relation);

/*
 * What that name stands for by now, and its rule of promotion, whoever asks; false if it stands for
 * no version.  No lock stays behind: it is for long calls, whose end may be hours away.
 */
extern bool
cia_registry_champion(Oid schema, const char *name, cia_entry *entry, char **rule);

/* Raises 42602 for a name that cannot be one. */
extern void cia_registry_check_new_name(const char *name);

/* The same, and 42501 for one of somebody else's model. */
extern void cia_registry_check_name(Oid schema, const char *name);

/* version_row.c: what is kept of a version */

/*
 * "3, 2, 1": the numbers of the versions there are, the newest first and not too many; empty if
 * there are none.  The caller has asked for the right to know.
 */
extern char *cia_registry_versions(const cia_entry *entry);

/* The version's bytes, detoasted into the current memory context. */
extern struct varlena *cia_registry_content(Oid schema, const cia_entry *entry);

/*
 * The version's row of cia_version as it is by now, a composite value without a lock; 0 if it is
 * gone.  Version 0 is the newest one, whose number goes into the entry.
 */
extern Datum cia_registry_row(cia_entry *entry);

/* What cia_evaluate has to know of how a version was trained. */
typedef struct cia_lineage
{
	char *source;
	ArrayType *inputs;
	ArrayType *id;
	char *weight;
	Oid author; /* whose text the source is */
} cia_lineage;

extern cia_lineage cia_registry_lineage(Oid schema, const cia_entry *entry);

/* finding.c: the errors of look-ups */

/*
 * Raises 42704 for CIA_ABSENT and CIA_NO_VERSION, 42501 for CIA_DENIED and 55000 for
 * CIA_UNPROMOTED.  The entry of CIA_ABSENT may be NULL.
 */
extern void
cia_registry_check(cia_finding finding, const char *name, const cia_entry *entry);

/* rights.c: who may use a model */

/* What its row says of that. */
typedef struct cia_rights
{
	Oid owner;
	ArrayType *scorers; /* InvalidOid among them is everybody */
	ArrayType *managers;
} cia_rights;

/* Has the role the privilege, and through which one? */
extern bool cia_rights_allow(const cia_rights *rights, Oid role, cia_privilege privilege,
                             Oid *through);

/* Raises 42501 for a model that is there, but not for the caller. */
pg_noreturn extern void
cia_raise_denied(const char *name, Oid owner, cia_privilege privilege);
/* update.c: a new library with older tables */

/* Raises 55000 if the extension is at another version than the library; for what writes. */
extern void cia_need_update(void);

/* kept.c: running the text of a training again */

/* The source of a version, which somebody else may have written. */
typedef struct cia_kept
{
	cia_entry version;
	Oid author;
} cia_kept;

/* What is put back by cia_kept_end, or by an abort. */
typedef struct cia_kept_scope
{
	Oid user; /* the caller */
	int context;
	Oid role; /* whose rights are in force */
} cia_kept_scope;

/*
 * From here on the rights in force are such that both the caller and the author of the text
 * have; raises 42501 if there are none.
 */
extern cia_kept_scope cia_kept_begin(const cia_kept *kept);
extern void cia_kept_end(const cia_kept_scope *scope);

/* owner.c: writing into the registry, with the rights of the tables' owner */

/* What is put back by cia_owner_end, or by an abort. */
typedef struct cia_owner_scope
{
	Oid schema; /* of the extension */
	Oid user;   /* the caller */
	MemoryContext caller;
	int context;
	int path; /* as cia_path_pin has answered it */
} cia_owner_scope;

/* A fixed statement; each %1$s in its text is the extension's schema, quoted. */
typedef struct cia_statement
{
	const char *text;
	int expected; /* what SPI answers when it went well */
	int args;
	Oid *types;
	Datum *values;
	const char *nulls; /* NULL: none is */
} cia_statement;

/* From here on only statements of ours run, with search_path pinned, until the end. */
extern cia_owner_scope cia_owner_begin(Oid schema);

/*
 * Locks the tables for writing, before any of them is read: REINDEX, which lets readers in and then
 * waits for them, must not come between a call's reading and its writing.
 */
extern void cia_owner_lock(const cia_owner_scope *scope);

/*
 * The search_path alone, for statements of ours with the caller's rights: what a schema of
 * somebody's has in front is not taken for PostgreSQL's.  Answers what cia_path_unpin, or an
 * abort, undoes.
 */
extern int cia_path_pin(void);
extern void cia_path_unpin(int level);

/* Answers the number of rows; those that it returns are in SPI_tuptable. */
extern uint64 cia_owner_execute(const cia_owner_scope *scope, const cia_statement *run);

/*
 * Every plan that depends on the registry, and every model kept decoded, is
 * looked at anew: here at once, elsewhere when the transaction commits.
 */
extern void cia_owner_end(const cia_owner_scope *scope);

/* The end of what has changed neither names nor versions: nothing is looked at anew. */
extern void cia_owner_leave(const cia_owner_scope *scope);

/*
 * Locks the model's row until the transaction ends and reads what it says now, which lives until
 * the scope's end; raises 42704 if the model is gone, 42501 if the caller may manage it no more.
 */
extern cia_rights cia_rights_hold(const cia_owner_scope *scope, const cia_entry *entry);

/* Arguments of statements. */
extern Datum cia_text_or_null(const char *text, char *null);
extern Datum cia_array_or_null(ArrayType *array, char *null);

/* promote.c: what is in production */
typedef struct cia_promotion
{
	const pg_uuid_t *model;
	int32 version;
	int32 previous;   /* 0: none was in production */
	const char *kind; /* training, promotion, rollback, copy or import */
	const char *reason;
} cia_promotion;

/* Puts a version into production and records it. */
extern void
cia_put_into_production(const cia_owner_scope *scope, const cia_promotion *promotion);

/* version.c: versions that are trained */
/* Writes a version in the caller's transaction, and puts it into production by the model's rule. */
extern cia_added cia_registry_add(Oid schema, const char *name, cia_record *record);

/* name_segment.c: gives the new segments the names that those they follow were given meanwhile. */
extern void cia_follow_names(const cia_owner_scope *scope, const pg_uuid_t *model,
                             cia_record *record);

/* The model's row, new or locked, and the number that the next version gets; raises 42501. */
extern void cia_version_claim(const cia_owner_scope *scope, const char *name,
                              pg_uuid_t *id, int32 *version);

/* The type cia_model. */
extern Oid cia_model_type(Oid schema);

#endif
