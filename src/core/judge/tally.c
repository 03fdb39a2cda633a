/* SPDX-License-Identifier: PostgreSQL */
/*
 * tally.c: the sums of a tally: adding, merging, and bytes from and to the outside.
 */
#include "judge/judge.h"

#include <string.h>

#define FIRST_LOW 30 /* numbers from 2^-114 to 2^77 */
#define FIRST_COUNT 6

int
ml_tally_sums(ml_tally_kind kind, int bins)
{
	switch (kind)
	{
		case ML_TALLY_CONFUSION:
		case ML_TALLY_VARIANCE:
			return 4;
		case ML_TALLY_CALIBRATION:
			return 1 + bins;
		case ML_TALLY_LOG_LOSS:
		case ML_TALLY_BRIER:
		case ML_TALLY_SQUARED:
		case ML_TALLY_ABSOLUTE:
		case ML_TALLY_PERCENTAGE:
		case ML_TALLY_DEVIANCE:
		case ML_TALLY_KINDS:
			break;
	}
	return 2;
}

size_t
ml_tally_size(int sums, int count)
{
	return offsetof(ml_tally, digit) + (size_t) sums * (size_t) count * sizeof(int64_t);
}

size_t
ml_tally_open_size(int sums)
{
	return ml_tally_size(sums, FIRST_COUNT);
}

/* The host's header stays as it is. */
void
ml_tally_open(ml_tally *tally, ml_tally_kind kind, int sums)
{
	int32_t header = tally->header;

	memset(tally, 0, ml_tally_open_size(sums));
	tally->header = header;
	tally->kind = (int16_t) kind;
	tally->sums = (int16_t) sums;
	tally->low = FIRST_LOW;
	tally->count = FIRST_COUNT;
}

static void
carry(ml_tally *tally)
{
	for (int i = 0; i < tally->sums; i++)
		ml_exact_carry(tally->digit + (size_t) i * tally->count, tally->count);
	tally->pending = 0;
}

bool
ml_tally_add(ml_tally *tally, const ml_addend *addend, int count)
{
	ml_exact_parts parts[ML_TALLY_TERMS];

	for (int i = 0; i < count; i++)
	{
		parts[i] = ml_exact_split(addend[i].value);
		if (parts[i].whole != 0 &&
		    (parts[i].place < tally->low ||
		     parts[i].place + ML_EXACT_REACH > tally->low + tally->count))
			return false;
	}
	for (int i = 0; i < count; i++)
		if (parts[i].whole != 0)
			ml_exact_put(tally->digit + (size_t) addend[i].sum * tally->count +
			                 parts[i].place - tally->low,
			             &parts[i]);
	tally->rows++;
	tally->pending += count;
	if (tally->pending > ML_EXACT_PENDING)
		carry(tally);
	return true;
}

bool
ml_tally_drop(ml_tally *tally, ml_addend *addend, int count)
{
	for (int i = 0; i < count; i++)
		addend[i].value = -addend[i].value;
	if (tally->rows == 0 || !ml_tally_add(tally, addend, count))
		return false;
	tally->rows -= 2;
	return true;
}

size_t
ml_tally_widen(const ml_tally *tally, const ml_addend *addend, int addends, int *low,
               int *count)
{
	int first = tally->low, end = tally->low + tally->count;

	for (int i = 0; i < addends; i++)
	{
		ml_exact_parts parts = ml_exact_split(addend[i].value);

		if (parts.whole == 0)
			continue;
		first = parts.place < first ? parts.place : first;
		end = parts.place + ML_EXACT_REACH > end ? parts.place + ML_EXACT_REACH : end;
	}
	*low = first;
	*count = end - first;
	return ml_tally_size(tally->sums, *count);
}

/* What lies outside of the new places is none: they hold all of the old ones. */
void
ml_tally_move(ml_tally *into, const ml_tally *from, int low, int count)
{
	int32_t header = into->header;

	memcpy(into, from, offsetof(ml_tally, digit));
	into->header = header;
	into->low = (int16_t) low;
	into->count = (int16_t) count;
	memset(into->digit, 0, (size_t) from->sums * (size_t) count * sizeof(int64_t));
	for (int i = 0; i < from->sums; i++)
	{
		int64_t *at = into->digit + (size_t) i * count;

		memcpy(at + from->low - low, from->digit + (size_t) i * from->count,
		       (size_t) from->count * sizeof(int64_t));
		/* the sign moves up with the last word */
		ml_exact_carry(at, count);
	}
}

ml_status
ml_tally_create(ml_host *host, ml_tally_kind kind, int bins, ml_tally **tally)
{
	int sums = ml_tally_sums(kind, bins);

	*tally = ml_alloc(host, ml_tally_open_size(sums));
	if (*tally == NULL)
		return ML_MEMORY;
	ml_tally_open(*tally, kind, sums);
	return ML_OK;
}

ml_status
ml_tally_put(ml_host *host, ml_tally **tally, const ml_addend *addend, int addends)
{
	ml_tally *wide;
	int low, count;

	if (ml_tally_add(*tally, addend, addends))
		return ML_OK;
	wide = ml_alloc_raw(host, 1, ml_tally_widen(*tally, addend, addends, &low, &count));
	if (wide == NULL)
		return ML_MEMORY;
	ml_tally_move(wide, *tally, low, count);
	*tally = wide;
	ml_tally_add(wide, addend, addends);
	return ML_OK;
}

