-- All that must be kept: every version's fingerprint and scores bit for bit, and what the registry says of it.
SET client_min_messages = error;
SELECT model, version, production, algorithm, task, target, source, options, features, rows_used, rows_skipped, metric, float8send(value), metrics, notes, float8send(seconds), :fingerprint, trained_by, trained_at
FROM cia_versions ORDER BY model COLLATE "C", version;
SELECT model, version, md5(convert_to((cia_export(format('%s@%s', model, version)) - 'exported_from')::text, 'UTF8')), tags, comment FROM cia_versions ORDER BY model COLLATE "C", version;
SELECT * FROM cia_models ORDER BY model COLLATE "C";
SELECT model, version, md5(string_agg(encode(float8send(cia_score(format('%s@%s', model, version), x)), 'hex'), '' ORDER BY id)),
	   md5(string_agg(encode(float8send(cia_score(content, x)), 'hex'), '' ORDER BY id)), md5(string_agg(encode(float8send(cia_score(model, to_jsonb(x))), 'hex'), '' ORDER BY id))
FROM cia_versions, customer x GROUP BY model, version ORDER BY model COLLATE "C", version;
SELECT model, version, md5(convert_to(string_agg(cia_class(content, x), ',' ORDER BY id), 'UTF8')), md5(convert_to(string_agg(cia_probabilities(content, x)::text, '' ORDER BY id), 'UTF8'))
FROM cia_versions, customer x WHERE task <> 'regression' GROUP BY model, version ORDER BY model COLLATE "C", version;
SELECT model, version, md5(convert_to(string_agg(cia_segment(format('%s@%s', model, version), x), ',' ORDER BY id), 'UTF8'))
FROM cia_versions, customer x WHERE task = 'segmentation' GROUP BY model, version ORDER BY model COLLATE "C", version;
SELECT f.town COLLATE "C", md5(string_agg(encode(float8send(cia_score(model, x)), 'hex'), '' ORDER BY id)) FROM fitted f, customer x GROUP BY f.town ORDER BY 1;
SELECT cia_segment('kinds', x) AS segment, count(*), bool_and(cia_segment('kinds', x) = cia_segment(content, x)), min(jsonb_array_length(named)) FROM customer x, cia_versions v WHERE model = 'kinds' GROUP BY 1 ORDER BY 1;
SELECT metric, float8send(value), float8send(low), float8send(high) FROM cia_evaluate('churn', 'customer');
SELECT feature, value, float8send(contribution) FROM customer x, cia_explain('churn@1', x) WHERE id = 7;
SELECT count(*), md5(string_agg(format('%s %s %s', encode(float8send(v.score), 'hex'), v.band, v.version), ', ' ORDER BY id)), bool_and(k = (v.*::text)::kept_scores) AS kept FROM churn_scores v JOIN kept_scores k USING (id);
SELECT count(*), md5(string_agg(format('%s %s %s', encode(float8send(score), 'hex'), band, "probability_Köln"), ', ' ORDER BY id)) FROM "Größe";
SELECT segment, md5(string_agg(k.id || encode(float8send(distance), 'hex'), '' ORDER BY id)) FROM customer_kind k GROUP BY segment ORDER BY segment COLLATE "C";
SELECT * FROM cia_dendrogram('branches') ORDER BY 1;
