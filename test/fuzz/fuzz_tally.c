/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_tally.c: the bytes of a tally.
 *
 * They are read as they are, and once more behind a right header for as many digits as
 * there are, so that what is refused for its header alone is reached, too.
 */
#include "fuzz.h"

#define HEADER 16
#define WORD 8

static ml_tally *
decode(const unsigned char *bytes, size_t length)
{
	size_t size = ml_tally_check(bytes, length);
	ml_tally *tally = NULL;

	if (size == 0)
		return NULL;
	tally = malloc(size);
	ml_tally_decode(bytes, tally);
	return tally;
}

/* No measure leaves its sums, whatever they are; what is not defined is no number. */
static void
measure(const ml_tally *tally)
{
	static double (*const of_cells[])(const ml_tally *) = {
	    ml_tally_accuracy, ml_tally_precision, ml_tally_recall, ml_tally_f1,
	    ml_tally_mcc};

	ml_tally_mean(tally);
	ml_tally_rmse(tally);
	ml_tally_calibration_error(tally);
	if (tally->kind == ML_TALLY_VARIANCE)
	{
		ml_tally_r2(tally);
		ml_tally_fit_rmse(tally);
	}
	for (int i = 0; tally->kind == ML_TALLY_CONFUSION && i < 5; i++)
		of_cells[i](tally);
}

/* Twice the sums are what merging a tally with itself gives, in a wider window too. */
static void
merge(const ml_tally *tally)
{
	int low, count;
	size_t size = ml_tally_widen_for(tally, tally, &low, &count);
	ml_tally *both;

	if (low > 0)
		size = ml_tally_size(tally->sums, count + low);
	both = malloc(size);
	ml_tally_move(both, tally, 0, count + low);
	ml_tally_merge(both, tally);
	must(both->rows == 2 * tally->rows);
	for (int i = 0; i < tally->sums; i++)
	{
		double once = ml_tally_sum(tally, i), twice = ml_tally_sum(both, i);

		must(twice == 2 * once);
	}
	free(both);
}

static void
read_bytes(const unsigned char *bytes, size_t length)
{
	ml_tally *tally = decode(bytes, length);
	unsigned char *again;

	if (tally == NULL)
		return;
	must(ml_tally_encoded(tally) == length);
	again = malloc(length);
	ml_tally_encode(tally, again);
	must(memcmp(again, bytes, length) == 0);
	free(again);
	measure(tally);
	merge(tally);
	free(tally);
}

/* A header for the digits that follow; the last digit of each sum is made small. */
static void
read_digits(const unsigned char *data, size_t length)
{
	int kind = 1 + data[0] % (ML_TALLY_KINDS - 1), bins = 1 + data[1] % 5;
	int sums = ml_tally_sums((ml_tally_kind) kind, bins);
	int count = (int) ((length / (size_t) sums - 4) / 4), low;
	size_t size;
	unsigned char *bytes;

	count = count < ML_EXACT_PLACES ? count : ML_EXACT_PLACES;
	if (length < (size_t) sums * 16 || count < ML_EXACT_REACH)
		return;
	low = data[2] % (ML_EXACT_PLACES - count + 1);
	size = HEADER + (size_t) sums * (size_t) (4 * count + 4);
	bytes = calloc(1, size);
	memcpy(bytes + HEADER, data, size - HEADER < length ? size - HEADER : length);
	bytes[0] = 1;
	bytes[1] = (unsigned char) kind;
	bytes[2] = (unsigned char) sums;
	bytes[4] = (unsigned char) low;
	bytes[6] = (unsigned char) count;
	bytes[8] = data[3];
	for (int i = 0; i < sums; i++)
	{
		unsigned char *last = bytes + HEADER + (size_t) (i + 1) * (4 * count + 4) - WORD;

		memset(last + 4, last[7] & 1 ? 255 : 0, 4);
	}
	read_bytes(bytes, size);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t length)
{
	/* of exactly this length, so that a step too far is seen */
	unsigned char *bytes = malloc(length > 0 ? length : 1);

	if (length > 0)
		memcpy(bytes, data, length);
	read_bytes(bytes, length);
	if (length > HEADER)
		read_digits(bytes, length);
	free(bytes);
	return 0;
}
