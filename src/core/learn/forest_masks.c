/* SPDX-License-Identifier: PostgreSQL */
/*
 * forest_masks.c: the leaves of eight trees at once, by bits.
 *
 * QuickScorer (Lucchese et al. 2015) gives each leaf of a tree a bit, from left to right.  A
 * node whose row goes right rules out the leaves of its left side; the lowest bit that no
 * node rules out is the row's leaf.  Here all nodes of a feature are looked up at once: for
 * every slot of a feature (forest_slots.h) and every group of eight trees there is a line of eight
 * masks, ready made.  Scoring a row is a search per feature, an AND per feature and group, and
 * a table of leaf values: no branches, and no word about depth.
 *
 * Slots between which no node of a group tells share a line, so that a group's lines fit into
 * the processor's first cache.  Which line a slot has is kept for all groups side by side: a row
 * meets few cache lines of that table.  A line is one cache line.
 *
 * Trees of 65 to 128 leaves have two words each, and groups four trees.
 */
#include "learn/learn.h"

#include <string.h>

#define WORDS ML_TREE_LANES /* of a line */
#define BITS 64
#define STRIDE 4 /* look-ups between two jumps */
#define MOST_LINES (65535 / WORDS)
#define MOST_WORK (1 << 25)          /* slots times trees */
#define RECORDS (ML_MOST_PLACES + 1) /* of a block of rows, on the stack */
#define BLOCK 128                    /* rows at most */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAS_LANES 1
#endif

/* A line's worth of trees. */
typedef struct group
{
	const uint64_t *line;  /* [lines][WORDS] */
	const double *value;   /* [WORDS][BITS] of leaves */
	const uint16_t *place; /* [asked] that its nodes ask about, filled up with none */
	int asked;             /* a multiple of STRIDE */
} group;

struct ml_leaf_masks
{
	const ml_slots *slots;
	double base;
	int words; /* of a tree */
	int groups;
	group *group;
	uint16_t *
	    line_of; /* [slots + 1][groups] words before the line; the last are those of no place, 0 */
};

/* A node of the group at hand. */
typedef struct question
{
	const ml_node *node;
	int next;      /* of the same place, or -1 */
	int next_edge; /* of the same edge, or -1 */
	int word;
	uint64_t kept[2]; /* all leaves but those of its left side */
} question;

typedef struct builder
{
	ml_host *host;
	const ml_forest *forest;
	struct ml_leaf_masks *masks;
	int questions;
	question *question; /* [nodes of a group] */
	int *first;         /* [places] question, or -1 */
	int *at_edge;       /* [slots of the widest place] question, or -1 */
	uint64_t *is_left;  /* [slots of the widest place] all ones: the code goes left */
	uint64_t *line;     /* [most lines][WORDS] of the group at hand */
	int lines;
	int64_t most_lines;
} builder;

/* Bits from one to before another, of word number word. */
static inline uint64_t
bits_between(int from, int to, int word)
{
	uint64_t bits = UINT64_MAX;

	from = from > word * BITS ? from - word * BITS : 0;
	to = to < (word + 1) * BITS ? to - word * BITS : BITS;
	if (from >= to)
		return 0;
	return bits << from & bits >> (BITS - to);
}

/*
 * Numbers the leaves of a tree from left to right, lists its questions by place, and notes the
 * values of its leaves.  Answers the number behind the last leaf of the node.
 */
static int
list_questions(builder *b, const ml_node *tree, int at, int leaf, int word, double *value)
{
	const ml_node *node = &tree[at];
	question *asked;
	int place, middle;

	if (node->feature < 0)
	{
		value[word * BITS + leaf] = node->value;
		return leaf + 1;
	}
	asked = &b->question[b->questions];
	place = b->masks->slots->place_of[node->feature];
	*asked = (question){.node = node, .word = word, .next = b->first[place]};
	b->first[place] = b->questions++;
	middle = list_questions(b, tree, node->left, leaf, word, value);
	for (int w = 0; w < b->masks->words; w++)
		asked->kept[w] = ~bits_between(leaf, middle, w);
	return list_questions(b, tree, node->right, middle, word, value);
}

static inline uint64_t *
line_at(const builder *b, int line)
{
	return b->line + (int64_t) line * WORDS;
}

static inline void
mask_line(const builder *b, const question *asked, uint64_t *line)
{
	for (int w = 0; w < b->masks->words; w++)
		line[asked->word + w] &= asked->kept[w];
}

