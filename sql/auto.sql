-- What algorithm => 'auto', the default, stands for: boosted trees where rows are enough, else a regression.
CREATE TABLE client AS
SELECT i AS id, 18 + u % 60 AS age, (v % 97)::float8 AS debt, (ARRAY['rent', 'own', 'other'])[1 + w % 3] AS home, 1 + w % 5 AS months,
	   w % 97 < 10 + u % 60 AS churned, (u % 60) * 2 + v % 97 + w % 7 AS spend, (ARRAY['web', 'shop', 'phone'])[1 + (u + w % 9) % 3] AS channel
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 5000) i) s;

CREATE FUNCTION chosen(source text, target text, options jsonb = '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	hint text;
	detail text;
BEGIN
	SELECT concat_ws(E'\n', algorithm || ': ' || notes[1], (SELECT 'l2 ' || (content::jsonb #>> '{options,l2}') FROM cia_versions v WHERE v.model = t.model AND v.version = t.version AND t.algorithm = 'linear'))
	INTO answer FROM cia_train('chosen', source, target, id => '{id}', options => options || '{"promote": "always"}') t;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS answer = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', sqlstate || ' ' || answer, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on

-- The rows decide, those without a target not counted; the target's type says what is learned.
SELECT chosen('SELECT id, age, debt, home, churned FROM client WHERE id <= 1999', 'churned');
SELECT chosen('SELECT id, age, debt, home, churned FROM client WHERE id <= 2000', 'churned');
SELECT chosen('SELECT id, age, debt, home, CASE WHEN id <= 1999 THEN churned END AS churned FROM client', 'churned');
SELECT chosen('SELECT id, age, debt, home, spend FROM client WHERE id <= 4999', 'spend');
SELECT chosen('SELECT id, age, debt, home, spend FROM client', 'spend');
SELECT chosen('SELECT id, age, debt, home, channel FROM client WHERE id <= 1999', 'channel');
SELECT chosen('SELECT id, age, debt, home, channel FROM client', 'channel');
SELECT chosen('SELECT id, age, debt, home, channel FROM client', 'channel', '{"positive": "web"}');
SELECT cia_fit(c, churned, 'auto', '{"id": ["id"], "exclude": ["churned"]}')::jsonb->>'algorithm' AS many,
	   cia_fit(c, churned, 'auto', '{"id": ["id"], "exclude": ["churned"]}') FILTER (WHERE id <= 1999)::jsonb->>'algorithm' AS few FROM client c;

-- By group it is the rows of a group that count.
SELECT chosen('SELECT id, age, debt, home, churned FROM client', 'churned', '{"by": "home"}');
SELECT chosen('SELECT id, age, debt, CASE WHEN id > 1 THEN ''all'' END AS home, churned FROM client', 'churned', '{"by": "home"}');

-- An option that only one of the two has decides, whatever the rows; one that both have does not.
SELECT chosen('SELECT id, age, debt, home, churned FROM client WHERE id <= 500', 'churned', '{"trees": 5}');
SELECT chosen('SELECT id, age, debt, home, churned FROM client WHERE id <= 500', 'churned', '{"monotone": {"age": 1}}');
SELECT chosen('SELECT id, age, debt, home, churned FROM client', 'churned', '{"link": "probit"}');
SELECT chosen('SELECT id, age, debt, home, churned FROM client', 'churned', '{"encode": "woe", "monotone": "increasing"}');
SELECT chosen('SELECT id, age, debt, home, churned FROM client', 'churned', '{"l2": 3}');
SELECT chosen('SELECT id, age, debt, home, spend FROM client', 'spend', '{"lambda": 0.1}');
SELECT chosen('SELECT id, age, debt, home, spend FROM client WHERE id <= 500', 'spend', '{"objective": "poisson", "trees": 5}');
SELECT chosen('SELECT id, age, debt, home, churned::int AS churned FROM client WHERE id <= 500', 'churned', '{"objective": "logistic", "trees": 5}');

-- Options that are for none, of two, out of range, for two classes where there are three: told as such.
SELECT chosen('client', 'churned', '{"leafs": 5}');
SELECT chosen('client', 'churned', '{"colour": "red"}');
SELECT chosen('client', 'churned', '{"link": "probit", "trees": 5}');
SELECT chosen('client', 'spend', '{"lambda": 1, "trees": 5}');
SELECT chosen('client', 'churned', '{"leaves": 1}');
SELECT chosen('client', 'churned', '{"objective": "best"}');
SELECT chosen('client', 'spend', '{"monotone": {"home": 1}}');
SELECT chosen('SELECT id, age, debt, home, channel FROM client', 'channel', '{"link": "probit"}');
SELECT chosen('SELECT id, age, debt, home, channel FROM client', 'channel', '{"link": "probit", "positive": "web"}');
SELECT chosen('SELECT id, age, debt, channel FROM client', 'channel', '{"objective": "poisson"}');
SELECT chosen('SELECT id, age, debt, home, churned FROM client WHERE false', 'churned');
SELECT chosen('SELECT id, age, debt, home, NULL::text AS churned FROM client', 'churned');
SELECT chosen('SELECT id, age, debt, home, ''a'' AS churned FROM client', 'churned');

DROP FUNCTION chosen;
DROP TABLE client;
SELECT cia_drop_model('chosen');
