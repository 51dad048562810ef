-- Reminders, and each time one came.

-- name: add_reminder
INSERT INTO reminder (reminder_id, origin, user_id, status, version, fired, due_at_ms, created_at_ms, chat, body, schedule)
VALUES (:reminder_id, :origin, :user_id, :status, :version, :fired, :due, :created_at, :chat, :body, :schedule);

-- name: save_reminder
UPDATE reminder SET status = :status, version = :version, fired = :fired, due_at_ms = :due
WHERE reminder_id = :reminder_id AND version = :version - 1;

-- name: break_reminder
UPDATE reminder SET status = 'broken', due_at_ms = NULL, version = version + 1 WHERE reminder_id = ?;

-- name: mend_reminder
UPDATE reminder SET status = 'waiting', due_at_ms = ?, version = version + 1 WHERE reminder_id = ? AND status = 'broken';

-- name: get_reminder
SELECT reminder_id, user_id, status, version, fired, due_at_ms, created_at_ms, chat, body, schedule
FROM reminder WHERE reminder_id = ?;

-- name: reminder_exists
SELECT 1 FROM reminder WHERE reminder_id = ?;

-- name: reminder_of_origin
SELECT reminder_id FROM reminder WHERE origin = ?;

-- name: waiting_reminders
SELECT reminder_id, user_id, status, version, fired, due_at_ms, created_at_ms, chat, body, schedule
FROM reminder WHERE user_id = ? AND status = 'waiting' ORDER BY due_at_ms, reminder_id;

-- name: count_waiting_reminders
SELECT count(*) FROM reminder WHERE user_id = ? AND status = 'waiting';

-- name: due_reminders
SELECT reminder_id, user_id, chat, due_at_ms, body FROM reminder
WHERE status = 'waiting' AND due_at_ms <= ? ORDER BY due_at_ms, reminder_id LIMIT ?;

-- name: next_reminder_due
SELECT min(due_at_ms) FROM reminder WHERE status = 'waiting';

-- name: add_firing
INSERT INTO firing (reminder_id, number, due_at_ms, fired_at_ms, missed) VALUES (?, ?, ?, ?, ?);

-- name: get_firing
SELECT due_at_ms, fired_at_ms, missed, settled, again_at_ms FROM firing WHERE reminder_id = ? AND number = ?;

-- name: settle_firing
UPDATE firing SET settled = 1, again_at_ms = ? WHERE reminder_id = ? AND number = ? AND settled = 0;

-- name: card_shown_at
SELECT min(sent_at_ms) FROM message WHERE card_key = ?;

-- name: prune_firings
DELETE FROM firing WHERE fired_at_ms < ?;

-- name: prune_reminders
DELETE FROM reminder WHERE status IN ('done', 'deleted') AND created_at_ms < ?
  AND reminder_id NOT IN (SELECT reminder_id FROM firing);
