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
#include "lib/ilist.h"
#include "nodes/pathnodes.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "judge/judge.h"
#include "touch.h"

/* module.c: settings */
extern int cia_threads;
extern int cia_max_memory_kb;
extern int cia_cache_size_kb;
extern bool cia_see_through;
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
	Size used;    /* handed out */
	Size *shared; /* of all arenas under one limit; NULL: this one is alone */
	bool denied;  /* the last request went past the limit */
	Size needed;  /* what would have been handed out with it */
	Size next;    /* size of the next slab */
	char *free;   /* what is left of the current slab */
	Size left;
	struct cia_branch *branch; /* the innermost one that is open */
	cia_toucher *toucher;      /* NULL: nobody touches memory ahead */
	bool crowded;              /* and nobody is to begin */
} cia_arena;

extern void cia_arena_open(cia_arena *arena, MemoryContext context, Size limit);
extern void *cia_arena_alloc(cia_arena *arena, Size size);
extern double cia_arena_room(const cia_arena *arena);
extern void cia_arena_share(cia_arena *arena, Size *shared);
extern Size cia_arena_taken(const cia_arena *arena);
extern void cia_arena_crowd(cia_arena *arena);
extern void cia_arena_expect(cia_arena *arena, Size bytes);
extern void cia_arena_branch(cia_arena *arena);
extern void *cia_arena_prune(cia_arena *arena, const void *keep, Size size);

/* door.c: the core's host */
typedef struct cia_door
{
	ml_host host;
	cia_arena memory;
	bool judges;              /* what is read is to train nothing */
	MemoryContext arena;      /* the context that all lives in */
	ErrorData *pending;       /* an error thrown in a callback, to be thrown again */
	TimestampTz reported;     /* when progress was last shown */
	const char *algorithm;    /* for messages; NULL: none is at work */
	const char *objective;    /* that the options name, or NULL */
	ml_frame *frame;          /* for the names of columns in messages */
	const char *target;       /* likewise */
	const ml_model *earlier;  /* that the training goes on from; or NULL */
	const char *earlier_name; /* name@version */
	struct cia_job *job;      /* what others see of it; NULL: nothing */
} cia_door;

/* A door for training and evaluation: cia.max_memory applies. */
extern cia_door *cia_door_open(MemoryContext arena);

/* A door for reading and writing models, without that limit. */
extern cia_door *cia_door_for_model(MemoryContext arena);

/* Gives the core threads and BLAS, which loads OpenBLAS; for training and evaluation only. */
extern void cia_door_equip(cia_door *door);

/* Is a notice of progress due?  The next one is then some seconds away. */
extern bool cia_progress_due(cia_door *door);

/* Is the statement to be cancelled, or the backend to end?  Never throws. */
extern bool cia_stop_requested(void);

/* status.c: raises the error that a status stands for; returns for ML_OK. */
extern void cia_check(cia_door *door, ml_status status);

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

/* free_name.c: what is wanted, cut to the length of a name, with "_2" or so behind it where that is taken. */
extern char *cia_free_name(const List *taken, const char *wanted);

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
	bool is_double;    /* the value needs no reading */
	void (*read)(const struct cia_column *column, Datum value, ml_cell *cell);
} cia_column;

/*
 * Sets up the reading of a column of that type, as a number or as a category; in a role
 * that leaves both open (feature, id) the type decides.  Raises 42804.
 */
extern void cia_column_open(cia_column *column, const char *name, Oid type,
                            AttrNumber attno, ml_role role);

/* The same, but answers false where it would raise. */
extern bool cia_column_try(cia_column *column, const char *name, Oid type,
                           AttrNumber attno, ml_role role);

/* Reads it as labels after all: bool and integers too.  Raises 42804. */
extern void cia_column_as_category(cia_column *column);

/* Reads it as labels of groups.  Raises 42804 where one value may have several texts. */
extern void cia_column_as_group(cia_column *column);

/* Can values of this type be the labels of classes? */
extern bool cia_type_is_class(Oid type);

/* Sets the field of the cell that counts for the column's kind. */
extern void
cia_cell_read(const cia_column *column, Datum value, bool isnull, ml_cell *cell);

/* Elements of an array, palloc'd, and how many; 0 for NULL and the empty array. */
extern int
cia_array_read(const cia_column *column, Datum value, bool isnull, double **elements);

/* Where a value comes from, from 0, and goes to. */
typedef struct cia_plain
{
	int at;
	int cell;
} cia_plain;

