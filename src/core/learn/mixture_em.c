/* SPDX-License-Identifier: PostgreSQL */
/*
 * mixture_em.c: steps of expectation and maximization (Dempster, Laird and Rubin 1977).
 *
 * One pass over the rows finds what each segment's share in a row is and adds the row to the sums
 * of all segments, block by block while it is in cache: numbers less the segment's mean, times
 * the root of the share, make second moments by a product of matrices.  Sums are taken per shard
 * and added in order, so they do not depend on the number of threads.
 */
#include "learn/learn.h"

#include <math.h>
#include <string.h>

#define SHARD_ROWS 1024 /* rows of a shard, at least */
#define MOST_SHARDS 64
#define MOST_SHARD_BYTES 64e6 /* of all shards' sums */
#define NOTHING 1e-12 /* share of all rows that is the least weight of a segment */

static int64_t
sums_of(const ml_space *space, int k, bool full)
{
	int64_t numbers = space->numbers;

	return k * (1 + space->slots + (full ? numbers * numbers : numbers));
}

/* Ranges of rows that follow from the problem alone. */
static void
cut_shards(int64_t sums, int64_t rows, int64_t *shard_rows, int *shards)
{
	double room = MOST_SHARD_BYTES / (8.0 * (double) sums);
	int most = room < 1 ? 1 : room < MOST_SHARDS ? (int) room : MOST_SHARDS;

	*shard_rows = (rows + most - 1) / most;
	*shard_rows = *shard_rows < SHARD_ROWS ? SHARD_ROWS : *shard_rows;
	*shard_rows = (*shard_rows + ML_BLOCK - 1) / ML_BLOCK * ML_BLOCK;
	*shards = (int) ((rows + *shard_rows - 1) / *shard_rows);
}

static bool
has_gaps(const ml_space *space)
{
	for (int j = 0; j < space->numbers; j++)
		if (space->schema->feature[space->number[j]].missing > 0)
			return true;
	return false;
}

double
ml_em_memory(const ml_space *space, int k, bool full, int64_t rows, int threads)
{
	int64_t shard_rows, sums = sums_of(space, k, full);
	double numbers = space->numbers;
	int shards;

	cut_shards(sums, rows, &shard_rows, &shards);
	return 8.0 * ((double) sums * (shards + 1) + (double) (k * space->labels)) +
	       8.0 * threads * ML_BLOCK * (3.5 * numbers + space->categories + k + 4) +
	       8.0 * threads * (full ? ML_GAP_NUMBERS : 0);
}

static ml_status
create_seat(const ml_em *em, ml_em_seat *seat)
{
	ml_host *host = em->host;
	int64_t numbers = em->space->numbers;

	ML_TRY(ml_points_create(host, em->space, &seat->points));
	if (has_gaps(em->space))
	{
		ML_NEW(host, seat->gap, ML_BLOCK * numbers);
		ML_NEW(host, seat->gaps, ML_BLOCK);
	}
	ML_NEW(host, seat->away, ML_BLOCK * numbers);
	ML_NEW(host, seat->work, ML_BLOCK * numbers);
	ML_NEW(host, seat->margin, (int64_t) ML_BLOCK * em->mixture.k);
	ML_NEW(host, seat->row, numbers);
	ML_NEW(host, seat->root, em->mixture.full ? ML_GAP_NUMBERS : 1);
	for (int i = 0; i < ML_BLOCK; i++)
		seat->all[i] = i;
	return ML_OK;
}

/* Of numbers the variance, of labels the share among all rows. */
static ml_status
take_overall(ml_em *em)
{
	const ml_space *space = em->space;

	ML_NEW(em->host, em->overall, space->slots);
	for (int j = 0; j < space->numbers; j++)
	{
		double deviation =
		    space->schema->feature[space->number[j]].sd * space->inverse[j];

		em->overall[space->number_slot[j]] = deviation * deviation;
	}
	for (int c = 0; c < space->categories; c++)
	{
		const ml_feature *feature = &space->schema->feature[space->category[c]];
		double *share = em->overall + space->category_slot[c];

		for (int level = 0; level < feature->levels; level++)
			share[level] = feature->count[level] / space->schema->rows;
		share[feature->levels] = feature->missing / space->schema->rows;
	}
	return ML_OK;
}

