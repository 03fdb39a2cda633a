/* SPDX-License-Identifier: PostgreSQL */
/*
 * choice.c: algorithms by name, and what 'auto' stands for.
 *
 * 'auto' is boosted trees where there are rows enough to grow them, else a regression.  Which
 * of the two is known when the rows are in; but options are checked before a row is read, and an
 * option that only one of the two has decides at once.
 */
#include "cia.h"

#include "lib/stringinfo.h"

/* Rows from which on trees are better on most tables; docs/trees.md tells how that was found. */
#define ENOUGH_FOR_CLASSES 2000
#define ENOUGH_FOR_VALUES 5000

static char *
learner_list(void)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "auto");
	for (int i = 0; i < ml_learner_count; i++)
		if (ml_learner_table[i] ==
		    ml_learner_find(cia_text_of(ml_learner_table[i]->name)))
			appendStringInfo(&list, ", %s", ml_learner_table[i]->name);
	return list.data;
}

/* Is what the learner minimizes the objective that the options name? */
static bool
has_objective(const ml_learner *learner, const ml_value *given)
{
	const ml_value *wanted = ml_value_member(given, "objective");

	for (int i = 0;
	     wanted != NULL && wanted->kind == ML_VALUE_TEXT && i < learner->options; i++)
		if (strcmp(learner->option[i].name, "objective") == 0)
			for (int k = 0; learner->option[i].choice[k] != NULL; k++)
				if (ml_text_is(wanted->text, learner->option[i].choice[k]))
					return true;
	return false;
}

/* Some algorithms learn classes and values. */
static const ml_learner *
learner_for(const ml_learner *first, Oid target_type, const ml_value *given)
{
	bool is_class = OidIsValid(target_type) && cia_type_is_class(target_type);
	const ml_learner *typed;

	for (int i = 0; i < ml_learner_count; i++)
		if (strcmp(ml_learner_table[i]->name, first->name) == 0 &&
		    has_objective(ml_learner_table[i], given))
			return ml_learner_table[i];
	typed = ml_learner_of_task(cia_text_of(first->name),
	                           is_class ? ML_BINARY : ML_REGRESSION);
	return OidIsValid(target_type) && typed != NULL ? typed : first;
}

const ml_learner *
cia_learner_named(const char *algorithm, Oid target_type, const ml_value *given)
{
	const ml_learner *learner = ml_learner_find(cia_text_of(algorithm));

	if (learner == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("unrecognized algorithm \"%s\"", algorithm),
		                errhint("Available algorithms: %s.", learner_list())));
	return learner_for(learner, target_type, given);
}

#define MOST_CANDIDATES 4

/* A learner that 'auto' may stand for, and whether the options are for it. */
typedef struct candidate
{
	cia_settings settings; /* if they are */
	ml_option_fault fault; /* ML_OPTION_FINE: they are */
} candidate;

typedef struct candidates
{
	candidate item[MOST_CANDIDATES]; /* of a task, trees come first */
	int count;
} candidates;

/*
 * A regression that we have chosen gets a small ridge penalty, since whoever leaves the choice
 * to us should not have to remove collinear columns by hand.
 */
static const ml_value *
with_ridge(cia_door *door, const ml_learner *learner, const ml_value *given)
{
	ml_value *options;

	if (learner != &ml_linear || ml_value_member(given, "l2") != NULL ||
	    ml_value_member(given, "lambda") != NULL)
		return given;
	options = palloc(sizeof *options);
	cia_check(door, ml_value_object(&door->host, given->count + 1, options));
	for (int64 i = 0; i < given->count; i++)
		ml_value_add(options, given->keys[i].bytes, given->items[i]);
	ml_value_add(options, "l2", ml_value_number(1));
	return options;
}

static void
add_candidate(cia_door *door, const ml_learner *learner, const ml_value *given,
              candidates *all)
{
	candidate *item = &all->item[all->count];

	if (learner == NULL)
		return;
	all->count++;
	item->fault = (ml_option_fault){.error = ML_OPTION_FINE};
	if (cia_settings_try(door, learner, with_ridge(door, learner, given), &item->settings,
	                     &item->fault))
		item->fault.error = ML_OPTION_FINE;
}

/*
 * Learners for a target of that type, or for the objective that is named.  Option "positive"
 * tells one class from all others, so that there are two.
 */
