/* SPDX-License-Identifier: PostgreSQL */
/*
 * test_memory.c: the arena's sizes, the door's callbacks.
 */
#include "test.h"

static void
zeroes_what_it_hands_out(test_host *t)
{
	for (size_t size = 0; size < 300; size++)
	{
		unsigned char *memory = ml_alloc(&t->core, size);

		REQUIRE(memory != NULL);
		for (size_t i = 0; i < size; i++)
			CHECK(memory[i] == 0);
	}
}

static void
says_what_was_refused(test_host *t)
{
	t->refuse_at = 1;
	CHECK(ml_alloc(&t->core, 12345) == NULL);
	CHECK_INT(t->core.fault.bytes, 12345);
	t->refuse_at = 2;
	CHECK(ml_alloc_array(&t->core, 1000, 24) == NULL);
	CHECK_INT(t->core.fault.bytes, 24000);
}

static void
refuses_sizes_that_overflow(test_host *t)
{
	CHECK(ml_alloc_array(&t->core, -1, 1) == NULL);
	CHECK(ml_alloc_array(&t->core, INT64_MIN, 8) == NULL);
	CHECK(ml_alloc_array(&t->core, INT64_MAX, 8) == NULL);
	CHECK(ml_alloc_array(&t->core, (INT64_C(1) << 61) + 1, 8) == NULL);
	CHECK(ml_alloc_array(&t->core, 3, SIZE_MAX / 4) == NULL);
	CHECK_INT(t->asked, 0);
	CHECK(ml_alloc_array(&t->core, 0, 8) != NULL);
}

static double
some_room(void *context)
{
	(void) context;
	return 1000;
}

static void
checks_room_ahead(test_host *t)
{
	CHECK(ml_memory_check(&t->core, 1e300) == ML_OK);
	t->core.room = some_room;
	CHECK(ml_memory_check(&t->core, 1000) == ML_OK);
	CHECK(ml_memory_check(&t->core, 1001) == ML_MEMORY);
	CHECK_INT(t->core.fault.bytes, 1001);
	CHECK(ml_memory_check(&t->core, 1e300) == ML_MEMORY);
	CHECK(t->core.fault.bytes > (size_t) 1 << 60);
	CHECK_INT(t->asked, 0);
}

static void
works_without_callbacks(test_host *t)
{
	ml_host host = {.alloc = t->core.alloc, .context = t};

	CHECK(!ml_stop(&host));
	ml_progress(&host, ML_STAGE_FIT, 1, 2);
	CHECK(ml_fail(&host, ML_SINGULAR, 3, 4) == ML_SINGULAR);
	CHECK_INT(host.fault.column, 3);
	CHECK_INT(host.fault.row, 4);
}

TEST_MAIN({zeroes_what_it_hands_out, "memory is zeroed and as long as asked for"},
          {says_what_was_refused, "a refusal tells the size"},
          {refuses_sizes_that_overflow, "sizes that overflow are refused unasked"},
          {checks_room_ahead, "room is checked before memory is asked for"},
          {works_without_callbacks, "stop, progress and room are optional"})
