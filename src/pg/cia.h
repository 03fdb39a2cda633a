/* SPDX-License-Identifier: PostgreSQL */
/*
 * cia.h: what the files of the glue share, by the file that holds it.
 */
#ifndef CIA_H
#define CIA_H

#include "compat.h"

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "judge/judge.h"

/* module.c: settings */
extern int cia_threads;
extern int cia_max_memory_kb;
extern int cia_progress;

enum
{
	CIA_PROGRESS_AUTO,
	CIA_PROGRESS_ON,
	CIA_PROGRESS_OFF
};

/* arena.c: the memory that the core asks for */
typedef struct cia_arena
{
	MemoryContext context;
	Size limit;
	Size used;   /* taken from the context */
	bool denied; /* the last request went past the limit */
	Size next;   /* size of the next slab */
	char *free;  /* what is left of the current slab */
	Size left;
} cia_arena;

extern void cia_arena_open(cia_arena *arena, MemoryContext context, Size limit);
extern void *cia_arena_alloc(cia_arena *arena, Size size);
extern double cia_arena_room(const cia_arena *arena);

/* door.c: the core's host, and its statuses as errors */
typedef struct cia_door
{
	ml_host host;
	cia_arena memory;
	MemoryContext arena;   /* the context that all lives in */
	ErrorData *pending;    /* an error thrown in a callback, to be thrown again */
	TimestampTz reported;  /* when progress was last shown */
	const char *algorithm; /* for messages */
	ml_frame *frame;       /* for the names of columns in messages */
	const char *target;    /* likewise */
} cia_door;

/* A door for training and evaluation: cia.max_memory applies. */
extern cia_door *cia_door_open(MemoryContext arena);

/* A door for reading and writing models, without that limit. */
extern cia_door *cia_door_for_model(MemoryContext arena);

/* Gives the core threads and BLAS, which loads OpenBLAS; for training and evaluation only. */
extern void cia_door_equip(cia_door *door);

/* Raises the error that a status stands for; returns for ML_OK. */
extern void cia_check(cia_door *door, ml_status status);

/* Is the statement to be cancelled, or the backend to end?  Never throws. */
extern bool cia_stop_requested(void);

/* blas.c: OpenBLAS, loaded by the first call; NULL where it is missing */
extern const ml_blas *cia_blas(void);

/* numeric.c: exactly numeric::float8, but an infinity where that is out of range */
extern double cia_numeric_double(Numeric number);

/* value.c: JSON-shaped values; what comes out lives in the current memory context */
extern void cia_value_from_jsonb(cia_door *door, Jsonb *jsonb, ml_value *value);
extern Jsonb *cia_value_to_jsonb(const ml_value *value);
extern char *cia_value_to_json(const ml_value *value);
extern char *cia_text_cstring(ml_text text);

/* "x", or "x[3]" for an element of an array. */
extern char *cia_element_name(ml_text name, int element);

/* The same bytes; no copy. */
extern ml_text cia_text_of(const char *string);

/* reader.c: SQL values as cells */
typedef struct cia_column
{
	const char *name;
	Oid type; /* base type of a domain */
	const char *type_name;
	AttrNumber attno;
	ml_role role;
	ml_kind kind;
	bool is_array;
	FmgrInfo *convert; /* output function, or cast to float4[]; NULL where not needed */
	int width;         /* of an array, 0 until the first one is seen */
	int *cell;         /* [width] its places among the cells of a frame's row */
	void (*read)(const struct cia_column *column, Datum value, ml_cell *cell);
} cia_column;

/*
 * Sets up the reading of a column of that type, as a number or as a category; in a role
 * that leaves both open (feature, id) the type decides.  Raises 42804.
 */
extern void cia_column_open(cia_column *column, const char *name, Oid type,
                            AttrNumber attno, ml_role role);

/* Reads it as labels after all: bool and integers too.  Raises 42804. */
extern void cia_column_as_category(cia_column *column);

/* Can values of this type be the labels of classes? */
extern bool cia_type_is_class(Oid type);

/* Sets the field of the cell that counts for the column's kind. */
extern void
cia_cell_read(const cia_column *column, Datum value, bool isnull, ml_cell *cell);

/* Elements of an array, palloc'd, and how many; 0 for NULL and the empty array. */
extern int
cia_array_read(const cia_column *column, Datum value, bool isnull, double **elements);

/* rows.c: rows into a frame */
typedef struct cia_rows
{
	cia_door *door;
	ml_frame *frame;
	cia_column *column;
	int columns;
	ml_cell *cells;
	int cell_room;
	MemoryContext scratch; /* reset after every row; NULL: the caller does that */
} cia_rows;

/* What a user said of the columns. */
typedef struct cia_roles
{
	const char *target;
	Oid target_type; /* of a target that is no column of the source */
	ArrayType *features;
	ArrayType *exclude;
	ArrayType *id;
	const char *weight;
	const ml_learner *learner; /* decides how the target is read */
} cia_roles;

/*
 * A frame for rows of this shape, in the door's arena.  Raises 42703 for names that are no
 * column, 42701 for a name that occurs twice, 42804 for types that cannot be used.
 */