ml_status
ml_tally_take(ml_host *host, ml_tally **tally, const ml_case *row)
{
	ml_addend addend[ML_TALLY_TERMS];
	int addends = ml_tally_addends((ml_tally_kind) (*tally)->kind, row, addend);

	return ml_tally_put(host, tally, addend, addends);
}

size_t
ml_tally_widen_for(const ml_tally *into, const ml_tally *from, int *low, int *count)
{
	int end = into->low + into->count, other = from->low + from->count;

	*low = into->low < from->low ? into->low : from->low;
	*count = (end > other ? end : other) - *low;
	return ml_tally_size(into->sums, *count);
}

void
ml_tally_merge(ml_tally *into, const ml_tally *from)
{
	for (int i = 0; i < into->sums; i++)
	{
		int64_t *at = into->digit + (size_t) i * into->count + from->low - into->low;
		const int64_t *more = from->digit + (size_t) i * from->count;

		for (int k = 0; k < from->count; k++)
			at[k] += more[k];
	}
	into->rows += from->rows;
	carry(into);
}

double
ml_tally_sum(const ml_tally *tally, int sum)
{
	return ml_exact_value(tally->digit + (size_t) sum * tally->count, tally->low,
	                      tally->count);
}

/*
 * The bytes, all numbers with the low byte first:
 *
 *	0	format, 1
 *	1	kind
 *	2	sums, 2 bytes
 *	4	low, 2 bytes
 *	6	count, 2 bytes
 *	8	rows, 8 bytes
 *	16	per sum: count - 1 digits of 4 bytes in order, the last one of 8 with the sign
 */
#define FORMAT 1
#define HEADER 16

static size_t
encoded(int sums, int count)
{
	return HEADER + (size_t) sums * (size_t) (4 * count + 4);
}

size_t
ml_tally_encoded(const ml_tally *tally)
{
	return encoded(tally->sums, tally->count);
}

static unsigned char *
put(unsigned char *out, uint64_t number, int bytes)
{
	for (int i = 0; i < bytes; i++)
		*out++ = (unsigned char) (number >> (8 * i));
	return out;
}

static uint64_t
get(const unsigned char *in, int bytes)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number |= (uint64_t) in[i] << (8 * i);
	return number;
}

void
ml_tally_encode(const ml_tally *tally, unsigned char *out)
{
	int last = tally->count - 1;

	out = put(out, FORMAT, 1);
	out = put(out, (uint64_t) tally->kind, 1);
	out = put(out, (uint64_t) tally->sums, 2);
	out = put(out, (uint64_t) tally->low, 2);
	out = put(out, (uint64_t) tally->count, 2);
	out = put(out, (uint64_t) tally->rows, 8);
	for (int i = 0; i < tally->sums; i++)
	{
		int64_t ordered[ML_EXACT_PLACES];

		memcpy(ordered, tally->digit + (size_t) i * tally->count,
		       (size_t) tally->count * sizeof *ordered);
		ml_exact_carry(ordered, tally->count);
		for (int k = 0; k < last; k++)
			out = put(out, (uint64_t) ordered[k], 4);
		out = put(out, (uint64_t) ordered[last], 8);
	}
}

/* The last word of so many rows' sum; what is more would not leave room for its carries. */
static bool
fits(int64_t word, int64_t rows)
{
	int64_t most = rows == 0 ? 0 : (INT64_C(1) << 33) + rows * (1 << 22);

	return word >= -most && word <= most;
}

size_t
ml_tally_check(const unsigned char *bytes, size_t length)
{
	int kind, sums, low, count;
	int64_t rows;

	if (length < HEADER || bytes[0] != FORMAT)
		return 0;
	kind = bytes[1];
	sums = (int) get(bytes + 2, 2);
	low = (int) get(bytes + 4, 2);
	count = (int) get(bytes + 6, 2);
	rows = (int64_t) get(bytes + 8, 8);
	if (kind < 1 || kind >= ML_TALLY_KINDS || sums < 2 || sums > 1 + ML_TALLY_MOST_BINS ||
	    sums != ml_tally_sums((ml_tally_kind) kind, sums - 1) || count < ML_EXACT_REACH ||
	    low + count > ML_EXACT_PLACES || rows < 0 || rows > ML_TALLY_MOST_ROWS ||
	    length != encoded(sums, count))
		return 0;
	for (int i = 0; i < sums; i++)
		if (!fits(
		        (int64_t) get(bytes + HEADER + (size_t) (i + 1) * (4 * count + 4) - 8, 8),
		        rows))
			return 0;
	return ml_tally_size(sums, count);
}

void
ml_tally_decode(const unsigned char *bytes, ml_tally *tally)
{
	int sums = (int) get(bytes + 2, 2), count = (int) get(bytes + 6, 2);
	int64_t *digit = tally->digit;

	tally->kind = bytes[1];
	tally->sums = (int16_t) sums;
	tally->low = (int16_t) get(bytes + 4, 2);
	tally->count = (int16_t) count;
	tally->rows = (int64_t) get(bytes + 8, 8);
	tally->pending = 0;
	bytes += HEADER;
	for (int i = 0; i < sums; i++)
	{
		for (int k = 0; k + 1 < count; k++, bytes += 4)
			*digit++ = (int64_t) get(bytes, 4);
		*digit++ = (int64_t) get(bytes, 8);
		bytes += 8;
	}
}
