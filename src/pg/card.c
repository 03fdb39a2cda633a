/* SPDX-License-Identifier: PostgreSQL */
/*
 * card.c: cia_model_card: a version's document for who has to validate it, in Markdown.
 *
 * The sections are those of model cards (Mitchell et al. 2019), with what supervisors ask of a
 * model's documentation (SR 11-7): use, data, performance, limitations, lineage, and how to come
 * to the same model again.  Nothing runs and nothing is judged anew, so a version has one card.
 */
#include "card.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

CIA_FUNCTION(cia_model_card);

/* Facts with a label make the table of details; the others have places of their own. */
enum
{
	FACT_COMMENT,
	FACT_SOURCE,
	FACT_NOTES,
	FACT_STATEMENT,
	FACT_FINGERPRINT,
	FACT_INTERVALS,
	FACT_COLUMNS,
	FIRST_DETAIL
};

static const cia_fact fact[] = {
    [FACT_COMMENT] = {NULL, "comment"},
    [FACT_SOURCE] = {NULL, "source"},
    [FACT_NOTES] = {NULL, "notes"},
    [FACT_STATEMENT] =
        {NULL,
         "SELECT format(E'SELECT * FROM cia_train(%L,\\n    source => %L', model, source) || "
         "string_agg(CASE k WHEN 'options' THEN format(E',\\n    options => %L', v) "
         "WHEN 'target' THEN format(E',\\n    target => %L', v #>> '{}') "
         "WHEN 'algorithm' THEN format(E',\\n    algorithm => %L', v #>> '{}') "
         "WHEN 'weight' THEN format(E',\\n    weight => %L', v #>> '{}') "
         "ELSE format(E',\\n    %s => %L', k, "
         "ARRAY(SELECT jsonb_array_elements_text(v))) END, '' ORDER BY "
         "array_position('{target,algorithm,features,exclude,id,weight,options}'::text[], k)) || "
         "');' FROM jsonb_each(request) r(k, v) WHERE k IN ('target', 'algorithm', "
         "'features', 'exclude', 'id', 'weight', 'options')"},
    [FACT_FINGERPRINT] = {NULL, "fingerprint"},
    [FACT_INTERVALS] = {NULL, "intervals"},
    [FACT_COLUMNS] = {NULL, "columns"},
    {"In production", "CASE WHEN production THEN 'yes' ELSE 'no' END"},
    {"Algorithm", "algorithm"},
    {"Task", "task"},
    {"Target", "target"},
    {"Trained by", "trained_by"},
    {"Trained at",
     "to_char(trained_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')"},
    {"Seconds", "round(seconds::numeric, 2)"},
    {"Parent", "'version ' || parent"},
    {"Origin",
     "CASE origin->>'kind' WHEN 'copy' THEN 'copy of ' ELSE 'import of ' END || "
     "(origin->>'model') || '@' || (origin->>'version') || "
     "coalesce(' of database ' || (origin->>'database'), '') || "
     "coalesce(', trained by ' || (origin->>'trained_by'), '') || "
     "coalesce(', brought by ' || (origin->>'by'), '')"},
    {"Decision", "decision"},
    {"Named by hand",
     "SELECT string_agg(format('%s (until then %s) by %s', e->>'name', e->>'segment', "
     "e->>'by'), '; ' ORDER BY n) FROM jsonb_array_elements(named) "
     "WITH ORDINALITY d(e, n)"},
    {"Tags", "array_to_string(tags, ', ')"},
    {"Size", "pg_size_pretty(size::bigint)"},
    {"cia", "cia_version"},
    {"PostgreSQL", "pg_version"},
    {"Fingerprint", "fingerprint"},
};

static void
put_use(const cia_card *card, const char *comment)
{
	appendStringInfoString(card->text, "## Intended use\n\n");
	if (comment != NULL)
		cia_markdown_quote(card->text, comment);
	else
	{
		appendStringInfoString(
		    card->text, "Nobody has written what this model is for and what it is not "
		                "for. This puts it here:\n\n");
		cia_markdown_code(
		    card->text, "sql",
		    psprintf("SELECT cia_comment(%s, '...');", quote_literal_cstr(card->name)));
	}
}