ml_status
ml_em_create(ml_em *em, int k, bool full)
{
	ml_host *host = em->host;
	int threads = ml_pool_threads(host);

	ML_TRY(ml_mixture_create(host, em->space, k, full, &em->mixture));
	ML_TRY(take_overall(em));
	cut_shards(sums_of(em->space, k, full), em->end - em->begin, &em->shard_rows,
	           &em->shards);
	ML_NEW(host, em->shard, em->shards);
	for (int s = 0; s < em->shards; s++)
	{
		ML_NEW(host, em->shard[s].weight, k);
		ML_NEW(host, em->shard[s].sum, k * em->space->slots);
		ML_NEW(host, em->shard[s].squares, k * em->mixture.size);
	}
	ML_NEW(host, em->seat, threads);
	for (int i = 0; i < threads; i++)
		ML_TRY(create_seat(em, &em->seat[i]));
	return ML_OK;
}

/* Rows [row, row + rows) and where numbers are missing among them. */
static void
load_block(const ml_em *em, ml_em_seat *seat, int64_t row, int rows)
{
	const ml_space *space = em->space;

	ml_points_fill(space, em->problem, row, seat->all, rows, &seat->points);
	if (seat->gaps == NULL)
		return;
	memset(seat->gaps, 0, ML_BLOCK * sizeof *seat->gaps);
	for (int j = 0; j < space->numbers; j++)
	{
		const ml_feature *feature = &space->schema->feature[space->number[j]];
		const double *number =
		    ml_numbers_at(&em->problem->frame->column[feature->column], row);

		for (int i = 0; feature->missing > 0 && i < rows; i++)
			if (isnan(number[i]))
				seat->gap[i * space->numbers + seat->gaps[i]++] = j;
	}
}

/* Adds to squares what numbers that are missing vary about where they are expected. */
static void
add_gaps(const ml_mixture *m, int segment, const ml_gaps *gaps, double share,
         double *squares)
{
	const double *factor = m->factor + segment * m->size, *root = gaps->root;
	const int *place = gaps->place;

	if (!m->full)
	{
		for (int a = 0; a < gaps->count; a++)
			squares[place[a]] += share / (factor[place[a]] * factor[place[a]]);
		return;
	}
	ml_triangle_invert(gaps->count, gaps->root);
	for (int a = 0; a < gaps->count; a++)
		for (int b = 0; b <= a; b++)
		{
			double sum = 0;

			for (int i = a; i < gaps->count; i++)
				sum += root[(int64_t) i * (i + 1) / 2 + a] *
				       root[(int64_t) i * (i + 1) / 2 + b];
			squares[(int64_t) place[b] * m->space->numbers + place[a]] += share * sum;
		}
}

ML_HOT static void
subtract(const double *x, double mean, int rows, double *away)
{
	for (int i = 0; i < rows; i++)
		away[i] = x[i] - mean;
}

/* Fills in what is missing in a row of the block, of which that is so; answers as ml_mixture_fill. */
static double
fill_row(const ml_mixture *m, ml_em_seat *seat, int segment, int row, const ml_gaps *gaps)
{
	double more;

	for (int j = 0; j < m->space->numbers; j++)
		seat->row[j] = seat->away[(int64_t) j * ML_BLOCK + row];
	more = ml_mixture_fill(m, segment, gaps, seat->row);
	for (int a = 0; a < gaps->count; a++)
		seat->away[(int64_t) gaps->place[a] * ML_BLOCK + row] = seat->row[gaps->place[a]];
	return more;
}

/*
 * Numbers of a block less a segment's mean.  Where some are missing they are filled in; added
 * gets what that adds to the log density, or squares what it adds to these; either may be NULL.
 */
static ml_status
center_block(const ml_em *em, int segment, double *added, double *squares,
             ml_worker *worker)
{
	const ml_mixture *m = &em->mixture;
	ml_em_seat *seat = &em->seat[worker->index];
	const double *mean = m->center + segment * em->space->slots;
	int numbers = em->space->numbers;

	for (int j = 0; j < numbers; j++)
		subtract(seat->points.x + (int64_t) j * ML_BLOCK, mean[em->space->number_slot[j]],
		         seat->points.rows, seat->away + (int64_t) j * ML_BLOCK);
	for (int i = 0; seat->gaps != NULL && i < seat->points.rows; i++)
	{
		ml_gaps gaps = {.place = seat->gap + (int64_t) i * numbers,
		                .count = seat->gaps[i],
		                .root = seat->root};
		double more;

		if (gaps.count == 0)
			continue;
		if (ml_worker_stop(worker))
			return ML_STOPPED;
		more = fill_row(m, seat, segment, i, &gaps);
		if (added != NULL)
			added[i] += more;
		if (squares != NULL)
			add_gaps(m, segment, &gaps, seat->margin[segment * ML_BLOCK + i], squares);
	}
	return ML_OK;
}

