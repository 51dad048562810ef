"""Why an event changed nothing: each reason is stored with the event and has a sentence for the person."""

from enum import StrEnum


class Reason(StrEnum):
    """Stored in the history; the catalogue has a text `reason.<value>` for each."""

    ALREADY_ANSWERED = "already_answered"
    NOT_YOURS = "not_yours"
    OLD_REQUEST = "old_request"
    EXPIRED_REQUEST = "expired_request"
    WITHDRAWN_REQUEST = "withdrawn_request"
    NO_SUCH_REQUEST = "no_such_request"
    AGENT_GONE = "agent_gone"
    NOT_RESUMABLE = "not_resumable"
    SESSION_CLOSED = "session_closed"
    NOTHING_RUNNING = "nothing_running"
    ALREADY_STOPPING = "already_stopping"
    NOTHING_TO_RETRY = "nothing_to_retry"
    STALE_TURN = "stale_turn"
    STALE_TIMER = "stale_timer"
    NO_SUCH_MESSAGE = "no_such_message"
    MESSAGE_ALREADY_RUN = "message_already_run"
    MESSAGE_DROPPED = "message_dropped"
    BUSY = "busy"
    QUEUE_FULL = "queue_full"
    TOO_MANY_FILES = "too_many_files"
    NOT_AN_ANSWER = "not_an_answer"
    DUPLICATE = "duplicate"
    NO_SUCH_REMINDER = "no_such_reminder"
    REMINDER_CAME = "reminder_came"
    REMINDER_CHANGED = "reminder_changed"
    REMINDER_DELETED = "reminder_deleted"
    REMINDERS_FULL = "reminders_full"
    MALFORMED_CLICK = "malformed_click"
    NO_SESSION = "no_session"
    NOT_ALLOWED = "not_allowed"
    SAME_MODE = "same_mode"
    OLD_OFFER = "old_offer"
    GONE_ELSEWHERE = "gone_elsewhere"
    NOTED = "noted"
    ERROR = "error"

    @property
    def is_stale(self) -> bool:
        """The event belongs to something that is over; False: it does not fit what is."""
        return self in _STALE


_STALE = frozenset(
    {
        Reason.ALREADY_ANSWERED,
        Reason.OLD_REQUEST,
        Reason.EXPIRED_REQUEST,
        Reason.WITHDRAWN_REQUEST,
        Reason.AGENT_GONE,
        Reason.STALE_TURN,
        Reason.STALE_TIMER,
        Reason.MESSAGE_ALREADY_RUN,
        Reason.MESSAGE_DROPPED,
        Reason.REMINDER_CAME,
        Reason.REMINDER_CHANGED,
        Reason.REMINDER_DELETED,
    }
)