static void
put_details(const cia_card *card, char *const *text)
{
	static const char *const header[] = {"Item", "Value"};

	appendStringInfoString(card->text, "## Model details\n\n");
	cia_markdown_table(card->text, header, lengthof(header));
	for (size_t i = FIRST_DETAIL; i < lengthof(fact); i++)
	{
		if (text[i] == NULL || text[i][0] == '\0')
			continue;
		cia_markdown_cell(card->text, fact[i].label);
		cia_markdown_cell(card->text, text[i]);
		cia_markdown_end_row(card->text);
	}
	appendStringInfoChar(card->text, '\n');
}

static void
put_limitations(const cia_card *card, const char *notes)
{
	Datum *note;
	int count;

	deconstruct_array(cia_text_array(notes), TEXTOID, -1, false, TYPALIGN_INT, &note,
	                  NULL, &count);
	appendStringInfoString(card->text, "## Limitations\n\n");
	appendStringInfoString(card->text, count == 0 ? "The training has noted none.\n"
	                                              : "The training has noted:\n\n");
	for (int i = 0; i < count; i++)
		cia_markdown_item(card->text, TextDatumGetCString(note[i]));
	appendStringInfoChar(card->text, '\n');
}

static void
put_options(const cia_card *card)
{
	static const char *const header[] = {"Option", "Value"};
	const ml_value *options = &card->model->options;

	appendStringInfoString(card->text, "## Options in force\n\n");
	cia_markdown_table(card->text, header, lengthof(header));
	for (int64 i = 0; i < options->count; i++)
	{
		cia_markdown_cell(card->text, cia_text_cstring(options->keys[i]));
		cia_markdown_cell(card->text, cia_value_to_json(&options->items[i]));
		cia_markdown_end_row(card->text);
	}
	appendStringInfoChar(card->text, '\n');
}

static void
put_reproduction(const cia_card *card, char *const *text)
{
	appendStringInfoString(
	    card->text, "## How to reproduce it\n\nOn the same rows this gives a version "
	                "with the same fingerprint:\n\n");
	cia_markdown_code(card->text, "sql", text[FACT_STATEMENT]);
	appendStringInfo(card->text,
	                 "How it compares with another version is told by "
	                 "`cia_diff(model, v1, v2)`, how it does on other rows "
	                 "by `cia_evaluate(model, source)` and "
	                 "`%s(model, source)`.\n",
	                 card->model->schema.task == ML_SEGMENTATION ? "cia_segment_sizes"
	                                                             : "cia_report");
}

static void
put_card(cia_card *card, char *const *text)
{
	appendStringInfoString(card->text, "# Model card: ");
	cia_markdown_text(card->text, card->name);
	appendStringInfoString(card->text, "\n\n");
	put_use(card, text[FACT_COMMENT]);
	put_details(card, text);
	appendStringInfoString(card->text, "## Training data\n\n");
	cia_markdown_code(card->text, "sql", text[FACT_SOURCE]);
	appendStringInfo(
	    card->text,
	    "%s rows were used and %s skipped; %s of those used were kept out of "
	    "training.\n\n",
	    cia_report_count(cia_training_number(card->model, "rows")),
	    cia_report_count(cia_training_number(card->model, "skipped")),
	    cia_report_count(cia_training_number(card->model, "holdout_rows")));
	cia_card_data(card);
	cia_card_performance(card);
	cia_card_importance(card);
	put_limitations(card, text[FACT_NOTES]);
	put_options(card);
	put_reproduction(card, text);
}

static void
read_json(const cia_card *card, const char *text, ml_value *value)
{
	Datum jsonb = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));

	cia_value_from_jsonb(card->door, DatumGetJsonbP(jsonb), value);
}

Datum
cia_model_card(PG_FUNCTION_ARGS)
{
	Oid schema = cia_schema(fcinfo);
	cia_entry entry = cia_registry_manage(schema, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char *text[lengthof(fact)];
	StringInfoData out;
	cia_card card = {.text = &out,
	                 .door = cia_door_for_model(CurrentMemoryContext),
	                 .name = psprintf("%s@%d", NameStr(entry.name), entry.version)};

	int settings = cia_plain_settings();

	initStringInfo(&out);
	cia_version_facts(schema, &entry, fact, lengthof(fact), text);
	read_json(&card, text[FACT_INTERVALS], &card.intervals);
	read_json(&card, text[FACT_COLUMNS], &card.columns);
	card.model = cia_model_decode(card.door, cia_registry_content(schema, &entry));
	put_card(&card, text);
	cia_path_unpin(settings);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
