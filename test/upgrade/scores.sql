-- Every version's fingerprint, and its scores bit for bit.
SET client_min_messages = error;
SELECT model, version, production, fingerprint, md5(string_agg(encode(float8send(cia_score(format('%s@%s', model, version), x)), 'hex'), '' ORDER BY id)),
	   md5(string_agg(encode(float8send(cia_score(content, to_jsonb(x))), 'hex'), '' ORDER BY id))
FROM cia_versions, customer x GROUP BY model, version, production, fingerprint ORDER BY model COLLATE "C", version;
SELECT model, version, algorithm, trained_at FROM cia_models ORDER BY model COLLATE "C";
