/* SPDX-License-Identifier: PostgreSQL */
/*
 * lineage.h: what is told of a version: where it comes from, what it was made of, what it is for.
 *
 * A part of cia.h, which includes it.
 */
#ifndef CIA_LINEAGE_H
#define CIA_LINEAGE_H

/* lineage.c */
/* The columns of a source that were read for the model, in order: [{"name", "type", "role"}, ...]. */
extern Jsonb *cia_columns_list(const cia_rows *rows, const cia_roles *roles);

/* The 95 % intervals of metrics that have one: {"auc": [low, high], ...}. */
extern Jsonb *cia_intervals(const ml_report *report);

/*
 * From here on text is the same whatever the caller has set: names are PostgreSQL's own, numbers
 * exact, times in UTC.  Ended by cia_path_unpin with the answer.
 */
extern int cia_plain_settings(void);

/* What cia_versions has of a version: an expression, and what a page calls it. */
typedef struct cia_fact
{
	const char *label;
	const char *expression;
} cia_fact;

/* The facts as text, NULL where SQL says so, with the caller's rights, in the current memory. */
extern void cia_version_facts(Oid schema, const cia_entry *entry, const cia_fact *fact,
                              int facts, char **text);

/* One of type jsonb, as it is. */
extern Jsonb *
cia_version_json(Oid schema, const cia_entry *entry, const char *expression);

/* An array of text from what SQL writes of it. */
extern ArrayType *cia_text_array(const char *text);

/* A number out of a feature's profile, of dates as a date; and the deviation, of dates in days. */
extern char *cia_profile_text(const ml_feature *feature, double value);
extern char *cia_deviation_text(const ml_feature *feature);

/* The SHA-256 of a model's bytes, in hexadecimal digits. */
extern char *cia_fingerprint(struct varlena *content);

#endif
