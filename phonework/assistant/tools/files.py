"""Files below the working root: read, written, listed, searched, sent. What writes asks first and shows the change in full."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from phonework.assistant.tools import Arguments, Call, Question, Result, Tool
from phonework.files.content import Text, appended, encode, numbered
from phonework.files.listing import Entry, list_folder
from phonework.files.place import Place, Root, locate, refused, shown
from phonework.files.reading import Described, in_words, read_text, read_to_send
from phonework.files.searching import WITHIN, search
from phonework.files.writing import Before, look, put
from phonework.fsm.types import Verdict
from phonework.texts import text
from phonework.unified import LARGEST_DIFF, unified

SHOWN: Final = 50_000
"""Characters of a file or of hits that the model reads at once."""
MOST_LINES: Final = 2_000
_SECONDS: Final = timedelta(seconds=30)
_PATH: Final = 1_000  # characters of a path
_ASKED: Final = 200  # questions remembered

FilePath = Annotated[str, Meta(description="Path, relative to the current directory.", min_length=1, max_length=1000)]


def tools(*, hidden: tuple[Path, ...] = ()) -> tuple[Tool[Any], ...]:
    """All tools for files. hidden: places that are nobody's business, even inside the working root."""
    reach = Reach(hidden=hidden)
    return (
        ReadFile(reach),
        ListFiles(reach),
        SearchFiles(reach),
        WriteFile(reach),
        AppendFile(reach),
        SendFile(reach),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be reached by a call."""

    hidden: tuple[Path, ...] = ()

    def root(self, call: Call) -> Root:
        return Root(path=call.root, hidden=self.hidden)

    def locate(self, call: Call, path: str) -> Place:
        """Raises RefusedError. Blocks on the disk."""
        return locate(path, self.root(call), call.cwd)


class Looking:
    """A tool that changes nothing, and asks nothing."""

    changes: bool = False
    within: timedelta = _SECONDS

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def question(self, call: Call, arguments: Arguments) -> Question | None:
        return None


class Read(Arguments, frozen=True, kw_only=True):
    path: FilePath
    start: Annotated[int, Meta(description="First line, from 1; below 0: counted from the end.")] = 1
    count: Annotated[int, Meta(description="How many lines.", ge=1, le=MOST_LINES)] = 400


class ReadFile(Looking):
    name = "read_file"
    description = "Read a text file, with line numbers. Says what a file is when it is no text or too large."
    arguments = Read

    async def run(self, call: Call, arguments: Read) -> Result:
        return await asyncio.to_thread(self._read, call, arguments)

    def _read(self, call: Call, arguments: Read) -> Result:
        place = self._reach.locate(call, arguments.path)
        found = read_text(place)
        if isinstance(found, Described):
            kind = found.kind or "binary data"
            return Result(text=f"{place.shown} is not shown: {kind}, {in_words(found.size)}. send_file can send it.")
        return Result(text=_lines(place.shown, found, arguments))


def _lines(name: str, found: Text, arguments: Read) -> str:
    part = numbered(found.text, start=arguments.start, count=arguments.count, budget=SHOWN)
    if not part.total:
        return f"{name} is empty."
    if not part.first:
        return f"{name} has {part.total} lines; there is no line {arguments.start}."
    more = f"\n({part.total - part.last} more lines from {part.last + 1} on)" if part.last < part.total else ""
    return f"{name}, lines {part.first} to {part.last} of {part.total}, {found.encoding}:\n{part.text}{more}"


class Listed(Arguments, frozen=True, kw_only=True):
    path: FilePath = "."
    depth: Annotated[int, Meta(description="How many levels down.", ge=1, le=5)] = 1


class ListFiles(Looking):
    name = "list_files"
    description = "List a directory, sorted, with sizes; .git is left out, links are not followed."
    arguments = Listed

    async def run(self, call: Call, arguments: Listed) -> Result:
        return await asyncio.to_thread(self._list, call, arguments)

    def _list(self, call: Call, arguments: Listed) -> Result:
        place = self._reach.locate(call, arguments.path)
        found = list_folder(place, self._reach.root(call), depth=arguments.depth)
        lines = [f"{place.shown}: {len(found.entries)} entries", *map(_entry, found.entries)]
        return Result(text="\n".join([*lines, *([] if found.complete else ["(there are more)"])]))


def _entry(entry: Entry) -> str:
    name = shown(entry.path, _PATH)
    match entry.kind:
        case "dir":
            return f"{name}/"
        case "link":
            return f"{name} -> {shown(entry.target)}"
        case "file":
            return f"{name}  {in_words(entry.size)}"
        case _:
            return f"{name}  (no plain file)"


class Searched(Arguments, frozen=True, kw_only=True):
    pattern: Annotated[str, Meta(description="Regular expression.", min_length=1, max_length=1000)]
    path: FilePath = "."
    glob: Annotated[str, Meta(description="Only files of this name, like *.py.", max_length=200)] = ""
    ignore_case: bool = False


class SearchFiles(Looking):
    name = "search_files"
    description = "Find the lines that match a regular expression, in a file or all below a directory."
    arguments = Searched
    within = WITHIN + timedelta(seconds=10)

    async def run(self, call: Call, arguments: Searched) -> Result:
        place = await asyncio.to_thread(self._reach.locate, call, arguments.path)
        found = await search(
            place, self._reach.root(call), arguments.pattern, glob=arguments.glob, ignore_case=arguments.ignore_case
        )
        lines = [f"{shown(hit.path, _PATH)}:{hit.line}: {hit.text}" for hit in found.hits]
        why = " (time was up)" if found.slow else " (there are more; search for something rarer)"
        note = "" if found.complete else why
        return Result(text="\n".join([f"{len(lines)} hits below {place.shown}{note}", *lines])[:SHOWN])


class SendFile(Looking):
    name = "send_file"
    description = "Send a file to the person's chat. 30 MB at most."

    class Sent(Arguments, frozen=True, kw_only=True):
        path: FilePath

    arguments = Sent

    async def run(self, call: Call, arguments: Sent) -> Result:
        place = await asyncio.to_thread(self._reach.locate, call, arguments.path)
        content = await asyncio.to_thread(read_to_send, place)
        return Result(text=f"{place.shown} ({in_words(len(content))}) goes to the chat.", files=(place.real,))


class Written(Arguments, frozen=True, kw_only=True):
    path: FilePath
    content: Annotated[str, Meta(description="The whole text of the file.")]


class Appended(Arguments, frozen=True, kw_only=True):
    path: FilePath
    content: Annotated[str, Meta(description="Goes to the end, on a line of its own.", min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would be written where. after: the whole file."""

    place: Place
    before: Before
    after: str

    @property
    def needed(self) -> bool:
        return self.before.text is None or self.content != encode(self.before.text.text, self.before.text)

    @property
    def content(self) -> bytes:
        return encode(self.after, self.before.text)

    def diff(self) -> str:
        """In full. Raises RefusedError when a person could not be shown all of it."""
        text = self.before.text
        made = unified(text.text if text else "", self._as_kept(), self.place.shown, new=text is None)
        if len(made) > LARGEST_DIFF:
            size = in_words(len(made))
            raise refused("file_too_large", self.place.shown, size=size, limit=in_words(LARGEST_DIFF))
        return made

    def _as_kept(self) -> str:
        """The new text with the line ends it will have, so that the diff shows no others."""
        text = self.before.text
        return (
            self.after.replace("\r\n", "\n").replace("\n", "\r\n") if text and text.line_end == "\r\n" else self.after
        )


class Writing:
    """A tool that writes: the person sees the whole change first, and only that change is made."""

    changes: bool = True
    within: timedelta = _SECONDS
    asks: ClassVar[tuple[str, str]]
    """Sentences: for a new file, and for one that is there."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._asked: OrderedDict[str, str] = OrderedDict()  # call → mark of the file that the question was about

    async def _question(self, call: Call, path: str, content: str) -> Question | None:
        change = await asyncio.to_thread(self._change, call, path, content)
        if not change.needed:
            return None
        diff = await asyncio.to_thread(change.diff)
        self._asked[call.key] = change.before.mark
        while len(self._asked) > _ASKED:
            self._asked.popitem(last=False)
        name = change.place.shown
        key = self.asks[0] if change.before.text is None else self.asks[1]
        return Question(prompt=text(call.language, key, path=shown(name)), path=name, diff=diff)

    async def _run(self, call: Call, path: str, content: str) -> Result:
        change = await asyncio.to_thread(self._change, call, path, content)
        if not change.needed:
            return Result(text=f"{change.place.shown} holds exactly that already.")
        asked_about = self._asked.pop(call.key, None)
        allowed = call.answer is not None and call.answer.verdict is Verdict.ALLOW
        if not allowed or asked_about != change.before.mark:
            raise refused("file_changed", change.place.shown)
        await asyncio.to_thread(put, change.place, change.content, change.before)
        return Result(text=f"{change.place.shown} is written, {in_words(len(change.content))}.")

    def _change(self, call: Call, path: str, content: str) -> Change:
        place = self._reach.locate(call, path)
        before = look(place)
        return Change(place=place, before=before, after=self._after(before.text, content))

    def _after(self, before: Text | None, content: str) -> str:
        return content


class WriteFile(Writing):
    name = "write_file"
    description = (
        "Write a text file as a whole: a new one, or over one that is there. The person is shown the change and asked."
    )
    arguments = Written
    asks = ("files.ask_new", "files.ask_replace")

    async def question(self, call: Call, arguments: Written) -> Question | None:
        return await self._question(call, arguments.path, arguments.content)

    async def run(self, call: Call, arguments: Written) -> Result:
        return await self._run(call, arguments.path, arguments.content)


class AppendFile(Writing):
    name = "append_file"
    description = "Put text at the end of a file. The person is shown the change and asked."
    arguments = Appended
    asks = ("files.ask_new", "files.ask_append")

    async def question(self, call: Call, arguments: Appended) -> Question | None:
        return await self._question(call, arguments.path, arguments.content)

    async def run(self, call: Call, arguments: Appended) -> Result:
        return await self._run(call, arguments.path, arguments.content)

    def _after(self, before: Text | None, content: str) -> str:
        return appended(before or Text(text=""), content)
