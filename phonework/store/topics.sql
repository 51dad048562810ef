-- Topics of group chats, told by where something was owed to be shown. The newest effects are looked at: by their number,
-- which is the table's own order, so that this stays quick whatever has gathered.

-- name: known_topics
SELECT chat ->> 'root' AS root, max(seq) AS newest FROM effect
WHERE seq > (SELECT max(seq) FROM effect) - 20000 AND created_at_ms >= :since
  AND chat ->> 'channel' = :channel AND chat ->> 'chat_id' = :chat_id AND chat ->> 'root' != ''
GROUP BY root ORDER BY newest DESC;