/* margin -= (scale x)^2 / 2 */
ML_HOT static void
take_squares(const double *x, double scale, int rows, double *margin)
{
	for (int i = 0; i < rows; i++)
		margin[i] -= scale * x[i] * (scale * x[i]) / 2;
}

/* The log of weight times density of a segment, for all rows of a block. */
static ml_status
measure(const ml_em *em, int segment, ml_worker *worker)
{
	ml_em_seat *seat = &em->seat[worker->index];
	const ml_mixture *m = &em->mixture;
	const double *factor = m->factor + segment * m->size;
	double *margin = seat->margin + segment * ML_BLOCK;
	int numbers = em->space->numbers, rows = seat->points.rows;
	ml_columns block = {.cols = numbers,
	                    .rows = rows,
	                    .stride = ML_BLOCK,
	                    .x = seat->away,
	                    .vectors = numbers,
	                    .apart = numbers};

	for (int i = 0; i < rows; i++)
		margin[i] = m->constant[segment];
	ML_TRY(center_block(em, segment, margin, NULL, worker));
	if (m->full && numbers > 0)
	{
		memset(seat->work, 0, (size_t) numbers * ML_BLOCK * sizeof *seat->work);
		ml_columns_predict(em->host->blas, &block, factor, seat->work);
	}
	for (int j = 0; j < numbers; j++)
		take_squares((m->full ? seat->work : seat->away) + (int64_t) j * ML_BLOCK,
		             m->full ? 1 : factor[j], rows, margin);
	for (int c = 0; c < em->space->categories; c++)
	{
		const int32_t *label = seat->points.label + (int64_t) c * ML_BLOCK;
		const double *log_share =
		    m->log_share + segment * em->space->labels + em->space->first_label[c];

		for (int i = 0; i < rows; i++)
			margin[i] += log_share[label[i]];
	}
	return ML_OK;
}

/* Margins become shares, times the rows' weights; answers the log-likelihood. */
static double
share_rows(int k, ml_em_seat *seat)
{
	int rows = seat->points.rows;
	double likelihood = 0;

	for (int i = 0; i < rows; i++)
	{
		double *margin = seat->margin + i, most = margin[0], sum = 0;

		for (int s = 1; s < k; s++)
			most = margin[s * ML_BLOCK] > most ? margin[s * ML_BLOCK] : most;
		for (int s = 0; s < k; s++)
			sum += margin[s * ML_BLOCK] = exp(margin[s * ML_BLOCK] - most);
		likelihood += seat->points.weight[i] * (most + log(sum));
		for (int s = 0; s < k; s++)
			margin[s * ML_BLOCK] *= seat->points.weight[i] / sum;
	}
	return likelihood;
}

/* The same where segments are given. */
static void
share_assigned(const ml_em *em, ml_em_seat *seat, int64_t row)
{
	for (int s = 0; s < em->mixture.k; s++)
		for (int i = 0; i < seat->points.rows; i++)
			seat->margin[s * ML_BLOCK + i] =
			    em->assigned[row - em->begin + i] == s ? seat->points.weight[i] : 0;
}

/* work := root x, and the sums of share and root work in a fixed order. */
ML_HOT static void
weigh(const double *x, const double *root, double *work, double sums[2])
{
	double sum[8] = {0}, square[8] = {0};

	for (int i = 0; i < ML_BLOCK; i += 8)
		for (int lane = 0; lane < 8; lane++)
		{
			double y = root[i + lane] * x[i + lane];

			work[i + lane] = y;
			sum[lane] += root[i + lane] * y;
			square[lane] += y * y;
		}
	sums[0] = ml_lane_total(0, sum);
	sums[1] = ml_lane_total(0, square);
}

