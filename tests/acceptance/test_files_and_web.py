"""Files and the web from the phone: `/get`, `/web`, and an assistant that writes a file after asking (A5, A6)."""

import json
from collections.abc import AsyncIterator

import pytest

from phonework.testing.fake_metaso import KEY, FakeMetaso
from phonework.testing.fake_openai import FakeOpenAI, call, say
from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server


@pytest.fixture
async def model() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as model:
        yield model


@pytest.fixture
async def metaso() -> AsyncIterator[FakeMetaso]:
    async with FakeMetaso() as metaso:
        yield metaso


@pytest.fixture
async def ada(idle_server: Server, phone: Phone, model: FakeOpenAI, metaso: FakeMetaso) -> Person:
    """Somebody with a session, an assistant and a key for searching."""
    idle_server.settings |= {
        "ASSISTANT__BASE_URL": model.base_url,
        "ASSISTANT__MODEL": "glm-4.6",
        "ASSISTANT__RETRIES": "0",
        "WEB__METASO_KEY": KEY,
        "WEB__METASO_URL": metaso.url,
    }
    await idle_server.start()
    person = Person(phone)
    await person.begins()
    return person


async def test_a_file_comes_to_the_phone_as_it_is(ada: Person, idle_server: Server, phone: Phone) -> None:
    (idle_server.work / "hello" / "报告.bin").write_bytes(bytes(range(256)))
    await ada.says("/get 报告.bin")
    sent = await ada.sees(lambda shown: shown.msg_type == "file")
    content = json.loads(sent.content) if isinstance(sent.content, str) else sent.content

    assert await phone.download(sent.message_id, content["file_key"]) == bytes(range(256))
    await ada.says("/get ../../etc/passwd")
    await ada.sees("outside the working root")


async def test_what_a_search_finds_is_one_card(ada: Person) -> None:
    await ada.says("/web --papers how do bees dance?")
    card = await ada.sees("how do bees dance?: the details")

    assert card.shows("https://example.org/scholar/2")


async def test_the_assistant_writes_a_file_after_a_tap(ada: Person, idle_server: Server, model: FakeOpenAI) -> None:
    place = idle_server.work / "hello" / "plan.md"
    model.will(say("Hello!"))
    await ada.says("hello")
    await ada.sees("Hello!")
    model.will([call("write_file", {"path": "plan.md", "content": "# Plan\n"})], say("The plan is written."))
    await ada.says("could you please write a file plan.md for me with the heading Plan?")
    question = await ada.question("Write the new file")
    assert question.shows("+# Plan")
    assert not place.exists()

    await ada.presses(question, "Allow")
    await ada.sees("The plan is written.")
    assert place.read_text() == "# Plan\n"
