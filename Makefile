# SPDX-License-Identifier: PostgreSQL
EXTENSION = cia
DATA = cia--1.0.sql cia--0.9--1.0.sql
MODULE_big = cia

CORE = $(sort $(wildcard src/core/*/*.c))
GLUE = $(sort $(wildcard src/pg/*.c))
OBJS = $(CORE:.c=.o) $(GLUE:.c=.o)

# One binary for all processors of an architecture, the same bits from all of them: no
# -march, no -ffast-math, no contraction of a * b + c behind our back.
PG_CPPFLAGS = -Isrc/core -Isrc/pg
PG_CFLAGS = -std=gnu11 -O3 -fvisibility=hidden -ffp-contract=off -fno-math-errno \
	-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	-Wno-declaration-after-statement
SHLIB_LINK = -lm -lpthread -ldl

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --outputdir=.test/regress --load-extension=cia

EXTRA_CLEAN = .build .test

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
override with_llvm = no
include $(PGXS)

HEADERS_ALL = $(wildcard src/core/*/*.h) $(wildcard src/pg/*.h)
$(OBJS): $(HEADERS_ALL)