/* Adds the rows of a block to the sums of a segment. */
static ml_status
add_block(const ml_em *em, int segment, ml_em_shard *shard, ml_worker *worker)
{
	ml_em_seat *seat = &em->seat[worker->index];
	const ml_space *space = em->space;
	int numbers = space->numbers, rows = seat->points.rows;
	const double *share = seat->margin + segment * ML_BLOCK;
	double *sum = shard->sum + segment * space->slots, root[ML_BLOCK] = {0}, all = 0;
	double *squares = shard->squares + segment * em->mixture.size;
	ml_columns block = {
	    .cols = numbers, .rows = rows, .stride = ML_BLOCK, .x = seat->work};

	for (int i = 0; i < rows; i++)
	{
		all += share[i];
		root[i] = sqrt(share[i]);
	}
	shard->weight[segment] += all;
	if (all == 0)
		return ML_OK;
	ML_TRY(center_block(em, segment, NULL, squares, worker));
	for (int j = 0; j < numbers; j++)
	{
		double sums[2];

		weigh(seat->away + (int64_t) j * ML_BLOCK, root,
		      seat->work + (int64_t) j * ML_BLOCK, sums);
		sum[space->number_slot[j]] += sums[0];
		if (!em->mixture.full)
			squares[j] += sums[1];
	}
	if (em->mixture.full && numbers > 0)
		ml_columns_gram(em->host->blas, &block, squares, numbers);
	for (int c = 0; c < space->categories; c++)
	{
		const int32_t *label = seat->points.label + (int64_t) c * ML_BLOCK;

		for (int i = 0; i < rows; i++)
			sum[space->category_slot[c] + label[i]] += share[i];
	}
	return ML_OK;
}

static ml_status
pass_shard(void *argument, int64_t task, ml_worker *worker)
{
	const ml_em *em = argument;
	ml_em_seat *seat = &em->seat[worker->index];
	ml_em_shard *shard = &em->shard[task];
	int64_t row = em->begin + task * em->shard_rows, next;
	int64_t end = row + em->shard_rows < em->end ? row + em->shard_rows : em->end;
	int k = em->mixture.k;

	memset(shard->weight, 0, (size_t) k * sizeof *shard->weight);
	memset(shard->sum, 0, (size_t) (k * em->space->slots) * sizeof *shard->sum);
	memset(shard->squares, 0, (size_t) (k * em->mixture.size) * sizeof *shard->squares);
	shard->likelihood = 0;
	for (; row < end; row = next)
	{
		next = ml_block_end(row, end);
		load_block(em, seat, row, (int) (next - row));
		for (int s = 0; s < k && em->assigned == NULL; s++)
		{
			if (ml_worker_stop(worker))
				return ML_STOPPED;
			ML_TRY(measure(em, s, worker));
		}
		if (em->assigned == NULL)
			shard->likelihood += share_rows(k, seat);
		else
			share_assigned(em, seat, row);
		for (int s = 0; s < k; s++)
		{
			if (ml_worker_stop(worker))
				return ML_STOPPED;
			ML_TRY(add_block(em, s, shard, worker));
		}
	}
	return ML_OK;
}

/* Sums of all shards, in the first one. */
static void
add_shards(ml_em *em)
{
	ml_em_shard *all = &em->shard[0];
	int k = em->mixture.k;

	for (int s = 1; s < em->shards; s++)
	{
		const ml_em_shard *shard = &em->shard[s];

		for (int c = 0; c < k; c++)
			all->weight[c] += shard->weight[c];
		for (int64_t i = 0; i < k * em->space->slots; i++)
			all->sum[i] += shard->sum[i];
		for (int64_t i = 0; i < k * em->mixture.size; i++)
			all->squares[i] += shard->squares[i];
		all->likelihood += shard->likelihood;
	}
	em->total = 0;
	for (int c = 0; c < k; c++)
		em->total += all->weight[c];
	em->likelihood = all->likelihood / em->total;
}

/* The factor of the inverse of a covariance, of which root has the lower triangle. */
static ml_status
factor_of(ml_em *em, double *root, double *factor)
{
	int numbers = em->space->numbers, bad = ml_triangle_factor(numbers, root);

	if (bad >= 0)
		return ML_NO_COVARIANCE;
	ml_triangle_invert(numbers, root);
	for (int i = 0; i < numbers; i++)
		for (int j = 0; j < numbers; j++)
			factor[(int64_t) i * numbers + j] = j <= i ? *root++ : 0;
	return ML_OK;
}

