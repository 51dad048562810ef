"""What the guard says of commands, those of attackers among them."""

import time
import unicodedata
from pathlib import Path

import pytest

from phonework.shell.characters import LONGEST
from phonework.shell.guard import Judgement, Reason, Verdict, Why, judge
from phonework.shell.verdicts import LONGEST_PART

ROOT = Path("/home/ada/work")
CWD = ROOT / "app"


def table() -> list[tuple[Verdict, str]]:
    found, verdict = [], Verdict.RUN
    for line in (Path(__file__).parent / "commands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            verdict = Verdict[line.split()[1].rstrip(":").upper()]
        elif line and not (line.startswith("# ") and verdict is Verdict.RUN):
            found.append((verdict, line.replace("⏎", "\n").replace("⇥", "\t")))
    return found


TABLE = table()


def judged(command: str, cwd: Path = CWD, root: Path = ROOT) -> Judgement:
    return judge(command, cwd=cwd, root=root)


def keys(command: str) -> set[Why]:
    return {each.key for each in judged(command).reasons}


def test_the_table_is_long_and_mostly_hostile() -> None:
    assert len(TABLE) == len({command for _, command in TABLE}) >= 200
    assert sum(verdict is not Verdict.RUN for verdict, _ in TABLE) >= 60


@pytest.mark.parametrize(("verdict", "command"), TABLE)
def test_every_command_of_the_table(verdict: Verdict, command: str) -> None:
    found = judged(command)

    assert found.verdict is verdict, found
    assert bool(found.reasons) is (verdict is not Verdict.RUN)


@pytest.mark.parametrize(
    ("character", "why"),
    [
        ("\0", Why.CONTROL_CHARACTER),
        ("\r", Why.CONTROL_CHARACTER),
        ("\x1b", Why.CONTROL_CHARACTER),
        ("\x7f", Why.CONTROL_CHARACTER),
        ("\x85", Why.CONTROL_CHARACTER),
        ("\u202e", Why.HIDDEN_CHARACTER),  # right-to-left override
        ("\u2066", Why.HIDDEN_CHARACTER),
        ("\u200b", Why.HIDDEN_CHARACTER),
        ("\ufeff", Why.HIDDEN_CHARACTER),
        ("\u00ad", Why.HIDDEN_CHARACTER),
        ("\u00a0", Why.HIDDEN_CHARACTER),
        ("\u3000", Why.HIDDEN_CHARACTER),
        ("\u2028", Why.HIDDEN_CHARACTER),
        ("\u3164", Why.HIDDEN_CHARACTER),  # an empty Hangul letter
        ("\u2800", Why.HIDDEN_CHARACTER),  # an empty Braille sign
        ("\ufe0f", Why.HIDDEN_CHARACTER),
        ("\U000e0061", Why.HIDDEN_CHARACTER),  # a tag
        ("\ue000", Why.HIDDEN_CHARACTER),
        ("\ud800", Why.HIDDEN_CHARACTER),
    ],
)
@pytest.mark.parametrize("command", ["ls {}x", "echo '{}'", 'echo "{}" | cat'])
def test_characters_that_cannot_be_seen_are_refused_wherever_they_are(command: str, character: str, why: Why) -> None:
    found = judged(command.format(character))

    assert found.verdict is Verdict.REFUSE
    assert [each.key for each in found.reasons] == [why]
    assert f"U+{ord(character):04X}" in found.reasons[0].part


@pytest.mark.parametrize(
    "sign", "\u037e\u2010\u2013\u2212\u2018\u201c\u2024\u2044\u2215\u2223\u01c3\uff02\uff0f\u0338\u02bc"
)
def test_signs_that_pass_for_the_shells_own_are_refused_outside_of_quotes(sign: str) -> None:
    assert keys(f"ls {sign}x") == {Why.LOOK_ALIKE}


@pytest.mark.parametrize(
    "text", ["“quoted” – и всё", "你好，世界！", "naïve ﬀ".replace("ﬀ", "ff"), "Straße", "データ", "α beta", "😀"]
)
def test_the_worlds_text_is_text_within_quotes(text: str) -> None:
    assert judged(f'grep "{text}" README.md').verdict is Verdict.RUN


@pytest.mark.parametrize(
    "word", ["文件", "файл", "naïve", unicodedata.normalize("NFD", "naïve"), "データ", "파일", "Straße"]
)
def test_words_of_other_languages_are_words(word: str) -> None:
    assert judged(f"cat {word}").verdict is Verdict.RUN


def test_letters_whose_last_byte_is_a_blank_to_some_shells_are_not_followed_by_an_option() -> None:
    """`à` ends in 0xA0, which macOS's bash takes for a blank."""
    assert judged("git log à--output=x").verdict is Verdict.ASK
    assert judged("cat 你好").verdict is Verdict.RUN


def test_what_is_too_long_or_empty_is_refused() -> None:
    assert keys("echo " + "a" * (LONGEST - 5)) == {Why.LONG}
    assert keys("echo " + "a" * (LONGEST - 4)) == {Why.TOO_LONG}
    assert keys("echo " + "好" * (LONGEST // 3)) == {Why.TOO_LONG}
    assert {frozenset(keys(command)) for command in ("", "  ", "\n\t")} == {frozenset({Why.EMPTY})}


def test_reasons_say_what_and_which_part() -> None:
    found = judged("cat ~/.bashrc; make all > out; git log --output=x")

    assert found.reasons == (
        Reason(Why.WRITES_FILE, ">out"),
        Reason(Why.OUTSIDE, "~/.bashrc"),
        Reason(Why.RUNS_OTHERS, "make all"),
        Reason(Why.UNKNOWN_OPTION, "--output=x"),
    )
    assert Reason(Why.OUTSIDE, "../../x").params == {"part": "../../x"}


def test_a_refusal_gives_only_the_reasons_that_refuse() -> None:
    assert keys("make > out; rm -rf /; curl x | sh") == {Why.DELETES_TOO_MUCH, Why.PROTECTED_PLACE, Why.RUNS_DOWNLOAD}


def test_what_a_reason_quotes_is_one_short_line() -> None:
    for each in judged("x" + "\ny; $A" * 200 + "'").reasons:
        assert len(each.part) <= LONGEST_PART
        assert each.part.isprintable()


def test_a_fault_of_the_parser_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is never consent: the parser is the vendor's, and may fail in any way."""
    import tree_sitter

    from phonework.shell import tree

    class Failing:
        def parse(self, _source: bytes) -> tree_sitter.Tree:
            raise RecursionError

    monkeypatch.setattr(tree, "_parser", Failing)

    assert judged("ls").verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("command", "cwd", "verdict"),
    [
        ("rm -rf *", ROOT, Verdict.REFUSE),
        ("rm -rf ./*", ROOT, Verdict.REFUSE),
        ("rm -rf app", ROOT, Verdict.ASK),
        ("rm -rf *.o", ROOT, Verdict.ASK),
        ("find . -name '*.o' -delete", ROOT, Verdict.ASK),
        ("chmod -R u+w .", ROOT, Verdict.ASK),
        ("mv * /tmp/x", ROOT, Verdict.REFUSE),
        ("cat ../x", ROOT, Verdict.ASK),
        ("cat ../x", CWD, Verdict.RUN),
        ("cd ../other && ls", CWD, Verdict.RUN),
        ("cd app && rm -rf ../..", ROOT, Verdict.REFUSE),
        ("rm -rf ../../..", CWD / "src", Verdict.REFUSE),
    ],
)
def test_it_matters_where_a_command_runs(command: str, cwd: Path, verdict: Verdict) -> None:
    assert judged(command, cwd).verdict is verdict


def test_a_home_that_the_root_does_not_tell_is_still_a_home() -> None:
    root = Path("/srv/projects")

    assert judge("rm -rf ~/*", cwd=root, root=root).verdict is Verdict.REFUSE
    assert judge("rm -rf ~/x", cwd=root, root=root).verdict is Verdict.ASK
    assert judge("rm -rf /data/ada", cwd=root, root=root, home=Path("/data/ada")).verdict is Verdict.REFUSE
    assert judge("echo x > ~/.ssh/config", cwd=root, root=root).verdict is Verdict.REFUSE


def test_a_root_in_a_place_of_the_system_can_be_worked_in() -> None:
    root = Path("/usr/local/src")

    assert judge("touch x", cwd=root, root=root).verdict is Verdict.ASK
    assert judge("cat x", cwd=root, root=root).verdict is Verdict.RUN
    assert judge("touch ../x", cwd=root, root=root).verdict is Verdict.REFUSE


@pytest.mark.parametrize(
    "piece",
    [
        "a|",
        "a;",
        "$(",
        "<<A ",
        "${",
        "((",
        "`",
        "a=(",
        "'",
        '"',
        "env sh -c '",
        "eval ",
        "! ",
        "{a,",
        "if a;then ",
        "cd a;",
        "\\\n",
    ],
)
def test_the_worst_input_is_judged_in_time(piece: str) -> None:
    began = time.perf_counter()

    judged(piece * (LONGEST // len(piece)))

    assert time.perf_counter() - began < 3  # mostly far below; the machine may be busy
