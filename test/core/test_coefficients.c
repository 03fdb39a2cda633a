/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_coefficients.c: terms, the table of coefficients, and the reasons for a score.
 */
#include "models.h"

/* One or more numbers under a name, in place of what the learner left there. */
static void
set_part(test_host *t, ml_model *model, const char *name, const double *number,
         int64_t count)
{
	ml_part *part = NULL;
	double *made;

	for (int i = 0; i < model->fitted.parts; i++)
		if (ml_text_is(model->fitted.part[i].name, name))
			part = &model->fitted.part[i];
	if (part == NULL)
	{
		REQUIRE_OK(ml_fitted_add(&t->core, &model->fitted, name, count, &made));
		part = &model->fitted.part[model->fitted.parts - 1];
	}
	part->number = ml_alloc_array(&t->core, count, sizeof *number);
	part->count = count;
	memcpy(part->number, number, (size_t) count * sizeof *number);
}

static void
walks_the_slots(test_host *t)
{
	ml_model *model = small_model(t, true);
	ml_terms terms;
	int64_t at = 1;

	REQUIRE_OK(ml_model_terms(&t->core, model, &terms));
	CHECK_INT(terms.classes, 1);
	CHECK_INT(terms.slots, ml_glm_slots(&model->schema));
	REQUIRE(terms.count == terms.slots + 1);
	CHECK(terms.term[0].feature == -1 && terms.term[0].slot == -1 &&
	      terms.term[0].fitted);
	for (int f = 0; f < model->schema.features; f++)
	{
		const ml_feature *feature = &model->schema.feature[f];
		bool category = feature->kind == ML_CATEGORY;

		for (int level = 0; level < (category ? feature->levels + 1 : 1); level++, at++)
		{
			const ml_term *term = &terms.term[at];

			CHECK_INT(term->feature, f);
			CHECK_INT(term->level, category ? level : -1);
			CHECK_INT(term->slot, at - 1);
			CHECK(term->reference == (category && level == 0));
			CHECK(term->fitted ==
			      (!category || level < feature->levels || feature->missing > 0));
		}
	}
	CHECK_INT(at, terms.count);
}

/* An offset has no slot, and neither arrays of a wrong size nor none make a table. */
static void
walks_no_slots(test_host *t)
{
	ml_model *model = small_model(t, false);
	ml_coefficients table;
	ml_terms terms;
	double one = 1;

	set_part(t, model, "coefficients", &one, 1);
	REQUIRE_OK(ml_model_coefficients(&t->core, model, 0.95, &table));
	CHECK(table.count == 0 && table.terms.classes == 0);
	for (int f = 1; f < model->schema.features; f++)
		model->schema.feature[f].use = ML_USE_OFFSET;
	REQUIRE(model->schema.feature[0].kind == ML_NUMBER);
	REQUIRE_OK(ml_model_terms(&t->core, model, &terms));
	CHECK_INT(terms.count, 2);
	model->fitted.parts = 0;
	REQUIRE_OK(ml_model_terms(&t->core, model, &terms));
	CHECK(terms.classes == 0 && terms.count == 0);
}

/* Every row by its definition, from the arrays themselves. */
static void
tests_coefficients(test_host *t)
{
	for (int binary = 0; binary < 2; binary++)
	{
		ml_model *model = small_model(t, binary);
		const ml_part *errors = ml_fitted_part(&model->fitted, "standard_errors");
		const ml_part *coefficients = ml_fitted_part(&model->fitted, "coefficients");
		double df = 7, quantile;
		ml_coefficients table;

		set_part(t, model, "df_residual", &df, 1);
		REQUIRE_OK(ml_model_coefficients(&t->core, model, 0.9, &table));
		CHECK(table.ratio == binary);
		CHECK(binary ? isinf(table.df) : table.df == df);
		quantile = binary ? 1.6448536269514722 : 1.8945786050900062;
		CHECK(table.count > 1);
		for (int64_t i = 0; i < table.count; i++)
		{
			const ml_coefficient *row = &table.coefficient[i];

			REQUIRE(row->term.fitted && row->set == 0);
			if (row->term.slot >= 0)
				CHECK_SAME(row->estimate, coefficients->number[row->term.slot]);
			CHECK(isnan(row->effect) && isnan(row->effect_error));
			CHECK(isnan(row->vif) == (row->term.slot < 0 || row->term.reference));
			if (row->term.reference)
			{
				CHECK(row->estimate == 0 && isnan(row->error) && isnan(row->p));
				CHECK(isnan(row->statistic) && isnan(row->low) && isnan(row->high));
				continue;
			}
			CHECK_SAME(row->error, errors->number[row->term.slot + 1]);
			CHECK_SAME(row->statistic, row->estimate / row->error);
			CHECK_CLOSE(row->p, 2 * ml_t_tail(fabs(row->statistic), table.df), 1e-15);
			CHECK_CLOSE(row->high - row->low, 2 * quantile * row->error, 1e-12);
			CHECK_NEAR(row->high + row->low, 2 * row->estimate,
			           1e-14 * (fabs(row->high) + fabs(row->low)));
		}
	}
}