/* A segment's mean, shares and covariance from the sums of its rows. */
static ml_status
update_segment(void *argument, int64_t segment, ml_worker *worker)
{
	ml_em *em = argument;
	const ml_space *space = em->space;
	ml_mixture *m = &em->mixture;
	const ml_em_shard *all = &em->shard[0];
	double weight = all->weight[segment], part = fmin(em->ridge, 1);
	double *sum = all->sum + segment * space->slots, *center;
	const double *squares = all->squares + segment * m->size;
	double *factor = m->factor + segment * m->size, *root = em->seat[worker->index].root;

	m->weight[segment] = fmax(weight / em->total, NOTHING);
	/* what no row belongs to stays where it is */
	if (!(weight / em->total > NOTHING))
		return ML_OK;
	center = m->center + segment * space->slots;
	for (int64_t i = 0; i < space->slots; i++)
		sum[i] /= weight;
	for (int c = 0; c < space->categories; c++)
		for (int64_t i = space->category_slot[c],
		             end = i + space->schema->feature[space->category[c]].levels;
		     i <= end; i++)
			center[i] = (1 - part) * sum[i] + part * em->overall[i];
	for (int i = 0, at = 0; i < space->numbers; i++)
	{
		double moved = sum[space->number_slot[i]];

		center[space->number_slot[i]] += moved;
		if (!m->full)
			factor[i] =
			    1 / sqrt(fmax(squares[i] / weight - moved * moved, 0) + em->ridge);
		for (int j = 0; m->full && j <= i; j++)
			root[at++] = squares[(int64_t) j * space->numbers + i] / weight -
			             moved * sum[space->number_slot[j]] + (i == j ? em->ridge : 0);
	}
	return m->full ? factor_of(em, root, factor) : ML_OK;
}

static ml_status
step(ml_em *em)
{
	ML_TRY(ml_parallel(em->host, em->shards, pass_shard, em));
	add_shards(em);
	if (!isfinite(em->likelihood))
		return ML_NOT_NUMERIC;
	ML_TRY(ml_parallel(em->host, em->mixture.k, update_segment, em));
	ml_mixture_settle(&em->mixture);
	for (int s = 0; s < em->mixture.k; s++)
		if (!isfinite(em->mixture.constant[s]))
			return ML_NOT_NUMERIC;
	return ML_OK;
}

ml_status
ml_em_begin(ml_em *em, const int32_t *assigned)
{
	ml_mixture *m = &em->mixture;
	const ml_space *space = em->space;
	ml_status status;

	/* about the middle of all rows; what is missing varies as it does among all of them */
	memset(m->center, 0, (size_t) (m->k * space->slots) * sizeof *m->center);
	memset(m->factor, 0, (size_t) (m->k * m->size) * sizeof *m->factor);
	for (int s = 0; s < m->k; s++)
		for (int j = 0; j < space->numbers; j++)
			m->factor[s * m->size + (m->full ? (int64_t) j * space->numbers + j : j)] =
			    1 / sqrt(em->overall[space->number_slot[j]] + em->ridge);
	em->assigned = assigned;
	status = step(em);
	em->assigned = NULL;
	return status;
}

ml_status
ml_em_iterate(ml_em *em, int64_t most, double tolerance, int64_t *iterations,
              bool *converged)
{
	double before = -INFINITY;

	*converged = false;
	for (*iterations = 0; *iterations < most && !*converged; ++*iterations)
	{
		ML_TRY(step(em));
		*converged = fabs(em->likelihood - before) < tolerance;
		before = em->likelihood;
	}
	return ML_OK;
}

int
ml_em_collapsed(const ml_em *em)
{
	double rows = (double) (em->end - em->begin);
	double least = em->mixture.full ? em->space->numbers + 1 : 2;
	int count = 0;

	for (int s = 0; s < em->mixture.k; s++)
		count += em->mixture.weight[s] * rows < least;
	return count;
}

int
ml_em_flat(const ml_em *em)
{
	const ml_mixture *m = &em->mixture;
	int64_t step = m->full ? em->space->numbers + 1 : 1;
	int count = 0;

	for (int s = 0; s < m->k; s++)
	{
		bool flat = false;

		/* the inverse of what a number varies by, given those before it */
		for (int64_t i = 0; i < m->size; i += step)
			flat |= m->factor[s * m->size + i] * m->factor[s * m->size + i] >
			        1 / (2 * em->ridge);
		count += flat;
	}
	return count;
}
