"""What the documents say exists: settings, commands, options, files. And what must not be in them is not."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from phonework.cli import COMMANDS, main
from phonework.config.model import sections
from phonework.config.secrets import KINDS
from phonework.gateway.place import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("phonework/skills/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# Unfinished work, and paths of somebody's machine: neither belongs into what readers get.
FORBIDDEN = re.compile(r"TODO|FIXME|lorem ipsum|/root/|/tmp/", re.IGNORECASE)


def code_in(page: Path) -> Iterator[str]:
    """Every command line in a fence and every piece of inline code."""
    text = page.read_text(encoding="utf-8")
    for fence in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from (line.strip() for line in fence.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
    local = [first or second for first, second in targets if "://" not in (first or second)]

    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_their_options_exist(name: str) -> None:
    for line in code_in(ROOT / name):
        words = line.split()
        if words and words[0] == "phonework" and len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]):
            assert words[1] in COMMANDS, line
            assert_options_exist(line, words[1:])


def assert_options_exist(line: str, words: list[str]) -> None:
    context = click.Context(main)
    command: click.Command | None = main.get_command(context, words[0])
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(context, rest.pop(0))
        assert command is not None, line
    assert command is not None
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.split("=")[0] for word in rest if word.startswith("--")} - {"--help", "--version"}
    assert given <= known, line


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in code_in(ROOT / name):
        if found := re.match(r"make ([a-z]+)", line):
            assert re.search(rf"^{found[1]}:", makefile, re.MULTILINE), line


@pytest.mark.parametrize("name", NAMES)
def test_files_and_folders_named_in_code_exist(name: str) -> None:
    """Paths into the repository; `config.toml` and what lies in the data directory are the reader's own."""
    roots = "phonework|docs|tests|migrations|benchmarks|scripts|\\.ci"
    missing = [
        piece
        for piece in code_in(ROOT / name)
        if re.fullmatch(rf"({roots})/[\w./\-]*|[\w.\-]+\.(md|example\.toml)|Makefile", piece)
        and not (ROOT / piece).exists()
        and not ((ROOT / name).parent / piece).exists()
    ]

    assert missing == []


def test_the_architecture_says_what_every_folder_of_the_package_holds() -> None:
    table = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Where things are")[2]
    folders = {f"phonework/{place.parent.name}/" for place in ROOT.glob("phonework/*/__init__.py")}

    assert folders - set(re.findall(r"`([^`\n]+)`", table)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_environment_variables_are_settings(name: str) -> None:
    known = {
        f"PHONEWORK_{section}__{key}".upper() for section, model in sections().items() for key in model.model_fields
    }
    secret = [variable for variable in known if variable.endswith(("SECRET", "TOKEN"))]
    known |= {f"{variable}_{kind.upper()}" for variable in secret for kind in KINDS}
    known |= {"PHONEWORK_CONFIG", "PHONEWORK_COMPLETE", *VARIABLES}
    found = set(re.findall(r"PHONEWORK_[A-Z][A-Z_]*[A-Z]", (ROOT / name).read_text(encoding="utf-8")))

    assert found <= known


@pytest.mark.parametrize("name", NAMES)
def test_sections_and_keys_are_settings(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for section, key in re.findall(r"`\[(\w+)\](?: (\w+))?`|\[(?:\w+)\](?!\()", text):
        if section:
            assert section in sections(), section
            assert not key or key in sections()[section].model_fields, f"[{section}] {key}"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for section, model in sections().items():
        part = page.split(f"## [{section}]")[1].split("\n## ")[0]
        assert [key for key in model.model_fields if f"| `{key}` |" not in part] == []


def test_every_setting_is_used_somewhere() -> None:
    """A setting without effect is a false promise."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in ROOT.glob("phonework/**/*.py")
        if "config" not in path.relative_to(ROOT).parts and path.name != "settings.py"
    )
    code += "\n".join(
        re.findall(r"self\.[\w.]+", (ROOT / "phonework" / "config" / "model.py").read_text(encoding="utf-8"))
    )
    unused = [
        f"{section}.{key}"
        for section, model in sections().items()
        for key in model.model_fields
        if not re.search(rf"\b{section}\.{key}\b|\b{key}\b", code)
    ]

    assert unused == []


def test_no_page_speaks_of_what_readers_do_not_have() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    tracked = {ROOT / name for name in listed.split("\0") if name}
    found = {
        f"{page.relative_to(ROOT)}: {match[0]}"
        for page in PAGES
        if not tracked or page in tracked
        for match in FORBIDDEN.finditer(page.read_text(encoding="utf-8"))
    }

    assert found == set()


def test_the_version_is_said_once_and_the_changelog_has_an_unreleased_part() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert "version" in project["dynamic"]
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]

    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Consequences.**")), page.name


def test_the_readme_fits_one_screen_and_has_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 45
    assert "\nmake demo\n" in text
    assert "\nmake test\n" in text


def imports_of(path: Path) -> set[str]:
    """The modules a file imports, in full."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}", *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_the_state_machine_is_pure_as_the_architecture_says() -> None:
    allowed = sys.stdlib_module_names - {
        "asyncio",
        "os",
        "random",
        "secrets",
        "socket",
        "sqlite3",
        "subprocess",
        "threading",
        "time",
    }
    for path in ROOT.glob("phonework/fsm/*.py"):
        outside = {name for name in imports_of(path) if name.partition(".")[0] not in allowed}
        assert {name for name in outside if not name.startswith(("phonework.fsm", "transitions"))} <= {"phonework"}, (
            path
        )


def test_only_the_command_line_imports_the_whole_program() -> None:
    importers = {
        path.relative_to(ROOT).parts[1]
        for path in ROOT.glob("phonework/**/*.py")
        if "phonework.app" in imports_of(path)
    }

    assert importers == {"cli"}


@pytest.mark.parametrize("name", [".ci/run", "scripts/try_wheel.sh"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / name], capture_output=True, check=False).stderr == b""


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    told = set(re.findall(r"'make (\w+) ", makefile))

    assert targets - told == {"help", "clean"}
    assert told <= targets