/* Of several sets the first is the reference, and left out; arrays go class by class. */
static void
keeps_classes_apart(test_host *t)
{
	ml_model *model = small_model(t, true);
	int64_t slots = ml_glm_slots(&model->schema), sets = 3, at = 0;
	double *number = ml_alloc_array(&t->core, sets * (slots + 1), sizeof *number);
	ml_coefficients table;

	for (int64_t i = 0; i < sets * (slots + 1); i++)
		number[i] = (double) i + 1;
	set_part(t, model, "intercept", number, sets);
	set_part(t, model, "coefficients", number, sets * slots);
	set_part(t, model, "standard_errors", number, sets * (slots + 1));
	REQUIRE_OK(ml_model_coefficients(&t->core, model, 0.95, &table));
	CHECK_INT(table.terms.classes, sets);
	for (int set = 1; set < sets; set++)
		for (int64_t i = 0; i < table.terms.count; i++)
		{
			const ml_coefficient *row = &table.coefficient[at];
			int64_t slot = table.terms.term[i].slot;

			if (!table.terms.term[i].fitted)
				continue;
			REQUIRE(at++ < table.count);
			CHECK_INT(row->set, set);
			CHECK_INT(row->term.slot, slot);
			CHECK_SAME(row->estimate,
			           slot < 0 ? set + 1 : (double) (set * slots + slot + 1));
			if (!row->term.reference)
				CHECK_SAME(row->error, (double) (set * (slots + 1) + slot + 2));
		}
	CHECK_INT(at, table.count);
}

/* Without errors there are estimates; further columns are taken where they are. */
static void
takes_what_is_known(test_host *t)
{
	ml_model *model = small_model(t, true);
	int64_t slots = ml_glm_slots(&model->schema);
	double *number = ml_alloc_array(&t->core, slots + 1, sizeof *number);
	ml_coefficients table;

	for (int64_t i = 0; i <= slots; i++)
		number[i] = NAN;
	set_part(t, model, "standard_errors", number, slots + 1);
	for (int64_t i = 0; i < slots; i++)
		number[i] = (double) i + 2;
	set_part(t, model, "vif", number, slots);
	set_part(t, model, "marginal_effects", number, slots);
	set_part(t, model, "marginal_effect_errors", number, slots - 1);
	REQUIRE_OK(ml_model_coefficients(&t->core, model, 0.95, &table));
	for (int64_t i = 0; i < table.count; i++)
	{
		const ml_coefficient *row = &table.coefficient[i];
		double wanted = row->term.slot < 0 ? NAN : (double) row->term.slot + 2;

		CHECK(isfinite(row->estimate) && isnan(row->error) && isnan(row->p));
		CHECK_SAME(row->vif, wanted);
		CHECK_SAME(row->effect, wanted);
		CHECK(isnan(row->effect_error));
	}
	CHECK_SAME(ml_model_scalar(model, "nothing"), NAN);
	CHECK_SAME(ml_model_scalar(model, "vif"), 2);
	CHECK_SAME(ml_model_option(model, "nothing"), NAN);
	CHECK_SAME(ml_model_option(model, "max_categories"), 5);
	CHECK(strcmp(ml_model_family(model)->link, "logit") == 0);
	CHECK(!ml_model_has_dispersion(model));
	CHECK(ml_model_has_dispersion(small_model(t, false)));
}

/* Against all contributions, sorted. */
static void
finds_reasons(test_host *t)
{
	ml_model *model = small_model(t, true);
	int features = model->schema.features, reason[SAMPLE_COLUMNS], few[SAMPLE_COLUMNS];
	double row[SAMPLE_COLUMNS], contribution[SAMPLE_COLUMNS], own[SAMPLE_COLUMNS], bias;

	for (int turn = 0; turn < 6; turn++)
	{
		int count, adverse = 0;

		for (int f = 0; f < features; f++)
		{
			const ml_feature *feature = &model->schema.feature[f];

			row[f] = feature->kind == ML_CATEGORY
			             ? (turn + f) % (feature->levels + 1) - 1
			             : feature->mean + ((turn + f) % 5 - 2) * feature->sd;
		}
		model->learner->explain(model->state, row, own, &bias);
		for (int f = 0; f < features; f++)
			adverse += own[f] > 1e-9;
		count = ml_model_reasons(model, row, SAMPLE_COLUMNS, contribution, reason);
		CHECK_INT(count, adverse);
		for (int i = 0; i < count; i++)
			CHECK(own[reason[i]] > 0 && (i == 0 || own[reason[i]] <= own[reason[i - 1]]));
		CHECK_INT(ml_model_reasons(model, row, 2, contribution, few),
		          count < 2 ? count : 2);
		for (int i = 0; i < 2 && i < count; i++)
			CHECK_INT(few[i], reason[i]);
		for (int f = 0; f < features; f++)
			model->schema.feature[f].use = f == reason[0] ? ML_USE_OFFSET : ML_USE_TERM;
		CHECK_INT(ml_model_reasons(model, row, SAMPLE_COLUMNS, contribution, few),
		          count - 1);
		for (int f = 0; f < features; f++)
			model->schema.feature[f].use = ML_USE_TERM;
	}
}

static void
notices_refusals(test_host *t)
{
	ml_model *model = small_model(t, true);

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_coefficients table;
		ml_status status;

		test_try(t, &trial);
		status = ml_model_coefficients(&t->core, model, 0.95, &table);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({walks_the_slots, "terms stand in the slots of the arrays"},
          {walks_no_slots, "offsets have no term, a model without arrays no table"},
          {tests_coefficients,
           "tests and intervals are those of the estimate and its error"},
          {keeps_classes_apart, "several classes have a set each, but for the reference"},
          {takes_what_is_known, "what is not known is NaN"},
          {finds_reasons, "reasons are the features that raise the score most"},
          {notices_refusals, "every refused allocation is noticed"})
