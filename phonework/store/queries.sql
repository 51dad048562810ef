-- Every statement the engine runs, by name. Times are milliseconds since the epoch.

-- name: sender_of_message
SELECT user_id FROM event WHERE source = 'message' AND dedupe_key = ?;

-- name: find_event
SELECT seq, session_id, status, reason FROM event WHERE source = ? AND dedupe_key = ?;

-- name: add_event
INSERT INTO event (source, dedupe_key, kind, session_id, user_id, occurred_at_ms, received_at_ms, status, reason,
                   from_state, to_state, version, payload, quiet_until_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: get_event
SELECT seq, source, dedupe_key, kind, session_id, user_id, occurred_at_ms, status, payload FROM event WHERE seq = ?;

-- name: unpoison_event
DELETE FROM event WHERE seq = ? AND status = 'poisoned';

-- name: events_after
SELECT seq, source, kind, session_id, user_id, occurred_at_ms, received_at_ms, status, reason, from_state, to_state, version, payload
FROM event WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: load_session
SELECT session.user_id, backend, cwd, state, version, since_ms, turn, generation, agent_session_id, can_steer, timeouts, carry, fork_of,
       container, model, session.mode, mode_after, mode_until_ms, session.chat, quiet_hours, timezone, acted_at_ms
FROM session JOIN user USING (user_id) WHERE session_id = ?;

-- name: session_is_of
SELECT 1 FROM session WHERE session_id = ? AND user_id = ?;

-- name: add_session
INSERT INTO session (session_id, user_id, backend, cwd, state, version, table_version, since_ms, created_at_ms,
                     active_at_ms, can_steer, model, mode, chat, timeouts, companion, agent_session_id, fork_of,
                     name, group_name, container)
VALUES (?, ?, ?, ?, 'idle', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: session_exists
SELECT 1 FROM session WHERE session_id = ?;

-- name: save_session
UPDATE session SET state = ?, version = ?, table_version = ?, since_ms = ?, active_at_ms = ?, turn = ?, generation = ?,
                   open_request = ?, agent_session_id = ?, model = ?, carry = ?, mode = ?, mode_after = ?, mode_until_ms = ?
WHERE session_id = ? AND version = ?;

-- name: session_run
SELECT backend, cwd, agent_session_id, model, CASE WHEN mode_until_ms <= ?2 THEN mode_after ELSE mode END, user_id, fork_of, container
FROM session WHERE session_id = ?1;

-- name: session_base
SELECT base FROM session WHERE session_id = ?;

-- name: set_session_base
UPDATE session SET base = ? WHERE session_id = ?;

-- name: session_chat
SELECT chat FROM session WHERE session_id = ?;

-- name: move_session_chat
UPDATE session SET chat = ? WHERE session_id = ? AND chat != ?;

-- name: sessions_of
SELECT session_id, backend, cwd, state, since_ms, active_at_ms, turn, agent_session_id, model, mode, can_steer, open_request,
       companion, mode_until_ms, name
FROM session WHERE user_id = ? AND state != 'closed' AND companion = 0 ORDER BY created_at_ms, session_id;

-- name: session_view
SELECT session_id, backend, cwd, state, since_ms, active_at_ms, turn, agent_session_id, model, mode, can_steer, open_request,
       companion, mode_until_ms, name, user_id
FROM session WHERE session_id = ?;

-- name: session_number
SELECT count(*) FROM session AS other, session AS this
WHERE this.session_id = ? AND other.user_id = this.user_id AND other.state != 'closed' AND other.companion = 0
  AND (other.created_at_ms, other.session_id) <= (this.created_at_ms, this.session_id);

-- name: busy_sessions
SELECT session_id, backend, turn, user_id FROM session WHERE state NOT IN ('idle', 'closed');

-- name: count_sessions
SELECT count(*) FROM session WHERE state != 'closed';

-- name: known_states
SELECT DISTINCT state, table_version FROM session;

-- name: live_turn
SELECT body FROM turn WHERE session_id = ? AND status = 'live';

-- name: get_turn
SELECT body FROM turn WHERE session_id = ? AND turn = ?;

-- name: last_end_of_turn
SELECT max(ended_at_ms) FROM turn WHERE session_id = ?;

-- name: put_turn
INSERT INTO turn (session_id, turn, status, started_at_ms, ended_at_ms, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id, turn) DO UPDATE SET status = excluded.status, ended_at_ms = excluded.ended_at_ms, body = excluded.body;

-- name: waiting_requests
SELECT status, body FROM request WHERE session_id = ? AND status IN ('queued', 'open') ORDER BY place;

-- name: get_request
SELECT body FROM request WHERE request_id = ? AND session_id = ?;

-- name: find_request
SELECT session_id, body FROM request WHERE request_id = ?;

-- name: put_request
INSERT INTO request (request_id, session_id, turn, generation, kind, status, asked_at_ms, answered_by, body, place)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM request WHERE session_id = ?))
ON CONFLICT (request_id) DO UPDATE SET generation = excluded.generation, status = excluded.status,
  answered_by = excluded.answered_by, body = excluded.body;

