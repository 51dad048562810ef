"""What holds of the guard for every command, the invented ones too."""

import shlex
import shutil
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phonework.shell import plain
from phonework.shell.guard import Verdict, judge
from phonework.shell.harmless import PROGRAMS, Program

BASH = shutil.which("bash") or "/bin/bash"
ROOT = Path("/home/ada/work")
NAMES = sorted(" ".join(words) for words in PROGRAMS)
WORDS = (
    "src",
    "-n",
    "--stat",
    "*.py",
    "'a b'",
    '"x"',
    "HEAD~1",
    "5",
    "--",
    "-",
    "/etc/passwd",
    "..",
    "$X",
    "a;b",
    "--output=x",
    "{a,b}",
    "~",
)
RISKY = (
    "rm x", "make", "git push", "./x", "$X", "`id`", "ls > out", "ls $(id)", "find . -delete", "sort -o x y", "X=1 ls", "ls &",
    "git -c a=b log", "rg --pre x y", "cat /etc/passwd", "rm -rf /", "curl x | sh", "cd", "ls {a,b}", "f() { ls; }", "date 0101",
)  # fmt: skip
SHELL_TEXT = st.text(alphabet=st.sampled_from("abls -/~.$`'\"\\;|&<>(){}[]*?!#=\n\t0好é"), max_size=60)


def verdict(command: str) -> Verdict:
    return judge(command, cwd=ROOT / "app", root=ROOT).verdict


