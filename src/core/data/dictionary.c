/* SPDX-License-Identifier: PostgreSQL */
/*
 * dictionary.c: a hash table from labels to codes.
 */
#include "data/data.h"

#include <string.h>

#define FIRST_ROOM 8
#define PAGE 4096

static void
place(ml_dictionary *dictionary, int32_t code)
{
	uint32_t mask = (uint32_t) dictionary->slots - 1;
	uint32_t at = (uint32_t) dictionary->hash[code] & mask;

	while (dictionary->slot[at] != 0)
		at = (at + 1) & mask;
	dictionary->slot[at] = code + 1;
}

/* Doubles the room.  The old arrays stay in the arena: in all less than the new ones. */
static ml_status
grow(ml_dictionary *dictionary)
{
	ml_host *host = dictionary->host;
	int32_t room = dictionary->room > 0 ? dictionary->room * 2 : FIRST_ROOM;
	ml_text *label;
	uint64_t *hash;

	if (room > INT32_MAX / 8)
		return ML_TOO_LARGE;
	ML_NEW(host, label, room);
	ML_NEW(host, hash, room);
	ML_NEW(host, dictionary->slot, room * 2);
	if (dictionary->count > 0)
	{
		memcpy(label, dictionary->label, (size_t) dictionary->count * sizeof *label);
		memcpy(hash, dictionary->hash, (size_t) dictionary->count * sizeof *hash);
	}
	dictionary->label = label;
	dictionary->hash = hash;
	dictionary->room = room;
	dictionary->slots = room * 2;
	for (int32_t code = 0; code < dictionary->count; code++)
		place(dictionary, code);
	return ML_OK;
}

ml_status
ml_dictionary_create(ml_host *host, ml_dictionary **dictionary)
{
	ML_NEW(host, *dictionary, 1);
	(*dictionary)->host = host;
	return grow(*dictionary);
}

/*
 * Two labels of one hash.  Of up to eight bytes the hash is a word that is mixed without losing
 * anything, so those of one length are the same.
 */
static inline bool
is_same(ml_text a, ml_text b)
{
	return a.length == b.length &&
	       (a.length <= 8 || memcmp(a.bytes, b.bytes, (size_t) a.length) == 0);
}

static int32_t
find(const ml_dictionary *dictionary, ml_text label, uint64_t hash)
{
	uint32_t mask = (uint32_t) dictionary->slots - 1;

	for (uint32_t at = (uint32_t) hash & mask; dictionary->slot[at] != 0;
	     at = (at + 1) & mask)
	{
		int32_t code = dictionary->slot[at] - 1;

		if (dictionary->hash[code] == hash && is_same(dictionary->label[code], label))
			return code;
	}
	return -1;
}

int32_t
ml_dictionary_find(const ml_dictionary *dictionary, ml_text label)
{
	return find(dictionary, label, ml_hash_bytes(label.bytes, label.length));
}

/* Short labels share pages, so that a small label does not cost an allocation. */
static ml_status
keep_bytes(ml_dictionary *dictionary, ml_text label, ml_text *kept)
{
	int64_t need = (int64_t) label.length + 1;

	if (need > PAGE / 4)
		return ml_text_copy(dictionary->host, label, kept);
	if (need > dictionary->page_left)
	{
		ML_NEW(dictionary->host, dictionary->page, PAGE);
		dictionary->page_left = PAGE;
	}
	if (label.length > 0)
		memcpy(dictionary->page, label.bytes, (size_t) label.length);
	dictionary->page[label.length] = '\0';
	*kept = (ml_text){dictionary->page, label.length};
	dictionary->page += need;
	dictionary->page_left -= (int32_t) need;
	return ML_OK;
}

ml_status
ml_dictionary_add(ml_dictionary *dictionary, ml_text label, int32_t *code)
{
	uint64_t hash = ml_hash_bytes(label.bytes, label.length);

	*code = find(dictionary, label, hash);
	if (*code >= 0)
		return ML_OK;
	if (dictionary->count == dictionary->room)
		ML_TRY(grow(dictionary));
	ML_TRY(keep_bytes(dictionary, label, &dictionary->label[dictionary->count]));
	dictionary->hash[dictionary->count] = hash;
	*code = dictionary->count++;
	place(dictionary, *code);
	return ML_OK;
}
