/* SPDX-License-Identifier: PostgreSQL */
/*
 * phrase.h: text under construction that tells of features: their names, words and values.
 */
#ifndef ML_PHRASE_H
#define ML_PHRASE_H

#include "data/schema.h"

#define ML_PIECES 5  /* features that a phrase tells of at most */
#define ML_TOLD 160  /* bytes of what is told of a feature, its degree and value aside */
#define ML_VALUED 32 /* bytes of these two */
#define ML_PHRASE (ML_PIECES * (ML_TOLD + ML_VALUED + 2) + 16)

#define ML_FEWEST_DIGITS 2
#define ML_MOST_DIGITS 15 /* of a double */

typedef struct ml_phrase
{
	int length;
	char byte[ML_PHRASE];
} ml_phrase;

static inline ml_text
ml_phrase_text(const ml_phrase *phrase)
{
	return (ml_text){phrase->byte, phrase->length};
}

/* Adds text up to a length of the phrase; no character is cut in two. */
extern void ml_phrase_add(ml_phrase *to, ml_text text, int most);

extern void ml_phrase_word(ml_phrase *to, const char *word);

/* A whole number from 0. */
extern void ml_phrase_count(ml_phrase *to, int number);

/* "account balance" of feature account_balance, "vector 3" of an element. */
extern void ml_phrase_name(ml_phrase *to, const ml_feature *feature);

/* A label on one line, within quotes where its ends could not be seen; up to a length of the phrase. */
extern void ml_phrase_label(ml_phrase *to, ml_text label, int most);

/* A number to so many significant digits. */
extern void ml_phrase_number(ml_phrase *to, double number, int digits);

/* A share as a percentage, of two digits and more: with digits - 2 behind the point. */
extern void ml_phrase_percent(ml_phrase *to, double share, int digits);

/* A number as a value of its feature: a day, with the time of day from three digits on, is one. */
extern void
ml_phrase_value(ml_phrase *to, const ml_feature *feature, double value, int digits);

/* "high ", "few ", "late ", or what else a feature's numbers are when they are more, or less. */
extern const char *ml_phrase_more(const ml_feature *feature, bool more);

extern bool ml_phrase_is_type(const ml_feature *feature, const char *word);

#endif
