-- Versions: a better one goes into production and no other, on record and until it is taken back.
BEGIN;
SELECT plan(20);
SET LOCAL client_min_messages = error;

CREATE TABLE loans AS
SELECT i AS id, (i * 7919::bigint % 1000) / 10.0 AS balance, (i * 104729::bigint % 997) / 10.0 AS age,
	   (i * 7919::bigint % 1000) / 10.0 + (i * 104729::bigint % 997) / 20.0 + (i * 15485863::bigint % 1009) / 15.0 > 90 AS defaulted
FROM generate_series(1, 2500) i;
SELECT is(promoted, true, 'the first version goes into production') FROM cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age}', id => '{id}');
SELECT ok(promoted AND notes[1] ~ '^promoted: auc 0\.\d+ against 0\.\d+ of version 1 on \d+ rows that neither has seen', 'a better one, too, and says why')
FROM cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age,balance}', id => '{id}');
SELECT ok(NOT promoted AND notes[1] ~ '^not promoted: auc', 'a worse one does not') FROM cia_train('pd', 'loans', 'defaulted', 'logistic', features => '{age}', id => '{id}', options => '{"l2": 9}');
SELECT ok(NOT promoted AND notes[1] = 'not promoted: the same model as version 2', 'nor does the same one') FROM cia_retrain('pd');
SELECT is(version, 2, 'so the name stands for the second') FROM cia_models WHERE model = 'pd';
SELECT is(count(*), 0::bigint, 'in every score') FROM loans l WHERE cia_score('pd', l) <> cia_score('pd@2', l);
-- the decision is that of the comparison that anybody can repeat
SELECT ok((SELECT a < b FROM cia_compare('pd@3', 'pd@2', 'loans') WHERE metric = 'auc'), 'cia_compare says the same');
SELECT is((SELECT a FROM cia_compare('pd@3', 'pd@2', 'loans') WHERE metric = 'rows'), substring(notes[1] FROM 'on ([0-9,]+) rows')::float8, 'of the same rows') FROM cia_versions WHERE model = 'pd' AND version = 3;
-- by hand
SELECT is(cia_promote('pd', 3, 'on trial'), 3, 'any version can be put into production');
SELECT is(count(*), 0::bigint, 'from then on') FROM loans l WHERE cia_score('pd', l) <> cia_score('pd@3', l);
SELECT is(cia_rollback('pd'), 2, 'and taken back');
SELECT is(cia_rollback('pd'), 1, 'step by step');
SELECT throws_ok($$SELECT cia_rollback('pd')$$, '55000', NULL, 'to the first one');
SELECT results_eq($$SELECT version, kind FROM cia_promotions WHERE model = 'pd' ORDER BY number$$,
	$$VALUES (1, 'training'), (2, 'training'), (3, 'promotion'), (2, 'rollback'), (1, 'rollback')$$, 'all of it on record');
SELECT throws_ok($$SELECT cia_promote('pd', 9)$$, '42704', NULL, 'what is not there cannot be promoted');
-- not by itself
SELECT is(promoted, false, 'with "promote": "never" a version stays out') FROM cia_train('shadow', 'loans', 'defaulted', 'logistic', id => '{id}', options => '{"promote": "never"}');
SELECT throws_ok($$SELECT cia_score('shadow', l) FROM loans l$$, '55000', 'model "shadow" has no version in production', 'and the plain name is an error of its own');
SELECT is(count(cia_score('shadow@1', l)), 2500::bigint, 'while its number works') FROM loans l;
-- trained again
SELECT ok(verified AND fingerprint = now_fingerprint, 'a training can be repeated, byte for byte') FROM cia_verify('pd@2');
UPDATE loans SET balance = balance + 1 WHERE id = 7;
SELECT ok(NOT verified AND explanation = 'the values of column "balance" differ', 'until the rows differ, which is told') FROM cia_verify('pd@2');

SELECT * FROM finish();
ROLLBACK;
