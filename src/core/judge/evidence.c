/* SPDX-License-Identifier: PostgreSQL */
/*
 * evidence.c: the bins of a frame's features without a model.
 */
#include "judge/judge.h"

const ml_option ml_evidence_option[] = {
    ML_BIN_OPTIONS(ml_evidence_options, bins),
    {"positive", ML_OPTION_TEXT, offsetof(ml_evidence_options, positive), 0, 0, 0,
     "label of the class whose rows are the events; by default true, 1 of 0 and 1, else the "
     "rarer; with more than two classes it is told from all others"},
    {"max_categories", ML_OPTION_INTEGER, offsetof(ml_evidence_options, max_categories),
     255, 2, 65535, "labels kept of a category; rarer ones are pooled as \"other\""},
};
const int ml_evidence_option_count =
    sizeof ml_evidence_option / sizeof *ml_evidence_option;

static ml_status
find_bins(ml_frame *frame, const ml_evidence_options *options, ml_schema *schema,
          ml_notes *notes)
{
	ML_TRY(ml_frame_order(frame, 0));
	ML_TRY(ml_schema_target(frame, ML_BINARY, options->positive, schema));
	ML_TRY(ml_schema_build(frame, (int) options->max_categories, &(ml_uses){0}, schema,
	                       notes));
	return ml_schema_bin(frame, &options->bins, schema);
}

ml_status
ml_evidence(ml_host *host, ml_frame *frame, const ml_evidence_options *options,
            ml_schema *schema, ml_notes *notes)
{
	ml_status status;

	*schema = (ml_schema){0};
	*notes = (ml_notes){0};
	if (frame->rows == 0)
		return ML_NO_ROWS;
	ML_TRY(ml_pool_open(host));
	status = find_bins(frame, options, schema, notes);
	ml_pool_close(host);
	return status;
}
