"""Kinds of agents live in their own folders: nothing else names one, and what they say of themselves is heard."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phonework.backends import registry

ROOT = Path(__file__).resolve().parents[1]
OWN = ("backends", "testing")  # their folders, and what plays and drives them in tests
FILES = sorted(path for path in ROOT.glob("phonework/**/*.py") if path.relative_to(ROOT).parts[1] not in OWN)
COMMAND = {("phonework/cli/__init__.py", "demo")}  # `phonework demo`, which shows whatever kind it is told to
PROGRAMS = "phonework/shell/harmless.py"  # knows harmless commands of all sorts, also those of agents
ENTRY = """\
[phonework.backends]
{entry}
"""


def words(tree: ast.AST) -> Iterator[str]:
    """What the code says: texts, documentation, and the names it takes from elsewhere."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Attribute(attr=name) | ast.alias(name=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(module=str(module)):
                yield module


def names_kind(word: str, kind: str) -> bool:
    """As a word of its own or a part of a dotted one; if it is a plain English word, only where it is all there is."""
    if kind == "demo":
        return word in (kind, "demo.desk", "demo.delay") or word.startswith(f"phonework.backends.{kind}")
    return bool(re.search(rf"(?<![a-z]){re.escape(kind)}(?![a-z])", word.lower().replace("_", "-")))


def test_nothing_outside_their_folders_names_a_kind() -> None:
    ours = [kind.name for kind in registry.kinds().values() if kind.ours]
    found = {
        (str(path.relative_to(ROOT)), kind)
        for path in FILES
        for word in words(ast.parse(path.read_text(encoding="utf-8")))
        for kind in ours
        if names_kind(word, kind)
    }

    assert ours
    assert {(path, kind) for path, kind in found - COMMAND if path != PROGRAMS} == set()


@pytest.mark.parametrize(
    "word",
    ["claude", "claude.cli_path", "Claude Code takes 215 MB", "phonework.backends.claude", "ClaudeSettings".lower()],
)
def test_a_name_is_found_wherever_it_stands(word: str) -> None:
    assert names_kind(word, "claude") == (word != "claudesettings")


def test_no_vendors_library_is_loaded_to_know_the_kinds() -> None:
    code = "import sys; from phonework.config.model import sections; sections(); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )

    assert "phonework.backends.registry" in loaded
    assert loaded.isdisjoint({"claude_agent_sdk", "mcp", "openai", "lark_oapi"})


class Elsewhere:
    """A place for packages that bring kinds, and a program that sees them."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def install(self, name: str, entry: str, module: str, code: str) -> None:
        """As an installer leaves it: the module, and beside it what the package says of itself."""
        (self._place / f"{module}.py").write_text(code, encoding="utf-8")
        about = self._place / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (about / "entry_points.txt").write_text(ENTRY.format(entry=entry), encoding="utf-8")

    def phonework(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "phonework", *words]
        ours = {"PYTHONPATH": str(self._place), "HOME": str(self._place), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self._place, env={**ours, **environment}
        )

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        ours = {"PYTHONPATH": str(self._place), "HOME": str(self._place), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=self._place, env=ours
        )

    def settings(self, text: str) -> None:
        (self._place / "config.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path)


GOOD = """\
from pydantic import Field, SecretStr
from phonework.backends.base import About
from phonework.config.section import Section

class Settings(Section):
    pages: int = Field(3, description="How many.", ge=1)
    key: SecretStr = Field(SecretStr(""), description="Not shown.")

class Backend:
    about = About(title="Writer")
