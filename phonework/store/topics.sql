-- Topics of group chats.

-- name: known_topics
-- Told by where something was owed to be shown. The newest effects are looked at: by their number,
-- which is the table's own order, so that this stays quick whatever has gathered.
SELECT chat ->> 'root' AS root, max(seq) AS newest FROM effect
WHERE seq > (SELECT max(seq) FROM effect) - 20000 AND created_at_ms >= :since
  AND chat ->> 'channel' = :channel AND chat ->> 'chat_id' = :chat_id AND chat ->> 'root' != ''
GROUP BY root ORDER BY newest DESC;

-- name: session_at_work_in
SELECT session_id FROM session
WHERE user_id = :user AND state != 'closed' AND companion = 0 AND chat ->> 'chat_id' = :chat_id AND chat ->> 'root' = :root
ORDER BY session_id = (SELECT active_session FROM user WHERE user_id = :user) DESC, active_at_ms DESC LIMIT 1;

-- name: session_topic_began_with
SELECT session_id FROM event JOIN session USING (session_id)
WHERE source = 'message' AND dedupe_key = :root AND session.user_id = :user AND companion = 0;