static void
list_candidates(cia_door *door, Oid target_type, const ml_value *given, candidates *all)
{
	static const ml_text trees = {"boosted_trees", 13};
	bool is_class = cia_type_is_class(target_type);

	for (ml_task_kind task = ML_REGRESSION; task <= ML_MULTICLASS; task++)
	{
		const ml_learner *learner = ml_learner_of_task(trees, task);

		if (learner != NULL && has_objective(learner, given))
			is_class = task != ML_REGRESSION;
	}
	all->count = 0;
	if (!is_class)
	{
		add_candidate(door, ml_learner_of_task(trees, ML_REGRESSION), given, all);
		add_candidate(door, &ml_linear, given, all);
		return;
	}
	add_candidate(door, ml_learner_of_task(trees, ML_BINARY), given, all);
	add_candidate(door, &ml_logistic, given, all);
	if (ml_value_member(given, "positive") != NULL)
		return;
	add_candidate(door, ml_learner_of_task(trees, ML_MULTICLASS), given, all);
	add_candidate(door, &ml_multinomial, given, all);
}

static bool
has_option(const ml_learner *learner, ml_text name)
{
	for (int i = 0; i < ml_common_option_count; i++)
		if (ml_text_is(name, ml_common_option[i].name))
			return true;
	for (int i = 0; i < learner->options; i++)
		if (ml_text_is(name, learner->option[i].name))
			return true;
	return false;
}

/* An option that none of the candidates has; the fault of the first that has met it. */
static const ml_option_fault *
unknown_to_all(const candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const ml_option_fault *fault = &all->item[i].fault;
		bool known = fault->error != ML_OPTION_UNKNOWN;

		for (int k = 0; k < all->count && !known; k++)
			known = has_option(all->item[k].settings.learner, fault->name);
		if (!known)
			return fault;
	}
	return NULL;
}

/* The options are for none of the candidates: says which one is to blame. */
static void
raise_misfit(const candidates *all)
{
	const ml_option_fault *fault = unknown_to_all(all);
	const ml_option_fault *first = &all->item[0].fault, *other = NULL;

	for (int i = 0; i < all->count && fault == NULL; i++)
		if (all->item[i].fault.error != ML_OPTION_UNKNOWN)
			fault = &all->item[i].fault;
	if (fault != NULL)
		cia_raise_option("algorithm \"auto\"",
		                 "Name the algorithm whose option it is: SELECT algorithm FROM "
		                 "cia_algorithms.",
		                 fault);
	for (int i = 1; i < all->count && other == NULL; i++)
		if (!ml_text_equal(all->item[i].fault.name, first->name))
			other = &all->item[i].fault;
	if (other == NULL)
		other = first;
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("option \"%s\" cannot be combined with option \"%s\"",
	                cia_text_cstring(other->name), cia_text_cstring(first->name)),
	         errdetail("No algorithm that algorithm => 'auto' chooses from has both."),
	         errhint("Leave one of them out, or name the algorithm.")));
}

/* Before the target's type is known: the options must be for one of the learners of that name. */
void
cia_settings_check(cia_door *door, const char *algorithm, const ml_value *given)
{
	const ml_learner *learner = cia_learner_named(algorithm, InvalidOid, given);
	ml_option_fault fault = {.error = ML_OPTION_UNKNOWN};
	cia_settings unused;

	if (cia_settings_try(door, learner, given, &unused, &fault))
		return;
	/* without an objective, who has all of the options knows best what is wrong with them */
	for (int i = 0; i < ml_learner_count && fault.error == ML_OPTION_UNKNOWN; i++)
		if (strcmp(ml_learner_table[i]->name, algorithm) == 0 &&
		    !has_objective(learner, given))
		{
			if (cia_settings_try(door, ml_learner_table[i], given, &unused, &fault))
				return;
			if (fault.error != ML_OPTION_UNKNOWN)
				learner = ml_learner_table[i];
		}
	cia_settings_read(door, learner, given, &unused);
}

void
cia_settings_open(cia_door *door, const char *algorithm, Oid target_type,
                  const ml_value *given, cia_settings *settings)
{
	candidates all;

	if (strcmp(algorithm, "auto") != 0)
	{
		cia_settings_read(door, cia_learner_named(algorithm, target_type, given), given,
		                  settings);
		return;
	}
	list_candidates(door, target_type, given, &all);
	for (int i = 0; i < all.count; i++)
		if (all.item[i].fault.error == ML_OPTION_FINE)
		{
			*settings = all.item[i].settings;
			return;
		}
	raise_misfit(&all);
}

/* Rows that a model is made of, and what they are called: with "by" the average group's. */
static int64
rows_per_model(const ml_frame *frame, ml_text by, const char **rows_of)
{
	*rows_of = "rows";
	for (int c = 0; by.bytes != NULL && c < frame->columns; c++)
		if (frame->column[c].kind == ML_CATEGORY &&
		    ml_text_equal(frame->column[c].name, by) &&
		    frame->column[c].dictionary->count > 0)
		{
			*rows_of = "rows per group";
			return frame->rows / frame->column[c].dictionary->count;
		}
	return frame->rows;
}

