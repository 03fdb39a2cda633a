/* SPDX-License-Identifier: PostgreSQL */
/*
 * choice.h: algorithms by name, and what 'auto' stands for.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_CHOICE_H
#define CIA_CHOICE_H

/*
 * The learner of that name.  Where a name stands for several, the objective among the options
 * decides, else the target's type, if it is known.
 */
extern const ml_learner *
cia_learner_named(const char *algorithm, Oid target_type, const ml_value *given);

/* Raises what is wrong with the options whatever the target's type. */
extern void
cia_settings_check(cia_door *door, const char *algorithm, const ml_value *given);

/* Reads the settings of an algorithm; 'auto' is a learner whose options suit, for the time being. */
extern void cia_settings_open(cia_door *door, const char *algorithm, Oid target_type,
                              const ml_value *given, cia_settings *settings);

/*
 * What 'auto' stands for once the door's frame is full, read anew; a note says why.  NULL, and
 * all as it was, for any other algorithm.
 */
extern char *
cia_settings_follow_rows(cia_door *door, const char *algorithm, Oid target_type,
                         const ml_value *given, cia_settings *settings);

/* What messages of the door call the algorithm, once it is settled. */
extern void cia_settings_name(cia_door *door, const cia_settings *settings);

#endif