/* The next line, as the one before or with no leaf ruled out. */
static uint64_t *
add_line(builder *b, const uint64_t *like)
{
	uint64_t *line = line_at(b, b->lines++);

	if (like != NULL)
		memcpy(line, like, WORDS * sizeof *line);
	else
		memset(line, 0xff, WORDS * sizeof *line);
	return line;
}

static inline void
set_line(const builder *b, const ml_asked *place, int slot, int group)
{
	b->masks->line_of[(place->first + slot) * b->masks->groups + group] =
	    (uint16_t) ((b->lines - 1) * WORDS);
}

/* From slot to slot, what the nodes whose edge has been passed rule out is added. */
static void
add_number(builder *b, const ml_asked *place, int first, int group)
{
	uint64_t *line = add_line(b, NULL);

	for (int e = 0; e <= place->edges; e++)
		b->at_edge[e] = -1;
	for (int q = first; q >= 0; q = b->question[q].next)
	{
		int edge = ml_slots_edge(place, b->question[q].node->threshold);

		b->question[q].next_edge = b->at_edge[edge];
		b->at_edge[edge] = q;
	}
	set_line(b, place, 0, group);
	for (int slot = 1; slot <= place->edges; slot++)
	{
		if (b->at_edge[slot - 1] >= 0)
			line = add_line(b, line);
		for (int q = b->at_edge[slot - 1]; q >= 0; q = b->question[q].next_edge)
			mask_line(b, &b->question[q], line);
		set_line(b, place, slot, group);
	}
	line = add_line(b, NULL);
	for (int q = first; q >= 0; q = b->question[q].next)
		if (!b->question[q].node->missing_left)
			mask_line(b, &b->question[q], line);
	set_line(b, place, place->missing, group);
}

/* Takes a node's mask into the lines of all codes that go right. */
static void
mask_category(builder *b, const ml_asked *place, const question *asked, uint64_t *line)
{
	const ml_node *node = asked->node;
	uint64_t *is_left = b->is_left;

	memset(is_left, 0, ((size_t) place->missing + 1) * sizeof *is_left);
	for (int64_t i = 0; i < node->set_count; i++)
		is_left[node->code[i]] = UINT64_MAX;
	is_left[place->missing] = node->missing_left ? UINT64_MAX : 0;
	for (int slot = 0; slot <= place->missing; slot++)
		for (int w = 0; w < b->masks->words; w++)
			line[(int64_t) slot * WORDS + asked->word + w] &=
			    asked->kept[w] | is_left[slot];
}

/* Codes that follow each other and rule out the same share a line. */
static void
add_category(builder *b, const ml_asked *place, int first, int group)
{
	uint64_t *line = line_at(b, b->lines);

	memset(line, 0xff, ((size_t) place->missing + 1) * WORDS * sizeof *line);
	for (int q = first; q >= 0; q = b->question[q].next)
		mask_category(b, place, &b->question[q], line);
	for (int slot = 0; slot <= place->missing; slot++)
	{
		const uint64_t *here = line + (int64_t) slot * WORDS;

		if (slot == 0 ||
		    memcmp(line_at(b, b->lines - 1), here, WORDS * sizeof *line) != 0)
			memmove(line_at(b, b->lines++), here, WORDS * sizeof *line);
		set_line(b, place, slot, group);
	}
}

/* Room whose lines are cache lines; large enough for so many. */
static ml_status
new_lines(ml_host *host, int64_t lines, uint64_t **line)
{
	char *room;

	ML_NEW_RAW(host, room, (lines + 1) * WORDS * (int64_t) sizeof **line);
	room += -(uintptr_t) room % (WORDS * sizeof **line);
	*line = (uint64_t *) room;
	return ML_OK;
}

static ml_status
keep_group(builder *b, group *g)
{
	const ml_slots *slots = b->masks->slots;
	uint16_t *place;
	uint64_t *line;

	ML_NEW(b->host, place, (int64_t) slots->places + STRIDE);
	for (int p = 0; p < slots->places; p++)
		if (b->first[p] >= 0)
			place[g->asked++] = (uint16_t) p;
	while (g->asked % STRIDE != 0)
		place[g->asked++] = (uint16_t) slots->places;
	ML_TRY(new_lines(b->host, b->lines, &line));
	memcpy(line, b->line, (size_t) b->lines * WORDS * sizeof *line);
	g->place = place;
	g->line = line;
	return ML_OK;
}