"""
ATTACHED = f"{GOOD}\nBackend.Settings = Settings\n"


def test_a_kind_of_somebody_elses_brings_its_section(elsewhere: Elsewhere) -> None:
    elsewhere.install("acme", "acme-writer = acme:Backend", "acme", ATTACHED)
    elsewhere.settings("[acme_writer]\npages = 7\n")
    shown = elsewhere.phonework("config", "show", "--origin", PHONEWORK_ACME_WRITER__KEY="s3cret").stdout

    assert re.search(r"\[acme_writer\]\npages = 7 .*config.toml:2\nkey = \*\*\* .*PHONEWORK_ACME_WRITER__KEY", shown)
    assert "acme" not in elsewhere.phonework("config", "docs").stdout


def test_its_settings_are_checked_as_ours_are(elsewhere: Elsewhere) -> None:
    elsewhere.install("acme", "acme = acme:Backend", "acme", ATTACHED)
    elsewhere.settings("[acme]\npages = 0\npage = 1\n")
    said = elsewhere.phonework("config", "show").stderr

    assert "Error: acme.pages (config.toml:2): must be greater than or equal to 1, not 0" in said
    assert "Error: acme.page (config.toml:3): no such setting; did you mean pages?" in said


def test_a_kind_without_settings_has_an_empty_section(elsewhere: Elsewhere) -> None:
    elsewhere.install("acme", "acme = acme:Backend", "acme", GOOD)
    elsewhere.settings("[acme]\n")
    assert elsewhere.phonework("config", "show").returncode == 0

    elsewhere.settings("[acme]\npages = 1\n")
    assert "acme.pages (config.toml:2): no such setting" in elsewhere.phonework("config", "show").stderr


def test_the_section_of_a_kind_that_is_not_there_says_what_would_know_it(elsewhere: Elsewhere) -> None:
    elsewhere.settings("[acme]\npages = 1\n")
    said = elsewhere.phonework("config", "show").stderr

    assert said.startswith("Error: acme (config.toml:1): no such setting; did you mean [access]?")
    assert " (a kind of agent has its section when its package is installed)\n" in said


UNFIT = {
    "alone": ("import of_nobody\n", "it cannot be loaded (ModuleNotFoundError: No module named"),
    "zero": ("1 / 0\n", "it cannot be loaded (ZeroDivisionError"),
    "loose": ("class Backend:\n    Settings = dict\n", "its Settings must be a subclass of"),
    "taken": (ATTACHED.replace("pages", "max_live"), "no setting of its own may be called max_live"),
}


def test_kinds_that_cannot_be_used_stop_nobody_who_does_not_want_them(elsewhere: Elsewhere) -> None:
    for name, (code, _) in UNFIT.items():
        elsewhere.install(name, f"{name} = {name}:Backend", name, code)
    elsewhere.install("acme", "server = acme:Backend", "acme", GOOD)  # called as a section of ours
    assert elsewhere.phonework("config", "show").returncode == 0

    elsewhere.settings("".join(f"[{name}]\npages = 1\n" for name in (*UNFIT, "acme")))
    said = elsewhere.phonework("config", "show").stderr
    for line, (name, (_, why)) in enumerate(UNFIT.items()):
        assert f"{name} (config.toml:{1 + 2 * line}): the kind of agent {name} cannot be used here: {why}" in said
    assert "the kind of agent acme" not in said
    assert "the kind of agent server" not in said


BUILD = """\
from pathlib import Path
from phonework.backends import registry
print(*registry.build(None, lambda name: {"max_live": 1, "sandbox": None, "language": "en"}, Path("data")))
"""


def test_one_that_fails_when_it_is_built_leaves_the_others_alone(elsewhere: Elsewhere) -> None:
    elsewhere.install(
        "acme", "acme = acme:Backend", "acme", "class Backend:\n    def __init__(self, **all):\n        1 / 0\n"
    )
    built = elsewhere.python(BUILD)
    assert "demo" in built.stdout.split()
    assert "acme" not in built.stdout.split()

    looked = elsewhere.phonework("doctor", PHONEWORK_AGENT__DEFAULT="acme").stdout
    assert re.search(r"BAD +agent acme +division by zero", looked)


def test_a_kind_of_ours_goes_before_another_of_the_same_name(elsewhere: Elsewhere) -> None:
    elsewhere.install("acme", "demo = acme:Backend", "acme", ATTACHED)
    shown = elsewhere.phonework("config", "show").stdout

    assert "delay = 0.03" in shown
    assert "pages" not in shown


def test_demo_offers_every_kind_that_is_there(elsewhere: Elsewhere) -> None:
    elsewhere.install("acme", "acme = acme:Backend", "acme", GOOD)

    assert re.search(r"--agent \[acme\|[a-z|-]+\]", elsewhere.phonework("demo", "--help").stdout)
