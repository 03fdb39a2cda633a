/* SPDX-License-Identifier: PostgreSQL */
/*
 * blas.c: OpenBLAS, loaded when training first needs it.
 *
 * A connection that only scores never comes here.  The pthread build of
 * OpenBLAS starts its threads while it is loaded, so it is told beforehand to
 * keep to one: the threads are ours.  Without the library the core's portable
 * twin serves, at a fraction of the speed.
 */
#include "cia.h"

#include <dlfcn.h>
#include <stdlib.h>

static const char *const library[] = {"libopenblas.so.0", "libblas.so.3"};

static bool
load(ml_blas *blas)
{
	const char *before = getenv("OPENBLAS_NUM_THREADS");
	void *handle = NULL;

	before = before != NULL ? pstrdup(before) : NULL;
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	for (size_t i = 0; i < lengthof(library) && handle == NULL; i++)
		handle = dlopen(library[i], RTLD_NOW | RTLD_LOCAL);
	if (before != NULL)
		setenv("OPENBLAS_NUM_THREADS", before, 1);
	else
		unsetenv("OPENBLAS_NUM_THREADS");
	if (handle == NULL)
		return false;
	/* POSIX promises that a symbol's address may be a function */
	*(void **) &blas->dsyrk = dlsym(handle, "dsyrk_");
	*(void **) &blas->dgemm = dlsym(handle, "dgemm_");
	*(void **) &blas->dtrsm = dlsym(handle, "dtrsm_");
	*(void **) &blas->dgelqf = dlsym(handle, "dgelqf_");
	return blas->dsyrk != NULL && blas->dgemm != NULL && blas->dtrsm != NULL &&
	       blas->dgelqf != NULL;
}

/* The routines, or NULL where the library is missing or incomplete. */
const ml_blas *
cia_blas(void)
{
	static ml_blas blas;
	static bool tried = false;
	static bool loaded = false;

	if (!tried)
		loaded = load(&blas);
	tried = true;
	if (!loaded)
		ereport(DEBUG1,
		        (errmsg_internal("could not load OpenBLAS, using portable code")));
	return loaded ? &blas : NULL;
}
