/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_trees.c: models of trees, changed as somebody would who knows what they consist of.
 *
 * Bytes changed at random seldom come past the first checks, so the mutator reads the value that
 * a model is and turns its arrays: cycles, children out of range or pointing up, thresholds that
 * are no numbers, chains that are too deep, arrays of the wrong size, sets out of order, covers that
 * do not add up.  Whole trees that are right it makes as well, so that scoring and explaining see
 * shapes which no training would give.  What is accepted must score as a walk through its nodes
 * does, bit for bit, and contributions must add up.
 */
#include "fuzz.h"

#define HEADER 16
#define MOST_ROWS 12

size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t max_size);

static uint64_t state; /* of the generator */

static int64_t
below(int64_t limit)
{
	state = ml_hash_mix(state + 0x9e3779b97f4a7c15);
	return limit > 0 ? (int64_t) (state % (uint64_t) limit) : 0;
}

static void
make_header(unsigned char *bytes, size_t length)
{
	uint64_t hash = ml_hash_bytes(bytes + HEADER, (int64_t) (length - HEADER));

	memcpy(bytes, "CIAM\1\0\0\0", 8);
	for (int i = 0; i < 8; i++)
		bytes[8 + i] = (unsigned char) (hash >> (8 * i));
}

/* The arrays of a model, by name. */
typedef struct arrays
{
	ml_host *host;
	ml_value *learned;
	const ml_value *features;
} arrays;

static ml_value *
array(const arrays *a, const char *name)
{
	ml_value *found = (ml_value *) ml_value_member(a->learned, name);

	return found != NULL && found->kind == ML_VALUE_NUMBERS && found->count > 0 ? found
	                                                                            : NULL;
}

/* An item of an array, or NULL; at says which, -1 any. */
static double *
item(const arrays *a, const char *name, int64_t at)
{
	ml_value *found = array(a, name);

	if (found == NULL || at >= found->count)
		return NULL;
	return &found->numbers[at >= 0 ? at : below(found->count)];
}

/* A number that is likely to do harm. */
static double
odd_number(void)
{
	static const double odd[] = {NAN,       0,           -1,    1,          0.5,
	                             -0.0,      2,           1e308, -1e308,     5e-324,
	                             0x1p53,    0x1p31,      65536, 131072,     -2,
	                             0x1p-1022, 4294967296., 3,     2147483647, 1e15};

	return odd[below(sizeof odd / sizeof *odd)];
}

static void
set(double *number, double to)
{
	if (number != NULL)
		*number = to;
}

/* A child becomes its own parent, one above, a sibling, or nobody. */
static void
turn_child(const arrays *a)
{
	double *left = item(a, below(2) ? "left" : "right", -1);
	double *other = item(a, below(2) ? "left" : "right", -1);

	if (left == NULL || other == NULL)
		return;
	switch (below(5))
	{
		case 0:
			*left = (double) below(8);
			break;
		case 1:
			*left += (double) below(5) - 2;
			break;
		case 2:
			*left = *other;
			break;
		case 3:
			*left = odd_number();
			break;
		default:
		{
			double kept = *left;

			*left = *other;
			*other = kept;
		}
	}
}

static const char *const node_array[] = {"feature", "threshold", "missing_left",
                                         "left",    "right",     "value",
                                         "cover",   "gain",      "set_size"};
#define NODE_ARRAYS (int) (sizeof node_array / sizeof *node_array)

static void
turn_number(const arrays *a)
{
	double *number = item(a, node_array[below(NODE_ARRAYS)], -1);
	double *like = item(a, "threshold", -1);

	if (number == NULL)
		return;
	switch (below(4))
	{
		case 0:
			*number = odd_number();
			break;
		case 1:
			*number = nextafter(*number, below(2) ? INFINITY : -INFINITY);
			break;
		case 2:
			*number += (double) below(3) - 1;
			break;
		default:
			*number = like != NULL ? *like : 0;
	}
}

/* The cover of a parent goes with that of a child, so that sums stay right; or not quite. */
static void
turn_cover(const arrays *a)
{
	double *cover = item(a, "cover", 0), *left, *right;
	double more = below(2) ? (double) (1 + below(1000)) : ldexp(1, (int) below(53));

	if (cover == NULL || (left = item(a, "left", 0)) == NULL ||
	    (right = item(a, "right", 0)) == NULL)
		return;
	set(cover, *cover + more);
	if (*left > 0 && *right > 0 && *left < 1e6 && *right < 1e6)
		set(item(a, "cover", (int64_t) (below(2) ? *left : *right)), more + 1);
}

static void
turn_set(const arrays *a)
{
	ml_value *codes = array(a, "set_code");

	if (codes == NULL)
		return;
	switch (below(4))
	{
		case 0:
			codes->numbers[below(codes->count)] = odd_number();
			break;
		case 1:
			codes->numbers[below(codes->count)] = codes->numbers[below(codes->count)];
			break;
		case 2:
			codes->numbers[below(codes->count)] += 1;
			break;
		default:
			set(item(a, "set_size", -1), (double) below(codes->count + 2));
	}
}

