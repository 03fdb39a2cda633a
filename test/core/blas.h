/* SPDX-License-Identifier: PostgreSQL */
/*
 * blas.h: OpenBLAS for tests that hold it against the portable twin.
 */
#ifndef TEST_BLAS_H
#define TEST_BLAS_H

#include "test.h"

#include <dlfcn.h>

/* The routines; without the library the test is skipped. */
static inline const ml_blas *
test_blas(void)
{
	static ml_blas blas;
	void *library;

	if (blas.dsyrk != NULL)
		return &blas;
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		test_skip("libopenblas.so.0 is not installed");
	*(void **) &blas.dgemm = dlsym(library, "dgemm_");
	*(void **) &blas.dtrsm = dlsym(library, "dtrsm_");
	*(void **) &blas.dgelqf = dlsym(library, "dgelqf_");
	*(void **) &blas.dsyrk = dlsym(library, "dsyrk_");
	REQUIRE(blas.dsyrk != NULL && blas.dgemm != NULL && blas.dtrsm != NULL &&
	        blas.dgelqf != NULL);
	return &blas;
}

#endif