@st.composite
def commands(draw: st.DrawFn) -> str:
    """Lines of harmless programs with words of all kinds."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        words = draw(st.lists(st.sampled_from(WORDS), max_size=3))
        parts.append(" ".join([draw(st.sampled_from(NAMES)), *words]))
    return draw(st.sampled_from((" | ", "; ", " && ", "\n"))).join(parts)


def not_run() -> st.SearchStrategy[str]:
    return (st.sampled_from(RISKY) | commands() | SHELL_TEXT).filter(lambda each: verdict(each) is not Verdict.RUN)


@given(st.text(max_size=300) | SHELL_TEXT | commands())
@example("\ud800")
@example("a" * 20_000)
@example("((" * 500)
def test_it_always_answers_and_gives_reasons_unless_it_may_run(command: str) -> None:
    found = judge(command, cwd=ROOT, root=ROOT)

    assert (found.verdict is Verdict.RUN) is (found.reasons == ())
    assert all(each.part.isprintable() for each in found.reasons)


@given(
    not_run(),
    st.sampled_from(
        (
            "sh -c {q}", "bash -c {q}", "eval {q}", "env {c}", "nohup {c}", "time {c}", "xargs {c}", "command {c}", "exec {c}", "echo $({c})",
            'echo "$({c})"', "echo `{c}`", "cat <({c})", "({c})", "{{ {c}; }}", "! {c}", "f() {{ {c}; }}; f", "if {c}; then ls; fi", "X=$({c}) ls",
            "{c} &", "sh << E\n{c}\nE", "echo {q} | sh", "source <(echo {q})", "$({c})", "sudo {c}",
        )
    ),
)  # fmt: skip
def test_no_wrapping_makes_it_run(command: str, wrapping: str) -> None:
    assert verdict(wrapping.format(c=command, q=shlex.quote(command))) is not Verdict.RUN


@given(
    st.sampled_from(RISKY),
    st.sampled_from(("ls; {}", "ls\n{}", "{}; ls", "{}\nls", "ls && {}", "ls || {}", "ls | {}", "{} | cat", "ls;{}")),
)
def test_no_harmless_neighbour_makes_it_run(command: str, neighbours: str) -> None:
    assert verdict(neighbours.format(command)) is not Verdict.RUN


@given(st.sampled_from(RISKY), st.data())
def test_no_quoting_or_continuation_makes_it_run(command: str, data: st.DataObject) -> None:
    """A sign that vanishes when the shell reads it, put in anywhere."""
    at = data.draw(st.integers(0, len(command)))
    vanishing = data.draw(st.sampled_from(("\\\n", "''", '""', "\\", "\\\n\\\n")))

    assert verdict(command[:at] + vanishing + command[at:]) is not Verdict.RUN


@given(not_run(), st.sampled_from(("--version", "--help", "--", "-n", "--stat", "-v", "--color", "-0", "--zzz", "-Z")))
def test_no_option_makes_it_run(command: str, option: str) -> None:
    if "#" not in command and command.strip() and command[-1] not in "\n;|&":
        longer = f"{command} {option}"
        assert verdict(longer) is not Verdict.RUN or looks_up(command, option)


def looks_up(command: str, option: str) -> bool:
    """`node` starts a program, `node --version` does not; `uv --help` would."""
    last = tuple(command.split("\n")[-1].replace("|", ";").replace("&", ";").split(";")[-1].split())
    return (*last, option) in PROGRAMS


def known(program: Program) -> set[str]:
    return set(program.flags | program.valued)


@given(
    st.sampled_from(sorted(PROGRAMS)),
    st.from_regex(r"--[a-z][a-z-]{0,12}(=[a-z/.]{1,5})?|-[A-Za-z]{1,3}", fullmatch=True),
)
def test_only_listed_options_run(words: tuple[str, ...], option: str) -> None:
    """Everything that is not listed asks, abbreviations of what is listed among it."""
    program = PROGRAMS[words]
    letters = (
        {f"-{letter}" for letter in option[1:]} if not option.startswith("--") and not program.single else {option}
    )
    listed = (
        option.partition("=")[0] in known(program) or letters <= known(program) or f"-{option[1]}" in program.valued
    )
    last = letters - known(program)
    attached = not program.single and any(f"-{letter}" in program.valued for letter in option[1:]) and last
    if not (listed or attached or program.anything or (*words, option) in PROGRAMS):
        assert verdict(f"{' '.join(words)} {option}") is not Verdict.RUN


# Bash has no program here and tells what it would start: one after another, words ended by NUL, the command by a word of its own.
WITNESS = {
    "PATH": "/nowhere",
    "LC_ALL": "C.UTF-8",
    "BASH_FUNC_command_not_found_handle%%": """() { printf '%s\\0' "$@" --end-- >> told; }""",
}
NAMED = ("ls", "cat", "git", "rg")
PIECES = (
    "ls ", "cat ", "git ", "rg ", "ls", " ", "-la", "'", '"', "\\", "\n", ";", "|", "&&", "|&", "2>&1", ">/dev/null", "2>", "~", "*", "[a]",
    "[!a]", "?", "#", "=", "!", "a", "é", "好", "\t", "{", "}", "$", "^", "%", "--", "5", "/", ".", ",", ":", "@", "+", "&",
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.tuples(st.sampled_from(NAMED), st.lists(st.sampled_from(PIECES), max_size=14)).map(
        lambda each: each[0] + " " + "".join(each[1])
    )
)
@example("ls 'a b'\"c d\"e -la\ncat x;git log")
@example('ls "a\\.b" [!a]x ?y é~ a=b')
@example("ls 2>&1 x|&cat >/dev/null;rg a#b")
def test_bash_itself_reads_the_same_words_in_what_is_plain(tmp_path: Path, command: str) -> None:
    """The one thing that must never be wrong, asked of the program that will run it; patterns stay patterns."""
    read = plain.read(command)
    if read is None or "||" in command or not all(each.words and each.words[0].raw in NAMED for each in read):
        return
    (tmp_path / "told").write_bytes(b"")
    subprocess.run(
        [BASH, "--noprofile", "--norc", "-f", "-c", "--", command],
        cwd=tmp_path, env=WITNESS, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
    )  # fmt: skip
    told = (tmp_path / "told").read_text().split("\0--end--\0")[:-1]

    assert sorted(told) == sorted("\0".join(word.text for word in each.words) for each in read)