/* rows.c: rows into a frame */
typedef struct cia_rows
{
	cia_door *door;
	ml_frame *frame;
	cia_column *column;
	int columns;
	cia_plain *plain; /* [plains] columns whose values need no reading */
	int plains;
	cia_column **other; /* [others] the rest of them */
	int others;
	ml_cell *cells;
	int cell_room;
	bool numbered; /* number_cell takes the number of the row */
	int number_cell;
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
	const char *offset;
	const char *exposure;
	const char *cluster;
	const char *by;    /* the column that names groups, read as a category */
	ArrayType *beside; /* columns kept as text with their rows, whatever else they are */
	bool numbered;     /* the number of a row is kept with it */
	ArrayType *aside;  /* columns kept beside as a feature would be, if they are none */
	const char *aside_by;      /* the one of them that is read as a group's name */
	const char *order_by;      /* the number that tells when a row happened, or NULL */
	const ml_learner *learner; /* decides how the target is read */
} cia_roles;

/*
 * A frame for rows of this shape, in the door's arena.  Raises 42703 for names that are no
 * column, 42701 for a name that occurs twice, 42804 for types that cannot be used.
 */
extern cia_rows *cia_rows_open(cia_door *door, TupleDesc tupdesc, const cia_roles *roles);

/* May the column that names groups be a feature as well?  The lists of columns decide. */
extern bool cia_group_is_term(const cia_roles *roles);

/* Is a column of that name read as a feature? */
extern bool cia_is_input(const cia_roles *roles, const char *name);

/* Elements of an array column, all missing, if no row has had a value of it. */
extern void cia_rows_add_array(cia_rows *rows, const char *name, int width);

/* values and nulls are by attribute number, from 0; a target of its own comes last. */
extern void cia_rows_append(cia_rows *rows, const Datum *values, const bool *nulls);

pg_noreturn extern void cia_raise_width(const char *column, int width, int other);
pg_noreturn extern void cia_raise_no_column(const char *name);
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

/* How many rows the planner expects of the source whose start is called. */
extern double cia_source_expected(void);

/* Names and types of the columns that a source returns; nothing runs. */
extern TupleDesc cia_source_columns(const char *source);

/* The relation that a source names; InvalidOid for a query or a name of nothing. */
extern Oid cia_source_relation(const char *source);

/* The source as an item of FROM, which wants an alias; raises what is no source. */
extern char *cia_source_item(const char *source);

/* woe.c: low, high, labels and missing of a bin, counted from 0 */
extern void
cia_bin_bounds(const ml_feature *feature, int bin, Datum *values, bool *nulls);

/* options.c */
typedef struct cia_settings
{
	const ml_learner *learner;
	ml_common_options common;
	void *learner_options;
	ml_value given; /* all options in force, defaults included */
} cia_settings;

/* Checks options given as an object and adds the defaults; raises 22023. */
extern void cia_settings_read(cia_door *door, const ml_learner *learner,
                              const ml_value *given, cia_settings *settings);

/* The same, but answers false with the fault where it would raise. */
extern bool
cia_settings_try(cia_door *door, const ml_learner *learner, const ml_value *given,
                 cia_settings *settings, ml_option_fault *fault);

/* Raises 22023; owner is what the options belong to, hint where to find them. */
extern void
cia_raise_option(const char *owner, const char *hint, const ml_option_fault *fault);

/* The words that a text option takes, quoted. */
extern char *cia_choice_list(const ml_option *option);

/* Columns that options in force name. */
extern void cia_settings_roles(const cia_settings *settings, cia_roles *roles);

/* constraints.c: raises if options name columns that are no features, or are no numbers. */
extern void cia_constraints_check(const cia_rows *rows, const cia_settings *settings);

/* What a task is called in catalogs and views. */
extern const char *cia_task_words(ml_task_kind task);

/*
 * Takes the names of columns out of options: "id", "features" and "exclude", which are arrays,
 * and "weight"; what remains is rest.  Raises 22023.
 */
extern void
cia_roles_read(cia_door *door, const ml_value *given, cia_roles *roles, ml_value *rest);

/* Reads the options of a function, whose name is for messages; raises 22023. */
extern void
cia_options_read(const ml_value *given, const ml_option_set *set, const char *function);

/* The same of a function that takes no other options. */
extern void cia_only_options_read(const ml_value *given, const ml_option_set *set,
                                  const char *function);

/* The columns that an option names; raises 22023 for anything but an array of texts. */
extern ArrayType *cia_names_option(const char *option, const ml_value *value);

