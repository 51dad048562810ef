-- What turns used, summed up.

-- name: costs_of_sessions
SELECT session.session_id, session.cwd, session.backend, session.companion, count(*),
       total(json_extract(turn.body, '$.usage.input_tokens')) + total(json_extract(turn.body, '$.usage.cache_read_tokens'))
         + total(json_extract(turn.body, '$.usage.cache_write_tokens')),
       total(json_extract(turn.body, '$.usage.output_tokens')),
       sum(json_extract(turn.body, '$.usage.cost_usd'))
FROM session JOIN turn ON turn.session_id = session.session_id
WHERE session.user_id = ? AND turn.started_at_ms >= ?
GROUP BY session.session_id ORDER BY max(turn.started_at_ms) DESC;