-- name: requests_behind
SELECT count(*) FROM request WHERE session_id = ? AND status = 'queued';

-- name: open_request_of
SELECT body FROM request WHERE session_id = ? AND status = 'open';

-- name: waiting_prompts
SELECT body FROM prompt WHERE session_id = ? AND status IN ('queued', 'held') ORDER BY place;

-- name: turn_prompts
SELECT body FROM prompt WHERE session_id = ? AND turn = ? AND status = 'taken' ORDER BY place;

-- name: get_prompt
SELECT body FROM prompt WHERE prompt_id = ? AND session_id = ?;

-- name: find_prompt
SELECT session_id, body FROM prompt WHERE prompt_id = ?;

-- name: put_prompt
INSERT INTO prompt (prompt_id, session_id, place, status, turn, body)
VALUES (?1, ?2, ifnull(?3, (SELECT place FROM prompt WHERE prompt_id = ?1)), ?4, ?5, ?6)
ON CONFLICT (prompt_id) DO UPDATE SET place = excluded.place, status = excluded.status, turn = excluded.turn, body = excluded.body;

-- name: queue_length
SELECT count(*) FROM prompt WHERE session_id = ? AND status IN ('queued', 'held') AND status = 'queued';

-- name: put_timer
INSERT INTO timer (session_id, name, turn, generation, due_at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (session_id, name) DO UPDATE SET turn = excluded.turn, generation = excluded.generation, due_at_ms = excluded.due_at_ms;

-- name: drop_timer
DELETE FROM timer WHERE session_id = ? AND name = ?;

-- name: take_timer
DELETE FROM timer WHERE session_id = ? AND name = ? AND due_at_ms = ?;

-- name: due_timers
SELECT session_id, name, turn, generation, due_at_ms FROM timer WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?;

-- name: next_due
SELECT min(due_at_ms) FROM timer;

-- name: add_effect
INSERT INTO effect (key, session_id, user_id, lane, kind, policy, status, attempts, first_at_ms, created_at_ms, not_before_ms,
                    chat, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq;

-- name: pending_in_lane
SELECT 1 FROM effect WHERE status = 'owed' AND lane = ? UNION ALL SELECT 1 FROM effect WHERE status = 'claimed' AND lane = ? LIMIT 1;

-- name: owed_effects
SELECT seq, key, session_id, user_id, lane, kind, policy, attempts, first_at_ms, not_before_ms, chat, payload
FROM effect WHERE status = 'owed' ORDER BY seq;

-- name: claimed_effects
SELECT seq, key, session_id, user_id, lane, kind, policy, attempts, first_at_ms, not_before_ms, chat, payload
FROM effect WHERE status = 'claimed' ORDER BY seq;

-- name: held_effects
SELECT seq, key, session_id, user_id, lane, kind, policy, attempts, first_at_ms, not_before_ms, chat, payload
FROM effect WHERE status = 'owed' AND lane = ? ORDER BY seq;

-- name: release_effect
UPDATE effect SET lane = ?, not_before_ms = ? WHERE seq = ? AND status = 'owed';

-- name: effect_is_there
SELECT 1 FROM effect WHERE seq = ? AND status = 'owed' AND lane = ?;

-- name: claim_effect
UPDATE effect SET status = 'claimed', attempts = attempts + 1, first_at_ms = coalesce(first_at_ms, ?)
WHERE seq = ? AND status = 'owed';

-- name: try_effect
UPDATE effect SET attempts = attempts + 1, first_at_ms = coalesce(first_at_ms, ?) WHERE seq = ? AND status = 'owed';

-- name: owe_again
UPDATE effect SET status = 'owed' WHERE seq = ? AND status = 'claimed';

-- name: postpone_effect
UPDATE effect SET not_before_ms = ?, first_at_ms = coalesce(first_at_ms, ?), result = ?
WHERE seq = ? AND status = 'owed';

-- name: end_effect
UPDATE effect SET status = ?, ended_at_ms = ?, result = ? WHERE seq = ? AND status IN ('owed', 'claimed');

-- name: newer_update
SELECT 1 FROM effect WHERE status = 'owed' AND lane = ? AND kind = ? AND payload = ? AND seq > ? LIMIT 1;

-- name: owe_start_again
UPDATE effect SET status = 'owed', ended_at_ms = NULL, result = ''
WHERE session_id = ?1 AND kind = 'StartTurn' AND status = 'done' AND json_extract(payload, '$.turn') = ?2 AND attempts < ?3;

-- name: count_effects
SELECT status, count(*) FROM effect WHERE status IN ('owed', 'claimed', 'failed', 'unknown') GROUP BY status;

-- name: session_has_start_owed
SELECT 1 FROM effect WHERE session_id = ? AND kind = 'StartTurn' AND status IN ('owed', 'claimed')
  AND json_extract(payload, '$.turn') = ?;

-- name: prompt_is_unheard
SELECT 1 FROM effect WHERE session_id = ?1 AND status = 'owed'
  AND (kind = 'StartTurn' AND json_extract(payload, '$.turn') = ?2 OR kind = 'SteerTurn' AND json_extract(payload, '$.prompt_id') = ?3);

-- name: answer_is_unknown
SELECT 1 FROM effect WHERE session_id = ? AND kind = 'AnswerAgent' AND status = 'unknown'
  AND json_extract(payload, '$.request_id') = ?;

-- name: get_user
SELECT user_id, name, allowed, language, chosen_mode, active_session, chat, refused_at_ms, wrong_codes, chosen_language, verbosity,
       quiet_hours, timezone, acted_at_ms
FROM user WHERE user_id = ?;

-- name: active_session
SELECT active_session FROM user WHERE user_id = ?;

-- name: touch_user
INSERT INTO user (user_id, language, chat, created_at_ms, acted_at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET chat = excluded.chat, language = iif(excluded.language = '', language, excluded.language),
  acted_at_ms = max(acted_at_ms, excluded.acted_at_ms)
WHERE chat != excluded.chat OR excluded.language NOT IN ('', language) OR quiet_hours != '';

-- name: user_acted
UPDATE user SET acted_at_ms = max(acted_at_ms, ?) WHERE user_id = ? AND quiet_hours != '';

-- name: hear_user
UPDATE user SET language = ? WHERE user_id = ?;

-- name: choose_language
UPDATE user SET chosen_language = ? WHERE user_id = ?;

-- name: choose_verbosity
UPDATE user SET verbosity = ? WHERE user_id = ?;

-- name: choose_quiet_hours
UPDATE user SET quiet_hours = ?, acted_at_ms = ? WHERE user_id = ?;

-- name: choose_timezone
UPDATE user SET timezone = ? WHERE user_id = ?;

-- name: nameless_users
SELECT user_id FROM user WHERE name = '' AND chat != '{}' ORDER BY created_at_ms;

-- name: name_user
UPDATE user SET name = ? WHERE user_id = ?;

-- name: meet_user
INSERT INTO user (user_id, created_at_ms) VALUES (?, ?) ON CONFLICT (user_id) DO NOTHING;

-- name: writers
SELECT user_id FROM user WHERE chat != '{}';

-- name: open_session_of_agent
SELECT session_id FROM session
WHERE user_id = ? AND backend = ? AND agent_session_id = ? AND state != 'closed' ORDER BY created_at_ms DESC LIMIT 1;

-- name: allow_user
INSERT INTO user (user_id, allowed, created_at_ms) VALUES (?, 1, ?) ON CONFLICT (user_id) DO UPDATE SET allowed = 1;

-- name: refuse_user
INSERT INTO user (user_id, refused_at_ms, created_at_ms) VALUES (?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET refused_at_ms = excluded.refused_at_ms;

-- name: count_wrong_code
INSERT INTO user (user_id, wrong_codes, created_at_ms) VALUES (?, 1, ?)
ON CONFLICT (user_id) DO UPDATE SET wrong_codes = wrong_codes + 1;

-- name: forget_wrong_codes
UPDATE user SET wrong_codes = 0 WHERE wrong_codes > 0;

-- name: allowed_users
SELECT user_id FROM user WHERE allowed = 1;

-- name: activate
UPDATE user SET active_session = ?, switched_at_ms = ? WHERE user_id = ?;

-- name: switched_at
SELECT switched_at_ms FROM user WHERE user_id = ? AND active_session IS NOT NULL;

-- name: deactivate
UPDATE user SET active_session = NULL WHERE user_id = ? AND active_session = ?;

-- name: choose_mode
UPDATE user SET chosen_mode = ? WHERE user_id = ?;

-- name: find_receipt
SELECT message_id, sent_at_ms FROM message WHERE delivery_key = ?;

-- name: add_receipt
INSERT INTO message (delivery_key, channel, chat_id, message_id, card_key, sent_at_ms, entity) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (delivery_key) DO NOTHING;

-- name: message_of_card
SELECT message_id, entity FROM message WHERE card_key = ? ORDER BY sent_at_ms DESC LIMIT 1;

-- name: card_is_private
SELECT chat.private FROM message JOIN chat USING (channel, chat_id) WHERE card_key = ? ORDER BY sent_at_ms DESC LIMIT 1;

-- name: card_of_message
SELECT card_key, delivery_key FROM message WHERE message_id = ? ORDER BY sent_at_ms DESC LIMIT 1;

-- name: see_chat
INSERT INTO chat (channel, chat_id, user_id, private, seen_at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (channel, chat_id) DO UPDATE SET seen_at_ms = max(seen_at_ms, excluded.seen_at_ms);

-- name: know_chat
INSERT INTO chat (channel, chat_id, user_id, private, seen_at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (channel, chat_id) DO NOTHING;

-- name: private_chat_of
SELECT channel, chat_id FROM chat WHERE user_id = ? AND private = 1 ORDER BY seen_at_ms DESC LIMIT 1;

-- name: known_chats
SELECT chat_id, user_id, private, seen_at_ms FROM chat WHERE channel = ?;

-- name: get_meta
SELECT value FROM meta WHERE key = ?;

-- name: put_meta
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: prune_events
DELETE FROM event WHERE received_at_ms < ?1 AND status != 'poisoned'
  AND (session_id IS NULL OR session_id IN (SELECT session_id FROM session WHERE state = 'closed' AND active_at_ms < ?1));

-- name: prune_effects
DELETE FROM effect WHERE ended_at_ms < ? AND status IN ('done', 'failed', 'unknown', 'superseded');

-- name: prune_messages
DELETE FROM message WHERE sent_at_ms < ?;
