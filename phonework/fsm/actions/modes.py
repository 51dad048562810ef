"""How the agent works: with which model, and how much it asks."""

from phonework.fsm import effects as order
from phonework.fsm import events as happened
from phonework.fsm.change import replace
from phonework.fsm.draft import Arm, Draft


def choose_model(draft: Draft) -> None:
    model = draft.expect(happened.ModelChosen).model
    draft.session = replace(draft.session, model=model)
    draft.owe(
        order.Say(text="say.model_chosen" if model else "say.model_default", params={"model": model}),
        order.ShowReport(report="model", session_id=draft.session.session_id, update=True),
    )


def choose_mode(draft: Draft) -> None:
    """With a limit the mode of before comes back by itself; one that had a limit of its own never does."""
    event, session = draft.expect(happened.ModeChosen), draft.session
    before = session.mode_after if session.mode_until else session.mode
    if event.limit is None:
        change_mode(draft, event.mode)
        said = order.Say(text="say.mode_chosen" if event.mode else "say.mode_usual", params={"mode": event.mode})
    else:
        until = draft.now + event.limit
        draft.session = replace(session, mode=event.mode, mode_after=before, mode_until=until)
        _update_card(draft)
        draft.timers["mode"] = Arm(name="mode", due=until, turn=session.turn, generation=session.version + 1)
        minutes = str(round(event.limit.total_seconds() / 60))
        said = order.Say(text="say.mode_limited", params={"mode": event.mode, "minutes": minutes})
    draft.owe(order.SetMode(mode=event.mode, before=before), said)
    _show_mode(draft)


def end_mode(draft: Draft) -> None:
    """Its time is over."""
    over, mode = draft.session.mode, draft.session.mode_after
    change_mode(draft, mode)
    draft.owe(order.SetMode(mode=mode, before=mode), order.Say(text="say.mode_over", params={"mode": over}))
    _show_mode(draft)


def refuse_mode(draft: Draft) -> None:
    """The agent goes on as it did."""
    event = draft.expect(happened.ModeRefused)
    change_mode(draft, event.before)
    why = event.problem
    draft.owe(
        order.Say(text=why.key, params=why.params)
        if why is not None
        else order.Say(text="say.mode_refused", params={"mode": event.mode, "problem": event.reason})
    )
    if event.before != event.mode:
        draft.owe(order.Say(text="say.mode_stays"))
    _show_mode(draft)


def change_mode(draft: Draft, mode: str) -> None:
    _update_card(draft)
    draft.session = replace(draft.session, mode=mode, mode_after="", mode_until=None)
    draft.disarm("mode")


def _update_card(draft: Draft) -> None:
    """The card that `/mode` was answered with says what holds."""
    draft.owe(order.ShowReport(report="mode", session_id=draft.session.session_id, update=True))


def _show_mode(draft: Draft) -> None:
    """The cards that are in use say how little is asked."""
    if draft.session.open is not None:
        draft.owe(order.UpdateRequest(request_id=draft.session.open.request_id))
    if draft.session.live is not None:
        draft.owe(order.UpdateTurn(turn=draft.session.live.turn))
