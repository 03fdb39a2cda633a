/* SPDX-License-Identifier: PostgreSQL */
/*
 * layout.c: a model as bytes.
 */
#include "model/model.h"

#include <string.h>

#define HEADER 16 /* magic, format, reserved, hash */

static const unsigned char magic[4] = {'C', 'I', 'A', 'M'};

ml_status
ml_model_encode(ml_host *host, const ml_model *model, size_t header, ml_bytes *bytes)
{
	ml_value value;
	unsigned char *at;
	uint64_t hash;

	ML_TRY(ml_model_shape(host, model, &value));
	ml_value_one_zero(&value);
	ML_TRY(ml_value_encode(host, &value, header + HEADER, bytes));
	at = bytes->data + header;
	memcpy(at, magic, sizeof magic);
	at[4] = ML_FORMAT & 0xff;
	at[5] = ML_FORMAT >> 8;
	hash = ml_hash_bytes(at + HEADER, (int64_t) (bytes->length - header - HEADER));
	for (int i = 0; i < 8; i++)
		at[8 + i] = (unsigned char) (hash >> (8 * i));
	return ML_OK;
}

ml_status
ml_model_decode(ml_host *host, const unsigned char *bytes, size_t length,
                ml_model **model)
{
	ml_value value;
	uint64_t hash = 0;

	if (length < HEADER || memcmp(bytes, magic, sizeof magic) != 0)
		return ML_BAD_MODEL;
	host->fault.count = bytes[4] | bytes[5] << 8;
	if (host->fault.count > ML_FORMAT)
		return ML_NEW_FORMAT;
	for (int i = 0; i < 8; i++)
		hash |= (uint64_t) bytes[8 + i] << (8 * i);
	if (host->fault.count < 1 || bytes[6] != 0 || bytes[7] != 0 ||
	    hash != ml_hash_bytes(bytes + HEADER, (int64_t) (length - HEADER)))
		return ML_BAD_MODEL;
	ML_TRY(ml_value_decode(host, bytes + HEADER, length - HEADER, &value));
	return ml_model_read(host, &value, model);
}