extern cia_rows *cia_rows_open(cia_door *door, TupleDesc tupdesc, const cia_roles *roles);

/* values and nulls are by attribute number, from 0; a target of its own comes last. */
extern void cia_rows_append(cia_rows *rows, const Datum *values, const bool *nulls);

extern void
cia_raise_width(const char *column, int width, int other) pg_attribute_noreturn();
extern void cia_raise_no_column(const char *name) pg_attribute_noreturn();
extern bool cia_array_names(ArrayType *names, const char *name);

/* source.c: running a source query */
typedef void (*cia_start_rows)(void *state, TupleDesc tupdesc);
typedef void (*cia_take_row)(void *state, const Datum *values, const bool *nulls);

/*
 * Runs a table, a view or one query with the caller's rights: start gets the shape, take each
 * row.  model names what is trained, in error contexts; NULL when nothing is.
 */
extern void cia_source_run(const char *source, const char *model, cia_start_rows start,
                           cia_take_row take, void *state);

/* The relation that a source names; InvalidOid for a query or a name of nothing. */
extern Oid cia_source_relation(const char *source);

/* options.c */
typedef struct cia_settings
{
	const ml_learner *learner;
	ml_common_options common;
	void *learner_options;
	ml_value given; /* all options in force, defaults included */
} cia_settings;

/* The learner of that name, or for 'auto' the one that fits the target's type. */
extern const ml_learner *cia_learner_named(const char *algorithm, Oid target_type);

/* Checks options given as an object and adds the defaults; raises 22023. */
extern void cia_settings_read(cia_door *door, const ml_learner *learner,
                              const ml_value *given, cia_settings *settings);

/* NULL is the empty object; raises 22023 for anything but an object. */
extern void cia_object_from_jsonb(cia_door *door, Jsonb *jsonb, ml_value *object);

/* notes.c: the core's notes in words */
extern ArrayType *cia_notes_text(const ml_result *result, List *further);

/* model.c: the type cia_model */
/* The model in the door's arena; raises 22P03 for bytes that are none. */
extern ml_model *cia_model_decode(cia_door *door, struct varlena *bytes);
extern struct varlena *cia_model_encode(cia_door *door, const ml_model *model);

/* registry.c: names, versions and rights */
typedef struct cia_entry
{
	pg_uuid_t id;
	int32 version;
	TransactionId stamp; /* wrote the version: tells it from one that was undone */
	char *name;          /* without the version */
} cia_entry;

typedef struct cia_record
{
	const char *source;
	const cia_settings *settings;
	const cia_roles *roles;
	ml_result *result;
	ArrayType *inputs; /* columns read as features */
	ArrayType *notes;
	struct varlena *content;
	double seconds;
} cia_record;

/* Under the active snapshot; raises 42704 for no such model and 42501 for no right to it. */
extern cia_entry cia_registry_find(Oid schema, const char *name);

/* The version's bytes, detoasted into the current memory context. */
extern struct varlena *cia_registry_content(Oid schema, const cia_entry *entry);

/* Writes a version in the caller's transaction and answers its number. */
extern int32
cia_registry_add(Oid schema, const char *name, const cia_record *record, bool *promoted);

/* Raises 42602 for a name that cannot be one, 42501 for one of somebody else's model. */
extern void cia_registry_check_name(Oid schema, const char *name);

/* What cia_evaluate has to know of how a version was trained. */
typedef struct cia_lineage
{
	char *source;
	ArrayType *inputs;
	ArrayType *id;
	char *weight;
} cia_lineage;

extern cia_lineage cia_registry_lineage(Oid schema, const cia_entry *entry);

/* cache.c: models decoded, per backend */
typedef struct cia_loaded
{
	const ml_model *model;
	const char *name; /* for messages */
} cia_loaded;

/* The model a function is called with by name or by value, kept while the node lives. */
extern const cia_loaded *cia_model_arg(FunctionCallInfo fcinfo, int argument);

/* What input.c keeps for a call site, and the memory for it, until the model changes. */
extern void **cia_site_row(FunctionCallInfo fcinfo);
extern MemoryContext cia_site_context(FunctionCallInfo fcinfo);

/* The extension's schema: that of the function called. */
extern Oid cia_schema(FunctionCallInfo fcinfo);

/* input.c: the row a function is called with */
/* One double per feature, overwritten by the next call from the same place. */
extern const double *
cia_row_arg(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded);

/* Is a feature a further element of the array that the one before it comes from? */
extern bool cia_is_further_element(const ml_schema *schema, int feature);

/* Refuses a value that is not finite. */
extern void
cia_check_feature(const cia_loaded *loaded, const ml_feature *feature, double value);
extern void
cia_check_width(const cia_loaded *loaded, const ml_feature *feature, int width);
extern void
cia_raise_missing(const cia_loaded *loaded, const char *columns) pg_attribute_noreturn();

/* input_json.c */
extern void cia_read_json_row(const cia_loaded *loaded, Jsonb *jsonb, double *row);

/* The text of a feature's value in the row that cia_row_arg read last; NULL if missing. */
extern char *cia_feature_text(const ml_feature *feature, double value);

#endif
