/* SPDX-License-Identifier: PostgreSQL */
/*
 * woe.c: cia_woe: weight of evidence and information value of the columns of a source.
 */
#include "cia.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

CIA_FUNCTION(cia_woe);

typedef struct evidence
{
	cia_door *door;
	cia_roles roles;
	cia_rows *rows;
	ml_evidence_options options;
} evidence;

static void
start_rows(void *state, TupleDesc tupdesc)
{
	evidence *run = state;
	MemoryContext before = MemoryContextSwitchTo(run->door->arena);

	run->rows = cia_rows_open(run->door, tupdesc, &run->roles);
	run->rows->scratch =
	    AllocSetContextCreate(run->door->arena, "cia row", ALLOCSET_DEFAULT_SIZES);
	run->door->algorithm = NULL;
	MemoryContextSwitchTo(before);
}

static void
take_row(void *state, const Datum *values, const bool *nulls)
{
	cia_rows_append(((evidence *) state)->rows, values, nulls);
}

/* Information value, the largest first; then name and element. */
static int
by_evidence(const void *a, const void *b)
{
	const ml_feature *x = *(const ml_feature *const *) a;
	const ml_feature *y = *(const ml_feature *const *) b;

	if (x->bins->iv != y->bins->iv)
		return x->bins->iv > y->bins->iv ? -1 : 1;
	if (!ml_text_equal(x->name, y->name))
		return ml_text_compare(x->name, y->name);
	return x->element - y->element;
}

static ArrayType *
bin_labels(const ml_feature *feature, int bin)
{
	Datum *labels = palloc(sizeof(Datum) * feature->levels);
	int count = 0;

	for (int i = 0; i < feature->levels; i++)
		if (feature->bins->bin_of[i] == bin)
			labels[count++] = CStringGetTextDatum(cia_text_cstring(feature->label[i]));
	return construct_array(labels, count, TEXTOID, -1, false, TYPALIGN_INT);
}

void
cia_bin_bounds(const ml_feature *feature, int bin, Datum *values, bool *nulls)
{
	const ml_bins *bins = feature->bins;
	bool number = feature->kind == ML_NUMBER && bin < bins->bins;

	nulls[0] = !number || bin == 0;
	nulls[1] = !number || bin == bins->bins - 1;
	nulls[2] = feature->kind == ML_NUMBER || bin == bins->bins;
	values[0] = nulls[0] ? (Datum) 0 : Float8GetDatum(bins->edge[bin - 1]);
	values[1] = nulls[1] ? (Datum) 0 : Float8GetDatum(bins->edge[bin]);
	values[2] = nulls[2] ? (Datum) 0 : PointerGetDatum(bin_labels(feature, bin));
	values[3] = BoolGetDatum(bin == bins->bins);
}

static void
put_bin(ReturnSetInfo *set, const ml_feature *feature, int i)
{
	const ml_bin *bin = &feature->bins->bin[i];
	double rows = bin->events + bin->non_events;
	const double number[] = {rows,     bin->events, bin->non_events,  bin->events / rows,
	                         bin->woe, bin->iv,     feature->bins->iv};
	Datum values[13];
	bool nulls[13] = {false};

	values[0] = CStringGetTextDatum(cia_element_name(feature->name, feature->element));
	values[1] = Int32GetDatum(i + 1);
	cia_bin_bounds(feature, i, &values[2], &nulls[2]);
	for (size_t k = 0; k < lengthof(number); k++)
		values[6 + k] = Float8GetDatum(number[k]);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

static void
put_evidence(ReturnSetInfo *set, const ml_schema *schema)
{
	const ml_feature **order = palloc(sizeof *order * schema->features);

	for (int f = 0; f < schema->features; f++)
		order[f] = &schema->feature[f];
	qsort(order, schema->features, sizeof *order, by_evidence);
	for (int f = 0; f < schema->features; f++)
		for (int i = 0; i <= order[f]->bins->bins; i++)
			if (order[f]->bins->bin[i].events + order[f]->bins->bin[i].non_events > 0)
				put_bin(set, order[f], i);
}

static void
read_options(evidence *run, Jsonb *jsonb)
{
	ml_option_set set = {.option = ml_evidence_option,
	                     .options = ml_evidence_option_count,
	                     .values = &run->options};
	ml_value given, rest;

	cia_object_from_jsonb(run->door, jsonb, &given);
	cia_roles_read(run->door, &given, &run->roles, &rest);
	cia_options_read(&rest, &set, "cia_woe");
}

Datum
cia_woe(PG_FUNCTION_ARGS)
{
	evidence run = {
	    .roles = {.target = cia_text_arg(fcinfo, 1, "target"), .learner = &ml_logistic}};
	ml_schema schema;
	ml_notes notes;

	char *source = cia_text_arg(fcinfo, 0, "source");

	InitMaterializedSRF(fcinfo, 0);
	run.door = cia_door_open(
	    AllocSetContextCreate(CurrentMemoryContext, "cia woe", ALLOCSET_DEFAULT_SIZES));
	run.door->judges = true;
	read_options(&run, cia_options_arg(fcinfo, 2));
	cia_source_run(source, NULL, start_rows, take_row, &run);
	cia_door_equip(run.door);
	cia_check(run.door, ml_evidence(&run.door->host, run.rows->frame, &run.options,
	                                &schema, &notes));
	cia_notes_show(&notes, ML_BINARY);
	put_evidence((ReturnSetInfo *) fcinfo->resultinfo, &schema);
	MemoryContextDelete(run.door->arena);
	return (Datum) 0;
}
