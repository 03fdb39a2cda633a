/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_model_json.c: the JSON of a model, by PostgreSQL's own JSON parser.
 */
#include "compat.h"
#include "fuzz.h"

#define DEEPEST 64

/* The parser's memory, which it does not give back itself: the arena of the input. */
static arena memory;

void *
palloc(Size size)
{
	Size *piece = arena_alloc(&memory, size + 16);

	if (piece == NULL)
		exit(0);
	*piece = size;
	return (char *) piece + 16;
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

char *
pstrdup(const char *text)
{
	return memcpy(palloc(strlen(text) + 1), text, strlen(text) + 1);
}

void *
repalloc(void *pointer, Size size)
{
	Size before = *(Size *) ((char *) pointer - 16);

	return memcpy(palloc(size), pointer, before < size ? before : size);
}

void
pfree(void *pointer)
{
}

/* A container under construction. */
typedef struct level
{
	ml_value value;
	int64_t room;
	ml_text key; /* of the member that comes next */
} level;

typedef struct builder
{
	ml_host *host;
	level level[DEEPEST];
	int depth;
	bool failed;
	ml_value result;
} builder;

static void
put(builder *b, ml_value value)
{
	level *at;

	if (b->depth == 0)
	{
		b->result = value;
		return;
	}
	at = &b->level[b->depth - 1];
	if (at->value.count == at->room)
	{
		int64_t room = at->room > 0 ? 2 * at->room : 4;
		ml_value *items = ml_alloc_array(b->host, room, sizeof *items);
		ml_text *keys = ml_alloc_array(b->host, room, sizeof *keys);

		if (items == NULL || keys == NULL)
		{
			b->failed = true;
			return;
		}
		if (at->room > 0)
		{
			memcpy(items, at->value.items, (size_t) at->room * sizeof *items);
			memcpy(keys, at->value.keys, (size_t) at->room * sizeof *keys);
		}
		at->value.items = items;
		at->value.keys = keys;
		at->room = room;
	}
	at->value.keys[at->value.count] = at->key;
	at->value.items[at->value.count++] = value;
}

static void
begin(builder *b, ml_value_kind kind)
{
	if (b->depth == DEEPEST)
		b->failed = true;
	else
		b->level[b->depth++] = (level){.value = {.kind = kind}};
}

/* As the server does: an array of nothing but numbers and nulls is packed. */
static void
end(builder *b)
{
	ml_value value;
	double *numbers;

	if (b->failed || b->depth == 0)
		return;
	value = b->level[--b->depth].value;
	numbers = ml_alloc_array(b->host, value.count, sizeof *numbers);
	for (int64_t i = 0; numbers != NULL && i < value.count; i++)
	{
		if (value.items[i].kind != ML_VALUE_NUMBER &&
		    value.items[i].kind != ML_VALUE_NULL)
			numbers = NULL;
		else
			numbers[i] =
			    value.items[i].kind == ML_VALUE_NULL ? NAN : value.items[i].number;
	}
	if (value.kind == ML_VALUE_ARRAY && numbers != NULL)
		value = ml_value_numbers(numbers, value.count);
	put(b, value);
}

static cia_json_result
object_start(void *state)
{
	begin(state, ML_VALUE_OBJECT);
	cia_json_go_on();
}

static cia_json_result
array_start(void *state)
{
	begin(state, ML_VALUE_ARRAY);
	cia_json_go_on();
}

static cia_json_result
container_end(void *state)
{
	end(state);
	cia_json_go_on();
}

static ml_text
keep(builder *b, const char *text)
{
	ml_text copy = {"", 0};

	if (ml_text_copy(b->host, (ml_text){text, (int32_t) strlen(text)}, &copy) != ML_OK)
		b->failed = true;
	return copy;
}

static cia_json_result
field_start(void *state, char *name, bool isnull)
{
	builder *b = state;

	if (!b->failed && b->depth > 0)
		b->level[b->depth - 1].key = keep(b, name);
	cia_json_go_on();
}

static cia_json_result
scalar(void *state, char *token, JsonTokenType type)
{
	builder *b = state;

	if (b->failed)
		cia_json_go_on();
	if (type == JSON_TOKEN_STRING)
		put(b, ml_value_text(keep(b, token)));
	else if (type == JSON_TOKEN_NUMBER)
		put(b, (ml_value){.kind = ML_VALUE_NUMBER, .number = strtod(token, NULL)});
	else if (type == JSON_TOKEN_TRUE || type == JSON_TOKEN_FALSE)
		put(b, ml_value_bool(type == JSON_TOKEN_TRUE));
	else
		put(b, (ml_value){.kind = ML_VALUE_NULL});
	cia_json_go_on();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	static builder b;
	ml_host host = {.alloc = arena_alloc, .context = &memory, .threads = 1};
	char *text = malloc(length + 1);
	JsonSemAction action = {.semstate = &b,
	                        .object_start = object_start,
	                        .object_end = container_end,
	                        .array_start = array_start,
	                        .array_end = container_end,
	                        .object_field_start = field_start,
	                        .scalar = scalar};
	JsonLexContext *lex;
	ml_model *model;

	memcpy(text, data, length);
	text[length] = '\0';
	b = (builder){.host = &host};
	lex = cia_json_lexer(text, (int) length);
	if (pg_parse_json(lex, &action) == JSON_SUCCESS && !b.failed &&
	    ml_model_read(&host, &b.result, &model) == ML_OK)
		check_model(&host, model);
	free(text);
	arena_free(&memory);
	memory = (arena){0};
	return 0;
}
