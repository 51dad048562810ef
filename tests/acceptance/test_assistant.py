"""Smart mode of the whole program: a person, the assistant, its model on loopback, and kills in the middle (A1, A3, A8, F10)."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

from phonework.testing.fake_openai import FakeOpenAI, call, fail, say
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone
from phonework.testing.server import Server

TRIES = 5


@pytest.fixture
async def smart(idle_server: Server, api: FakeOpenAI, phone: Phone) -> Person:
    """Somebody with an assistant and no session."""
    idle_server.settings |= {
        "ASSISTANT__BASE_URL": api.base_url,
        "ASSISTANT__MODEL": "glm-4.6",
        "ASSISTANT__RETRIES": "0",
    }
    await idle_server.start()
    return Person(phone)


async def test_a_day_with_the_assistant(smart: Person, idle_server: Server, api: FakeOpenAI) -> None:
    api.will(say("Good morning, **Ada**."))
    await smart.says("good morning, who are you?")
    await smart.sees(lambda shown: shown.shows("Good morning") and shown.shows("done"))

    api.will(
        [
            call(
                "create_session", {"directory": "shop", "message": "hello", "make_directory": True}, id="", at_once=True
            )
        ],
        say("It has begun."),
    )
    await smart.says("please begin in a new directory called shop and say hello there")
    await smart.sees("It has begun.")
    await smart.sees("is ready.")
    await idle_server.at_rest()
    ((session_id, state),) = idle_server.rows("SELECT session_id, state FROM session WHERE companion = 0")
    assert state == "idle"

    await smart.says("then say hello once more")
    await smart.sees(offers(op="retry", id=session_id, g=2))
    assert len(api.requests) == 3, "what goes on with the work needs no model"

    api.will([call("close_session", {"session": session_id})], say("Closed."))
    await smart.says("close my session, please")
    await smart.presses(await smart.question("Close shop"), "Allow")
    await smart.sees("Closed.")
    await idle_server.at_rest()
    _code, health = await idle_server.health()
    told = health["assistant"]
    assert (told["ok"], told["routed_by_model"], told["routed_by_rules"]) == (True, 3, 1)


async def test_a_model_that_is_down_harms_nothing_else(smart: Person, idle_server: Server, api: FakeOpenAI) -> None:
    api.usual = fail(503)
    await smart.says("what can you do?")
    await smart.sees("has an error; try again in a while")
    await smart.begins()
    await smart.says("/direct hello")
    ((session_id,),) = idle_server.rows("SELECT session_id FROM session WHERE companion = 0")
    await smart.sees(offers(op="retry", id=session_id, g=1))
    assert (await idle_server.health())[1]["status"] == "degraded"


async def test_killed_before_its_first_word_it_answers_once(
    smart: Person, idle_server: Server, api: FakeOpenAI
) -> None:
    api.will([{"hang": True}], say("Here I am."))
    await smart.says("are you there?")
    await asyncio.wait_for(api.requested(1), 30)
    await idle_server.kill()
    await idle_server.start()
    await smart.sees("Here I am.")
    await idle_server.at_rest()
    answers = [one for one in await smart.phone.messages(from_bot=True) if one.shows("Here I am.")]
    assert len(answers) == 1
    assert idle_server.rows("SELECT count(*) FROM dialogue WHERE json_extract(body, '$.role') = 'user'")[0][0] == 1


async def test_killed_in_the_middle_of_a_tool_call_it_does_not_call_again(
    smart: Person, idle_server: Server, api: FakeOpenAI
) -> None:
    for number in range(1, TRIES + 1):
        name = f"shop{number}"
        api.will([call("create_session", {"directory": name, "make_directory": True})], say("Begun."))
        with closing(Caught(idle_server)) as caught:
            await smart.says(f"please begin in a new directory called {name}")
            if await asyncio.to_thread(caught.wait):
                await idle_server.kill()
                break
        await smart.sees(lambda shown, number=number: shown.shows("Begun.") and shown.shows(f"shop{number}"))
    else:
        pytest.fail("the call was never caught between its beginning and its end")
    api.replies.clear()

    await idle_server.start()
    await smart.sees("the assistant was interrupted in the middle")
    await idle_server.at_rest()
    asked = len(api.requests)
    assert [row["status"] for row in idle_server.rows("SELECT status FROM tool_call WHERE turn = ?", number)] == [
        "claimed"
    ]
    made = len(idle_server.rows("SELECT 1 FROM session WHERE cwd LIKE ?", f"%/{name}"))
    assert made <= 1, "it may have begun, and nobody can tell"

    api.will(say("I cannot tell whether it began."))
    await smart.presses(await smart.ended_turn(number), "Retry")
    await smart.sees("I cannot tell whether it began.")
    assert len(api.requests) == asked + 1
    results = [one["content"] for one in api.requests[-1].messages if one["role"] == "tool"]
    assert "not known" in results[-1]
    assert len(idle_server.rows("SELECT 1 FROM session WHERE cwd LIKE ?", f"%/{name}")) == made


class Caught:
    """Holds the database in the moment when a call is claimed and nothing has come of it yet."""

    def __init__(self, server: Server) -> None:
        self._path = server.data_dir / "phonework.db"
        self._stopping, self._held = threading.Event(), False
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def wait(self) -> bool:
        """Whether it was caught; False when the call had ended already."""
        self._thread.join(timeout=60)
        return self._held

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._connection.close()

    def _look(self) -> None:
        connection = self._connection = sqlite3.connect(
            self._path, timeout=30, isolation_level=None, check_same_thread=False
        )
        before = connection.execute("SELECT count(*) FROM tool_call").fetchone()[0]
        while not self._stopping.is_set():
            connection.execute("BEGIN IMMEDIATE")
            found = [status for (status,) in connection.execute("SELECT status FROM tool_call")]
            if "claimed" in found:
                self._held = True
                return
            connection.execute("ROLLBACK")
            if len(found) > before:
                return