/* band.c: raises 22023 for a number of bands that the quantiles of a model cannot cut */
extern void cia_check_bands(int64 bands);

/* NULL is the empty object; raises 22023 for anything but an object. */
extern void cia_object_from_jsonb(cia_door *door, Jsonb *jsonb, ml_value *object);

/* notes.c: the core's notes in words */
extern ArrayType *cia_notes_text(const ml_result *result, List *further);

/* Warns of a fit that has no end; the notes with what it says. */
extern List *cia_warn_of_fit(const ml_model *model, List *notes);

/* The core's notes as NOTICEs. */
extern void cia_notes_show(const ml_notes *notes, ml_task_kind task);

/* guards.c: the notes with what is to be said of a training that holds less than it seems to */
extern List *
cia_guard_notes(const ml_result *result, const cia_settings *settings, List *notes);

/* groups.c: parts of a model */
/* Notes on the groups of a training by group, C strings; warns of fits with trouble. */
extern List *cia_group_notes(const ml_result *result, const ml_frame *frame);

/* What is wrong with a fit, in words. */
extern const char *cia_trouble_text(ml_trouble_kind trouble);

/* path.c: the notes with what is to be said of a chosen penalty */
extern List *cia_note_path(cia_door *door, const ml_model *model, List *notes);

/* model.c: the type cia_model */
/* The model in the door's arena; raises 22P03 for bytes that are none. */
extern ml_model *cia_model_decode(cia_door *door, struct varlena *bytes);
extern struct varlena *cia_model_encode(cia_door *door, const ml_model *model);

#include "registry.h"

/* cache.c: models decoded, per backend, and what names stand for */
/* What a look-up by name depends on: who asks, and what he sees. */
typedef struct cia_view
{
	Oid user;
	TransactionId own;               /* his transaction, if it has written */
	SubTransactionId subtransaction; /* what it did may have been undone */
	CommandId command;
	TransactionId xmin;
	TransactionId xmax;
	uint32 running;
	int32 running_below;
	uint32 prepared; /* a hash of the running ones, where that is needed */
} cia_view;

typedef struct cia_cached
{
	dlist_node node; /* most recently used first */
	cia_entry named;
	int pins;
	bool leaving; /* with its last pin */
	Size size;    /* bytes of the context */
	MemoryContext context;
	ml_model *model;
	cia_arena memory;         /* of the model, with room for what is added to it */
	int rows;                 /* scored before it was equipped, or a few more */
	ArrayType *columns;       /* names of those that the model uses, each once */
	struct cia_told *told;    /* of reasons.c: the reasons told last; NULL: none yet */
	struct cia_row_map *maps; /* of input.c: shapes of rows met so far */
	int map_count;
} cia_cached;

/* The view of the active snapshot. */
extern cia_view cia_current_view(void);

/* Is it still that view?  Asked for every row. */
extern bool cia_view_holds(const cia_view *seen);

/* The very same version, as one transaction wrote it. */
static inline bool
cia_same_version(const cia_entry *a, const cia_entry *b)
{
	return a->version == b->version && a->in_versions.xmin == b->in_versions.xmin &&
	       ItemPointerEquals((ItemPointer) &a->in_versions.at,
	                         (ItemPointer) &b->in_versions.at) &&
	       memcmp(&a->id, &b->id, sizeof a->id) == 0;
}

extern void cia_cache_open(void);
extern cia_finding
cia_cache_seek(Oid schema, const char *name, cia_privilege privilege, cia_entry *entry);

/* Without a pin it is good until the next look at a table or a catalog. */
extern cia_cached *cia_cache_find(Oid schema, const cia_entry *named);
extern void cia_cache_pin(cia_cached *cached);
extern void cia_cache_unpin(cia_cached *cached);

/* In this session, lets all plans that depend on the registry be made anew at next use. */
extern void cia_cache_forget_plans(void);

/* To be called when something was added to the context. */
extern void cia_cache_measure(cia_cached *cached);

/* call_site.c: what one place in a query keeps */
typedef struct cia_loaded
{
	const ml_model *model;
	const char *name; /* for messages */
} cia_loaded;

typedef struct cia_site
{
	cia_loaded loaded;
	Oid schema;   /* of the extension */
	bool by_name; /* not by value */
	Oid row_type;
	struct varlena *given; /* the argument, for comparison; NULL: no model yet */
	cia_view seen;
	cia_cached *cached;             /* pinned; of a model by name */
	MemoryContext lasting;          /* lives as long as the site */
	MemoryContext context;          /* of what depends on the model */
	struct cia_kept_values *values; /* models given by value */
	MemoryContextCallback release;
	struct cia_reader *reader;    /* of input.c; in context */
	struct cia_column_call *call; /* of columns.c; in lasting */
} cia_site;

