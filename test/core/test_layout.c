/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_layout.c: a model as bytes, whole and damaged.
 */
#include "models.h"

static void
set_checksum(unsigned char *bytes, size_t length)
{
	uint64_t hash = ml_hash_bytes(bytes + 16, (int64_t) length - 16);

	for (int i = 0; i < 8; i++)
		bytes[8 + i] = (unsigned char) (hash >> (8 * i));
}

static void
comes_back(test_host *t)
{
	for (int binary = 0; binary < 3; binary++)
		for (size_t header = 0; header < 20; header += 4)
		{
			ml_model *model = small_model(t, binary), *back;
			ml_bytes bytes;

			REQUIRE_OK(ml_model_encode(&t->core, model, header, &bytes));
			for (size_t i = 0; i < header; i++)
				CHECK_INT(bytes.data[i], 0);
			CHECK(memcmp(bytes.data + header, "CIAM\1\0\0\0", 8) == 0);
			REQUIRE_OK(ml_model_decode(&t->core, bytes.data + header,
			                           bytes.length - header, &back));
			CHECK(back->learner == model->learner);
			CHECK_INT(back->schema.features, model->schema.features);
			check_canonical(t, back);
		}
}

/* Score in one form and in the other agree to the bit. */
static void
scores_the_same(test_host *t)
{
	for (int binary = 0; binary < 3; binary++)
	{
		ml_model *model = small_model(t, binary), *back;
		uint64_t state = 141;
		ml_bytes bytes;
		double row[32];

		REQUIRE_OK(ml_model_encode(&t->core, model, 0, &bytes));
		REQUIRE_OK(ml_model_decode(&t->core, bytes.data, bytes.length, &back));
		for (int trial = 0; trial < 1000; trial++)
		{
			for (int f = 0; f < model->schema.features; f++)
			{
				const ml_feature *feature = &model->schema.feature[f];

				row[f] = feature->kind == ML_CATEGORY
				             ? (double) test_below(&state, feature->levels + 1) - 1
				         : test_below(&state, 5) == 0
				             ? NAN
				             : feature->mean + feature->sd * test_normal(&state);
			}
			CHECK_SAME(ml_model_score(model, row), ml_model_score(back, row));
		}
	}
}

/* Decodes a copy that ends with the bytes, so that reading on is seen. */
static ml_status
decode(test_host *t, const unsigned char *bytes, size_t length, ml_model **model)
{
	unsigned char *copy = malloc(length);
	ml_status status;

	memcpy(copy, bytes, length);
	status = ml_model_decode(&t->core, copy, length, model);
	free(copy);
	return status;
}

static void
refuses_flipped_bytes(test_host *t)
{
	ml_model *model;
	ml_bytes bytes;

	REQUIRE_OK(ml_model_encode(&t->core, small_model(t, true), 0, &bytes));
	for (size_t i = 0; i < bytes.length; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			ml_status status;

			bytes.data[i] ^= (unsigned char) (1 << bit);
			status = decode(t, bytes.data, bytes.length, &model);
			CHECK(status == ML_BAD_MODEL ||
			      ((i == 4 || i == 5) && status == ML_NEW_FORMAT));
			bytes.data[i] ^= (unsigned char) (1 << bit);
		}
	CHECK_INT(decode(t, bytes.data, bytes.length, &model), ML_OK);
}

static void
refuses_what_is_cut_short(test_host *t)
{
	ml_model *model;
	ml_bytes bytes;

	REQUIRE_OK(ml_model_encode(&t->core, small_model(t, true), 0, &bytes));
	for (size_t length = 0; length < bytes.length; length++)
		CHECK_INT(decode(t, bytes.data, length, &model), ML_BAD_MODEL);
}

/* The same with a right checksum: what is behind it must stand up by itself. */
static void
survives_forged_bytes(test_host *t)
{
	static const unsigned char mask[] = {0xff, 0x01, 0x80, 0x7f, 0x02};

	for (int binary = 0; binary < 3; binary++)
	{
		ml_model *model;
		ml_bytes bytes;

		REQUIRE_OK(ml_model_encode(&t->core, small_model(t, binary), 0, &bytes));
		for (size_t i = 0; i < bytes.length; i++)
			for (int m = 0; m < 5; m++)
			{
				test_host other;
				ml_status status;

				test_open(&other);
				bytes.data[i] ^= mask[m];
				if (i < 8 || i >= 16)
					set_checksum(bytes.data, bytes.length);
				status = decode(&other, bytes.data, bytes.length, &model);
				CHECK(status == ML_OK || status == ML_BAD_MODEL ||
				      status == ML_NEW_FORMAT);
				if (status == ML_OK)
					check_canonical(&other, model);
				bytes.data[i] ^= mask[m];
				set_checksum(bytes.data, bytes.length);
				test_close(&other);
			}
	}
}

static void
refuses_forged_ends(test_host *t)
{
	ml_model *model;
	ml_bytes bytes;
	unsigned char *copy;

	REQUIRE_OK(ml_model_encode(&t->core, small_model(t, false), 0, &bytes));
	copy = ml_alloc(&t->core, bytes.length + 8);
	for (size_t length = 16; length < bytes.length + 8; length++)
	{
		if (length == bytes.length)
			continue;
		memset(copy, 0, bytes.length + 8);
		memcpy(copy, bytes.data, length < bytes.length ? length : bytes.length);
		set_checksum(copy, length);
		CHECK_INT(decode(t, copy, length, &model), ML_BAD_MODEL);
	}
}

static void
knows_its_format(test_host *t)
{
	ml_model *model;
	ml_bytes bytes;

	REQUIRE_OK(ml_model_encode(&t->core, small_model(t, false), 0, &bytes));
	for (int format = 0; format < 65536; format = format * 3 + 1)
	{
		bytes.data[4] = (unsigned char) format;
		bytes.data[5] = (unsigned char) (format >> 8);
		CHECK_INT(decode(t, bytes.data, bytes.length, &model), format == 0 ? ML_BAD_MODEL
		                                                       : format == 1
		                                                           ? ML_OK
		                                                           : ML_NEW_FORMAT);
		if (format > 1)
			CHECK_INT(t->core.fault.count, format);
	}
}

static void
notices_refusals(test_host *t)
{
	ml_model *model = small_model(t, true);

	for (test_trial trial = {.refusals = true}; !trial.done;)
	{
		ml_bytes bytes;
		ml_status status;

		test_try(t, &trial);
		status = ml_model_encode(&t->core, model, 4, &bytes);
		if (status == ML_OK)
			status = ml_model_decode(&t->core, bytes.data + 4, bytes.length - 4, &model);
		test_tried(t, &trial, status);
	}
}

TEST_MAIN({comes_back, "models come back, and have one form"},
          {scores_the_same, "a model that was decoded scores to the same bit"},
          {refuses_flipped_bytes, "every flipped bit is noticed"},
          {refuses_what_is_cut_short, "every truncation is noticed"},
          {survives_forged_bytes, "every forged byte gets an answer, never a crash"},
          {refuses_forged_ends, "forged truncations and additions are refused"},
          {knows_its_format, "later formats are told from damage"},
          {notices_refusals, "every refused allocation is noticed"})
