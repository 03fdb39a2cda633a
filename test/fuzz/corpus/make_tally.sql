-- SPDX-License-Identifier: PostgreSQL
-- States of the aggregates that are made of sums, for test/fuzz/corpus/make: name, bytes in hex.
SELECT name, encode(cia_tally_send(state), 'hex') FROM (VALUES
	('log_loss', cia_tally_log_loss(NULL, 0.25, true)),
	('calibration', cia_tally_calibration(cia_tally_calibration(NULL, 0.25, true, 3), 1e-20, false, 3)),
	('variance', cia_tally_variance(NULL, 1e10, -3e-9, 0.7)),
	('confusion', cia_tally_confusion(cia_tally_confusion(NULL, 0.25, true), 0.9, true, 0.5)),
	('deviance', cia_tally_deviance(NULL, 3, 2, 'poisson'))) v(name, state);