/* An array grows or shrinks, alone or all arrays of nodes alike. */
static void
turn_size(const arrays *a)
{
	bool all = below(2);
	int64_t shift = below(2) ? 1 : below(2) ? -1 : below(40) - 20;

	for (int i = 0; i < a->learned->count; i++)
	{
		ml_value *found = &a->learned->items[all ? i : below(a->learned->count)];
		int64_t count = found->count + shift;
		double *numbers;

		if (found->kind != ML_VALUE_NUMBERS || count < 0 || count > 1000000)
			continue;
		numbers = ml_alloc_array(a->host, count, sizeof *numbers);
		if (numbers == NULL)
			return;
		for (int64_t k = 0; k < count; k++)
			numbers[k] = k < found->count   ? found->numbers[k]
			             : found->count > 0 ? found->numbers[below(found->count)]
			                                : 0;
		*found = ml_value_numbers(numbers, count);
		if (!all)
			return;
	}
}

/* Where one tree ends and the next begins. */
static void
turn_trees(const arrays *a)
{
	double *one = item(a, "tree_nodes", -1), *other = item(a, "tree_nodes", -1);
	double shift = below(4) == 0 ? odd_number() : (double) below(7) - 3;

	if (one == NULL || other == NULL)
		return;
	*one += shift;
	if (below(2))
		*other -= shift;
}

/* Arrays of trees that are being made. */
typedef struct plant
{
	const arrays *a;
	double *of[NODE_ARRAYS];
	double *code;
	int64_t nodes, codes, room, code_room;
} plant;

enum
{
	FEATURE,
	THRESHOLD,
	MISSING_LEFT,
	LEFT,
	RIGHT,
	VALUE,
	COVER,
	GAIN,
	SET_SIZE
};

static int64_t
labels_of(const ml_value *feature)
{
	const ml_value *labels = ml_value_member(feature, "labels");

	return labels != NULL ? labels->count : 0;
}

static void
ask(plant *p, int64_t node)
{
	int64_t f = below(p->a->features->count);
	int64_t labels = labels_of(&p->a->features->items[f]);

	p->of[FEATURE][node] = (double) f;
	p->of[MISSING_LEFT][node] = (double) below(2);
	p->of[GAIN][node] = (double) below(100);
	if (labels == 0)
		p->of[THRESHOLD][node] = (double) below(40) - 20;
	for (int64_t code = 0; code < labels && p->codes < p->code_room; code++)
		if (below(2))
		{
			p->code[p->codes++] = (double) code;
			p->of[SET_SIZE][node]++;
		}
}

/* A tree that is right: bushy, or a chain of one leaf per question. */
static int64_t
grow(plant *p, int64_t leaves, bool chain)
{
	int64_t first = p->nodes, count = 1, made = 1;

	p->of[COVER][first] = 0x1p40;
	for (int64_t i = 0; i < count; i++)
	{
		int64_t node = first + i;
		double *cover = p->of[COVER];

		p->of[FEATURE][node] = p->of[LEFT][node] = p->of[RIGHT][node] = -1;
		p->of[THRESHOLD][node] = NAN;
		p->of[VALUE][node] = ldexp((double) below(2001) - 1000, (int) below(20) - 10);
		if (made >= leaves || cover[node] < 2 || first + count + 2 > p->room ||
		    (chain && i % 2 == 1))
			continue;
		ask(p, node);
		p->of[LEFT][node] = (double) count;
		p->of[RIGHT][node] = (double) (count + 1);
		cover[first + count] = chain ? 1 : 1 + (double) below((int64_t) cover[node] - 1);
		cover[first + count + 1] = cover[node] - cover[first + count];
		count += 2;
		made++;
	}
	p->nodes += count;
	return count;
}

/* Other trees in place of those there are. */
static void
plant_trees(const arrays *a)
{
	ml_value *tree_nodes = array(a, "tree_nodes");
	plant p = {.a = a, .room = 3000, .code_room = 20000};
	int64_t trees = 1 + below(20);
	double *counts = ml_alloc_array(a->host, trees, sizeof *counts);
	bool chain = below(4) == 0;

	p.code = ml_alloc_array(a->host, p.code_room, sizeof *p.code);
	for (int i = 0; i < NODE_ARRAYS; i++)
		p.of[i] = ml_alloc_array(a->host, p.room, sizeof **p.of);
	for (int i = 0; i < NODE_ARRAYS; i++)
		if (p.of[i] == NULL || array(a, node_array[i]) == NULL)
			return;
	if (counts == NULL || p.code == NULL || tree_nodes == NULL ||
	    ml_value_member(a->learned, "set_code") == NULL)
		return;
	for (int64_t t = 0; t < trees; t++)
		counts[t] =
		    (double) (p.nodes + 1 < p.room ? grow(&p, 1 + below(chain ? 140 : 90), chain)
		                                   : 0);
	while (trees > 0 && counts[trees - 1] == 0)
		trees--;
	*tree_nodes = ml_value_numbers(counts, trees);
	for (int i = 0; i < NODE_ARRAYS; i++)
		*array(a, node_array[i]) = ml_value_numbers(p.of[i], p.nodes);
	*(ml_value *) ml_value_member(a->learned, "set_code") =
	    ml_value_numbers(p.code, p.codes);
}