extern cia_site *cia_site_open(FunctionCallInfo fcinfo);
extern void cia_site_use(cia_site *site, cia_cached *cached, const char *name);

/* Makes ready to score many rows, at once or when there have been some. */
extern void cia_site_equip(cia_site *site);
extern void cia_site_count_row(cia_site *site);

/* To be called for every row that is scored. */
static inline void
cia_site_count(cia_site *site)
{
	if (!site->loaded.model->equipped)
		cia_site_count_row(site);
}

/* Makes ready to explain, which scoring does not need, what serves a row of the site's model. */
extern void cia_site_lay_out(cia_site *site, const double *row);

/* The model a function is called with by name or by value, kept while the node lives. */
extern const cia_loaded *cia_model_arg(FunctionCallInfo fcinfo, int argument);

/* The same for functions that show what is in it: by name, for whoever may manage it. */
extern const cia_loaded *cia_managed_arg(FunctionCallInfo fcinfo, int argument);

/* The extension's schema: that of the function called. */
extern Oid cia_schema(FunctionCallInfo fcinfo);
extern Oid cia_function(Oid schema, const char *name, const Oid *types, int count);

/* input.c: the row a function is called with */
/* How rows of one shape become features; kept with the model where that is possible. */
typedef struct cia_row_map
{
	struct cia_row_map *next; /* of the same model */
	MemoryContext context;
	TupleDesc tupdesc;  /* of a record; NULL for columns */
	uint64 shape;       /* tells the record's definition from a later one */
	ArrayType *names;   /* of columns */
	Oid *types;         /* [count] of columns */
	int count;          /* values of a row */
	cia_column *column; /* [features]; elements of an array share the first one's */
	int doubles;        /* features whose values need no reading: these places */
	struct cia_place *double_at;
	int others; /* features that need it, an array by its first element */
	int *other;
} cia_row_map;

typedef struct cia_reader
{
	MemoryContext context;
	cia_row_map *map; /* NULL: the row is read without one */
	Datum *values;    /* [map->count] */
	bool *nulls;
	double *row;               /* [features] */
	struct cia_labels *labels; /* of score_blocks.h; NULL: labels are looked up at once */
} cia_reader;

/* One double per feature, overwritten by the next call from the same place. */
extern const double *
cia_row_arg(FunctionCallInfo fcinfo, int argument, const cia_loaded *loaded);

/* A reader for columns of these names and types. */
extern cia_reader *
cia_columns_reader(cia_site *site, ArrayType *names, const Oid *types, int count);

/* Reads the reader's values. */
extern const double *cia_read_values(const cia_loaded *loaded, const cia_reader *reader);

/* Reads values where they are. */
extern const double *
cia_read_arguments(const cia_loaded *loaded, const cia_reader *reader,
                   const NullableDatum *first);

/* Is a feature a further element of the array that the one before it comes from? */
extern bool cia_is_further_element(const ml_schema *schema, int feature);

/* Refuses a value that is not finite. */
extern void
cia_check_feature(const cia_loaded *loaded, const ml_feature *feature, double value);
extern void
cia_check_width(const cia_loaded *loaded, const ml_feature *feature, int width);
pg_noreturn extern void cia_raise_missing(const cia_loaded *loaded, const char *columns);

/* columns.c: the row as columns, which the planner hands over */
/* The model and the row of a call; NULL for a row that is not there. */
extern const double *cia_columns_arg(FunctionCallInfo fcinfo, const cia_loaded **loaded);
extern bool cia_columns_suffice(const ml_model *model, ArrayType *names);

/* input_json.c: the row as an object */
extern void cia_read_json_row(const cia_loaded *loaded, Jsonb *jsonb, double *row);

/* input_array.c: the row as numbers by position */
extern void cia_read_array_row(const cia_loaded *loaded, ArrayType *array, double *row);

/* The text of a feature's value in the row that cia_row_arg read last; NULL if missing. */
extern char *cia_feature_text(const ml_feature *feature, double value);

#include "arguments.h"
#include "choice.h"
#include "champion.h"
#include "events.h"
#include "job.h"
#include "judged.h"
#include "lineage.h"
#include "planner.h"
#include "score_table.h"
#include "summary.h"
#include "training.h"

#include "cron.h"
#include "run.h"

#endif