static ml_status
make_group(builder *b, int number, group *g)
{
	const ml_forest *forest = b->forest;
	const ml_slots *slots = b->masks->slots;
	int trees = WORDS / b->masks->words, end = (number + 1) * trees;
	double *value;

	/* words without a tree have a leaf that is worth nothing */
	ML_NEW(b->host, value, WORDS * BITS);
	g->value = value;
	b->questions = b->lines = 0;
	(void) add_line(b, NULL);
	for (int p = 0; p < slots->places; p++)
		b->first[p] = -1;
	for (int t = number * trees; t < end && t < forest->trees; t++)
		(void) list_questions(b, forest->node + forest->first[t], 0, 0,
		                      t % trees * b->masks->words, value);
	for (int p = 0; p < slots->places; p++)
	{
		const ml_asked *place = &slots->place[p];

		if (b->first[p] >= 0 && place->edges >= 0)
			add_number(b, place, b->first[p], number);
		else if (b->first[p] >= 0)
			add_category(b, place, b->first[p], number);
	}
	return keep_group(b, g);
}

/* The most lines that a group can need: two for a number's first slot and missing, and one per node. */
static ml_status
make_room(builder *b)
{
	const ml_slots *slots = b->masks->slots;
	int widest = 0, trees = WORDS / b->masks->words;

	b->most_lines = (int64_t) WORDS * BITS + 1;
	for (int p = 0; p < slots->places; p++)
	{
		b->most_lines += slots->place[p].edges < 0 ? slots->place[p].missing + 1 : 2;
		if (slots->place[p].missing > widest)
			widest = slots->place[p].missing;
	}
	ML_NEW(b->host, b->question, (int64_t) trees * b->forest->leaves);
	ML_NEW(b->host, b->first, slots->places);
	ML_NEW(b->host, b->at_edge, (int64_t) widest + 1);
	ML_NEW(b->host, b->is_left, (int64_t) widest + 1);
	return new_lines(b->host, b->most_lines, &b->line);
}

ml_status
ml_leaf_masks_create(ml_host *host, const ml_forest *forest, const ml_slots *slots,
                     struct ml_leaf_masks **out)
{
	builder b = {.host = host, .forest = forest};
	struct ml_leaf_masks *masks;

	*out = NULL;
	if (forest->leaves > ML_MASKED_LEAVES || slots->slots * forest->trees > MOST_WORK)
		return ML_OK;
	ML_NEW(host, masks, 1);
	b.masks = masks;
	masks->slots = slots;
	masks->base = forest->base;
	masks->words = forest->leaves > BITS ? 2 : 1;
	masks->groups = (forest->trees * masks->words + WORDS - 1) / WORDS;
	ML_TRY(make_room(&b));
	if (b.most_lines > MOST_LINES)
		return ML_OK;
	ML_NEW(host, masks->group, masks->groups);
	ML_NEW(host, masks->line_of, (slots->slots + 1) * masks->groups);
	for (int i = 0; i < masks->groups; i++)
	{
		if (ml_stop(host))
			return ML_STOPPED;
		ML_TRY(make_group(&b, i, &masks->group[i]));
	}
	*out = masks;
	return ML_OK;
}

/* The bits of the leaves that no node rules out; number is the group's. */
static void
find_leaves(const group *g, const uint16_t *const *record, int number, uint64_t *leaves)
{
	memset(leaves, 0xff, WORDS * sizeof *leaves);
	for (int i = 0; i < g->asked; i++)
	{
		const uint64_t *line = g->line + record[g->place[i]][number];

		for (int w = 0; w < WORDS; w++)
			leaves[w] &= line[w];
	}
}

#ifdef HAS_LANES
__attribute__((target("avx2"))) static void
find_leaves_by_fours(const group *g, const uint16_t *const *record, int number,
                     uint64_t *leaves)
{
	__m256i low = _mm256_set1_epi64x(-1), high = low;

	for (int i = 0, asked = g->asked; i < asked; i += STRIDE)
		for (int k = 0; k < STRIDE; k++)
		{
			size_t at = record[g->place[i + k]][number];
			const __m256i *line = (const __m256i *) (g->line + at);

			low = _mm256_and_si256(low, _mm256_load_si256(line));
			high = _mm256_and_si256(high, _mm256_load_si256(line + 1));
		}
	_mm256_storeu_si256((__m256i *) leaves, low);
	_mm256_storeu_si256((__m256i *) leaves + 1, high);
}

#endif