static void
turn(const arrays *a)
{
	static void (*const turns[])(const arrays *) = {turn_child,  turn_child, turn_number,
	                                                turn_number, turn_cover, turn_set,
	                                                turn_size,   turn_trees, plant_trees};

	turns[below(sizeof turns / sizeof *turns)](a);
}

size_t
LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max_size,
                        unsigned int seed)
{
	arena memory = {0};
	ml_host host = {.alloc = arena_alloc, .context = &memory, .threads = 1};
	arrays a = {.host = &host};
	ml_value value;
	ml_bytes bytes;

	state = seed;
	if (below(8) > 0 && size > HEADER &&
	    ml_value_decode(&host, data + HEADER, size - HEADER, &value) == ML_OK &&
	    (a.learned = (ml_value *) ml_value_member(&value, "learned")) != NULL &&
	    a.learned->kind == ML_VALUE_OBJECT && a.learned->count > 0 &&
	    (a.features = ml_value_member(&value, "features")) != NULL &&
	    a.features->kind == ML_VALUE_ARRAY)
	{
		for (int64_t turns = 1 + below(3); turns > 0; turns--)
			turn(&a);
		if (ml_value_encode(&host, &value, HEADER, &bytes) == ML_OK &&
		    bytes.length <= max_size)
		{
			make_header(bytes.data, bytes.length);
			memcpy(data, bytes.data, bytes.length);
			size = bytes.length;
		}
	}
	else
		size = LLVMFuzzerMutate(data, size, max_size);
	arena_free(&memory);
	return size;
}

/* Near the thresholds of the model, on them, missing, and labels of all kinds. */
static void
draw_row(const ml_schema *schema, const ml_forest *forest, double *row)
{
	for (int f = 0; f < schema->features; f++)
		row[f] = below(5) == 0 ? schema->feature[f].kind == ML_NUMBER ? NAN : -1
		         : schema->feature[f].kind == ML_NUMBER
		             ? (double) below(50) - 25
		             : (double) below(schema->feature[f].levels);
	for (int i = 0; i < 8 && forest->nodes > 0; i++)
	{
		const ml_node *node = &forest->node[below(forest->nodes)];

		if (node->feature >= 0 && node->threshold == node->threshold)
			row[node->feature] =
			    below(2) ? node->threshold : nextafter(node->threshold, INFINITY);
	}
}

/* What leaves can add up to. */
static double
scale_of(const ml_forest *forest)
{
	double most = fabs(forest->base);

	for (int64_t i = 0; i < forest->nodes; i++)
		most += fabs(forest->node[i].value);
	return most;
}

/* Margins are those of a walk, and contributions add up to them. */
static void
check_walks(ml_host *host, const ml_model *model)
{
	int features = model->schema.features;
	double *row = ml_alloc_array(host, ml_model_room(model), sizeof *row);
	double *contribution = ml_alloc_array(host, features, sizeof *row);
	ml_forest forest;

	if (row == NULL || contribution == NULL || !model->laid_out || model->by != NULL ||
	    model->schema.task == ML_MULTICLASS ||
	    ml_fitted_part(&model->fitted, "tree_nodes") == NULL ||
	    ml_forest_read(host, &model->schema, &model->fitted, &forest) != ML_OK)
		return;
	for (int i = 0; i < MOST_ROWS; i++)
	{
		double margin, walk, bias, sum;

		draw_row(&model->schema, &forest, row);
		margin = model->learner->margin(model->state, row);
		walk = ml_forest_walk(&forest, row);
		must(memcmp(&margin, &walk, sizeof walk) == 0 || (isnan(margin) && isnan(walk)));
		ml_model_explain(model, row, contribution, &bias);
		sum = bias;
		for (int f = 0; f < features; f++)
			sum += contribution[f];
		must(!(scale_of(&forest) < 1e300) ||
		     fabs(sum - margin) <= 1e-8 * (1 + scale_of(&forest)));
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	/* of exactly this length, so that a step too far is seen */
	unsigned char *bytes;
	arena memory = {0};
	ml_host host = {.alloc = arena_alloc, .context = &memory, .threads = 1};
	ml_model *model;
	ml_status status;

	if (length <= HEADER)
		return 0;
	bytes = malloc(length);
	memcpy(bytes, data, length);
	make_header(bytes, length);
	state = length;
	status = ml_model_decode(&host, bytes, length, &model);
	must(status == ML_OK || status == ML_BAD_MODEL || status == ML_MEMORY);
	if (status == ML_OK)
	{
		check_model(&host, model);
		check_walks(&host, model);
	}
	arena_free(&memory);
	free(bytes);
	return 0;
}