/* Every class needs rows enough of its own. */
static int64
rows_enough(ml_task_kind task, int64_t labels)
{
	if (task == ML_REGRESSION)
		return ENOUGH_FOR_VALUES;
	return ENOUGH_FOR_CLASSES * (task == ML_MULTICLASS ? labels : 2) / 2;
}

static char *
note_of_rows(const cia_door *door, const candidates *all, int64_t labels,
             const candidate **chosen)
{
	const candidate *trees = &all->item[0], *regression = &all->item[1];
	const char *rows_of;
	int64 rows = rows_per_model(door->frame, trees->settings.common.by, &rows_of);
	int64 enough = rows_enough(regression->settings.learner->task, labels);

	*chosen = rows >= enough ? trees : regression;
	return psprintf("algorithm => 'auto' chose %s: %lld %s (%s from %lld on)",
	                (*chosen)->settings.learner->name, (long long) rows, rows_of,
	                trees->settings.learner->name, (long long) enough);
}

/* More than two classes, and options that are for two alone. */
static void
raise_classes_misfit(const cia_door *door, const candidates *all, int64_t labels)
{
	for (int i = 0; i < all->count; i++)
		if (all->item[i].settings.learner->task == ML_MULTICLASS)
			ereport(
			    ERROR,
			    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			     errmsg("option \"%s\" is for two classes, but target \"%s\" has %lld",
			            cia_text_cstring(all->item[i].fault.name), door->target,
			            (long long) labels),
			     errhint("Leave it out, or tell one class from all others with options "
			             "=> '{\"positive\": \"...\"}'.")));
}

/* Candidates of the task that the rows have turned out to be for; how many suit the options. */
static int
narrow_candidates(cia_door *door, candidates *all, int64_t *labels)
{
	ml_task_kind task = all->item[0].settings.learner->task;
	int count = 0, fine = 0;

	cia_check(door, ml_target_labels(door->frame, labels));
	if (*labels > 2 && all->item[all->count - 1].settings.learner->task == ML_MULTICLASS)
		task = ML_MULTICLASS;
	for (int i = 0; i < all->count; i++)
		fine += all->item[i].settings.learner->task == task &&
		        all->item[i].fault.error == ML_OPTION_FINE;
	if (fine == 0 && task == ML_MULTICLASS)
		raise_classes_misfit(door, all, *labels);
	for (int i = 0; i < all->count; i++)
		if (all->item[i].settings.learner->task == task)
			all->item[count++] = all->item[i];
	all->count = count;
	if (fine == 0)
		raise_misfit(all);
	return fine;
}

/* A named algorithm goes over to its learner for several classes, where the rows have them. */
static void
follow_classes(cia_door *door, const ml_value *given, cia_settings *settings)
{
	const ml_learner *learner = settings->learner;
	const ml_learner *several =
	    ml_learner_of_task(cia_text_of(learner->name), ML_MULTICLASS);
	int64_t labels;

	if (learner->task != ML_BINARY || settings->common.positive.bytes != NULL ||
	    several == NULL)
		return;
	/* an objective that has two classes is what was asked for */
	if (has_objective(learner, given) && !has_objective(several, given))
		return;
	cia_check(door, ml_target_labels(door->frame, &labels));
	if (labels > 2)
		cia_settings_read(door, several, given, settings);
}

char *
cia_settings_follow_rows(cia_door *door, const char *algorithm, Oid target_type,
                         const ml_value *given, cia_settings *settings)
{
	const candidate *chosen;
	candidates all;
	int64_t labels;
	char *note;

	if (strcmp(algorithm, "auto") != 0)
	{
		follow_classes(door, given, settings);
		return NULL;
	}
	list_candidates(door, target_type, given, &all);
	if (narrow_candidates(door, &all, &labels) == 2)
		note = note_of_rows(door, &all, labels, &chosen);
	else
	{
		const ml_option_fault *fault;

		chosen = all.item[0].fault.error == ML_OPTION_FINE ? &all.item[0] : &all.item[1];
		fault = chosen == &all.item[0] ? &all.item[1].fault : &all.item[0].fault;
		note =
		    all.count == 1
		        ? psprintf("algorithm => 'auto' chose %s: more than two classes",
		                   chosen->settings.learner->name)
		        : psprintf("algorithm => 'auto' chose %s because of option \"%s\"",
		                   chosen->settings.learner->name, cia_text_cstring(fault->name));
	}
	*settings = chosen->settings;
	return note;
}

void
cia_settings_name(cia_door *door, const cia_settings *settings)
{
	const ml_value *objective = ml_value_member(&settings->given, "objective");

	door->algorithm = settings->learner->name;
	door->objective = NULL;
	if (objective != NULL && objective->kind == ML_VALUE_TEXT)
		door->objective = cia_text_cstring(objective->text);
}