/* Adds the values of the leaves of a group to the sums of a row. */
static inline void
add_values(const group *g, int number, int words, const uint64_t *leaves, double *lane)
{
	if (words == 1)
		for (int w = 0; w < WORDS; w++)
			lane[w] += g->value[w * BITS + __builtin_ctzll(leaves[w])];
	else
		for (int w = 0; w < WORDS; w += 2)
			lane[(number % 2 * WORDS + w) / 2] +=
			    g->value[w * BITS + (leaves[w] != 0
			                             ? __builtin_ctzll(leaves[w])
			                             : BITS + __builtin_ctzll(leaves[w + 1]))];
}

/* Adds what the trees of a group say of a row to its sums. */
typedef void (*group_adder)(const group *g, int number, int words,
                            const uint16_t *const *record, double *lane);

static void
add_group(const group *g, int number, int words, const uint16_t *const *record,
          double *lane)
{
	uint64_t leaves[WORDS];

	find_leaves(g, record, number, leaves);
	add_values(g, number, words, leaves, lane);
}

#ifdef HAS_LANES
__attribute__((target("avx2,bmi"))) static void
add_group_by_fours(const group *g, int number, int words, const uint16_t *const *record,
                   double *lane)
{
	uint64_t leaves[WORDS];

	find_leaves_by_fours(g, record, number, leaves);
	add_values(g, number, words, leaves, lane);
}

/* The lowest bit is the highest of those that it and its negative share. */
__attribute__((target("avx512f,avx512cd"))) static void
add_group_by_eights(const group *g, int number, int words, const uint16_t *const *record,
                    double *lane)
{
	__m512i all = _mm512_set1_epi64(-1), leaf;

	for (int i = 0, asked = g->asked; i < asked; i += STRIDE)
		for (int k = 0; k < STRIDE; k++)
		{
			size_t at = record[g->place[i + k]][number];

			all = _mm512_and_si512(all, _mm512_load_si512(g->line + at));
		}
	if (words == 1)
	{
		leaf = _mm512_lzcnt_epi64(
		    _mm512_and_si512(all, _mm512_sub_epi64(_mm512_setzero_si512(), all)));
		leaf = _mm512_sub_epi64(_mm512_setr_epi64(63, 127, 191, 255, 319, 383, 447, 511),
		                        leaf);
		_mm512_storeu_pd(lane, _mm512_add_pd(_mm512_loadu_pd(lane),
		                                     _mm512_i64gather_pd(leaf, g->value, 8)));
	}
	else
	{
		uint64_t leaves[WORDS];

		_mm512_storeu_si512(leaves, all);
		add_values(g, number, words, leaves, lane);
	}
}
#endif

static group_adder
choose_adder(const ml_slots *slots)
{
#ifdef HAS_LANES
	if (slots->lanes == 8)
		return add_group_by_eights;
	if (slots->lanes == 4)
		return add_group_by_fours;
#endif
	(void) slots;
	return add_group;
}

/* Where the lines of a row's slots are told. */
static void
find_records(const struct ml_leaf_masks *masks, const double *row,
             const uint16_t **record)
{
	const ml_slots *slots = masks->slots;
	uint16_t slot[ML_MOST_PLACES];

	ml_slots_find(slots, row, slot);
	for (int p = 0; p < slots->places; p++)
		record[p] = masks->line_of + (slots->place[p].first + slot[p]) * masks->groups;
	record[slots->places] = masks->line_of + slots->slots * masks->groups;
}

/* Group by group, since lines of one stay in the cache for all rows. */
static void
score_block(const struct ml_leaf_masks *masks, const double *row, int64_t width, int rows,
            double *margin)
{
	group_adder adder = choose_adder(masks->slots);
	const uint16_t *record[RECORDS];
	double lane[BLOCK][ML_TREE_LANES];
	int places = masks->slots->places + 1;

	memset(lane, 0, (size_t) rows * sizeof *lane);
	for (int i = 0; i < rows; i++)
		find_records(masks, row + i * width, record + (int64_t) i * places);
	for (int g = 0; g < masks->groups; g++)
		for (int i = 0; i < rows; i++)
			adder(&masks->group[g], g, masks->words, record + (int64_t) i * places,
			      lane[i]);
	for (int i = 0; i < rows; i++)
		margin[i] = ml_lane_total(masks->base, lane[i]);
}

void
ml_leaf_masks_margins(const struct ml_leaf_masks *masks, const double *row, int64_t width,
                      int64_t rows, double *margin)
{
	int places = masks->slots->places + 1;
	int64_t block = places * BLOCK <= RECORDS ? BLOCK : RECORDS / places;

	for (int64_t i = 0; i < rows; i += block)
		score_block(masks, row + i * width, width,
		            (int) (rows - i < block ? rows - i : block), margin + i);
}
